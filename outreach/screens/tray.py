"""The tray: contacts that were kept half-finished, or recorded on the lock screen."""

import flet as ft

from forms import codes
from outreach.logbook.contacts import Contact
from outreach.screens import parts, words
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import NOTE


@screen("/tray")
def tray(shell: Shell) -> ft.View:
    """Oldest first; a tap opens the same form as on the street."""
    waiting = shell.member.unfinished()
    lines: list[ft.Control] = [
        parts.row_button(
            _when(shell, each),
            lambda each=each: shell.go(f"/contact/{each.id.hex()}"),
            second=_what(each),
            picture=ft.Icons.INSERT_DRIVE_FILE_OUTLINED,
            color=NOTE,
        )
        for each in waiting
    ]
    if not lines:
        lines = [parts.text("Nothing waits to be finished.")]
    return parts.frame(
        shell,
        "/tray",
        lines,
        top=[parts.header("To finish", shell.back, closes=False)],
    )


def _when(shell: Shell, contact: Contact) -> str:
    now = shell.now()
    at = words.when(words.moment(contact.at).astimezone(now.tzinfo), now)
    return f"{at} · {shell.place(contact.area)}" if contact.area else at


def _what(contact: Contact) -> str:
    """`Heroin, Crack · 2 pieces of kit · they had to go`."""
    substances = codes.load("substances")
    said = [codes.load("contact_kind").label(contact.kind)]
    if contact.substances:
        said = [", ".join(substances.label(use.substance) for use in contact.substances)]
    if contact.kit:
        said.append(
            words.counted(sum(line.quantity for line in contact.kit), "piece of kit", "pieces of kit")
        )
    if contact.naloxone:
        kits = sum(line.kits for line in contact.naloxone)
        said.append(words.counted(kits, "naloxone kit", "naloxone kits"))
    if contact.had_to_go:
        said.append("they had to go")
    elif contact.unconfirmed:
        said.append("recorded without unlocking")
    return " · ".join(said)
