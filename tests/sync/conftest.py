"""A team with one of each role, made once; and outboxes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.envelope import ZERO, Envelope, seal
from sync.outbox import Outbox
from sync.team import Enrolment, Founding, Sender, TeamLog, enrol, found_team

NOW = datetime(2026, 9, 21, 20, 0, tzinfo=UTC)


@dataclass(frozen=True)
class House:
    """An example team: everyone's enrolment, and the log that knows them all."""

    founding: Founding
    log: TeamLog
    worker: Enrolment
    peer: Enrolment
    full_peer: Enrolment
    desk: Enrolment
    lead: Enrolment
    outsider: Enrolment

    @property
    def coordinator(self) -> Enrolment:
        return self.founding.coordinator

    def chain(
        self, *bodies: bytes, audiences: tuple[str, ...] = ("team",), sender: Sender | None = None
    ) -> list[Envelope]:
        """Envelopes of these bodies, the first of a sender."""
        made: list[Envelope] = []
        for number, body in enumerate(bodies, start=1):
            previous = made[-1].chain_hash if made else ZERO
            who = sender or self.worker.sender
            made.append(
                seal(body, audiences=audiences, log=self.log, sender=who, number=number, previous=previous)
            )
        return made


def make_house(now: datetime = NOW) -> House:
    founding = found_team("Example", now, sites=["northgate", "riverside"])
    first = founding.coordinator
    worker = enrol(founding.log, first, role="worker", now=now)
    peer = enrol(worker.log, first, role="peer", now=now)
    full_peer = enrol(peer.log, first, role="peer", now=now, write_only=False)
    desk = enrol(full_peer.log, first, role="desk", site="northgate", now=now)
    lead = enrol(desk.log, first, role="safeguarding", now=now)
    other = found_team("Elsewhere", now)
    outsider = enrol(other.log, other.coordinator, role="worker", now=now)
    return House(founding, lead.log, worker, peer, full_peer, desk, lead, outsider)


@pytest.fixture(scope="session")
def house() -> House:
    return make_house()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.db") as made:
        yield made
