"""Home of the street: tiles, any of them first, none depending on another."""

import flet as ft

from outreach.screens import parts, routes, theme, words
from outreach.screens.lock import STREET
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import GAP, NOTE, SOFT


@screen("/home", home_of=STREET)
def home(shell: Shell) -> ft.View:
    """Shift and status at the top, the tray, then the tiles within the thumb's reach."""

    def steps() -> None:
        if shell.settled():  # Save, Done and Unlock stood at this very place a moment ago
            shell.go("/overdose")

    short = parts.short_window(shell)
    return parts.frame(
        shell,
        "/home",
        [
            *_tray(shell),
            *parts.trouble(shell),
            *parts.notice(shell, "/home"),
            *(_tiles(shell) if short else []),
        ],
        top=[_shift(shell), parts.status_line(shell)],
        bottom=[*([] if short else _tiles(shell)), _actions(shell), parts.emergency(steps)],
        messages=False,
    )


def _shift(shell: Shell) -> ft.Control:
    shift = shell.member.shift()
    if shift is None:
        label = "Start a shift"
    else:
        names = [f"With {shift.partner}" if shift.partner else "", shell.place(shift.area)]
        label = " · ".join(each for each in names if each) or "On shift"
    return ft.Row(
        [
            ft.TextButton(
                content=ft.Row(
                    [
                        parts.icon(ft.Icons.DIRECTIONS_WALK_ROUNDED, color=SOFT, size=22),
                        parts.text(label, bold=True),
                    ],
                    spacing=GAP,
                    tight=True,
                ),
                style=ft.ButtonStyle(
                    bgcolor=theme.SURFACE,
                    side=ft.BorderSide(1, theme.LINE),
                    shape=ft.StadiumBorder(),
                    padding=ft.Padding.symmetric(horizontal=18),
                    animation_duration=0,
                ),
                height=theme.CHIP,
                on_click=parts.on(lambda: shell.go("/shift")),
            ),
            ft.Container(expand=True),
            parts.look_button(shell),
            parts.icon_button(ft.Icons.LOCK_OUTLINE_ROUNDED, "Lock", shell.lock),
        ],
        spacing=0,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def _tray(shell: Shell) -> list[ft.Control]:
    waiting = shell.member.unfinished()
    if not waiting:
        return []
    zone = shell.now().tzinfo
    lines = []
    for contact in waiting[-2:]:
        at = words.when(words.moment(contact.at).astimezone(zone), shell.now())
        lines.append(f"{at} {shell.place(contact.area)}".strip())
    return [
        parts.row_button(
            f"{len(waiting)} to finish",
            lambda: shell.go("/tray"),
            second=" · ".join(lines),
            picture=ft.Icons.INSERT_DRIVE_FILE_OUTLINED,
            color=NOTE,
        )
    ]


def _tiles(shell: Shell) -> list[ft.Control]:
    def begin(kind: str, route: str) -> None:
        shell.begin(kind)
        shell.go(route)

    tiles: list[ft.Control] = [
        parts.tile(ft.Icons.STYLE_OUTLINED, "Advice", lambda: shell.go("/cards")),
        parts.tile(ft.Icons.INVENTORY_2_OUTLINED, "Kit", lambda: begin("kit_only", "/kit")),
        parts.tile(
            ft.Icons.MEDICATION_LIQUID_OUTLINED, "Naloxone", lambda: begin("naloxone_supply", "/naloxone")
        ),
        parts.tile(
            ft.Icons.VOLUNTEER_ACTIVISM_OUTLINED,
            "Practical help",
            lambda: begin("practical_help", "/practical"),
        ),
    ]
    rest = [
        (ft.Icons.SEARCH_ROUNDED, "Find again", "/find"),
        (ft.Icons.ERROR_OUTLINE_ROUNDED, "Concern", "/concern"),
    ]
    there = [each for each in rest if routes.known(each[2])]
    if len(there) == 1:
        picture, label, route = there[0]
        return [*parts.pairs(tiles), parts.row_button(label, lambda: shell.go(route), picture=picture)]
    tiles += [
        parts.tile(picture, label, lambda route=route: shell.go(route)) for picture, label, route in there
    ]
    return parts.pairs(tiles)


def _actions(shell: Shell) -> ft.Control:
    def contact() -> None:
        shell.begin()
        shell.go("/contact")

    main = parts.primary("Contact", contact, picture=ft.Icons.ADD_ROUNDED, height=84)
    if not routes.known("/refer"):
        return parts.bar(main)
    slip = parts.quiet("Slip", lambda: shell.go("/refer"), picture=ft.Icons.QR_CODE_2_ROUNDED, height=84)
    return parts.bar(slip, main)
