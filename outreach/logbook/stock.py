"""What is left in a member's bag.

Stock starts from the last count that is known (`BagCounted`, or a `ShiftStarted` that
names at least one thing) and goes down by what that member gave out after
it, each talk counted once (see `contacts`). History before the count is of no matter, so a
phone that holds only a part of it still shows the right numbers. With no count nothing is known.

For each item: left = counted - given. A number below zero says that the bag held more than
was counted; it is shown, not hidden. What is given without a batch, or from a batch that
nobody counted, is taken from the item's lines in order of batch.
"""

from outreach.logbook.contacts import Contacts
from outreach.logbook.events import BagCounted, EventId, ShiftStarted, StockLine
from outreach.logbook.given import Given
from outreach.logbook.history import History

Count = BagCounted | ShiftStarted


def counted(event: Count) -> tuple[StockLine, ...] | None:
    """The lines of a count; None where nobody counted."""
    match event:
        case BagCounted():
            return event.bag
        case ShiftStarted():
            return event.bag or None


class Stock:
    def __init__(self, history: History, contacts: Contacts) -> None:
        self._history = history
        self._contacts = contacts
        self._counts: dict[bytes, set[EventId]] = {}

    def touch(self, event: Count) -> None:
        self._counts.setdefault(event.stamp.member, set()).add(event.stamp.id)

    def bag(self, member: bytes) -> tuple[StockLine, ...]:
        """Lines sorted by item and batch; none where the bag was never counted."""
        events: list[Count] = [
            *self._history.standing(BagCounted, self._counts.get(member, ())),
            *self._history.standing(ShiftStarted, self._counts.get(member, ())),
        ]
        known = [(event.stamp.order, lines) for event in events if (lines := counted(event)) is not None]
        if not known:
            return ()
        order, lines = max(known, key=lambda each: each[0])
        return left(lines, self._contacts.given_by(member, order))


def left(lines: tuple[StockLine, ...], given: list[Given]) -> tuple[StockLine, ...]:
    """What remains of counted lines after giving."""
    bag: dict[tuple[str, str], int] = {}
    for line in lines:
        bag[line.item, line.batch] = bag.get((line.item, line.batch), 0) + line.quantity
    loose: list[Given] = []
    for each in given:
        if (each.item, each.batch) in bag:
            bag[each.item, each.batch] -= each.quantity
        else:
            loose.append(each)
    for each in loose:
        rest = each.quantity
        for key in sorted(bag):
            if key[0] == each.item and bag[key] > 0 and rest:
                taken = min(rest, bag[key])
                bag[key] -= taken
                rest -= taken
        if rest:
            key = next((key for key in sorted(bag) if key[0] == each.item), (each.item, ""))
            bag[key] = bag.get(key, 0) - rest
    return tuple(StockLine(item, quantity, batch) for (item, batch), quantity in sorted(bag.items()))
