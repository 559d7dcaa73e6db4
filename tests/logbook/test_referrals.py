"""Referrals: states, stamps, slips old and new, arrivals before and after their slip, and the clock."""

import pytest

from outreach.logbook import events as e
from outreach.logbook.clock import Clocks, between
from outreach.logbook.views import Logbook
from tests.logbook.events_for_tests import ANN, DAY, HOUR, NOON, Pen, token

T1, T2 = token(1, 7), token(2, 9)


def states(events: list[e.Event]) -> list[str]:
    book, seen = Logbook(), []
    for event in events:
        book.add(event)
        referral = book.referral(b"R1")
        seen.append(referral.state if referral else "")
    return seen


@pytest.mark.requirement("RS01", "RS08")
def test_a_referral_goes_from_slip_to_seat():
    pen = Pen()
    stages = ["offered", "assessed", "started", "in_at_7", "in_at_30", "in_at_90"]
    events = [pen.referral(), pen.slip(T1), pen.moved("offered"), pen.came(T1), *map(pen.moved, stages[1:])]
    expected = ["issued", "issued", "offered", "arrived", *stages[1:]]
    assert states(events) == expected
    referral = Logbook(events).referral(b"R1")
    sources = [events[at].stamp.id for at in (0, 2, 3, 4, 5, 6, 7, 8)]
    named = ("issued", "offered", "arrived", "assessed", "started", "in_at_7", "in_at_30", "in_at_90")
    assert [getattr(referral, name).event for name in named] == sources
    assert referral.reached("started")
    assert not referral.open  # nothing is due any more


@pytest.mark.requirement("FO08", "FO09", "RS13")
@pytest.mark.parametrize("aside", ["not_seen", "redirected", "said_no", "resting"])
def test_no_state_shuts_the_door(aside):
    for back in ("reopened", "assessed"):
        pen = Pen()
        events = [pen.referral(), pen.slip(T1), pen.moved(aside), pen.moved(back)]
        assert states(events)[2:] == [aside, "issued" if back == "reopened" else "assessed"]
    pen = Pen()
    start = pen.referral()
    pen.at += 20 * DAY
    events = [start, pen.slip(T1), pen.moved(aside), pen.slip(T2), pen.came(T2)]
    assert states(events) == ["issued", "issued", aside, "issued", "arrived"]
    referral = Logbook(events).referral(b"R1")
    assert referral.wait("arrived") == 20 * DAY  # the clock as it was
    assert referral in Logbook(events).open_referrals()


@pytest.mark.requirement("FO09")
def test_a_miss_stays_open_and_is_no_more_than_a_code():
    pen = Pen()
    book = Logbook(
        [pen.referral(), pen.moved("not_seen", attendance="not_seen_no_word", reasons=("too_far",))]
    )
    (referral,) = book.open_referrals()
    assert [each.code for each in referral.attendance] == ["not_seen_no_word"]
    assert referral.reasons == ("too_far",)


@pytest.mark.requirement("RS20")
def test_renewing_keeps_the_start_of_the_clock_and_both_tokens():
    pen = Pen()
    events = [pen.referral(), pen.slip(T1, valid_until=(NOON + DAY) // 1000)]
    pen.at += 3 * DAY
    book = Logbook(events)
    assert book.referral(b"R1").lapsed(NOON + 2 * DAY)
    assert not book.referral(b"R1").lapsed(NOON + HOUR)
    renewed = pen.slip(T2, valid_until=(NOON + 9 * DAY) // 1000)
    book.add(renewed)
    referral = book.referral(b"R1")
    assert (referral.token, referral.tokens, referral.issued.at) == (T2, (T1, T2), NOON)
    assert not referral.lapsed(NOON + 4 * DAY)
    assert book.referral_of_token(T1) == book.referral_of_token(T2) == referral
    book.add(pen.came(T1))  # the old one is as good
    assert book.referral(b"R1").wait("arrived") == 3 * DAY
    assert not book.referral(b"R1").lapsed(NOON + 99 * DAY)


@pytest.mark.requirement("DA01")
def test_the_first_arrival_counts_and_later_ones_are_listed():
    pen = Pen()
    events = [pen.referral(), pen.slip(T1), pen.came(T1), pen.came(T1)]
    book = Logbook(reversed(events))
    referral = book.referral(b"R1")
    assert [arrival.counts for arrival in referral.arrivals] == [True, False]
    assert referral.arrived.event == events[2].stamp.id
    assert book.arrivals("dropin") == referral.arrivals
    assert book.arrivals("clinic") == book.arrivals(since=NOON + 1) == ()
    book.add(pen.withdrawn(events[2]))
    assert [arrival.event for arrival in book.arrivals()] == [events[3].stamp.id]


@pytest.mark.requirement("DA01")
@pytest.mark.parametrize("typed", [T1, T1[:5]])
def test_an_arrival_without_a_slip_is_kept_and_joins_once_the_slip_comes(typed):
    pen = Pen()
    came = pen.came(typed)
    book = Logbook([came, e.DeskOutcome(stamp=pen.stamp(), token=typed, outcome="seen_now")])
    (alone,) = book.arrivals("dropin")
    assert (alone.referral, alone.counts, alone.outcome) == (b"", False, "seen_now")
    book.add(pen.slip(T1))
    assert book.arrivals("dropin")[0].referral == b"R1"
    assert book.referral(b"R1").issued is None  # when it was made is not known here
    assert book.referral(b"R1").wait("arrived") is None
    book.add(pen.referral(stamp=pen.stamp(counter=1, id=b"made-earlier")))
    assert book.referral(b"R1").wait("arrived") == 0
    assert book.arrival(T1).outcome == "seen_now"


def test_a_typed_code_that_fits_two_slips_is_settled_by_the_service_or_by_nobody():
    pen = Pen()
    same = token(8, 7)
    book = Logbook(
        [
            pen.referral(),
            pen.slip(T1),
            pen.referral(b"R2", service="clinic"),
            pen.slip(same, b"R2", service="clinic"),
            pen.came(T1[:5], service="clinic"),
            pen.came(T1[:5], service="elsewhere"),
        ]
    )
    assert [arrival.referral for arrival in book.arrivals()] == [b"R2", b""]
    assert [each.id for each in book.by_code(7)] == [b"R1", b"R2"]
    assert book.by_code(T1[:5]) == book.by_code(T1) == book.by_code(7)
    assert [slip.token for slip in book.slips_of_code(7)] == [T1, same]
    assert book.by_code(8) == book.by_code(b"abc") == ()


@pytest.mark.requirement("DA09", "DA02")
def test_what_a_desk_says_after_an_arrival():
    pen = Pen()
    given_time = e.DeskOutcome(stamp=pen.stamp(), token=T1, outcome="time_given", offered_for=NOON + DAY)
    left = e.DeskOutcome(stamp=pen.stamp(), token=T1, outcome="left_before_seen")
    unwell = e.DeskOutcome(stamp=pen.stamp(), token=T1, outcome="not_safe_today")
    book = Logbook([pen.referral(), pen.slip(T1), pen.came(T1), given_time, left, unwell])
    referral = book.referral(b"R1")
    assert (referral.state, referral.offered_for) == ("arrived", NOON + DAY)
    assert [each.code for each in referral.attendance] == ["came_left_before_seen", "came_not_safe_today"]
    assert book.arrival(T1).outcome == "not_safe_today"
    assert len(book.outcomes_of_token(T1)) == 3


@pytest.mark.requirement("RS05")
def test_a_desk_sees_a_name_only_while_a_permission_for_it_stands():
    pen = Pen()
    ahead = e.SentAhead(
        stamp=pen.stamp(),
        token=T1,
        service="dropin",
        permission=b"A1",
        chosen_name="Jo",
        wait_preference="outside",
    )
    for typed in (T1, T1[:5]):
        book = Logbook([pen.came(typed)])
        assert book.arrivals()[0].chosen_name == ""
        book.add(ahead)
        (arrival,) = book.arrivals()
        assert (arrival.chosen_name, arrival.wait_preference) == ("Jo", "outside")
        assert arrival == book.arrival(typed)
        book.add(e.PermissionWithdrawn(stamp=pen.stamp(), permission=b"A1"))
        assert book.arrivals()[0].chosen_name == ""
        assert book.sent_ahead(T1) is None


def test_a_permission_ends_when_it_is_taken_back_or_runs_out():
    pen = Pen()
    given = e.PermissionGiven(
        stamp=pen.stamp(),
        permission=b"A1",
        person=b"P1",
        what="name",
        to="dropin",
        why="to be greeted",
        until=NOON,
    )
    book = Logbook([given])
    (permission,) = book.permissions(b"P1")
    assert permission.holds(NOON)
    assert not permission.holds(NOON + 1)
    book.add(e.PermissionWithdrawn(stamp=pen.stamp(), permission=b"A1"))
    assert not book.permission(b"A1").holds(NOON)


def test_people_of_open_referrals():
    pen = Pen()
    ana = e.PersonMade(stamp=pen.stamp(), person=b"P1", handle="otter lantern")
    ben = e.PersonMade(stamp=pen.stamp(), person=b"P2", handle="heron kettle")
    referrals = [pen.referral(b"R1", person=b"P1"), pen.referral(b"R2", person=b"P2"), pen.referral(b"R3")]
    book = Logbook([*referrals, ben, ana])
    assert [person.handle for person in book.people_of_open_referrals()] == ["otter lantern", "heron kettle"]
    book.add(pen.moved("resting", b"R1"))
    assert [person.handle for person in book.people_of_open_referrals()] == ["heron kettle"]
    assert [referral.id for referral in book.referrals_of(b"P1")] == [b"R1"]
    book.add(pen.merged(b"P1", b"P2", "same_person"))
    assert [referral.id for referral in book.referrals_of(b"P1")] == [b"R1", b"R2"]


def test_a_withdrawn_referral_is_gone_although_its_slip_is_there():
    pen = Pen()
    made, slip = pen.referral(), pen.slip(T1)
    book = Logbook([slip, made])
    assert book.referrals()
    book.add(pen.withdrawn(made))
    assert book.referrals() == book.open_referrals() == ()
    assert book.referral_of_token(T1) is None


@pytest.mark.requirement("RS13")
def test_offers_are_kept_with_their_answers():
    pen = Pen()
    offers = [
        e.OfferMade(stamp=pen.stamp(), service="dropin", answer="not_today", person=b"P1"),
        e.OfferMade(stamp=pen.stamp(), service="dropin", answer="yes", person=b"P2"),
    ]
    book = Logbook([*reversed(offers), pen.merged(b"P1", b"P2", "same_person")])
    assert [offer.answer for offer in book.offers(b"P1")] == ["not_today", "yes"]


# --- the clock -----------------------------------------------------------------------------


def wait(start: e.Stamp, end: e.Stamp, *others: e.Stamp, on: int = 0) -> int | None:
    clocks = Clocks()
    for stamp in (start, end, *others):
        clocks.watch(stamp)
    return between(clocks.moment(start), clocks.moment(end, on))


@pytest.mark.requirement("RS02")
def test_in_one_boot_the_monotonic_clock_counts_whatever_the_wall_clock_did():
    pen = Pen()
    start = pen.stamp(boot=b"b", monotonic=HOUR)
    end = pen.stamp(boot=b"b", monotonic=3 * HOUR, at=NOON - 400 * DAY)
    assert wait(start, end) == 2 * HOUR
    assert wait(end, start) is None


@pytest.mark.requirement("RS02", "FO15")
def test_a_wait_that_can_not_be_known_is_unknown():
    pen = Pen()
    start, later = pen.stamp(), pen.stamp(at=NOON + DAY, member=b"desk", device=b"tablet")
    assert wait(start, later) == DAY
    assert between(None, Clocks().moment(start)) is None
    assert wait(later, start) is None  # backwards
    assert wait(start, pen.stamp(at=NOON + DAY, late=True)) is None  # a guess from paper
    assert wait(pen.stamp(at=5_000), later) is None  # woke up in 1970
    assert wait(start, later, on=NOON + 2 * DAY) == 2 * DAY  # told, and so compared by the wall


@pytest.mark.requirement("RS02")
def test_a_wall_clock_that_was_moved_compares_with_nothing():
    pen = Pen()
    start = pen.stamp(boot=b"b", monotonic=HOUR)
    end = pen.stamp(at=NOON + DAY, device=b"tablet")
    steady = pen.stamp(boot=b"b", monotonic=2 * HOUR, at=NOON + HOUR + 20_000)
    moved = pen.stamp(boot=b"b", monotonic=2 * HOUR, at=NOON + 3 * DAY)
    assert wait(start, end, steady) == DAY
    assert wait(start, end, moved) is None


def test_a_moved_clock_that_shows_later_changes_waits_that_were_known():
    pen = Pen()
    made = pen.referral(stamp=pen.stamp(boot=b"b", monotonic=HOUR))
    came = pen.came(T1, stamp=pen.stamp(at=NOON + DAY, device=b"tablet"))
    book = Logbook([made, pen.slip(T1), came])
    assert book.referral(b"R1").wait("arrived") == DAY
    book.add(pen.contact(stamp=pen.stamp(boot=b"b", monotonic=2 * HOUR, at=NOON + 5 * DAY)))
    assert book.referral(b"R1").wait("arrived") is None


def test_nothing_of_a_person_is_in_the_repr_of_a_logbook():
    pen = Pen()
    book = Logbook([e.PersonMade(stamp=pen.stamp(), person=b"P1", handle="otter lantern", chosen_name="Jo")])
    assert "otter" not in repr(book)
    assert ANN.decode() not in repr(book)
