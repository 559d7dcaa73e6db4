"""A write that was cut off is dropped in silence; damage never is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.vault import JournalDB, VaultDamaged
from outreach.vault.frames import FILE_HEAD, SECTOR

Crash = Callable[[Path], Path]


def journals(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


def used(file: Path) -> int:
    """Where the frames end and the zeros begin, in bytes."""
    length = len(file.read_bytes().rstrip(b"\0"))
    return -(-length // SECTOR) * SECTOR


def names(db: JournalDB) -> list[Any]:
    return [document["n"] for document in db]


@pytest.fixture
def before_and_after(folder: Path, key: bytes, as_left_by_a_crash: Crash) -> tuple[Path, int, int]:
    """A crashed folder, where its last frame begins, and where it ends."""
    with JournalDB(folder, key) as db:
        for n in range(3):
            db.insert({"n": n, "note": "x" * 100})
        begin = used(journals(folder)[0])
        db.insert({"n": 3, "note": "y" * 100})
        crashed = as_left_by_a_crash(folder)
    return crashed, begin, used(journals(crashed)[0])


def test_a_file_that_ends_anywhere_in_the_last_frame(
    before_and_after: tuple[Path, int, int], key: bytes, tmp_path: Path
) -> None:
    crashed, begin, end = before_and_after
    whole = journals(crashed)[0].read_bytes()
    assert end - begin > 128
    for cut in sorted({*range(begin, end, 11), begin + 1, begin + 31, begin + 32, end - 16, end - 1, end}):
        folder = tmp_path / f"cut-{cut}"
        shutil.copytree(crashed, folder)
        file = journals(folder)[0]
        file.write_bytes(whole[:cut])
        kept = list(range(4 if cut == end else 3))
        with JournalDB(folder, key) as db:
            assert names(db) == kept
            db.insert({"n": "next"})
        assert file.read_bytes() == whole[:cut], "what is torn is never written over"
        with JournalDB(folder, key) as db:
            assert names(db) == [*kept, "next"]


def test_zeros_where_the_end_of_the_last_frame_belongs(
    before_and_after: tuple[Path, int, int], key: bytes
) -> None:
    crashed, begin, end = before_and_after
    file = journals(crashed)[0]
    whole = file.read_bytes()
    for cut in range(begin, end - 16):
        file.write_bytes(whole[:cut] + bytes(len(whole) - cut))
        with JournalDB(crashed, key) as db:
            assert names(db) == [0, 1, 2]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.data())
def test_any_sectors_of_the_last_frame_missing(folder: Path, key: bytes, data: st.DataObject) -> None:
    """A disk may write the sectors of one write in any order before it loses power."""
    shutil.rmtree(folder, ignore_errors=True)
    crashed = folder.with_name("crashed")
    shutil.rmtree(crashed, ignore_errors=True)
    with JournalDB(folder, key) as db:
        db.insert({"n": 0, "note": "x" * data.draw(st.integers(0, 900))})
        begin = used(journals(folder)[0])
        db.insert({"n": 1, "note": "y" * data.draw(st.integers(0, 4000))})
        shutil.copytree(folder, crashed)
    file = journals(crashed)[0]
    end = used(file)
    sectors = range(begin // SECTOR, -(-end // SECTOR))
    missing = data.draw(st.sets(st.sampled_from(sectors), min_size=1))
    content = bytearray(file.read_bytes())
    for sector in missing:
        for position in range(max(begin, sector * SECTOR), min(end, (sector + 1) * SECTOR)):
            content[position] = 0
    file.write_bytes(content)
    with JournalDB(crashed, key) as db:
        assert names(db) == [0]
        db.insert({"n": 2})
    assert file.read_bytes() == content
    with JournalDB(crashed, key) as db:
        assert names(db) == [0, 2]


def test_torn_again_and_again(folder: Path, key: bytes, as_left_by_a_crash: Crash) -> None:
    kept: list[int] = []
    for n in range(6):
        with JournalDB(folder, key) as db:
            assert names(db) == kept
            db.insert({"n": n})
            kept.append(n)
            end = used(journals(folder)[-1])
            db.insert({"n": "torn"})
            crashed = as_left_by_a_crash(folder)
        file = journals(crashed)[-1]
        file.write_bytes(file.read_bytes()[: end + 20 + n])
        folder = crashed
    with JournalDB(folder, key) as db:
        assert names(db) == kept


def test_a_file_that_was_only_being_made(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"n": 0})
    for number, content in ((3, b""), (4, b"OUTVLT01"), (5, bytes(70_000))):
        for kind in ("journal", "snapshot"):
            (folder / f"{number:08d}.{kind}.new").write_bytes(content)
        with JournalDB(folder, key) as db:
            assert names(db) == [0]
            assert not list(folder.glob("*.new"))
    with JournalDB(folder, key) as db:
        db.insert({"n": 1})
    with JournalDB(folder, key) as db:
        assert names(db) == [0, 1]


def every_flip(data: bytes, begin: int = 0) -> list[tuple[int, bytes]]:
    """``data`` with one byte changed, for each byte: one bit, all bits, and to zero."""
    flips = []
    for position in range(begin, len(data)):
        for other in {data[position] ^ 1, data[position] ^ 0xFF, 0} - {data[position]}:
            flips.append((position, data[:position] + bytes([other]) + data[position + 1 :]))
    return flips


def test_one_byte_changed_after_a_crash_is_told_or_does_no_harm(
    before_and_after: tuple[Path, int, int], key: bytes
) -> None:
    """With zeros behind the last frame: a change in a frame is told, one in the zeros loses nothing."""
    crashed, begin, end = before_and_after
    file = journals(crashed)[0]
    whole = file.read_bytes()
    behind = [at for offset in range(0, 1200, 37) for at in every_flip(whole[: end + 1200], end + offset)[:1]]
    for position, changed in [*every_flip(whole[:end], begin), *behind]:
        file.write_bytes(changed + whole[len(changed) :])
        if position < end:
            with pytest.raises(VaultDamaged):
                JournalDB(crashed, key).close()
        else:
            try:
                with JournalDB(crashed, key) as db:
                    assert names(db) == [0, 1, 2, 3]
            except VaultDamaged:
                pass
            # opening wrote nothing, so the next change starts from the same files
    file.write_bytes(whole)


def test_a_blank_sector_with_frames_after_it_is_damage(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        for n in range(40):
            db.insert({"n": n, "note": "x" * 150})
    file = journals(folder)[0]
    content = bytearray(file.read_bytes())
    content[SECTOR : 2 * SECTOR] = bytes(SECTOR)
    file.write_bytes(content)
    with pytest.raises(VaultDamaged):
        JournalDB(folder, key)
    content[: 2 * SECTOR] = bytes(2 * SECTOR)
    file.write_bytes(content)
    with pytest.raises(VaultDamaged):
        JournalDB(folder, key)


def test_a_blank_head_with_frames_after_it_is_damage(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        for n in range(40):
            db.insert({"n": n + 1000, "note": "x" * 150})
    file = journals(folder)[0]
    whole = file.read_bytes()
    size = (len(whole) - FILE_HEAD) // 40
    for n in range(40):
        begin = FILE_HEAD + size * n
        content = bytearray(whole)
        to_sector = min(SECTOR - begin % SECTOR, len(whole) - begin)
        content[begin : begin + to_sector] = bytes(to_sector)
        file.write_bytes(content)
        if begin + to_sector < FILE_HEAD + size * 39:
            with pytest.raises(VaultDamaged, match="blank"):
                JournalDB(folder, key)
    file.write_bytes(whole)
    with JournalDB(folder, key) as db:
        assert len(db) == 40


def test_a_snapshot_that_breaks_off_is_told_even_between_frames(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.table("a").insert({"n": 0})
        db.table("b").insert({"n": 1})
        db.compact()
    file = next(folder.glob("*.snapshot"))
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(VaultDamaged):
            JournalDB(folder, key)
    file.write_bytes(whole + b"\1")
    with pytest.raises(VaultDamaged):
        JournalDB(folder, key)


def test_another_key_is_told_and_harms_nothing(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"n": 0})
    whole = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(VaultDamaged, match="the key is not the one"):
        JournalDB(folder, bytes(32))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == whole
    with JournalDB(folder, key) as db:
        assert names(db) == [0]
