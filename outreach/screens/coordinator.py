"""The coordinator's page: where people are lost, who waits longest, and the report to print."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import flet as ft

from outreach import reporting, reports
from outreach.logbook.referral import Referral
from outreach.screens import parts, theme, words
from outreach.screens.find import referral_row
from outreach.screens.paper import hand_over
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import ACT, GAP

QUARTERS_SHOWN = 4


@screen("/coordinator", home_of=("coordinator",))
def coordinator(shell: Shell) -> ft.View:
    """The funnel of a period, its report as PDF and CSV, and what happens next."""
    chosen: dict[str, Any] = parts.kept(lambda: {"period": _busiest(shell)})
    period: reports.Period = chosen["period"]
    report = _report(shell, chosen, period)

    def choose(quarter: reports.Period) -> None:
        chosen["period"] = quarter

    left = ft.Column(
        [
            parts.title("Where people are lost"),
            parts.chips(
                parts.chip(_quarter_words(each), each == period, lambda each=each: choose(each))
                for each in _quarters(shell)
            ),
            parts.box([_finding(report.finding), *_bars(report)], spacing=GAP),
            _papers(shell, report, period),
        ],
        spacing=GAP,
        col={"xs": 12, "md": 8},
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    right = ft.Column(
        [parts.heading("Today, one step each"), *_today(shell)],
        spacing=GAP,
        col={"xs": 12, "md": 4},
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    return parts.frame(
        shell,
        "/coordinator",
        [ft.ResponsiveRow([left, right], spacing=24, run_spacing=24)],
        top=[_top(shell), parts.status_line(shell)],
        wide=True,
    )


def _top(shell: Shell) -> ft.Control:
    return ft.Row(
        [
            ft.Semantics(
                header=True,
                content=parts.text(shell.here.team_name, size=theme.LARGE, bold=True),
                expand=True,
            ),
            parts.look_button(shell),
            parts.icon_button(ft.Icons.LOCK_OUTLINE_ROUNDED, "Lock", shell.lock),
        ],
        spacing=0,
    )


def _report(shell: Shell, kept: dict[str, Any], period: reports.Period) -> reports.Report:
    """The report over a period; made again only when something was recorded or another one is chosen."""
    state = (period, len(shell.member.logbook))
    if kept.get("state") != state:
        kept["state"], kept["report"] = state, reporting.funnel(shell.member, period)
    report: reports.Report = kept["report"]
    return report


def _finding(sentence: str) -> ft.Control:
    """The finding in words; its numbers are bold."""
    pieces = [piece for part in sentence.split("<b>") for piece in part.split("</b>")]
    return ft.Text(
        spans=[
            ft.TextSpan(piece, style=theme.text_style(bold=place % 2 == 1, color=theme.INK))
            for place, piece in enumerate(pieces)
        ]
    )


def _bars(report: reports.Report) -> list[ft.Control]:
    """The funnel as bars with their numbers; numbers too small to show are said so."""
    if all(count is None for count in report.all.counts):
        return []  # the finding says so already
    stages = [(label, count) for label, count in zip(report.steps, report.all.counts, strict=True)]
    most = max((count or 0 for _, count in stages), default=0) or 1
    return [
        ft.Semantics(
            label=f"{label}: {'too few to show' if count is None else count}",
            exclude_semantics=True,
            content=ft.Row(
                [
                    ft.Container(parts.soft(label), width=116),
                    ft.Container(
                        ft.Container(
                            bgcolor=ft.Colors.with_opacity(1 - 0.14 * place if count else 0, ACT),
                            border_radius=8,
                            height=36,
                        ),
                        expand=max(1, round(100 * (count or 0) / most)),
                    ),
                    parts.text("too few" if count is None else str(count), bold=True),
                    ft.Container(expand=101 - max(1, round(100 * (count or 0) / most))),
                ],
                spacing=GAP,
            ),
        )
        for place, (label, count) in enumerate(stages)
    ]


def _papers(shell: Shell, report: reports.Report, period: reports.Period) -> ft.Control:
    name = f"report-{period.first:%Y-%m}"
    roomy = (shell.page.width or 0) > theme.NARROW
    return parts.bar(
        parts.quiet(
            "Table (CSV)",
            lambda: hand_over(shell, f"{name}.csv", lambda: report.csv().encode("utf-8")),
            picture=ft.Icons.TABLE_VIEW_OUTLINED if roomy else None,
        ),
        parts.primary(
            "Report (PDF)",
            lambda: hand_over(shell, f"{name}.pdf", report.pdf),
            picture=ft.Icons.PRINT_OUTLINED if roomy else None,
        ),
    )


def _today(shell: Shell) -> list[ft.Control]:
    """Open referrals that were made here lately: those who came first, then the longest waits."""
    since = int((shell.now() - timedelta(days=60)).timestamp() * 1000)
    lately = [each for each in shell.member.logbook.open_referrals() if each.began >= since]
    lately.sort(key=_urgency)
    rows: list[ft.Control] = [referral_row(shell, each) for each in lately[:12]]
    rows = rows or [parts.text("Nobody waits just now.")]
    if len(lately) > 12:
        rows.append(parts.soft(f"and {words.counted(len(lately) - 12, 'more', 'more')}"))
    return rows


def _urgency(referral: Referral) -> tuple[bool, int]:
    return (referral.state != "arrived", referral.began)


# --- periods ---


def _quarters(shell: Shell) -> list[reports.Period]:
    """This calendar quarter and the ones before it, newest first."""
    zone = shell.member.timezone
    found = [reports.Period.quarter(shell.now().date(), zone)]
    while len(found) < QUARTERS_SHOWN:
        found.append(reports.Period.quarter(found[-1].first - timedelta(days=1), zone))
    return found


def _busiest(shell: Shell) -> reports.Period:
    """The newest quarter with referrals enough to show something, or else this one."""
    quarters = _quarters(shell)
    made = [each.began for each in shell.member.logbook.each_referral()]
    for quarter in quarters:
        if sum(quarter.begin <= began < quarter.end for began in made) >= 10:
            return quarter
    return quarters[0]


def _quarter_words(period: reports.Period) -> str:
    return f"{period.first:%b} to {period.last:%b %Y}"
