"""The app in a real browser: servers as processes, and a phone that is tapped by role and name.

    with running_app(profiles, hints) as address, browser() as chromium:
        phone = Phone(chromium, address)
        phone.open("/?who=sam")
        phone.unlock(passphrase)
        phone.tap("Contact")
        phone.tap("Save")
        phone.sees("Saved")

Flutter draws on a canvas; its accessibility tree is what a test reads and taps, so a control
without a name can't be reached here at all. Nothing waits for a fixed time: Playwright waits for
what is asked for.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

from playwright.sync_api import Browser, Locator, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("OUTREACH_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 30_000
"""Milliseconds that a look-up may take on a busy machine before it counts as absent."""

Look = Literal["dark", "light"]


class Process:
    """A server of ours as a child process, ready once it has said so."""

    def __init__(self, command: Sequence[str], ready: str) -> None:
        self._process = subprocess.Popen(
            list(command), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self.found: re.Match[str] | None = None
        self._ready = threading.Event()
        self._pattern = re.compile(ready)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(90) or self.found is None:
            self.stop()
            raise RuntimeError("the server did not start:\n" + "\n".join(self.lines))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())
            match = self._pattern.search(line)
            if match and self.found is None:
                self.found = match
                self._ready.set()
        self._ready.set()

    def stop(self) -> None:
        """Ask it to end, and make sure that it has."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)


@contextmanager
def running_app(profiles: Mapping[str, Path], hints: Mapping[str, str] | None = None) -> Iterator[str]:
    """The app's server on a free port; yields its address."""
    given = {"profiles": {who: str(folder) for who, folder in profiles.items()}, "hints": dict(hints or {})}
    code = (
        "import json, sys; from pathlib import Path; from outreach.screens.app import serve; "
        "given = json.loads(sys.argv[1]); "
        "serve({who: Path(folder) for who, folder in given['profiles'].items()}, "
        "hints=given['hints'], port=0, open_browser=False, say=lambda told: print(told, flush=True))"
    )
    server = Process([sys.executable, "-c", code, json.dumps(given)], r"(http://127\.0\.0\.1:\d+)")
    try:
        assert server.found is not None
        yield server.found.group(1)
    finally:
        server.stop()


class Hub:
    """The hub's server, to be stopped and started as a journey wants; the port stays."""

    def __init__(self, database: str, port: int = 0) -> None:
        self.database = database
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start it, and return its address once it answers."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "outreach", "hub"),
                *("--database", self.database, "--port", str(self.port)),
            ],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        pause = threading.Event()
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=1):
                    return self.address
            except OSError:
                pause.wait(0.1)
        self.stop()
        raise RuntimeError("the hub did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._process = None


def free_port() -> int:
    """A port of this machine that nobody uses just now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield chromium
        finally:
            chromium.close()


class Phone:
    """One browser session at phone size (or another), tapped by role and name."""

    def __init__(
        self, chromium: Browser, address: str, *, width: int = 412, height: int = 915, look: Look = "dark"
    ) -> None:
        self.look = look
        self._context = chromium.new_context(
            viewport={"width": width, "height": height},
            base_url=address,
            has_touch=True,
            color_scheme=look,
            accept_downloads=True,
        )
        self._context.set_default_timeout(PATIENCE)
        self.page = self._context.new_page()
        self.elsewhere: list[str] = []
        """Addresses other than this machine that the page loaded something from."""
        self.page.on("requestfinished", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1", "blob:", "data:", "ws://127.0.0.1")):
            self.elsewhere.append(url)

    def open(self, path: str = "/", *, look: bool = True) -> None:
        """Open an address and switch the accessibility tree on."""
        joiner = "&" if "?" in path else "?"
        self.page.goto(f"{path}{joiner}look={self.look}" if look else path)
        placeholder = self.page.locator("flt-semantics-placeholder")
        placeholder.wait_for(state="attached")
        placeholder.dispatch_event("click")  # one pixel, off the screen: a real click would miss
        self.page.get_by_role("heading").first.wait_for(state="attached")

    def close(self) -> None:
        self._context.close()

    # --- finding ---

    def control(self, name: str | re.Pattern[str], role: Any = "button") -> Locator:
        """A control by role and accessible name; a text name is the whole name."""
        exact = isinstance(name, str)
        return self.page.get_by_role(role, name=name, exact=exact).first

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Assert that a text is on the screen, as part of any label."""
        pattern = re.compile(re.escape(text)) if isinstance(text, str) else text
        told = self.page.get_by_text(pattern)
        for role in ("button", "heading", "group", "textbox", "checkbox"):
            told = told.or_(self.page.get_by_role(cast(Any, role), name=pattern))
        expect(told.first).to_be_attached(timeout=PATIENCE)

    def misses(self, text: str) -> None:
        """Assert that a text is not (or no longer) on the screen."""
        expect(self.page.get_by_text(text)).to_have_count(0, timeout=PATIENCE)

    def has(self, name: str | re.Pattern[str], role: Any = "button") -> bool:
        return self.control(name, role).count() > 0

    def tree(self) -> str:
        """The accessibility tree as text: what a screen reader has."""
        return str(self.page.locator("body").aria_snapshot())

    def nameless(self) -> list[str]:
        """Controls that a screen reader could not name."""
        lines = [line.strip() for line in self.tree().splitlines()]
        kinds = ("button", "checkbox", "textbox", "link", "switch", "tab", "slider", "combobox", "img")
        return [line for line in lines if line.rstrip(":") in {f"- {kind}" for kind in kinds}]

    # --- doing ---

    def tap(self, name: str | re.Pattern[str], role: Any = "button") -> None:
        """Tap a control; it is scrolled to where it is hidden below the edge."""
        self.control(name, role).click()

    def read(self) -> None:
        """A moment to look at a new screen. Where one tap too many would count, the app takes a tap
        in the first half second for the second half of a double tap."""
        self.page.wait_for_timeout(600)

    def choose(self, name: str) -> None:
        """Tap an answer (a chip)."""
        self.tap(name, "checkbox")

    def write(self, label: str, text: str) -> None:
        """Type into a field. Flutter empties a field once when it takes the focus, a moment after the
        click: what was typed before that is typed again, as a person would who sees it missing. With
        the cursor in it, a field's name goes on with its hint."""
        field = self.control(re.compile(rf"^{re.escape(label)}"), "textbox")
        field.click()
        for _ in range(20):
            field.fill(text)
            self.page.wait_for_timeout(200)
            if field.input_value().casefold() == text.casefold():  # codes come out in capitals
                return
        expect(field).to_have_value(re.compile(re.escape(text), re.IGNORECASE))

    def unlock(self, passphrase: str) -> None:
        """Type the passphrase and wait until the lock screen is gone."""
        self.write("Passphrase", passphrase)
        self.tap("Unlock")
        expect(self.control("Passphrase", "textbox")).to_have_count(0, timeout=PATIENCE)

    def download(self, name: str) -> Path:
        """Tap something that hands over a file, and return where it lies."""
        with self.page.expect_download() as waiting:
            self.tap(name)
        return Path(waiting.value.path())

    def scroll(self, pixels: int) -> None:
        """Scroll the middle of the screen (negative: up)."""
        size = self.page.viewport_size or {"width": 412, "height": 915}
        self.page.mouse.move(size["width"] / 2, size["height"] / 2)
        self.page.mouse.wheel(0, pixels)

    def picture(self, path: Path | None = None) -> bytes:
        """The screen as a PNG, after fonts and the last frame have come."""
        self.page.evaluate("document.fonts.ready")
        self.page.wait_for_timeout(350)  # one frame after ripples, for the picture only
        return self.page.screenshot(path=str(path) if path else None)
