"""Every disk call fails once, and the process dies at every disk call: nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tinydb import where

from outreach.vault import JournalDB, NotSaved, VaultError, files
from outreach.vault import journal as journal_module

CALLS = ["make_folder", "names", "read", "create", "write_at", "sync_data", "sync_folder", "cut", "close",
         "rename", "remove", "lock"]  # fmt: skip


class Died(BaseException):
    """The process is gone."""


@contextmanager
def failing(at: int, error: Callable[[], BaseException]) -> Iterator[list[str]]:
    """The disk call with number ``at`` raises; the yielded list says which calls were made."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            real = getattr(files, name)

            def call(*args: Any, _name: str = name, _real: Any = real, **options: Any) -> Any:
                made.append(_name)
                if len(made) == at + 1:
                    if _name == "write_at":  # a part of it gets there
                        _real(args[0], args[1][: len(args[1]) // 2], args[2])
                    raise error()
                return _real(*args, **options)

            patch.setattr(files, name, call)
        yield made


class Story:
    """Inserts, changes and removes with a compaction between, remembering what was acknowledged."""

    def __init__(self) -> None:
        self.before: list[dict[str, Any]] = []
        self.after: list[dict[str, Any]] = []

    def tell(self, folder: Path, key: bytes) -> None:
        with JournalDB(folder, key) as db:
            self.step(db, lambda: db.insert({"n": 1}), [{"n": 1}])
            self.step(db, lambda: db.insert_multiple([{"n": 2}, {"n": 3}]), [{"n": 1}, {"n": 2}, {"n": 3}])
            db.compact()
            self.step(db, lambda: db.remove(doc_ids=[1]), [{"n": 2}, {"n": 3}])
            self.step(db, lambda: db.update({"n": 4}, doc_ids=[3]), [{"n": 2}, {"n": 4}])
        with JournalDB(folder, key) as db:
            self.step(db, lambda: db.insert({"n": 5}), [{"n": 2}, {"n": 4}, {"n": 5}])

    def step(self, db: JournalDB, change: Callable[[], object], result: list[dict[str, Any]]) -> None:
        self.after = result
        change()
        assert db.all() == result
        self.before = result


def calls_of_the_story(tmp_path: Path, key: bytes) -> int:
    with failing(-2, Died) as made:
        Story().tell(tmp_path / "undisturbed", key)
    assert set(made) == set(CALLS)
    return len(made)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_each_call_fails_once(tmp_path: Path, key: bytes, number: int) -> None:
    for at in range(calls_of_the_story(tmp_path, key)):
        folder, story = tmp_path / f"fails-{at}", Story()
        broken = failing(at, lambda: OSError(number, "it is broken"))
        with broken, contextlib.suppress(VaultError):  # and nothing else: not an OSError
            story.tell(folder, key)
        with JournalDB(folder, key) as db:
            assert db.all() in (story.before, story.after), at
            db.insert({"n": "on we go"})
        with JournalDB(folder, key) as db:
            assert db.all()[-1] == {"n": "on we go"}


def test_the_process_dies_at_each_call(
    tmp_path: Path, key: bytes, as_left_by_a_crash: Callable[[Path], Path]
) -> None:
    for at in range(calls_of_the_story(tmp_path, key)):
        folder, story = tmp_path / f"dies-{at}", Story()
        with failing(at, Died), pytest.raises(Died):
            story.tell(folder, key)
        if not folder.exists():
            continue
        crashed = as_left_by_a_crash(folder)
        with JournalDB(crashed, key) as db:
            assert db.all() in (story.before, story.after), at
            db.insert({"n": "on we go"})
        with JournalDB(crashed, key) as db:
            assert db.all()[-1] == {"n": "on we go"}


def test_a_failed_sync_refuses_the_change_and_no_other(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"n": 1})
        first = next(folder.glob("*.journal"))
        with pytest.MonkeyPatch.context() as patch:

            def fails(_: int) -> None:
                raise OSError(errno.EIO, "Input/output error")

            patch.setattr(files, "sync_data", fails)
            for call in (
                lambda: db.insert({"n": 2}),
                lambda: db.update({"n": 9}),
                db.drop_tables,
                db.compact,
            ):
                with pytest.raises(NotSaved, match="Input/output error"):
                    call()
                assert db.all() == [{"n": 1}], "memory never runs ahead of the disk, and reading goes on"
        before = first.read_bytes()
        db.insert({"n": 3})
        assert first.read_bytes() == before, "the file whose sync failed is never written again"
        assert db.all() == [{"n": 1}, {"n": 3}]
    with JournalDB(folder, key) as db:
        assert db.all() == [{"n": 1}, {"n": 3}]
        db.insert({"n": 4})


def test_what_an_interrupted_write_left_does_not_count(folder: Path, key: bytes) -> None:
    """Its frame may be on the disk: another one under the same number and key is never made."""
    with JournalDB(folder, key) as db:
        db.insert({"n": 1})
        with pytest.MonkeyPatch.context() as patch:

            def interrupted(_: int) -> None:
                raise KeyboardInterrupt

            patch.setattr(files, "sync_data", interrupted)
            with pytest.raises(KeyboardInterrupt):
                db.insert({"n": 2})
        assert db.all() == [{"n": 1}]
        db.insert({"n": 3})
        assert len(list(folder.glob("*.journal"))) == 2
    with JournalDB(folder, key) as db:
        assert db.all() == [{"n": 1}, {"n": 3}]


def test_a_snapshot_has_its_name_for_good_before_the_old_files_go(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"n": 1})
        with failing(-2, Died) as made:
            db.compact()
    snapshot = made[made.index("create") :]
    assert [call for call in snapshot if call != "write_at"][:5] == [
        "create", "sync_data", "close", "rename", "sync_folder",
    ]  # fmt: skip
    assert "remove" in snapshot
    assert snapshot.index("sync_folder") < snapshot.index("remove")


def test_a_change_is_not_in_memory_before_it_is_on_the_device(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"n": 1})
        seen = []
        real = files.sync_data
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "sync_data", lambda d: (seen.append(len(db)), real(d)))
            db.insert({"n": 2})
        assert seen == [1]


def test_compaction_happens_by_itself_and_leaves_one_file(folder: Path, key: bytes) -> None:
    for opening in range(3):
        with JournalDB(folder, key) as db:
            for n in range(200):
                db.upsert({"n": n, "opening": opening, "note": "x" * 500}, where("n") == n)
            content = db.all()
        with JournalDB(folder, key) as db:
            assert db.all() == content
    with JournalDB(folder, key) as db:
        db.truncate()
    left = [file.name for file in folder.iterdir() if file.name != "lock"]
    assert len(left) == 1
    assert left[0].endswith(".snapshot")
    assert (folder / left[0]).stat().st_size < 2048


def test_many_openings_do_not_leave_many_files(folder: Path, key: bytes) -> None:
    openings = journal_module.MOST_FILES + 5
    for n in range(openings):
        with JournalDB(folder, key) as db:
            db.insert({"n": n})
            assert len(list(folder.iterdir())) <= journal_module.MOST_FILES + 4
    with JournalDB(folder, key) as db:
        assert [document["n"] for document in db] == list(range(openings))


def test_room_is_laid_out_beforehand_and_given_back(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"n": 0})
        journal = next(folder.glob("*.journal"))
        laid_out = journal.stat().st_size
        for n in range(1, 20):
            db.insert({"n": n})
        assert journal.stat().st_size == laid_out >= journal_module.SMALLEST_ROOM
        db.insert({"n": 20, "long": "x" * 3 * laid_out})
        assert journal.stat().st_size > 4 * laid_out
    assert journal.read_bytes()[-16:] != bytes(16)
    with JournalDB(folder, key) as db:
        assert len(db) == 21
