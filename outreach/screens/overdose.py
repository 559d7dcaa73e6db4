"""Someone is not waking: numbered steps, a clock since the first dose, doses counted. Nothing else.

Writing it down comes afterwards: leaving offers a contact with the doses already in the note.
"""

import asyncio
import time
from datetime import datetime

import flet as ft

from forms import cards as deck
from forms import codes
from outreach.screens import parts, theme, words
from outreach.screens.routes import screen
from outreach.screens.shell import Overdose, Shell
from outreach.screens.theme import GAP, STEP


@screen("/overdose", locked=True)
def overdose(shell: Shell) -> ft.View:
    """The steps; the way out is small and at the top."""
    steps = deck.overdose_steps()
    doses = shell.overdose.doses

    def dose() -> None:
        if shell.settled():  # two taps in half a second are one dose
            shell.changed = time.monotonic()
            doses.append(shell.now())

    def take_back() -> None:
        doses.pop()

    def leave() -> None:
        shell.back()
        if doses:
            told = _told(doses)
            shell.overdose = Overdose()
            shell.tell(told, "Write it down", lambda: _write_down(shell, told))

    opened = parts.kept(set[str])
    call: list[ft.Control] = [
        parts.heading("Say to 999"),
        *(parts.text(f"{each.title}: {each.text}", size=18) for each in steps.call_words),
    ]

    def unfold() -> None:
        opened.symmetric_difference_update({"call"})

    lines: list[ft.Control] = []
    for step in steps.steps:
        lines.append(_step(step))
        if step.shows_call_words:
            lines.append(
                parts.box(call, spacing=STEP * 2)
                if "call" in opened
                else parts.quiet("What to say to 999", unfold, picture=ft.Icons.CALL_ROUNDED)
            )
    bottom: list[ft.Control] = [clock(doses, steps)] if doses else []
    given = " given" if (shell.page.width or 0) >= 360 else ""
    give = parts.primary("Dose given" if not doses else f"Dose {len(doses) + 1}{given}", dose, height=72)
    if doses:
        bottom.append(parts.bar(parts.quiet("One less", take_back, height=72), give))
    else:
        bottom.append(parts.bar(give))
    return parts.frame(
        shell,
        "/overdose",
        lines,
        top=[parts.header(steps.title, leave)],
        bottom=bottom,
        spacing=18,
        messages=False,
    )


def _step(step: deck.Step) -> ft.Control:
    products = codes.load("naloxone_products")
    texts: list[ft.Control] = [
        parts.text(step.title, size=theme.LARGE, bold=True),
        parts.text(step.text, size=18),
    ]
    texts += [
        parts.text(
            line if line.startswith(_first_word(products.label(key))) else f"{products.label(key)}: {line}",
            size=18,
        )
        for key, line in step.by_product.items()
    ]
    return ft.Row(
        [
            ft.Container(
                parts.text(str(step.number), size=theme.LARGE, bold=True, color=theme.ON_HELP, center=True),
                width=40,
                height=40,
                border_radius=20,
                bgcolor=theme.HELP,
                alignment=ft.Alignment.CENTER,
            ),
            ft.Column(texts, spacing=STEP, tight=True, expand=True),
        ],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _first_word(label: str) -> str:
    return label.partition(" ")[0]


@ft.component
def clock(doses: list[datetime], steps: deck.OverdoseSteps) -> ft.Control:
    """Time since the first and the last dose, once a second."""
    _, tick = ft.use_state(0)

    async def run() -> None:
        while True:
            await asyncio.sleep(1)
            tick(lambda seconds: seconds + 1)

    ft.use_effect(run, [])
    now = datetime.now().astimezone()
    since_last = now - doses[-1]
    soonest, latest = steps.next_dose_after_minutes
    due = since_last.total_seconds() >= soonest * 60
    last = f"last {words.stopwatch(since_last)} ago" if len(doses) > 1 else f"at {words.clock(doses[0])}"
    second = (
        "Still not breathing normally? Next dose now."
        if due
        else f"{last.capitalize()}. Next after {soonest}–{latest} minutes, if not breathing normally."
    )
    return ft.Semantics(
        container=True,
        content=parts.box(
            [
                ft.Row(
                    [
                        parts.text(
                            words.counted(len(doses), "dose", "doses"),
                            size=theme.LARGE,
                            bold=True,
                            expand=True,
                        ),
                        parts.text(words.stopwatch(now - doses[0]), size=theme.CODE, bold=True),
                    ],
                    vertical_alignment=ft.CrossAxisAlignment.CENTER,
                ),
                parts.text(second, bold=due, color=theme.HELP if due else theme.INK),
            ],
            spacing=STEP,
        ),
    )


def _told(doses: list[datetime]) -> str:
    given = words.counted(len(doses), "dose", "doses")
    return f"{given} given, first at {words.clock(doses[0])}"


def _write_down(shell: Shell, told: str) -> None:
    shell.notice = None
    draft = shell.begin("overdose_response")
    draft.note = f"Naloxone: {told}."
    shell.go("/contact")
