"""Where a person could be seen soonest: places in order, the next best one, and how long a slip lasts.

`best` puts all places that can be chosen in order, and while there is one it never gives an empty
list: when no place says yes or maybe, open access is offered as the next best, with the reason.
`shut` lists the places that can't be chosen and what took over from them. Whether a place is for
someone is `match` (see `forms.eligibility`, whose names are handed on here).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from forms.eligibility import (
    WEIGHT,
    Facts,
    Match,
    Reason,
    Substance,
    Verdict,
    match,
    may_be_under_18,
    prompts,
    said,
    session_suits,
)
from forms.opening import Occurrence, can_be_chosen, end_of_day, instant, soonest
from forms.services import Directory, Service, Session

__all__ = [
    "Facts",
    "Match",
    "Ranked",
    "Reason",
    "Shut",
    "Substance",
    "Verdict",
    "best",
    "instead_of",
    "local_date",
    "match",
    "may_be_under_18",
    "narrowed",
    "places_words",
    "prompts",
    "session_suits",
    "shut",
    "soonest_for",
    "valid_until",
    "waiting_words",
    "while_you_wait",
]

Want = Literal["children", "childcare", "dogs", "step_free", "no_id"]

STALE_PLACES_DAYS = 14  # a count of places older than this is shown grey


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place in the list. `occurrence` is when the person can be seen there, None if not known.

    `next_best` marks a place that is offered because no place says yes or maybe; `why` says so.
    """

    service: Service
    match: Match
    occurrence: Occurrence | None
    next_best: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Shut:
    """A place that can't be chosen, why, and the place that took over from it if there is one."""

    service: Service
    reason: str
    instead: Service | None


def soonest_for(service: Service, facts: Facts, at: datetime) -> Occurrence | None:
    """The first opening at which this person can be seen; sessions that might not suit come last."""
    for wanted in (("yes",), ("yes", "maybe")):
        found = soonest(service, at, _suiting(facts, wanted))
        if found:
            return found
    return None


def best(directory: Directory, facts: Facts, at: datetime, *, fast_track: bool = True) -> tuple[Ranked, ...]:
    """Every place that can be chosen at this moment, the one to go to first.

    Places that say yes or maybe come before those that say no. For a fast track, open access comes
    first (NECTOS: daily open access drop-in); then whoever can see the person soonest, then the
    nearer. Someone who may be under 18 gets young people's services first. When no place says yes or
    maybe, open access is offered as the next best, or failing that the soonest, with the reason.
    """
    ranked = []
    for service in directory.services:
        on = local_date(service, at)
        if can_be_chosen(service, on)[0]:
            ranked.append(Ranked(service, match(service, facts, on), soonest_for(service, facts, at)))
    ranked.sort(key=lambda each: _order(each, facts, at, fast_track))
    if not ranked or any(each.match.verdict != "no" for each in ranked):
        return tuple(ranked)
    return _next_best(ranked)


def instead_of(directory: Directory, service_id: str, facts: Facts, at: datetime) -> tuple[Ranked, ...]:
    """Where else, when one place is shut or says no: what took over from it first, then as `best`.

    Raises:
        KeyError: no service has this id.
    """
    replacement = directory.service(service_id).replaced_by
    others = [each for each in best(directory, facts, at) if each.service.id != service_id]
    if others and not any(each.next_best or each.match.verdict != "no" for each in others):
        others = list(_next_best(others))
    return tuple(sorted(others, key=lambda each: each.service.id != replacement))


def narrowed(found: Iterable[Ranked], wants: Iterable[Want]) -> tuple[Ranked, ...]:
    """The places that have all of these, in the same order; one that does not say stays in the list."""
    wanted = [_HAS[want] for want in wants]
    return tuple(each for each in found if all(has(each.service) is not False for has in wanted))


def shut(directory: Directory, at: datetime) -> tuple[Shut, ...]:
    """The places that can't be chosen at this moment, kept readable because old referrals name them."""
    found = []
    for service in directory.services:
        possible, reason = can_be_chosen(service, local_date(service, at))
        if not possible:
            instead = directory.service(service.replaced_by) if service.replaced_by else None
            told = f"{reason} {instead.name} took over." if instead else reason
            found.append(Shut(service, told, instead))
    return tuple(found)


def while_you_wait(directory: Directory, service: Service, at: datetime) -> Ranked | None:
    """An open-access place for the meantime, when this one is not walk-in; None when it is."""
    if service.waiting_state == "walk_in":
        return None
    for each in best(directory, Facts(), at):
        if each.service.tier2_open_access and each.service.id != service.id:
            return each
    return None


def valid_until(service: Service, session: Session | None, issued_at: datetime) -> datetime:
    """When a slip ends: the last second of the earliest of three local days.

    They are the day of issue plus `slip_valid_days`, the session's `valid_to`, the service's
    `closes_on`. Aware, in the service's time zone; before `issued_at` if the place has closed already.
    """
    days = [local_date(service, issued_at) + timedelta(days=service.slip_valid_days)]
    if session is not None and session.valid_to is not None:
        days.append(session.valid_to)
    if service.closes_on is not None:
        days.append(service.closes_on)
    return end_of_day(min(days), service.timezone)


def local_date(service: Service, at: datetime) -> date:
    """The date at the service at this moment."""
    return instant(at).astimezone(ZoneInfo(service.timezone)).date()


def waiting_words(service: Service) -> str:
    """How long it takes to be seen, in words."""
    if service.waiting_state == "walk_in":
        return "Walk in: no wait for a first talk"
    if service.waiting_state == "list_closed":
        return "Not adding names to its list just now"
    if service.waiting_state == "days" and service.waiting_days is not None:
        unit = "day" if service.waiting_days == 1 else "days"
        return f"About {service.waiting_days} {unit} for a first appointment"
    return "Waiting time not known"


def places_words(service: Service, on: date) -> tuple[str, bool]:
    """How many places are free, in words, and whether that is too old to lean on (over 14 days)."""
    places = service.places
    if places is None:
        return "Places not known", False
    stale = (on - places.as_of).days > STALE_PLACES_DAYS
    if places.available is None:
        return f"{places.maximum} places; how many are free is not known", stale
    return f"{places.available} of {places.maximum} places free", stale


# ── order ──


_HAS: Mapping[Want, Callable[[Service], bool | None]] = {
    "children": lambda service: service.children_welcome,
    "childcare": lambda service: None if service.childcare == "unknown" else service.childcare != "none",
    "dogs": lambda service: service.dogs_welcome,
    "step_free": lambda service: service.location.step_free,
    "no_id": lambda service: service.no_id_needed,
}


def _suiting(facts: Facts, wanted: tuple[str, ...]) -> Callable[[Session], bool]:
    return lambda session: session_suits(session, facts) in wanted


def _order(
    ranked: Ranked, facts: Facts, at: datetime, fast_track: bool
) -> tuple[bool, bool, bool, datetime, int, bool, int, str]:
    service = ranked.service
    far = datetime.max.replace(tzinfo=UTC)
    seen = max(instant(ranked.occurrence.start), instant(at)) if ranked.occurrence else far
    area = said(facts.area)
    elsewhere = area is not None and service.location.area != area
    minutes = service.location.walking_minutes
    return (
        ranked.match.verdict == "no",
        may_be_under_18(facts) and not service.young_people,
        fast_track and not service.tier2_open_access,
        seen,
        -WEIGHT[ranked.match.verdict],
        elsewhere,
        1_000_000 if minutes is None else minutes,
        service.name,
    )


def _next_best(ranked: list[Ranked]) -> tuple[Ranked, ...]:
    """Offer open access, or the soonest place where there is none, though its rules say no."""
    offered = [each for each in ranked if each.service.tier2_open_access]
    why = "No place here is a full match. This one has an open door and can help find the right one."
    if not offered:
        offered = ranked[:1]
        why = f"No place here is a full match. This one is the first to ask: ring {ranked[0].service.phone}."
    rest = [each for each in ranked if each not in offered]
    shown = [Ranked(each.service, each.match, each.occurrence, True, why) for each in offered]
    return (*shown, *rest)
