"""The report as it may be seen: every number in it has been through suppression.

`make` counts, hides and words it; `paper` draws it and `table` writes the same numbers for a
spreadsheet. A `Report` holds nothing that may not be printed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from forms import codes
from outreach.logbook.views import Logbook
from outreach.reports import paper, sentences, table
from outreach.reports.funnel import COMPARED, STEPS, WAITS, WITHIN, Funnel, Group, Waits, fold
from outreach.reports.period import Period
from outreach.reports.suppression import (
    DENOMINATOR,
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
        finding=sentences.finding(total),
        caution=(*sentences.street(logbook, period), *sentences.caution(counted, total)),
        completeness=sentences.completeness(counted, total, period, now, devices),
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
