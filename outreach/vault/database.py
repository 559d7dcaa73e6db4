"""TinyDB over the journal: the same tables, queries and operations, with its own way to the disk.

TinyDB hands its storage the whole database for every change. Here the storage is the journal, and
the table class tells it only what changed. What a reader may rely on beyond TinyDB: every document
that is handed out is a private copy; an operation that raises changes nothing; when an operation
returns, its change is on the device.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from io import FileIO
from pathlib import Path
from typing import Any, cast

from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.storages import Storage
from tinydb.table import Document, Table

from .contents import Change, Clear, Drop, Put
from .documents import decode, encode
from .frames import DataKey
from .journal import Journal
from .replay import Chain
from .rows import NO_ROWS, Overlay, Rows, accept_id

Fields = Mapping[str, Any] | Callable[[MutableMapping[str, Any]], None]
"""What an update sets: fields, or a function that changes the document it is given."""


def _as_dict(document: object) -> dict[str, Any]:
    if type(document) is dict:
        return document
    if not isinstance(document, Mapping):
        raise ValueError("Document is not a Mapping")
    return dict(document)


class JournalStorage(Storage):
    """TinyDB's door to the journal."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        key: bytes | DataKey,
        *,
        create: bool = True,
        lock: FileIO | None = None,
        clock: Callable[[], float] = time.time,
        inspect: Callable[[Chain], None] | None = None,
    ) -> None:
        super().__init__()
        key = key if isinstance(key, DataKey) else DataKey(key)  # not in the clear in a traceback
        self.journal = Journal(Path(path), key, create=create, lock=lock, clock=clock, inspect=inspect)

    def __repr__(self) -> str:
        return f"<JournalStorage over {vars(self).get('journal')!r}>"  # none while it is being opened

    def read(self) -> dict[str, Any]:
        """Every table by name, decoded only as it is read."""
        return {name: Rows(encoded) for name, encoded in self.journal.contents.tables.items()}

    def write(self, data: Mapping[str, Mapping[Any, Any]]) -> None:
        """Make the database what ``data`` says, in one frame. Tables as `read` gave them stay untouched."""
        with self.journal.guard:
            tables = self.journal.contents.tables
            changes: list[Change] = [Drop(name) for name in tables if name not in data]
            for name, rows in data.items():
                if isinstance(rows, Rows) and rows.encoded is tables.get(name):
                    continue
                changes.append(Clear(name))
                documents = {int(doc_id): encode(document) for doc_id, document in rows.items()}
                if documents:
                    changes.append(Put(name, documents))
            self.journal.commit(changes)

    def close(self) -> None:
        """Let go of the files."""
        self.journal.close()


class JournalTable(Table):
    """TinyDB's table, writing what changed and nothing else."""

    _next_id: int | None  # type: ignore[assignment]  # TinyDB only ever says None

    def __init__(
        self,
        storage: Storage,
        name: str,
        cache_size: int = Table.default_query_cache_capacity,
        persist_empty: bool = False,
    ) -> None:
        """``persist_empty`` makes the table if it is not there; one that is there keeps its documents."""
        if not isinstance(storage, JournalStorage):
            raise TypeError("a JournalTable lives in a JournalStorage")
        self._journal = storage.journal
        self._revision = -1
        super().__init__(storage, name, cache_size=cache_size)
        if persist_empty:
            self._update_table(lambda _: None)

    def __repr__(self) -> str:
        return f"<JournalTable {self.name!r} over {self._journal!r}>"

    def insert(self, document: Mapping[str, Any]) -> int:
        """As in TinyDB. The shortest way to the device, because somebody waits for it."""
        journal = self._journal
        with journal.guard:
            fields = _as_dict(document)
            contents = journal.contents
            encoded = contents.tables.get(self.name, NO_ROWS)
            if contents.revisions.get(self.name, 0) != self._revision:
                encoded = self._encoded()
            if isinstance(document, self.document_class):
                doc_id = document.doc_id
                accept_id(doc_id)
                self._next_id = None
            elif self._next_id is None or self._next_id in encoded:
                doc_id = self._get_next_id()
            else:
                doc_id, self._next_id = self._next_id, self._next_id + 1
            if doc_id in encoded:
                raise ValueError(f"Document with ID {doc_id} already exists")
            put = Put(self.name, {doc_id: encode(fields)})
            journal.commit([put] if encoded is not NO_ROWS else [Clear(self.name), put])
            if len(self._query_cache):
                self.clear_cache()
            self._revision = contents.revisions[self.name]
            return doc_id

    def insert_multiple(self, documents: Iterable[Mapping[str, Any]]) -> list[int]:
        """As in TinyDB, and a new id never falls on one that came with a `Document` just before."""
        doc_ids: list[int] = []

        def updater(table: MutableMapping[int, dict[str, Any]]) -> None:
            for document in documents:
                if not isinstance(document, Mapping):
                    raise ValueError("Document is not a Mapping")
                if isinstance(document, self.document_class):
                    doc_id = document.doc_id
                    if doc_id in table:
                        raise ValueError(f"Document with ID {doc_id} already exists")
                else:
                    doc_id = self._get_next_id()
                    while doc_id in table:
                        doc_id = self._get_next_id()
                table[doc_id] = dict(document)
                doc_ids.append(doc_id)

        self._update_table(updater)
        return doc_ids

    def search(self, cond: QueryLike) -> list[Document]:
        """As in TinyDB. The cache remembers ids, so nobody sees what another caller did to a result."""
        encoded = self._encoded()
        cache = cast("MutableMapping[QueryLike, list[int]]", self._query_cache)
        known = cache.get(cond)
        if known is not None:
            return [self._document(doc_id, encoded[doc_id]) for doc_id in known]
        found = []
        for doc_id, data in list(encoded.items()):
            document = decode(data)
            if cond(document):
                found.append(self.document_class(document, doc_id))
        if getattr(cond, "is_cacheable", lambda: True)():
            cache[cond] = [document.doc_id for document in found]
        return found

    def get(  # type: ignore[override]
        self,
        cond: QueryLike | None = None,
        doc_id: int | None = None,
        doc_ids: list[int] | None = None,
    ) -> Document | list[Document] | None:
        """As in TinyDB."""
        if doc_id is not None or doc_ids is None:
            return super().get(cond, doc_id)  # type: ignore[arg-type]
        wanted = {str(wanted_id) for wanted_id in doc_ids}
        return [self._document(i, data) for i, data in list(self._encoded().items()) if str(i) in wanted]

    def update(
        self, fields: Fields, cond: QueryLike | None = None, doc_ids: Iterable[int] | None = None
    ) -> list[int]:
        """As in TinyDB; what raises half-way changes nothing."""
        if doc_ids is not None:
            return super().update(fields, cond, doc_ids)
        return self._update_where([(fields, cond)])

    def update_multiple(self, updates: Iterable[tuple[Fields, QueryLike]]) -> list[int]:
        """As in TinyDB; what raises half-way changes nothing."""
        return self._update_where(list(updates))

    def upsert(self, document: Mapping[str, Any], cond: QueryLike | None = None) -> list[int]:
        """As in TinyDB."""
        with self._journal.guard:
            return super().upsert(document, cond)

    def remove(self, cond: QueryLike | None = None, doc_ids: Iterable[int] | None = None) -> list[int]:
        """As in TinyDB."""
        if cond is None or doc_ids is not None:
            return super().remove(cond, doc_ids)
        removed: list[int] = []

        def updater(table: Overlay) -> None:
            removed.extend(doc_id for doc_id, data in table.encoded_items() if cond(decode(data)))
            for doc_id in removed:
                del table[doc_id]

        self._update_table(updater)
        return removed

    def _update_where(self, updates: list[tuple[Fields, QueryLike | None]]) -> list[int]:
        """For each document in turn make each update whose condition holds (None always does)."""
        updated: list[int] = []

        def updater(table: Overlay) -> None:
            for doc_id, data in table.encoded_items():
                document = decode(data)
                changed = False
                for fields, cond in updates:
                    if cond is None or cond(document):
                        updated.append(doc_id)
                        changed = True
                        if callable(fields):
                            fields(document)
                        else:
                            document.update(fields)
                if changed:
                    table[doc_id] = document

        self._update_table(updater)
        return updated

    def _update_table(self, updater: Callable[[Any], None]) -> None:
        with self._journal.guard:
            contents = self._journal.contents
            overlay = Overlay(self.name, contents.tables.get(self.name))
            updater(overlay)
            self._journal.commit(overlay.changes())
            self.clear_cache()
            self._revision = contents.revisions.get(self.name, 0)

    def _read_table(self) -> dict[str, Mapping[Any, Any]]:
        return cast("dict[str, Mapping[Any, Any]]", Rows(self._encoded()))

    def _get_next_id(self) -> int:
        encoded = self._encoded()
        doc_id: int = super()._get_next_id()  # type: ignore[no-untyped-call]
        while doc_id in encoded:  # taken by a Document that brought its own id
            doc_id = super()._get_next_id()  # type: ignore[no-untyped-call]
        return doc_id

    def _encoded(self) -> dict[int, bytes]:
        """The table's bytes. What this object remembers is dropped if the table changed behind it."""
        contents = self._journal.contents
        revision = contents.revisions.get(self.name, 0)
        if revision != self._revision:
            self.clear_cache()
            self._next_id = None
            self._revision = revision
        return contents.tables.get(self.name, NO_ROWS)

    def _document(self, doc_id: int, data: bytes) -> Document:
        return self.document_class(decode(data), doc_id)


class JournalDB(TinyDB):
    """A `tinydb.TinyDB` whose file is an encrypted, append-only journal in the folder ``path``.

    ``key`` is 32 random bytes that the caller keeps. The folder and an empty journal are made when
    they are not there (unless ``create`` is false). Everything else is TinyDB:

        with JournalDB("notes", key=secrets.token_bytes(32)) as db:
            db.insert({"kind": "contact"})

    What differs, and why:

    - what is stored is what `documents.py` lists (more than JSON: bytes, dates), anything else is refused
      before a byte is written; a value that would come back as something else is a lost value;
    - what is handed out is the caller's own: TinyDB's results may be the store's own objects;
    - an operation that raises half-way changes nothing;
    - ``persist_empty`` makes a table, and leaves one that is there alone, where TinyDB empties it;
    - ids are whole numbers of 64 bits: ``document_id_class`` has no effect, other ids are refused;
    - a new id is never one that a `Document` brought along in the same `insert_multiple`;
    - an `update_multiple` and an `update` with a condition ask the condition of each document as it then is,
      but hand the operation a copy, so a condition never sees a change to another document;
    - there is no ``storage`` to choose: TinyDB's own class and middlewares work over `JournalStorage`,
      only slower, because they hand over everything for each change.

    Raises `VaultInUse`, `VaultDamaged`, `VaultNoAccess`; a write raises `NotSaved` or `ValueRefused`.
    """

    table_class = JournalTable
    default_storage_class = JournalStorage  # type: ignore[assignment]

    def __init__(
        self,
        path: str | os.PathLike[str],
        key: bytes | DataKey,
        *,
        create: bool = True,
        lock: FileIO | None = None,
        clock: Callable[[], float] = time.time,
        inspect: Callable[[Chain], None] | None = None,
    ) -> None:
        key = key if isinstance(key, DataKey) else DataKey(key)
        super().__init__(path, key, create=create, lock=lock, clock=clock, inspect=inspect)

    def __repr__(self) -> str:
        storage = vars(self).get("_storage")  # none while it is being opened
        return f"<JournalDB over {storage.journal!r}>" if storage else "<JournalDB>"

    @property
    def last_frame(self) -> int:
        """The number of the last change, counted over the vault's whole life. Raises `VaultClosed`."""
        return self._journal.head[0]

    @property
    def _journal(self) -> Journal:
        return cast(JournalStorage, self._storage).journal

    def drop_tables(self) -> None:
        """As in TinyDB."""
        with self._journal.guard:
            super().drop_tables()

    def drop_table(self, name: str) -> None:
        """As in TinyDB."""
        with self._journal.guard:
            super().drop_table(name)

    def compact(self) -> None:
        """Leave overwritten and removed documents behind. Happens by itself when it is worth it."""
        self._journal.compact()

    def tidy(self, seconds: float = 0.02) -> bool:
        """Spend about so many seconds on leaving overwritten documents behind; False when all is done.

        For moments in which nobody waits. Saves carry a little of it along, so it happens without, too.
        """
        return self._journal.tidy(seconds)
