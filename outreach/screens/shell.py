"""One open window: who is here, where they are, what they are writing down, what they are told.

A `Shell` belongs to one Flet session and is the only thing that a screen gets. It holds the
profile (`device`), the unlocked member (`session`, None while locked), the stack of routes, the
contact on its way (`draft`), and one notice and one trouble at a time. Keys live in `session`
only and go when the shell locks; nothing of this is global.

    window     what it has and can do: run work in a thread, tell, turn exceptions into sentences
    walking    the stack of routes and the address bar
    writing    the contact on its way
    here       starting, unlocking, locking
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import flet as ft

from outreach.device import Device
from outreach.screens.walking import is_form
from outreach.screens.window import Notice, Overdose, Status, asked, sentence
from outreach.screens.writing import Writing, is_blank
from outreach.session import Session, phone_attempts

__all__ = ["HIDDEN_SECONDS", "IDLE_SECONDS", "Notice", "Overdose", "Shell", "Status", "shell_of"]

IDLE_SECONDS = 60
"""Without a tap for this long, an unlocked window locks (design: 60 s)."""
HIDDEN_SECONDS = 10
"""Out of sight for this long, it locks too."""

_AWAY = (ft.AppLifecycleState.HIDE, ft.AppLifecycleState.PAUSE, ft.AppLifecycleState.DETACH)
_HERE = (ft.AppLifecycleState.SHOW, ft.AppLifecycleState.RESUME)


class Shell(Writing):
    """What one window knows and can do. See the module's docstring."""

    def __init__(self, page: ft.Page, profiles: Mapping[str, Path], hints: Mapping[str, str]) -> None:
        super().__init__(page, profiles, hints)
        self._hidden_at: float | None = None
        self._closed = False
        self._left: list[str] = []
        """Where the member was when the window locked; unlocking comes back to it."""

    # --- starting ---

    def start(self) -> None:
        """Begin in the window: choose the profile, follow the window's events, watch the clock."""
        self.page.on_route_change = self._route_changed
        self.page.on_view_pop = self._popped
        self.page.on_app_lifecycle_state_change = self._lifecycle
        self.page.on_connect = self._connected
        self.page.on_resize = self._connected
        self.page.on_disconnect = self._disconnected
        self.page.on_close = self._close
        self.page.session.store.set("shell", self)
        wanted = asked(self.page.route, "who")
        only = next(iter(self.profiles)) if len(self.profiles) == 1 else ""
        if wanted in self.profiles or only:
            try:
                self.choose(wanted if wanted in self.profiles else only)
                self._open_asked_route()
            except Exception as problem:
                self.trouble = sentence(problem)
        self.later(self._watch())
        self.later(self.courier.run())

    def choose(self, who: str) -> None:
        """Take up a profile, locked. Raises DeviceError where its folder can't be used."""
        device = Device(self.profiles[who])
        if self.device is not None:
            self.device.close()
        self.who, self.device = who, device
        self.draft, self.last_naloxone = None, None
        self.stack, self._left = ["/lock"], []
        self.later(self.refresh())

    def leave(self) -> None:
        """Back to the question who is here."""
        if self.device is not None:
            self.device.close()
        self.who, self.device = "", None
        self.stack = ["/"]
        self._show_address()

    # --- the lock ---

    async def unlock(self, passphrase: str) -> None:
        """Open the vault (about a second, in a thread)."""
        if self.busy or self.session is not None:
            return
        self.trouble, self.busy = "", "Opening"
        self.draw()
        try:
            self.session = await self.run(self._open, passphrase)
        finally:
            self.busy = ""
        self.notice = None
        self.stack, self._left = self._left or [self.home], []
        self._touched = time.monotonic()
        self._show_address()
        self.courier.hurry()

    def _open(self, passphrase: str) -> Session:
        """On a phone wrong tries are counted and lead to a wipe; in a browser, where anyone at this
        machine could use them up, they are not."""
        return self.here.unlock(passphrase, attempts=None if self.page.web else phone_attempts())

    async def lock(self) -> None:
        """Drop the keys. A contact on its way is kept as unfinished, so nothing is lost or left on show."""
        session, self.session = self.session, None
        draft, contact = self.draft, self.draft_contact
        self.main_drug = {}
        self.notice, self.trouble = None, ""
        if session is not None:
            self._left = [route for route in self.stack if not is_form(route)]
        stays = [self.route] if _helps_locked(self.route) else []
        self.stack = ["/lock", *stays] if self.device is not None else ["/"]
        try:
            if draft is not None and not is_blank(draft):
                kept = await self._keep_unfinished(session, draft, contact)
                if session is not None:
                    self._left.append(f"/contact/{kept.contact.hex()}")
            self.draft, self.draft_contact = None, b""
        finally:
            if session is not None:
                await self.run(session.lock)
            self._show_address()
            self.draw()
        await self.refresh()

    async def _watch(self) -> None:
        """Lock when nobody taps for a minute, or the window was out of sight for ten seconds."""
        while not self._closed:
            await asyncio.sleep(1)
            if self._due_to_lock(time.monotonic()):
                with suppress(Exception):
                    await self.lock()

    def _due_to_lock(self, now: float) -> bool:
        if self.session is None and (self.draft is None or is_blank(self.draft)):
            return False
        if self._open_elsewhere:
            return False
        if self._hidden_at is not None and now - self._hidden_at >= HIDDEN_SECONDS:
            return True
        return now - self._touched >= IDLE_SECONDS

    async def _lifecycle(self, event: ft.AppLifecycleStateChangeEvent) -> None:
        now = time.monotonic()
        if event.state in _AWAY:
            self._hidden_at = self._hidden_at or now
        elif event.state in _HERE:
            if self._due_to_lock(now):
                await self.lock()
            self._hidden_at = None

    async def _connected(self) -> None:
        self.draw()

    async def _disconnected(self) -> None:
        with suppress(Exception):
            await self.lock()

    async def _close(self) -> None:
        self._closed = True
        with suppress(Exception):
            await self.lock()
        if self.device is not None:
            self.device.close()
        for task in list(self._tasks):
            task.cancel()


def _helps_locked(route: str) -> bool:
    """Overdose steps and cards stay in front of people when the window locks: nothing in them is secret."""
    return route.split("/")[1] in ("overdose", "cards", "card")


def shell_of(page: ft.Page) -> Shell:
    """The shell of a window."""
    shell = page.session.store.get("shell")
    if not isinstance(shell, Shell):
        raise LookupError("this window has no shell yet")
    return shell
