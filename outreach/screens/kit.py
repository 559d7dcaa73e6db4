"""Kit given out, and nothing else: the quick tile."""

import flet as ft

from outreach.screens import giving, parts
from outreach.screens.routes import screen
from outreach.screens.shell import Shell


@screen("/kit", locked=True)
def kit(shell: Shell) -> ft.View:
    """Steppers and Save."""
    opened = parts.kept(set[str])
    draft = shell.draft or shell.begin("kit_only")
    return parts.frame(
        shell,
        "/kit",
        giving.kit(shell, draft, opened),
        top=[parts.header("Kit", shell.put_aside, second=shell.place(draft.area))],
        bottom=[
            parts.bar(
                parts.quiet("More …", lambda: shell.go("/contact")),
                parts.primary("Save", shell.save, picture=ft.Icons.CHECK_ROUNDED),
            )
        ],
    )
