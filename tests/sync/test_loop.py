"""Push, receipt, pull against the real hub, over real sockets."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from sync.client import Client, HubRefused, HubUnreachable, ask_hub
from sync.outbox import Outbox
from sync.team import Enrolment, enrol
from tests.sync.conftest import House, make_house
from tests.sync.running import RunningHub, running_hub


@pytest.fixture(scope="module")
def now_house() -> House:
    """A team of today: the real hub looks at the dates of certificates."""
    return make_house(datetime.now(UTC))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path) as running:
        yield running


def client(hub: RunningHub, who: Enrolment, house: House, outbox: Outbox) -> Client:
    return Client(hub.url, ask_hub(hub.url).public, who.installation, house.log, outbox)


def test_push_receipt_pull(tmp_path: Path, hub: RunningHub, now_house: House) -> None:
    house = now_house
    with Outbox(tmp_path / "worker.db") as outbox, client(hub, house.worker, house, outbox) as worker:
        worker.register_team()
        worker.register_team()
        for n in range(120):
            sender = house.worker.sender if n % 2 else house.worker.installation
            audiences = ["team", "desk:northgate"] if n % 10 == 0 else ["team"]
            outbox.record(b"%d" % n, b"record %d" % n, audiences, sender, house.log)
        report = worker.push()
        assert (report.sent, report.waiting, report.refused) == (120, 0, ())
        assert outbox.last_sync is not None
        assert abs((outbox.last_sync - datetime.now(UTC)).total_seconds()) < 120
        assert worker.push().sent == 0

    everything = {b"record %d" % n for n in range(120)}
    for who, due in (
        (house.coordinator, everything),
        (house.full_peer, everything),
        (house.desk, {b"record %d" % n for n in range(0, 120, 10)}),
        (house.peer, set()),
        (house.lead, set()),
    ):
        with Outbox(tmp_path / "other.db") as outbox, client(hub, who, house, outbox) as reader:
            pulled = list(reader.pull(0, who.keyring, limit=50))
            assert {p.body for p in pulled} == due
            assert not any(p.problem or p.warning for p in pulled)


def test_pull_resumes_in_the_middle_and_the_hub_may_stop(
    tmp_path: Path, hub: RunningHub, now_house: House
) -> None:
    house = now_house
    outbox = Outbox(tmp_path / "worker.db")
    worker = client(hub, house.worker, house, outbox)
    for n in range(30):
        outbox.record(b"%d" % n, b"record %d" % n, ["team"], house.worker.sender, house.log)
    assert worker.push().sent == 30  # introduces the team by itself

    first = list(islice(worker.pull(0, house.worker.keyring, limit=7), 12))
    hub.stop()
    outbox.record(b"later", b"later", ["team"], house.worker.sender, house.log)
    for call in (worker.push, lambda: list(worker.pull(first[-1].position, house.worker.keyring))):
        with pytest.raises(HubUnreachable, match="safe and wait"):
            call()
    assert outbox.waiting() == 1

    hub.start()
    assert worker.push().waiting == 0
    rest = list(worker.pull(first[-1].position, house.worker.keyring, limit=7))
    assert [p.body for p in first + rest] == [*(b"record %d" % n for n in range(30)), b"later"]
    assert [p.position for p in first + rest] == list(range(1, 32))
    worker.close()
    outbox.close()


@pytest.mark.parametrize("new", [0, 3])
def test_a_hub_that_lost_its_disk_gets_everything_again(tmp_path: Path, now_house: House, new: int) -> None:
    """Found by its receipts where nothing is new, and by the gap (409) where something is."""
    house = now_house
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    with Outbox(tmp_path / "worker.db") as outbox:
        with running_hub(tmp_path / "one") as hub, client(hub, house.worker, house, outbox) as worker:
            for n in range(5):
                outbox.record(b"%d" % n, b"record %d" % n, ["team"], house.worker.sender, house.log)
            worker.push()
        (tmp_path / "two" / "hub.key").write_bytes((tmp_path / "one" / "hub.key").read_bytes())
        (tmp_path / "two" / "hub.key").chmod(0o600)
        with running_hub(tmp_path / "two") as hub, client(hub, house.worker, house, outbox) as worker:
            for n in range(5, 5 + new):
                outbox.record(b"%d" % n, b"record %d" % n, ["team"], house.worker.sender, house.log)
            report = worker.push()
            assert (report.sent, report.waiting, report.refused) == (5 + new, 0, ())
            pulled = [p.body for p in worker.pull(0, house.worker.keyring)]
            assert pulled == [b"record %d" % n for n in range(5 + new)]


def test_a_restored_phone_is_told(tmp_path: Path, hub: RunningHub, now_house: House) -> None:
    """The same sender on two devices: the second is refused with a sentence, and keeps its records."""
    house = now_house
    with Outbox(tmp_path / "a.db") as one, Outbox(tmp_path / "b.db") as two:
        for outbox, body in ((one, b"one"), (two, b"two")):
            outbox.record(b"r1", body, ["team"], house.worker.sender, house.log)
            outbox.record(b"r2", body, ["team"], house.worker.sender, house.log)
        with client(hub, house.worker, house, one) as first:
            assert first.push().sent == 2
        with client(hub, house.worker, house, two) as second:
            report = second.push()
        assert (report.sent, report.waiting) == (0, 2)
        assert "copied or restored" in report.refused[0].reason


def test_strangers_get_nothing(tmp_path: Path, hub: RunningHub, now_house: House) -> None:
    house = now_house
    with Outbox(tmp_path / "a.db") as outbox, client(hub, house.worker, house, outbox) as worker:
        worker.register_team()
        outbox.record(b"r", b"record", ["team"], house.worker.sender, house.log)
        worker.push()
        # someone whom another team knows, asking for this one
        own = house.outsider
        with (
            Client(hub.url, ask_hub(hub.url).public, own.installation, house.log, outbox) as stranger,
            pytest.raises(HubRefused),
        ):
            list(stranger.pull(0, own.keyring))


def test_a_newcomer_is_known_by_the_newer_log(tmp_path: Path, hub: RunningHub, now_house: House) -> None:
    """The hub has an old log; whoever comes with a newer one brings it along."""
    house = now_house
    with Outbox(tmp_path / "a.db") as outbox, client(hub, house.worker, house, outbox) as worker:
        worker.register_team()
        new = enrol(house.log, house.coordinator, role="worker", now=datetime.now(UTC))
        with Outbox(tmp_path / "b.db") as theirs:
            theirs.record(b"r", b"from the newcomer", ["team"], new.sender, new.log)
            with Client(hub.url, ask_hub(hub.url).public, new.installation, new.log, theirs) as newcomer:
                assert newcomer.push().sent == 1
        (pulled,) = worker.pull(0, house.worker.keyring)
        assert pulled.body == b"from the newcomer"
        assert worker.team.certificate(new.certificate.sender) is not None
