"""A made-up quarter with the numbers of a real study, as events.

The North East Crack Treatment Outcome Study (NECTOS, 2007) followed 447 people who were
referred to four services: about 276 reached assessment, 221 started, and a third of these were
still in after 90 days. `events` gives a quarter in which that happens: the totals and both
breakdowns below are exact, everything else (days, waits, what stood in the way, who came when)
is made up, plausible and always the same. A report over it reproduces the table, which is
what makes it a check of the reports and a good thing to look at.

Nobody in it exists. Chance comes from SHA-256 of the place in the story, so every device
makes the same events out of the same arguments.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle, islice
from typing import Any, NamedTuple

import msgspec

from outreach.logbook.events import (
    Arrived,
    DeskOutcome,
    Event,
    OfferMade,
    PersonMade,
    ReferralMade,
    ReferralMoved,
    SlipIssued,
    Stamp,
)

QUARTER = 90
"""Days in which referrals are made, the first included: a quarter at its shortest."""

SPAN = 240
"""Days from the first event to the last, at most: begin this long ago and all of it has happened."""

SLIP_DAYS = 14

FROM_PAPER = 29
"""One referral in so many was entered from paper afterwards: its times are guesses, its waits unknown."""

BY_SOURCE: dict[str, tuple[int, ...]] = {
    "self": (149, 118, 106, 86, 49, 30),
    "criminal_justice": (112, 66, 58, 46, 26, 15),
    "drug_services": (90, 59, 52, 42, 24, 14),
    "health": (58, 42, 36, 28, 15, 9),
    "housing_social": (38, 30, 24, 19, 11, 6),
}
"""Referred, slip presented, assessed, started, in at 30, in at 90; by group of the list `referral_source`."""

BY_SERVICE: tuple[tuple[int, ...], ...] = (
    (180, 122, 106, 85, 47, 28),
    (130, 88, 76, 60, 34, 20),
    (87, 60, 54, 43, 25, 14),
    (50, 45, 40, 33, 19, 12),
)
"""The same by service. Of the last, a crisis unit, four in five reached assessment."""

_SOURCES = {
    "self": ("self",),
    "criminal_justice": ("arrest_referral", "probation", "arrest_referral", "court_order", "prison"),
    "drug_services": ("drug_service", "drug_service", "nsp"),
    "health": ("gp", "hospital_ed", "gp", "mental_health", "pharmacy"),
    "housing_social": ("housing_homeless", "housing_homeless", "social_care_adult"),
}
_DAYS = {"self": 1.6, "criminal_justice": 7.5, "drug_services": 6.0, "health": 3.8, "housing_social": 2.9}
"""Typical days until somebody comes, by source."""

_BARRIERS = {
    "too_far": 38,
    "who_id_meet": 21,
    "waiting_time": 17,
    "hurdles": 14,
    "place_shut": 9,
    "rule_ost_stable": 7,
    "privacy": 3,
    "pets": 2,
}
_MISSED = {
    "not_seen_no_word": 61,
    "told_us_cannot_make_it": 18,
    "well_not_needing_now": 13,
    "in_custody": 11,
    "service_cancelled": 6,
    "in_hospital": 5,
}
"""What is known of those who didn't come. Of the rest nothing is known, and nothing is said."""
_CAME = {"came_left_before_seen": 14, "turned_away_not_eligible": 11, "service_shut_when_came": 9}
"""Of those who came and were not assessed."""

_FIRST = (
    "amber",
    "birch",
    "copper",
    "dusk",
    "ember",
    "fern",
    "granite",
    "hazel",
    "ivory",
    "juniper",
    "kelp",
    "linen",
)
_SECOND = (
    "otter",
    "lantern",
    "kettle",
    "heron",
    "bridge",
    "compass",
    "anchor",
    "finch",
    "harbour",
    "meadow",
    "pebble",
    "wagon",
)


class _Story(NamedTuple):
    """One referral: where it came from, where to, and how many of the steps it reached."""

    source: str
    service: int
    steps: int


def events(start: date, member: bytes, device: bytes, services: Sequence[str]) -> Iterator[Event]:
    """The quarter's events in order, recorded by one member on one device.

    Args:
        start: the first day; referrals are made on it and the 89 days after it.
        services: ids of four services; with fewer, the lines of `BY_SERVICE` share them in turn.

    Raises:
        ValueError: no service is given.
    """
    if not services:
        raise ValueError("The example has referrals to services: give the id of one at least.")
    told: list[tuple[int, int, Event]] = []
    blank = Stamp(id=b"", member=member, device=device, counter=0, at=0)
    missed, came, barriers = (_spread(each) for each in (_MISSED, _CAME, _BARRIERS))
    for number, story in enumerate(_stories()):
        service = services[story.service % len(services)]
        stamp = msgspec.structs.replace(blank, late=number % FROM_PAPER == 0)
        for at, event in _tell(number, story, service, start, stamp, missed, came, barriers):
            told.append((at, len(told), event))
    told.sort(key=lambda each: each[:2])
    for counter, (at, place, event) in enumerate(told, 1):
        stamp = msgspec.structs.replace(event.stamp, id=_bytes("event", place), counter=counter, at=at)
        yield msgspec.structs.replace(event, stamp=stamp)


def _stories() -> list[_Story]:
    """Every referral, so that both breakdowns hold: steps reached are dealt out by source and by service."""
    stories: list[_Story] = []
    for steps in range(1, 7):
        by_source = [
            islice(cycle(_SOURCES[source]), _ends(line, steps)) for source, line in BY_SOURCE.items()
        ]
        sources = [source for each in by_source for source in each]
        places = [service for service, line in enumerate(BY_SERVICE) for _ in range(_ends(line, steps))]
        places = [
            place
            for _, place in sorted((_chance("place", steps, n), place) for n, place in enumerate(places))
        ]
        stories += [_Story(source, place, steps) for source, place in zip(sources, places, strict=True)]
    return [story for _, story in sorted((_chance("story", n), story) for n, story in enumerate(stories))]


def _ends(line: tuple[int, ...], steps: int) -> int:
    """How many of a line got exactly this far."""
    return line[steps - 1] - (line[steps] if steps < len(line) else 0)


def _tell(
    number: int,
    story: _Story,
    service: str,
    start: date,
    blank: Stamp,
    missed: Iterator[str],
    came: Iterator[str],
    barriers: Iterator[str],
) -> Iterator[tuple[int, Event]]:
    """One referral's events, each with its time in milliseconds."""
    referral, person, token = (_bytes(what, number) for what in ("referral", "person", "token"))
    fast = _chance("fast", number) < 0.4

    def moved(to: str, **fields: Any) -> ReferralMoved:
        return ReferralMoved(stamp=blank, referral=referral, to=to, source="keyworker", **fields)

    day = start + timedelta(days=int(_chance("day", number) * QUARTER))
    made = _at(day, 9 + 11 * _chance("hour", number))
    handle = f"{_FIRST[number % 12]} {_SECOND[number // 12 % 12]}"
    yield made, PersonMade(stamp=blank, person=person, handle=handle)
    yield (
        made + 20_000,
        ReferralMade(
            stamp=blank,
            referral=referral,
            service=service,
            source=story.source,
            person=person,
            fast_track=fast,
        ),
    )
    issued = made // 1000 + 40
    yield (
        made + 40_000,
        SlipIssued(
            stamp=blank,
            referral=referral,
            token=token,
            service=service,
            issued=issued,
            valid_until=issued + SLIP_DAYS * 86_400,
            fast_track=fast,
            on_paper=number % 5 == 0,
        ),
    )
    if story.steps == 1:
        code = next(missed, "")
        reasons = tuple(reason for reason in (next(barriers, ""),) if reason)
        if number % 6 == 0 and reasons:
            yield (
                made + 60_000,
                OfferMade(stamp=blank, service=service, answer="not_today", person=person, reasons=reasons),
            )
            reasons = ()
        if code or reasons:
            yield _later(made, 8, number), moved("not_seen", attendance=code, reasons=reasons)
        return
    group = next(group for group, sources in _SOURCES.items() if story.source in sources)
    wait = _DAYS[group] * (0.2 + 1.6 * _chance("wait", number)) * (0.6 if fast else 1.25)
    arrived = _later(made, min(wait, SLIP_DAYS - 1), number)
    yield arrived, Arrived(stamp=blank, token=token, service=service)
    if story.steps == 2:
        code = next(came, "")
        if code == "came_left_before_seen":
            yield arrived + 2_400_000, DeskOutcome(stamp=blank, token=token, outcome="left_before_seen")
        elif code:
            yield arrived + 1_200_000, moved("not_seen", attendance=code)
        return
    seen = "seen_on_time" if number % 7 else "seen_late"
    if _chance("soon", number) < 0.45:
        yield arrived + 900_000, DeskOutcome(stamp=blank, token=token, outcome="seen_now")
        assessed = arrived + 3_600_000
    else:
        assessed = _later(arrived, 0.8 + 3 * _chance("assessed", number), number)
        yield (
            arrived + 900_000,
            DeskOutcome(stamp=blank, token=token, outcome="time_given", offered_for=assessed),
        )
    yield assessed, moved("assessed", on=assessed, attendance=seen)
    if story.steps == 3:
        return
    started = _later(assessed, 1 + 9 * _chance("started", number), number)
    yield started, moved("started", on=started)
    for step, days, to in ((5, 30, "in_at_30"), (6, 90, "in_at_90")):
        if story.steps >= step:
            on = _later(started, days, number)
            yield on + 7_200_000, moved(to, on=on)


def _later(at: int, days: float, number: int) -> int:
    """So many days on, at an hour when places are open; two hours on, where that isn't later."""
    day = datetime.fromtimestamp(at / 1000 + days * 86_400, UTC).date()
    return max(_at(day, 10 + 7 * _chance("open", number, int(days * 10))), at + 7_200_000)


def _at(day: date, hour: float) -> int:
    begin = datetime.combine(day, time(), UTC)
    return int((begin + timedelta(minutes=int(hour * 60))).timestamp() * 1000)


def _spread(counts: dict[str, int]) -> Iterator[str]:
    """Each key so many times, mixed, then nothing more."""
    keys = [key for key, count in counts.items() for _ in range(count)]
    return iter([key for _, key in sorted((_chance("spread", n, key), key) for n, key in enumerate(keys))])


def _bytes(*place: object) -> bytes:
    """12 bytes that belong to a place in the story."""
    return hashlib.sha256(repr(("nectos", *place)).encode()).digest()[:12]


def _chance(*place: object) -> float:
    """A number from 0 up to 1 that belongs to a place in the story."""
    return int.from_bytes(_bytes("chance", *place)[:6], "big") / 2**48
