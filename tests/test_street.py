"""A shift on the street: contacts, the tray, the bag; on one phone, offline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from forms import wording
from outreach.capture import ContactDraft
from outreach.example.team import Example
from outreach.logbook.events import ContactRecorded, NaloxoneSupplied, ShiftEnded, ShiftStarted
from outreach.session import NotPossible
from tests.members import Members


@pytest.fixture
def members(example_team: Example) -> Iterator[Members]:
    with Members(example_team) as opened:
        yield opened


@pytest.mark.requirement("BC02", "BC15", "CC06")
def test_a_contact_with_nothing_in_it_is_saved(members: Members) -> None:
    sam = members.session("sam")
    saved = sam.save_contact(ContactDraft(had_to_go=True))
    (talk,) = sam.contacts_today()
    assert talk.id == saved.contact
    assert talk.had_to_go
    assert talk.person == b""
    assert sam.referrals() == ()
    assert abs((datetime.now(UTC) - saved.at).total_seconds()) < 60


@pytest.mark.requirement("BC02")
def test_an_unfinished_contact_waits_in_the_tray_until_it_is_finished(members: Members) -> None:
    sam = members.session("sam")
    saved = sam.save_contact(ContactDraft(unfinished=True, substances={"crack": "smoke_pipe"}, area="mill"))
    assert [each.id for each in sam.unfinished()] == [saved.contact]
    sam = members.again(sam)
    draft = sam.draft_of(saved.contact)
    assert (draft.unfinished, draft.area, draft.substances) == (True, "mill", {"crack": "smoke_pipe"})
    draft.unfinished, draft.note = False, "Back on Thursday."
    finished = sam.finish_contact(saved.contact, draft)
    assert sam.unfinished() == ()
    (talk,) = sam.contacts_today()
    assert (talk.note, talk.area) == ("Back on Thursday.", "mill")

    sam.undo(finished)
    assert [each.id for each in sam.unfinished()] == [saved.contact], "taking back the finish opens it again"


def test_undo_takes_back_what_was_saved(members: Members) -> None:
    sam = members.session("sam")
    keep, slip = sam.save_contact(ContactDraft(area="mill")), sam.save_contact(ContactDraft(kit={"foil": 5}))
    sam.undo(slip)
    assert [each.id for each in sam.contacts_today()] == [keep.contact]
    for asked in (sam.draft_of, lambda contact: sam.finish_contact(contact, ContactDraft())):
        with pytest.raises(NotPossible) as told:
            asked(slip.contact)
        assert "Nothing was changed" in str(told.value)
        assert wording.check(str(told.value), "en") == []
    assert len(members.again(sam).contacts_today()) == 1


@pytest.mark.requirement("RP12")
def test_the_bag_goes_down_with_what_was_given_out(members: Members) -> None:
    sam = members.session("sam")
    assert sam.shift() is None
    assert sam.bag() == ()
    sam.start_shift("harbour", "Jo", {"foil": 20, "nyxoid": 4})
    shift = sam.shift()
    assert shift is not None
    assert (shift.area, shift.partner) == ("harbour", "Jo")
    nyxoid = NaloxoneSupplied("nyxoid", 1, batch="EX1")
    saved = sam.save_contact(ContactDraft(kit={"foil": 3}, naloxone=[nyxoid]))
    event = sam.logbook.events[saved.event]
    assert isinstance(event, ContactRecorded)
    assert event.shift == shift.shift
    assert _left(sam.bag()) == {"foil": 17, "nyxoid": 3}
    sam.undo(saved)
    assert _left(sam.bag()) == {"foil": 20, "nyxoid": 4}


def _left(bag: tuple[object, ...]) -> dict[str, int]:
    lines: dict[str, int] = {}
    for line in bag:
        lines[line.item] = lines.get(line.item, 0) + line.quantity  # type: ignore[attr-defined]
    return lines


def test_a_shift_ends_with_what_is_left(members: Members) -> None:
    sam = members.session("sam")
    sam.start_shift("harbour", "Jo", {"foil": 20})
    sam.save_contact(ContactDraft(kit={"foil": 3}))
    sam.end_shift("Quiet, cold.")
    assert sam.shift() is None
    (ended,) = [event for event in sam.logbook if isinstance(event, ShiftEnded)]
    assert ended.debrief == "Quiet, cold."
    assert {line.item: line.quantity for line in ended.left} == {"foil": 17}
    sam.end_shift()
    assert len([event for event in sam.logbook if isinstance(event, ShiftEnded)]) == 1
    sam.start_shift("mill", "", {})
    assert len([event for event in sam.logbook if isinstance(event, ShiftStarted)]) == 2
    assert sam.shift() is not None


def test_today_is_the_day_of_the_place(members: Members) -> None:
    sam = members.session("sam")
    summer = datetime(2027, 7, 1, 23, 30, tzinfo=UTC)  # half past midnight in London
    sam.device.clock.wall = lambda: int(summer.timestamp() * 1000)
    sam.save_contact(ContactDraft())
    assert sam.now().date().isoformat() == "2027-07-02"
    sam.device.clock.wall = lambda: int((summer + timedelta(hours=23)).timestamp() * 1000)
    assert len(sam.contacts_today()) == 1
    sam.device.clock.wall = lambda: int((summer + timedelta(hours=24)).timestamp() * 1000)
    assert sam.contacts_today() == ()


def test_what_came_from_paper_says_so(members: Members) -> None:
    sam = members.session("sam")
    saved = sam.save_contact(ContactDraft(late=True, area="mill"))
    (talk,) = sam.contacts_today()
    assert talk.late
    assert sam.draft_of(saved.contact).late


def test_two_records_of_one_talk_are_one_until_that_is_taken_back(members: Members) -> None:
    sam = members.session("sam")
    one, two = sam.save_contact(ContactDraft(kit={"foil": 1})), sam.save_contact(ContactDraft(area="mill"))
    merge = sam.record_merge("same_talk", one.contact, two.contact)
    assert len(sam.contacts_today()) == 1
    assert set(sam.contacts_today()[0].ids) == {one.contact, two.contact}
    assert merge in sam.logbook
