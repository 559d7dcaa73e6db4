"""Advice cards: found by street words, read as big text. Open to anyone, locked or not."""

import flet as ft

from forms import cards as deck
from outreach.screens import parts, theme
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import GAP


@screen("/cards", locked=True)
def cards(shell: Shell) -> ft.View:
    """Every card, and a search by the words that people use."""
    wanted = ft.use_ref("")

    def write(typed: str) -> None:
        wanted.current = typed

    shown = [card for card in shell.here.cards if not card.expired(shell.now().date())]
    found = deck.search(shown, wanted.current or "")
    lines: list[ft.Control] = [
        parts.row_button(
            card.title,
            lambda card=card: shell.go(f"/card/{card.id}"),
            second="" if card.heading == card.title else card.heading,
            picture=ft.Icons.STYLE_OUTLINED,
        )
        for card in found
    ]
    if not lines:
        lines = [parts.text("No card has these words. A shorter word finds more.")]
    return parts.frame(
        shell,
        "/cards",
        lines,
        top=[
            parts.header("Cards", shell.back, closes=False),
            parts.field("Find a card", "", write, hint="Street words work too"),
        ],
    )


@screen("/card/:card", locked=True)
def reader(shell: Shell, card: str) -> ft.View:
    """One card, for two people to read."""
    shown = deck.by_id(shell.here.cards, card)
    if shown is None:
        return parts.frame(
            shell,
            f"/card/{card}",
            [parts.text("This card is no longer in the pack. The others are still here.")],
            top=[parts.header("Card", shell.back, closes=False)],
        )
    points: list[ft.Control] = [
        ft.Row(
            [
                ft.Container(
                    ft.Icon(ft.Icons.CIRCLE, size=8, color=theme.ACT),
                    padding=ft.Padding.symmetric(vertical=10),
                ),
                parts.text(point, size=theme.LARGE, expand=True),
            ],
            spacing=GAP,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
        for point in shown.points
    ]
    return parts.frame(
        shell,
        f"/card/{card}",
        [
            parts.title(shown.heading),
            *points,
            parts.box([parts.heading("Get help"), parts.text(shown.get_help, size=18)], spacing=4),
            *([parts.soft("A draft, not approved by a service yet.")] if shown.draft else []),
            *([parts.soft("In English for now.")] if shown.untranslated else []),
        ],
        top=[parts.header("Card", shell.back, closes=False)],
        spacing=18,
    )
