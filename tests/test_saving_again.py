"""Saving or syncing breaks off half-way: nothing is lost, nothing is there twice, nobody is locked out."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import cbor2
import msgspec
import pytest

from forms import wording
from outreach.capture import ContactDraft, ReferralDraft
from outreach.logbook import codec
from outreach.logbook.events import Corrected, Stamp
from outreach.opened import NotPossible
from outreach.records import SealedLater
from outreach.vault import NotSaved, files
from sync.client import Client, HubConfused, SyncError
from sync.outbox import Outbox, OutboxFull
from sync.team import enrol
from tests.members import Answer, Members
from tests.test_device import _coordinator as coordinator_of
from tests.test_records import Shelf, by, contact, sealed_by


@pytest.fixture
def members(example_team) -> Iterator[Members]:
    with Members(example_team) as opened:
        yield opened


def no_room(*_: object) -> None:
    raise OutboxFull("This device has no room left.")


# --- saving --------------------------------------------------------------------------------------


@pytest.mark.requirement("BC02")
def test_what_could_not_be_sealed_is_not_saved_twice_when_it_is_saved_again(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = members.session("sam")
    first = sam.save_contact(ContactDraft(note="before"))
    with monkeypatch.context() as full:
        full.setattr(Outbox, "record", no_room)
        with pytest.raises(OutboxFull):
            sam.save_contact(ContactDraft(note="once"))
    assert [talk.note for talk in sam.contacts_today()] == ["before"]
    again = sam.save_contact(ContactDraft(note="once"))
    for _ in range(2):
        assert [talk.note for talk in sam.contacts_today()] == ["before", "once"]
        assert sam.waiting() == 2
        assert set(sam.logbook.events) == {first.event, again.event}
        sam = members.again(sam)


@pytest.mark.requirement("BC02")
def test_a_referral_sealed_in_part_is_kept_and_goes_out_by_itself(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    members.hub()
    sam, alex = members.session("sam"), members.session("alex")
    record, calls = Outbox.record, []

    def room_for_one(self: Outbox, *given: Any) -> Any:
        calls.append(given)
        return record(self, *given) if len(calls) == 1 else no_room()

    with monkeypatch.context() as full:
        full.setattr(Outbox, "record", room_for_one)
        with pytest.raises(SealedLater) as told:
            sam.refer(ReferralDraft("yard", session=1))
    assert wording.check(str(told.value), "en") == []
    assert (sam.waiting(), len(sam.referrals())) == (3, 1)
    report = sam.sync()  # without being opened anew
    assert (report.sent, report.waiting, sam.waiting()) == (3, 0, 0)
    alex.sync()
    assert [each.id for each in alex.referrals()] == [each.id for each in sam.referrals()]


def test_neither_vault_nor_outbox_can_be_written(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    sam = members.session("sam")
    sam.save_contact(ContactDraft(note="before"))

    def broken_then(*_: object) -> None:
        monkeypatch.setattr(files, "sync_data", broken)
        no_room()

    def broken(_: int) -> None:
        raise OSError(5, "I/O error")

    monkeypatch.setattr(Outbox, "record", broken_then)
    for _ in range(2):
        with pytest.raises(NotSaved):
            sam.save_contact(ContactDraft(note="not said to be saved"))
        assert [talk.note for talk in sam.contacts_today()] == ["before"]
    monkeypatch.undo()
    sam = members.again(sam)
    assert [talk.note for talk in sam.contacts_today()][:1] == ["before"]
    assert sam.waiting() == len(sam.contacts_today()) <= 2


@pytest.mark.requirement("BC02")
def test_what_cannot_be_sealed_locks_nobody_out(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    sam = members.session("sam")

    class PowerCut(BaseException):
        pass

    def cut(*_: object) -> None:
        raise PowerCut

    with monkeypatch.context() as dead:
        dead.setattr(Outbox, "record", cut)
        with pytest.raises(PowerCut):
            sam.save_contact(ContactDraft(note="kept"))
    with monkeypatch.context() as full:
        full.setattr(Outbox, "record", no_room)
        sam = members.again(sam)
        assert [talk.note for talk in sam.contacts_today()] == ["kept"]
        assert sam.waiting() == 1, "what isn't sealed hasn't left"
    sam.save_contact(ContactDraft())
    assert sam.waiting() == sam.device.waiting() == 2


def test_a_record_too_long_to_travel_is_refused_before_it_is_kept(members: Members) -> None:
    sam = members.session("sam")
    sam.start_shift("harbour", "Jo", {})
    with pytest.raises(NotPossible) as told:
        sam.end_shift(secrets.token_hex(150_000))
    assert wording.check(str(told.value), "en") == []
    sam = members.again(sam)
    assert sam.shift() is not None
    sam.end_shift("A quiet evening.")


def test_only_one_s_own_records_are_brought_in(members: Members) -> None:
    sam, jo = members.session("sam"), members.device("jo")
    with pytest.raises(NotPossible):
        sam.bring_in([by(sam.device), by(jo)])
    assert (len(sam.logbook), sam.waiting()) == (0, 0)


def test_a_slip_shown_by_several_taps_arrives_once(members: Members) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    checked = yard.check(sam.refer(ReferralDraft("yard", session=1)).text)
    gate, views = threading.Barrier(4), []

    def tap() -> None:
        gate.wait()
        views.append(yard.arrive(checked))

    taps = [threading.Thread(target=tap) for _ in range(4)]
    for each in taps:
        each.start()
    for each in taps:
        each.join()
    assert sorted(view.first for view in views) == [False, False, False, True]
    assert len(yard.arrivals_today()) == 1


def test_another_window_does_not_turn_the_counter_back(members: Members) -> None:
    one, other = members.device("sam"), members.device("sam")
    for _ in range(5):
        one.save_contact(ContactDraft())
    other.save_contact(ContactDraft())
    assert members.device("sam").clock.counter == 5


def test_one_absurd_counter_leaves_the_order_of_corrections(members: Members) -> None:
    shelf = Shelf()
    members.hub_that(shelf.answer)
    jo = members.device("jo")
    event = by(jo)
    absurd = msgspec.structs.replace(event, stamp=msgspec.structs.replace(event.stamp, counter=2**63))
    shelf.items = sealed_by(jo, [absurd])
    sam = members.session("sam")
    assert sam.sync().fetched == 1
    saved = sam.save_contact(ContactDraft())
    for number in range(12):
        draft = sam.draft_of(saved.contact)
        draft.note = f"note {number}"
        sam.finish_contact(saved.contact, draft)
        assert contact(sam, saved.event).note == f"note {number}"


@pytest.mark.requirement("DA03")
def test_a_name_that_was_sent_ahead_is_not_shown_after_the_slip_has_ended(members: Members) -> None:
    members.hub()
    sam, yard = members.session("sam"), members.session("yard")
    draft = ReferralDraft("yard", session=1, chosen_name="Robin", wait_preference="outside", send_ahead=True)
    slip = sam.refer(draft)
    sam.sync()
    yard.sync()
    late = slip.valid_until + timedelta(hours=1)
    yard.device.clock.wall = lambda: int(late.timestamp() * 1000)
    view = yard.arrive(yard.check(slip.text))
    assert (view.colour, view.chosen_name, view.wait_preference) == ("amber", "", "")


# --- travelling ----------------------------------------------------------------------------------


def test_what_came_before_the_network_broke_off_stays(members: Members) -> None:
    shelf = Shelf()
    jo = members.device("jo")
    shelf.items = sealed_by(jo, [by(jo, note=f"number {number}") for number in range(5)])
    broken = [True]

    def answer(method: str, path: str) -> Answer:
        status, kind, body = shelf.answer(method, path)
        page = cbor2.loads(body)
        if broken[0] and page.get("items"):
            if page["items"][0][0] != 1:
                return 500, "text/html", b"no"
            body = cbor2.dumps({**page, "items": page["items"][:2], "more": True}, canonical=True)
        return status, kind, body

    members.hub_that(answer)
    sam = members.session("sam")
    with pytest.raises(HubConfused):
        sam.sync()
    assert (len(sam.logbook), sam._records._cursor()) == (2, 2)
    broken[0] = False
    assert members.again(sam).sync().fetched == 3


def test_a_hub_that_was_restored_and_has_grown_since_hides_nothing(members: Members) -> None:
    shelf = Shelf()
    members.hub_that(shelf.answer)
    jo, alex = members.device("jo"), members.device("alex")
    first = sealed_by(jo, [by(jo, note=f"Jo {number}") for number in range(5)])
    shelf.items = list(first)
    sam = members.session("sam")
    assert sam.sync().fetched == 5
    assert sam.sync().fetched == 0
    others = [by(alex, note=f"Alex {number}") for number in range(2)]
    shelf.items = first[:2] + sealed_by(alex, list(others)) + first[2:]  # back to 2, then on to 7
    report = sam.sync()
    assert (report.fetched, report.problems) == (2, ())
    assert {event.stamp.id for event in others} <= set(sam.logbook.events)
    assert sam.sync().fetched == 0
    shelf.items += sealed_by(jo, [by(jo) for _ in range(6)])[5:]
    assert sam.sync().fetched == 1


def test_a_fork_is_told(members: Members) -> None:
    shelf = Shelf()
    members.hub_that(shelf.answer)
    jo = members.device("jo")
    shelf.items = sealed_by(jo, [by(jo, note="the phone")]) + sealed_by(jo, [by(jo, note="its copy")])
    sam = members.session("sam")
    report = sam.sync()
    assert report.fetched == 2
    (sentence,) = report.problems
    assert "copied or restored" in sentence


def test_nobody_takes_the_place_of_a_record_by_its_number(members: Members) -> None:
    shelf = Shelf()
    members.hub_that(shelf.answer)
    jo, alex = members.device("jo"), members.device("alex")
    real = by(alex, note="real")
    double = by(jo, note="double")
    double = msgspec.structs.replace(double, stamp=msgspec.structs.replace(double.stamp, id=real.stamp.id))
    honest, dishonest = sealed_by(alex, [real]), sealed_by(jo, [double])
    for items in (honest + dishonest, honest):
        shelf.items = items
        sam = members.session("sam")
        for number in range(3):
            report = sam.sync()
            assert len(report.problems) == (len(items) == 2 and number == 0)
            assert contact(sam, real.stamp.id).note == "real"
            shelf.items = items
        members.leave(sam)


def test_locking_while_a_sync_is_on_its_way(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    members.hub()
    sam, jo = members.session("sam"), members.session("jo")
    jo.save_contact(ContactDraft())
    jo.sync()
    take_in = sam._records._take_in

    def locked_first(*given: Any) -> int:
        sam.lock()
        return take_in(*given)

    monkeypatch.setattr(sam._records, "_take_in", locked_first)
    assert sam.sync().fetched == 0
    assert len(sam.logbook) == 0
    assert members.again(sam).sync().fetched == 1


def test_a_new_coordinator_s_corrections_count_once_the_log_says_so(members: Members) -> None:
    """Met in one pull: a correction by someone whom the device's log doesn't know yet."""
    members.hub()
    sam, device = members.session("sam"), members.device("alex")
    saved = sam.save_contact(ContactDraft(area="harbour"))
    sam.sync()
    taken_in = enrol(device.team, coordinator_of(members), role="coordinator", now=sam.now())
    with device.client() as client:
        client.register_team(taken_in.log)
    change = codec.encode(_correction(saved.event, taken_in.certificate.member))
    outbox = Outbox(members.example.root / "new.db")
    outbox.record(b"r" * 12, change, ("team",), taken_in.sender, taken_in.log)
    with Client(
        device.profile.hub, device.team.hub_public or b"", taken_in.installation, taken_in.log, outbox
    ) as client:
        assert client.push().sent == 1
    outbox.close()
    report = sam.sync()
    assert report.problems == ()
    (talk,) = sam.contacts_today()
    assert talk.area == "mill"
    (talk,) = members.again(sam).contacts_today()
    assert talk.area == "mill"


def _correction(target: bytes, member: bytes) -> Corrected:
    stamp = Stamp(id=b"r" * 12, member=member, device=b"d" * 8, counter=50, at=1_790_000_000_000)
    return Corrected(stamp=stamp, target=target, changes={"area": "mill"})


def test_a_sync_error_is_a_sync_error() -> None:
    assert issubclass(SealedLater, SyncError)
