"""From referral to still being in at 90 days, counted.

`fold` goes once through referrals and keeps a few numbers a group, so any number of referrals
fits. The numbers here are exact: what may be shown of them is decided by `suppression`.

The steps (NECTOS 2007): referred, slip presented, assessed, started, in at 30 days, in at 90
days. A later step counts for the ones before it, since somebody who started was assessed.
*Slip presented* is the exception: it counts arrivals that a desk recorded, nothing else.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from forms import codes
from outreach.logbook.events import OfferMade
from outreach.logbook.referral import Referral, Stage
from outreach.reports.period import Period

STEPS = ("Referred", "Slip presented", "Assessed", "Started", "In at 30 days", "In at 90 days")
WITHIN = ((0, 1), (0, 2), (2, 3), (3, 4), (4, 5))
"""Which step is a part of which: `(whole, part)`."""
COMPARED = ((1, 2),)
"""Steps that stand side by side, although somebody may be assessed who never showed a slip."""

WAITS: tuple[Stage, ...] = ("arrived", "assessed", "started")
"""Steps to which a wait is counted, from the moment the referral was made."""

DAY = 86_400_000
UNKNOWN_SOURCE = frozenset({"", "not_known"})

WaitName = Literal["arrived", "assessed", "started"]


@dataclass
class Waits:
    """Waits to one step: those that are known in milliseconds, and how many are not."""

    known: "array[int]" = field(default_factory=lambda: array("q"))
    unknown: int = 0

    def quantile(self, part: float) -> float:
        """Days within which this part of the known waits ended (0.5: the median).

        Raises:
            ValueError: no wait is known.
        """
        if not self.known:
            raise ValueError("No wait is known.")
        waits = sorted(self.known)
        place = part * (len(waits) - 1)
        low = int(place)
        high = min(low + 1, len(waits) - 1)
        return (waits[low] + (waits[high] - waits[low]) * (place - low)) / DAY


@dataclass
class Group:
    """A line of the funnel: how many reached each of `STEPS`, and how long it took."""

    counts: list[int] = field(default_factory=lambda: [0] * len(STEPS))
    waits: dict[Stage, Waits] = field(default_factory=lambda: {stage: Waits() for stage in WAITS})

    def add(self, referral: Referral, passed: dict[Stage, int | None]) -> None:
        counts = self.counts
        counts[0] += 1
        if referral.arrived is not None:
            counts[1] += 1
        if referral.reached("assessed"):
            counts[2] += 1
            if referral.reached("started"):
                counts[3] += 1
                if referral.reached("in_at_30"):
                    counts[4] += 1
                    if referral.reached("in_at_90"):
                        counts[5] += 1
        for stage, wait in passed.items():
            if wait is None:
                self.waits[stage].unknown += 1
            else:
                self.waits[stage].known.append(wait)


@dataclass
class Funnel:
    """What `fold` counted. Groups by key: of `referral_source` groups, and of services."""

    all: Group = field(default_factory=Group)
    by_source: dict[str, Group] = field(default_factory=dict)
    by_service: dict[str, Group] = field(default_factory=dict)
    barriers: Counter[str] = field(default_factory=Counter)
    """Keys of the list `barriers`: each counts once a referral, and once an offer."""
    attendance: Counter[str] = field(default_factory=Counter)
    """Keys of the list `attendance`."""
    with_source: int = 0
    without_beginning: int = 0
    """Referrals of which only a slip is held here, so that every wait is unknown."""
    too_early: int = 0
    """Started less than 90 days before the report was made, and not known to be in at 90."""


def fold(
    referrals: Iterable[Referral],
    period: Period,
    *,
    now: int,
    offers: Iterable[OfferMade] = (),
    service_of: Callable[[str], str] = lambda service: service,
) -> Funnel:
    """Counts the referrals that began in a period, and what stood in the way of them.

    `now` in milliseconds; `service_of` gives the line on which a service is counted.
    """
    funnel = Funnel()
    sources = codes.load("referral_source")
    begin, end = period.begin, period.end
    for referral in referrals:
        if begin <= referral.began < end:
            _count(funnel, referral, sources.group(referral.source) or "other", service_of, now)
    for offer in offers:
        if begin <= offer.stamp.at < end:
            funnel.barriers.update(offer.reasons)
    return funnel


def _count(
    funnel: Funnel, referral: Referral, source: str, service_of: Callable[[str], str], now: int
) -> None:
    passed: dict[Stage, int | None] = {
        stage: referral.wait(stage)
        for stage in WAITS
        if (referral.arrived is not None if stage == "arrived" else referral.reached(stage))
    }
    service = service_of(referral.service)
    for group in (
        funnel.all,
        funnel.by_source.setdefault(source, Group()),
        funnel.by_service.setdefault(service, Group()),
    ):
        group.add(referral, passed)
    funnel.barriers.update(referral.reasons)
    funnel.attendance.update(each.code for each in referral.attendance)
    funnel.with_source += referral.source not in UNKNOWN_SOURCE
    funnel.without_beginning += referral.issued is None
    if referral.started is not None and not referral.reached("in_at_90"):
        funnel.too_early += now - referral.started.at < 90 * DAY
