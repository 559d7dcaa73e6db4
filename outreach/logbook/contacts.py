"""Contacts as they read today: one for each talk, however many phones recorded it.

Records of one talk (same contact id, or merged as `same_talk`) show as one `Contact`: lists are
united, other fields come from the first record by order that has them, and what was given out
is counted once (see `given`). The group's time is that of its first record by order.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import msgspec

from outreach.logbook.clock import DAY
from outreach.logbook.events import (
    AdviceGiven,
    ContactRecorded,
    EventId,
    KitIssued,
    Merged,
    NaloxoneSupplied,
    SubstanceUse,
)
from outreach.logbook.given import Given, give_once, united
from outreach.logbook.history import History, Links

_SINGLE = (
    "kind",
    "minutes",
    "shift",
    "area",
    "order_of_use",
    "use_together",
    "ost_status",
    "note",
    "person",
)


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One talk. Field meanings as in `events.ContactRecorded`; ids in `records` are what to correct."""

    id: bytes
    event: ContactRecorded
    """The first record as it stands now, corrections applied."""
    ids: tuple[bytes, ...]
    records: tuple[EventId, ...]
    members: tuple[bytes, ...]
    at: int
    order: tuple[int, bytes, bytes]
    kind: str
    minutes: str
    shift: bytes
    area: str
    substances: tuple[SubstanceUse, ...]
    order_of_use: str
    use_together: str
    ost_status: str
    advice: tuple[AdviceGiven, ...]
    kit: tuple[KitIssued, ...]
    naloxone: tuple[NaloxoneSupplied, ...]
    practical: tuple[str, ...]
    confidentiality_explained: bool | None
    note: str
    notes: tuple[str, ...]
    """Every note, where several records of one talk have one."""
    person: bytes
    had_to_go: bool
    unfinished: bool
    """No record of this talk has been finished."""
    unconfirmed: bool
    """Recorded without unlocking, and not looked at since: any correction confirms, an empty one too."""
    late: bool
    given: tuple[Given, ...]
    """Kit and naloxone of this talk, each counted once."""


def day_range(day: date, tz: tzinfo) -> tuple[int, int]:
    """First millisecond of a day in a time zone, and of the day after it."""
    begin, end = (datetime.combine(each, time(), tz) for each in (day, day + timedelta(days=1)))
    return int(begin.timestamp() * 1000), int(end.timestamp() * 1000)


class Contacts:
    """The contacts of a history, with an index by day."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._records: dict[bytes, list[EventId]] = {}
        self.links = Links("same_talk", history, self._records)
        self._days: dict[int, dict[bytes, None]] = {}
        self._views: dict[bytes, Contact | None] = {}
        self._stale: set[bytes] = set()
        self._unfinished: set[bytes] = set()
        self._by_person: dict[bytes, set[bytes]] = {}
        self._person_of: dict[bytes, bytes] = {}
        self._by_giver: dict[bytes, set[bytes]] = {}

    # --- history comes in ---

    def touch(self, event: ContactRecorded) -> None:
        """A record came, or what it says changed."""
        records = self._records.setdefault(event.contact, [])
        if event.stamp.id not in records:
            records.append(event.stamp.id)
            self._days.setdefault(event.stamp.at // DAY, {})[event.contact] = None
            self._by_giver.setdefault(event.stamp.member, set()).add(event.contact)
            self.links.told(event.contact)
        self._forget(self.links.group(event.contact))

    def merge(self, event: Merged) -> None:
        self._forget(self.links.touch(event))

    def _forget(self, ids: Iterable[bytes]) -> None:
        for contact in ids:
            self._views.pop(contact, None)
            self._stale.add(contact)

    # --- views ---

    def get(self, contact: bytes) -> Contact | None:
        """The talk that a contact id is part of; None where it isn't known or was withdrawn."""
        if contact in self._views:
            return self._views[contact]
        ids = self.links.group(contact)
        records = self._history.standing(
            ContactRecorded, (record for each in ids for record in self._records.get(each, ()))
        )
        view = _unite(records, self._history) if records else None
        for each in ids:
            self._views[each] = view
        return view

    def on(self, day: date | None, tz: tzinfo = UTC, member: bytes | None = None) -> tuple[Contact, ...]:
        """Talks of a day (of all days: None), in order; of one member, where given."""
        ids: Iterable[bytes]
        begin, end = 0, 0
        if day is None:
            ids = self._records
        else:
            begin, end = day_range(day, tz)
            ids = (
                contact
                for bucket in range(begin // DAY, (end - 1) // DAY + 1)
                for contact in self._days.get(bucket, ())
            )
        found = {view.id: view for contact in ids if (view := self.get(contact)) is not None}
        return tuple(
            sorted(
                (
                    view
                    for view in found.values()
                    if (day is None or begin <= view.at < end) and (member is None or member in view.members)
                ),
                key=_order,
            )
        )

    def unfinished(self, member: bytes | None = None) -> tuple[Contact, ...]:
        """The tray: talks that wait to be finished or confirmed, in order; of one member, where given."""
        self._refresh()
        found = self._sorted(self._unfinished)
        return tuple(view for view in found if member is None or member in view.members)

    def of_people(self, people: Iterable[bytes]) -> tuple[Contact, ...]:
        """Talks in which one of these person ids was written down, in order."""
        self._refresh()
        return self._sorted({each for person in people for each in self._by_person.get(person, ())})

    def given_by(self, member: bytes, after: tuple[int, bytes, bytes]) -> list[Given]:
        """What left a member's bag after a point in the order."""
        found = {}
        for contact in self._by_giver.get(member, ()):
            view = self.get(contact)
            if view is not None and view.given:
                found[view.id] = view
        return sorted(
            (
                given
                for view in found.values()
                for given in view.given
                if given.member == member and given.order > after
            ),
            key=lambda given: (given.order, given.item, given.batch),
        )

    def _sorted(self, ids: Iterable[bytes]) -> tuple[Contact, ...]:
        found = {view.id: view for contact in ids if (view := self.get(contact)) is not None}
        return tuple(sorted(found.values(), key=_order))

    def _refresh(self) -> None:
        for contact in self._stale:
            waits, person = self._waits_and_person(contact)
            if waits:
                self._unfinished.add(contact)
            else:
                self._unfinished.discard(contact)
            before = self._person_of.pop(contact, None)
            if before is not None:
                self._by_person[before].discard(contact)
            if person:
                self._person_of[contact] = person
                self._by_person.setdefault(person, set()).add(contact)
        self._stale.clear()

    def _waits_and_person(self, contact: bytes) -> tuple[bool, bytes]:
        """Whether a talk belongs in the tray, and whose it is; without making its view where it can."""
        records = self._records.get(contact, ())
        if len(records) == 1 and contact not in self._views and len(self.links.group(contact)) == 1:
            event = self._history.get(records[0])
            assert isinstance(event, ContactRecorded)
            if not event.stamp.locked:
                current = self._history.now(event)
                return (False, b"") if current is None else (current.unfinished, current.person)
        view = self.get(contact)
        return (False, b"") if view is None else (view.unfinished or view.unconfirmed, view.person)


def _order(contact: Contact) -> tuple[int, bytes, bytes]:
    return contact.order


def _unite(records: Sequence[ContactRecorded], history: History) -> Contact:
    """One talk out of its records, which come in order."""
    first = records[0]
    one = first if len(records) == 1 else _blend(records)
    kit, naloxone, given = give_once(records)
    return Contact(
        id=first.contact,
        event=first,
        ids=united((record.contact,) for record in records),
        records=tuple(record.stamp.id for record in records),
        members=united((record.stamp.member,) for record in records),
        at=first.stamp.at,
        order=first.stamp.order,
        kind=one.kind,
        minutes=one.minutes,
        shift=one.shift,
        area=one.area,
        substances=one.substances,
        order_of_use=one.order_of_use,
        use_together=one.use_together,
        ost_status=one.ost_status,
        advice=one.advice,
        kit=kit,
        naloxone=naloxone,
        practical=one.practical,
        confidentiality_explained=one.confidentiality_explained,
        note=one.note,
        notes=united((record.note,) for record in records if record.note),
        person=one.person,
        had_to_go=one.had_to_go,
        unfinished=one.unfinished,
        unconfirmed=any(
            record.stamp.locked and not history.corrections(record.stamp.id) for record in records
        ),
        late=any(record.stamp.late for record in records),
        given=given,
    )


def _blend(records: Sequence[ContactRecorded]) -> ContactRecorded:
    """The first record with what the others add to it; kit and naloxone apart."""

    def first(field: str) -> Any:
        values = [getattr(record, field) for record in records]
        return next((value for value in values if value), values[0])

    explained = {record.confidentiality_explained for record in records}
    return msgspec.structs.replace(
        records[0],
        **{field: first(field) for field in _SINGLE},
        substances=united(record.substances for record in records),
        advice=united(record.advice for record in records),
        practical=united(record.practical for record in records),
        confidentiality_explained=True if True in explained else False if False in explained else None,
        had_to_go=any(record.had_to_go for record in records),
        unfinished=all(record.unfinished for record in records),
    )
