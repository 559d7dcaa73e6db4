"""Who is here? Shown only where one machine has several profiles, as the example team does."""

import flet as ft

from forms import codes
from outreach.device import Device
from outreach.screens import parts
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.window import sentence

_PICTURES = {"desk": ft.Icons.STOREFRONT_OUTLINED, "coordinator": ft.Icons.LAPTOP_ROUNDED}


def label_of(device: Device) -> str:
    """`Sam's phone`, `The Yard's desk`, `Alex's laptop`."""
    if device.role == "desk":
        return f"{device.site_name or device.name}'s desk"
    if device.role == "coordinator":
        return f"{device.name}'s laptop"
    return f"{device.name}'s phone"


def _look_up(shell: Shell) -> list[tuple[str, str, str, str]]:
    """Name in the address, label, second line and role of each profile."""
    found = []
    for who, folder in shell.profiles.items():
        try:
            device = Device(folder)
        except Exception as problem:  # a folder that can't be used is shown with the reason
            found.append((who, who.capitalize(), sentence(problem), ""))
            continue
        try:
            role = codes.load("roles").label(device.role)
            second = f"{device.name} · {role}" if device.role == "desk" else role
            found.append((who, label_of(device), second, device.role))
        finally:
            device.close()
    return found


@screen("/", locked=True)
def chooser(shell: Shell) -> ft.View:
    """One line for each profile of this machine."""
    people = parts.kept(lambda: _look_up(shell))

    def choose(who: str) -> None:
        shell.choose(who)
        shell.go_home()

    return parts.frame(
        shell,
        "/",
        [
            parts.title("Who is here?"),
            parts.soft(
                "An example team on this machine. Everyone and everything in it is made up."
                if shell.hints
                else "Each has a passphrase of their own; nobody sees another’s records."
            ),
            *(
                parts.row_button(
                    label,
                    lambda who=who: choose(who),
                    second=second,
                    picture=_PICTURES.get(role, ft.Icons.SMARTPHONE_ROUNDED),
                )
                for who, label, second, role in people
            ),
        ],
        top=[ft.Row([ft.Container(expand=True), parts.look_button(shell)])],
    )
