"""The report as it may be seen: every number in it has been through suppression.

`make` counts, hides and words it; `paper` draws it and `table` writes the same numbers for a
spreadsheet. A `Report` holds nothing that may not be printed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from forms import codes
from outreach.logbook.views import Logbook
from outreach.reports import paper, table
from outreach.reports.funnel import COMPARED, STEPS, WAITS, WITHIN, Funnel, Group, Waits, fold
from outreach.reports.period import Period, spoken
from outreach.reports.suppression import (
    DENOMINATOR,
    HIDDEN,
    SMALL,
    Tables,
    is_small,
    percentage,
    suppress,
    suppress_list,
)

MOST_SERVICES = 12
"""Lines of the table by service; further services are counted together."""
OTHER_SERVICES = "\0other"

WAIT_LABELS = {"arrived": "Slip presented", "assessed": "Assessed", "started": "Started"}
_LOST = {
    2: "before assessment",
    3: "between assessment and start",
    4: "in the first 30 days",
    5: "between 30 and 90 days",
}


@dataclass(frozen=True)
class Device:
    """A device of the team, and when it last sent records; None for never."""

    name: str
    last_sent: datetime | None


@dataclass(frozen=True)
class Median:
    """Days, or None and the reason in a word."""

    days: float | None
    why_not: str = ""


@dataclass(frozen=True)
class Line:
    """A line of a table: counts by step (None: hidden) and the median wait until assessment."""

    label: str
    detail: str
    counts: tuple[int | None, ...]
    median: Median

    @property
    def all_hidden(self) -> bool:
        return all(count is None for count in self.counts)

    def share(self, step: int) -> int | None:
        """Per cent of all referred; None where it may not be shown."""
        return percentage(self.counts[step], self.counts[0])


@dataclass(frozen=True)
class WaitLine:
    """Waits from the referral to a step: what half and three in four waited at most; how many are known."""

    label: str
    median: Median
    three_in_four: Median
    known: int | None
    unknown: int | None


@dataclass(frozen=True)
class Counted:
    """A list of counts: label, note, count; and how many entries are hidden."""

    lines: tuple[tuple[str, str, int], ...]
    hidden: int


@dataclass(frozen=True)
class Report:
    """What a coordinator prints and exports. `finding` marks what is bold with <b> and </b>."""

    organisation: str
    period: Period
    made: datetime
    all: Line
    by_source: tuple[Line, ...]
    by_service: tuple[Line, ...]
    waits: tuple[WaitLine, ...]
    barriers: Counted
    attendance: Counted
    finding: str
    caution: tuple[str, ...]
    completeness: tuple[str, ...]
    steps: tuple[str, ...] = field(default=STEPS)

    @property
    def empty(self) -> bool:
        return self.all.counts[0] == 0

    def pdf(self) -> bytes:
        """Two A4 pages, readable in grey."""
        return paper.pdf(self)

    def csv(self) -> str:
        """The same numbers for a spreadsheet: UTF-8 text that begins with a byte order mark."""
        return table.csv_text(self)


def make(
    logbook: Logbook,
    period: Period,
    *,
    organisation: str,
    now: datetime,
    devices: Sequence[Device] | None = None,
    services: Mapping[str, str] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Report:
    """The report over a period.

    Args:
        organisation: the name in the first line.
        now: aware; when it is made.
        devices: those that record for the team; None where they are not known here.
        services: names by service id; an id without one is shown as it is.
        kinds: what kind of service each is, in words, so that like is compared with like.

    Raises:
        ValueError: `now` carries no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("The time of a report comes with its time zone.")
    counted = fold(logbook.each_referral(), period, now=int(now.timestamp() * 1000), offers=logbook.offers())
    _join_small_services(counted)
    sources = codes.load("referral_source")
    source_keys, service_keys = sorted(counted.by_source), sorted(counted.by_service)
    shown = suppress(
        Tables(
            totals=tuple(counted.all.counts),
            tables=(
                tuple(tuple(counted.by_source[key].counts) for key in source_keys),
                tuple(tuple(counted.by_service[key].counts) for key in service_keys),
            ),
            within=WITHIN,
            compared=COMPARED,
        )
    )
    total = _line("All referrals", "", counted.all, shown.totals)
    names, sorts = services or {}, kinds or {}
    by_source = [
        _line(sources.groups.get(key, key), "", counted.by_source[key], counts)
        for key, counts in zip(source_keys, shown.tables[0], strict=True)
    ]
    by_service = [
        _line(
            "Other services together" if key == OTHER_SERVICES else names.get(key, key) or "Not said",
            sorts.get(key, ""),
            counted.by_service[key],
            counts,
        )
        for key, counts in zip(service_keys, shown.tables[1], strict=True)
    ]
    if total.counts[0] is None:  # the lines would say where those few came from
        by_source, by_service = [], []
        counted.barriers.clear()
        counted.attendance.clear()
    return Report(
        organisation=organisation,
        period=period,
        made=now.astimezone(period.tz),
        all=total,
        by_source=tuple(sorted(by_source, key=_by_size)),
        by_service=tuple(sorted(by_service, key=lambda line: (line.detail, _by_size(line)))),
        waits=tuple(
            _wait_line(WAIT_LABELS[stage], counted.all.waits[stage], total.counts[step])
            for step, stage in enumerate(WAITS, 1)
            if total.counts[0]
        ),
        barriers=_list("barriers", counted.barriers),
        attendance=_list("attendance", counted.attendance),
        finding=_finding(total),
        caution=(*_street(logbook, period), *_caution(counted, total)),
        completeness=_completeness(counted, total, period, now, devices),
    )


def _join_small_services(counted: Funnel) -> None:
    """Counts together what the table has no room for, before anything is hidden."""
    if len(counted.by_service) <= MOST_SERVICES:
        return
    by_size = sorted(counted.by_service, key=lambda key: (-counted.by_service[key].counts[0], key))
    together = Group()
    for key in by_size[MOST_SERVICES - 1 :]:
        group = counted.by_service.pop(key)
        together.counts = [a + b for a, b in zip(together.counts, group.counts, strict=True)]
        for stage in WAITS:
            together.waits[stage].known.extend(group.waits[stage].known)
            together.waits[stage].unknown += group.waits[stage].unknown
    counted.by_service[OTHER_SERVICES] = together


def _line(label: str, detail: str, group: Group, counts: tuple[int | None, ...]) -> Line:
    return Line(label, detail, counts, _median(group.waits["assessed"], counts[2]))


def _median(waits: Waits, reached: int | None, part: float = 0.5) -> Median:
    if reached == 0:
        return Median(None, "–")
    if reached is None or 0 < len(waits.known) < DENOMINATOR:
        return Median(None, "*")
    if not waits.known:
        return Median(None, "unknown" if reached >= DENOMINATOR else "*")
    return Median(round(waits.quantile(part), 1))


def _wait_line(label: str, waits: Waits, reached: int | None) -> WaitLine:
    hidden = reached is None or is_small(len(waits.known)) or is_small(waits.unknown)
    return WaitLine(
        label,
        _median(waits, reached),
        _median(waits, reached, 0.75),
        None if hidden else len(waits.known),
        None if hidden else waits.unknown,
    )


def _by_size(line: Line) -> tuple[int, str]:
    return (-(line.counts[0] or 0), line.label)


def _list(name: str, counts: Mapping[str, int]) -> Counted:
    known = codes.load(name)
    shown, hidden = suppress_list(dict(counts))

    def note(key: str) -> str:
        return "the place's side" if key in known and known[key].counts_against == "service" else ""

    lines = sorted(
        ((known.label(key), note(key), count) for key, count in shown.items()),
        key=lambda line: (-line[2], line[0]),
    )
    return Counted(tuple(lines), hidden)


# --- sentences -----------------------------------------------------------------------------


def _finding(total: Line) -> str:
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


def _of(line: Line, step: int) -> str:
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


def _street(logbook: Logbook, period: Period) -> Iterable[str]:
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


def _caution(counted: Funnel, total: Line) -> Iterable[str]:
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


def _completeness(
    counted: Funnel, total: Line, period: Period, now: datetime, devices: Sequence[Device] | None
) -> tuple[str, ...]:
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


def _silent(period: Period, now: datetime, devices: Sequence[Device] | None) -> str:
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
