"""A hub that was put back from a backup, logs that two coordinators wrote at once: nothing is missed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sync.client import HubRefused
from sync.envelope import Envelope, unpack_batch
from sync.outbox import Outbox
from sync.pulling import MARK, mark_of
from sync.statements import Certificate
from sync.team import enrol, name_hub, open_site
from tests.sync.conftest import NOW, House
from tests.sync.test_client import (
    HUB_TIME,
    Answer,
    Door,
    client,
    door,
    fill,
    honest,
    problem,
    receipt_of,
    receipts,
)
from tests.sync.test_client import page as page_of

__all__ = ["door"]  # a fixture


class Shelf:
    """Pages of what lies there, by `after` and `limit`."""

    def __init__(self, *held: bytes) -> None:
        self.held = list(held)
        self.asked: list[int] = []

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        numbers = dict(part.split("=") for part in path.partition("?")[2].split("&"))
        after, limit = int(numbers["after"]), int(numbers["limit"])
        self.asked.append(after)
        rest = [[n, HUB_TIME, data] for n, data in enumerate(self.held, 1) if n > after]
        return page_of(rest[:limit], more=len(rest) > limit, head=len(self.held))


@pytest.mark.parametrize("limit", [1, 2, 200])
def test_another_envelope_at_the_cursor_means_that_the_hub_was_restored(
    house: House, outbox: Outbox, door: Door, limit: int
) -> None:
    chain = [envelope.to_bytes() for envelope in house.chain(*[str(n).encode() for n in range(6)])]
    other = Envelope.from_bytes(chain[0])
    door.answer = shelf = Shelf(*chain[:4])
    keyring = house.worker.keyring
    with client(house, outbox, door.url) as own:
        last = list(own.pull(0, keyring, limit=limit))[-1]
        assert last.mark == mark_of(chain[3])
        assert len(last.mark) == MARK
        shelf.asked.clear()
        assert list(own.pull(4, keyring, limit=limit, mark=last.mark)) == []
        assert shelf.asked[0] == 3, "the last one is asked for again"
        shelf.held.append(chain[4])
        (new,) = own.pull(4, keyring, limit=limit, mark=last.mark)
        assert (new.position, new.body) == (5, b"4")
        shelf.held = [*chain[:2], b"something new", *chain[2:]]
        again = list(own.pull(5, keyring, limit=limit, mark=new.mark))
        assert [each.position for each in again] == [1, 2, 3, 4, 5, 6, 7]
        assert [each.body for each in again][3:] == [b"2", b"3", b"4", b"5"]
        shelf.held = []
        assert list(own.pull(7, keyring, limit=limit, mark=again[-1].mark)) == []
        shelf.held = chain[:1]  # not as far as the cursor
        assert [each.position for each in own.pull(7, keyring, limit=limit, mark=again[-1].mark)] == [1]
    assert other.number == 1


def test_one_sender_that_is_stuck_does_not_hide_what_the_hub_has_lost_of_another(
    house: House, outbox: Outbox, door: Door
) -> None:
    fill(outbox, house, 3)
    door.answer = honest
    with client(house, outbox, door.url) as own:
        assert own.push().sent == 3
        outbox.record(b"member", b"a record", ["team"], house.worker.sender, house.log)
        taken: list[Envelope] = []

        def restored(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
            if method == "GET":
                return receipts()  # it holds nothing any more
            run = unpack_batch(body)
            if run[0].sender == house.worker.sender.sender_id:
                return problem(403, "certificate-ended")
            taken.extend(run)
            return receipts(receipt_of(run[-1]))

        door.answer = restored
        report = own.push()
    assert [envelope.number for envelope in taken] == [1, 2, 3]
    assert (report.sent, report.waiting) == (3, 1)
    assert [refusal.sender for refusal in report.refused] == [house.worker.sender.sender_id]


def test_a_refusal_is_told_once_and_not_raised_for_the_receipts(
    house: House, outbox: Outbox, door: Door
) -> None:
    fill(outbox, house, 2)
    door.answer = honest
    with client(house, outbox, door.url) as own:
        own.push()
        outbox.record(b"member", b"a record", ["team"], house.worker.sender, house.log)
        door.answer = lambda *_: problem(403, "certificate-ended")
        report = own.push()
        assert (report.sent, report.waiting, len(report.refused)) == (0, 1, 1)
    with (
        Outbox(outbox._path.with_name("empty.db")) as empty,
        client(house, empty, door.url) as own,
        pytest.raises(HubRefused),
    ):
        own.push()


def test_a_fork_does_not_make_everything_wait_again(house: House, outbox: Outbox, door: Door) -> None:
    fill(outbox, house, 3)
    door.answer = honest
    with client(house, outbox, door.url) as own:
        own.push()
        envelope = outbox.envelopes(house.worker.installation.sender_id)[-1]
        door.answer = lambda *_: receipts(receipt_of(envelope, chain_hash=b"x" * 32))
        report = own.push()
    assert (report.waiting, len(report.refused)) == (0, 1)
    assert "copied or restored" in report.refused[0].reason


# --- the team's log --------------------------------------------------------------------------------


def test_two_coordinators_renew_certificates_at_once(house: House) -> None:
    second = enrol(house.log, house.coordinator, role="coordinator", now=NOW)
    one, _ = open_site(second.log, house.coordinator, "first", NOW + timedelta(seconds=1))
    other, _ = open_site(second.log, second, "second", NOW + timedelta(seconds=2))
    both, also = one.merged(other), other.merged(one)
    assert {c.sender: c for c in both.certificates()} == {c.sender: c for c in also.certificates()}
    newest = both.certificate(second.certificate.sender)
    assert isinstance(newest, Certificate)
    assert newest.may_read("desk:second")
    assert both.merged(also) is both


def test_the_hub_that_was_named_last_counts_whatever_the_order(house: House) -> None:
    second = enrol(house.log, house.coordinator, role="coordinator", now=NOW)
    one = name_hub(second.log, house.coordinator, b"\x01" * 32, NOW + timedelta(seconds=1))
    other = name_hub(second.log, second, b"\x02" * 32, NOW + timedelta(seconds=2))
    assert one.merged(other).hub_public == other.merged(one).hub_public == b"\x02" * 32
