"""Things to tap and to write in.

Every part takes words and an action: a plain or async function without arguments (fields and
steppers: with the new value). The window's shell runs it, so an exception becomes a sentence.
Every control has an accessible name, is at least 64 high on the street (chips 48), and stands
12 from the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import flet as ft

from outreach.screens import theme
from outreach.screens.shell import shell_of
from outreach.screens.texts import icon, soft, text
from outreach.screens.theme import (
    ACT,
    CHIP,
    CORNER,
    EDGE,
    GAP,
    GROUND,
    HELP,
    INK,
    LINE,
    ON_ACT,
    ON_HELP,
    RAISED,
    SOFT,
    STEP,
    SURFACE,
    TARGET,
    TILE,
)

Action = Callable[..., Any]
Icon = ft.IconData
T = TypeVar("T")


def on(action: Action) -> Callable[[], Any]:
    """An event handler that has the window's shell do something."""

    async def handle() -> None:
        await shell_of(ft.context.page).act(action)

    return handle


def on_value(action: Callable[[str], Any]) -> Callable[[ft.Event[ft.TextField]], Any]:
    """The same for a field: the action gets what is written in it."""

    async def handle(event: ft.Event[ft.TextField]) -> None:
        await shell_of(ft.context.page).act(action, event.data or "")

    return handle


def kept(make: Callable[[], T]) -> T:
    """Something that a screen keeps for itself between two drawings; it goes when the screen goes."""
    value, _ = ft.use_state(cast(Any, make))
    return cast(T, value)


def _shape(corner: int = CORNER) -> ft.RoundedRectangleBorder:
    return ft.RoundedRectangleBorder(radius=corner)


def _style(
    *,
    fill: ft.ColorValue,
    ink: ft.ColorValue,
    edge: ft.ColorValue | None = None,
    corner: int = CORNER,
    padding: int = EDGE,
) -> ft.ButtonStyle:
    return ft.ButtonStyle(
        bgcolor=fill,
        color=ink,
        icon_color=ink,
        elevation=0,
        padding=ft.Padding.symmetric(horizontal=padding),
        shape=_shape(corner),
        side=ft.BorderSide(1, edge) if edge else ft.BorderSide(0, ft.Colors.TRANSPARENT),
        overlay_color=ft.Colors.with_opacity(0.08, ink),
        text_style=theme.text_style(theme.LARGE, bold=True),
        animation_duration=0,
    )


def _button(
    label: str,
    action: Action,
    style: ft.ButtonStyle,
    *,
    picture: Icon | None = None,
    ink: ft.ColorValue = INK,
    size: int = theme.LARGE,
    height: int = TARGET,
    disabled: bool = False,
) -> ft.Button:
    line: list[ft.Control] = [icon(picture, color=ink, size=26)] if picture else []
    line.append(text(label, size=size, bold=True, color=ink, center=True))
    return ft.Button(
        content=ft.Row(
            line,
            alignment=ft.MainAxisAlignment.CENTER,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
            spacing=GAP,
            tight=True,
            wrap=False,
        ),
        style=style,
        height=height,
        elevation=0,
        on_click=on(action),
        disabled=disabled,
    )


def primary(
    label: str, action: Action, *, picture: Icon | None = None, height: int = TARGET, disabled: bool = False
) -> ft.Button:
    """The one main action of a screen."""
    return _button(
        label,
        action,
        _style(fill=ACT, ink=ON_ACT),
        picture=picture,
        ink=ON_ACT,
        height=height,
        disabled=disabled,
    )


def quiet(
    label: str,
    action: Action,
    *,
    picture: Icon | None = None,
    height: int = TARGET,
    size: int = theme.LARGE,
) -> ft.Button:
    """The quieter twin of the main action."""
    return _button(
        label, action, _style(fill=GROUND, ink=INK, edge=LINE), picture=picture, height=height, size=size
    )


def emergency(action: Action, *, height: int = TARGET) -> ft.Button:
    """The way to the overdose steps."""
    return _button(
        "Someone is not waking",
        action,
        _style(fill=HELP, ink=ON_HELP),
        picture=ft.Icons.EMERGENCY_ROUNDED,
        ink=ON_HELP,
        height=height,
    )


def link(label: str, action: Action) -> ft.TextButton:
    """A quiet word that can be tapped."""
    return ft.TextButton(
        content=text(label, size=theme.SMALL, bold=True, color=ACT),
        style=ft.ButtonStyle(
            padding=ft.Padding.symmetric(horizontal=GAP), shape=_shape(CHIP), animation_duration=0
        ),
        height=CHIP,
        on_click=on(action),
    )


def icon_button(
    which: Icon, name: str, action: Action, *, color: ft.ColorValue = INK, at_start: bool = False
) -> ft.Control:
    """A picture that can be tapped, with its name for those who listen; `at_start` lines it up with text."""
    return ft.TextButton(
        content=ft.Row(
            [ft.Icon(which, color=color, size=26, semantics_label=name)],
            alignment=ft.MainAxisAlignment.START if at_start else ft.MainAxisAlignment.CENTER,
        ),
        style=ft.ButtonStyle(padding=ft.Padding.all(0), shape=_shape(CHIP), animation_duration=0),
        width=CHIP,
        height=CHIP,
        on_click=on(action),
    )


def tile(which: Icon, label: str, action: Action) -> ft.Button:
    """One of the big tiles of home and lock screen."""
    return ft.Button(
        content=ft.Row(
            [
                ft.Column(
                    [icon(which), text(label, bold=True, size=18)],
                    alignment=ft.MainAxisAlignment.CENTER,
                    horizontal_alignment=ft.CrossAxisAlignment.START,
                    spacing=STEP * 3,
                )
            ]
        ),
        style=_style(fill=SURFACE, ink=INK, edge=LINE),
        height=TILE,
        elevation=0,
        expand=True,
        on_click=on(action),
    )


def pairs(controls: Sequence[ft.Control]) -> list[ft.Control]:
    """Tiles two by two; an odd last one is as wide as both."""
    return [ft.Row(list(controls[start : start + 2]), spacing=GAP) for start in range(0, len(controls), 2)]


def row_button(
    label: str,
    action: Action,
    *,
    second: str = "",
    picture: Icon | None = None,
    color: ft.ColorValue = ACT,
    end: Icon | None = ft.Icons.CHEVRON_RIGHT_ROUNDED,
) -> ft.Button:
    """A line of a list that opens something."""
    lines: list[ft.Control] = [text(label, bold=True)]
    if second:
        lines.append(soft(second))
    content: list[ft.Control] = [icon(picture, color=color, size=26)] if picture else []
    content.append(ft.Column(lines, spacing=0, tight=True, expand=True))
    if end is not None:
        content.append(icon(end, color=INK, size=24))
    return ft.Button(
        content=ft.Row(content, spacing=EDGE, vertical_alignment=ft.CrossAxisAlignment.CENTER),
        style=ft.ButtonStyle(
            bgcolor=SURFACE,
            color=INK,
            elevation=0,
            padding=ft.Padding.symmetric(horizontal=EDGE, vertical=GAP),
            shape=_shape(),
            side=ft.BorderSide(1, LINE),
            overlay_color=ft.Colors.with_opacity(0.08, INK),
            animation_duration=0,
        ),
        height=None if second else TARGET,
        elevation=0,
        on_click=on(action),
    )


def chip(label: str, chosen: bool, action: Action) -> ft.Chip:
    """An answer that can be on or off; on has a tick as well as a colour."""
    ink = ON_ACT if chosen else INK
    return ft.Chip(
        label=text(label, bold=chosen, color=ink),
        selected=chosen,
        show_checkmark=True,
        check_color=ON_ACT,
        bgcolor=SURFACE,
        selected_color=ACT,
        shape=ft.StadiumBorder(),
        border_side=ft.BorderSide(1, ACT if chosen else LINE),
        padding=ft.Padding.symmetric(horizontal=GAP, vertical=11),
        label_padding=ft.Padding.symmetric(horizontal=STEP),
        elevation=0,
        elevation_on_click=0,
        on_select=on(action),
    )


def chips(controls: Iterable[ft.Control]) -> ft.Row:
    """Answers side by side, going on in the next line."""
    return ft.Row(list(controls), wrap=True, spacing=GAP, run_spacing=GAP)


def stepper(label: str, value: int, change: Callable[[int], Any], *, second: str = "") -> ft.Row:
    """How many: − and +, big, with the number between. `change` gets the new number (never below 0)."""

    def key(which: Icon, name: str, to: int) -> ft.Control:
        return ft.Button(
            content=ft.Icon(which, color=INK, size=26, semantics_label=name),
            style=_style(fill=RAISED, ink=INK, padding=0),
            width=TARGET,
            height=TARGET,
            elevation=0,
            on_click=on(lambda: change(max(0, to))),
        )

    lines: list[ft.Control] = [text(label)]
    if second:
        lines.append(soft(second))
    return ft.Row(
        [
            ft.Column(lines, spacing=0, tight=True, expand=True),
            key(ft.Icons.REMOVE_ROUNDED, f"One less: {label}", value - 1),
            ft.Container(
                text(str(value), size=24, bold=True, center=True, spoken=f"{label}: {value}"),
                width=52,
                alignment=ft.Alignment.CENTER,
            ),
            key(ft.Icons.ADD_ROUNDED, f"One more: {label}", value + 1),
        ],
        spacing=0,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def field(
    label: str,
    value: str,
    change: Callable[[str], Any],
    *,
    hint: str = "",
    secret: bool = False,
    lines: int = 1,
    limit: int | None = None,
    submit: Action | None = None,
    key: str = "",
    capitals: bool = False,
    autofocus: bool = False,
    expand: bool = False,
) -> ft.Control:
    """A place to write. `change` gets the whole text at each change.

    `value` is what it starts with. From then on the text belongs to the one who types: drawing the
    screen anew never puts an older text back. Another `key` makes another, fresh field.
    """
    named: Any = _field
    made: ft.Control = named(
        label,
        value,
        change,
        hint=hint,
        secret=secret,
        lines=lines,
        limit=limit,
        submit=submit,
        capitals=capitals,
        autofocus=autofocus,
        expand=expand,
        key=key or f"field {label}",
    )
    return made


@ft.component
def _field(
    label: str,
    value: str,
    change: Callable[[str], Any],
    *,
    hint: str,
    secret: bool,
    lines: int,
    limit: int | None,
    submit: Action | None,
    capitals: bool,
    autofocus: bool,
    expand: bool,
) -> ft.Control:
    before = ft.use_ref(cast(ft.TextField | None, None))
    hidden = kept(lambda: {"hidden": secret})

    def show() -> None:
        hidden["hidden"] = not hidden["hidden"]

    eye = ft.Icons.VISIBILITY_OUTLINED if hidden["hidden"] else ft.Icons.VISIBILITY_OFF_OUTLINED
    told = "Show what is typed" if hidden["hidden"] else "Hide what is typed"
    shown = ft.TextField(
        label=label,
        value=value if before.current is None else before.current.value,
        hint_text=hint or None,
        password=hidden["hidden"],
        suffix_icon=icon_button(eye, told, show, color=SOFT) if secret else None,
        multiline=lines > 1,
        min_lines=lines if lines > 1 else None,
        max_lines=lines + 3 if lines > 1 else 1,
        max_length=limit,
        autofocus=autofocus,
        expand=expand,
        autocorrect=not secret,
        enable_suggestions=not secret,
        capitalization=ft.TextCapitalization.CHARACTERS if capitals else ft.TextCapitalization.NONE,
        text_style=theme.text_style(color=INK),
        label_style=theme.text_style(color=SOFT),
        hint_style=theme.text_style(color=SOFT),
        counter_style=theme.text_style(theme.SMALL, color=SOFT),
        border={
            ft.ControlState.DEFAULT: ft.OutlineInputBorder(side=ft.BorderSide(1, LINE), border_radius=CORNER),
            ft.ControlState.FOCUSED: ft.OutlineInputBorder(side=ft.BorderSide(2, ACT), border_radius=CORNER),
        },
        bgcolor=RAISED,
        content_padding=ft.Padding.symmetric(horizontal=EDGE, vertical=18),
        margin=ft.Margin.symmetric(vertical=STEP),  # the label stands on the edge
        on_change=on_value(change),
        on_submit=on(submit) if submit else None,
    )
    before.current = shown
    return shown
