"""The browser's side: fonts and first page, made at start, and the server on this machine only.

The first page is Flet's own with three changes: it has our grounds from the first pixel (no white
flash at night), no picture, and a policy under which everything comes from this machine.
"""

from __future__ import annotations

import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flet as ft
import flet_web  # type: ignore[import-untyped]
import flet_web.fastapi as flet_fastapi  # type: ignore[import-untyped]
import uvicorn

from outreach import fonts
from outreach.screens import theme

ONLY_FROM_HERE = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' ws://127.0.0.1:* data: blob:"
)
"""Content security policy of the first page. Flet's client asks a public server for an animation
library that we don't use; with this the browser refuses, so nobody else learns who is at work."""


def listen(
    main: Callable[[ft.Page], Any],
    before: Callable[[ft.Page], Any],
    *,
    port: int,
    opened: Callable[[str], None],
) -> None:
    """Serve windows on 127.0.0.1 until stopped. `opened` is told the address once it answers.

    `before` dresses a page before the browser is told anything of it, then `main` opens it.
    """
    with tempfile.TemporaryDirectory(prefix="outreach-web-") as folder:
        assets = make_assets(Path(folder))
        app = flet_fastapi.app(
            main,
            before_main=before,
            assets_dir=str(assets),
            app_name="Outreach",
            app_short_name="Outreach",
            app_description="Street work, offline first",
            no_cdn=True,
            session_timeout_seconds=300,
        )
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(("127.0.0.1", port))
            address = f"http://127.0.0.1:{door.getsockname()[1]}"
            server = _Server(uvicorn.Config(app, log_level="warning", access_log=False), address, opened)
            with _tidy_end():
                server.run(sockets=[door])


@contextmanager
def _tidy_end() -> Iterator[None]:
    """Being told to stop ends this process by way of its clean-up, so that no folder stays behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def make_assets(folder: Path) -> Path:
    """The folder of files that the browser asks for: fonts and the first page."""
    places = folder / "fonts"
    places.mkdir(parents=True, exist_ok=True)
    for weight in ("regular", "bold"):
        shutil.copyfile(fonts.path(weight), places / f"atkinson-{weight}.ttf")
    first = Path(flet_web.get_package_web_dir()) / "index.html"
    (folder / "index.html").write_text(first_page(first.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


_NIGHT = (
    "{const h=new Date().getHours(),asked=new URLSearchParams(location.search).get('look'),"
    "media=window.matchMedia.bind(window);"
    "if(asked==='dark'||(asked!=='light'&&(h>=19||h<7))){"
    "document.documentElement.classList.add('night');"
    "window.matchMedia=q=>media(q.includes('prefers-color-scheme')?(q.includes('dark')?'all':'not all'):q)}}"
)
"""At night the browser is told that dark is preferred: Flutter paints its first frame by that, some
tenths of a second before it hears from us."""


def first_page(page: str) -> str:
    """Flet's first page with our grounds, our policy and no picture."""
    colours = (
        f"<style>html,body,#loading{{background:{theme.LIGHT.ground} !important}}"
        "@media (prefers-color-scheme: dark){html,body,#loading"
        f"{{background:{theme.DARK.ground} !important}}}}"
        "html.night,html.night body,html.night #loading"
        f"{{background:{theme.DARK.ground} !important}}"
        "#loading img{display:none}</style>"
        f"<script>{_NIGHT}</script>"
    )
    policy = f'<meta http-equiv="Content-Security-Policy" content="{ONLY_FROM_HERE}">'
    return page.replace("<head>", f"<head>{policy}", 1).replace("</head>", f"{colours}</head>", 1)


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, address: str, opened: Callable[[str], None]) -> None:
        super().__init__(config)
        self._address, self._opened = address, opened

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._opened(self._address)
