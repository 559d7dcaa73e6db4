"""A team with real keys, and a hub over real HTTP in a temporary folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.hub import create_app
from sync.hub.serve import serving
from sync.team import Enrolment
from sync.times import milliseconds
from tests.sync.hub.world import FOUNDED, Device, Hub, Team, make_team


@pytest.fixture(scope="session")
def team() -> Team:
    return make_team()


@pytest.fixture
def hub(team: Team, tmp_path: Path) -> Iterator[Hub]:
    """A hub that knows the team; its clock stands still unless a test moves it."""
    made = Hub(httpx.Client(), team, milliseconds(FOUNDED) + 60_000, tmp_path)
    with (
        serving(create_app(str(tmp_path / "hub.db"), clock=lambda: made.now)) as address,
        httpx.Client(base_url=address) as client,
    ):
        made.client.close()
        made.client = client
        assert made.introduce().status_code == 201
        yield made


@pytest.fixture
def phone(team: Team) -> Device:
    """The worker's phone, sealing with the member's key."""
    return Device(team.log, team.worker.sender)


@pytest.fixture
def device(team: Team) -> Any:
    """Makes devices of members: `device(team.desk)`; `locked=True` signs with the installation's key."""

    def make(member: Enrolment, *, locked: bool = False) -> Device:
        return Device(team.log, member.installation if locked else member.sender)

    return make
