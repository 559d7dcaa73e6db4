"""Slips on paper: an A6 card and an 80 mm receipt, as PDF.

Black on white, one typeface (embedded), hairlines, no logo, no title, no date of making: a slip
looks like any appointment card, and its file tells a finder nothing either. The QR code is drawn as
rectangles, so it is as sharp as the printer. `SlipText` and `lint` are handed on from their rooms.
"""

from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from outreach.slips import layout, qr
from outreach.slips.discreet import Telling, lint
from outreach.slips.layout import Line, Side, Square, Text
from outreach.slips.text import SlipText, from_service

__all__ = ["SlipText", "Telling", "a6_pdf", "from_service", "lint", "pdf", "receipt_pdf"]

HAIRLINE = 0.5


def a6_pdf(slip: SlipText) -> bytes:
    """The slip as an A6 card of two sides (one, or three, where there is little or much to say)."""
    return pdf(layout.card(slip), slip.token_text)


def receipt_pdf(slip: SlipText) -> bytes:
    """The slip for an 80 mm receipt printer: one page, as long as it takes. Thermal paper fades."""
    return pdf([layout.strip(slip)], slip.token_text)


def pdf(sides: list[Side], token_text: str) -> bytes:
    """Pages of a layout as one PDF; `token_text` is what their QR codes hold."""
    names = layout.faces()
    out = BytesIO()
    # invariant: the same slip gives the same bytes, with no time of making in them.
    canvas = Canvas(out, pagesize=(sides[0].width, sides[0].height), invariant=1, pageCompression=1)
    canvas.setTitle("Card")
    canvas.setAuthor("")
    canvas.setCreator("")
    canvas.setProducer("")
    for side in sides:
        canvas.setPageSize((side.width, side.height))
        canvas.setLineWidth(HAIRLINE)
        for item in side.items:
            match item:
                case Text(x, y, text, size, weight, spacing):
                    canvas.setFont(names[weight], size)
                    canvas.drawString(x, side.height - y, text, charSpace=spacing)
                case Line(x, to, y):
                    canvas.line(x, side.height - y, to, side.height - y)
                case Square():
                    _draw_code(canvas, side, item, token_text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw_code(canvas: Canvas, side: Side, square: Square, token_text: str) -> None:
    module = square.side / qr.MODULES
    drawn = canvas.beginPath()
    for column, row, wide, high in qr.bars(qr.matrix(token_text)):
        top = side.height - square.y - row * module
        drawn.rect(square.x + column * module, top - high * module, wide * module, high * module)
    canvas.drawPath(drawn, stroke=0, fill=1)
