"""What a contact may be asked, part by part: each a function from a draft to controls.

Nothing here is mandatory and no part waits for another. A tap writes into the draft; tapping a
chosen answer again takes it back. `opened` holds the names of parts that were unfolded
("More …"), which only the screen that shows them cares about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import flet as ft

from forms import cards as deck
from forms import codes, wording
from outreach.capture import ContactDraft
from outreach.logbook.events import NOTE_LIMIT
from outreach.screens import parts, theme
from outreach.screens.shell import Shell
from outreach.screens.theme import GAP, NOTE, SMALL, STEP

Controls = list[ft.Control]

OFTEN_USED = ("heroin", "crack", "street_tablets_unknown", "pregabalin", "alcohol")
"""Substances shown before "More …" is tapped."""
OFTEN_ROUTES = ("smoke_pipe", "smoke_foil", "inject_iv")
PAIR = frozenset({"heroin", "crack"})


def group(name: str, controls: Iterable[ft.Control]) -> ft.Control:
    """A heading and its answers, close together."""
    return ft.Column([parts.heading(name), *controls], spacing=STEP * 2, tight=True)


def short(label: str) -> str:
    """A label without its explanation: `Street tablets – not sure what` is `Street tablets` on a chip."""
    return label.partition(" – ")[0] if label.startswith("Street tablets") else label


# --- what and how ---------------------------------------------------------------------------


def substances(draft: ContactDraft, opened: set[str]) -> Controls:
    """Quick pick first, a few common ones, the whole list one tap away (BC20: one tap records both)."""
    known = codes.load("substances")

    def switch(*keys: str) -> None:
        if all(key in draft.substances for key in keys):
            for key in keys:
                del draft.substances[key]
        else:
            for key in keys:
                draft.substances.setdefault(key, "")
        if len(draft.substances) < 2:
            draft.use_together = draft.order_of_use = ""

    row: Controls = []
    for pick in known.quick_picks:
        chosen = all(key in draft.substances for key in pick.codes)
        row.append(parts.chip(pick.label, chosen, lambda keys=pick.codes: switch(*keys)))
    everything = "substances" in opened
    for key in (code.key for code in known):
        if everything or key in OFTEN_USED or key in draft.substances:
            both = key in PAIR and set(draft.substances) >= PAIR
            if both and not everything:
                continue  # the quick pick says it
            label = known.label(key) if everything else short(known.label(key))
            row.append(parts.chip(label, key in draft.substances, lambda key=key: switch(key)))
    row.append(more("substances", opened))
    return [group("Talked about", [parts.chips(row)])]


def together(draft: ContactDraft) -> Controls:
    """Together or one after the other: asked before anything about each drug (BC06)."""
    if len(draft.substances) < 2:
        return []
    shown: Controls = [
        _one_of("Together or apart", "use_together", draft, "use_together", without=("not_asked",))
    ]
    if draft.use_together in ("close_together", "varies"):
        shown.append(
            _one_of(
                "Which comes first", "order_of_use", draft, "order_of_use", without=("same_hit", "not_asked")
            )
        )
    return shown


def routes_of(draft: ContactDraft, opened: set[str]) -> Controls:
    """How: one row for all of them, or a row for each where the ways differ."""
    if not draft.substances:
        return []
    names = codes.load("substances")
    ways = set(draft.substances.values())
    apart = "each way" in opened or len(ways) > 1
    if apart and len(draft.substances) > 1:
        return [
            group(f"How: {short(names.label(key))}", [_routes(draft, (key,), opened)])
            for key in draft.substances
        ]
    row = _routes(draft, tuple(draft.substances), opened)
    if len(draft.substances) > 1:
        row.controls.append(parts.chip("Differs", False, lambda: opened.add("each way")))
    return [group("How", [row])]


def _routes(draft: ContactDraft, of: Sequence[str], opened: set[str]) -> ft.Row:
    known = codes.load("routes")

    def choose(route: str) -> None:
        same = all(draft.substances[key] == route for key in of)
        for key in of:
            draft.substances[key] = "" if same else route

    keys = known.keys() if "routes" in opened else OFTEN_ROUTES
    now = {draft.substances[key] for key in of}
    shown = [*keys, *(route for route in now if route and route not in keys)]
    row: Controls = [parts.chip(known.label(key), now == {key}, lambda key=key: choose(key)) for key in shown]
    row.append(more("routes", opened))
    return parts.chips(row)


# --- cards ----------------------------------------------------------------------------------


def fitting_cards(shell: Shell, draft: ContactDraft, opened: set[str]) -> Controls:
    """At most three cards for what is known, and how far each one went."""
    cards = [card for card in shell.here.cards if not card.expired(shell.now().date())]
    fitting = list(deck.suggest(cards, draft.facts()))
    talked = [card for card in cards if card.id in draft.advice and card not in fitting]
    if not fitting and not talked:
        return []
    lines = [_card(shell, draft, card, opened) for card in (*talked, *fitting)]
    return [
        ft.Column([parts.heading("Cards that fit"), *lines], spacing=GAP, tight=True),
    ]


def _card(shell: Shell, draft: ContactDraft, card: deck.Card, opened: set[str]) -> ft.Control:
    steps = codes.load("advice_step")
    step = draft.advice.get(card.id, "")
    name = f"card {card.id}"

    def offer() -> None:
        draft.advice.setdefault(card.id, "offered")
        opened.symmetric_difference_update({name})

    def choose(key: str) -> None:
        if draft.advice.get(card.id) == key:
            del draft.advice[card.id]
        else:
            draft.advice[card.id] = key
        opened.discard(name)

    top = ft.Row(
        [
            ft.TextButton(
                content=ft.Row(
                    [
                        parts.icon(ft.Icons.STYLE_OUTLINED, size=26),
                        parts.text(card.title, bold=True, expand=True),
                    ],
                    spacing=GAP,
                ),
                style=ft.ButtonStyle(
                    padding=ft.Padding.all(0),
                    shape=ft.RoundedRectangleBorder(radius=GAP),
                    animation_duration=0,
                ),
                height=theme.TARGET,
                expand=True,
                on_click=parts.on(lambda: shell.go(f"/card/{card.id}")),
            ),
            _step_button(steps.label(step) if step else "Offer", card.title, bool(step), offer),
        ],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    controls: Controls = [top]
    if name in opened:
        controls.append(
            parts.chips(
                parts.chip(code.label, step == code.key, lambda key=code.key: choose(key)) for code in steps
            )
        )
    return ft.Container(
        ft.Column(controls, spacing=GAP, tight=True),
        bgcolor=theme.SURFACE,
        border=ft.Border.all(1, theme.LINE),
        border_radius=theme.CORNER,
        padding=ft.Padding.symmetric(horizontal=theme.EDGE, vertical=GAP if name in opened else STEP),
    )


def _step_button(label: str, card: str, chosen: bool, action: parts.Action) -> ft.Control:
    ink = theme.ON_ACT if chosen else theme.INK
    return ft.Button(
        content=parts.text(label, bold=chosen, color=ink, spoken=f"{label}: {card}"),
        style=ft.ButtonStyle(
            bgcolor=theme.ACT if chosen else theme.SURFACE,
            color=ink,
            elevation=0,
            shape=ft.StadiumBorder(),
            side=ft.BorderSide(1, theme.ACT if chosen else theme.LINE),
            padding=ft.Padding.symmetric(horizontal=theme.EDGE),
            animation_duration=0,
        ),
        height=theme.CHIP,
        elevation=0,
        on_click=parts.on(action),
    )


# --- the rest -------------------------------------------------------------------------------


def practical(draft: ContactDraft) -> Controls:
    """Practical help, as chips."""

    def switch(key: str) -> None:
        draft.practical.symmetric_difference_update({key})

    return [
        parts.chips(
            parts.chip(code.label, code.key in draft.practical, lambda key=code.key: switch(key))
            for code in codes.load("practical_help")
        )
    ]


def script(draft: ContactDraft) -> Controls:
    """On a script? After three missed days the usual dose may be too strong, and the prompt says so."""
    prompts = codes.load("ost_status")[draft.ost_status].prompts if draft.ost_status else ()
    return [
        _one_of("On a script?", "ost_status", draft, "ost_status", without=("not_asked",)),
        *(parts.text(prompt.text, size=SMALL, color=NOTE) for prompt in prompts),
    ]


def kind_and_time(draft: ContactDraft) -> Controls:
    """Kind of contact and how long it took."""
    return [
        _one_of("Kind", "contact_kind", draft, "kind", empty="brief_contact"),
        _one_of("How long", "minutes_band", draft, "minutes"),
    ]


def confidentiality(draft: ContactDraft) -> Controls:
    """Whether confidentiality was explained; not asked until tapped."""

    def switch() -> None:
        draft.confidentiality_explained = None if draft.confidentiality_explained else True

    return [
        parts.chips([parts.chip("Confidentiality explained", bool(draft.confidentiality_explained), switch)])
    ]


def note(draft: ContactDraft) -> Controls:
    """A short note, with a live hint where a word may land badly. The hint never blocks saving."""

    def write(typed: str) -> None:
        draft.note = typed

    found = wording.check(draft.note, "en") if draft.note else []
    lines: Controls = [
        parts.field("Note", draft.note, write, lines=2, limit=NOTE_LIMIT, hint="What helps next time")
    ]
    if found:
        lines.append(parts.text(hint_for(found[0]), size=SMALL, color=NOTE))
    return lines


def hint_for(finding: wording.Finding) -> str:
    """One line about one word: what it is, and what could stand there."""
    options = [f"“{word}”" for word in finding.preferred[:3]]
    if not options:
        return f"“{finding.text}” can land badly. Another word could say it."
    said = " or ".join([", ".join(options[:-1]), options[-1]] if len(options) > 1 else options)
    return f"“{finding.text}” can land badly. Some say {said}."


def more(name: str, opened: set[str], label: str = "More …") -> ft.Control:
    shown = name in opened
    return parts.chip("Fewer" if shown else label, False, lambda: opened.symmetric_difference_update({name}))


def _one_of(
    name: str,
    list_name: str,
    draft: ContactDraft,
    attribute: str,
    *,
    without: Sequence[str] = (),
    empty: str = "",
) -> ft.Control:
    now = getattr(draft, attribute)

    def choose(key: str) -> None:
        setattr(draft, attribute, empty if getattr(draft, attribute) == key else key)

    return group(
        name,
        [
            parts.chips(
                parts.chip(code.label, now == code.key, lambda key=code.key: choose(key))
                for code in codes.load(list_name)
                if code.key not in without
            )
        ],
    )
