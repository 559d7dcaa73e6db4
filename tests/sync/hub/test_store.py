"""The store alone: one continuation for a chain, positions without holes, all or nothing."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sync.envelope import ZERO
from sync.hub.database import connect, migrate, read_url
from sync.hub.problems import DatabaseUnusable, KeyUnusable
from sync.hub.schema import METADATA
from sync.hub.store import Arrival, DoesNotFit, Store

TEAM, MEMBER = b"teamteam", b"member__"


def link(chain: str, number: int) -> bytes:
    return f"{chain}{number}".encode().ljust(32, b".") if number else ZERO


def run(chain: str, first: int, last: int) -> list[Arrival]:
    return [Arrival(n, link(chain, n), ("team",), b"sealed %d" % n) for n in range(first, last + 1)]


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    store = Store.open(str(tmp_path / "hub.db"))
    store.put_log(TEAM, b"log", replaces=None, now=1)
    yield store
    store.close()


def everything(store: Store) -> list[int]:
    return [
        item.position for item in store.read(TEAM, MEMBER, (), after=0, limit=1000, max_bytes=2**30).items
    ]


def test_a_database_error_in_the_middle_of_a_batch_leaves_nothing_behind(store: Store) -> None:
    store.append(TEAM, b"sender__", MEMBER, ZERO, run("a", 1, 2), 5)
    spoiled = run("a", 3, 5)
    spoiled[2] = Arrival(5, link("a", 5), ("all", "coordinators"), None)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError) as refused:
        store.append(TEAM, b"sender__", MEMBER, link("a", 2), spoiled, 6)
    assert "sealed 3" not in str(refused.value)
    (head,) = store.heads(TEAM, MEMBER)
    assert (head.number, head.chain_hash, head.received_at) == (2, link("a", 2), 5)
    store.append(TEAM, b"sender__", MEMBER, link("a", 2), run("a", 3, 4), 7)
    assert everything(store) == [1, 2, 3, 4]


@given(
    pushes=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(1, 8), st.integers(1, 4)),
        max_size=25,
    )
)
def test_whatever_is_pushed_positions_are_gapless_and_chains_whole(
    tmp_path_factory: pytest.TempPathFactory, pushes: list[tuple[str, str, int, int]]
) -> None:
    """Two senders, each with two rival histories that part after number 3, pushed in any order."""
    store = Store.open(str(tmp_path_factory.mktemp("hub") / "hub.db"))
    try:
        store.put_log(TEAM, b"log", replaces=None, now=1)
        heads = {"a": (0, ""), "b": (0, "")}

        def hashed(sender: str, history: str, number: int) -> bytes:
            return link(sender + (history if number > 3 else ""), number)

        stored = 0
        for sender, history, first, count in pushes:
            last = first + count - 1
            batch = [Arrival(n, hashed(sender, history, n), ("team",), b"x") for n in range(first, last + 1)]
            number, mine = heads[sender]
            fits = first <= number + 1 and (min(number, last) <= 3 or mine == history)
            place = (TEAM, sender.encode() * 8, MEMBER, hashed(sender, history, first - 1))
            if fits:
                assert store.append(*place, batch, 2).number == last
                stored += max(0, last - number)
                heads[sender] = max(heads[sender], (last, history), key=lambda head: head[0])
            else:
                with pytest.raises(DoesNotFit) as refused:
                    store.append(*place, batch, 2)
                assert refused.value.kind == ("gap" if first > number + 1 else "fork")
                assert refused.value.expected_number == number + 1
            assert everything(store) == list(range(1, stored + 1))
    finally:
        store.close()


def test_the_migrations_make_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    engine = connect(str(tmp_path / "hub.db"))
    migrate(engine)
    migrate(engine)  # again: nothing to do
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    engine.dispose()


def test_a_database_of_a_newer_hub_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    Store.open(str(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(DatabaseUnusable, match="newer version"):
        Store.open(str(path))


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"a letter, not a database" * 100)
    with pytest.raises(DatabaseUnusable, match="can't be opened"):
        Store.open(str(path))
    assert path.read_bytes() == b"a letter, not a database" * 100


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "postgresql://x/y", "://", "nonsense://x"]
)
def test_databases_that_are_no_file_are_refused(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="Give a file name"):
        read_url(url)


def test_a_folder_that_can_not_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnusable, match="can't be opened for writing"):
        Store.open(str(tmp_path / "file" / "hub.db"))


def test_the_database_knows_its_hubs_key(store: Store) -> None:
    store.remember_key(b"k" * 32, 1)
    store.remember_key(b"k" * 32, 2)
    with pytest.raises(KeyUnusable, match=r"hub\.key"):
        store.remember_key(b"o" * 32, 3)


def test_only_its_owner_reads_the_database(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "new" / "hub.db"))
    store.put_log(TEAM, b"log", replaces=None, now=1)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "new").iterdir()} == {0}
    store.close()
