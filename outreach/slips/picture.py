"""Slips as pictures: the QR code alone for a screen, the whole slip for sharing. PNG, black on white."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from outreach.fonts import Weight, path
from outreach.slips import layout, qr
from outreach.slips.errors import DoesNotFit
from outreach.slips.layout import Line, Square, Text
from outreach.slips.text import SlipText

_COLUMN = 300.0
"""Points: the width of the column that a picture shows, whatever its pixels."""
NARROWEST = 480
WIDEST = 4000


def qr_png(text: str, pixels: int = 600) -> bytes:
    """The QR code with its quiet zone, at most `pixels` a side, each module a whole number of them."""
    scale = pixels // (qr.MODULES + 2 * qr.QUIET)
    if scale < 1:
        raise DoesNotFit(f"A QR code is at least {qr.MODULES + 2 * qr.QUIET} pixels wide.")
    return _png(_code(text, scale, qr.QUIET))


def slip_png(slip: SlipText, width: int = 1080) -> bytes:
    """The whole slip as one long picture, `width` pixels wide (480 to 4000)."""
    if not NARROWEST <= width <= WIDEST:
        raise DoesNotFit(f"A picture of a slip is between {NARROWEST} and {WIDEST} pixels wide.")
    side = layout.strip(slip, width=_COLUMN, margin=20, qr=210)
    scale = width / _COLUMN
    image = Image.new("L", (width, round(side.height * scale)), 255)
    draw = ImageDraw.Draw(image)
    for item in side.items:
        match item:
            case Text(x, y, text, size, weight, spacing):
                _write(draw, x * scale, y * scale, text, _font(weight, size * scale), spacing * scale)
            case Line(x, to, y):
                draw.line(
                    (x * scale, y * scale, to * scale, y * scale), fill=120, width=max(1, round(scale / 2))
                )
            case Square(x, y, extent):
                module = int(extent * scale // qr.MODULES)
                spare = (extent * scale - module * qr.MODULES) / 2
                code = _code(slip.token_text, module, 0)
                image.paste(code, (round(x * scale + spare), round(y * scale + spare)))
    return _png(image)


def _write(
    draw: ImageDraw.ImageDraw, x: float, y: float, text: str, font: ImageFont.FreeTypeFont, spacing: float
) -> None:
    if not spacing:
        draw.text((x, y), text, font=font, fill=0, anchor="ls")
        return
    for character in text:
        draw.text((x, y), character, font=font, fill=0, anchor="ls")
        x += font.getlength(character) + spacing


def _font(weight: Weight, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path(weight)), size)


def _code(text: str, scale: int, quiet: int) -> Image.Image:
    rows = qr.matrix(text)
    modules = Image.new("L", (qr.MODULES, qr.MODULES), 255)
    modules.putdata([0 if dark else 255 for row in rows for dark in row])
    side = (qr.MODULES + 2 * quiet) * scale
    image = Image.new("L", (side, side), 255)
    image.paste(
        modules.resize((qr.MODULES * scale,) * 2, Image.Resampling.NEAREST), (quiet * scale, quiet * scale)
    )
    return image


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()
