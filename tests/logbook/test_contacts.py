"""Talks: one for each, however many phones recorded it."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from outreach.logbook import events as e
from outreach.logbook.views import Logbook
from tests.logbook.events_for_tests import ANN, BOB, DAY, HOUR, NOON, Pen


@pytest.mark.requirement("BC05", "BC20")
def test_two_drugs_in_one_hit_stay_one_event():
    pen = Pen()
    both = (e.SubstanceUse("heroin", "smoke_pipe"), e.SubstanceUse("crack", "smoke_pipe"))
    book = Logbook([pen.contact(substances=both, use_together="same_hit", order_of_use="same_hit")])
    (talk,) = book.contacts()
    assert (talk.substances, talk.use_together, talk.order_of_use) == (both, "same_hit", "same_hit")


@pytest.mark.requirement("BC02", "CC06")
def test_an_empty_contact_is_a_contact_and_names_nobody():
    (talk,) = Logbook([Pen().contact()]).contacts()
    assert (talk.kind, talk.person, talk.note) == ("brief_contact", b"", "")


@pytest.mark.requirement("BC02")
def test_half_finished_contacts_wait_in_the_tray_until_they_are_finished():
    ann, bob = Pen(), Pen(BOB)
    half = ann.contact(b"C1", unfinished=True, had_to_go=True)
    book = Logbook([half, bob.contact(b"C2", unfinished=True)])
    assert [talk.id for talk in book.unfinished()] == [b"C1", b"C2"]
    assert [talk.id for talk in book.unfinished(BOB)] == [b"C2"]
    book.add(ann.corrected(half, unfinished=False, minutes="2_5"))
    assert [talk.id for talk in book.unfinished()] == [b"C2"]
    assert book.contact(b"C1").minutes == "2_5"
    assert book.contact(b"C1").had_to_go


def test_what_was_recorded_locked_waits_until_the_member_confirms_it():
    pen = Pen()
    locked = pen.contact(stamp=pen.stamp(locked=True))
    book = Logbook([locked])
    assert [talk.unconfirmed for talk in book.unfinished()] == [True]
    book.add(pen.corrected(locked))
    assert book.unfinished() == ()


def test_days_follow_the_time_zone_and_its_clock_changes():
    london = ZoneInfo("Europe/London")
    spring = 1_774_746_000_000  # 29 March 2026, 01:00 UTC, when the clocks go forward
    pen = Pen()
    late = pen.contact(b"late", stamp=pen.stamp(at=spring - HOUR - 60_000))
    early = pen.contact(b"early", stamp=pen.stamp(at=spring - HOUR))
    last = pen.contact(b"last", stamp=pen.stamp(at=spring + 22 * HOUR - 1))
    after = pen.contact(b"after", stamp=pen.stamp(at=spring + 22 * HOUR))
    book = Logbook([after, last, early, late])
    assert [talk.id for talk in book.contacts(date(2026, 3, 28), london)] == [b"late"]
    assert [talk.id for talk in book.contacts(date(2026, 3, 29), london)] == [b"early", b"last"]
    assert [talk.id for talk in book.contacts(date(2026, 3, 30), london)] == [b"after"]


def test_the_last_correction_by_order_wins_field_by_field():
    pen = Pen()
    first = pen.contact(area="mill", minutes="2_5")
    older = pen.corrected(first, area="harbour", minutes="5_15")
    newer = pen.corrected(first, area="hilltop", nothing_we_know=1, contact=b"C9")
    for events in ([first, older, newer], [newer, older, first]):
        (talk,) = Logbook(events).contacts()
        assert (talk.id, talk.area, talk.minutes) == (b"C1", "hilltop", "5_15")


def test_a_correction_of_the_wrong_kind_is_passed_over_and_the_one_before_it_holds():
    pen = Pen()
    first = pen.contact(area="mill")
    right = pen.corrected(first, area="harbour")
    wrong = pen.corrected(first, area=7, note="x" * (e.NOTE_LIMIT + 1), minutes="2_5")
    (talk,) = Logbook([first, right, wrong]).contacts()
    assert (talk.area, talk.note, talk.minutes) == ("harbour", "", "2_5")


def test_a_correction_waits_for_its_target_and_can_be_taken_back():
    pen = Pen()
    first = pen.contact(kit=(e.KitIssued("foil", 1),))
    second = pen.corrected(first, kit=(e.KitIssued("foil", 3),))
    book = Logbook([second])
    assert book.contacts() == ()
    book.add(first)
    assert book.contacts()[0].kit == (e.KitIssued("foil", 3),)
    book.add(pen.withdrawn(second))
    assert book.contacts()[0].kit == (e.KitIssued("foil", 1),)


def test_a_withdrawn_contact_is_gone_whether_it_was_known_before_or_not():
    pen = Pen()
    contact = pen.contact(unfinished=True)
    undo = pen.withdrawn(contact)
    for events in ([contact, undo], [undo, contact]):
        book = Logbook(events)
        assert book.contacts() == book.contacts(date(2026, 7, 2)) == book.unfinished() == ()
        assert book.event(contact.stamp.id) is None
        assert contact.stamp.id in book.events


@pytest.mark.requirement("BC15")
def test_one_talk_recorded_twice_shows_once_with_everything_in_it():
    ann, bob = Pen(ANN), Pen(BOB, at=NOON + 60_000)
    one = ann.contact(b"C1", area="mill", practical=("food",), note="back Thursday", unfinished=True)
    other = bob.contact(
        b"C2",
        stamp=bob.stamp(counter=2),
        minutes="5_15",
        practical=("food", "phone_charge"),
        note="warm",
        person=b"P1",
    )
    merge = ann.merged(b"C2", b"C1")
    book = Logbook([one, other, merge])
    (talk,) = book.contacts(date(2026, 7, 2))
    assert (talk.id, talk.ids, talk.members) == (b"C1", (b"C1", b"C2"), (ANN, BOB))
    assert (talk.area, talk.minutes, talk.practical) == ("mill", "5_15", ("food", "phone_charge"))
    assert (talk.note, talk.notes, talk.person) == ("back Thursday", ("back Thursday", "warm"), b"P1")
    assert not talk.unfinished
    assert book.contact(b"C2") == talk
    assert book.contacts(member=BOB) == (talk,)
    book.add(ann.withdrawn(merge))
    assert [each.id for each in book.contacts()] == [b"C1", b"C2"]


def test_merges_join_through_a_record_that_is_missing():
    pen = Pen()
    book = Logbook(
        [pen.contact(b"C1"), pen.contact(b"C3"), pen.merged(b"C1", b"C2"), pen.merged(b"C2", b"C3")]
    )
    assert [talk.ids for talk in book.contacts()] == [(b"C1", b"C3")]


def test_two_different_events_with_one_id_end_the_same_on_every_device():
    pen = Pen()
    stamp = pen.stamp()
    one, other = pen.contact(b"C1", stamp=stamp), pen.contact(b"C2", stamp=stamp)
    there, here = Logbook([one, other]), Logbook([other, one])
    assert there.contacts() == here.contacts()
    assert len(there.contacts()) == 1
    assert not there.add(one)
    assert not there.add(other)


def test_adding_says_what_is_new_and_counters_go_on():
    pen = Pen()
    event = pen.contact(stamp=pen.stamp(counter=41))
    book = Logbook()
    assert book.next_counter() == 1
    assert book.add(event)
    assert not book.add(event)
    assert book.add_all([event, pen.contact(b"C2")]) == 1
    assert book.next_counter() == 43
    assert len(book) == 2
    assert "next_counter" not in repr(book)


def test_a_shift_is_open_until_it_is_ended():
    pen = Pen()
    book = Logbook([e.ShiftStarted(stamp=pen.stamp(), shift=b"S1", area="mill")])
    assert book.open_shift(ANN).shift == b"S1"
    assert book.open_shift(BOB) is None
    book.add(e.ShiftEnded(stamp=pen.stamp(), shift=b"S1"))
    assert book.open_shift(ANN) is None


def test_contacts_of_a_person_are_found_by_any_of_their_ids():
    pen = Pen()
    book = Logbook(
        [
            e.PersonMade(stamp=pen.stamp(), person=b"P1", handle="otter lantern"),
            e.PersonMade(stamp=pen.stamp(), person=b"P2", handle="heron kettle", chosen_name="Jo"),
            pen.contact(b"C1", person=b"P1"),
            pen.contact(b"C2", person=b"P2", stamp=pen.stamp(at=NOON + DAY)),
            pen.merged(b"P2", b"P1", "same_person"),
        ]
    )
    (person,) = book.people()
    assert (person.handle, person.chosen_name, person.ids) == ("otter lantern", "Jo", (b"P1", b"P2"))
    assert book.person(b"P2") == person
    assert [talk.id for talk in book.contacts_of(b"P2")] == [b"C1", b"C2"]
