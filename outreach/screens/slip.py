"""The slip, turned round for the person to see: the code to scan, and where to go.

Nothing else is on this screen. The code stands black on white, also at night: a camera reads it
from another phone.
"""

from __future__ import annotations

import flet as ft

from outreach.screens import parts, theme
from outreach.screens.paper import hand_over
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import ACT, EDGE, GAP, INK, SOFT
from outreach.session import SlipView
from outreach.slips import paper, picture

QR_PIXELS = 720
QR_SIDE = 296


@screen("/slip/:referral")
def slip(shell: Shell, referral: str) -> ft.View:
    """The newest slip of a referral, full size."""
    view = parts.kept(lambda: shell.member.slip(bytes.fromhex(referral)))
    drawn = parts.kept(lambda: picture.qr_png(view.text, QR_PIXELS))

    def done() -> None:
        if shell.settled():  # “Make the slip” stood at this very place a moment ago
            shell.go_home()

    return parts.frame(
        shell,
        f"/slip/{referral}",
        [_code(view, drawn), *_where(view)],
        top=[_top(shell, view)],
        bottom=[parts.primary("Done", done)],
        spacing=GAP,
    )


def _top(shell: Shell, view: SlipView) -> ft.Control:
    return ft.Row(
        [
            parts.icon_button(ft.Icons.CLOSE_ROUNDED, "Close", shell.go_home, at_start=True),
            ft.Semantics(
                header=True, content=parts.text("Show them", size=theme.LARGE, bold=True), expand=True
            ),
            parts.icon_button(
                ft.Icons.PRINT_OUTLINED,
                "Print the slip",
                lambda: hand_over(shell, "slip.pdf", lambda: paper.a6_pdf(view.slip)),
            ),
            parts.icon_button(
                ft.Icons.RECEIPT_LONG_OUTLINED,
                "Print on a receipt printer",
                lambda: hand_over(shell, "slip-80mm.pdf", lambda: paper.receipt_pdf(view.slip)),
            ),
        ],
        spacing=theme.STEP,
    )


def _code(view: SlipView, drawn: bytes) -> ft.Control:
    return ft.Container(
        ft.Column(
            [
                ft.Image(
                    src=drawn,
                    width=QR_SIDE,
                    height=QR_SIDE,
                    semantics_label="Code for the desk to scan",
                    gapless_playback=True,
                ),
                ft.Text(
                    view.code.replace("-", " – "),
                    style=theme.text_style(
                        theme.CODE, bold=True, color="#111111", spacing=theme.CODE_SPACING
                    ),
                    semantics_label=f"Slip code {' '.join(view.code)}",
                ),
                ft.Text(
                    f"or say “{' '.join(view.words)}”",
                    style=theme.text_style(theme.SMALL, color="#555555"),
                ),
            ],
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            spacing=theme.STEP,
            tight=True,
        ),
        bgcolor="#FFFFFF",
        border=ft.Border.all(1, theme.LINE),
        border_radius=theme.CORNER,
        padding=ft.Padding.symmetric(horizontal=EDGE, vertical=EDGE),
        alignment=ft.Alignment.CENTER,
    )


def _code_style() -> ft.TextStyle:
    style = theme.text_style(theme.CODE, bold=True, color="#111111")
    style.letter_spacing = theme.CODE_SPACING
    return style


def _where(view: SlipView) -> list[ft.Control]:
    slip = view.slip
    lines: list[ft.Control] = [
        ft.Column(
            [
                parts.text(slip.place, size=theme.TITLE - 2, bold=True),
                parts.text(slip.when, size=theme.LARGE - 1),
                *([parts.text(slip.hours)] if slip.hours else []),
                *([parts.soft(slip.soonest)] if slip.soonest else []),
            ],
            spacing=theme.STEP,
            tight=True,
        )
    ]
    for sign, words in (
        (ft.Icons.DOOR_FRONT_DOOR_OUTLINED, slip.entrance),
        (ft.Icons.DIRECTIONS_BUS_OUTLINED, slip.travel),
        (ft.Icons.FREE_BREAKFAST_OUTLINED, slip.happens),
        (ft.Icons.DO_NOT_DISTURB_ON_OUTLINED, slip.bring),
        *((ft.Icons.MEETING_ROOM_OUTLINED, choice) for choice in slip.choices),
        (ft.Icons.FAMILY_RESTROOM_OUTLINED, slip.children),
        (ft.Icons.CALL_OUTLINED, slip.phone),
    ):
        if words:
            lines.append(
                ft.Row(
                    [parts.icon(sign, color=ACT, size=24), parts.text(words, color=INK, expand=True)],
                    spacing=GAP,
                    vertical_alignment=ft.CrossAxisAlignment.START,
                )
            )
    lines += [
        parts.text(words, size=theme.SMALL, color=SOFT)
        for words in (slip.meanwhile, slip.confidential, slip.lost, slip.valid_until)
        if words
    ]
    return lines
