"""A made-up team with a slip key, the example directory, and a moment to stand on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from forms import matching, services
from forms.services import Directory
from outreach.slips import ListedTeam, SlipKey, Token, Trust, issue, listed
from outreach.slips.paper import SlipText, from_service

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 20, 21, 15, tzinfo=LONDON)
DAY = 86400


class Team(msgspec.Struct, frozen=True):
    id: bytes
    name: str
    seed: bytes
    kid: bytes

    @property
    def public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    def listed(self, directory: Directory, *, day: int = 0) -> ListedTeam:
        start = int(NOW.timestamp()) + day * DAY
        key = SlipKey(self.kid, self.public, start - 19 * DAY, start + 11 * DAY)
        return ListedTeam(self.id.hex(), self.name, (key,), listed(directory))


@pytest.fixture(scope="session")
def directory() -> Directory:
    return services.example()


@pytest.fixture(scope="session")
def team() -> Team:
    return Team(bytes(range(8)), "Lantern", bytes(range(32)), b"\x01\x02\x03\x04")


@pytest.fixture(scope="session")
def other_team() -> Team:
    return Team(bytes(range(8, 16)), "Beacon", bytes(range(1, 33)), b"\x05\x06\x07\x08")


@pytest.fixture
def trust(team: Team, directory: Directory) -> Trust:
    return Trust(as_of=int(NOW.timestamp()) - DAY, teams=(team.listed(directory),))


@pytest.fixture
def token(team: Team) -> Token:
    issued = int((NOW - timedelta(hours=1)).timestamp())
    return Token(team.id, "yard", 1, bytes(range(100, 112)), issued, issued + 14 * DAY, True)


@pytest.fixture
def text(token: Token, team: Team) -> str:
    return issue(token, team.seed, team.kid)


MakeSlip = Callable[..., SlipText]


@pytest.fixture
def slip_for(directory: Directory, team: Team) -> MakeSlip:
    """A slip for a service and session of the example directory, as a phone makes it."""

    def make(
        service_id: str = "yard",
        number: int = 1,
        *,
        token_id: bytes = bytes(range(100, 112)),
        fast_track: bool = False,
        now: datetime = NOW,
        worker: str = "Sam",
        change: dict[str, object] | None = None,
    ) -> SlipText:
        service = msgspec.structs.replace(directory.service(service_id), **(change or {}))
        session = service.session(number) if number else None
        until = matching.valid_until(service, session, now).astimezone(UTC)
        made = Token(
            team.id, service_id, number, token_id, int(now.timestamp()), int(until.timestamp()), fast_track
        )
        waiting = matching.while_you_wait(directory, service, now)
        return from_service(
            service,
            session,
            made,
            issue(made, team.seed, team.kid),
            worker=worker,
            now=now,
            meanwhile=waiting.service if waiting else None,
        )

    return make


@pytest.fixture
def now() -> datetime:
    return NOW
