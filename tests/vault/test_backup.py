"""A vault as one file and back, while it is in use, and from files that somebody tampered with."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outreach.vault import (
    BackupDamaged,
    BackupNotMade,
    Checkup,
    MemoryKeystore,
    Vault,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultMissing,
    VaultSetBack,
    VaultTooNew,
    WrongPassphrase,
    backup,
    files,
    restore,
)

from .simple import OTHER, SMALL, WORDS, everything, make, unlock

MODULE = sys.modules["outreach.vault.backup"]  # the package's name for it is the function


def save(folder: Path, file: Path, passphrase: str = WORDS, **options: Any) -> Checkup:
    return backup(folder, file, passphrase, kdf_floor=SMALL, **options)


def bring_back(file: Path, folder: Path, passphrase: str = WORDS, **options: Any) -> Checkup:
    return restore(file, folder, passphrase, kdf_floor=SMALL, **options)


@pytest.fixture
def made(folder: Path) -> Path:
    with make(folder) as vault:
        vault.db.insert_multiple({"n": n} for n in range(10))
        vault.db.compact()
        vault.db.insert({"n": 10, "handle": "Blue Heron"})
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tuesday.vault"


def test_there_and_back(made: Path, file: Path, tmp_path: Path) -> None:
    before = everything(made)
    seen: list[tuple[int, int]] = []
    found = save(made, file, progress=lambda done, total: seen.append((done, total)))
    assert (found.sound, found.records) == (True, 11)
    assert seen[-1][0] == seen[-1][1] > 0
    assert everything(made) == before
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert b"Heron" not in content
    assert WORDS.encode() not in content
    seen.clear()
    assert bring_back(file, tmp_path / "back", progress=lambda *way: seen.append(way)).records == 11
    assert seen[-1][0] == seen[-1][1] > 0
    assert everything(tmp_path / "back") == before
    with unlock(tmp_path / "back") as vault:
        assert [document["n"] for document in vault.db] == list(range(11))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "tuesday.vault", "vault"]


def test_it_is_a_plain_tar_file(made: Path, file: Path) -> None:
    save(made, file)
    with tarfile.open(file) as tar:
        names = tar.getnames()
        source = tar.extractfile("backup.json")
        assert source is not None
        listed = json.loads(source.read())
    assert names == ["backup.json", *(entry["name"] for entry in listed["files"])]
    assert set(names[1:]) == set(everything(made))
    assert listed["format"] == 1


def test_while_it_is_open_here(made: Path, file: Path, tmp_path: Path) -> None:
    with unlock(made) as vault:
        vault.db.insert({"n": 11})
        assert save(made, file).records == 12
        assert vault.backup(tmp_path / "by itself").records == 12
        vault.db.insert({"n": 12})
    for saved in (file, tmp_path / "by itself"):
        folder = saved.with_suffix(".back")
        bring_back(saved, folder)
        with unlock(folder) as vault:
            assert len(vault.db) == 12


def test_while_another_thread_saves_and_compacts(made: Path, file: Path, tmp_path: Path) -> None:
    """Each copy is one moment: the numbers in it have no gap."""
    with unlock(made) as vault:
        done = threading.Event()

        def work() -> None:
            n = 11
            while not done.is_set():
                vault.db.insert({"n": n, "note": "x" * 200})
                n += 1
                if n % 50 == 0:
                    vault.db.compact()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            copies = []
            for copy in range(4):
                try:
                    vault.backup(tmp_path / f"copy-{copy}")
                except BackupNotMade:  # not a moment was found: said, and nothing left behind
                    assert not (tmp_path / f"copy-{copy}").exists()
                else:
                    copies.append(tmp_path / f"copy-{copy}")
        finally:
            done.set()
            thread.join()
    for copy_file in copies:
        folder = copy_file.with_suffix(".back")
        bring_back(copy_file, folder)
        with unlock(folder) as vault:
            assert [document["n"] for document in vault.db] == list(range(len(vault.db)))


def test_while_another_process_has_it(made: Path, file: Path, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom outreach.vault import Kdf, Vault\n"
        "with Vault.open(sys.argv[1], sys.argv[2], kdf_floor=Kdf(8, 1, 1)) as vault:\n"
        "    vault.db.insert({'n': 11})\n    print('open', flush=True)\n    sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, made, WORDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        assert save(made, file).records == 12
    finally:
        child.communicate("")
    bring_back(file, tmp_path / "back")
    with unlock(tmp_path / "back") as vault:
        assert len(vault.db) == 12


def test_the_header_changes_while_it_is_copied(
    made: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unlock(made) as vault:
        real, left = files.read, [vault.forget, vault.db.compact]

        def read(path: Path) -> bytes:
            data = real(path)
            if path.parent == made and path.suffix == ".snapshot" and left:
                left.pop(0)()
            return data

        monkeypatch.setattr(files, "read", read)
        assert save(made, file).records == 11
        monkeypatch.undo()
        assert left == []
    bring_back(file, tmp_path / "back")
    unlock(tmp_path / "back").close()


def test_a_vault_that_never_stands_still(made: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with unlock(made) as vault:
        real = files.read

        def read(path: Path) -> bytes:
            data = real(path)
            if path.parent == made and path.suffix == ".snapshot":
                vault.db.compact()
            return data

        monkeypatch.setattr(files, "read", read)
        monkeypatch.setattr(MODULE, "_TRIES", 3)
        with pytest.raises(BackupNotMade, match="changed all the while"):
            vault.backup(file)
    assert [path.name for path in file.parent.iterdir()] == ["vault"]


def test_nothing_is_overwritten(made: Path, file: Path, tmp_path: Path) -> None:
    file.write_text("mine")
    with pytest.raises(BackupNotMade, match="already"):
        save(made, file)
    assert file.read_text() == "mine"
    file.unlink()
    save(made, file)
    before = everything(made)
    taken = tmp_path / "taken"
    taken.write_text("mine")
    for place in (made, taken):
        with pytest.raises(VaultExists):
            bring_back(file, place)
    assert everything(made) == before
    assert taken.read_text() == "mine"
    (tmp_path / "empty").mkdir()
    bring_back(file, tmp_path / "empty")
    unlock(tmp_path / "empty").close()


def test_a_wrong_passphrase_or_no_vault(made: Path, file: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongPassphrase):
        save(made, file, OTHER)
    with pytest.raises(VaultMissing):
        save(tmp_path / "nowhere", file)
    with pytest.raises(BackupDamaged, match="no such file"):
        bring_back(file, tmp_path / "back")
    save(made, file)
    with pytest.raises(WrongPassphrase):
        bring_back(file, tmp_path / "back", OTHER)
    with pytest.raises(BackupNotMade):
        save(made, tmp_path / "no folder" / "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tuesday.vault", "vault"]


def test_a_damaged_vault_is_not_backed_up(
    made: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "_TRIES", 2)
    snapshot = next(made.glob("*.snapshot"))
    content = bytearray(snapshot.read_bytes())
    content[600] ^= 1
    snapshot.write_bytes(content)
    with pytest.raises(VaultDamaged) as caught:
        save(made, file)
    assert str(made) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["vault"]


def test_a_device_that_knows_better_asks(made: Path, file: Path, tmp_path: Path) -> None:
    keystore = MemoryKeystore()
    unlock(made, keystore=keystore).close()
    save(made, file)
    with unlock(made, keystore=keystore) as vault:
        vault.db.insert({"n": 11})
    bring_back(file, tmp_path / "back")
    with pytest.raises(VaultSetBack):
        unlock(tmp_path / "back", keystore=keystore)
    unlock(tmp_path / "back", keystore=keystore, accept_older=True).close()


# Tampering


def test_one_changed_byte_anywhere(made: Path, file: Path, tmp_path: Path) -> None:
    """It is refused, or it is in what a tar file says beside the files and changes nothing."""
    save(made, file)
    whole = file.read_bytes()
    expected = everything(made)
    refused = 0
    for at in range(0, len(whole), 37):
        changed = bytearray(whole)
        changed[at] ^= 0x21
        file.write_bytes(changed)
        try:
            bring_back(file, tmp_path / "back")
        except VaultError:
            refused += 1
            assert not (tmp_path / "back").exists()
        else:
            assert everything(tmp_path / "back") == expected
            shutil.rmtree(tmp_path / "back")
    assert refused > len(whole) / 37 / 4
    file.write_bytes(whole)


def test_cut_anywhere(made: Path, file: Path, tmp_path: Path) -> None:
    save(made, file)
    whole = file.read_bytes()
    used = len(whole.rstrip(b"\0"))
    for length in range(0, used, 101):
        file.write_bytes(whole[:length])
        with pytest.raises(BackupDamaged):
            bring_back(file, tmp_path / "back")
        assert not (tmp_path / "back").exists()


Change = Callable[[dict[str, Any], dict[str, bytes]], None]


def repacked(file: Path, change: Change) -> None:
    """Take the backup apart, change its list or files, and pack it again."""
    with tarfile.open(file) as tar:
        parts = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    listed = json.loads(parts.pop("backup.json"))
    change(listed, parts)
    parts = {"backup.json": json.dumps(listed).encode(), **parts}
    with tarfile.open(file, "w") as tar:
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def renamed(to: str) -> Change:
    def change(listed: dict[str, Any], parts: dict[str, bytes]) -> None:
        name = listed["files"][-1]["name"]
        listed["files"][-1]["name"] = to
        parts[to] = parts.pop(name)

    return change


@pytest.mark.parametrize(
    "change",
    [
        renamed("../outside"),
        renamed("/tmp/outside"),
        renamed("lock"),
        renamed("00000001.journal/x"),
        lambda listed, parts: listed["files"].pop(0),
        lambda listed, parts: listed["files"].append(listed["files"][-1]),
        lambda listed, parts: parts.update(more=b""),
        lambda listed, parts: listed.update(vault="0" * 32),
        lambda listed, parts: listed.pop("vault"),
        lambda listed, parts: listed["files"].reverse(),
        lambda listed, parts: listed.update(files=[]),
        lambda listed, parts: listed["files"][-1].update(size=10**15),
    ],
)
def test_a_list_that_lies(made: Path, file: Path, tmp_path: Path, change: Change) -> None:
    save(made, file)
    repacked(file, change)
    with pytest.raises(BackupDamaged):
        bring_back(file, tmp_path / "back")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tuesday.vault", "vault"]


def test_links_and_other_files(made: Path, file: Path, tmp_path: Path) -> None:
    save(made, file)
    with tarfile.open(file) as tar:
        parts = [(member, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]
    with tarfile.open(file, "w") as tar:
        for member, content in parts:
            if member.name == "vault.header":
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
                tar.addfile(member)
            else:
                tar.addfile(member, io.BytesIO(content))
    with pytest.raises(BackupDamaged):
        bring_back(file, tmp_path / "back")
    for content in (b"", b"x" * 5000, made.joinpath("vault.header").read_bytes()):
        file.write_bytes(content)
        with pytest.raises(BackupDamaged):
            bring_back(file, tmp_path / "back")


def test_a_backup_of_a_newer_version(made: Path, file: Path, tmp_path: Path) -> None:
    save(made, file)
    repacked(file, lambda listed, parts: listed.update(format=2, news=True))
    with pytest.raises(VaultTooNew, match="Update the app"):
        bring_back(file, tmp_path / "back")


def test_files_of_two_vaults_in_one(made: Path, file: Path, tmp_path: Path) -> None:
    """Sound by its list, and not by its seals."""
    import hashlib

    with make(tmp_path / "other") as other:
        other.db.insert({"n": 99})
    theirs = max((tmp_path / "other").glob("*.journal")).read_bytes()
    save(made, file)

    def mix(listed: dict[str, Any], parts: dict[str, bytes]) -> None:
        entry = listed["files"][-1]
        entry.update(size=len(theirs), sha256=hashlib.sha256(theirs).hexdigest())
        parts[entry["name"]] = theirs

    repacked(file, mix)
    with pytest.raises(BackupDamaged, match="journal"):
        bring_back(file, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_full_disk_leaves_nothing_behind(
    made: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(made, file)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    for name in ("create", "sync_data", "rename"):
        with monkeypatch.context() as patch:
            patch.setattr(files, name, full)
            with pytest.raises(BackupNotMade, match="No space left"):
                save(made, tmp_path / "another")
            with pytest.raises(BackupNotMade, match="No space left"):
                bring_back(file, tmp_path / "back")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tuesday.vault", "vault"]
    assert isinstance(unlock(made), Vault)
