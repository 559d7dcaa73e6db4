"""Two A4 pages with a chart: black on white, one family of type, hairlines, readable in grey.

The first page says what was found, shows it, and breaks it down by referral source; the second
has services, waits and how to read it. What is missing stands at the foot of both. Everything
drawn here has been through suppression already. All lengths are in points (1/72 inch).
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from outreach import fonts
from outreach.reports.period import spoken
from outreach.reports.suppression import HIDDEN

if TYPE_CHECKING:
    from outreach.reports.report import Counted, Line, Median, Report

PAGES = 2
TITLE = "Where people are lost between slip and seat"

WIDTH, HEIGHT = A4
LEFT, RIGHT = 46.0, WIDTH - 46.0
TOP, BOTTOM = HEIGHT - 50.0, 46.0
ROW = 19.0
MANY_LINES = 6
"""In a table with more lines than this a label has one line, in others `LABEL_LINES`."""
LABEL_LINES = 3

REGULAR, BOLD = fonts.FAMILY, f"{fonts.FAMILY}-Bold"
INK, SOFT, LINE, RULE = (HexColor(value) for value in ("#111111", "#565656", "#D9D9D9", "#B5B5B5"))
BARS = tuple(HexColor(value) for value in ("#222222", "#383838", "#4E4E4E", "#6C6C6C", "#8A8A8A", "#ABABAB"))

_READING = ParagraphStyle("finding", fontName=REGULAR, fontSize=12.5, leading=19, textColor=INK)
_PLAIN = ParagraphStyle("plain", fontName=REGULAR, fontSize=9.5, leading=13.5, textColor=INK)
_FOOT = ParagraphStyle("foot", fontName=REGULAR, fontSize=8, leading=11.5, textColor=SOFT)


class Column(NamedTuple):
    """A column of numbers: its right edge and its heading in one or two lines."""

    edge: float
    heading: tuple[str, ...]


_COLUMNS = (
    Column(232, ("Referred",)),
    Column(285, ("Slip", "presented")),
    Column(350, ("Assessed",)),
    Column(413, ("Started",)),
    Column(455, ("In at", "30 days")),
    Column(497, ("In at", "90 days")),
    Column(RIGHT, ("Median", "wait, days")),
)
_LABEL_WIDTH = _COLUMNS[0].edge - LEFT - 42


def pdf(report: "Report") -> bytes:
    """The report as PDF. The same report gives the same bytes."""
    register_fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, lang="en-GB")
    canvas.setTitle(f"{TITLE}, {report.period.words}")
    canvas.setAuthor(report.organisation)
    canvas.setSubject("Referrals, waits and what stood in the way; small counts are not shown")
    _first_page(_Sheet(canvas, report, 1))
    _second_page(_Sheet(canvas, report, 2))
    canvas.save()
    return out.getvalue()


def register_fonts() -> None:
    """Makes the typeface known to reportlab; a second time does nothing."""
    if REGULAR in pdfmetrics.getRegisteredFontNames() and BOLD in pdfmetrics.getRegisteredFontNames():
        return
    pdfmetrics.registerFont(TTFont(REGULAR, str(fonts.path("regular"))))
    pdfmetrics.registerFont(TTFont(BOLD, str(fonts.path("bold"))))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def _first_page(sheet: "_Sheet") -> None:
    report = sheet.report
    sheet.heading(TITLE)
    sheet.paragraph(report.finding, _READING, after=16)
    if report.all.counts[0]:
        sheet.chart(report.steps, report.all.counts)
        sheet.section("By referral source")
        sheet.funnel("Source", report.by_source)
    sheet.counted("What stood in the way, as people and desks told us", report.barriers, "reason")
    sheet.finish()


def _second_page(sheet: "_Sheet") -> None:
    report = sheet.report
    sheet.heading("Where they went, and how long it took")
    if report.all.counts[0]:
        sheet.section("By service", first=True)
        sheet.funnel("Service", report.by_service)
        sheet.section("Waiting time from the referral, in days")
        sheet.waits()
    else:
        sheet.paragraph(report.finding, _READING)
        sheet.paragraph("Records that are still on a device join in once it has sent them.", _PLAIN)
    sheet.room += 14 + sum(sheet.measure(text, _PLAIN) + 6 for text in report.caution)
    sheet.counted("What happened on the day", report.attendance, "answer")
    sheet.room = sheet.foot_top
    sheet.y -= 14
    for text in report.caution:
        sheet.paragraph(text, _PLAIN, after=6)
    sheet.finish()


class _Sheet:
    """One page, written from the top down. `y` is where the next thing begins."""

    def __init__(self, canvas: Canvas, report: "Report", number: int) -> None:
        self.canvas, self.report, self.number = canvas, report, number
        self.y = TOP
        self.foot = [Paragraph(_escaped(" ".join(report.completeness)), _FOOT)]
        self.foot_top = BOTTOM + sum(each.wrap(RIGHT - LEFT, HEIGHT)[1] for each in self.foot) + 12
        self.room = self.foot_top
        """Lists end above this."""

    # --- words ---

    def text(
        self, x: float, y: float, text: str, size: float = 9.5, font: str = REGULAR, colour: Color = INK
    ) -> float:
        """Writes from x; gives where it ends."""
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(colour)
        self.canvas.drawString(x, y, text)
        return x + float(pdfmetrics.stringWidth(text, font, size))

    def right(
        self, x: float, y: float, text: str, size: float = 9.5, font: str = REGULAR, colour: Color = INK
    ) -> None:
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(colour)
        self.canvas.drawRightString(x, y, text)

    def hairline(self, y: float, colour: Color = LINE) -> None:
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(LEFT, y, RIGHT, y)

    def measure(self, text: str, style: ParagraphStyle) -> float:
        return float(Paragraph(text, style).wrap(RIGHT - LEFT, HEIGHT)[1])

    def paragraph(self, text: str, style: ParagraphStyle, after: float = 8) -> None:
        paragraph = Paragraph(text, style)
        height = paragraph.wrap(RIGHT - LEFT, HEIGHT)[1]
        paragraph.drawOn(self.canvas, LEFT, self.y - height)
        self.y -= height + after

    def heading(self, title: str) -> None:
        report = self.report
        line = f"{report.organisation} · {report.period.words}"
        tail = f" · page {self.number} of {PAGES}"
        self.text(LEFT, self.y, _fitting(line, RIGHT - LEFT, 9, tail), 9, colour=SOFT)
        self.y -= 25
        self.text(LEFT, self.y, title, 19, BOLD)
        self.y -= 16

    def section(self, title: str, *, first: bool = False) -> None:
        self.y -= 8 if first else 20
        self.text(LEFT, self.y, title, 11.5, BOLD)
        self.y -= 8

    def finish(self) -> None:
        self.hairline(self.foot_top, RULE)
        y = self.foot_top - 6
        for each in self.foot:
            height = each.wrap(RIGHT - LEFT, HEIGHT)[1]
            each.drawOn(self.canvas, LEFT, y - height)
            y -= height
        made = f"Made {spoken(self.report.made.date())}, {self.report.made:%H:%M}"
        self.right(RIGHT, BOTTOM - 12, made, 7.5, colour=SOFT)
        self.canvas.showPage()

    # --- the chart ---

    def chart(self, steps: Sequence[str], counts: Sequence[int | None]) -> None:
        """One bar a step. Grey tells the steps apart, the number beside each bar says it."""
        begin, longest = LEFT + 92, 300.0
        whole = counts[0] or 0
        before: int | None = None
        for step, (label, count) in enumerate(zip(steps, counts, strict=True)):
            middle = self.y - 11
            self.text(LEFT, middle - 3.5, label)
            if count is None or not whole:
                self.text(begin, middle - 3.5, HIDDEN if count is None else "0", colour=SOFT)
            else:
                width = max(longest * count / whole, 0.8)
                self.canvas.setFillColor(BARS[min(step, len(BARS) - 1)])
                self.canvas.rect(begin, middle - 9, width, 18, stroke=0, fill=1)
                end = self.text(begin + width + 7, middle - 3.5, f"{count:,}", 10.5, BOLD)
                if before is not None and before - count > 0:
                    words = f"{before - count:,} fewer" if step == 1 else f"{before - count:,}"
                    self.text(end + 7, middle - 3.5, words, 9, colour=SOFT)
            before = count
            self.y -= 27
        self.y += 2

    # --- tables ---

    def funnel(self, what: str, lines: Sequence["Line"]) -> None:
        self.columns(what, _COLUMNS)
        label_lines = LABEL_LINES if len(lines) <= MANY_LINES else 1
        for line in lines:
            self.line(line, label_lines)
        self.line(self.report.all, 1, BOLD)

    def columns(self, what: str, columns: Sequence[Column]) -> None:
        self.y -= 22
        self.text(LEFT, self.y, what, 8.5, colour=SOFT)
        for column in columns:
            for above, word in enumerate(reversed(column.heading)):
                self.right(column.edge, self.y + 10 * above, word, 8.5, colour=SOFT)
        self.y -= 6
        self.hairline(self.y, RULE)

    def line(self, line: "Line", label_lines: int, font: str = REGULAR) -> None:
        label = simpleSplit(line.label, font, 9.5, _LABEL_WIDTH) or [""]
        if len(label) > label_lines:
            label = [*label[: label_lines - 1], " ".join(label[label_lines - 1 :])]
        detail = simpleSplit(line.detail, REGULAR, 8, _LABEL_WIDTH)[:1]
        height = ROW + 11 * (len(label) - 1) + 10 * len(detail)
        y = self.y - 13
        for place, words in enumerate(label):
            words = _shortened(words, font, 9.5, _LABEL_WIDTH)
            self.text(LEFT, y - 11 * place, words, font=font)
        for words in detail:
            self.text(LEFT, y - 11 * len(label) + 1, words, 8, colour=SOFT)
        if line.all_hidden:
            self.right(_COLUMNS[-1].edge, y, HIDDEN, colour=SOFT)
        else:
            cells = [_count(line, step) for step in range(len(line.counts))] + [_days(line.median)]
            for column, cell in zip(_COLUMNS, cells, strict=True):
                self.right(column.edge, y, cell, font=font, colour=SOFT if cell == "*" else INK)
        self.y -= height
        self.hairline(self.y)

    def waits(self) -> None:
        columns = (
            Column(232, ("Half within",)),
            Column(350, ("Three in four", "within")),
            Column(455, ("Waits known",)),
            Column(RIGHT, ("Unknown",)),
        )
        self.columns("Until", columns)
        for wait in self.report.waits:
            y = self.y - 13
            self.text(LEFT, y, wait.label)
            cells = (
                _days(wait.median),
                _days(wait.three_in_four),
                _number(wait.known),
                _number(wait.unknown),
            )
            for column, cell in zip(columns, cells, strict=True):
                self.right(column.edge, y, cell, colour=SOFT if cell == "*" else INK)
            self.y -= ROW
            self.hairline(self.y)

    def counted(self, title: str, counted: "Counted", thing: str) -> None:
        """A list of counts, as long as there is room for; the rest is counted together."""
        if not counted.lines and not counted.hidden:
            return
        rows = int((self.y - self.room - 46) // ROW)
        last = 1 if counted.hidden else 0
        lines = list(counted.lines)
        rest = 0
        if len(lines) + last > rows:
            keep = max(rows - last - 1, 0)
            rest = sum(count for _, _, count in lines[keep:])
            dropped = len(lines) - keep
            lines = lines[:keep]
        if rows < 2:
            return
        self.section(title)
        self.y -= 2
        for label, note, count in lines:
            self.row(label, f"{count:,}", note)
        if rest:
            self.row(f"{dropped} other {thing}s together", f"{rest:,}")
        if counted.hidden:
            some = "One" if counted.hidden == 1 else str(counted.hidden)
            more = "more " if rest else "other "
            self.row(f"{some} {more}{thing}{'' if counted.hidden == 1 else 's'}", HIDDEN)

    def row(self, label: str, value: str, note: str = "") -> None:
        y = self.y - 13
        end = self.text(LEFT, y, label)
        if note:
            self.text(end + 8, y, note, 8.5, colour=SOFT)
        self.right(RIGHT, y, value, colour=SOFT if value == HIDDEN else INK)
        self.y -= ROW
        self.hairline(self.y)


def _count(line: "Line", step: int) -> str:
    count = line.counts[step]
    share = line.share(step) if step in (2, 3) else None
    return "*" if count is None else f"{count:,}" if share is None else f"{count:,} ({share} %)"


def _days(median: "Median") -> str:
    return median.why_not if median.days is None else f"{median.days:.1f}"


def _number(count: int | None) -> str:
    return "*" if count is None else f"{count:,}"


def _fitting(text: str, width: float, size: float, tail: str) -> str:
    return _shortened(text, REGULAR, size, width - pdfmetrics.stringWidth(tail, REGULAR, size)) + tail


def _shortened(text: str, font: str, size: float, width: float) -> str:
    """The text, or as much of its beginning as fits, with an ellipsis."""
    if pdfmetrics.stringWidth(text, font, size) <= width:
        return text
    while text and pdfmetrics.stringWidth(text + "…", font, size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
