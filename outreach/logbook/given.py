"""What a talk gave out: kit and naloxone, each thing once, however many recorded it."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import msgspec

from outreach.logbook.events import ContactRecorded, EventId, KitIssued, NaloxoneSupplied

T = TypeVar("T", bound=Hashable)


class Given(msgspec.Struct, frozen=True):
    """Something that left a bag: kit or naloxone, from which member's bag, by which record."""

    item: str
    quantity: int
    batch: str
    member: bytes
    record: EventId
    order: tuple[int, bytes, bytes]


def united(lists: Iterable[Iterable[T]]) -> tuple[T, ...]:
    """Everything in these lists once, in the order in which it first comes."""
    return tuple(dict.fromkeys(each for items in lists for each in items))


def give_once(
    records: Sequence[ContactRecorded],
) -> tuple[tuple[KitIssued, ...], tuple[NaloxoneSupplied, ...], tuple[Given, ...]]:
    """What a talk gave out, each thing once.

    Two records of one talk tell of the same things. So of each kit item, and of each naloxone
    product and batch, the record that says most counts (ties: the first by order), out of the
    bag of the member who made it. Naloxone with no batch written down counts only by as much
    as its record exceeds the batches that are known.
    """
    kit: list[KitIssued] = []
    naloxone: list[NaloxoneSupplied] = []
    given: list[Given] = []
    if not any(record.kit or record.naloxone for record in records):
        return (), (), ()

    def most(total: Callable[[ContactRecorded], int]) -> ContactRecorded:
        return max(records, key=total)  # the first of equals, and records come in order

    def give(record: ContactRecorded, item: str, quantity: int, batch: str) -> None:
        if quantity > 0:
            stamp = record.stamp
            given.append(Given(item, quantity, batch, stamp.member, stamp.id, stamp.order))

    for item in united((line.item for line in record.kit) for record in records):

        def pieces(record: ContactRecorded, item: str = item) -> int:
            return sum(line.quantity for line in record.kit if line.item == item)

        record = most(pieces)
        kit.extend(line for line in record.kit if line.item == item)
        give(record, item, pieces(record), "")

    for product in united((line.product for line in record.naloxone) for record in records):
        known = 0
        for batch in united((line.batch for line in record.naloxone) for record in records):
            if not batch:
                continue

            def kits(record: ContactRecorded, product: str = product, batch: str = batch) -> int:
                return sum(
                    line.kits for line in record.naloxone if (line.product, line.batch) == (product, batch)
                )

            record = most(kits)
            known += kits(record)
            naloxone.extend(
                line for line in record.naloxone if (line.product, line.batch) == (product, batch)
            )
            give(record, product, kits(record), batch)

        def nameless(record: ContactRecorded, product: str = product) -> int:
            lines = [line for line in record.naloxone if line.product == product]
            return sum(line.kits for line in lines) if any(not line.batch for line in lines) else 0

        record = most(nameless)
        beyond = nameless(record) - known
        if beyond > 0:
            line = next(each for each in record.naloxone if each.product == product and not each.batch)
            naloxone.append(msgspec.structs.replace(line, kits=beyond))
            give(record, product, beyond, "")
    return tuple(kit), tuple(naloxone), tuple(given)
