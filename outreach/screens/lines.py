"""Lines and boxes: status, notice, trouble, cards, the bar of actions."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from outreach.screens import theme, words
from outreach.screens.shell import Shell
from outreach.screens.taps import icon_button, link
from outreach.screens.texts import icon, text
from outreach.screens.theme import (
    ACT,
    CORNER,
    EDGE,
    GAP,
    LINE,
    NOTE,
    RAISED,
    SMALL_ICON,
    SOFT,
    STEP,
    SURFACE,
    TARGET,
)


def box(controls: Sequence[ft.Control], *, spacing: int = GAP) -> ft.Container:
    """A card: things that belong together."""
    return ft.Container(
        ft.Column(
            list(controls),
            spacing=spacing,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        bgcolor=SURFACE,
        border=ft.Border.all(1, LINE),
        border_radius=CORNER,
        padding=ft.Padding.all(EDGE),
    )


def status_line(shell: Shell) -> ft.Control:
    """How many records have not left yet and when the hub was last reached; a number, not only a dot."""
    waiting = shell.status.waiting
    sentence = words.status(waiting, shell.status.last_sync, shell.now())
    return ft.Row(
        [
            ft.Icon(ft.Icons.CIRCLE, size=10, color=NOTE if waiting else ACT),
            text(sentence, size=theme.SMALL, color=SOFT),
        ],
        spacing=GAP,
        tight=True,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def look_button(shell: Shell) -> ft.Control:
    """The switch between dark and light."""
    if shell.dark:
        return icon_button(ft.Icons.LIGHT_MODE_OUTLINED, "Light screen", shell.switch_look, color=SOFT)
    return icon_button(ft.Icons.DARK_MODE_OUTLINED, "Dark screen", shell.switch_look, color=SOFT)


def notice(shell: Shell, route: str) -> list[ft.Control]:
    """What was just done, with its undo."""
    told = shell.notice
    if told is None or told.where != route:
        return []
    line: list[ft.Control] = [
        icon(ft.Icons.CHECK_ROUNDED, size=SMALL_ICON)
        if told.done
        else icon(ft.Icons.INFO_OUTLINE_ROUNDED, color=NOTE, size=SMALL_ICON),
        text(told.text, bold=True, expand=True),
    ]
    if told.action is not None:
        line.append(link(told.label, told.action))
    return [
        ft.Semantics(
            live_region=True,
            content=ft.Container(
                ft.Row(line, spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER),
                bgcolor=RAISED,
                border_radius=CORNER,
                padding=ft.Padding.symmetric(horizontal=EDGE, vertical=STEP),
                height=TARGET,
                alignment=ft.Alignment.CENTER_LEFT,
            ),
        )
    ]


def trouble(shell: Shell) -> list[ft.Control]:
    """What did not work: a sentence that says what is safe and what to do."""
    if not shell.trouble:
        return []

    def close() -> None:
        shell.trouble = ""

    return [
        ft.Semantics(
            live_region=True,
            content=ft.Container(
                ft.Row(
                    [
                        icon(ft.Icons.INFO_OUTLINE_ROUNDED, color=NOTE, size=SMALL_ICON),
                        text(shell.trouble, expand=True),
                        icon_button(ft.Icons.CLOSE_ROUNDED, "Close this message", close, color=SOFT),
                    ],
                    spacing=GAP,
                    vertical_alignment=ft.CrossAxisAlignment.START,
                ),
                bgcolor=SURFACE,
                border=ft.Border.all(1, NOTE),
                border_radius=CORNER,
                padding=ft.Padding.all(GAP),
            ),
        )
    ]


def bar(*buttons: ft.Control) -> ft.Row:
    """The actions at the bottom: the main one last, so that it stands bottom right."""
    for button in buttons:
        button.expand = True
    return ft.Row(list(buttons), spacing=GAP)
