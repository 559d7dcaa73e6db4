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
    """Ends a snapshot: what it stands for."""

    documents: int
    """How many were given, all told."""
    frame: int
    """The number of the last frame of the journals that it takes the place of."""
    tag: bytes
    """That frame's tag: the journal that follows goes on from it."""


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
        self.documents = 0
        """How many documents there are in all tables."""
        self.written_ms: int | None = None
        """When the last frame was written, in ms since 1970; None before the first."""
        self.revisions: dict[str, int] = {}
        """By table, a number that changes whenever the table does: what caches compare."""
        self._revision = 0

    def __repr__(self) -> str:
        return f"<Contents of {len(self.tables)} tables>"

    def apply(self, changes: Iterable[Change]) -> None:
        """Make the changes in memory. A delete of what is not there raises `KeyError`."""
        self._revision += 1
        for change in changes:
            if isinstance(change, Put):
                self._put(change.table, change.documents)
            elif isinstance(change, Whole):
                continue
            elif isinstance(change, Delete):
                rows = self.tables[change.table]
                for doc_id in change.ids:
                    self.live -= len(rows.pop(doc_id))
                    self.documents -= 1
            elif isinstance(change, Clear):
                self._forget(change.table)
                self.tables[change.table] = {}
            else:
                self._forget(change.table)
                self.tables.pop(change.table, None)
            self.revisions[change.table] = self._revision

    def _put(self, table: str, documents: dict[int, bytes]) -> None:
        rows = self.tables.get(table)
        if rows is None:
            rows = self.tables[table] = {}
        self.live += sum(map(len, documents.values()))
        before = len(rows)
        if not rows.keys().isdisjoint(documents):
            self.live -= sum(len(rows[doc_id]) for doc_id in documents if doc_id in rows)
        rows.update(documents)
        self.documents += len(rows) - before

    def _forget(self, table: str) -> None:
        rows = self.tables.get(table, {})
        self.live -= sum(map(len, rows.values()))
        self.documents -= len(rows)


def frozen(contents: Contents) -> dict[str, dict[int, bytes]]:
    """Every table as it is now, in dicts that no later change reaches. 100,000 documents take about 1 ms."""
    return {name: rows.copy() for name, rows in contents.tables.items()}


def snapshot(tables: dict[str, dict[int, bytes]], end: Whole, piece: int) -> Iterator[list[Change]]:
    """The changes from nothing to ``tables``, in lists of about ``piece`` bytes each, then ``end``."""
    for name, rows in tables.items():
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
    yield [end]
