"""The vault does what TinyDB does in memory, whatever is done, with reopenings and crashes between."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tinydb import TinyDB, where
from tinydb.operations import increment
from tinydb.storages import MemoryStorage
from tinydb.table import Document

from outreach.vault import JournalDB

KEY = bytes(32)
tables = st.sampled_from(["_default", "contacts", "people"])
ids = st.integers(1, 12)
numbers = st.integers(0, 3)
fields = st.fixed_dictionaries(
    {"n": numbers},
    optional={"note": st.text("abc", max_size=4), "list": st.lists(numbers, max_size=2), "raw": st.binary()},
)
queries = st.builds(lambda n: where("n") == n, numbers) | st.builds(
    lambda a, b: (where("n") == a) | ~(where("note").exists()) & (where("n") > b), numbers, numbers
)


class Halfway(Exception):
    pass


class VaultAgainstMemory(RuleBasedStateMachine):
    """`self.vault` is ours, `self.model` TinyDB with its memory storage."""

    @initialize()
    def begin(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="vault-model-"))
        self.folder = self.place / "0"
        self.openings = 0
        self.vault = JournalDB(self.folder, KEY)
        self.memory = MemoryStorage()
        self.model = TinyDB(storage=lambda: self.memory)

    def teardown(self) -> None:
        if hasattr(self, "vault"):
            self.vault.close()
            shutil.rmtree(self.place)

    def both(self, table: str, call: Any) -> None:
        """The same call on both gives the same answer, or the same kind of error."""
        answers = []
        for db in (self.vault, self.model):
            try:
                answers.append(call(db.table(table)))
            except (ValueError, KeyError) as error:
                answers.append(type(error))
        assert answers[0] == answers[1]

    @rule(table=tables, document=fields)
    def insert(self, table: str, document: dict[str, Any]) -> None:
        self.both(table, lambda t: t.insert(dict(document)))

    @rule(table=tables, document=fields, doc_id=ids)
    def insert_with_id(self, table: str, document: dict[str, Any], doc_id: int) -> None:
        self.both(table, lambda t: t.insert(Document(document, doc_id)))

    @rule(table=tables, documents=st.lists(fields, max_size=4))
    def insert_multiple(self, table: str, documents: list[dict[str, Any]]) -> None:
        self.both(table, lambda t: t.insert_multiple([dict(document) for document in documents]))

    @rule(table=tables, change=fields, query=queries)
    def update(self, table: str, change: dict[str, Any], query: Any) -> None:
        self.both(table, lambda t: t.update(change, query))

    @rule(table=tables, query=queries)
    def count_up(self, table: str, query: Any) -> None:
        self.both(table, lambda t: t.update(increment("n"), query))

    @rule(table=tables, change=fields, doc_ids=st.lists(ids, max_size=4, unique=True))
    def update_by_id(self, table: str, change: dict[str, Any], doc_ids: list[int]) -> None:
        self.both(table, lambda t: t.update(change, doc_ids=doc_ids))

    @rule(table=tables, first=fields, second=queries, third=queries)
    def update_multiple(self, table: str, first: dict[str, Any], second: Any, third: Any) -> None:
        self.both(table, lambda t: t.update_multiple([(first, second), (increment("n"), third)]))

    @rule(table=tables, change=fields, query=queries)
    def upsert(self, table: str, change: dict[str, Any], query: Any) -> None:
        self.both(table, lambda t: t.upsert(change, query))

    @rule(table=tables, change=fields, doc_id=ids)
    def upsert_by_id(self, table: str, change: dict[str, Any], doc_id: int) -> None:
        self.both(table, lambda t: t.upsert(Document(change, doc_id)))

    @rule(table=tables, query=queries)
    def remove(self, table: str, query: Any) -> None:
        self.both(table, lambda t: t.remove(query))

    @rule(table=tables, doc_ids=st.lists(ids, max_size=4, unique=True))
    def remove_by_id(self, table: str, doc_ids: list[int]) -> None:
        self.both(table, lambda t: t.remove(doc_ids=doc_ids))

    @rule(table=tables)
    def truncate(self, table: str) -> None:
        self.both(table, lambda t: t.truncate())

    @rule(table=tables)
    def drop_table(self, table: str) -> None:
        self.vault.drop_table(table)
        self.model.drop_table(table)

    @rule()
    def drop_tables(self) -> None:
        self.vault.drop_tables()
        self.model.drop_tables()

    @rule(table=tables, fails_at=numbers)
    def update_that_fails(self, table: str, fails_at: int) -> None:
        """The vault alone: it promises that nothing changes, TinyDB in memory does not."""

        def change(document: Any) -> None:
            document["n"] += 1
            if document["n"] == fails_at:
                raise Halfway

        if any(document["n"] + 1 == fails_at for document in self.vault.table(table)):
            with pytest.raises(Halfway):
                self.vault.table(table).update(change)

    @rule(table=tables, query=queries)
    def search(self, table: str, query: Any) -> None:
        self.both(table, lambda t: [(document.doc_id, dict(document)) for document in t.search(query)])
        self.both(table, lambda t: t.get(query))
        self.both(table, lambda t: (t.count(query), t.contains(query), len(t)))

    @rule()
    def reopen(self) -> None:
        self.vault.close()
        self.vault = JournalDB(self.folder, KEY)
        self.model = TinyDB(storage=lambda: self.memory)

    @rule()
    def crash(self) -> None:
        self.openings += 1
        folder = self.place / str(self.openings)
        shutil.copytree(self.folder, folder)
        self.vault.close()
        shutil.rmtree(self.folder)
        self.folder = folder
        self.vault = JournalDB(self.folder, KEY)
        self.model = TinyDB(storage=lambda: self.memory)

    @rule()
    def compact(self) -> None:
        self.vault.compact()

    @invariant()
    def agree(self) -> None:
        if not hasattr(self, "vault"):
            return
        assert self.vault.tables() == self.model.tables()
        for name in self.model.tables():
            ours = [(document.doc_id, dict(document)) for document in self.vault.table(name)]
            assert ours == [(document.doc_id, dict(document)) for document in self.model.table(name)]


TestVaultAgainstMemory = VaultAgainstMemory.TestCase
TestVaultAgainstMemory.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
