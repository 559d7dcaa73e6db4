"""What is sound in a damaged vault is taken out, and what is not is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tinydb import where

from forms import wording
from outreach.vault import (
    Salvaged,
    VaultDamaged,
    VaultExists,
    VaultInUse,
    VaultMissing,
    WrongPassphrase,
    salvage,
)
from outreach.vault.frames import FILE_HEAD, SECTOR

from .simple import OTHER, SMALL, WORDS, everything, make, unlock


def take_out(folder: Path, out: Path, passphrase: str = WORDS, **options: Any) -> Salvaged:
    return salvage(folder, out, passphrase, kdf_floor=SMALL, **options)


def contents(folder: Path) -> dict[str, dict[int, Any]]:
    with unlock(folder) as vault:
        return {name: {d.doc_id: dict(d) for d in vault.db.table(name)} for name in vault.db.tables()}


@pytest.fixture
def made(folder: Path) -> Path:
    """A snapshot with records 0 to 9, and two journals with 10 to 14 and 15 to 19, a frame each."""
    with make(folder) as vault:
        vault.db.insert_multiple({"n": n} for n in range(10))
        vault.db.compact()
        for n in range(10, 15):
            vault.db.insert({"n": n})
    with unlock(folder) as vault:
        for n in range(15, 20):
            vault.db.insert({"n": n})
        vault.db.table("other").insert({"other": True})
    return folder


def files_of(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.snapshot"), *folder.glob("*.journal")])


def change(file: Path, at: int, value: bytes = b"\xa5") -> None:
    content = bytearray(file.read_bytes())
    content[at : at + len(value)] = bytes(a ^ b for a, b in zip(content[at:], value, strict=False))
    file.write_bytes(content)


def numbers(folder: Path) -> list[int]:
    return sorted(document["n"] for document in contents(folder)["_default"].values())


def test_a_sound_vault_comes_out_whole(made: Path, tmp_path: Path) -> None:
    before = everything(made)
    seen: list[tuple[int, int]] = []
    found = take_out(made, tmp_path / "out", progress=lambda done, total: seen.append((done, total)))
    assert (found.records, found.tables, found.lost) == (21, 2, ())
    assert str(found).endswith("Nothing is missing.")
    assert contents(tmp_path / "out") == contents(made)
    assert seen[-1][0] == seen[-1][1] == sum(file.stat().st_size for file in files_of(made))
    assert (tmp_path / "out" / "lost.jsonl").read_bytes() == b""
    assert everything(made).keys() == before.keys()


def test_a_damaged_frame_costs_its_own_records_and_no_others(made: Path, tmp_path: Path) -> None:
    journal = files_of(made)[-2]
    change(journal, FILE_HEAD + 2 * SECTOR + 100)  # the third frame, record 12
    before = everything(made)
    with pytest.raises(VaultDamaged):
        unlock(made)
    found = take_out(made, tmp_path / "out")
    assert numbers(tmp_path / "out") == [n for n in range(20) if n != 12]
    (lost,) = found.lost
    assert (lost.file, lost.first_byte, lost.last_byte) == (
        journal.name,
        FILE_HEAD + 2 * SECTOR,
        FILE_HEAD + 3 * SECTOR - 1,
    )
    assert len(lost.frames) == 1
    told = [json.loads(line) for line in (tmp_path / "out" / "lost.jsonl").read_text().splitlines()]
    assert told == [
        {
            "file": journal.name,
            "first_byte": FILE_HEAD + 2 * SECTOR,
            "last_byte": FILE_HEAD + 3 * SECTOR - 1,
            "frames": lost.frames,
            "problem": lost.problem,
        }
    ]
    assert everything(made) == before
    assert wording.check(str(found), "en") == []


def test_a_damaged_head_or_tag(made: Path, tmp_path: Path) -> None:
    journal = files_of(made)[-2]
    whole = journal.read_bytes()
    change(journal, FILE_HEAD + 2 * SECTOR + 3)  # a frame's number
    found = take_out(made, tmp_path / "head")
    assert numbers(tmp_path / "head") == [n for n in range(20) if n != 12]
    assert len(found.lost) == 1
    journal.write_bytes(whole)
    change(journal, FILE_HEAD + 3 * SECTOR - 1)  # a frame's tag: the next one hangs on it
    found = take_out(made, tmp_path / "tag")
    assert numbers(tmp_path / "tag") == [n for n in range(20) if n not in (12, 13)]
    assert [len(lost.frames) for lost in found.lost] == [1, 1]


def test_a_missing_journal(made: Path, tmp_path: Path) -> None:
    files_of(made)[-2].unlink()
    with pytest.raises(VaultDamaged):
        unlock(made)
    found = take_out(made, tmp_path / "out")
    kept = numbers(tmp_path / "out")
    assert kept == [*range(10), *range(14, 20)], "a file begins with the last frame before it"
    assert [(lost.problem, len(lost.frames)) for lost in found.lost] == [
        ("4 frames before it are missing", 4)
    ]


def test_a_damaged_snapshot_gives_what_is_sound_in_it(folder: Path, tmp_path: Path) -> None:
    with make(folder) as vault:
        for table in range(6):
            vault.db.table(f"t{table}").insert_multiple({"n": n, "x": "x" * 300} for n in range(300))
        vault.db.compact()
        vault.db.table("t0").insert({"n": "last"})
    (snapshot,) = folder.glob("*.snapshot")
    change(snapshot, snapshot.stat().st_size // 3)
    found = take_out(folder, tmp_path / "out")
    assert 1400 < found.records < 1801
    assert any(lost.file == snapshot.name for lost in found.lost)
    assert any("no snapshot is whole" in lost.problem for lost in found.lost)
    left = contents(tmp_path / "out")
    assert left["t0"][301] == {"n": "last"}
    assert all(document["x"] == "x" * 300 for document in left["t1"].values())


def test_no_snapshot_at_all(made: Path, tmp_path: Path) -> None:
    next(made.glob("*.snapshot")).unlink()
    found = take_out(made, tmp_path / "out")
    assert numbers(tmp_path / "out") == list(range(10, 20))
    assert any("no snapshot is whole" in lost.problem for lost in found.lost)


def test_a_file_cut_short_and_one_of_another_vault(made: Path, tmp_path: Path) -> None:
    first, second = files_of(made)[-2:]
    first.write_bytes(first.read_bytes()[: FILE_HEAD + 2 * SECTOR + 50])
    with make(tmp_path / "other") as vault:
        vault.db.insert({"n": 99})
    theirs = max((tmp_path / "other").glob("*.journal"))
    shutil.copy(theirs, made / f"{int(second.stem) + 1:08d}.journal")
    found = take_out(made, tmp_path / "out")
    kept = numbers(tmp_path / "out")
    assert set(kept) >= {*range(12), *range(16, 20)}
    assert 99 not in kept
    assert f"{int(second.stem) + 1:08d}.journal" in {lost.file for lost in found.lost}


def test_a_write_that_was_cut_off_is_nothing_lost(made: Path, tmp_path: Path) -> None:
    last = files_of(made)[-1]
    last.write_bytes(last.read_bytes()[:-200])
    found = take_out(made, tmp_path / "out")
    assert found.lost == ()
    assert found.records == 20


def test_changes_to_records_that_are_lost(folder: Path, tmp_path: Path) -> None:
    with make(folder) as vault:
        vault.db.insert({"n": 0})
        vault.db.insert({"n": 1})  # the frame that will be damaged
        vault.db.update({"late": True}, where("n") == 0)
        vault.db.remove(where("n") == 1)
        vault.db.insert({"n": 2})
    journal = max(folder.glob("*.journal"))
    change(journal, FILE_HEAD + SECTOR + 60)
    found = take_out(folder, tmp_path / "out")
    assert contents(tmp_path / "out")["_default"] == {1: {"n": 0, "late": True}, 3: {"n": 2}}
    assert len(found.lost) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.data())
def test_whatever_is_damaged_nothing_wrong_comes_out(made: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Any bytes of any files are changed: each record that comes out is one that was written."""
    damaged, out = tmp_path / "damaged", tmp_path / "out"
    for left in (damaged, out):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(made, damaged)
    touched = set()
    for file in data.draw(st.lists(st.sampled_from(files_of(damaged)), min_size=1, max_size=3, unique=True)):
        at = data.draw(st.integers(0, file.stat().st_size - 1))
        how = data.draw(st.sampled_from(["change", "cut", "zeros"]))
        if how == "change":
            change(file, at, data.draw(st.binary(min_size=1, max_size=600).filter(any)))
        elif how == "cut":
            file.write_bytes(file.read_bytes()[:at])
        else:
            content = file.read_bytes()
            file.write_bytes((content[:at] + bytes(600))[: len(content)] + content[at + 600 :])
        touched.add(file.name)
    found = take_out(damaged, out)
    came = contents(out)
    for document in came.get("_default", {}).values():
        assert set(document) == {"n"}
        assert 0 <= document["n"] < 20
    untouched = {file.name for file in files_of(damaged)} - touched
    if any(name.endswith(".snapshot") for name in untouched):
        assert set(range(10)) <= set(numbers(out))
    assert found.records == sum(map(len, came.values()))


def test_what_stands_in_the_way(made: Path, tmp_path: Path) -> None:
    before = everything(made)
    with pytest.raises(WrongPassphrase):
        take_out(made, tmp_path / "out", OTHER)
    with pytest.raises(VaultMissing):
        take_out(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    for place in (tmp_path / "full", made, tmp_path / "full" / "file"):
        with pytest.raises(VaultExists):
            take_out(made, place)
    with unlock(made), pytest.raises(VaultInUse):
        take_out(made, tmp_path / "out")
    (made / "vault.header").write_bytes(b"damaged")
    with pytest.raises(VaultDamaged, match=r"vault\.header"):
        take_out(made, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "vault"], "nothing is left over"
    assert everything(made).keys() == before.keys()
