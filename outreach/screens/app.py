"""How a window opens, and the server that opens windows in a browser.

    serve({"me": folder}, port=8550)                       # one profile
    serve({"sam": …, "jo": …}, port=8550, hints={…})       # the example team

`main` is what Flet calls for each window. A screen is added by one file and one line in the
imports below: importing it registers its route (see `routes`).

Flet's server mode keeps an unlocked member's keys in this process, so it listens on this
machine only.
"""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import flet as ft

from outreach.screens import (  # noqa: F401  each of these registers its screens
    cards,
    chooser,
    contact,
    coordinator,
    desk,
    find,
    home,
    kit,
    lock,
    naloxone,
    overdose,
    practical,
    refer,
    routes,
    shift,
    slip,
    theme,
    tray,
)
from outreach.screens.shell import Shell
from outreach.screens.window import asked


def main(page: ft.Page, *, profiles: Mapping[str, Path], hints: Mapping[str, str] | None = None) -> None:
    """Open one window. `hints` are passphrases to show on the lock screen: the example team's only."""
    shell = Shell(page, profiles, hints or {})
    before(page)
    shell.start()
    page.render_views(window, shell)


def before(page: ft.Page) -> None:
    """Dress a page before it is shown at all, so that nothing flashes white at night."""
    if page.dark_theme is not None:
        return
    page.title = "Outreach"
    theme.dress(page, asked(page.route, "look"), datetime.now().astimezone().time())


@ft.component
def window(shell: Shell) -> Any:
    """Every screen of the stack, the top one last. Drawn anew whenever the shell asks for it."""
    _, tick = ft.use_state(0)
    shell.draw = lambda: tick(lambda drawn: drawn + 1)
    return [_screen(shell, route) for route in shell.stack]


def _screen(shell: Shell, route: str) -> Any:
    found = routes.find(route)
    if found is None or (shell.locked and not found[0].locked):
        found = routes.find("/lock" if shell.device is not None else "/")
    if found is None:
        raise LookupError("no lock screen is registered")
    screen, named = found
    build: Any = screen.build
    return build(shell, key=route, **named)


def serve(
    profiles: Mapping[str, Path],
    *,
    port: int = 8550,
    hints: Mapping[str, str] | None = None,
    open_browser: bool = True,
    say: Callable[[str], None] = print,
    ready: threading.Event | None = None,
) -> None:
    """Serve the app to browsers of this machine; returns when it is stopped (Ctrl-C).

    Args:
        profiles: name in the address (`?who=sam`) to the profile's folder.
        port: port on 127.0.0.1; 0 picks a free one.
        hints: passphrases to show on lock screens. For an example team only.
        open_browser: show it in the browser of this machine.
        say: told the address, once it can be opened.
        ready: set once it can be opened.
    """
    from outreach.screens import web

    def opened(address: str) -> None:
        say(f"Outreach is open at {address}")
        if open_browser:
            # in a thread: a text browser would hold up the server until it is closed
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        if ready is not None:
            ready.set()

    def window_main(page: ft.Page) -> None:
        main(page, profiles=profiles, hints=hints)

    web.listen(window_main, before, port=port, opened=opened)
