"""The report for a spreadsheet: the same numbers as on paper, hidden where they are hidden there.

The first lines say what it is; then one line for each number that can be charted: section, line,
and what was counted. Text that a spreadsheet would run as a formula is made harmless.
"""

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from outreach.reports.suppression import HIDDEN

if TYPE_CHECKING:
    from outreach.reports.report import Counted, Line, Median, Report

MARK = "\ufeff"
"""Byte order mark: tells a spreadsheet that the text is UTF-8."""


def csv_text(report: "Report") -> str:
    """Comma-separated lines ending in CR LF, as RFC 4180 has them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")

    def write(*cells: object) -> None:
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in cells])

    write("Report", "Where people are lost between slip and seat")
    write("Team", report.organisation)
    write("Period", report.period.first.isoformat(), report.period.last.isoformat())
    write("Made", report.made.isoformat(timespec="minutes"))
    for sentence in report.completeness:
        write("Note", sentence)
    for sentence in report.caution:
        write("Note", sentence)
    write()
    write(
        "Section",
        "Line",
        "Kind",
        *report.steps,
        "Assessed, % of referred",
        "Started, % of referred",
        "Median wait to assessment, days",
    )
    for section, lines in (
        ("All", (report.all,)),
        ("By referral source", report.by_source),
        ("By service", report.by_service),
    ):
        for line in lines:
            write(section, line.label, line.detail, *_cells(line))
    write()
    write("Section", "Until", "Median, days", "Three in four within, days", "Waits known", "Waits unknown")
    for wait in report.waits:
        write(
            "Waiting time",
            wait.label,
            _median(wait.median),
            _median(wait.three_in_four),
            _count(wait.known),
            _count(wait.unknown),
        )
    write()
    write("Section", "Line", "Side", "Times")
    for section, counted in (
        ("What stood in the way", report.barriers),
        ("What happened on the day", report.attendance),
    ):
        _write_list(write, section, counted)
    return MARK + out.getvalue()


def _write_list(write: Callable[..., None], section: str, counted: "Counted") -> None:
    for label, note, count in counted.lines:
        write(section, label, note, count)
    if counted.hidden:
        write(section, f"Others: {counted.hidden}", "", HIDDEN)


def _cells(line: "Line") -> list[object]:
    shares = [_share(line, step) for step in (2, 3)]
    return [*(_count(count) for count in line.counts), *shares, _median(line.median)]


def _share(line: "Line", step: int) -> object:
    share = line.share(step)
    return HIDDEN if share is None else share


def _count(count: int | None) -> object:
    return HIDDEN if count is None else count


def _median(median: "Median") -> object:
    if median.days is not None:
        return median.days
    return {"*": HIDDEN, "–": ""}.get(median.why_not, median.why_not)


def _harmless(text: str) -> str:
    """A spreadsheet runs what begins like a formula; a leading apostrophe makes it plain text."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
