"""What screens are made of, handed on from one place.

    texts     running text, title, heading, icons
    taps      tiles, buttons, chips, steppers, fields
    lines     status line, notice with undo, trouble, box, the bar of actions
    frames    header and frame: a whole screen

Paddings are the same on both sides, so right-to-left needs nothing of its own.
"""

from outreach.screens.frames import frame, header, short_window
from outreach.screens.lines import bar, box, look_button, notice, status_line, trouble
from outreach.screens.taps import (
    Action,
    Icon,
    chip,
    chips,
    emergency,
    field,
    icon_button,
    kept,
    link,
    on,
    on_value,
    pairs,
    primary,
    quiet,
    row_button,
    stepper,
    tile,
)
from outreach.screens.texts import heading, icon, soft, text, title

__all__ = [
    "Action",
    "Icon",
    "bar",
    "box",
    "chip",
    "chips",
    "emergency",
    "field",
    "frame",
    "header",
    "heading",
    "icon",
    "icon_button",
    "kept",
    "link",
    "look_button",
    "notice",
    "on",
    "on_value",
    "pairs",
    "primary",
    "quiet",
    "row_button",
    "short_window",
    "soft",
    "status_line",
    "stepper",
    "text",
    "tile",
    "title",
    "trouble",
]
