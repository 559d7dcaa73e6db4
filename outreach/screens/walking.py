"""Where a window is: a stack of routes, the address bar, and the way back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

import flet as ft

from outreach.screens import routes
from outreach.screens.window import Window


class Walking(Window):
    """Going from screen to screen. The address carries the profile, so a bookmark opens the same one."""

    @property
    def home(self) -> str:
        return "/lock" if self.session is None else routes.home_of(self.session.role)

    @property
    def route(self) -> str:
        return self.stack[-1]

    def go(self, route: str) -> None:
        """Open a screen on top of this one."""
        self.trouble = ""
        if route != self.route:
            self.stack.append(route)
            self._show_address()

    def back(self) -> None:
        """Leave the top screen; the first one stays."""
        self.trouble = ""
        if len(self.stack) > 1:
            self.stack.pop()
            self._show_address()

    def go_home(self) -> None:
        """Back to the tiles (or to the lock screen)."""
        self.trouble = ""
        self.stack = [self.home]
        self._show_address()

    def address(self, route: str) -> str:
        """A route as it stands in the address bar: a bookmark of it opens the same profile."""
        return f"{route}?who={self.who}" if self.who and len(self.profiles) > 1 else route

    def _show_address(self) -> None:
        self.changed = time.monotonic()
        self.later(self._push(self.address(self.route)))

    async def _push(self, address: str) -> None:
        with suppress(Exception):  # an address bar that can't be written changes nothing
            await self.page.push_route(address)

    async def _route_changed(self, event: ft.RouteChangeEvent) -> None:
        path = event.route.partition("?")[0] or "/"
        if path == self.route or self.device is None:
            return
        if path in self.stack:
            place = self.stack.index(path) + 1
            left = self.stack[place:]
            del self.stack[place:]
            self._left_behind(left)
        elif path.startswith("/refer/") or (is_form(path) and not self.locked):
            # The browser's back or forward, to where something was made already: not a second one.
            self.trouble, self.stack = "", [self.home]
        else:
            found = routes.find(path)
            if found and path not in ("/", "/lock") and (found[0].locked or not self.locked):
                self.stack.append(path)
        self.draw()

    def _left_behind(self, routes: Sequence[str]) -> None:
        """What was on top of the screen that the browser's back or forward brought."""

    async def _popped(self) -> None:
        await self.act(self.back)

    def _open_asked_route(self) -> None:
        found = routes.find(self.page.route)
        path = self.page.route.partition("?")[0]
        if found and found[0].locked and path not in ("/", "/lock"):
            self.stack.append(path)


def is_form(route: str) -> bool:
    """Whether a route shows a contact on its way: what was in it comes back as a kept contact."""
    return route.split("/")[1] in ("contact", "kit", "naloxone", "practical")
