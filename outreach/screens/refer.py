"""Where could they be seen soonest, and the few answers that a slip wants.

Tile, place, "Make the slip": three taps from home, all the rest has a sensible answer already.
The check of who a place is for informs and never forbids; the list is never empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import flet as ft

from forms import codes, matching, opening
from forms.matching import Facts, Ranked, Substance
from forms.services import Service
from outreach.capture import ReferralDraft
from outreach.screens import parts, theme
from outreach.screens.asking import short
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import GAP, NOTE, SOFT

FIT = {"yes": "Fits", "maybe": "May fit, worth asking", "no": "Not a match"}
_SIGN = {
    "yes": ft.Icons.CHECK_CIRCLE_OUTLINE_ROUNDED,
    "maybe": ft.Icons.HELP_OUTLINE_ROUNDED,
    "no": ft.Icons.DO_NOT_DISTURB_ON_OUTLINED,
}


@dataclass
class Asking:
    """What this screen keeps while it is open."""

    draft: ReferralDraft
    more: bool = False
    saving: bool = False
    known: Facts = field(default_factory=Facts)


def _facts(shell: Shell) -> Facts:
    """What this member's last talk of today says, where it says anything."""
    mine = shell.member.device.profile.member
    talks = [each for each in shell.member.contacts_today() if mine in each.members][-1:]
    talks = [each for each in talks if each.substances]
    if not talks:
        return Facts()
    main = shell.main_drug.get(talks[-1].id, "")
    return Facts(
        substances=tuple(
            Substance(use.substance, ("primary" if use.substance == main else "secondary") if main else None)
            for use in talks[-1].substances
        )
    )


def _main_drug(shell: Shell) -> list[ft.Control]:
    """Which of the drugs talked about is the main one, where they say: some places are for one drug."""
    contact, known = _last_contact(shell), _facts(shell).substances
    if not known:
        return []
    names = codes.load("substances")

    def choose(key: str) -> None:
        shell.main_drug[contact] = "" if shell.main_drug.get(contact) == key else key

    return [
        parts.heading("Main drug, if they say"),
        parts.chips(
            parts.chip(
                short(names.label(each.key)), each.place == "primary", lambda key=each.key: choose(key)
            )
            for each in known
        ),
    ]


def _last_contact(shell: Shell) -> bytes:
    mine = shell.member.device.profile.member
    talks = [each for each in shell.member.contacts_today() if mine in each.members]
    return talks[-1].id if talks else b""


@screen("/refer")
def places(shell: Shell) -> ft.View:
    """Every place that can be chosen, the one to go to first."""
    directory = shell.here.directory
    found = matching.best(directory, _facts(shell), shell.now())
    shut = matching.shut(directory, shell.now())
    body: list[ft.Control] = [*_main_drug(shell), *(_place(shell, each) for each in found)]
    if not found:
        body.append(
            parts.text("Every place in this directory is closed. Ring your coordinator for another one.")
        )
    if shut:
        body.append(parts.heading("Can’t be chosen"))
        body += [parts.soft(each.reason) for each in shut]
    body.append(parts.soft(f"Directory as of {opening.day_words(directory.as_of)}"))
    return parts.frame(shell, "/refer", body, top=[parts.header("Seen soonest", shell.go_home)], spacing=GAP)


def _place(shell: Shell, ranked: Ranked) -> ft.Control:
    service = ranked.service
    when = (
        opening.words(ranked.occurrence, shell.now()) if ranked.occurrence else "Times not known, ring first"
    )
    fit = "Next best place" if ranked.next_best else FIT[ranked.match.verdict]
    return parts.row_button(
        service.name,
        lambda: shell.go(f"/refer/{service.id}"),
        second=f"{when}\n{fit}",
        picture=_SIGN[ranked.match.verdict],
        color=NOTE if ranked.match.verdict != "yes" else theme.ACT,
    )


@screen("/refer/:service")
def make_slip(shell: Shell, service: str) -> ft.View:
    """One place: when, why it fits or not, who suggested it, and the slip."""
    directory = shell.here.directory
    place = directory.service(service)
    facts = _facts(shell)
    occurrence = matching.soonest_for(place, facts, shell.now())
    match = matching.match(place, facts, matching.local_date(place, shell.now()))
    asking = parts.kept(
        lambda: Asking(
            ReferralDraft(
                service=service,
                session=occurrence.session.number if occurrence else 0,
                contact=_last_contact(shell),
                source="peer_worker" if shell.member.role == "peer" else "outreach_worker",
                fast_track=bool(
                    place.fast_track_accepted and occurrence and occurrence.session.fast_track_places
                ),
            ),
            known=facts,
        )
    )
    draft = asking.draft

    async def make() -> None:
        if asking.saving:
            return
        asking.saving = True  # and stays so once it is made: a second tap makes no second slip
        try:
            slip = await shell.run(shell.member.refer, draft)
        except BaseException:
            asking.saving = False
            raise
        shell.stack = [shell.home]
        shell.go(f"/slip/{slip.referral.hex()}")
        await shell.refresh()
        shell.courier.hurry()

    when = opening.words(occurrence, shell.now()) if occurrence else "Times not known, ring first"
    body: list[ft.Control] = [
        parts.box([parts.text(when, bold=True), *_fit(match), *_travel(place)], spacing=theme.STEP),
        parts.heading("Who suggested it"),
        parts.chips(
            parts.chip(
                codes.load("referral_source").label(key),
                draft.source == key,
                lambda key=key: setattr(draft, "source", key),
            )
            for key in _sources(asking)
        ),
        *([] if asking.more else [parts.link("Someone else", lambda: setattr(asking, "more", True))]),
        parts.heading("Waiting"),
        parts.chips(
            parts.chip(
                code.label,
                draft.wait_preference == code.key,
                lambda key=code.key: setattr(
                    draft, "wait_preference", "" if draft.wait_preference == key else key
                ),
            )
            for code in codes.load("wait_preference")
        ),
        parts.heading("Only if they ask for it"),
        parts.field(
            "What they like to be called",
            draft.chosen_name,
            lambda value: setattr(draft, "chosen_name", value),
            limit=40,
        ),
        parts.chips(
            [
                parts.chip(
                    "They said yes: tell the desk",
                    draft.send_ahead,
                    lambda: setattr(draft, "send_ahead", not draft.send_ahead),
                )
            ]
        ),
        parts.soft("Without that yes the slip tells the desk nothing about them."),
    ]
    return parts.frame(
        shell,
        f"/refer/{service}",
        body,
        top=[parts.header(place.name, shell.back, closes=False)],
        bottom=[parts.primary("Make the slip", make, picture=ft.Icons.QR_CODE_2_ROUNDED)],
    )


def _sources(asking: Asking) -> list[str]:
    """The likely ones; all of the list after "More"."""
    if asking.more:
        return [code.key for code in codes.load("referral_source")]
    likely = ["outreach_worker", "self", "peer_worker", "drug_service", "probation", "housing_homeless"]
    return likely if asking.draft.source in likely else [asking.draft.source, *likely]


def _fit(match: matching.Match) -> list[ft.Control]:
    lines: list[ft.Control] = [
        ft.Row(
            [
                parts.icon(
                    _SIGN[match.verdict], color=NOTE if match.verdict != "yes" else theme.ACT, size=22
                ),
                parts.text(FIT[match.verdict], expand=True),
            ],
            spacing=theme.STEP * 2,
        )
    ]
    for reason in match.reasons:
        if reason.verdict != "yes" or match.verdict == "yes":
            lines.append(parts.soft(reason.text.removeprefix(f"{FIT[match.verdict]}. ")))
        if reason.workaround:
            lines.append(parts.soft(f"Way round: {reason.workaround}"))
    return lines


def _travel(place: Service) -> list[ft.Control]:
    travel = (
        (ft.Icons.DIRECTIONS_BUS_OUTLINED, place.location.bus),
        (ft.Icons.DIRECTIONS_WALK_ROUNDED, place.location.walking),
    )
    return [
        ft.Row(
            [
                parts.icon(sign, color=SOFT, size=20),
                parts.text(line, size=theme.SMALL, color=SOFT, expand=True),
            ]
        )
        for sign, line in travel
        if line
    ]
