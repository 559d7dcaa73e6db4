"""An example team for each test: built once, then copied, so that no test sees another's records."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from outreach.example import team
from outreach.screens import app
from tests.screens.harness import Window


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> team.Example:
    # nothing listens at this address: every test here is offline
    return team.build(tmp_path_factory.mktemp("example"), hub_url="http://127.0.0.1:9")


@pytest.fixture
def example(built: team.Example, tmp_path: Path) -> team.Example:
    shutil.copytree(built.root, tmp_path / "team")
    return team.load(tmp_path / "team")


@pytest.fixture
def window(example: team.Example) -> Callable[..., Window]:
    """Makes windows of the example team: `window("sam")` opens at Sam's lock screen."""

    def make(who: str = "", *, only: bool = False, **page: Any) -> Window:
        profiles = {who: example.profiles[who]} if only else example.profiles
        main = partial(app.main, profiles=profiles, hints=dict(example.passphrases))
        return Window(main, f"/?who={who}" if who else "/", **page)

    return make


@pytest.fixture
def unlock(example: team.Example) -> Callable[[Window], Any]:
    """Unlocks the profile that a window shows."""

    async def do(window: Window) -> None:
        await window.write("Passphrase", example.passphrases[window.shell.who])
        await window.tap("Unlock")
        await window.until(lambda: not window.shell.locked, "unlocked")
        await window.settle()
        window.taps = 0

    return do
