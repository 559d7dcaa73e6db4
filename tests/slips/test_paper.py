"""Paper and pictures: read back as a person and as a scanner would."""

from io import BytesIO

import msgspec
import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageOps
from pypdf import PdfReader

from outreach.fonts import FAMILY
from outreach.slips import DoesNotFit, check, decode, layout, paper, picture, qr
from outreach.slips.layout import MM, Side, Square, Text

replace = msgspec.structs.replace


def words_in(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def rendered(pdf: bytes, dpi: int, page: int = 0) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    return document[page].render(scale=dpi / 72).to_pil().convert("L")


def png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def small(slip, side: float = 25 * MM) -> bytes:
    """A page with the QR code at 25 mm, the smallest that a slip may have."""
    page = Side(40 * MM, 40 * MM, (Square(7.5 * MM, 7.5 * MM, side),))
    return paper.pdf([page], slip.token_text)


@pytest.mark.requirement("RS04", "RS09", "RS11", "DE14", "DE20", "CC02")
@pytest.mark.parametrize("service", ["yard", "quay", "hill", "mill"])
@pytest.mark.parametrize("make", [paper.a6_pdf, paper.receipt_pdf])
def test_every_word_of_a_slip_is_on_the_paper(slip_for, service, make):
    slip = slip_for(service, 1, fast_track=True)
    shown = words_in(make(slip)).replace(" ", "")
    for name, text in slip.printed():
        if name == "code":
            assert text.replace("-", "") in shown.replace("–", "")
        elif name != "valid_until":
            assert text.replace(" ", "") in shown, name
    assert slip.valid_until.removeprefix("Good until ").rstrip(".").replace(" ", "") in shown


@pytest.mark.parametrize("dpi", [300, 200])
@pytest.mark.parametrize("turn", [0, 90, 180, 270, 7, -23])
def test_the_code_is_read_at_25_mm_turned_any_way(slip_for, dpi, turn):
    slip = slip_for()
    image = rendered(small(slip), dpi).rotate(
        turn, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC
    )
    assert decode(png(image)) == slip.token_text


@pytest.mark.parametrize("dpi", [300, 200])
def test_the_code_is_read_with_a_stain_a_fold_and_in_poor_light(slip_for, dpi):
    slip = slip_for()
    image = rendered(small(slip), dpi)
    side = 25 / 25.4 * dpi
    left = 7.5 / 25.4 * dpi
    draw = ImageDraw.Draw(image)
    x, y, radius = left + side * 0.62, left + side * 0.6, side * 0.07
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    draw.line((left, left + side * 0.83, left + side, left + side * 0.86), fill=255, width=max(1, dpi // 150))
    poor = ImageOps.invert(ImageOps.invert(image).point(lambda value: value * 0.45))
    assert decode(png(poor)) == slip.token_text


@pytest.mark.parametrize("dpi", [300, 200, 150])
@pytest.mark.parametrize("make", [paper.a6_pdf, paper.receipt_pdf])
def test_whole_pages_are_read(slip_for, make, dpi, trust, now):
    slip = slip_for(fast_track=True)
    text = decode(png(rendered(make(slip), dpi)))
    assert text == slip.token_text
    assert check(text, trust, now).colour == "green"


@pytest.mark.parametrize("width", [480, 720, 1080, 1440])
def test_a_shared_picture_is_read_also_after_a_messenger_squeezed_it(slip_for, width):
    slip = slip_for()
    shared = picture.slip_png(slip, width)
    assert Image.open(BytesIO(shared)).width == width
    assert decode(shared) == slip.token_text
    out = BytesIO()
    Image.open(BytesIO(shared)).save(out, "JPEG", quality=40)
    assert decode(out.getvalue()) == slip.token_text


@pytest.mark.parametrize("pixels", [57, 58, 200, 600, 1000])
def test_the_code_alone_is_read_and_keeps_within_its_pixels(slip_for, pixels):
    slip = slip_for()
    drawn = picture.qr_png(slip.token_text, pixels)
    image = Image.open(BytesIO(drawn))
    assert image.width == image.height <= pixels
    assert image.width % (qr.MODULES + 2 * qr.QUIET) == 0
    if pixels >= 200:
        assert decode(drawn) == slip.token_text


def test_pictures_too_small_or_too_large_are_refused(slip_for):
    slip = slip_for()
    for width in (0, 479, 4001):
        with pytest.raises(DoesNotFit):
            picture.slip_png(slip, width)
    with pytest.raises(DoesNotFit):
        picture.qr_png(slip.token_text, 56)
    with pytest.raises(DoesNotFit):
        qr.matrix("A" * 222)
    with pytest.raises(DoesNotFit):
        qr.matrix("small letters")


def test_what_is_not_a_picture_of_a_code_gives_none(slip_for):
    assert decode(b"") is None
    assert decode(b"not a picture") is None
    assert decode(png(Image.new("L", (300, 300), 255))) is None
    whole = picture.slip_png(slip_for())
    assert decode(whole[: len(whole) // 3]) is None


def test_transparent_screenshots_and_several_codes(slip_for):
    slip = slip_for()
    dark = Image.open(BytesIO(picture.qr_png(slip.token_text, 600)))
    see_through = Image.new("RGBA", dark.size, (0, 0, 0, 0))
    see_through.paste((0, 0, 0, 255), mask=ImageOps.invert(dark))
    assert decode(png(see_through)) == slip.token_text
    both = Image.new("L", (1300, 700), 255)
    both.paste(Image.open(BytesIO(picture.qr_png("HTTPS://EXAMPLE.ORG/POSTER", 600))), (20, 20))
    both.paste(dark, (680, 20))
    assert decode(png(both)) == slip.token_text


def _long(slip):
    sentence = "Go round by the garden, past the second gate, and ring where it says office. "
    return replace(
        slip, travel=sentence * 4, happens=sentence * 3, choices=(sentence * 2, sentence, sentence)
    )


def _bare(slip):
    empty = {
        name: () if name == "choices" else ""
        for name in (
            "hours",
            "entrance",
            "address",
            "travel",
            "soonest",
            "happens",
            "length",
            "asks",
            "bring",
            "choices",
            "children",
            "meanwhile",
            "ask_for",
            "lost",
            "phone",
            "worker",
        )
    }
    return replace(slip, **empty)


@pytest.mark.parametrize(
    "shape", [lambda slip: slip, _long, _bare, lambda slip: replace(slip, place="W" * 90)]
)
@pytest.mark.parametrize("service", ["yard", "quay", "mill"])
def test_nothing_leaves_the_paper_overlaps_or_is_smaller_than_14_points(slip_for, service, shape):
    slip = shape(slip_for(service, 1, fast_track=True))
    for side in (*layout.card(slip), layout.strip(slip)):
        codes = [item for item in side.items if isinstance(item, Square)]
        texts = [item for item in side.items if isinstance(item, Text)]
        for square in codes:
            assert square.side >= 30 * MM
        boxes = []
        for item in texts:
            assert item.size >= 14
            wide = layout.measure(item.text, item.size, item.weight, item.spacing)
            box = (item.x, item.y - item.size * 0.72, item.x + wide, item.y + item.size * 0.22)
            assert box[0] >= 4 * MM
            assert box[2] <= side.width - 4 * MM
            assert box[1] >= 4 * MM
            assert box[3] <= side.height - 4 * MM
            boxes.append(box)
        quiet = [
            (s.x - 4 * s.side / 49, s.y - 4 * s.side / 49, s.x + 53 * s.side / 49, s.y + 53 * s.side / 49)
            for s in codes
        ]
        everything = [*boxes, *quiet]
        for number, one in enumerate(everything):
            for other in everything[number + 1 :]:
                apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
                assert apart, (one, other)


def test_a_usual_slip_has_two_sides_and_says_where_to_go_on(slip_for, directory):
    for service in ("yard", "north", "quay", "mill", "hill"):
        pages = PdfReader(BytesIO(paper.a6_pdf(slip_for(service, 1, fast_track=True)))).pages
        assert len(pages) == 2, service
        assert "Turn over" in pages[0].extract_text()
        assert "Turn over" not in pages[1].extract_text()
    assert len(layout.card(_bare(slip_for()))) == 1


def test_sizes_of_paper_and_embedded_type(slip_for):
    slip = slip_for()
    card = PdfReader(BytesIO(paper.a6_pdf(slip)))
    strip = PdfReader(BytesIO(paper.receipt_pdf(slip)))
    assert [round(float(x) / MM) for x in card.pages[0].mediabox[2:]] == [105, 148]
    assert round(float(strip.pages[0].mediabox[2]) / MM) == 80
    for document in (card, strip):
        fonts = document.pages[0]["/Resources"]["/Font"]
        ours = [fonts[name] for name in fonts if FAMILY in str(fonts[name]["/BaseFont"])]
        assert len(ours) >= 2
        assert all("/FontFile2" in font["/FontDescriptor"] for font in ours)


def test_the_file_tells_nothing_about_anybody_or_when(slip_for):
    slip = slip_for()
    made = paper.a6_pdf(slip)
    assert made == paper.a6_pdf(slip), "no time of making is in it"
    told = PdfReader(BytesIO(made)).metadata
    assert told["/Title"] == "Card"
    assert not told.get("/Author")
    everything = f"{told!r}".lower()
    assert "outreach" not in everything
    assert "sam" not in everything


def test_two_papers_differ_only_in_code_and_words(slip_for):
    one, other = slip_for(token_id=bytes(range(12))), slip_for(token_id=bytes(range(50, 62)))
    shown = []
    for slip in (one, other):
        text = words_in(paper.receipt_pdf(slip))
        shown.append(
            text.replace(slip.code.replace("-", " – "), "CODE").replace(" ".join(slip.words), "WORDS")
        )
    assert shown[0] == shown[1]


def test_letters_that_the_typeface_lacks_never_break_a_slip(slip_for):
    slip = replace(slip_for(), place="Dvůr → ☕ Двор ﬁ ½", worker="Žofie")
    shown = words_in(paper.a6_pdf(slip))
    assert "Dv" in shown
    assert "fi" in shown
    assert layout.printable("a\u0301") == "á"
    assert layout.printable("→") in ("→", "·")
    assert layout.printable("\u200b") == ""


def test_rectangles_cover_the_dark_modules_and_nothing_else(text):
    rows = qr.matrix(text)
    covered = [[0] * qr.MODULES for _ in range(qr.MODULES)]
    for column, row, wide, high in qr.bars(rows):
        for y in range(row, row + high):
            for x in range(column, column + wide):
                covered[y][x] += 1
    assert all(covered[y][x] == int(rows[y][x]) for y in range(qr.MODULES) for x in range(qr.MODULES))
