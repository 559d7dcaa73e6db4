"""Addresses of screens: one line above a function makes it a screen.

    @screen("/card/:card", locked=True)
    def card_reader(shell: Shell, card: str) -> ft.View: ...

A screen may use Flet's hooks (`ft.use_state`) for what only it cares about. `locked=True` means
that it works before anyone unlocks; every other screen shows the lock screen until then.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flet as ft

Build = Callable[..., ft.View]


@dataclass(frozen=True)
class Screen:
    """A screen and its address. `home_of` are the roles that start here once unlocked."""

    path: str
    build: Build
    locked: bool
    home_of: tuple[str, ...]

    def match(self, route: str) -> dict[str, str] | None:
        """The named parts of a route, or None where it is another screen's."""
        asked, mine = _pieces(route), _pieces(self.path)
        if len(asked) != len(mine):
            return None
        named: dict[str, str] = {}
        for piece, pattern in zip(asked, mine, strict=True):
            if pattern.startswith(":"):
                named[pattern[1:]] = piece
            elif piece != pattern:
                return None
        return named


_SCREENS: dict[str, Screen] = {}


def screen(path: str, *, locked: bool = False, home_of: tuple[str, ...] = ()) -> Callable[[Build], Build]:
    """Make a function `(shell, **named parts of the path) -> ft.View` the screen of a path."""

    def register(build: Build) -> Build:
        @functools.wraps(build)
        def guarded(shell: Any, **named: str) -> ft.View:
            try:
                return build(shell, **named)
            except Exception as problem:  # a screen that can't be drawn never takes the window with it
                from outreach.screens.frames import stopped

                return stopped(shell, shell.route, problem)

        component: Any = ft.component(guarded)
        _SCREENS[path] = Screen(path, component, locked, home_of)
        return build

    return register


def find(route: str) -> tuple[Screen, dict[str, str]] | None:
    """The screen of a route with its named parts, or None."""
    for each in _SCREENS.values():
        named = each.match(route)
        if named is not None:
            return each, named
    return None


def known(route: str) -> bool:
    """Whether a screen answers to this route: a tile is shown only then."""
    return find(route) is not None


def home_of(role: str) -> str:
    """Where a role starts once unlocked."""
    return next((each.path for each in _SCREENS.values() if role in each.home_of), "/home")


def _pieces(route: str) -> list[str]:
    return [piece for piece in route.partition("?")[0].split("/") if piece]
