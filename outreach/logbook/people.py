"""People who asked for a referral or to be found again, and what they allowed to be shared.

Records merged as `same_person` show as one `Person`; any of their ids finds it.
"""

from collections.abc import Iterable

import msgspec

from outreach.logbook.events import (
    EventId,
    Merged,
    PermissionGiven,
    PermissionWithdrawn,
    PersonMade,
    SentAhead,
)
from outreach.logbook.history import History, Links

CODE_BYTES = 5
"""Bytes of a token that hold its code."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person as they are written down. Field meanings as in `events.PersonMade`."""

    id: bytes
    ids: tuple[bytes, ...]
    """All ids of this person, sorted, where several records are one."""
    records: tuple[EventId, ...]
    handle: str
    handles: tuple[str, ...]
    chosen_name: str
    language: str
    age_band: str
    wait_preference: str
    order: tuple[int, bytes, bytes]


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """A permission to share and whether it stands. `until` in milliseconds, 0 for no end."""

    id: bytes
    person: bytes
    what: str
    to: str
    why: str
    until: int
    how: str
    withdrawn: bool

    def holds(self, now: int) -> bool:
        """Whether something may be shared under it at `now` (milliseconds)."""
        return not self.withdrawn and (not self.until or now <= self.until)


class People:
    def __init__(self, history: History) -> None:
        self._history = history
        self._records: dict[bytes, list[EventId]] = {}
        self.links = Links("same_person", history, self._records)
        self._views: dict[bytes, Person | None] = {}
        self._given: dict[bytes, set[EventId]] = {}
        self._taken_back: dict[bytes, set[EventId]] = {}
        self._ahead: dict[bytes, set[EventId]] = {}
        self._tokens: dict[bytes, set[bytes]] = {}

    def touch(self, event: PersonMade) -> None:
        records = self._records.setdefault(event.person, [])
        if event.stamp.id not in records:
            records.append(event.stamp.id)
            self.links.told(event.person)
        for each in self.links.group(event.person):
            self._views.pop(each, None)

    def merge(self, event: Merged) -> None:
        for each in self.links.touch(event):
            self._views.pop(each, None)

    def permit(self, event: PermissionGiven | PermissionWithdrawn | SentAhead) -> set[bytes]:
        """A permission came or went; gives the tokens of which more, or less, may be known now."""
        tokens = self._tokens.setdefault(event.permission, set())
        match event:
            case PermissionGiven():
                self._given.setdefault(event.permission, set()).add(event.stamp.id)
            case PermissionWithdrawn():
                self._taken_back.setdefault(event.permission, set()).add(event.stamp.id)
            case SentAhead():
                tokens.add(event.token)
                self._ahead.setdefault(_code(event.token), set()).add(event.stamp.id)
        return tokens

    def ids(self, person: bytes) -> tuple[bytes, ...]:
        """All ids that are one with this one."""
        return self.links.group(person)

    def get(self, person: bytes) -> Person | None:
        if person in self._views:
            return self._views[person]
        ids = self.links.group(person)
        records = self._history.standing(
            PersonMade, (record for each in ids for record in self._records.get(each, ()))
        )
        view = _unite(ids, records) if records else None
        for each in ids:
            self._views[each] = view
        return view

    def all(self, ids: Iterable[bytes] | None = None) -> tuple[Person, ...]:
        """People by these ids (of all: None), each once, in the order they were written down."""
        wanted = self._records if ids is None else ids
        found = {view.id: view for person in wanted if (view := self.get(person)) is not None}
        return tuple(sorted(found.values(), key=lambda view: view.order))

    def permission(self, permission: bytes) -> Permission | None:
        given = self._history.standing(PermissionGiven, self._given.get(permission, ()))
        if not given:
            return None
        first = given[0]
        return Permission(
            id=permission,
            person=first.person,
            what=first.what,
            to=first.to,
            why=first.why,
            until=first.until,
            how=first.how,
            withdrawn=self._is_withdrawn(permission),
        )

    def permissions(self, person: bytes) -> tuple[Permission, ...]:
        """What a person allowed, by permission id."""
        ids = set(self.ids(person))
        found = (self.permission(permission) for permission in sorted(self._given))
        return tuple(each for each in found if each is not None and each.person in ids)

    def sent_ahead(self, token: bytes) -> SentAhead | None:
        """What may be known before someone comes with this slip: the last by order whose permission stands.

        `token` is a whole token or its code: the first 35 bits in five bytes, the rest of them zero. A
        code that fits several slips finds nothing. A desk holds no permissions, only their withdrawals;
        one that is not known to be withdrawn stands.
        """
        whole = len(token) > CODE_BYTES
        sent = [
            each
            for each in self._history.standing(SentAhead, self._ahead.get(_code(token), ()))
            if not whole or each.token == token
        ]
        if len({each.token for each in sent}) > 1:
            return None
        return next((each for each in reversed(sent) if not self._is_withdrawn(each.permission)), None)

    def _is_withdrawn(self, permission: bytes) -> bool:
        back = self._history.standing(PermissionWithdrawn, self._taken_back.get(permission, ()))
        if back:
            return True
        given = self._given.get(permission, ())
        return bool(given) and not any(self._history.stands(each) for each in given)


def _code(token: bytes) -> bytes:
    """The first 35 bits of a token, in five bytes."""
    return token[:4] + bytes(byte & 0b1110_0000 for byte in token[4:CODE_BYTES])


def _unite(ids: tuple[bytes, ...], records: list[PersonMade]) -> Person:
    def first(field: str) -> str:
        return next((value for record in records if (value := getattr(record, field))), "")

    return Person(
        id=records[0].person,
        ids=ids,
        records=tuple(record.stamp.id for record in records),
        handle=first("handle"),
        handles=tuple(dict.fromkeys(record.handle for record in records)),
        chosen_name=first("chosen_name"),
        language=first("language"),
        age_band=first("age_band"),
        wait_preference=first("wait_preference"),
        order=records[0].stamp.order,
    )
