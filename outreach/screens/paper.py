"""Handing a paper to the device: the window's own way of keeping or printing a file."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from outreach.screens.shell import Shell


async def hand_over(shell: Shell, name: str, make: Callable[[], bytes]) -> None:
    """Make a file in a thread and let the device keep it. The window doesn't lock meanwhile."""
    data = await shell.run(make)
    picker = ft.FilePicker()  # held by this call until the device has answered
    shell.stay_open(True)
    try:
        await picker.save_file(file_name=name, src_bytes=data)
    finally:
        shell.stay_open(False)
    shell.tell(f"{name} is ready")
