"""What a vault holds, in memory, and the changes that lead there.

Tables are plain dicts from document id to the document's bytes: about a quarter of the memory of
decoded dicts, and no reader can change what another one sees. A change is a list of the small
records below; memory and replay apply the very same ones, so they can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec


class Put(msgspec.Struct, tag=1, array_like=True, frozen=True):
    """Documents by id, new ones at the end of the table and known ones in their place."""

    table: str
    documents: dict[int, bytes]


class Delete(msgspec.Struct, tag=2, array_like=True, frozen=True):
    """Documents that are gone."""

    table: str
    ids: list[int]


class Clear(msgspec.Struct, tag=3, array_like=True, frozen=True):
    """The table is there, and empty."""

    table: str


class Drop(msgspec.Struct, tag=4, array_like=True, frozen=True):
    """The table is gone."""

    table: str


class Whole(msgspec.Struct, tag=5, array_like=True, frozen=True):
    """Ends a snapshot: this many documents, all told, have been given."""

    documents: int


Change = Put | Delete | Clear | Drop | Whole


class Body(msgspec.Struct, array_like=True, frozen=True):
    """What one frame says: when it was written (ms since 1970, the device's clock), and the changes."""

    written_ms: int
    changes: list[Change]


class Contents:
    """Every table of one vault. ``tables`` is for reading; it changes through `apply` alone."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[int, bytes]] = {}
        self.live = 0
        """Bytes of the documents that are there now."""
        self.stored = 0
        """Bytes of the documents that the files hold, overwritten and deleted ones included."""
        self.written_ms: int | None = None
        """When the last frame was written, in ms since 1970; None before the first."""
        self.revisions: dict[str, int] = {}
        """By table, a number that changes whenever the table does: what caches compare."""
        self._revision = 0

    def __repr__(self) -> str:
        return f"<Contents of {len(self.tables)} tables>"

    @property
    def documents(self) -> int:
        """How many documents there are in all tables."""
        return sum(map(len, self.tables.values()))

    def apply(self, changes: Iterable[Change]) -> None:
        """Make the changes in memory. A delete of what is not there raises `KeyError`."""
        self._revision += 1
        for change in changes:
            if isinstance(change, Whole):
                continue
            self.revisions[change.table] = self._revision
            if isinstance(change, Put):
                self._put(change)
            elif isinstance(change, Delete):
                rows = self.tables[change.table]
                for doc_id in change.ids:
                    self.live -= len(rows.pop(doc_id))
            elif isinstance(change, Clear):
                self._forget(change.table)
                self.tables[change.table] = {}
            else:
                self._forget(change.table)
                self.tables.pop(change.table, None)

    def _put(self, change: Put) -> None:
        rows = self.tables.setdefault(change.table, {})
        new = sum(map(len, change.documents.values()))
        self.stored += new
        self.live += new
        if rows:
            self.live -= sum(len(rows[doc_id]) for doc_id in change.documents if doc_id in rows)
        rows.update(change.documents)

    def _forget(self, table: str) -> None:
        self.live -= sum(map(len, self.tables.get(table, {}).values()))


def snapshot(contents: Contents, piece: int) -> Iterator[list[Change]]:
    """The changes that lead from nothing to ``contents``, in lists of about ``piece`` bytes each."""
    for name, rows in contents.tables.items():
        yield [Clear(name)]
        part: dict[int, bytes] = {}
        weight = 0
        for doc_id, data in rows.items():
            part[doc_id] = data
            weight += len(data) + 16
            if weight >= piece:
                yield [Put(name, part)]
                part, weight = {}, 0
        if part:
            yield [Put(name, part)]
    yield [Whole(contents.documents)]
