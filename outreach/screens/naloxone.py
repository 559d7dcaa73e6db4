"""Naloxone given out: one kit of the last batch unless told otherwise."""

import flet as ft

from outreach.screens import giving, parts
from outreach.screens.routes import screen
from outreach.screens.shell import Shell


@screen("/naloxone", locked=True)
def naloxone(shell: Shell) -> ft.View:
    """How many, which pack, and for whom; all of it but the number may stay empty."""
    opened = parts.kept(set[str])
    draft = shell.draft or shell.begin("naloxone_supply")
    if not draft.naloxone and "started" not in opened:
        opened.add("started")
        draft.naloxone = [giving.supply(shell, draft, 1)]
    return parts.frame(
        shell,
        "/naloxone",
        [
            *giving.naloxone(shell, draft),
            *(giving.naloxone_people(draft) if draft.naloxone else []),
        ],
        top=[parts.header("Naloxone", shell.put_aside, second=shell.place(draft.area))],
        bottom=[
            parts.bar(
                parts.quiet("More …", lambda: shell.go("/contact")),
                parts.primary("Save", shell.save, picture=ft.Icons.CHECK_ROUNDED),
            )
        ],
        spacing=18,
    )
