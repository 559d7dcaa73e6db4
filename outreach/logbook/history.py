"""Every event that is held, and what each says after corrections and withdrawals.

History may come in any order, twice, or with holes: a correction or a withdrawal whose target
isn't there yet waits for it. Rules:

- Corrections win field by field, the last one by `Stamp.order`. A field that the event doesn't
  have, or a value of the wrong kind, is passed over; the rest of the correction holds.
- `FIXED` fields say what an event is about and can't be corrected: withdraw it and record it again.
- A withdrawn correction counts no more. A withdrawal can't be withdrawn.
- Whoever may not make a change changes nothing: `may` is asked for each change and what it
  changes, whichever came first. Without one, everybody may.
- Should two different events ever carry one id, the one with the smaller encoding stays,
  on every device.

`Links` holds merges: which records are one, by merges that stand.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, cast

import msgspec

from outreach.logbook import codec
from outreach.logbook.clock import Clocks
from outreach.logbook.events import (
    ContactRecorded,
    Corrected,
    Event,
    EventId,
    Merged,
    PersonMade,
    ReferralMade,
    SlipIssued,
    Withdrawn,
)

E = TypeVar("E", bound=Event)

Change = Corrected | Withdrawn | Merged
"""An event that changes what others say."""

May = Callable[[Change, Event | None], bool]
"""Whether a change counts for what it changes; with None: whatever that is."""


def everybody(_change: Change, _target: Event | None) -> bool:
    """The rule of a logbook that is given only what may count."""
    return True


_KEYS = {"contact", "person", "referral", "token", "permission", "shift"}
_ALWAYS_FIXED = {"stamp", "type"}


def fixed_fields(event: Event) -> set[str]:
    """The fields of an event that a correction leaves alone: what it is about."""
    match event:
        case ContactRecorded():
            return _ALWAYS_FIXED | {"contact"}
        case PersonMade():
            return _ALWAYS_FIXED | {"person"}
        case ReferralMade():
            return _ALWAYS_FIXED | {"referral"}
        case SlipIssued():
            return _ALWAYS_FIXED | {"referral", "token"}
        case Merged():
            return _ALWAYS_FIXED | {"relation", "one", "other"}
        case _:
            return _ALWAYS_FIXED | _KEYS


class History:
    """Events by id, each as it stands now."""

    def __init__(self, may: May = everybody) -> None:
        self.may = may
        self.clocks = Clocks()
        self.highest = 0
        """The highest counter seen."""
        self._events: dict[EventId, Event] = {}
        self._corrections: dict[EventId, list[EventId]] = {}
        self._withdrawals: dict[EventId, list[EventId]] = {}
        self._corrected: dict[EventId, Event] = {}

    def __len__(self) -> int:
        return len(self._events)

    def __contains__(self, event: EventId) -> bool:
        return event in self._events

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events.values())

    @property
    def by_id(self) -> Mapping[EventId, Event]:
        """Every event as it was recorded, by the id of its stamp; to be read only."""
        return MappingProxyType(self._events)

    def get(self, event: EventId) -> Event | None:
        """The event as it was recorded."""
        return self._events.get(event)

    def add(self, event: Event) -> Event | None:
        """Takes an event in and gives back the one whose meaning it changes: itself, or its target.

        None where the target isn't known yet.
        """
        stamp = event.stamp
        self._events[stamp.id] = event
        self.highest = max(self.highest, stamp.counter)
        match event:
            case Corrected():
                self._corrections.setdefault(event.target, []).append(stamp.id)
                return self._changed(event.target)
            case Withdrawn():
                self._withdrawals.setdefault(event.target, []).append(stamp.id)
                target = self._events.get(event.target)
                if isinstance(target, Corrected):
                    return self._changed(target.target)
                return self._changed(event.target)
            case _:
                return event

    def _changed(self, target: EventId) -> Event | None:
        self._corrected.pop(target, None)
        return self._events.get(target)

    def stands(self, event: EventId) -> bool:
        """Known and not withdrawn."""
        known = self._events.get(event)
        return known is not None and not self._is_withdrawn(known)

    def _is_withdrawn(self, event: Event) -> bool:
        return any(self._counts(each, event) for each in self._withdrawals.get(event.stamp.id, ()))

    def _counts(self, change: EventId, target: Event) -> bool:
        known = self._events[change]
        return isinstance(known, Corrected | Withdrawn) and self.may(known, target)

    def refused(self) -> Iterator[Corrected | Withdrawn]:
        """Corrections and withdrawals whose target is here and whose signer may not make them."""
        for target in {**self._corrections, **self._withdrawals}:
            yield from self.refused_of(target)

    def refused_of(self, target: EventId) -> Iterator[Corrected | Withdrawn]:
        """Those of one target."""
        known = self._events.get(target)
        for change in (*self._corrections.get(target, ()), *self._withdrawals.get(target, ())):
            event = self._events[change]
            if known is not None and isinstance(event, Corrected | Withdrawn) and not self.may(event, known):
                yield event

    def now(self, event: E) -> E | None:
        """What an event says after corrections; None where it was withdrawn."""
        if event.stamp.id in self._withdrawals and self._is_withdrawn(event):
            return None
        if event.stamp.id not in self._corrections:
            return event
        known = self._corrected.get(event.stamp.id)
        if known is None:
            known = _apply(event, self.corrections(event.stamp.id))
            self._corrected[event.stamp.id] = known
        return cast(E, known)

    def standing(self, kind: type[E], ids: Iterable[EventId]) -> list[E]:
        """The events of a kind among these, as they stand now, in order."""
        found: list[E] = []
        for event in ids:
            known = self._events.get(event)
            if isinstance(known, kind) and (current := self.now(known)) is not None:
                found.append(cast(E, current))
        if len(found) > 1:
            found.sort(key=_order)
        return found

    def corrections(self, target: EventId) -> list[Corrected]:
        """Corrections of an event that stand, in order."""
        corrected = self._events.get(target)
        return sorted(
            (
                event
                for known in self._corrections.get(target, ())
                if isinstance(event := self._events[known], Corrected)
                and (corrected is None or self.may(event, corrected))
                and not self._is_withdrawn(event)
            ),
            key=_order,
        )


def _order(event: Event) -> tuple[int, bytes, bytes]:
    return event.stamp.order


def _apply(event: Event, corrections: list[Corrected]) -> Event:
    fixed = fixed_fields(event)
    names = set(type(event).__struct_fields__)
    wanted: dict[str, list[Any]] = {}
    for correction in reversed(corrections):
        changes = msgspec.to_builtins(correction.changes, builtin_types=(bytes,))
        for name, value in changes.items():
            if name in names and name not in fixed:
                wanted.setdefault(name, []).append(value)
    document = codec.to_document(event)
    for name in sorted(wanted):
        for value in wanted[name]:  # the latest that is of the right kind
            tried = {**document, name: value}
            try:
                event = codec.from_document(tried)
            except codec.UnreadableEvent:
                continue
            document = tried
            break
    return event


class Links:
    """Which records are one. Follows merges that stand; the same groups in whatever order they came.

    A merge counts once a record of either end lets its signer make it (`History.may`), so one that
    came before its records waits for them.
    """

    def __init__(
        self, relation: str, history: History, records: Mapping[bytes, Iterable[EventId]] | None = None
    ) -> None:
        """`records`: the events that tell of each record's id, kept up to date by the owner."""
        self.relation = relation
        self._history = history
        self._records: Mapping[bytes, Iterable[EventId]] = {} if records is None else records
        self._edges: dict[bytes, dict[EventId, bytes]] = {}
        self._waiting: dict[bytes, dict[EventId, Merged]] = {}

    def touch(self, merge: Merged) -> set[bytes]:
        """Takes in a merge, or its withdrawal; gives every record whose group may have changed."""
        ends = (merge.one, merge.other)
        before = {node for end in ends for node in self.group(end)}
        counts = self._history.stands(merge.stamp.id) and self._allowed(merge)
        for end, far in (ends, ends[::-1]):
            if counts:
                self._edges.setdefault(end, {})[merge.stamp.id] = far
                self._waiting.get(end, {}).pop(merge.stamp.id, None)
            else:
                self._edges.get(end, {}).pop(merge.stamp.id, None)
                self._waiting.setdefault(end, {})[merge.stamp.id] = merge
        return before | {node for end in ends for node in self.group(end)}

    def told(self, node: bytes) -> None:
        """A record of `node` came: merges that waited for it may count now, and its group grow."""
        for merge in tuple(self._waiting.get(node, {}).values()):
            self.touch(merge)

    def refused(self) -> Iterator[Merged]:
        """Merges that stand, whose records are here in part, and that their signer may not make."""
        waiting = {known: merge for each in self._waiting.values() for known, merge in each.items()}
        yield from (merge for merge in waiting.values() if self._is_refused(merge))

    def refused_of(self, node: bytes) -> Iterator[Merged]:
        """Those of one record."""
        yield from (merge for merge in self._waiting.get(node, {}).values() if self._is_refused(merge))

    def _is_refused(self, merge: Merged) -> bool:
        return self.refuses(merge) and self._history.stands(merge.stamp.id)

    def refuses(self, merge: Merged) -> bool:
        """Whether a record of either end is here, and none of them lets the signer merge it."""
        return any(True for _ in self._targets(merge)) and not self._allowed(merge)

    def _targets(self, merge: Merged) -> Iterator[Event]:
        for end in (merge.one, merge.other):
            for known in self._records.get(end, ()):
                event = self._history.get(known)
                if event is not None:
                    yield event

    def _allowed(self, merge: Merged) -> bool:
        may = self._history.may
        return may(merge, None) or any(may(merge, target) for target in self._targets(merge))

    def group(self, node: bytes) -> tuple[bytes, ...]:
        """A record and all that are one with it, sorted by id."""
        if not self._edges.get(node):
            return (node,)
        seen = {node}
        waiting = [node]
        while waiting:
            for far in self._edges.get(waiting.pop(), {}).values():
                if far not in seen:
                    seen.add(far)
                    waiting.append(far)
        return tuple(sorted(seen))
