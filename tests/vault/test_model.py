"""The vault does what TinyDB does in memory, whatever is done, with crashes, failures and reopenings.

The disk is simulated: a crash is a power loss at any call, inside an operation or between two, after
which any part of what was not synced is gone; or a killed process, after which it is still to be seen.
"""

from __future__ import annotations

import contextlib
import errno
import random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tinydb import TinyDB, where
from tinydb.operations import increment
from tinydb.storages import MemoryStorage
from tinydb.table import Document

from outreach.vault import JournalDB, NotSaved
from outreach.vault.keyring import KeyRing

from .simulated import FOLDER, Died, Disk, running

shares = st.sampled_from([0.0, 0.5, 1.0])
seeds = st.integers(0, 999)
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
        self.disk, self.ring = Disk(), KeyRing.new()
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(running(lambda: self.disk))
        self.vault = JournalDB(FOLDER, self.ring)
        self.memory = MemoryStorage()
        self.model = TinyDB(storage=lambda: self.memory)

    def teardown(self) -> None:
        if hasattr(self, "vault"):
            self.vault.close()
            self.stack.close()

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
        self.open_again()

    def open_again(self) -> None:
        self.vault = JournalDB(FOLDER, self.ring)
        self.model = TinyDB(storage=lambda: self.memory)

    @rule(arrives=shares, seed=seeds)
    def power_loss(self, arrives: float, seed: int) -> None:
        self.disk = self.disk.after_power_loss(random.Random(seed), arrives)
        self.open_again()

    @rule()
    def kill(self) -> None:
        self.disk.killed()
        self.open_again()

    @rule(
        table=tables,
        documents=st.lists(fields, min_size=1, max_size=4),
        calls=numbers,
        arrives=shares,
        seed=seeds,
    )
    def power_loss_in_the_middle(
        self, table: str, documents: list[dict[str, Any]], calls: int, arrives: float, seed: int
    ) -> None:
        """The change in flight is there whole, or not at all; the model follows."""
        self.disk.dies_at = len(self.disk.made) + calls
        before = {doc.doc_id for doc in self.model.table(table)}
        try:
            self.vault.table(table).insert_multiple([dict(document) for document in documents])
            acknowledged = True
        except Died:
            acknowledged = False
        self.disk = self.disk.after_power_loss(random.Random(seed), arrives)
        self.open_again()
        there = {doc.doc_id for doc in self.vault.table(table)}
        if acknowledged or there != before:
            new = self.vault.table(table).all()[len(before) :]
            self.model.table(table).insert_multiple(new)

    @rule(table=tables, document=fields, calls=numbers, error=st.sampled_from([errno.EIO, errno.ENOSPC]))
    def a_call_fails(self, table: str, document: dict[str, Any], calls: int, error: int) -> None:
        """What is refused is not there, and the vault goes on."""
        self.disk.error, self.disk.fails_at = error, {len(self.disk.made) + calls}
        try:
            doc_id = self.vault.table(table).insert(dict(document))
            self.model.table(table).insert(Document(dict(document), doc_id))
        except NotSaved:
            self.vault.table(table)._next_id = None  # TinyDB counts an id that was not used up
        self.disk.fails_at = set()
        self.open_again_if(calls == 2)

    def open_again_if(self, wanted: bool) -> None:
        if wanted:
            self.vault.close()
            self.open_again()
        else:
            self.model = TinyDB(storage=lambda: self.memory)
            for name in self.vault.tables():
                self.vault.table(name)._next_id = None

    @rule()
    def compact(self) -> None:
        self.vault.compact()

    @rule()
    def tidy(self) -> None:
        self.vault.tidy()

    @rule()
    def turn_the_key(self) -> None:
        self.ring.take_over(self.ring.with_new_key())
        self.vault.compact()
        self.ring.take_over(self.ring.newest())

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
