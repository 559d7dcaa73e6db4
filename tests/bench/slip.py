"""The slip: how long its text is, how fast it is made, how surely it is read.

Everything is warmed once (registering the typeface takes about 15 ms, once a process).
"""

import secrets
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pypdfium2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw

from forms import matching, services
from outreach.slips import ListedTeam, SlipKey, Token, Trust, check, decode, issue, listed, new_id, paper, qr
from outreach.slips.layout import MM, Side, Square

ROUNDS = 40
NOW = datetime(2026, 11, 20, 21, 15, tzinfo=UTC)
SMALLEST = 25 * MM


def figures() -> Iterator[tuple[str, float, str]]:
    """One figure each: `(name, value, unit)`."""
    directory = services.example()
    service = directory.service("yard")
    session = service.session(1)
    seed, kid, team = secrets.token_bytes(32), secrets.token_bytes(4), secrets.token_bytes(8)
    until = int(matching.valid_until(service, session, NOW).timestamp())

    def make() -> tuple[str, bytes]:
        token = Token(team, service.id, session.number, new_id(), int(NOW.timestamp()), until, True)
        text = issue(token, seed, kid)
        slip = paper.from_service(service, session, token, text, worker="Sam", now=NOW)
        return text, paper.a6_pdf(slip)

    make()
    took, texts = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        text, _ = make()
        took.append(time.perf_counter() - start)
        texts.append(text)
    longest = Token(team, "x" * 40, 255, new_id(), int(NOW.timestamp()), until, True)
    texts.append(issue(longest, seed, kid))
    yield "slip_token_longest", max(len(text) for text in texts), "characters"
    yield "slip_qr_version", (len(qr.matrix(texts[-1])) - 17) / 4, "version"
    yield "slip_with_pdf", statistics.median(took) * 1000, "ms"

    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    key = SlipKey(kid, public, int(NOW.timestamp()) - 86400, until)
    trust = Trust(int(NOW.timestamp()), (ListedTeam(team.hex(), "Lantern", (key,), listed(directory)),))
    checks = []
    for text in texts[:-1]:
        start = time.perf_counter()
        assert check(text, trust, NOW).colour == "green"
        checks.append(time.perf_counter() - start)
    yield "slip_check", statistics.median(checks) * 1000, "ms"

    for dpi in (300, 200):
        read = tried = 0
        for number, text in enumerate(texts[:12]):
            for turn in (0, 45 + number, 90, 180 + number, 270):
                tried += 1
                read += decode(_printed(text, dpi, turn, stained=number % 2 == 1)) == text
        yield f"slip_read_at_25mm_{dpi}dpi", 100 * read / tried, "%"


def _printed(text: str, dpi: int, turn: int, *, stained: bool) -> bytes:
    """A slip's QR code printed at 25 mm, turned, every other one with a stain in it."""
    page = Side(40 * MM, 40 * MM, (Square(7.5 * MM, 7.5 * MM, SMALLEST),))
    image = pypdfium2.PdfDocument(paper.pdf([page], text))[0].render(scale=dpi / 72).to_pil().convert("L")
    if stained:
        x = y = image.width * 0.58
        radius = image.width * 0.045
        ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    turned = image.rotate(turn, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    out = BytesIO()
    turned.save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    for name, value, unit in figures():
        print(name, round(value, 3), unit)
