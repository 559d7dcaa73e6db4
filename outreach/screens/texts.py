"""Words and pictures on a screen: running text, headings, icons."""

from __future__ import annotations

import flet as ft

from outreach.screens import theme
from outreach.screens.theme import ACT, ICON, INK, SOFT


def text(
    value: str,
    *,
    size: int = theme.BODY,
    bold: bool = False,
    color: ft.ColorValue = INK,
    expand: bool = False,
    lines: int | None = None,
    center: bool = False,
    spoken: str = "",
) -> ft.Text:
    """Running text in the one family; `spoken` is its name for those who listen, where it says more."""
    style = theme.text_style(size, bold=bold, color=color)
    style.height = theme.LEADING if size < theme.LARGE else 1.25
    return ft.Text(
        value,
        style=style,
        expand=expand,
        max_lines=lines,
        overflow=ft.TextOverflow.ELLIPSIS if lines else ft.TextOverflow.CLIP,
        text_align=ft.TextAlign.CENTER if center else ft.TextAlign.START,
        semantics_label=spoken or None,
    )


def title(value: str) -> ft.Control:
    """The one big line of a screen."""
    return ft.Semantics(header=True, content=text(value, size=theme.TITLE, bold=True))


def heading(value: str) -> ft.Control:
    """A small heading over a group of answers."""
    return ft.Semantics(header=True, content=text(value, size=theme.SMALL, bold=True, color=SOFT))


def soft(value: str) -> ft.Text:
    """Second text."""
    return text(value, size=theme.SMALL, color=SOFT)


def icon(which: ft.IconData, *, color: ft.ColorValue = ACT, size: int = ICON) -> ft.Icon:
    """A picture beside a word; it says nothing of its own."""
    return ft.Icon(which, color=color, size=size)
