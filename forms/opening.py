"""When a place is open, in its own local time: now, next, and in words.

Sessions recur (`Session.rule`) in wall time of the service's time zone; single days differ through
exceptions. An `Occurrence` is one such opening with aware local datetimes. Everything here is a pure
function of the directory and of the moment that is handed in, so it works with no network.

Clocks: a session from 9 to 12 is from 9 to 12 on the wall in summer and winter. Where the wall time
does not exist (clocks go forward) it is the moment that follows; where it exists twice (clocks go
back) it is the first. Moments are compared as instants, never as wall times. A session that closes
at or before its opening time closes on the next day, and belongs to the day on which it opened.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from forms.services import DEFAULT_TIMEZONE, DayException, Service, Session

HORIZON_DAYS = 400  # how far ahead "next open" looks: past every yearly gap
CHECK_BY_PHONE_DAYS = 90  # an entry not looked at for longer is worth a call first

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One opening of one session. `start`, `end` and `last_arrival` are aware, in local time.

    `last_arrival` is the end where the session sets none. `day` is the date on which it opens.
    """

    session: Session
    day: date
    start: datetime
    end: datetime
    last_arrival: datetime
    note: str = ""

    def contains(self, at: datetime) -> bool:
        """Whether the doors are open at this moment: from start up to, not including, the end."""
        return instant(self.start) <= instant(at) < instant(self.end)

    def can_arrive(self, at: datetime) -> bool:
        """Whether someone who walks in at this moment is still seen."""
        return self.contains(at) and instant(at) <= instant(self.last_arrival)


def instant(at: datetime) -> datetime:
    """The moment in UTC. Two datetimes of one zone compare as wall times, which misleads at clock changes.

    Raises:
        ValueError: the datetime carries no time zone.
    """
    if at.utcoffset() is None:
        raise ValueError("a moment without a time zone can't be compared with opening times")
    return at.astimezone(UTC)


def occurrences(
    session: Session, start: datetime, end: datetime, timezone: str = DEFAULT_TIMEZONE
) -> Iterator[Occurrence]:
    """The openings of a session that overlap the time from `start` up to `end`, soonest first."""
    zone = ZoneInfo(timezone)
    first = start.astimezone(zone).date() - _LONGEST
    last = end.astimezone(zone).date()
    for day, exception in _days(session, first, last):
        found = _occurrence(session, day, exception, zone)
        if found and instant(found.end) > instant(start) and instant(found.start) < instant(end):
            yield found


def open_now(
    service: Service, at: datetime, which: Callable[[Session], bool] | None = None
) -> Occurrence | None:
    """The opening that is on at this moment, the longest if there are several; None when shut.

    `which` narrows it to some sessions (women-only ones for a woman, say).
    """
    moment = instant(at)
    found = [
        occurrence
        for occurrence in service_occurrences(service, at, moment + timedelta(microseconds=1), which)
        if occurrence.contains(at)
    ]
    return max(found, key=lambda each: (each.can_arrive(at), instant(each.end)), default=None)


def next_open(
    service: Service, at: datetime, which: Callable[[Session], bool] | None = None
) -> Occurrence | None:
    """The first opening that starts after this moment, within 400 days; None when there is none."""
    horizon = instant(at) + timedelta(days=HORIZON_DAYS)
    for occurrence in service_occurrences(service, at, horizon, which):
        if instant(occurrence.start) > instant(at):
            return occurrence
    return None


def soonest(
    service: Service, at: datetime, which: Callable[[Session], bool] | None = None
) -> Occurrence | None:
    """The first opening at which someone can still arrive: the one that is on, or else the next."""
    now = open_now(service, at, which)
    return now if now and now.can_arrive(at) else next_open(service, at, which)


def service_occurrences(
    service: Service, start: datetime, end: datetime, which: Callable[[Session], bool] | None = None
) -> Iterator[Occurrence]:
    """All openings of a service that overlap a time, soonest first; none on days it can't be chosen."""
    sessions = [session for session in service.sessions if which is None or which(session)]
    streams = [occurrences(session, start, end, service.timezone) for session in sessions]
    for occurrence in heapq.merge(*streams, key=lambda each: instant(each.start)):
        if can_be_chosen(service, occurrence.day)[0]:
            yield occurrence


def can_be_chosen(service: Service, on: date) -> tuple[bool, str]:
    """Whether a person can be sent here on this day, and the reason or the warning as a sentence.

    Closed is closed from the day after `closes_on`; an unknown state is checked by phone first
    (Open Referral imports leave shut places marked as there). The sentence is empty when there is
    nothing to say.
    """
    name, ring = service.name, f" Ring {service.phone} first." if service.phone else ""
    closed = service.closes_on is not None and on > service.closes_on
    if closed or service.status == "defunct":
        when = f" on {day_words(service.closes_on, year=True)}" if service.closes_on else ""
        why = f": {service.closed_reason}" if service.closed_reason else ""
        return False, f"{name} closed{when}{why}."
    if service.status in ("inactive", "temporarily_closed"):
        return False, f"{name} is shut for now.{ring}"
    if service.status == "unknown":
        return False, f"It is not known if {name} is open.{ring}"
    if service.closes_on is not None:
        return True, f"{name} is there until {day_words(service.closes_on, year=True)} and closes after that."
    if service.assured_on is not None and (on - service.assured_on).days > CHECK_BY_PHONE_DAYS:
        return True, f"Last checked on {day_words(service.assured_on, year=True)}.{ring}"
    if service.assured_on is None:
        return True, f"Nobody has checked this entry yet.{ring}"
    return True, ""


def end_of_day(day: date, timezone: str = DEFAULT_TIMEZONE) -> datetime:
    """The last second of a local day, so that a date printed from it is that day."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(timezone))


# ── in words ──


def words(occurrence: Occurrence, now: datetime) -> str:
    """Such as "Open now until 12" or "Next: Friday 4 December, 9 to 12" (today and tomorrow by name)."""
    if occurrence.contains(now):
        until = time_words(occurrence.end, now)
        if not occurrence.can_arrive(now):
            return f"Open now until {until}, last arrival was {time_words(occurrence.last_arrival, now)}"
        if occurrence.last_arrival == occurrence.end:
            return f"Open now until {until}"
        return f"Open now until {until}, last arrival {time_words(occurrence.last_arrival, now)}"
    today = now.astimezone(occurrence.start.tzinfo).date()
    days = (occurrence.day - today).days
    if days in (0, 1):
        return f"Next: {('today', 'tomorrow')[days]}, {hours_words(occurrence)}"
    lead = "Next: " if days > 0 else ""
    day = day_words(occurrence.day, year=occurrence.day.year != today.year)
    return f"{lead}{day}, {hours_words(occurrence)}"


def hours_words(occurrence: Occurrence) -> str:
    """Such as "9 to 12", "1pm to 4.30pm" or "10pm to 2am"."""
    start, end = occurrence.start, occurrence.end
    plain = _morning(start) and _morning(end) and start.date() == end.date()
    return f"{_clock(start, plain)} to {_clock(end, plain)}"


def time_words(at: datetime, now: datetime | None = None) -> str:
    """A time of day; without am and pm when both it and `now` lie in the same morning, up to noon."""
    local_now = now.astimezone(at.tzinfo) if now else at
    return _clock(at, _morning(at) and local_now.date() == at.date() and local_now.hour < 12)


def day_words(day: date, *, year: bool = False) -> str:
    """Such as "Friday 4 December", with the year when asked."""
    tail = f" {day.year}" if year else ""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}{tail}"


def _morning(at: datetime) -> bool:
    return time(6) <= at.time() <= time(12)


def _clock(at: datetime, plain: bool) -> str:
    if not plain and at.minute == 0 and at.hour in (0, 12):
        return "noon" if at.hour else "midnight"
    hour = at.hour % 12 or 12
    minute = f".{at.minute:02}" if at.minute else ""
    return f"{hour}{minute}{'' if plain else 'am' if at.hour < 12 else 'pm'}"


# ── from rule to days ──


def _days(session: Session, first: date, last: date) -> Iterator[tuple[date, DayException | None]]:
    """The days from first to last on which the session opens, in order, with what differs on them."""
    if session.valid_from:
        first = max(first, session.valid_from)
    if session.valid_to:
        last = min(last, session.valid_to)
    exceptions = {exception.on: exception for exception in session.exceptions}
    extra = (day for day in sorted(exceptions) if first <= day <= last and exceptions[day].opens)
    previous: date | None = None
    for day in heapq.merge(_rule_days(session, first, last), extra):
        exception = exceptions.get(day)
        if day != previous and (exception is None or exception.opens):
            yield day, exception
        previous = day


def _rule_days(session: Session, first: date, last: date) -> Iterator[date]:
    if first > last:
        return
    # With an interval, weeks and months are counted from valid_from; without one any start will do,
    # and a near one saves dateutil the walk from the past.
    anchor = session.valid_from if "INTERVAL" in session.rule and session.valid_from else first
    rule = rrulestr(session.rule, dtstart=datetime.combine(anchor, time()))
    assert isinstance(rule, rrule)
    for found in rule.xafter(datetime.combine(first, time()), inc=True):
        if found.date() > last:
            return
        yield found.date()


def _occurrence(
    session: Session, day: date, exception: DayException | None, zone: ZoneInfo
) -> Occurrence | None:
    opens, closes, last_arrival = session.opens, session.closes, session.last_arrival
    note = session.note
    if exception and exception.opens and exception.closes:
        opens, closes, last_arrival = exception.opens, exception.closes, exception.last_arrival
        note = exception.note or note

    def moment(wall: time, *, after: time | None = None) -> datetime:
        over = timedelta(days=1) if after is not None and wall <= after else timedelta(0)
        return datetime.combine(day + over, wall, zone).astimezone(UTC).astimezone(zone)

    start, end = moment(opens), moment(closes, after=opens)
    if instant(end) <= instant(start):  # the hours fall into the gap when clocks go forward
        return None
    if last_arrival is None:
        last = end
    elif last_arrival == opens:
        last = start
    else:
        last = moment(last_arrival, after=opens)
    return Occurrence(session, day, start, end, last, note)
