"""Practical help: often what opens a door, and a contact in its own right (BC16)."""

import flet as ft

from outreach.screens import asking, parts
from outreach.screens.routes import screen
from outreach.screens.shell import Shell


@screen("/practical", locked=True)
def practical(shell: Shell) -> ft.View:
    """Chips and Save."""
    draft = shell.draft or shell.begin("practical_help")
    return parts.frame(
        shell,
        "/practical",
        asking.practical(draft),
        top=[parts.header("Practical help", shell.put_aside, second=shell.place(draft.area))],
        bottom=[
            parts.bar(
                parts.quiet("More …", lambda: shell.go("/contact")),
                parts.primary("Save", shell.save, picture=ft.Icons.CHECK_ROUNDED),
            )
        ],
    )
