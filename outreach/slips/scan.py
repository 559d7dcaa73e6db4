"""Reading a slip from a picture: a camera's photograph, a screenshot, a scanned page.

zxing-cpp does it where it is installed (desktop, the drop-in's laptop). It has no build for phones:
there `decode` finds nothing and `can_decode` says so, and the short code is typed instead.
"""

from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 60_000_000
"""Pixels. A phone's camera takes 12 to 50 million; more than this is not a photograph of a slip."""


def can_decode() -> bool:
    """Whether this device can read QR codes from pictures."""
    return find_spec("zxingcpp") is not None


def decode(image_bytes: bytes) -> str | None:
    """The text of the QR code in a picture (PNG, JPEG, …), or None where none can be read.

    Where there are several, one of ours is preferred. Whether the text is a slip is for `check`.
    """
    if not can_decode():
        return None
    import zxingcpp
    from PIL import Image, ImageOps

    try:
        with Image.open(BytesIO(image_bytes)) as opened:
            if opened.width * opened.height > LARGEST:
                return None
            image = _flat(ImageOps.exif_transpose(opened))
    except Exception:  # not a picture, or a broken one: decoders raise nearly anything
        return None
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    texts = [code.text for code in found if code.text]
    ours = [text for text in texts if text.upper().startswith("OR1:")]
    return next(iter(ours or texts), None)


def _flat(image: "Image") -> "Image":
    """Grey, with what is transparent shown on white."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        from PIL import Image as images

        over = image.convert("RGBA")
        ground = images.new("RGBA", over.size, (255, 255, 255, 255))
        image = images.alpha_composite(ground, over)
    return image.convert("L")
