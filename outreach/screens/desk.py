"""The welcome desk: who has come, and nothing else about anyone.

A code is typed, or a scanner that types like a keyboard sends the whole text and Enter. The
greeting comes first; nothing is asked aloud. Nobody who comes with a slip is turned away.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import flet as ft

from forms import codes
from outreach.screens import parts, theme, words
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import ACT, GAP, NOTE, ON_ACT, SOFT
from outreach.session import ArrivalView
from outreach.slips import Checked
from outreach.slips import words as slip_words
from outreach.slips.code import code_of

OUTCOMES = {
    "seen_now": "Seen now",
    "time_given": "Time given",
    "left_before_seen": "Left before seen",
    "not_safe_today": "Not safe today",
}

TIMES = {
    "In 15 min": timedelta(minutes=15),
    "In 30 min": timedelta(minutes=30),
    "In 1 hour": timedelta(hours=1),
    "In 2 hours": timedelta(hours=2),
    "Tomorrow, about now": timedelta(days=1),
}


@dataclass
class Greeting:
    """What the desk looks at now."""

    typed: str = ""
    said: bool = False
    """Whether the two words of a slip were typed: they find it, and never record an arrival."""
    found: tuple[str, ...] = ()
    """Codes of the slips that go with the words."""
    giving: bool = False
    """Whether the times that can be given are shown."""
    checked: Checked | None = None
    arrival: ArrivalView | None = None
    told: set[bytes] = field(default_factory=set)
    """Arrivals whose outcome was recorded here."""
    round: int = 0
    """Turns with each check, so that the field is empty and in focus again."""


@screen("/desk", home_of=("desk",))
def desk(shell: Shell) -> ft.View:
    """Type or scan, greet, and say what happened next."""
    now = parts.kept(Greeting)
    waiting = [each for each in shell.member.arrivals_today() if not each.outcome]
    current = _current(shell, now)
    body: list[ft.Control] = []
    if now.checked is not None:
        body.append(_banner(now.checked, current))
        if current is not None:
            body.append(_person(shell, now, current))
    elif now.said:
        body += _found(now)
    else:
        body.append(_welcome(shell))
    others = [each for each in waiting if current is None or each.token != current.token]
    if others:
        body.append(parts.heading("Waiting"))
        body += [_waiting(shell, now, each) for each in others]
    return parts.frame(
        shell,
        "/desk",
        body,
        top=[_top(shell), parts.status_line(shell)],
        bottom=[_entry(shell, now)],
    )


def _current(shell: Shell, now: Greeting) -> ArrivalView | None:
    """The arrival on show, as it stands after outcomes."""
    if now.arrival is None:
        return None
    first = now.arrival.first
    for each in shell.member.arrivals_today():
        if each.token == now.arrival.token:
            return replace(each, first=first)
    return now.arrival


def _top(shell: Shell) -> ft.Control:
    return ft.Row(
        [
            ft.Semantics(
                header=True,
                content=parts.text(shell.here.site_name or "Welcome desk", size=theme.LARGE, bold=True),
                expand=True,
            ),
            parts.look_button(shell),
            parts.icon_button(ft.Icons.LOCK_OUTLINE_ROUNDED, "Lock", shell.lock),
        ],
        spacing=0,
    )


def _welcome(shell: Shell) -> ft.Control:
    came = len(shell.member.arrivals_today())
    return ft.Column(
        [
            parts.title(words.greeting(shell.member.name, shell.now())),
            parts.text(
                "Type the code of a slip, or scan it. It works with no network."
                + (f" {words.counted(came, 'person has', 'people have')} come today." if came else ""),
                color=SOFT,
            ),
        ],
        spacing=theme.STEP,
        tight=True,
    )


def _banner(checked: Checked, arrival: ArrivalView | None) -> ft.Control:
    """The greeting to say, on the colour of the check; the word says what the colour says."""
    green = checked.colour == "green"
    if arrival is not None and not arrival.first:
        first, then = (
            "“Hello again.”",
            f"This slip came at {words.clock(arrival.came_at)}. Nothing more to do.",
        )
    elif green:
        first, then = (
            "“Hello, good to see you.”",
            "Code is right. Say what happens next: a drink, then a talk.",
        )
    elif arrival is not None:
        first, then = "“Hello, good to see you.”", " ".join(checked.reasons)
    else:
        first, then = "Have another look", " ".join(checked.reasons)
    fill, ink = (ACT, ON_ACT) if arrival is not None and green else (theme.SURFACE, theme.INK)
    return ft.Semantics(
        live_region=True,
        content=ft.Container(
            ft.Column(
                [
                    parts.text(first, size=theme.LARGE + 2, bold=True, color=ink),
                    parts.text(then, color=ink),
                ],
                spacing=theme.STEP,
                tight=True,
            ),
            bgcolor=fill,
            border=None if fill == ACT else ft.Border.all(2, NOTE),
            border_radius=theme.CORNER,
            padding=ft.Padding.all(theme.EDGE),
        ),
    )


def _found(now: Greeting) -> list[ft.Control]:
    """The slips that two words go with; pressing "They are here" stays a step of its own."""

    def take(code: str) -> None:
        now.typed, now.found = code, (code,)
        now.round += 1

    if not now.found:
        first, then = (
            "Have another look",
            "No slip that is known here goes with these words. It may not have been sent yet. "
            "Whoever says them is welcome.",
        )
    elif len(now.found) == 1:
        first, then = (
            now.found[0].replace("-", " – "),
            "goes with these words. It stands below: press They are here.",
        )
    else:
        first, then = "More than one slip", "goes with these words. Which code is on the slip?"
    several = [parts.row_button(each.replace("-", " – "), lambda each=each: take(each)) for each in now.found]
    return [
        ft.Semantics(
            live_region=True,
            content=parts.box(
                [parts.text(first, size=theme.LARGE + 2, bold=True), parts.text(then)], spacing=theme.STEP
            ),
        ),
        *(several if len(several) > 1 else []),
    ]


def _person(shell: Shell, now: Greeting, arrival: ArrivalView) -> ft.Control:
    """Code, chosen name where it was sent ahead, waiting preference: nothing else."""
    code = arrival.code or "No code"
    sign, word = (
        (ft.Icons.VERIFIED_OUTLINED, "Fine")
        if arrival.colour == "green"
        else (ft.Icons.INFO_OUTLINE_ROUNDED, "See them")
    )
    lines: list[ft.Control] = [
        ft.Row(
            [
                parts.text(code.replace("-", " – "), size=theme.LARGE + 2, bold=True, expand=True),
                ft.Row([parts.icon(sign, size=22), parts.text(word)], spacing=theme.STEP * 2, tight=True),
            ]
        )
    ]
    about = [arrival.chosen_name, f"came {words.clock(arrival.came_at)}", _wish(arrival)]
    lines.append(parts.soft(" · ".join(each for each in about if each)))
    if arrival.outcome:
        lines.append(parts.text(f"{OUTCOMES.get(arrival.outcome, arrival.outcome)}. Saved.", bold=True))
    else:
        lines += [
            parts.bar(parts.primary("Seen now", _outcome(shell, now, arrival, "seen_now"))),
            parts.bar(parts.quiet("Give a time", lambda: setattr(now, "giving", not now.giving))),
            *([_times(shell, now, arrival)] if now.giving else []),
            parts.bar(
                parts.quiet(
                    "Left before seen", _outcome(shell, now, arrival, "left_before_seen"), size=theme.BODY
                ),
                parts.quiet(
                    "Not safe today", _outcome(shell, now, arrival, "not_safe_today"), size=theme.BODY
                ),
            ),
        ]
    return parts.box(lines)


def _wish(arrival: ArrivalView) -> str:
    if not arrival.wait_preference:
        return ""
    return f"would like: {codes.load('wait_preference').label(arrival.wait_preference).lower()}"


def _times(shell: Shell, now: Greeting, arrival: ArrivalView) -> ft.Control:
    """The time that was given, as it is said at a desk."""
    return parts.chips(
        parts.chip(label, False, _outcome(shell, now, arrival, "time_given", after))
        for label, after in TIMES.items()
    )


def _outcome(
    shell: Shell, now: Greeting, arrival: ArrivalView, outcome: str, after: timedelta | None = None
) -> parts.Action:
    """Records what happened, once; `after`: how long from now the time is that was given."""

    async def record() -> None:
        if arrival.token in now.told:  # a second tap
            return
        now.told.add(arrival.token)
        now.giving = False
        offered = shell.now() + after if after else None
        try:
            await shell.run(lambda: shell.member.desk_outcome(arrival.token, outcome, offered))
        except BaseException:
            now.told.discard(arrival.token)
            raise
        await shell.refresh()
        shell.courier.hurry()

    return record


def _waiting(shell: Shell, now: Greeting, arrival: ArrivalView) -> ft.Control:
    minutes = int((shell.now() - arrival.came_at).total_seconds() // 60)

    def show() -> None:
        now.said = now.giving = False
        now.checked, now.arrival = Checked(arrival.colour, (), None, arrival.code), arrival

    about = [_wish(arrival).removeprefix("would like: "), f"{minutes} min"]
    return parts.row_button(
        arrival.chosen_name or arrival.code or "No code",
        show,
        second=" · ".join(each for each in about if each),
    )


def _entry(shell: Shell, now: Greeting) -> ft.Control:
    def write(value: str) -> None:
        now.typed = value

    async def check() -> None:
        typed, now.typed = now.typed.strip(), ""
        if not typed:
            return
        now.giving = now.said = False
        pair = slip_words.parse(typed)
        if pair is not None:
            known = shell.member.logbook.tokens()
            now.found = tuple(sorted(code_of(each) for each in known if slip_words.words_of(each) == pair))
            now.said, now.checked, now.arrival = True, None, None
            now.typed = now.found[0] if len(now.found) == 1 else ""
            now.round += 1
            return
        now.checked = await shell.run(shell.member.check, typed)
        now.arrival = None
        now.round += 1
        if now.checked.colour != "red" and now.checked.why != ("typo",):
            now.arrival = await shell.run(shell.member.arrive, now.checked)
            await shell.refresh()
            shell.courier.hurry()

    entry = parts.field(
        "Code on the slip",
        now.typed,
        write,
        submit=check,
        key=f"code {now.round}",
        capitals=True,
        autofocus=True,
        expand=True,
    )
    return ft.Row(
        [entry, ft.Container(parts.primary("They are here", check), width=184)],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
