"""TinyDB's operations on the vault, and what the vault promises beyond TinyDB."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB, where
from tinydb.operations import add, delete, increment
from tinydb.table import Document

from outreach.vault import JournalDB, VaultClosed


@pytest.fixture
def db(folder: Path, key: bytes) -> Iterator[JournalDB]:
    with JournalDB(folder, key) as db:
        yield db


def journal_bytes(folder: Path) -> int:
    """Bytes in the journals that are not zeros laid out beforehand, in whole frames."""
    used = [len(file.read_bytes().rstrip(b"\0")) for file in folder.glob("*.journal")]
    return sum(-(-length // 512) * 512 for length in used)


def test_is_a_tinydb(db: JournalDB) -> None:
    assert isinstance(db, TinyDB)


def test_operations(db: JournalDB) -> None:
    assert db.insert({"name": "a", "n": 1}) == 1
    assert db.insert_multiple([{"name": "b", "n": 2}, {"name": "c", "n": 3}]) == [2, 3]
    assert db.update(increment("n"), where("name") == "b") == [2]
    assert db.update({"seen": True}, doc_ids=[1, 99]) == [1]
    assert db.update(add("n", 10)) == [1, 2, 3]
    assert db.update_multiple([(delete("seen"), where("seen").exists()), ({"x": 1}, where("n") == 13)]) == [
        1,
        2,
        3,
    ]
    assert db.upsert({"name": "d"}, where("name") == "d") == [4]
    assert db.upsert(Document({"name": "e"}, doc_id=9)) == [9]
    assert db.upsert({"n": 0}, where("name") == "d") == [4]
    assert db.remove(where("name") == "c") == [3]
    assert db.remove(doc_ids=[9, 9000]) == [9]
    assert db.all() == [{"name": "a", "n": 11}, {"name": "b", "n": 13, "x": 1}, {"name": "d", "n": 0}]
    assert [document.doc_id for document in db] == [1, 2, 4]
    assert len(db) == 3
    assert db.count(where("n") > 0) == 2
    assert db.contains(where("name") == "d")
    assert not db.contains(doc_id=3)
    assert db.get(doc_id=2) == {"name": "b", "n": 13, "x": 1}
    assert db.get(doc_ids=[4, 1]) == [{"name": "a", "n": 11}, {"name": "d", "n": 0}]
    assert db.get(where("name") == "z") is None
    db.truncate()
    assert len(db) == 0
    assert db.insert({}) == 1


def test_tables(db: JournalDB, folder: Path, key: bytes) -> None:
    db.insert({"a": 1})
    db.table("two").insert({"b": 2})
    db.table("empty", persist_empty=True)
    assert db.tables() == {"_default", "two", "empty"}
    db.drop_table("two")
    db.drop_table("never there")
    assert db.tables() == {"_default", "empty"}
    db.close()
    with JournalDB(folder, key) as again:
        assert again.tables() == {"_default", "empty"}
        again.table("_default", persist_empty=True)
        assert again.all() == [{"a": 1}], "asking for a table that is there takes nothing from it"
        again.drop_tables()
        assert again.tables() == set()


def test_insert_multiple_is_all_or_nothing(db: JournalDB) -> None:
    db.insert({"a": 1})
    with pytest.raises(ValueError, match="not a Mapping"):
        db.insert_multiple([{"b": 2}, ["no mapping"]])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="exists"):
        db.insert_multiple([{"b": 2}, Document({}, doc_id=1)])
    assert db.all() == [{"a": 1}]


def test_an_id_that_came_with_a_document_is_never_given_again(db: JournalDB) -> None:
    db.insert({"n": 1})
    assert db.insert_multiple([Document({"n": 2}, doc_id=2), {"n": 3}]) == [2, 3]
    db.insert_multiple([Document({"n": 4}, doc_id=4)])
    assert db.insert({"n": 5}) == 5
    assert [document["n"] for document in db] == [1, 2, 3, 4, 5]


def test_an_update_that_raises_half_way_changes_nothing(db: JournalDB, folder: Path, key: bytes) -> None:
    db.insert_multiple({"n": n} for n in range(5))
    size = journal_bytes(folder)

    def fails_at_three(document: Any) -> None:
        document["n"] += 100
        if document["n"] == 103:
            raise RuntimeError("half-way")

    for call in (
        lambda: db.update(fails_at_three),
        lambda: db.update(fails_at_three, where("n") >= 0),
        lambda: db.update(fails_at_three, doc_ids=[1, 2, 3, 4, 5]),
        lambda: db.update_multiple([(fails_at_three, where("n") >= 0)]),
    ):
        with pytest.raises(RuntimeError):
            call()
        assert [document["n"] for document in db] == [0, 1, 2, 3, 4]
    assert journal_bytes(folder) == size


def test_only_what_changed_is_written(db: JournalDB, folder: Path) -> None:
    db.insert_multiple({"n": n, "padding": "x" * 300} for n in range(1000))
    size = journal_bytes(folder)
    db.update({"n": 7}, where("n") == 7)
    db.update({"n": 7}, doc_ids=[8])
    db.remove(where("n") == -1)
    assert journal_bytes(folder) == size, "a change that changes nothing writes nothing"
    db.update({"n": -7}, where("n") == 7)
    assert journal_bytes(folder) - size <= 1024
    size = journal_bytes(folder)
    db.truncate()
    assert journal_bytes(folder) - size <= 1024, "a frame, and a file's head for the compaction that begins"


def test_nobody_sees_what_a_caller_does_to_a_document(db: JournalDB) -> None:
    mine = {"list": [1]}
    db.insert(mine)
    mine["list"].append(2)
    query = where("list").exists()
    for _ in range(2):  # the second time from the cache
        found = db.search(query)
        assert found == [{"list": [1]}]
        found[0]["list"].append(3)
        found.append(Document({}, 5))
    got = db.get(doc_id=1)
    got["list"].append(4)
    next(iter(db))["list"].append(5)
    assert db.all() == [{"list": [1]}]


def test_the_query_cache_never_tells_yesterdays_news(db: JournalDB) -> None:
    table, query = db.table("t"), where("n") == 1
    assert table.search(query) == []
    table.insert({"n": 1})
    assert len(table.search(query)) == 1
    db.drop_table("t")
    assert table.search(query) == [], "an old handle looks at what is there now"
    other = db.table("t")
    other.insert_multiple([{"n": 1}, {"n": 1}])
    assert len(table.search(query)) == 2
    assert table.insert({"n": 1}) == 3
    assert len(other.search(query)) == 3
    db.storage.write({"t": {"1": {"n": 1}}})
    assert len(table.search(query)) == len(other.search(query)) == 1


def test_a_query_that_can_not_be_cached_is_asked_each_time(db: JournalDB) -> None:
    db.insert({"n": 1})
    answers = iter([True, False])
    query = where("n").map(lambda _: next(answers)) == True  # noqa: E712
    assert len(db.search(query)) == 1
    assert len(db.search(query)) == 0


def test_a_document_can_change_while_one_walks_over_the_table(db: JournalDB) -> None:
    db.insert_multiple({"n": n} for n in range(10))
    for document in db:
        db.update({"seen": True}, doc_ids=[document.doc_id])
        db.insert({"n": -1})
    assert len(db) == 20
    assert db.count(where("seen").exists()) == 10


def test_ids_can_be_any_64_bit_number_and_nothing_else(db: JournalDB, folder: Path, key: bytes) -> None:
    ids = [0, -5, 2**64 - 1, -(2**63)]
    db.insert_multiple(Document({"n": n}, doc_id=n) for n in ids)
    for wrong in (2**64, "7", True, None):
        with pytest.raises(TypeError):
            db.insert(Document({}, doc_id=wrong))  # type: ignore[arg-type]
    db.close()
    with JournalDB(folder, key) as again:
        assert [document.doc_id for document in again] == ids


def test_threads_write_side_by_side(db: JournalDB, folder: Path, key: bytes) -> None:
    def work(name: int) -> None:
        for n in range(40):
            db.insert({"thread": name, "n": n})
            db.upsert({"count": n}, where("count").exists() & (where("of") == name))

    threads = [threading.Thread(target=work, args=[name]) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.count(where("thread").exists()) == 160
    db.close()
    with JournalDB(folder, key) as again:
        for name in range(4):
            assert [d["n"] for d in again if d.get("thread") == name] == list(range(40))


def test_closed_is_closed(db: JournalDB) -> None:
    table = db.table("t")
    table.insert({"n": 1})
    db.close()
    db.close()
    for call in (
        lambda: table.insert({}),
        table.all,
        lambda: table.get(doc_id=1),
        db.tables,
        lambda: len(db),
    ):
        with pytest.raises(VaultClosed):
            call()
    assert "closed" in repr(db)
    assert "closed" in repr(table)


def test_the_key_is_never_shown(db: JournalDB, key: bytes) -> None:
    db.insert({"a": "Blue Heron"})
    for thing in (db, db.table("t"), db.storage, db.storage.journal, db.storage.journal.contents):  # type: ignore[attr-defined]
        text = repr(thing)
        assert key.hex() not in text
        assert repr(key) not in text
        assert "Heron" not in text


@pytest.mark.parametrize("wrong", [b"", b"x" * 31, b"x" * 33, "x" * 32, None])
def test_a_key_is_32_bytes(folder: Path, wrong: Any) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        JournalDB(folder, wrong)
    assert not folder.exists()


@pytest.mark.requirement("CC01")
def test_what_is_on_disk_is_not_readable(db: JournalDB, folder: Path) -> None:
    db.table("contacts").insert({"handle": "Blue Heron" * 20})
    db.compact()
    db.table("contacts").insert({"handle": "Blue Heron" * 20})
    for file in folder.iterdir():
        data = file.read_bytes()
        assert b"Heron" not in data
        assert b"handle" not in data
        assert b"contacts" not in data
        assert file.stat().st_mode & 0o077 == 0
