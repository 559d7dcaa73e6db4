"""When a slip is good, in words: the days of a session, its hours, and the soonest time.

Paper outlives the evening it was printed on, so days have their names and dates here, never "today".
"""

from datetime import date, datetime, timedelta

from forms.opening import Occurrence, day_words, hours_words, instant, occurrences, service_occurrences
from forms.services import Service, Session

_WEEKDAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_WORKDAYS = ["MO", "TU", "WE", "TH", "FR"]


def times(service: Service, session: Session | None, now: datetime, until: datetime) -> tuple[str, str, str]:
    """Days, hours and the soonest time, as three texts; the last two may be empty.

    `session` None means any session of the service. `now` and `until` are aware, `until` in the
    service's own time zone.
    """
    end = max(instant(until), instant(now)) + timedelta(seconds=1)
    if session is None:
        found = [each for each in service_occurrences(service, now, end) if each.start <= until]
    else:
        found = [each for each in occurrences(session, now, end, service.timezone) if each.start <= until]
    today = now.astimezone(until.tzinfo).date()
    last = day(until.date(), today)
    coming = [each for each in found if instant(each.last_arrival) > instant(now)]
    soonest = f"Soonest: {_at(coming[0], today)}." if coming else ""
    if session is None:
        return f"Until {last}", "", soonest
    days = _weekly(session)
    hours = _hours(session, coming)
    if not days:
        days = _listed([day(each.day, today) for each in coming[:4]])
        return (days or f"Until {last}"), hours, ""
    # Public holidays stand in every session; only those on its own days say something here.
    shut = [
        each.on
        for each in sorted(session.exceptions, key=lambda each: each.on)
        if each.opens is None
        and today <= each.on <= until.date()
        and list(_WEEKDAYS)[each.on.weekday()] in session.rule.partition("BYDAY=")[2]
    ]
    but = f", not on {_listed([day(on, today) for on in shut[:4]])}" if shut else ""
    if days == "Any day" and not shut:
        soonest = ""
    elif hours and coming and hours_words(coming[0]) == hours:
        soonest = f"Soonest: {day(coming[0].day, today)}."
    return f"{days} until {last}{but}", hours, soonest


def _weekly(session: Session) -> str:
    """`Any day`, `Monday to Friday`, `Tuesdays and Fridays`; "" for a rule that is not plainly weekly."""
    rule = dict(part.split("=") for part in session.rule.split(";"))
    if rule.get("FREQ") != "WEEKLY" or rule.get("INTERVAL", "1") != "1":
        return ""
    named = [day for day in _WEEKDAYS if day in rule["BYDAY"].split(",")]
    if len(named) == 7:
        return "Any day"
    if named == _WORKDAYS:
        return "Monday to Friday"
    return _listed([f"{_WEEKDAYS[day]}s" for day in named])


def _hours(session: Session, coming: list[Occurrence]) -> str:
    """The usual hours, and the days of the slip's life that differ from them."""
    usual = [
        each for each in coming if each.start.time() == session.opens and each.end.time() == session.closes
    ]
    if not usual:
        return ""
    hours = hours_words(usual[0])
    other = [f"{day_words(each.day)}: {hours_words(each)}" for each in coming if hours_words(each) != hours]
    return ". ".join([hours, *other[:3]])


def _at(occurrence: Occurrence, today: date) -> str:
    return f"{day(occurrence.day, today)}, {hours_words(occurrence)}"


def day(on: date, today: date) -> str:
    return day_words(on, year=on.year != today.year)


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else " and ".join([", ".join(items[:-1]), items[-1]]) if items else ""
