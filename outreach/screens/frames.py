"""The frame of a screen: what stays at the top, what scrolls, what stays within the thumb's reach."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from outreach.screens import theme
from outreach.screens.lines import bar, notice, trouble
from outreach.screens.shell import Shell
from outreach.screens.taps import Action, icon_button, primary, quiet
from outreach.screens.texts import soft, text
from outreach.screens.theme import EDGE, GAP, GROUND
from outreach.screens.window import sentence


def header(name: str, leave: Action, *, second: str = "", closes: bool = True) -> ft.Control:
    """The line at the top of a screen: the way out, what this is, and a quiet word at the end."""
    out = ft.Icons.CLOSE_ROUNDED if closes else ft.Icons.ARROW_BACK_ROUNDED
    line: list[ft.Control] = [
        icon_button(out, "Close" if closes else "Back", leave, at_start=True),
        ft.Semantics(header=True, content=text(name, size=theme.LARGE, bold=True), expand=True),
    ]
    if second:
        line.append(soft(second))
    return ft.Row(line, spacing=0, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def short_window(shell: Shell) -> bool:
    """Whether a window is so low (a small phone, or one on its side) that what stays would leave no room."""
    return 0 < (shell.page.height or 0) < theme.SHORT


def frame(
    shell: Shell,
    route: str,
    body: Sequence[ft.Control],
    *,
    top: Sequence[ft.Control] = (),
    bottom: Sequence[ft.Control] = (),
    scroll: bool = True,
    spacing: int = GAP,
    wide: bool = False,
    messages: bool = True,
    bgcolor: ft.ColorValue = GROUND,
) -> ft.View:
    """A whole screen: `top` stays, `body` scrolls, `bottom` stays within the thumb's reach."""
    widest = theme.WIDE if wide else theme.NARROW
    edge = max(EDGE, int(((shell.page.width or 0) - widest) / 2))
    told = [*trouble(shell), *notice(shell, route)] if messages else []

    def inset(controls: Sequence[ft.Control], gap: int, *, fill: bool = False) -> ft.Container:
        """Away from the edges, where the scroll bar runs."""
        return ft.Container(
            ft.Column(
                list(controls),
                spacing=gap,
                tight=not fill,
                expand=fill,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
            padding=ft.Padding.symmetric(horizontal=edge),
            expand=fill,
        )

    middle: ft.Control
    if scroll:
        middle = ft.Column(
            [inset(body, spacing)],
            expand=True,
            scroll=ft.ScrollMode.AUTO,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            key=f"body {route}",
        )
    else:
        middle = inset(body, spacing, fill=True)
    shown: list[ft.Control] = [inset([*top, *told], GAP)] if top or told else []
    shown.append(middle)
    shown += [inset(bottom, GAP)] if bottom else []
    return ft.View(
        route=route,
        bgcolor=bgcolor,
        padding=0,
        spacing=0,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[
            ft.SafeArea(
                expand=True,
                content=ft.Container(
                    ft.Column(
                        shown, spacing=GAP, expand=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
                    ),
                    expand=True,
                    padding=ft.Padding.symmetric(vertical=EDGE),
                ),
            )
        ],
    )


def stopped(shell: Shell, route: str, problem: Exception) -> ft.View:
    """Stands in for a screen that could not be drawn: what happened, what is safe, and two ways on."""
    return frame(
        shell,
        route,
        [text(sentence(problem))],
        top=[header("This screen stopped", shell.go_home)],
        bottom=[bar(quiet("Home", shell.go_home), primary("Try again", shell.draw))],
        messages=False,
    )
