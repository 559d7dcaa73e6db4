"""A window without a browser: Flet's own Session and Page over a connection that goes nowhere.

    async with Window(main) as window:
        await window.tap("Contact")
        await window.write("Passphrase", "…")
        assert "Saved" in window.texts()

Controls are found as those who listen find them, by accessible name. What would go to a client
is packed as the real transports pack it, so that a control that can't be sent fails here too.
Semi-private parts of Flet are used (flet is pinned); only this file knows them.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flet as ft
import msgpack
from flet.components.public_utils import unwrap_component
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.messaging.connection import Connection
from flet.messaging.protocol import MessageAction, configure_encode_object_for_msgpack
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub

TAPPED = (ft.Button, ft.TextButton, ft.IconButton, ft.OutlinedButton, ft.FilledButton, ft.Chip, ft.TextField)
_SKIPPED = ("parent", "data", "ref")


class _Nowhere(Connection):
    """Takes messages, packs them, and answers method calls with nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.executor = ThreadPoolExecutor(2)
        self.page_url = "http://test"
        self.pubsubhub = PubSubHub()
        self.session: Session | None = None
        self.crashes: list[str] = []
        self.calls: list[tuple[str, Any]] = []

    def send_message(self, message: Any) -> None:
        pack = configure_encode_object_for_msgpack(BaseControl)
        msgpack.packb([message.action, message.body], default=pack)
        if message.action == MessageAction.SESSION_CRASHED:
            self.crashes.append(message.body.message)
        if message.action == MessageAction.INVOKE_METHOD:
            body = message.body
            self.calls.append((body.name, body.args))
            assert self.session is not None
            self.loop.call_soon(
                self.session.handle_invoke_method_results, body.control_id, body.call_id, None, None
            )


class Window:
    """One open window; an async context manager."""

    def __init__(self, main: Callable[[ft.Page], Any], route: str = "/", **page: Any) -> None:
        self._main, self._route = main, route
        self._page = {"width": 412, "height": 915, "platform": "android", **page}
        self.taps = 0

    async def __aenter__(self) -> Window:
        self.connection = _Nowhere()
        self.session = Session(self.connection)
        self.connection.session = self.session
        self.page = self.session.page
        self.session.apply_page_patch({"route": self._route, **self._page})
        pack = configure_encode_object_for_msgpack(BaseControl)
        msgpack.packb(self.session.get_page_patch(), default=pack)
        _context_page.set(self.page)
        context.reset_auto_update()
        started = self._main(self.page)
        if inspect.isawaitable(started):
            await started
        await self.session.after_event(self.page)
        await self.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.event(self.page, "close")
        self.session.close()
        self.connection.executor.shutdown(wait=False)
        await asyncio.sleep(0)

    # --- what is there ---

    @property
    def shell(self) -> Any:
        return self.page.session.store.get("shell")

    def controls(self) -> Iterator[BaseControl]:
        """Every control of the top screen, in order."""
        views = unwrap_component(self.page.views)
        yield from _walk(unwrap_component(views[-1]))

    def texts(self) -> list[str]:
        """Everything that can be read on the top screen."""
        return [each.value for each in self.controls() if isinstance(each, ft.Text) and each.value]

    def strings(self) -> list[str]:
        """Everything that can be read or heard on the top screen, labels and hints too."""
        found = []
        for each in self.controls():
            for name in ("value", "semantics_label", "label", "hint_text", "tooltip"):
                said = getattr(each, name, None)
                if (
                    isinstance(said, str)
                    and said
                    and not (name == "value" and isinstance(each, ft.TextField))
                ):
                    found.append(said)
        return found

    def tappable(self) -> list[BaseControl]:
        """Every control of the top screen that takes a tap or typing."""
        return [
            each
            for each in self.controls()
            if isinstance(each, TAPPED) or getattr(each, "on_click", None) or getattr(each, "on_tap", None)
        ]

    def find(self, name: str, kind: type[BaseControl] | None = None) -> BaseControl:
        """The first thing to tap whose accessible name is `name` (or begins with it, where none is)."""
        named = [each for each in self.tappable() if kind is None or isinstance(each, kind)]
        for fits in (lambda said: said == name, lambda said: said.startswith(name)):
            for each in named:
                if fits(name_of(each)):
                    return each
        raise LookupError(f"nothing called {name!r}; there is {[name_of(each) for each in named]}")

    def has(self, name: str) -> bool:
        try:
            self.find(name)
        except LookupError:
            return False
        return True

    # --- what is done ---

    async def tap(self, name: str, kind: type[BaseControl] | None = None) -> None:
        """Tap something by its accessible name, and wait until the window is quiet again."""
        control = self.find(name, kind)
        assert not getattr(control, "disabled", False), f"{name} can't be tapped just now"
        self.taps += 1
        self.look_at_it()
        if isinstance(control, ft.Chip):
            chosen = not control.selected
            self.session.apply_patch(control._i, {"selected": chosen})
            await self.event(control, "select", chosen)
        else:
            await self.event(control, "click")

    def look_at_it(self) -> None:
        """As if half a second had gone by: a person reads before the next tap."""
        if self.shell is not None:
            self.shell.changed = float("-inf")

    async def write(self, label: str, text: str) -> None:
        """Type into a field, as one change."""
        field = self.find(label, ft.TextField)
        self.session.apply_patch(field._i, {"value": text})
        await self.event(field, "change", text)

    async def event(self, control: BaseControl, name: str, data: Any = None) -> None:
        await self.session.dispatch_event(control._i, name, data)
        await self.settle()

    async def settle(self, turns: int = 12) -> None:
        """Let everything that is due run; a crash of the window fails the test."""
        for _ in range(turns):
            await asyncio.sleep(0)
        assert not self.connection.crashes, self.connection.crashes

    async def until(self, holds: Callable[[], bool], what: str = "") -> None:
        """Wait for something that a thread brings about."""
        for _ in range(2000):
            if holds():
                return
            await asyncio.sleep(0.01)
            await self.settle(2)
        raise AssertionError(f"it never came: {what}; there is {self.texts()}")


def name_of(control: BaseControl) -> str:
    """What a screen reader says for a control: labels and texts inside it, in order."""
    if isinstance(control, ft.TextField):
        return control.label or ""
    said = []
    for each in _walk(control):
        if isinstance(each, ft.Text):
            said.append(each.semantics_label or each.value or "")
        elif isinstance(each, ft.Icon | ft.Image):
            said.append(each.semantics_label or "")
        elif isinstance(each, ft.Semantics):
            said.append(each.label or "")
        elif each is control and isinstance(
            getattr(each, "content", None) or getattr(each, "label", None), str
        ):
            said.append(getattr(each, "content", None) or getattr(each, "label", ""))
    return " ".join(word for word in said if word)


def _walk(root: Any) -> Iterator[BaseControl]:
    seen: set[int] = set()
    waiting: list[Any] = [root]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, list | tuple):
            waiting[:0] = each
            continue
        if not dataclasses.is_dataclass(each) or isinstance(each, type) or id(each) in seen:
            continue
        seen.add(id(each))
        if type(each).__name__ == "Component":
            waiting.insert(0, each._b)
            continue
        if isinstance(each, BaseControl):
            yield each
        waiting[:0] = [
            getattr(each, field.name, None)
            for field in dataclasses.fields(each)
            if not field.name.startswith("_") and field.name not in _SKIPPED
        ]
