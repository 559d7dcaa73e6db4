"""People of open referrals: found by slip code or handle, never a search over everyone.

A line a referral, with where it stands; one of them opens to its stamps and its one next step.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import flet as ft

from forms import codes
from outreach.logbook.referral import Referral
from outreach.screens import parts, theme, words
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import ACT, GAP, NOTE
from outreach.slips.code import code_of
from outreach.slips.words import words_of

_STEPS = {
    "issued": (("not_seen", "Not seen"), ("assessed", "Assessed")),
    "offered": (("not_seen", "Not seen"), ("assessed", "Assessed")),
    "not_seen": (("resting", "Let it rest"), ("assessed", "Assessed")),
    "arrived": (("resting", "Let it rest"), ("assessed", "Assessed")),
    "assessed": (("resting", "Let it rest"), ("started", "Started")),
    "started": (("resting", "Let it rest"), ("in_at_30", "In at 30 days")),
    "in_at_7": (("resting", "Let it rest"), ("in_at_30", "In at 30 days")),
    "in_at_30": (("resting", "Let it rest"), ("in_at_90", "In at 90 days")),
    "resting": (("reopened", "Open again"),),
    "said_no": (("reopened", "Open again"),),
}


def state_words(state: str) -> str:
    """A state as it stands on screens: waiting, seen, resting …"""
    return codes.load("referral_state").label(state)


@screen("/find")
def find(shell: Shell) -> ft.View:
    """Open referrals of the team, those with news first; a field for code or handle."""
    typed = parts.kept(lambda: {"text": ""})

    def write(value: str) -> None:
        typed["text"] = value

    found = [each for each in _open(shell) if _fits(shell, each, typed["text"])]
    body: list[ft.Control] = [referral_row(shell, each) for each in found[:40]]
    if not body:
        body = [
            parts.text(
                "No open referral fits that. Check the code on the slip, or the two words."
                if typed["text"]
                else "No referral is open. One is made with the Slip tile."
            )
        ]
    return parts.frame(
        shell,
        "/find",
        body,
        top=[
            parts.header("Find again", shell.go_home),
            parts.field("Slip code or two words", typed["text"], write, key="find"),
        ],
    )


def _open(shell: Shell) -> list[Referral]:
    # The last to have moved first: what a worker looks for is mostly from today.
    return sorted(shell.member.logbook.open_referrals(), key=lambda each: each.began, reverse=True)


def _fits(shell: Shell, referral: Referral, typed: str) -> bool:
    wanted = "".join(typed.upper().split()).replace("-", "")
    if not wanted:
        return True
    person = shell.member.logbook.person(referral.person)
    names = [code_of(token) for token in referral.tokens]
    names += [" ".join(words_of(token)) for token in referral.tokens]
    names += [person.handle, person.chosen_name] if person else []
    return any(wanted in name.upper().replace("-", "").replace(" ", "") for name in names if name)


def referral_row(shell: Shell, referral: Referral) -> ft.Control:
    """One referral as a line: who (handle or chosen name), where to, and how it stands."""
    person = shell.member.logbook.person(referral.person)
    who = (person.chosen_name or person.handle.replace("-", " ")) if person else ""
    who = who or (code_of(referral.token) if referral.token else "Referral")
    came = referral.state not in ("issued", "offered", "not_seen")
    return parts.row_button(
        who,
        lambda: shell.go(f"/referral/{referral.id.hex()}"),
        second=f"{_place(shell, referral)} · {state_words(referral.state)}",
        picture=ft.Icons.HOW_TO_REG_OUTLINED if came else ft.Icons.SCHEDULE_ROUNDED,
        color=ACT if came else NOTE,
    )


def _place(shell: Shell, referral: Referral) -> str:
    for service in shell.here.directory.services:
        if service.id == referral.service:
            return service.name
    return referral.service


@screen("/referral/:referral")
def referral(shell: Shell, referral: str) -> ft.View:
    """How one referral stands, its slip, and what happens next."""
    found = shell.member.logbook.referral(bytes.fromhex(referral))
    if found is None:
        return parts.frame(
            shell,
            f"/referral/{referral}",
            [parts.text("This referral isn’t on this device any more. Nothing was changed.")],
            top=[parts.header("Referral", shell.back, closes=False)],
        )
    person = shell.member.logbook.person(found.person)
    body: list[ft.Control] = [
        parts.title(state_words(found.state).capitalize()),
        parts.text(_place(shell, found)),
        parts.box([_stamp(shell, label, moment) for label, moment in _stamps(found)], spacing=theme.STEP * 2),
    ]
    if found.reasons:
        barriers = codes.load("barriers")
        body.append(
            parts.soft("In the way: " + ", ".join(barriers.label(reason) for reason in found.reasons))
        )
    body.append(
        parts.row_button(
            "Show the slip",
            lambda: shell.go(f"/slip/{referral}"),
            picture=ft.Icons.QR_CODE_2_ROUNDED,
            second=code_of(found.token) if found.token else "",
        )
    )
    return parts.frame(
        shell,
        f"/referral/{referral}",
        body,
        top=[parts.header(_name(person), shell.back, closes=False)],
        bottom=_next(shell, found),
        spacing=GAP,
    )


def _name(person: object) -> str:
    return str(getattr(person, "chosen_name", "") or getattr(person, "handle", "") or "Referral")


def _stamps(found: Referral) -> list[tuple[str, int]]:
    pairs = [
        ("Slip made", found.issued),
        ("Came", found.arrived),
        ("Assessed", found.assessed),
        ("Started", found.started),
        ("In at 30 days", found.in_at_30),
        ("In at 90 days", found.in_at_90),
    ]
    return [(label, moment.at if moment else 0) for label, moment in pairs]


def _stamp(shell: Shell, label: str, at: int) -> ft.Control:
    zone = shell.now().tzinfo
    told = words.when(words.moment(at).astimezone(zone), shell.now()) if at else "not known"
    return ft.Row([parts.text(label, expand=True, color=theme.INK if at else theme.SOFT), parts.soft(told)])


def _next(shell: Shell, found: Referral) -> list[ft.Control]:
    steps = _STEPS.get(found.state, ())
    if not steps:
        return []

    def move(to: str) -> Callable[[], object]:
        async def go() -> None:
            if not shell.settled():  # the step before stood at this very place a moment ago
                return
            shell.changed = time.monotonic()
            await shell.run(lambda: shell.member.move(found.id, to))
            shell.changed = time.monotonic()
            shell.tell(f"Saved: {state_words(to if to != 'reopened' else 'issued')}")
            await shell.refresh()
            shell.courier.hurry()

        return go

    buttons = [parts.quiet(label, move(to)) for to, label in steps[:-1]]
    to, label = steps[-1]
    return [parts.bar(*buttons, parts.primary(label, move(to)))]
