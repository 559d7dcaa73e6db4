"""For journeys: one Chromium, and an example team of its own for each test.

`team_here` is built but its hub does not run; `hub` starts and stops it; `phones` opens sessions
in the browser: `phones("sam")` stands at Sam's lock screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from outreach.example import team
from tests.journeys.browser import Hub, Look, Phone, browser, running_app


@pytest.fixture(scope="package")  # Playwright keeps an event loop running, which other tests can't have
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def team_here(tmp_path: Path) -> team.Example:
    """The example team, new for each test, its hub's address set but nobody listening there."""
    return team.build(tmp_path / "team")


@pytest.fixture
def hub(team_here: team.Example) -> Iterator[Hub]:
    """The team's hub, not started yet; its port is in the profiles already."""
    served = Hub(team_here.database)
    team_here.point_to_hub(served.address)
    yield served
    served.stop()


@pytest.fixture
def phones(team_here: team.Example, hub: Hub, chromium: Browser) -> Iterator[Callable[..., Phone]]:
    """Opens sessions of the app: `phones("sam")`, `phones("alex", width=1280, look="light")`."""
    with ExitStack() as stack:
        address = stack.enter_context(running_app(team_here.profiles, team_here.passphrases))

        def open_(who: str, *, width: int = 412, height: int = 915, look: Look = "dark") -> Phone:
            phone = Phone(chromium, address, width=width, height=height, look=look)
            stack.callback(phone.close)
            phone.open(f"/?who={who}")
            return phone

        yield open_
