"""Opening times: now, next, clock changes, midnight, single days, and the words for them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms.opening import (
    can_be_chosen,
    day_words,
    end_of_day,
    hours_words,
    instant,
    next_open,
    occurrences,
    open_now,
    soonest,
    words,
)
from forms.services import DayException, Location, Service, Session, example

LONDON = ZoneInfo("Europe/London")


def at(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=LONDON, fold=fold)


def session(rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", opens="09:00", closes="12:00", **more) -> Session:
    more.setdefault("number", 1)
    return Session(
        kind="drop_in", rule=rule, opens=time.fromisoformat(opens), closes=time.fromisoformat(closes), **more
    )


def service(*sessions: Session, **more) -> Service:
    plain = {
        "id": "place",
        "name": "The Place",
        "discreet_name": "The Place",
        "status": "active",
        "description": "A place.",
        "phone": "01632 960190",
        "location": Location(),
        "crack_offer": "none",
        "assured_on": date(2026, 11, 1),
    }
    return Service(**{**plain, **more}, sessions=sessions)


@pytest.mark.requirement("DE06", "RS03")
def test_open_now_and_next_open_of_a_twice_weekly_drop_in():
    place = service(session("FREQ=WEEKLY;BYDAY=TU,FR", "13:00", "16:00"))
    friday = at(2026, 12, 4, 14, 30)
    assert open_now(place, friday).end == at(2026, 12, 4, 16)
    assert open_now(place, at(2026, 12, 4, 12, 59)) is None
    assert open_now(place, at(2026, 12, 4, 13)) is not None
    assert open_now(place, at(2026, 12, 4, 16)) is None
    assert next_open(place, friday).start == at(2026, 12, 8, 13)
    assert next_open(place, at(2026, 12, 8, 16)).start == at(2026, 12, 11, 13)


@pytest.mark.requirement("DE21")
def test_last_arrival_decides_where_someone_is_sent():
    place = service(session(last_arrival=time(11, 30)))
    assert soonest(place, at(2026, 12, 2, 11, 30)).day == date(2026, 12, 2)
    late = at(2026, 12, 2, 11, 31)
    assert open_now(place, late).contains(late)
    assert not open_now(place, late).can_arrive(late)
    assert soonest(place, late).day == date(2026, 12, 3)


@pytest.mark.requirement("DE06", "DE21")
def test_bank_holidays_are_shut_or_have_their_own_hours():
    directory = example()
    quay, yard = directory.service("quay"), directory.service("yard")
    assert next_open(quay, at(2026, 12, 25, 0)).day == date(2026, 12, 31)  # Monday 28 is a bank holiday
    christmas = next_open(yard, at(2026, 12, 25, 0))
    assert (christmas.start, christmas.end) == (at(2026, 12, 25, 10), at(2026, 12, 25, 14))
    assert christmas.last_arrival == at(2026, 12, 25, 13, 30)
    assert "meal" in christmas.note
    around = occurrences(yard.session(1), at(2026, 12, 24, 0), at(2026, 12, 27, 0))
    assert [each.day.day for each in around] == [24, 25, 26]
    assert [o.day for o in occurrences(yard.session(2), at(2026, 12, 24, 0), at(2026, 12, 30, 0))] == [
        date(2026, 12, 24),
        date(2026, 12, 29),
    ]


def test_an_extra_day_that_the_rule_does_not_give():
    extra = DayException(on=date(2026, 12, 6), opens=time(15), closes=time(17))
    place = service(session("FREQ=WEEKLY;BYDAY=MO", exceptions=(extra,)))
    assert next_open(place, at(2026, 12, 5, 9)).start == at(2026, 12, 6, 15)
    assert next_open(place, at(2026, 12, 6, 17)).start == at(2026, 12, 7, 9)


@pytest.mark.requirement("DE06")
@pytest.mark.parametrize(
    ("day", "offset"),
    [((2026, 10, 24), 1), ((2026, 10, 25), 0), ((2027, 3, 27), 0), ((2027, 3, 28), 1)],
)
def test_nine_is_nine_on_the_wall_on_both_sides_of_a_clock_change(day, offset):
    place = service(session())
    found = next_open(place, at(*day, 0, 30))
    assert found.start.time() == time(9)
    assert found.start.utcoffset() == timedelta(hours=offset)
    assert instant(found.end) - instant(found.start) == timedelta(hours=3)


@pytest.mark.requirement("DE06")
def test_a_night_is_an_hour_longer_or_shorter_when_clocks_change():
    place = service(session(opens="22:00", closes="03:00"))

    def length(found):
        return instant(found.end) - instant(found.start)

    assert length(next_open(place, at(2026, 10, 24, 12))) == timedelta(hours=6)
    assert length(next_open(place, at(2027, 3, 27, 12))) == timedelta(hours=4)
    # 01:30 comes twice that night: both are inside, and neither opens a second session.
    for fold in (0, 1):
        moment = at(2026, 10, 25, 1, 30, fold=fold)
        assert open_now(place, moment).day == date(2026, 10, 24)
        assert next_open(place, moment).day == date(2026, 10, 25)


def test_hours_inside_the_missing_hour():
    gap = at(2027, 3, 27, 12)
    moved = next_open(service(session(opens="01:15", closes="01:45")), gap)
    assert (moved.day, moved.start.time(), moved.end.time()) == (date(2027, 3, 28), time(2, 15), time(2, 45))
    swallowed = service(session(opens="01:30", closes="02:00"))
    assert next_open(swallowed, gap).day == date(2027, 3, 29)


def test_after_midnight_the_night_before_is_still_on():
    place = service(session("FREQ=WEEKLY;BYDAY=FR", "22:00", "02:00", last_arrival=time(1, 30)))
    found = open_now(place, at(2026, 12, 5, 1))
    assert found.day == date(2026, 12, 4)
    assert found.last_arrival == at(2026, 12, 5, 1, 30)
    assert open_now(place, at(2026, 12, 5, 2)) is None
    whole = service(session("FREQ=WEEKLY;BYDAY=FR", "08:00", "08:00"))
    assert open_now(whole, at(2026, 12, 5, 7, 59)) is not None


def test_every_second_week_counts_from_valid_from():
    fortnight = session("FREQ=WEEKLY;BYDAY=WE;INTERVAL=2", valid_from=date(2026, 11, 4))
    days = [o.day for o in occurrences(fortnight, at(2026, 11, 1), at(2026, 12, 31))]
    assert days == [date(2026, 11, 4) + timedelta(days=14 * n) for n in range(5)]
    assert [o.day for o in occurrences(fortnight, at(2026, 12, 8), at(2026, 12, 31))] == days[3:]


def test_monthly_rules():
    first_monday = session("FREQ=MONTHLY;BYDAY=1MO")
    days = [o.day for o in occurrences(first_monday, at(2026, 11, 10), at(2027, 1, 31))]
    assert days == [date(2026, 12, 7), date(2027, 1, 4)]
    last_day = session("FREQ=MONTHLY;BYMONTHDAY=-1")
    assert next_open(service(last_day), at(2027, 2, 10)).day == date(2027, 2, 28)


def test_the_range_of_a_session_is_inclusive():
    short = service(session(valid_from=date(2026, 12, 2), valid_to=date(2026, 12, 3)))
    assert next_open(short, at(2026, 11, 1)).day == date(2026, 12, 2)
    assert next_open(short, at(2026, 12, 2, 12)).day == date(2026, 12, 3)
    assert next_open(short, at(2026, 12, 3, 9)) is None


def test_several_sessions_merge_soonest_first_and_can_be_narrowed():
    yard = example().service("yard")
    wednesday = at(2026, 12, 2, 12, 15)
    assert next_open(yard, wednesday).session.number == 3
    assert next_open(yard, wednesday, lambda each: not each.women_only).session.number == 2


@pytest.mark.requirement("DE12", "RS19")
def test_a_closing_service_is_open_on_its_last_day_and_not_after():
    place = service(session(), closes_on=date(2026, 12, 4), closed_reason="the lease ended")
    last, after = date(2026, 12, 4), date(2026, 12, 5)
    assert can_be_chosen(place, last)[0]
    assert "until Friday 4 December 2026" in can_be_chosen(place, last)[1]
    assert can_be_chosen(place, after) == (
        False,
        "The Place closed on Friday 4 December 2026: the lease ended.",
    )
    assert open_now(place, at(2026, 12, 4, 10)) is not None
    assert open_now(place, at(2026, 12, 5, 10)) is None
    assert next_open(place, at(2026, 12, 4, 12)) is None


@pytest.mark.requirement("RS19")
@pytest.mark.parametrize(
    ("status", "piece"),
    [
        ("unknown", "not known"),
        ("inactive", "shut for now"),
        ("temporarily_closed", "shut for now"),
        ("defunct", "closed"),
    ],
)
def test_only_an_active_service_can_be_chosen(status, piece):
    place = service(session(), status=status)
    possible, reason = can_be_chosen(place, date(2026, 12, 4))
    assert not possible
    assert piece in reason
    assert next_open(place, at(2026, 12, 1)) is None
    if status == "unknown":
        assert "Ring 01632 960190 first." in reason


def test_an_entry_not_checked_for_ninety_days_asks_for_a_call():
    place = service(session(), assured_on=date(2026, 9, 1))
    assert can_be_chosen(place, date(2026, 11, 30)) == (True, "")
    possible, reason = can_be_chosen(place, date(2026, 12, 1))
    assert possible
    assert reason == "Last checked on Tuesday 1 September 2026. Ring 01632 960190 first."
    assert "checked" in can_be_chosen(service(session(), assured_on=None), date(2026, 12, 1))[1]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (at(2026, 12, 4, 10), "Open now until 12"),
        (at(2026, 12, 4, 8, 59), "Next: today, 9 to 12"),
        (at(2026, 12, 3, 23), "Next: tomorrow, 9 to 12"),
        (at(2026, 12, 1, 9), "Next: Friday 4 December, 9 to 12"),
    ],
)
def test_words_for_an_opening(now, said):
    place = service(session("FREQ=WEEKLY;BYDAY=FR"))
    assert words(open_now(place, now) or next_open(place, now), now) == said


def test_words_name_the_year_and_the_last_arrival_where_they_matter():
    place = service(session("FREQ=WEEKLY;BYDAY=FR", last_arrival=time(11, 30)))
    new_year = at(2026, 12, 28, 9)
    assert words(next_open(place, new_year), new_year) == "Next: Friday 1 January 2027, 9 to 12"
    now = at(2026, 12, 4, 11)
    assert words(open_now(place, now), now) == "Open now until 12, last arrival 11.30"
    late = at(2026, 12, 4, 11, 45)
    assert words(open_now(place, late), late) == "Open now until 12, last arrival was 11.30"


@pytest.mark.parametrize(
    ("opens", "closes", "said"),
    [
        ("09:00", "12:00", "9 to 12"),
        ("09:30", "12:00", "9.30 to 12"),
        ("13:00", "16:30", "1pm to 4.30pm"),
        ("09:00", "17:00", "9am to 5pm"),
        ("22:00", "02:00", "10pm to 2am"),
        ("12:00", "00:00", "noon to midnight"),
        ("04:00", "08:00", "4am to 8am"),
    ],
)
def test_hours_can_be_read_one_way_only(opens, closes, said):
    found = next_open(service(session(opens=opens, closes=closes)), at(2026, 12, 1, 0))
    assert hours_words(found) == said


def test_day_words_and_the_end_of_a_day():
    assert day_words(date(2026, 12, 4)) == "Friday 4 December"
    end = end_of_day(date(2026, 12, 4))
    assert end.date() == date(2026, 12, 4)
    assert instant(end) + timedelta(seconds=1) == instant(at(2026, 12, 5))


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        open_now(service(session()), datetime(2026, 12, 1))  # noqa: DTZ001


def test_another_zone_and_another_clock_give_the_same_answer():
    place = service(session(), timezone="Europe/Dublin")
    moment = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)  # 9.30 there
    assert open_now(place, moment).start.time() == time(9)
    assert open_now(place, moment.astimezone(ZoneInfo("America/New_York"))) == open_now(place, moment)


# ── laws ──

MOMENTS = st.datetimes(
    at(2026, 1, 1).replace(tzinfo=None),
    at(2028, 12, 31).replace(tzinfo=None),
    timezones=st.sampled_from([LONDON, UTC]),
)
WALL = st.times().map(lambda each: each.replace(second=0, microsecond=0))
DAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, unique=True)


@st.composite
def sessions(draw, number=1):
    opens, closes = draw(WALL), draw(WALL)
    near = st.dates(date(2026, 1, 1), date(2028, 12, 31))
    changed = draw(st.lists(near, max_size=4, unique=True))
    return Session(
        number=number,
        kind="drop_in",
        rule=f"FREQ=WEEKLY;BYDAY={','.join(draw(DAYS))}",
        opens=opens,
        closes=closes,
        exceptions=tuple(
            DayException(
                on=day, **({"opens": draw(WALL), "closes": draw(WALL)} if draw(st.booleans()) else {})
            )
            for day in changed
        ),
        valid_to=draw(st.none() | near),
    )


PLACES = st.builds(
    lambda first, second, closes_on: service(
        first, msgspec.structs.replace(second, number=2), closes_on=closes_on
    ),
    sessions(),
    sessions(),
    st.none() | st.dates(date(2026, 6, 1), date(2028, 6, 1)),
)


@pytest.mark.requirement("DE06", "RS03")
@settings(max_examples=120, deadline=None)
@given(PLACES, MOMENTS)
def test_next_open_is_never_before_and_open_now_is_now(place, moment):
    now, following = open_now(place, moment), next_open(place, moment)
    if now:
        assert instant(now.start) <= instant(moment) < instant(now.end)
        assert can_be_chosen(place, now.day)[0]
    if following:
        assert instant(following.start) > instant(moment)
        assert instant(following.start) <= instant(following.last_arrival) <= instant(following.end)
        assert instant(following.start) < instant(following.end)
        # At its start it is what is open; just before, it is still what comes next.
        opened = open_now(place, following.start)
        assert opened is not None
        before = next_open(place, following.start.astimezone(UTC) - timedelta(seconds=1))
        assert before is not None
        assert instant(before.start) == instant(following.start)


@settings(max_examples=60, deadline=None)
@given(sessions(), MOMENTS, st.integers(1, 20))
def test_occurrences_come_in_order_once_a_day_and_overlap_the_range(one, moment, days):
    end = moment.astimezone(UTC) + timedelta(days=days)
    found = list(occurrences(one, moment, end))
    assert [each.day for each in found] == sorted({each.day for each in found})
    for each in found:
        assert instant(each.end) > instant(moment)
        assert instant(each.start) < instant(end)
        assert one.valid_to is None or each.day <= one.valid_to
        assert not any(e.on == each.day and e.opens is None for e in one.exceptions)
    whole = list(occurrences(one, moment - timedelta(days=9), end + timedelta(days=9)))
    assert found == [o for o in whole if instant(o.end) > instant(moment) and instant(o.start) < instant(end)]
