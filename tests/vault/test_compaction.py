"""Compaction in slices: nothing waits for it, nothing is lost by it, and the disk use stays bounded."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from outreach.vault import JournalDB, NotSaved, files
from outreach.vault import journal as journal_module


def disk_use(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


@pytest.mark.parametrize("seed", range(3))
def test_disk_use_stays_under_three_times_the_live_data(
    folder: Path, key: bytes, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a long random run, at every moment; the zeros laid out beforehand and a first 256 KiB apart."""
    monkeypatch.setattr(files, "sync_data", lambda descriptor: None)
    monkeypatch.setattr(files, "sync_folder", lambda folder: None)
    chance = random.Random(seed)
    compactions = most = 0
    with JournalDB(folder, key) as db:
        db.insert_multiple({"n": n, "note": "x" * 900} for n in range(1500))
        snapshots: set[str] = set()
        for turn in range(6000):
            n = chance.randrange(1500)
            if chance.random() < 0.8:
                db.update({"note": "y" * chance.randrange(600, 1200), "turn": turn}, doc_ids=[n + 1])
            elif chance.random() < 0.5:
                db.remove(doc_ids=[n + 1])
            else:
                db.insert({"n": n, "note": "z" * 900})
            contents = db._journal.contents
            spare = journal_module.LARGEST_ROOM + journal_module.SPARED
            assert disk_use(folder) < 3 * contents.live + spare
            most = max(most, disk_use(folder))
            snapshots |= {file.name for file in folder.glob("*.snapshot")}
        compactions = len(snapshots) - 1
        kept = db.all()
    assert compactions > 2
    assert most > 1_500_000
    with JournalDB(folder, key) as db:
        assert db.all() == kept


def test_saves_carry_a_compaction_along(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.insert_multiple({"n": n, "note": "x" * 500} for n in range(4000))
        journal = db._journal
        begun = 0
        while journal._compaction is None:
            db.update({"note": f"{begun}" * 300}, doc_ids=range(1, 400))
            begun += 1
            assert begun < 100
        written = [journal._compaction.size]
        while journal._compaction is not None:
            db.insert({"n": "meanwhile"})
            if journal._compaction is not None:
                written.append(journal._compaction.size)
        assert len(written) > 4, "more than one save carried it"
        assert max(b - a for a, b in pairwise(written)) < 3 * journal_module.SLICE
        kept = db.all()
    with JournalDB(folder, key) as db:
        assert db.all() == kept


def test_idle_moments_finish_it(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        assert not db.tidy(), "nothing to do"
        db.insert_multiple({"n": n, "note": "x" * 500} for n in range(3000))
        db.update({"note": "y" * 500})
        steps = 0
        while db.tidy():
            steps += 1
        assert steps > 2
        assert len(list(folder.glob("*.snapshot"))) == 1
        assert disk_use(folder) < 1.3 * db._journal.contents.live + journal_module.LARGEST_ROOM
        assert not db.tidy()
        kept = db.all()
    with JournalDB(folder, key) as db:
        assert db.all() == kept


def test_a_compaction_that_finds_no_space_fails_nobodys_save(
    folder: Path, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.write_at

    def full(descriptor: int, data: bytes, offset: int) -> None:
        if len(data) > 30_000 and b"\0" * 1000 not in data:  # a piece of a snapshot
            raise OSError(28, "No space left on device")
        real(descriptor, data, offset)

    with JournalDB(folder, key) as db:
        db.insert_multiple({"n": n, "note": "x" * 500} for n in range(2000))
        monkeypatch.setattr(files, "write_at", full)
        for n in range(2000):
            db.update({"note": "y" * 500}, doc_ids=[n + 1])
        assert not list(folder.glob("*.new"))
        with pytest.raises(NotSaved, match="No space"):
            db.compact()
        db.insert({"n": "goes on"})
        monkeypatch.undo()
        db.compact()
        kept = db.all()
    with JournalDB(folder, key) as db:
        assert db.all() == kept
        assert kept[-1] == {"n": "goes on"}
