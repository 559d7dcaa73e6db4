"""Somebody, or a failing disk, changes the files: FORMAT.md's table, row by row."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outreach.vault import JournalDB, Vault, VaultDamaged
from outreach.vault.frames import FILE_HEAD, SECTOR

from .simple import make, unlock
from .simulated import FOLDER, Disk, running

Files = dict[str, bytes]


@pytest.fixture
def three(folder: Path, key: bytes) -> Files:
    """A snapshot and three journals with three, one and two records, closed well."""
    add(folder, key, -1)
    with JournalDB(folder, key) as db:
        db.compact()
    for numbers in ((0, 1, 2), (3,), (4, 5)):
        add(folder, key, *numbers)
    assert [name for name in everything(folder) if name != "lock"] == [
        "00000004.snapshot", "00000005.journal", "00000006.journal", "00000007.journal",
    ]  # fmt: skip
    return everything(folder)


def add(folder: Path, key: bytes, *numbers: int) -> None:
    with JournalDB(folder, key) as db:
        for n in numbers:
            db.insert({"n": n})


def everything(folder: Path) -> Files:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def lay(folder: Path, content: Files) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    for name, data in content.items():
        (folder / name).write_bytes(data)


def found(folder: Path, key: bytes) -> list[Any] | None:
    """What an opening finds, None for damage; and it changes nothing that counts either way."""
    before = everything(folder)
    problem = ""
    try:
        db = JournalDB(folder, key)
    except VaultDamaged as damage:
        problem = str(damage)
    if problem:
        assert "Nothing was overwritten" in problem
        assert everything(folder) == before
        return None
    try:
        return [document["n"] for document in db]
    finally:
        db.close()
        after = everything(folder)
        assert after.items() <= before.items()


WHOLE = [-1, 0, 1, 2, 3, 4, 5]
SNAPSHOT, FIRST, SECOND, LAST = (
    "00000004.snapshot", "00000005.journal", "00000006.journal", "00000007.journal",
)  # fmt: skip


def test_one_byte_anywhere(folder: Path, key: bytes, three: Files) -> None:
    """One bit, all bits, and to zero. Nothing is written, and the message says which file it is."""
    assert found(folder, key) == WHOLE
    changes = 0
    for name in (SNAPSHOT, FIRST, SECOND, LAST):
        for position, byte in enumerate(three[name]):
            for other in {byte ^ 1 << position % 8, byte ^ 0xFF, 0} - {byte}:
                data = three[name][:position] + bytes([other]) + three[name][position + 1 :]
                disk = Disk({**three, name: data})
                with running(disk), pytest.raises(VaultDamaged, match="Nothing was overwritten") as caught:
                    JournalDB(FOLDER, key)
                assert caught.value.file == name, position
                assert {"write_at", "create", "remove", "rename", "cut"}.isdisjoint(disk.made)
                changes += 1
    assert changes > 2 * sum(len(data) for data in three.values())


def test_cut_anywhere(folder: Path, key: bytes, three: Files) -> None:
    repeated = {FIRST: FILE_HEAD + 2 * SECTOR, SECOND: FILE_HEAD + SECTOR}
    for name, data in three.items():
        for length in range(0, len(data), 32):
            lay(folder, {**three, name: data[:length]})
            expected: list[Any] | None = None
            if name == LAST and length >= FILE_HEAD:
                expected = WHOLE[: 4 + max(0, (length - FILE_HEAD) // SECTOR)]
                if length < FILE_HEAD + SECTOR:
                    expected = WHOLE[:4]  # the record that this file repeats goes with it
            elif name in repeated and length >= repeated[name]:
                expected = WHOLE
            assert found(folder, key) == expected, (name, length)


def test_made_longer(folder: Path, key: bytes, three: Files) -> None:
    for name in (SNAPSHOT, FIRST, SECOND, LAST):
        for more in (bytes(1), bytes(SECTOR)):
            lay(folder, {**three, name: three[name] + more})
            assert found(folder, key) == (None if name == SNAPSHOT else WHOLE)
        lay(folder, {**three, name: three[name] + b"\1" * SECTOR})
        assert found(folder, key) is None


def test_frames_swapped_left_out_doubled_or_moved(folder: Path, key: bytes, three: Files) -> None:
    first = [three[FIRST][at : at + SECTOR] for at in range(0, len(three[FIRST]), SECTOR)]
    last = [three[LAST][at : at + SECTOR] for at in range(0, len(three[LAST]), SECTOR)]
    assert len(first) == 4, "a head and three records"
    assert len(last) == 4, "a head, the record that is repeated, and two"
    orders: list[tuple[int, ...]] = [
        (0, 2, 3), (0, 1, 3), (0, 2, 1, 3), (0, 1, 3, 2), (0, 3, 2, 1), (0, 1, 1, 2, 3), (0, 1, 2, 2, 3),
        (0, 1, 2, 3, 3), (0, 1, 2, 3, 1), (1, 0, 2, 3), (1, 2, 3), (0, 0, 1, 2, 3),
    ]  # fmt: skip
    for order in orders:
        lay(folder, {**three, FIRST: b"".join(first[n] for n in order)})
        assert found(folder, key) is None, order
    lay(folder, {**three, LAST: b"".join(last + first[-1:])})
    assert found(folder, key) is None
    lay(folder, {**three, FIRST: b"".join(first + last[-1:])})
    assert found(folder, key) is None
    lay(folder, {**three, SNAPSHOT: three[SNAPSHOT] + first[-1]})
    assert found(folder, key) is None
    lay(folder, {**three, LAST: b"".join(last[:-1])})
    assert found(folder, key) == WHOLE[:-1], "as if the device had died: FORMAT.md says so"
    lay(folder, {**three, FIRST: b"".join(first[:-1])})
    assert found(folder, key) == WHOLE, "the next file repeats it"


def test_files_missing_swapped_or_renamed(folder: Path, key: bytes, three: Files) -> None:
    def without(*names: str) -> Files:
        return {name: data for name, data in three.items() if name not in names}

    for changed, expected in (
        (without(SNAPSHOT), None),
        (without(FIRST), None),
        (without(SECOND), None),
        (without(FIRST, SECOND), None),
        (without(LAST), WHOLE[:5]),
        (without(SECOND, LAST), WHOLE[:4]),
        (without(FIRST, SECOND, LAST), WHOLE[:1]),
        ({**three, FIRST: three[SECOND], SECOND: three[FIRST]}, None),
        ({**three, SECOND: three[LAST], LAST: three[SECOND]}, None),
        ({**three, "00000008.journal": three[LAST]}, None),
        ({**three, "00000008.journal": three[FIRST]}, None),
        ({**three, "00000008.snapshot": three[SNAPSHOT]}, None),
        ({**three, "00000008.snapshot": three[LAST]}, None),
        ({**without(LAST), "00000008.journal": three[LAST]}, None),
        ({**three, "00000002.journal": three[LAST], "00000003.snapshot": b"anything"}, WHOLE),
    ):
        lay(folder, changed)
        assert found_loosely(folder, key) == expected


def found_loosely(folder: Path, key: bytes) -> list[Any] | None:
    """As `found`, where leftovers may be taken away."""
    try:
        with JournalDB(folder, key) as db:
            return [document["n"] for document in db]
    except VaultDamaged:
        return None


def test_an_empty_journal_missing_is_harmless(folder: Path, key: bytes, three: Files) -> None:
    head_only = three[LAST][:FILE_HEAD]
    lay(folder, {**three, LAST: head_only})
    add(folder, key, "more")  # type: ignore[arg-type]
    content = everything(folder)
    assert found(folder, key) == [*WHOLE[:4], "more"] or found(folder, key) == [*WHOLE[:5], "more"]
    expected = found(folder, key)
    del content[LAST]
    lay(folder, content)
    assert found_loosely(folder, key) in (expected, None)


def test_files_of_another_vault_and_of_another_time(
    folder: Path, key: bytes, three: Files, tmp_path: Path
) -> None:
    other, older = tmp_path / "other", tmp_path / "older"
    for place, other_key in ((other, bytes(32)), (older, key)):
        add(place, other_key, -1)
        with JournalDB(place, other_key) as db:
            db.compact()
        for numbers in ((0, 1, 2), (3,), (4, 5)):
            add(place, other_key, *numbers)
        for name, data in everything(place).items():
            if name != "lock":
                lay(folder, {**three, name: data})
                assert found(folder, key) is None, (place, name)


def test_snapshots_of_other_times(folder: Path, key: bytes, three: Files) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"n": 6})
        db.compact()
        db.insert({"n": 7})
    later = everything(folder)
    assert [name for name in later if name != "lock"] == ["00000009.snapshot", "00000010.journal"]
    newest = later["00000009.snapshot"]
    lay(folder, {**three, **later})
    assert found_loosely(folder, key) == [*WHOLE, 6, 7], "older files beside newer ones are leftovers"
    del later["00000009.snapshot"]
    lay(folder, later)
    assert found(folder, key) is None
    lay(folder, {**later, "00000009.snapshot": three[SNAPSHOT]})
    assert found(folder, key) is None
    lay(folder, {**later, "00000012.snapshot": newest})
    assert found(folder, key) is None


def test_the_newest_snapshot_missing_beside_what_it_stands_for(folder: Path, key: bytes) -> None:
    with JournalDB(folder, key) as db:
        for n in range(5):
            db.insert({"n": n})
        before = everything(folder)
        journal = db._journal
        chain = journal._opened()
        journal._begin_file(chain)  # as a compaction in slices begins
        for n in range(5, 8):
            db.insert({"n": n})
        db.compact()
        db.insert({"n": 8})
        after = everything(folder)
    lay(folder, {**before, **after})
    assert found_loosely(folder, key) == list(range(9))


def test_the_whole_folder_set_back(folder: Path, key: bytes, three: Files) -> None:
    add(folder, key, 6)
    lay(folder, three)
    assert found(folder, key) == WHOLE, "not noticed without a keystore: FORMAT.md says so"


def test_a_sector_of_the_last_frame_set_to_zero_looks_torn(folder: Path, key: bytes, three: Files) -> None:
    data = three[LAST]
    lay(folder, {**three, LAST: data[:-SECTOR] + bytes(SECTOR)})
    assert found(folder, key) == WHOLE[:-1]
    lay(folder, {**three, LAST: data[:-16] + bytes(16)})
    assert found(folder, key) == WHOLE[:-1]
    middle = len(data) - 2 * SECTOR
    lay(folder, {**three, LAST: data[:middle] + bytes(SECTOR) + data[middle + SECTOR :]})
    assert found(folder, key) is None


def vault_with(folder: Path, work: Callable[[Vault], object]) -> Files:
    with unlock(folder) as vault:
        work(vault)
    return everything(folder)


def test_headers_of_other_times_and_vaults(folder: Path, tmp_path: Path) -> None:
    make(folder).close()
    first = vault_with(folder, lambda vault: vault.db.insert({"n": 1}))
    with unlock(folder) as vault:
        vault.db.insert({"n": 2})
        vault.forget()
    turned = everything(folder)
    lay(folder, {**turned, "vault.header": first["vault.header"]})
    with pytest.raises(VaultDamaged):
        unlock(folder)
    lay(folder, {**first, "vault.header": turned["vault.header"]})
    with pytest.raises(VaultDamaged):
        unlock(folder)
    other = tmp_path / "other"
    make(other).close()
    lay(folder, {**turned, "vault.header": everything(other)["vault.header"]})
    with pytest.raises(VaultDamaged):
        unlock(folder)
    lay(folder, turned)
    with unlock(folder) as vault:
        assert [document["n"] for document in vault.db] == [1, 2]
