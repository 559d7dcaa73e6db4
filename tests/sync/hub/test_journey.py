"""A phone and a desk with real outboxes against a real hub, stopped and started in between."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.client import Client, HubUnreachable, ask_hub
from sync.connection import wall_clock
from sync.hub.serve import running
from sync.outbox import Outbox
from sync.team import Enrolment
from tests.sync.hub.world import Team, make_team


def client(url: str, member: Enrolment, team: Team, outbox: Outbox, hours: float = 0) -> Client:
    """A device whose clock is off by so many hours."""
    return Client(
        url,
        ask_hub(url).public,
        member.installation,
        team.log,
        outbox,
        clock=lambda: wall_clock() + int(hours * 3_600_000),
    )


@pytest.mark.parametrize("hours", [0, -30, 700])
def test_records_cross_from_a_phone_with_any_clock(tmp_path: Path, hours: float) -> None:
    team = make_team(datetime.now(UTC))
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    bodies = {b"%d" % n: b"a contact %d" % n for n in range(5)}
    phone, desk = Outbox(tmp_path / "phone.db"), Outbox(tmp_path / "desk.db")
    with running(url) as address:
        worker = client(address, team.worker, team, phone, hours)
        worker.register_team()
        for ref, body in bodies.items():
            phone.record(ref, body, ["desk:kirkgate", "team"], team.worker.sender, team.log)
        report = worker.push()
        assert (report.sent, report.waiting, report.refused) == (5, 0, ())
        for ref in (b"later 1", b"later 2"):
            phone.record(ref, ref, ["team"], team.worker.installation, team.log)
    with pytest.raises(HubUnreachable):
        worker.push()
    worker.close()
    assert phone.waiting() == 2
    with running(url) as address:
        with client(address, team.worker, team, phone, hours) as worker:
            assert worker.push().sent == 2
        with client(address, team.desk, team, desk) as there:
            seen = list(there.pull(0, team.desk.keyring, limit=2))
        with client(address, team.other, team, desk) as colleague:
            all_of_it = list(colleague.pull(0, team.other.keyring))
    assert [(item.position, item.body, item.problem) for item in seen] == [
        (n, body, None) for n, body in enumerate(bodies.values(), start=1)
    ]
    assert [item.body for item in all_of_it] == [*bodies.values(), b"later 1", b"later 2"]
    assert sorted(path.name for path in tmp_path.glob("hub.*")) == ["hub.db", "hub.key"]
    phone.close()
    desk.close()
