"""Stock: counted once, given out once."""

import pytest

from outreach.logbook import events as e
from outreach.logbook.views import Logbook
from tests.logbook.events_for_tests import ANN, BOB, Pen


def left(book: Logbook, member: bytes = ANN) -> dict[tuple[str, str], int]:
    return {(line.item, line.batch): line.quantity for line in book.bag(member)}


def test_stock_goes_down_by_what_the_member_gave_after_the_count():
    pen, bob = Pen(), Pen(BOB)
    before = pen.contact(b"C0", kit=(e.KitIssued("foil", 5),))
    count = pen.counted(foil=10, kit_pack=3)
    after = pen.contact(b"C1", kit=(e.KitIssued("foil", 2), e.KitIssued("foil", 1, for_others=True)))
    others = bob.contact(b"C2", stamp=bob.stamp(counter=9), kit=(e.KitIssued("foil", 4),))
    book = Logbook([before, count, after, others])
    assert left(book) == {("foil", ""): 7, ("kit_pack", ""): 3}
    assert book.bag(BOB) == ()


def test_the_last_count_starts_anew_and_a_shift_without_a_count_does_not():
    pen = Pen()
    book = Logbook(
        [
            pen.counted(foil=10, pipe=2),
            pen.contact(kit=(e.KitIssued("foil", 2),)),
            e.ShiftStarted(stamp=pen.stamp(), shift=b"S1"),
        ]
    )
    assert left(book) == {("foil", ""): 8, ("pipe", ""): 2}
    book.add(e.ShiftStarted(stamp=pen.stamp(), shift=b"S2", bag=(e.StockLine("foil", 20),)))
    assert left(book) == {("foil", ""): 20}


@pytest.mark.requirement("RP12")
def test_naloxone_comes_out_of_its_batch():
    pen = Pen()
    count = e.BagCounted(
        stamp=pen.stamp(), bag=(e.StockLine("prenoxad", 4, "L1"), e.StockLine("prenoxad", 2, "L2"))
    )
    given = pen.contact(naloxone=(e.NaloxoneSupplied("prenoxad", 1, batch="L2"),))
    unnamed = pen.contact(b"C2", naloxone=(e.NaloxoneSupplied("prenoxad", 5),))
    assert left(Logbook([count, given])) == {("prenoxad", "L1"): 4, ("prenoxad", "L2"): 1}
    assert left(Logbook([count, given, unnamed])) == {("prenoxad", "L1"): 0, ("prenoxad", "L2"): 0}


def test_more_given_than_counted_shows_below_zero():
    pen = Pen()
    book = Logbook([pen.counted(foil=1), pen.contact(kit=(e.KitIssued("foil", 3), e.KitIssued("pipe", 1)))])
    assert left(book) == {("foil", ""): -2, ("pipe", ""): -1}


@pytest.mark.parametrize("swapped", [False, True])
def test_a_talk_that_two_recorded_leaves_one_bag_once(swapped):
    ann, bob = Pen(ANN), Pen(BOB)
    counts = [ann.counted(foil=10, kit_pack=10), bob.counted(foil=10, kit_pack=10)]
    one = ann.contact(b"C1", kit=(e.KitIssued("foil", 2), e.KitIssued("kit_pack", 1)))
    other = bob.contact(b"C2", kit=(e.KitIssued("foil", 2), e.KitIssued("kit_pack", 3)))
    merge = bob.merged(b"C1", b"C2")
    events = [*counts, one, other, merge]
    book = Logbook(reversed(events) if swapped else events)
    assert left(book, ANN) == {("foil", ""): 8, ("kit_pack", ""): 10}  # equal: the first by order
    assert left(book, BOB) == {("foil", ""): 10, ("kit_pack", ""): 7}  # the record that says most
    (talk,) = book.contacts()
    assert talk.kit == (e.KitIssued("foil", 2), e.KitIssued("kit_pack", 3))
    book.add(bob.withdrawn(merge))
    assert left(book, ANN) == {("foil", ""): 8, ("kit_pack", ""): 9}
    assert left(book, BOB) == {("foil", ""): 8, ("kit_pack", ""): 7}


def test_a_batch_that_only_one_of_two_wrote_down_is_not_a_second_supply():
    ann, bob = Pen(ANN), Pen(BOB)
    book = Logbook(
        [
            ann.contact(b"C1", naloxone=(e.NaloxoneSupplied("prenoxad", 2),)),
            bob.contact(b"C2", naloxone=(e.NaloxoneSupplied("prenoxad", 1, batch="L1"),)),
            ann.merged(b"C1", b"C2"),
        ]
    )
    (talk,) = book.contacts()
    assert sorted((given.batch, given.quantity) for given in talk.given) == [("", 1), ("L1", 1)]
    assert sum(line.kits for line in talk.naloxone) == 2
