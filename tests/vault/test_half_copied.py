"""Folders that are not as a vault leaves them, and clocks that are wrong: a sentence each, no change."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tinydb import where

from forms import wording
from outreach.vault import (
    AttemptPolicy,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultMissing,
    VaultTooNew,
    backup,
    check,
    salvage,
)

from .simple import SMALL, WORDS, everything, make, unlock


@pytest.fixture
def made(folder: Path) -> Path:
    """A snapshot and two journals."""
    with make(folder) as vault:
        vault.db.insert_multiple({"n": n} for n in range(10))
        vault.db.compact()
        vault.db.insert({"n": 10})
        vault.db.insert({"n": 11})
    with unlock(folder) as vault:
        vault.db.insert({"n": 12})
    return folder


def test_every_way_to_copy_a_part_of_it(made: Path, tmp_path: Path) -> None:
    """Whatever set of files, or beginning of the last one, has arrived: it is told, and stays as it is."""
    names = sorted(everything(made))
    assert [name.split(".")[-1] for name in names] == ["snapshot", "journal", "journal", "header"]
    for chosen in range(2 ** len(names)):
        part = [name for at, name in enumerate(names) if chosen >> at & 1]
        copy = tmp_path / f"copy-{chosen}"
        copy.mkdir()
        for name in part:
            shutil.copy(made / name, copy)
        before = everything(copy)
        if "vault.header" not in part:
            with pytest.raises(VaultDamaged if part else VaultMissing) as caught:
                unlock(copy)
            assert wording.check(str(caught.value), "en") == []
            if part:
                with pytest.raises(VaultExists):
                    make(copy)
        elif part[: len(part) - 1] == names[: len(part) - 1] and len(part) > 1:
            with unlock(copy) as vault:  # the newest is missing: it looks as if the device had died
                assert len(vault.db) >= 10
            continue
        else:
            with pytest.raises(VaultDamaged, match=r"missing|goes on") as caught:
                unlock(copy)
            assert wording.check(str(caught.value), "en") == []
        assert everything(copy) == before


def test_a_copy_that_broke_off_in_a_file(made: Path) -> None:
    last = max(file.name for file in made.glob("*.journal"))
    for name in sorted(everything(made)):
        whole = (made / name).read_bytes()
        for length in range(0, len(whole) - 1, 101):
            (made / name).write_bytes(whole[:length])
            before = everything(made)
            try:
                with unlock(made) as vault:
                    left, told = len(vault.db), ""
            except VaultDamaged as damage:
                told = damage.file
            if told:
                assert told == name or told.endswith(".journal")
                assert everything(made) == before
            else:  # nothing is missing, because the next file holds it too, or the device seems to have died
                assert left == 13 or name == last
        (made / name).write_bytes(whole)


def test_what_others_leave_in_the_folder_is_none_of_ours(made: Path, tmp_path: Path) -> None:
    strangers = {".DS_Store": b"x", "00000009.journal.bak": b"x", "1.snapshot": b"x", "notes.txt": b"x"}
    for name, content in strangers.items():
        (made / name).write_bytes(content)
    (made / "folder").mkdir()
    with unlock(made) as vault:
        assert len(vault.db) == 13
    assert check(made, WORDS, kdf_floor=SMALL).sound
    assert backup(made, tmp_path / "file", WORDS, kdf_floor=SMALL).records == 13
    for name, content in strangers.items():
        assert (made / name).read_bytes() == content


def test_a_newer_version_is_told_by_every_door(made: Path, tmp_path: Path) -> None:
    from hashlib import sha256

    text = 'outreach-vault 2\n{"all":"new"}\n'
    (made / "vault.header").write_text(text + f"sha256 {sha256(text.encode()).hexdigest()}\n")
    before = everything(made)
    for door in (
        lambda: unlock(made),
        lambda: unlock(made, attempts=AttemptPolicy()),
        lambda: check(made, WORDS, kdf_floor=SMALL),
        lambda: salvage(made, tmp_path / "out", WORDS, kdf_floor=SMALL),
        lambda: backup(made, tmp_path / "file", WORDS, kdf_floor=SMALL),
    ):
        with pytest.raises(VaultTooNew, match="Update the app"):
            door()
    assert everything(made) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["vault"]


@pytest.mark.parametrize("now", [0.0, -86400.0, 4_102_444_800.0])
def test_a_clock_far_off_loses_nothing(made: Path, now: float) -> None:
    with unlock(made, clock=lambda: now) as vault:
        vault.db.insert({"n": "then"})
        with vault.erasing():
            vault.db.remove(where("n") == 3)
    with unlock(made) as vault:
        assert vault.db.contains(where("n") == "then")
        assert len(vault.db) == 13
    found = check(made, WORDS, kdf_floor=SMALL)
    assert found.sound
    assert found.last_written == datetime.fromtimestamp(now, UTC)


def test_a_file_where_a_folder_belongs(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for door in (
        lambda: unlock(file),
        lambda: check(file, WORDS, kdf_floor=SMALL),
        lambda: salvage(file, tmp_path / "out", WORDS, kdf_floor=SMALL),
        lambda: backup(file, tmp_path / "copy", WORDS, kdf_floor=SMALL),
    ):
        with pytest.raises(VaultError, match="no vault"):
            door()
    assert file.read_text() == "x"
