"""Where everything on a slip stands: one layout, drawn as PDF by `paper` and as a picture by `picture`.

`card` gives the sides of an A6 card, `strip` one column as long as it takes (80 mm receipt, picture).
Measures are points (1/72 inch), y grows downwards, text stands on its baseline. Nothing that is read
is smaller than 14 points, and the QR code is at least 30 mm (25 are enough for a scanner).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache

import msgspec
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from outreach.fonts import FAMILY, Weight, path
from outreach.slips.text import SlipText

MM = 72 / 25.4
A6 = (105 * MM, 148 * MM)
BODY = 14.0
KEY = 16.0
PLACE = 23.0
CODE = 27.0
CODE_SPACING = 0.09
"""Extra room after each character of the code, in parts of its size."""
LEADING = 1.25
JOINED, NEXT = 1.0, 7.5
"""Gaps above a line that belongs to the one before, and above one that does not."""


class Text(msgspec.Struct, frozen=True):
    x: float
    y: float
    text: str
    size: float
    weight: Weight
    spacing: float = 0.0


class Line(msgspec.Struct, frozen=True):
    """A hairline from x to `to` at y."""

    x: float
    to: float
    y: float


class Square(msgspec.Struct, frozen=True):
    """The QR code without its quiet zone: top left corner and side."""

    x: float
    y: float
    side: float


Item = Text | Line | Square


class Side(msgspec.Struct, frozen=True):
    """One page: its size and what stands on it."""

    width: float
    height: float
    items: tuple[Item, ...]


class Block(msgspec.Struct, frozen=True):
    """A paragraph: its text, one size and weight, and the gap above it."""

    text: str
    size: float = BODY
    weight: Weight = "regular"
    gap: float = 5.0


@cache
def faces() -> dict[Weight, str]:
    """Register the typeface for PDF and measuring (about 15 ms, once); names by weight."""
    names: dict[Weight, str] = {"regular": f"{FAMILY}-Regular", "bold": f"{FAMILY}-Bold"}
    for weight, name in names.items():
        pdfmetrics.registerFont(TTFont(name, str(path(weight))))
    return names


def measure(text: str, size: float, weight: Weight, spacing: float = 0.0) -> float:
    """Width of a text in points."""
    width: float = pdfmetrics.stringWidth(text, faces()[weight], size)
    return width + spacing * max(0, len(text) - 1)


def printable(text: str) -> str:
    """The text in letters that the typeface has: accents are dropped, the unknown becomes a dot."""
    known = pdfmetrics.getFont(faces()["regular"]).face.charToGlyph
    shown = []
    for character in unicodedata.normalize("NFC", text):
        if ord(character) in known:
            shown.append(character)
            continue
        plain = unicodedata.normalize("NFKD", character)
        kept = "".join(part for part in plain if ord(part) in known and not unicodedata.combining(part))
        shown.append(kept or ("" if unicodedata.category(character)[0] in "CM" else "·"))
    return "".join(shown)


def blocks(slip: SlipText) -> list[Block]:
    """What is said below the code, in the order of what a person wants to know first."""
    choices = [
        Block(choice, gap=NEXT if number == 0 else JOINED) for number, choice in enumerate(slip.choices)
    ]
    # The last day is said once: most often it is part of the days on which to come.
    until = "" if slip.valid_until.removeprefix("Good until ").rstrip(".") in slip.when else slip.valid_until
    found = [
        Block(slip.place, PLACE, "bold", 8),
        Block(slip.when, KEY, "bold", 2),
        Block(slip.hours, KEY, gap=JOINED),
        Block(slip.soonest, gap=2),
        Block(until, gap=2),
        Block(slip.entrance, weight="bold", gap=NEXT),
        Block(slip.address, gap=JOINED if slip.entrance else NEXT),
        Block(slip.travel, gap=NEXT),
        Block(slip.show, gap=NEXT),
        Block(slip.happens, gap=NEXT),
        Block(slip.length, gap=JOINED),
        Block(slip.asks, gap=JOINED),
        Block(slip.bring, gap=JOINED),
        *choices,
        Block(slip.children, gap=NEXT),
        Block(slip.meanwhile, gap=NEXT),
        Block(slip.confidential, gap=NEXT),
        Block(slip.lost, gap=NEXT),
        Block(_from(slip), gap=NEXT),
    ]
    return [block for block in found if block.text]


def _from(slip: SlipText) -> str:
    parts = [f"From {slip.worker}." if slip.worker else ""]
    if slip.ask_for and slip.ask_for != slip.worker:
        parts.append(f"There, ask for {slip.ask_for}.")
    parts.append(f"Phone {slip.phone}." if slip.phone else "")
    return " ".join(part for part in parts if part)


def card(slip: SlipText) -> list[Side]:
    """The sides of an A6 card: front with code, place, time and way; the rest over the page.

    Where three sides would be wanted, gaps and leading are drawn in first; the type stays as it is.
    """
    sides: list[Side] = []
    for air in (1.0, 0.75, 0.5):
        sides = _card(slip, air)
        if len(sides) <= 2:
            break
    return sides


def _card(slip: SlipText, air: float) -> list[Side]:
    width, height = A6
    margin, qr = 8 * MM, 35 * MM
    leading = 1 + (LEADING - 1) * (0.4 + 0.6 * air)
    left = margin + qr + 5 * MM
    items: list[Item] = [Square(margin, margin, qr), *_beside(slip, left, width - margin - left, margin, qr)]
    y = margin + qr + 4 * MM
    items.append(Line(margin, width - margin, y))
    sides: list[Side] = []
    room, turn = height - margin, height - 5.4 * MM
    pending = [(block, _lines(block, width - 2 * margin)) for block in blocks(slip)]
    while pending:
        block, lines = pending[0]
        rest = sum(each.gap * air + len(found) * each.size * leading for each, found in pending)
        high = block.gap * air + len(lines) * block.size * leading
        limit = room if y + rest <= room else turn - BODY
        if y + high > limit and items:
            words = "Turn over" if not sides else "More on the next side"
            end = width - margin - measure(words, BODY, "bold")
            items.append(Text(end, turn, words, BODY, "bold"))
            sides.append(Side(width, height, tuple(items)))
            items, y = [], margin - block.gap * air
            continue
        y += block.gap * air
        # A paragraph longer than a side goes on over the page.
        fit = max(1, int((limit - y) // (block.size * leading))) if high > limit - margin else len(lines)
        items += _set(lines[:fit], block, lambda _: margin, y, leading)
        y += fit * block.size * leading
        if fit < len(lines):
            pending[0] = (msgspec.structs.replace(block, gap=0.0), lines[fit:])
            y = room
        else:
            pending.pop(0)
    return [*sides, Side(width, height, tuple(items))]


def strip(slip: SlipText, width: float = 80 * MM, margin: float = 5 * MM, qr: float = 46 * MM) -> Side:
    """One column: QR code, code and words in the middle, the text below, as long as it takes."""
    items: list[Item] = [Square((width - qr) / 2, margin + 2 * MM, qr)]
    y = margin + 2 * MM + qr + 4 * MM
    room = width - 2 * margin

    def middle(wide: float) -> float:
        return (width - wide) / 2

    shown = slip.code.replace("-", " – ")
    size = CODE * min(1.0, room / measure(shown, CODE, "bold", CODE * CODE_SPACING))
    spacing = size * CODE_SPACING
    y += size
    items.append(Text(middle(measure(shown, size, "bold", spacing)), y, shown, size, "bold", spacing))
    y += 4
    said = Block(_said(slip), gap=0)
    for block, start in [(said, middle), *((block, lambda _: margin) for block in blocks(slip))]:
        lines = _lines(block, room)
        y += block.gap
        items += _set(lines, block, start, y, LEADING)
        y += len(lines) * block.size * LEADING
        if block is said:
            y += 3 * MM
            items.append(Line(margin, width - margin, y))
    return Side(width, y + margin + 2 * MM, tuple(items))


def _beside(slip: SlipText, x: float, room: float, top: float, high: float) -> Iterable[Item]:
    """The code in two rows beside the QR code, and the words below it."""
    groups = slip.code.split("-")
    size, row, gap = CODE, CODE * 1.2, 6.0
    said = Block(_said(slip))
    lines = _lines(said, room)
    y = top + (high - len(groups) * row - gap - len(lines) * BODY * LEADING) / 2
    for group in groups:
        yield Text(x, y + size, group, size, "bold", size * CODE_SPACING)
        y += row
    yield from _set(lines, said, lambda _: x, y + gap, LEADING)


def _said(slip: SlipText) -> str:
    return f"or say “{' '.join(slip.words)}”"


# A number stays with what it counts, a day with its month, the two halves of a telephone number together.
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_BOUND = re.compile(
    rf"(?<=\d) (?=\d|minutes?\b|weeks?\b|days?\b|{_MONTHS})"
    r"|(?<=\d)(?<!\d\d\d) (?=to \d)|(?<=\d[ap]m) (?=to \d)|(?<= to) (?=\d)|(?<=Phone) (?=\d)|(?<=day) (?=\d)"
)


def _lines(block: Block, room: float) -> list[str]:
    """Break a block into lines no wider than the room; a word wider than that is cut."""
    lines: list[str] = []
    for word in _BOUND.sub("\u00a0", " ".join(printable(block.text).split())).split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure(longer, block.size, block.weight) <= room:
            lines[-1] = longer
            continue
        while len(word) > 1 and measure(word, block.size, block.weight) > room:
            end = len(word) - 1
            while end > 1 and measure(word[:end], block.size, block.weight) > room:
                end -= 1
            lines.append(word[:end])
            word = word[end:]
        lines.append(word)
    return [line.replace("\u00a0", " ") for line in lines]


def _set(
    lines: list[str], block: Block, start: Callable[[float], float], y: float, leading: float
) -> Iterable[Item]:
    """Text items for lines that begin at height y."""
    for number, line in enumerate(lines):
        x = start(measure(line, block.size, block.weight))
        yield Text(x, y + number * block.size * leading + block.size, line, block.size, block.weight)
