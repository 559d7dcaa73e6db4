"""What TinyDB 4.9 documents, written afresh: each test runs on JournalDB and on TinyDB in memory.

Where the two differ on purpose, `JournalDB`'s docstring says so, and the last tests here show it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tinydb import Query, TinyDB, where
from tinydb.middlewares import CachingMiddleware
from tinydb.operations import add, decrement, delete, increment, subtract
from tinydb.operations import set as set_field
from tinydb.queries import QueryInstance
from tinydb.storages import MemoryStorage
from tinydb.table import Document, Table
from tinydb.utils import LRUCache

from outreach.vault import JournalDB, ValueRefused
from outreach.vault.database import JournalStorage, JournalTable


@pytest.fixture(params=["ours", "tinydb"])
def db(request: pytest.FixtureRequest, folder: Path, key: bytes) -> Iterator[TinyDB]:
    with JournalDB(folder, key) if request.param == "ours" else TinyDB(storage=MemoryStorage) as db:
        yield db


@pytest.fixture
def three(db: TinyDB) -> TinyDB:
    db.insert_multiple({"n": n, "char": char, "in": {"x": n * 10}} for n, char in enumerate("abc", 1))
    return db


def ids(documents: list[Document]) -> list[int]:
    return [document.doc_id for document in documents]


def test_inserting(db: TinyDB) -> None:
    assert db.insert({"n": 1}) == 1
    assert db.insert_multiple([{"n": 2}, {"n": 3}]) == [2, 3]
    assert db.insert_multiple({"n": n} for n in (4, 5)) == [4, 5]
    assert db.insert_multiple([]) == []
    assert db.insert(Document({"n": 9}, doc_id=90)) == 90
    assert db.insert({"n": 10}) == 91
    with pytest.raises(ValueError, match="already exists"):
        db.insert(Document({}, doc_id=90))
    for wrong in (["a"], "a", 7, None, {"a"}):
        with pytest.raises(ValueError, match="Mapping"):
            db.insert(wrong)  # type: ignore[arg-type]
    assert len(db) == 7


def test_any_mapping_is_a_document(db: TinyDB) -> None:
    from types import MappingProxyType

    assert db.insert(MappingProxyType({"n": 1})) == 1
    assert db.insert_multiple([MappingProxyType({"n": 2})]) == [2]
    assert db.all() == [{"n": 1}, {"n": 2}]


def test_reading(three: TinyDB) -> None:
    assert [document["n"] for document in three] == [1, 2, 3]
    assert all(isinstance(document, Document) for document in three.all())
    assert len(three) == 3
    assert ids(three.search(where("n") >= 2)) == [2, 3]
    found = three.get(where("char") == "b")
    assert isinstance(found, Document)
    assert found.doc_id == 2
    assert three.get(doc_id=3) == {"n": 3, "char": "c", "in": {"x": 30}}
    assert three.get(doc_id=4) is None
    assert three.get(where("n") > 5) is None
    assert ids(three.get(doc_ids=[1, 3, 9])) == [1, 3]  # type: ignore[arg-type]
    assert three.contains(where("n") == 1)
    assert three.contains(doc_id=1)
    assert not three.contains(doc_id=4)
    assert three.count(where("n") < 3) == 2
    for call in (three.get, three.contains):
        with pytest.raises(RuntimeError):
            call()


def test_updating(three: TinyDB) -> None:
    assert three.update({"n": 7}) == [1, 2, 3]
    assert three.update({"new": True}, where("char") == "a") == [1]
    assert three.update({"by": "id"}, doc_ids=[2, 3, 8]) == [2, 3]
    assert three.update({"x": 1}, where("char") == "z") == []
    assert three.update(lambda document: document.update(n=document["n"] + 1), where("new").exists()) == [1]
    assert [document["n"] for document in three] == [8, 7, 7]
    assert three.update_multiple(
        [({"n": 1}, where("char") == "b"), (delete("by"), where("by").exists())]
    ) == [
        2,
        2,
        3,
    ]
    assert three.get(doc_id=2) == {"n": 1, "char": "b", "in": {"x": 20}}


def test_operations(three: TinyDB) -> None:
    one = where("char") == "a"
    for operation, field, value in (
        (increment("n"), "n", 2),
        (decrement("n"), "n", 1),
        (add("n", 5), "n", 6),
        (subtract("n", 2), "n", 4),
        (set_field("n", 100), "n", 100),
        (add("char", "x"), "char", "ax"),
    ):
        three.update(operation, doc_ids=[1])
        assert three.get(doc_id=1)[field] == value  # type: ignore[index, call-overload]
    three.update(delete("n"), doc_ids=[1])
    assert three.search(one) == []
    assert "n" not in three.get(doc_id=1)  # type: ignore[operator]


def test_upserting(three: TinyDB) -> None:
    assert three.upsert({"n": 5, "char": "a"}, where("char") == "a") == [1]
    assert three.upsert({"char": "d"}, where("char") == "d") == [4]
    assert three.upsert(Document({"seen": 1}, doc_id=2)) == [2]
    assert three.get(doc_id=2) == {"n": 2, "char": "b", "in": {"x": 20}, "seen": 1}
    assert three.upsert(Document({"seen": 1}, doc_id=20)) == [20]
    assert three.upsert({"all": 1}, where("n").exists()) == [1, 2, 3]
    with pytest.raises(ValueError, match="search query"):
        three.upsert({"n": 1})


def test_removing(three: TinyDB) -> None:
    assert three.remove(where("n") == 2) == [2]
    assert three.remove(doc_ids=[3, 9]) == [3]
    assert three.remove(where("n") == 2) == []
    with pytest.raises(RuntimeError):
        three.remove()
    assert three.insert({"n": 4}) == 4
    three.truncate()
    assert len(three) == 0
    assert three.insert({"n": 1}) == 1


def test_tables(db: TinyDB) -> None:
    assert db.tables() == set()
    one, two = db.table("one"), db.table("two")
    assert db.tables() == set()
    assert db.table("one") is one
    one.insert({"n": 1})
    two.insert({"n": 2})
    db.insert({"n": 3})
    assert db.tables() == {"one", "two", "_default"}
    assert (one.name, db.default_table_name) == ("one", "_default")
    assert db.table("_default").all() == [{"n": 3}]
    db.drop_table("two")
    assert db.tables() == {"one", "_default"}
    db.table("empty", persist_empty=True)
    assert "empty" in db.tables()
    db.drop_tables()
    assert db.tables() == set()
    assert len(db.table("one")) == 0


def test_queries(db: TinyDB) -> None:
    db.insert_multiple(
        [
            {
                "name": "Ash",
                "age": 30,
                "tags": ["a", "b"],
                "at": {"town": "Newport"},
                "visits": [{"n": 1}, {"n": 5}],
            },
            {"name": "Birch", "age": 41, "tags": ["b"], "at": {"town": "Barry"}, "visits": []},
            {"name": "Cedar", "tags": [], "at": {}},
        ]
    )
    q, visit = Query(), Query()
    cases: list[tuple[QueryInstance, list[int]]] = [
        (q.name == "Ash", [1]),
        (q.name != "Ash", [2, 3]),
        (q.age < 41, [1]),
        (q.age <= 41, [1, 2]),
        (q.age > 30, [2]),
        (q.age >= 30, [1, 2]),
        (q.age.exists(), [1, 2]),
        (q.at.town == "Barry", [2]),
        (q["at"]["town"] == "Newport", [1]),
        (where("at").town.exists(), [1, 2]),
        (q.name.matches("[AB]"), [1, 2]),
        (q.name.search("r"), [2, 3]),
        (q.name.matches("ash", flags=re.IGNORECASE), [1]),
        (q.name.test(lambda name, length: len(name) == length, 5), [2, 3]),
        (q.tags.any(["a"]), [1]),
        (q.tags.all(["b"]), [1, 2]),
        (q.tags.any(where(0) == "x"), []),
        (q.visits.any(visit.n == 5), [1]),
        (q.visits.all(visit.n > 0), [1, 2]),
        (q.name.one_of(["Ash", "Cedar"]), [1, 3]),
        (q.fragment({"name": "Ash", "age": 30}), [1]),
        (q.at.fragment({"town": "Barry"}), [2]),
        (q.noop(), [1, 2, 3]),
        (~(q.name == "Ash"), [2, 3]),
        ((q.age > 20) & (q.tags.all(["a"])), [1]),
        ((q.name == "Ash") | (q.name == "Cedar"), [1, 3]),
        (q.name.map(str.lower) == "birch", [2]),
        (q.tags.map(len) == 2, [1]),
    ]
    for number, (query, expected) in enumerate(cases):
        for _ in range(2):  # from the table, and from the cache
            assert ids(db.search(query)) == expected, number


def test_the_query_cache(db: TinyDB) -> None:
    table = db.table("t", cache_size=2)
    table.insert({"n": 1})
    asked = []

    def noted(value: int) -> bool:
        asked.append(value)
        return True

    query = where("n").test(noted)
    assert table.search(query) == table.search(query)
    assert len(asked) == 1
    table.clear_cache()
    table.search(query)
    assert len(asked) == 2
    table.insert({"n": 2})
    assert len(table.search(query)) == 2
    uncached = db.table("u", cache_size=0)
    uncached.insert({"n": 1})
    asked.clear()
    uncached.search(query)
    uncached.search(query)
    assert len(asked) == 2
    unlimited = db.table("v", cache_size=None)  # type: ignore[arg-type]
    unlimited.insert({"n": 1})
    for n in range(30):
        unlimited.search(where("n") == n)
    unlimited.search(query)
    asked.clear()
    unlimited.search(query)
    assert asked == []


def test_iterating_while_changing(three: TinyDB) -> None:
    seen = []
    for document in three.all():
        three.update({"seen": True}, doc_ids=[document.doc_id])
        seen.append(document.doc_id)
    assert seen == [1, 2, 3]
    walk = iter(three)
    assert next(walk).doc_id == 1
    assert [document.doc_id for document in walk] == [2, 3]


def test_classes_of_ones_own(folder: Path, key: bytes) -> None:
    class Contact(Document):
        @property
        def loud(self) -> str:
            return str(self["note"]).upper()

    class Cache(LRUCache[Any, Any]):
        pass

    class Contacts(JournalTable):
        document_class = Contact
        query_cache_class = Cache
        default_query_cache_capacity = 3

        def notes(self) -> list[str]:
            return [document["note"] for document in self]

    class Diary(JournalDB):
        table_class = Contacts
        default_table_name = "contacts"

    with Diary(folder, key) as diary:
        diary.insert({"note": "cold"})
        assert diary.tables() == {"contacts"}
        found = diary.get(where("note") == "cold")
        assert isinstance(found, Contact)
        assert found.loud == "COLD"
        assert diary.table("contacts").notes() == ["cold"]  # type: ignore[attr-defined]
        assert isinstance(diary.search(where("note") == "cold")[0], Contact)
        assert all(isinstance(document, Contact) for document in diary)
        assert diary.upsert(Contact({"note": "warm"}, doc_id=1)) == [1]
        assert isinstance(diary.table("contacts")._query_cache, Cache)


def test_context_manager_and_close(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"n": 1})
        assert isinstance(db.storage, JournalStorage)
    with JournalDB(folder, key) as db:
        assert db.all() == [{"n": 1}]


def test_tinydb_itself_and_its_middleware_over_our_storage(folder: Path, key: bytes) -> None:
    """Slower, because TinyDB's own table hands over everything for each change; but right."""
    with TinyDB(folder, key, storage=JournalStorage) as db:
        assert type(db.table("t")) is Table
        db.insert_multiple([{"n": 1}, {"n": 2}])
        db.update(increment("n"), where("n") == 2)
        db.table("t").insert({"m": 1})
        db.remove(doc_ids=[1])
    with TinyDB(folder, key, storage=CachingMiddleware(JournalStorage)) as db:
        assert db.all() == [{"n": 3}]
        db.insert({"n": 4})
    with JournalDB(folder, key) as ours:
        assert ours.all() == [{"n": 3}, {"n": 4}]
        assert ours.tables() == {"_default", "t"}


# Where the two differ, on purpose


def on_both(folder: Path, key: bytes, call: Callable[[TinyDB], object]) -> tuple[object, object]:
    with JournalDB(folder, key) as ours, TinyDB(storage=MemoryStorage) as theirs:
        return call(ours), call(theirs)


def test_an_update_that_raises_half_way(folder: Path, key: bytes) -> None:
    def call(db: TinyDB) -> object:
        db.insert_multiple([{"n": 1}, {"n": 2}])

        def fails(document: Any) -> None:
            document["n"] *= 10
            if document["n"] == 20:
                raise ArithmeticError

        with pytest.raises(ArithmeticError):
            db.update(fails)
        return [document["n"] for document in db]

    assert on_both(folder, key, call) == ([1, 2], [10, 20])


def test_persist_empty_on_a_table_that_is_there(folder: Path, key: bytes) -> None:
    def call(db: TinyDB) -> object:
        db.table("t").insert({"n": 1})
        db._tables.clear()
        return len(db.table("t", persist_empty=True))

    assert on_both(folder, key, call) == (1, 0)


def test_results_are_ones_own(folder: Path, key: bytes) -> None:
    def call(db: TinyDB) -> object:
        db.insert({"list": [1]})
        db.all()[0]["list"].append(2)
        return db.all()[0]["list"]

    assert on_both(folder, key, call) == ([1], [1, 2])


def test_ids_of_other_classes_are_refused(folder: Path, key: bytes) -> None:
    class ByName(JournalTable):
        document_id_class = str  # type: ignore[assignment]

    class Named(JournalDB):
        table_class = ByName

    with Named(folder, key) as db:
        with pytest.raises(ValueRefused, match="64 bits"):
            db.insert(Document({}, doc_id="ash"))  # type: ignore[arg-type]
        assert len(db) == 0


def test_one_insert_of_ten_thousand_is_one_frame(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"n": -1})
        frame = db._journal.head[0]
        assert db.insert_multiple({"n": n} for n in range(10_000)) == list(range(2, 10_002))
        assert db._journal.head[0] == frame + 1
        with pytest.raises(ValueRefused):
            db.insert_multiple([*({"n": n} for n in range(5_000)), {"n": object()}])
        assert db._journal.head[0] == frame + 1
        assert len(db) == 10_001
