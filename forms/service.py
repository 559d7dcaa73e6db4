"""One service and its parts: where it is, when it is open, and for whom, as frozen data.

Every type checks itself when it is made, whether by hand, from a file or from a pack, and raises
ValueError with the field in its first words. Field meanings follow Open Referral UK with local
fields added. `forms.services` reads and writes whole directories of these and hands the names on.

Days are inclusive: a service is still there on the day it `closes_on`, a session on its `valid_to`,
and a person of the `maximum_age` is still seen. `None` means "no limit" for ages and "not known" for
everything else; 0 is a number like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

DEFAULT_TIMEZONE = "Europe/London"
DEFAULT_SLIP_DAYS = 14

Status = Literal["active", "inactive", "temporarily_closed", "defunct", "unknown"]
SessionKind = Literal["drop_in", "appointment", "group", "phone"]
WaitingState = Literal["walk_in", "days", "list_closed", "unknown"]
Childcare = Literal["none", "on_site", "by_arrangement", "costs_paid", "unknown"]
Effect = Literal["include", "exclude"]
Criterion = Literal[
    "age",
    "primary_substance",
    "any_substance",
    "heavy_substance",
    "route",
    "ost_history",
    "ost_stable",
    "alcohol_daily",
    "pregnant",
    "area",
    "gender",
    "referral_route",
]
Operator = Literal["in", "is", "at_least", "at_most"]

# Which operator a criterion takes, so that a typing slip in a file is found on loading.
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "age": ("at_least", "at_most"),
    "primary_substance": ("in",),
    "any_substance": ("in",),
    "heavy_substance": ("in",),
    "route": ("in",),
    "ost_history": ("in",),
    "ost_stable": ("is",),
    "alcohol_daily": ("is",),
    "pregnant": ("is",),
    "area": ("in",),
    "gender": ("in",),
    "referral_route": ("in",),
}


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all rows of the directory share: frozen, named fields, nothing unknown let through."""


class Location(Record, frozen=True):
    """Where it is and how to get there. `quiet_entrance` is for the team and the slip, never published."""

    address: str = ""
    area: str | None = None
    landmark: str = ""
    bus: str = ""
    walking: str = ""
    walking_minutes: int | None = None
    travel_text: str = ""
    travel_help: str = ""
    step_free: bool | None = None
    quiet_entrance: str = ""


class DayException(Record, frozen=True):
    """One day that differs from the weekly rule: other hours, or shut when `opens` is None.

    A day that the rule does not give becomes an extra session when it has hours.
    """

    on: date
    opens: time | None = None
    closes: time | None = None
    last_arrival: time | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if (self.opens is None) != (self.closes is None):
            raise ValueError(f"the changed day {self.on} has only one of opens and closes")
        if self.opens and self.closes:
            _check_hours(self.opens, self.closes, self.last_arrival)


class Session(Record, frozen=True):
    """Recurring opening hours. `number` is small, stable, unique in its service: slips carry it.

    `rule` is an RRULE (RFC 5545) of the subset FREQ=WEEKLY or MONTHLY, INTERVAL, BYDAY, BYMONTHDAY.
    Times are local wall time; `closes` at or before `opens` is on the next day (equal: 24 hours).
    """

    number: int
    kind: SessionKind
    rule: str
    opens: time
    closes: time
    last_arrival: time | None = None
    fast_track_places: int | None = None
    women_only: bool = False
    entrance: str = ""
    note: str = ""
    staff_note: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    open_on_bank_holidays: bool = False
    exceptions: tuple[DayException, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 255:
            raise ValueError("number is not between 1 and 255")
        _check_rule(self.rule, self.valid_from)
        _check_hours(self.opens, self.closes, self.last_arrival)
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        if self.fast_track_places is not None and self.fast_track_places < 0:
            raise ValueError("fast_track_places is below 0")
        days = [exception.on for exception in self.exceptions]
        if len(set(days)) != len(days):
            raise ValueError("exceptions name the same day twice")


class Rule(Record, frozen=True):
    """One line of who a service is for.

    Include rules with the same `group` are alternatives; every group is wanted. An exclude rule that
    holds is a no. `explanation` is said to the worker as it stands; `threshold` holds the service's
    own words for "heavy". A `known_barrier` comes with a `workaround` and someone to `ring`.
    """

    effect: Effect
    criterion: Criterion
    operator: Operator
    value: bool | int | tuple[str, ...]
    explanation: str
    group: str = ""
    threshold: str = ""
    known_barrier: bool = False
    workaround: str = ""
    ring: str = ""

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS[self.criterion]:
            fitting = " or ".join(OPERATORS[self.criterion])
            raise ValueError(
                f"operator {self.operator} does not go with {self.criterion}, which takes {fitting}"
            )
        wanted = {"in": tuple, "is": bool, "at_least": int, "at_most": int}[self.operator]
        if type(self.value) is not wanted or self.value == ():
            raise ValueError(f"value does not go with the operator {self.operator}")
        if not self.explanation.strip():
            raise ValueError("explanation is empty")
        if self.known_barrier and not self.workaround.strip():
            raise ValueError("workaround is empty, and a known barrier comes with one")


class Places(Record, frozen=True):
    """Places on a programme; `available` None means not known. Grey after 14 days."""

    maximum: int
    as_of: date
    available: int | None = None


class Service(Record, frozen=True):
    """One place or programme that a person can be sent to.

    `discreet_name` is what a slip calls it. `replaced_by` is the id of the service that took over.
    `offers` holds keys such as drop_in, psychosocial, nsp, ost, lab, hat; `crack_offer` says in words
    what there is for people who use crack ("none" is an answer).
    """

    id: str
    name: str
    discreet_name: str
    status: Status
    description: str
    phone: str
    location: Location
    crack_offer: str
    sessions: tuple[Session, ...] = ()
    rules: tuple[Rule, ...] = ()
    offers: tuple[str, ...] = ()
    tier: int | None = None
    tier2_open_access: bool = False
    fast_track_accepted: bool = False
    fast_track_contact: str = ""
    young_people: bool = False
    minimum_age: int | None = None
    maximum_age: int | None = None
    programme_length: str = ""
    areas: tuple[str, ...] = ()
    childcare: Childcare = "unknown"
    children_welcome: bool | None = None
    dogs_welcome: bool | None = None
    no_id_needed: bool | None = None
    no_fixed_abode_ok: bool | None = None
    separate_from_opiate_clinic: bool | None = None
    separate_entrance: bool | None = None
    waiting_arrangement: str = ""
    waiting_state: WaitingState = "unknown"
    waiting_days: int | None = None
    waiting_as_of: date | None = None
    places: Places | None = None
    visit_frequency: str = ""
    monitoring_text: str = ""
    languages: tuple[str, ...] = ()
    interpreting: str = ""
    slip_languages: tuple[str, ...] = ()
    cultural_offer: str = ""
    champion_name: str = ""
    greeting_name: str = ""
    team_note: str = ""
    slip_valid_days: int = DEFAULT_SLIP_DAYS
    closes_on: date | None = None
    closed_reason: str = ""
    replaced_by: str | None = None
    funded_until: date | None = None
    assured_on: date | None = None
    timezone: str = DEFAULT_TIMEZONE

    def __post_init__(self) -> None:
        for name in ("id", "name", "discreet_name", "description", "crack_offer"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty")
        numbers = [session.number for session in self.sessions]
        if len(set(numbers)) != len(numbers):
            raise ValueError("number is used by two sessions")
        if self.slip_valid_days < 1:
            raise ValueError("slip_valid_days is below 1")
        ages = (self.minimum_age, self.maximum_age)
        if ages[0] is not None and ages[1] is not None and ages[0] > ages[1]:
            raise ValueError("minimum_age is above maximum_age")
        if "hat" in self.offers:  # such a programme asks a lot of a day, and the slip says so
            for name in ("visit_frequency", "monitoring_text"):
                if not getattr(self, name).strip():
                    raise ValueError(f"{name} is empty, and HAT comes with it in words")
        check_timezone(self.timezone)

    def session(self, number: int) -> Session:
        """The session with this number; KeyError when there is none."""
        for session in self.sessions:
            if session.number == number:
                return session
        raise KeyError(number)


# ── checks ──

_RULE_PART = re.compile(r"^(FREQ|INTERVAL|BYDAY|BYMONTHDAY)=([A-Z0-9,+-]+)$")
_BYDAY = re.compile(r"^([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)$")
_BYMONTHDAY = re.compile(r"^-?([1-9]|[12]\d|3[01])$")


def _check_hours(opens: time, closes: time, last_arrival: time | None) -> None:
    """A last arrival lies within the hours, which may run past midnight. Raises ValueError."""
    if any(moment and moment.tzinfo for moment in (opens, closes, last_arrival)):
        raise ValueError("opens, closes or last_arrival carry a time zone; they are local wall times")
    if last_arrival is None:
        return

    def after_opening(moment: time) -> int:
        return ((moment.hour - opens.hour) * 60 + moment.minute - opens.minute) % 1440

    if after_opening(last_arrival) > (after_opening(closes) or 1440):
        raise ValueError(f"last_arrival {last_arrival:%H:%M} is outside {opens:%H:%M} to {closes:%H:%M}")


def _check_rule(rule: str, valid_from: date | None) -> None:
    """The RRULE subset that Open Referral UK keeps. Raises ValueError."""
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        found = _RULE_PART.match(part)
        if not found or found[1] in parts:
            raise ValueError(
                f"rule holds “{part}”, which can't be read; a rule looks like FREQ=WEEKLY;BYDAY=MO,TH"
            )
        parts[found[1]] = found[2]
    monthly = parts.get("FREQ") == "MONTHLY"
    if not monthly and parts.get("FREQ") != "WEEKLY":
        raise ValueError("rule is neither FREQ=WEEKLY nor FREQ=MONTHLY")
    days = [_BYDAY.match(day) for day in parts["BYDAY"].split(",")] if "BYDAY" in parts else []
    if not all(days) or (not monthly and any(day and day[1] for day in days)):
        raise ValueError("rule has days in BYDAY that can't be read; days look like MO,TH")
    if "BYMONTHDAY" in parts:
        numbers = parts["BYMONTHDAY"].split(",")
        if not monthly or not all(_BYMONTHDAY.match(number) for number in numbers):
            raise ValueError("rule has a BYMONTHDAY that can't be read; it goes with FREQ=MONTHLY")
    elif not days:
        raise ValueError("rule names no day")
    interval = parts.get("INTERVAL", "1")
    if not interval.isdigit() or not 1 <= int(interval) <= 52:
        raise ValueError("rule has an INTERVAL that can't be read")
    if int(interval) > 1 and valid_from is None:
        raise ValueError("valid_from is missing, and a rule with an INTERVAL counts from it")


def check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"timezone “{name}” is not one that is known") from error
