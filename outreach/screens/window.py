"""What a window has and can do, whoever is in it: profile, messages, work in threads, the look.

Handlers never block the window's loop: `run` puts work into a thread. An exception in a handler
becomes a sentence (`trouble`), and a log line that names the kind and place, never the content.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import flet as ft

from forms import codes
from outreach.device import Device
from outreach.screens import theme
from outreach.screens.courier import Courier
from outreach.session import Session

T = TypeVar("T")
Action = Callable[..., Any]

SETTLED_SECONDS = 0.5
"""A tap that comes sooner after a screen changed is the second half of a double tap on what stood there."""
UNDO_SECONDS = 30
"""How long a notice with an undo stays (rule 3: undo instead of "are you sure?")."""

_LOG = logging.getLogger("outreach.screens")
_OURS = ("outreach", "forms", "sync")


@dataclass
class Notice:
    """A quiet line such as "Saved", with one thing that can be done about it, on one screen only."""

    text: str
    where: str
    label: str = ""
    action: Action | None = None
    done: bool = True
    """Whether it tells of something done; a tick stands before that only."""


@dataclass
class Status:
    """What the status line says; refreshed beside the loop, so that drawing never waits for a disk."""

    waiting: int = 0
    last_sync: datetime | None = None


@dataclass
class Overdose:
    """An overdose in front of the member: when doses were given. Kept until it is written down."""

    doses: list[datetime] = field(default_factory=list)


class Window:
    """The state of one window. `session` is None while it is locked; keys live nowhere else."""

    def __init__(self, page: ft.Page, profiles: Mapping[str, Path], hints: Mapping[str, str]) -> None:
        self.page = page
        self.profiles = dict(profiles)
        self.hints = dict(hints)
        self.who = ""
        self.device: Device | None = None
        self.session: Session | None = None
        self.stack: list[str] = ["/"]
        self.overdose = Overdose()
        self.notice: Notice | None = None
        self.trouble = ""
        self.busy = ""
        self.status = Status()
        self.look = asked(page.route, "look")
        self.draw: Callable[[], None] = lambda: None
        self.courier = Courier(self)
        self.changed = self._touched = time.monotonic()
        """When what can be tapped here changed last, in seconds of the monotonic clock."""
        self._open_elsewhere = 0
        self._files = ft.FilePicker()
        self._tasks: set[asyncio.Task[Any]] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.who!r}, {'unlocked' if self.session else 'locked'})"

    # --- who is here ---

    @property
    def locked(self) -> bool:
        return self.session is None

    @property
    def here(self) -> Device:
        """The profile in use."""
        if self.device is None:
            raise LookupError("no profile is chosen")
        return self.device

    @property
    def member(self) -> Session:
        """The unlocked member; screens that are not `locked=True` may count on one."""
        if self.session is None:
            raise LookupError("the window is locked")
        return self.session

    def now(self) -> datetime:
        """The clock of this device, in the time zone of its directory where one is known."""
        return self.session.now() if self.session is not None else datetime.now().astimezone()

    def place(self, area: str) -> str:
        """An area as it is read: the name that the directory gives it, else as it was written."""
        named = {each.key: each.name for each in self.here.directory.areas}
        return named.get(area) or (codes.load("area").label(area) if area else "")

    # --- doing things ---

    def later(self, work: Awaitable[T]) -> None:
        """Run something beside the window for as long as the window lives."""
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """Do blocking work in a thread: disk, key derivation, network."""
        return await asyncio.to_thread(work, *given)

    async def act(self, action: Action, *given: Any) -> None:
        """What every control calls: do it, show what came of it, turn an exception into a sentence."""
        self._touched = time.monotonic()
        try:
            outcome = action(*given)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as problem:
            self.trouble = sentence(problem)
            self.busy = ""
        self.draw()

    def settled(self) -> bool:
        """Whether a tap can be meant for what is on the screen now. Asked where one too many would count."""
        return time.monotonic() - self.changed >= SETTLED_SECONDS

    def tell(self, text: str, label: str = "", action: Action | None = None, *, done: bool = True) -> None:
        """Show a quiet notice on this screen, for thirty seconds."""
        notice = Notice(text, self.stack[-1], label, action, done)
        self.notice = notice
        self.later(self._fade(notice))

    async def _fade(self, notice: Notice) -> None:
        await asyncio.sleep(UNDO_SECONDS)
        if self.notice is notice:
            self.notice = None
            self.draw()

    async def refresh(self) -> None:
        """Read anew what the status line says."""
        device = self.device
        if device is not None:
            waiting, last = await self.run(lambda: (device.waiting(), device.last_sync()))
            if (waiting, last) != (self.status.waiting, self.status.last_sync):
                self.status = Status(waiting, last)
                self.draw()

    async def recorded(self) -> None:
        """Something was written down: show that it waits, and send it soon."""
        await self.refresh()
        self.courier.hurry()

    # --- files of the device ---

    async def keep_file(self, name: str, content: bytes) -> None:
        """Hand a file to the device's own way of keeping files: a download in a browser."""
        self.stay_open(True)
        try:
            await self._files.save_file(file_name=name, src_bytes=content)
        finally:
            self.stay_open(False)

    def stay_open(self, open_: bool) -> None:
        """Our own picker, camera or print dialog is open (or closed again): hiding doesn't lock meanwhile."""
        self._open_elsewhere += 1 if open_ else -1

    # --- the look ---

    @property
    def dark(self) -> bool:
        if self.page.theme_mode == ft.ThemeMode.SYSTEM:
            return self.page.platform_brightness == ft.Brightness.DARK
        return self.page.theme_mode == ft.ThemeMode.DARK

    def switch_look(self) -> None:
        """Dark to light and back; the member's own choice from then on."""
        self.look = "light" if self.dark else "dark"
        self.page.theme_mode = theme.mode_for(self.look, datetime.now().astimezone().time())
        self.page.update()


def sentence(problem: Exception) -> str:
    """What to show for an exception. Our own families speak in sentences; others are not shown."""
    if type(problem).__module__.partition(".")[0] in _OURS:
        return str(problem)
    where = traceback.extract_tb(problem.__traceback__)[-1:]
    place = f"{Path(where[0].filename).name}:{where[0].lineno}" if where else "?"
    _LOG.error("%s at %s", type(problem).__name__, place)
    return (
        "This did not work, and this step was not saved. Everything saved before is safe. "
        "Try once more; if it happens again, tell your coordinator the time."
    )


def asked(route: str, name: str) -> str:
    """A named value of the address's question part."""
    for pair in route.partition("?")[2].split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return value
    return ""
