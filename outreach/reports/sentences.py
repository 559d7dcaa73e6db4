"""What a report says in words: the finding, how to read it, and what is missing.

Every sentence is made of numbers that may be shown, or says that there are too few.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from outreach.logbook.views import Logbook
from outreach.reports.funnel import Funnel
from outreach.reports.period import Period, spoken
from outreach.reports.suppression import DENOMINATOR, HIDDEN, SMALL, is_small

if TYPE_CHECKING:
    from outreach.reports.report import Device, Line

_LOST = {
    2: "before assessment",
    3: "between assessment and start",
    4: "in the first 30 days",
    5: "between 30 and 90 days",
}


def finding(total: "Line") -> str:
    """The first sentences: what was found. What is bold stands between <b> and </b>."""
    referred, _, assessed, started, *_ = total.counts
    if referred == 0:
        return "<b>No referrals</b> were made in this period."
    if referred is None:
        return f"<b>Fewer than {_number(SMALL + 1)} referrals</b> were made in this period: {HIDDEN}."
    said = [f"<b>{referred}</b> {'referrals were' if referred != 1 else 'referral was'} made."]
    reached = [
        f"<b>{count}</b>{_of(total, step)} {words}"
        for step, count, words in ((2, assessed, "reached assessment"), (3, started, "started"))
        if count is not None
    ]
    if reached:
        said.append(" and ".join(reached) + ".")
    chain = [(step, total.counts[step]) for step in (0, 2, 3, 4, 5)]
    losses = [
        (before - after, step)
        for (_, before), (step, after) in pairwise(chain)
        if before is not None and after is not None
    ]
    if losses and max(losses)[0] > 0:
        lost, step = max(losses)
        said.append(f"Most are lost {_LOST[step]}: <b>{lost}</b>.")
    if total.median.days is not None:
        said.append(f"Half of those assessed waited <b>{_days(total.median.days)}</b> or less.")
    return " ".join(said)


def _of(line: "Line", step: int) -> str:
    share = line.share(step)
    return "" if share is None else f" ({share} %)"


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"


def _few(count: int) -> str:
    """A count, or that it is too small to say."""
    return f"Fewer than {_number(SMALL + 1)}" if is_small(count) else f"{count:,}"


def _number(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return words[count] if count < len(words) else f"{count:,}"


def street(logbook: Logbook, period: Period) -> Iterable[str]:
    """What was done besides: a contact that leads to no referral is worth as much (RP09)."""
    contacts = kits = 0
    for day in period.days():
        for contact in logbook.contacts(day, period.tz):
            if contact.kind != "attempted_not_found":
                contacts += 1
                kits += sum(each.kits for each in contact.naloxone)
    if contacts:
        told, given = _few(contacts).lower(), _few(kits).lower() if kits else "no"
        yield f"In the same time the team had {told} contacts and gave out {given} naloxone kits."


def caution(counted: Funnel, total: "Line") -> Iterable[str]:
    """How to read retention, and how to read differences between sources."""
    if not total.counts[0]:
        return
    yield (
        "Read with care. These are referrals, and one person can have several. Being in at 30 or 90 days "
        "is one measure among others: somebody who isn't may be well, be seen elsewhere, or not have been "
        "heard of, and all of them stay in the total. How someone was sent says more about the way than "
        "about the person."
    )
    if counted.too_early and not is_small(counted.too_early):
        yield f"{counted.too_early} of those who started did so less than 90 days ago: too early to say."


def completeness(
    counted: Funnel, total: "Line", period: Period, now: datetime, devices: "Sequence[Device] | None"
) -> tuple[str, ...]:
    """What is missing: sources, beginnings, devices that have yet to send; and what is hidden and why."""
    said = []
    if total.counts[0]:
        with_source = _few(counted.with_source)
        said.append(f"{with_source} of {total.counts[0]:,} referrals have a source.")
        if counted.without_beginning:
            few = _few(counted.without_beginning).lower()
            said.append(f"Of {few} only the slip is held here, so their waits are unknown.")
    said.append(_silent(period, now, devices))
    if not counted.all.counts[0]:
        return tuple(said)
    said.append(
        f"* is a count of 1 to {SMALL}, or one that would give such a count away: too few to show. "
        f"Percentages are of all referred; they and medians are shown from {DENOMINATOR} on. "
        "Unknown stays unknown."
    )
    return tuple(said)


def _silent(period: Period, now: datetime, devices: "Sequence[Device] | None") -> str:
    """How many devices may still hold records of this period."""
    if not devices:
        return "Which devices have yet to send is not known here."
    end = datetime.fromtimestamp(period.end / 1000, period.tz)
    since = min(end, now - timedelta(days=1))
    silent = [device for device in devices if device.last_sent is None or device.last_sent < since]
    words = "the period ended" if since == end else "yesterday"
    if not silent:
        all_ = "all " if len(devices) > 1 else ""
        return _sentence(f"{all_}{_devices(len(devices))} sent since {words}")
    told = [device.last_sent for device in silent if device.last_sent is not None]
    never = len(silent) - len(told)
    parts = []
    if told:
        day = spoken(min(told).astimezone(period.tz).date())
        parts.append(f"{_devices(len(told))} not sent since {day}")
    if never:
        parts.append(f"{_devices(never)} never sent")
    return _sentence(" and ".join(parts))


def _devices(count: int) -> str:
    return f"{_number(count)} {'device has' if count == 1 else 'devices have'}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
