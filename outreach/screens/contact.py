"""A contact, however short: everything may stay empty, Save is always there.

Opening it and pressing Save is two taps. "They had to go" keeps what is there as unfinished.
The same form finishes a contact from the tray and works on the lock screen.
"""

import flet as ft

from outreach.capture import ContactDraft
from outreach.screens import asking, giving, parts, words
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import GAP, STEP


@screen("/contact", locked=True)
def contact(shell: Shell) -> ft.View:
    """A new contact."""
    draft = shell.draft if shell.draft is not None and not shell.draft_contact else shell.begin()
    return _form(shell, "/contact", draft, words.clock(shell.now()))


@screen("/contact/:contact")
def finish(shell: Shell, contact: str) -> ft.View:
    """A contact from the tray, to finish."""
    draft = shell.resume(bytes.fromhex(contact))
    return _form(shell, f"/contact/{contact}", draft, "to finish")


def _form(shell: Shell, route: str, draft: ContactDraft, at: str) -> ft.View:
    opened = parts.kept(set[str])
    second = " · ".join(each for each in (at, shell.place(draft.area)) if each)
    gave = [
        parts.heading("Gave"),
        *giving.kit(shell, draft, opened),
        *giving.naloxone(shell, draft),
    ]
    go = 18 if (shell.page.width or 0) >= 360 else 15
    return parts.frame(
        shell,
        route,
        [
            *asking.substances(draft, opened),
            *asking.together(draft),
            *asking.routes_of(draft, opened),
            *asking.fitting_cards(shell, draft, opened),
            ft.Column(gave, spacing=GAP, tight=True),
            asking.group("Practical help", asking.practical(draft)),
            *asking.script(draft),
            *asking.confidentiality(draft),
            *asking.note(draft),
            *asking.kind_and_time(draft),
            ft.Container(height=STEP),
        ],
        top=[parts.header("Contact", shell.put_aside, second=second)],
        bottom=[
            parts.bar(
                parts.quiet("They had to go", lambda: shell.save(had_to_go=True), size=go),
                parts.primary("Save", shell.save, picture=ft.Icons.CHECK_ROUNDED),
            )
        ],
        spacing=18,
    )
