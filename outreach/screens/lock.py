"""The lock screen: what can be done without unlocking, and the way in.

Recording needs no passphrase: a contact, kit or naloxone is sealed straight to the outbox. So
the street's tiles are here, with the cards and the overdose steps above everything.
"""

import flet as ft

from outreach.screens import parts, theme, words
from outreach.screens.routes import screen
from outreach.screens.shell import Shell

STREET = ("worker", "peer")
"""Roles that record on the street; a desk or a laptop shows only the cards and the way in."""


@screen("/lock", locked=True)
def lock(shell: Shell) -> ft.View:
    """Greeting, overdose, tiles, unlock."""
    device = shell.here
    street = device.role in STREET
    line = "You can record without unlocking. It is sealed at once." if street else device.team_name

    def contact() -> None:
        shell.begin()
        shell.go("/contact")

    def kit() -> None:
        shell.begin("kit_only")
        shell.go("/kit")

    def naloxone() -> None:
        shell.begin("naloxone_supply")
        shell.go("/naloxone")

    tiles: list[ft.Control] = []
    if street:
        tiles += [
            parts.tile(ft.Icons.FORUM_OUTLINED, "Contact", contact),
            parts.tile(ft.Icons.MEDICATION_LIQUID_OUTLINED, "Naloxone", naloxone),
            parts.tile(ft.Icons.INVENTORY_2_OUTLINED, "Kit", kit),
        ]
    tiles.append(parts.tile(ft.Icons.STYLE_OUTLINED, "Cards", lambda: shell.go("/cards")))
    short = parts.short_window(shell)
    told, way_in = [] if shell.trouble else parts.notice(shell, "/lock"), [_unlock(shell)]
    return parts.frame(
        shell,
        "/lock",
        [
            parts.title(words.greeting(device.name, shell.now())),
            parts.soft(line),
            parts.emergency(lambda: shell.go("/overdose"), height=84),
            *parts.pairs(tiles),
            *(way_in if short else []),
        ],
        bottom=[*told, *([] if short else way_in)],
        top=[
            ft.Row(
                [parts.status_line(shell), ft.Container(expand=True), parts.look_button(shell)],
                vertical_alignment=ft.CrossAxisAlignment.CENTER,
            )
        ],
        messages=False,
    )


def _unlock(shell: Shell) -> ft.Control:
    hint = shell.hints.get(shell.who, "")
    typed = parts.kept(list[str])  # the last text typed, gone with the attempt
    tries = parts.kept(list[None])

    def write(value: str) -> None:
        typed[:] = [value]

    async def unlock() -> None:
        if shell.busy:
            return
        passphrase = "".join(typed)
        typed.clear()
        tries.append(None)
        await shell.unlock(" ".join(passphrase.split()))

    async def type_it() -> None:
        typed[:] = [hint]
        await unlock()

    several = len(shell.profiles) > 1
    top: list[ft.Control] = [parts.text("Unlock", bold=True, expand=True)]
    if several:
        top.append(parts.link(f"Not {shell.here.name}?", shell.leave))
    return parts.box(
        [
            ft.Row(top, vertical_alignment=ft.CrossAxisAlignment.CENTER),
            *_why_not(shell),
            parts.field("Passphrase", "", write, secret=True, submit=unlock, key=f"passphrase {len(tries)}"),
            *([_hint(hint, type_it)] if hint else []),
            parts.primary(
                "Opening …" if shell.busy else "Unlock",
                unlock,
                picture=ft.Icons.LOCK_OPEN_ROUNDED,
                disabled=bool(shell.busy),
            ),
        ]
    )


def _hint(passphrase: str, type_it: parts.Action) -> ft.Control:
    """The example team's passphrase, shown because nothing of it is real."""
    said = parts.text(f"Example team: {passphrase}", size=theme.SMALL, color=theme.SOFT, expand=True)
    return ft.Row(
        [said, parts.link("Type it for me", type_it)], vertical_alignment=ft.CrossAxisAlignment.CENTER
    )


def _why_not(shell: Shell) -> list[ft.Control]:
    """Why it did not open, in the box where it was tried."""
    if not shell.trouble:
        return []
    said = parts.text(shell.trouble, size=theme.SMALL, color=theme.NOTE)
    return [ft.Semantics(live_region=True, content=said)]
