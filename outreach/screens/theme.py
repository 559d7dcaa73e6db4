"""How it looks, all in one place: colour roles, type, space and sizes.

Screens and parts name a role (`GROUND`, `INK`, `ACT` …), never a colour. A role is a slot of the
Material 3 colour scheme, so the client itself swaps the dark table for the light one, with no
redraw. `PALETTES` is that table; a new column (high contrast, red tint) is a new entry.
"""

from dataclasses import dataclass
from datetime import time
from typing import Final

import flet as ft

FAMILY: Final = "Atkinson"
FONT_FILES: Final = {
    FAMILY: "fonts/atkinson-regular.ttf",
    f"{FAMILY} Bold": "fonts/atkinson-bold.ttf",
}
"""Family to file, below the folder of assets. Bold is a family of its own, so nothing is faked."""

# --- colour roles ---------------------------------------------------------------------------

GROUND: Final = ft.Colors.SURFACE
"""Behind everything."""
SURFACE: Final = ft.Colors.SURFACE_CONTAINER
"""Cards and tiles."""
RAISED: Final = ft.Colors.SURFACE_CONTAINER_HIGH
"""Keys, steppers, fields."""
LINE: Final = ft.Colors.OUTLINE_VARIANT
"""Edges; never the only sign of a control."""
INK: Final = ft.Colors.ON_SURFACE
SOFT: Final = ft.Colors.ON_SURFACE_VARIANT
"""Second text."""
ACT: Final = ft.Colors.PRIMARY
"""The one main action, and what is chosen."""
ON_ACT: Final = ft.Colors.ON_PRIMARY
NOTE: Final = ft.Colors.TERTIARY
"""Waiting, unfinished, getting old."""
HELP: Final = ft.Colors.ERROR
"""Overdose steps only. Never on people, never for our own errors."""
ON_HELP: Final = ft.Colors.ON_ERROR


@dataclass(frozen=True)
class Palette:
    """One column of the colour table."""

    ground: str
    surface: str
    raised: str
    line: str
    ink: str
    soft: str
    act: str
    on_act: str
    note: str
    help: str
    on_help: str


DARK: Final = Palette(
    ground="#0F1614",
    surface="#17211E",
    raised="#1F2C28",
    line="#2E3F39",
    ink="#E9F1ED",
    soft="#A9BBB3",
    act="#7FD8C3",
    on_act="#06251E",
    note="#F0BE5E",
    help="#FF9E80",
    on_help="#3A0E00",
)
LIGHT: Final = Palette(
    ground="#F7F5F0",
    surface="#FFFFFF",
    raised="#EDEFEA",
    line="#D5DAD3",
    ink="#16211D",
    soft="#55655E",
    act="#0B6B5B",
    on_act="#FFFFFF",
    note="#8A5A00",
    help="#A63A12",
    on_help="#FFFFFF",
)

# --- type -----------------------------------------------------------------------------------

TITLE: Final = 26
LARGE: Final = 20
BODY: Final = 17
SMALL: Final = 15
CODE: Final = 34
"""Slip codes, with `CODE_SPACING` between letters."""
CODE_SPACING: Final = 3
LEADING: Final = 1.35
"""Line height of running text, as a factor."""

# --- space and sizes ------------------------------------------------------------------------

EDGE: Final = 16
GAP: Final = 12
"""Between targets; never less on the street."""
STEP: Final = 4
CORNER: Final = 20
TARGET: Final = 64
"""Height of what is tapped on the street."""
CHIP: Final = 48
TILE: Final = 104
ICON: Final = 30
SMALL_ICON: Final = 22
NARROW: Final = 560
"""Widest column of a street screen, on a laptop too."""
WIDE: Final = 1180
"""Widest content of a desk's or coordinator's screen."""
SHORT: Final = 700
"""Below this height, in pixels, tiles and the way in scroll with the rest."""


def text_style(
    size: int = BODY, *, bold: bool = False, color: ft.ColorValue | None = None, spacing: float | None = None
) -> ft.TextStyle:
    """A style of the one family; `spacing` is between letters (codes)."""
    return ft.TextStyle(
        size=size,
        font_family=f"{FAMILY} Bold" if bold else FAMILY,
        font_family_fallback=["Roboto"],
        color=color,
        letter_spacing=spacing,
    )


def theme(palette: Palette) -> ft.Theme:
    """The Material 3 theme of a palette."""
    still = ft.PageTransitionTheme.NONE
    scheme = ft.ColorScheme(
        primary=palette.act,
        on_primary=palette.on_act,
        primary_container=palette.act,
        on_primary_container=palette.on_act,
        secondary=palette.act,
        on_secondary=palette.on_act,
        secondary_container=palette.act,
        on_secondary_container=palette.on_act,
        tertiary=palette.note,
        on_tertiary=palette.ground,
        error=palette.help,
        on_error=palette.on_help,
        surface=palette.ground,
        on_surface=palette.ink,
        on_surface_variant=palette.soft,
        outline=palette.soft,
        outline_variant=palette.line,
        surface_tint=palette.ground,
        surface_container_lowest=palette.ground,
        surface_container_low=palette.surface,
        surface_container=palette.surface,
        surface_container_high=palette.raised,
        surface_container_highest=palette.raised,
        inverse_surface=palette.ink,
        on_inverse_surface=palette.ground,
        scrim="#000000",
        shadow="#000000",
    )
    words = ft.TextTheme(
        body_large=text_style(BODY),
        body_medium=text_style(BODY),
        body_small=text_style(SMALL),
        label_large=text_style(BODY, bold=True),
        label_medium=text_style(SMALL),
        label_small=text_style(SMALL),
        title_large=text_style(TITLE, bold=True),
        title_medium=text_style(LARGE, bold=True),
        title_small=text_style(BODY, bold=True),
    )
    return ft.Theme(
        color_scheme=scheme,
        font_family=FAMILY,
        text_theme=words,
        scaffold_bgcolor=palette.ground,
        canvas_color=palette.ground,
        page_transitions=ft.PageTransitionsTheme(
            android=still, ios=still, linux=still, macos=still, windows=still
        ),
        visual_density=ft.VisualDensity.STANDARD,
        scrollbar_theme=ft.ScrollbarTheme(
            thickness=4, radius=2, cross_axis_margin=4, thumb_color=palette.line
        ),
    )


def is_night(now: time) -> bool:
    """Whether the night shift's dark look is the default: from seven in the evening to seven."""
    return now >= time(19) or now < time(7)


def mode_for(choice: str, now: time) -> ft.ThemeMode:
    """What to show: the member's own choice ("dark", "light"), else dark at night, else the system's."""
    if choice == "dark":
        return ft.ThemeMode.DARK
    if choice == "light":
        return ft.ThemeMode.LIGHT
    return ft.ThemeMode.DARK if is_night(now) else ft.ThemeMode.SYSTEM


def dress(page: ft.Page, choice: str, now: time) -> None:
    """Set fonts, both themes and the mode of a page. Called before anything is drawn."""
    page.fonts = dict(FONT_FILES)
    page.theme = theme(LIGHT)
    page.dark_theme = theme(DARK)
    page.theme_mode = mode_for(choice, now)
    page.theme_animation_style = ft.AnimationStyle.no_animation()
