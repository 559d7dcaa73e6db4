"""A whole vault as one file, and back.

    backup(folder, "tuesday.vault", passphrase)
    restore("tuesday.vault", new_folder, passphrase)

A backup is a plain tar file of the vault's own files: they are sealed as they lie, so the backup is as
well, and the same passphrase opens it. It is taken without locking anything, so the vault may be open
here or in another program: files are only ever added to at their end or replaced as a whole, so a copy
is one moment of the vault if the list of files and the header are the same before and after. Every
copy is read through before it counts, when it is taken and when it comes back.

What was forgotten in the vault afterwards (`Vault.forget`) is still in a backup from before.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import secrets
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from . import files
from .checkup import Checkup, read_through, told
from .errors import (
    BackupDamaged,
    BackupNotMade,
    VaultDamaged,
    VaultExists,
    VaultNoAccess,
    VaultTooNew,
)
from .frames import DataKey
from .header import HEADER, Header, parse_header
from .keyslots import FLOOR, Kdf
from .opening import require_header, unlock
from .passphrase import Passphrase
from .progress import Progress, silent
from .replay import vault_files

FORMAT: Final = 1
CONTENTS: Final = "backup.json"
MOST_FILES: Final = 10_000
_LONGEST_LIST = 4 * 1024 * 1024
_OURS = re.compile(rf"{re.escape(HEADER)}|\d{{8,20}}\.(snapshot|journal)")
_TRIES = 20
_PIECE = 1024 * 1024


class _File(msgspec.Struct, frozen=True):
    name: str
    size: int
    sha256: str


class _List(msgspec.Struct, frozen=True):
    """The first member of the tar file: what else is in it."""

    format: int
    vault: str
    made: datetime
    files: list[_File]


class _Format(msgspec.Struct, frozen=True):
    format: int


def backup(
    path: str | os.PathLike[str],
    file: str | os.PathLike[str],
    passphrase: str | Passphrase,
    *,
    kdf_floor: Kdf = FLOOR,
    progress: Progress = silent,
) -> Checkup:
    """Copy the vault in the folder ``path`` into the new file ``file``, and tell what is in the copy.

    The vault may be open meanwhile. Raises `BackupNotMade` when the file is there already or can't be
    written, `VaultDamaged` for a vault that is not sound (see `salvage`), and as `check` does.
    """
    passphrase = Passphrase(passphrase)
    folder = Path(path)
    require_header(folder)
    return copy_out(
        folder, Path(file), lambda header: unlock(folder, header, passphrase, kdf_floor).ring, progress
    )


def copy_out(folder: Path, file: Path, ring: Callable[[Header], DataKey], progress: Progress) -> Checkup:
    """`backup`, with ``ring`` giving the data keys of the vault's header."""
    if file.exists():
        raise BackupNotMade(file, "there is a file of that name already")
    aside = file.with_name(f".{file.name}.{secrets.token_hex(4)}.new")
    try:
        aside.mkdir(mode=0o700)
        found = _one_moment(folder, aside, file, ring, progress)
        packed = aside / "packed"
        _pack(aside, packed, found)
        if file.exists():
            raise BackupNotMade(file, "there is a file of that name already")
        files.rename(packed, file)
        files.sync_folder(file.parent)
    except PermissionError as error:
        raise VaultNoAccess(Path(error.filename or file)) from None
    except OSError as error:
        raise BackupNotMade(file, error.strerror or type(error).__name__) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return found


def restore(
    file: str | os.PathLike[str],
    path: str | os.PathLike[str],
    passphrase: str | Passphrase,
    *,
    kdf_floor: Kdf = FLOOR,
    progress: Progress = silent,
) -> Checkup:
    """Make the vault in the new folder ``path`` what it was at the backup ``file``, and tell what is in it.

    All of it is read through first; then the folder gets its name. Nothing is ever overwritten. A device
    whose keystore knows a later state asks for ``accept_older`` at the next `Vault.open`. Raises
    `VaultExists` where there is something, `BackupDamaged`, `BackupNotMade`, `WrongPassphrase`,
    `VaultTooNew`, `VaultNoAccess`.
    """
    passphrase = Passphrase(passphrase)
    file, folder = Path(file), Path(path)
    with new_folder(folder) as aside:
        _unpack(file, aside, progress)
        key = unlock(aside, _read_header(aside), passphrase, kdf_floor).ring
        chain, damage = read_through(aside, key)
        if damage is not None:
            raise BackupDamaged(file, f"{damage.file} in it is damaged: {damage.problem}")
        return told(aside, chain, None)


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside ``folder`` to fill; when that went well it takes its name, and otherwise it is gone.

    Raises `VaultExists` when something is there, `BackupNotMade`, `VaultNoAccess`.
    """
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.new")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise VaultExists(folder, "there is something already")
        files.make_folder(folder.parent)
        aside.mkdir(mode=0o700)
        yield aside
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()  # only ever an empty one
        files.sync_folder(aside)
        files.rename(aside, folder)
        files.sync_folder(folder.parent)
    except PermissionError as error:
        raise VaultNoAccess(Path(error.filename or folder)) from None
    except OSError as error:
        raise BackupNotMade(folder, error.strerror or type(error).__name__) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _one_moment(
    folder: Path, aside: Path, file: Path, ring: Callable[[Header], DataKey], progress: Progress
) -> Checkup:
    """Copy the vault's files, as they are at one moment. Raises `VaultDamaged`, `BackupNotMade`."""
    key, key_for = None, b""
    problem: tuple[str, str] | None = None
    for again in range(_TRIES):
        if again:
            time.sleep(0.05)
        try:
            before = files.read(folder / HEADER)
            if key is None or key_for != before:
                key, key_for = ring(parse_header(folder, before)), before
            listed = vault_files(folder)
            _copy(folder, aside, [name for _, _, name in listed], progress)
            unchanged = vault_files(folder) == listed and files.read(folder / HEADER) == before
        except FileNotFoundError:
            require_header(folder)
            continue  # a compaction took it away
        if not unchanged:
            continue
        _write(aside / HEADER, before)
        chain, damage = read_through(aside, key)
        if damage is None:
            return told(aside, chain, None)
        problem = damage.file, damage.problem  # or a frame was copied while it was being written
    if problem is not None:
        raise VaultDamaged(folder, *problem)
    raise BackupNotMade(file, "the vault changed all the while")


def _copy(folder: Path, aside: Path, names: list[str], progress: Progress) -> None:
    for left in aside.iterdir():
        left.unlink()
    total = sum(files.size(folder / name) for name in names)
    done = 0
    for name in names:
        data = files.read(folder / name)
        _write(aside / name, data)
        done += len(data)
        progress(done, max(total, done))


def _pack(aside: Path, packed: Path, found: Checkup) -> None:
    names = [HEADER, *(name for _, _, name in vault_files(aside))]
    header = _read_header(aside)
    listed = [_File(name, files.size(aside / name), _digest(aside / name)) for name in names]
    made = datetime.now(UTC).replace(microsecond=0)
    text = msgspec.json.encode(_List(FORMAT, header.vault, made, listed))
    with os.fdopen(files.create(packed), "wb") as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            tar.addfile(_member(CONTENTS, len(text)), io.BytesIO(text))
            for entry in listed:
                with (aside / entry.name).open("rb") as source:
                    tar.addfile(_member(entry.name, entry.size), source)
        stream.flush()
        files.sync_data(stream.fileno())
    assert found.files == len(names) - 1


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _unpack(file: Path, aside: Path, progress: Progress) -> None:
    """Take the files out, each checked against the list at the beginning. Raises `BackupDamaged`."""
    try:
        stream = file.open("rb")
    except (FileNotFoundError, IsADirectoryError):
        raise BackupDamaged(file, "there is no such file") from None
    with stream:
        try:
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                listed = _listed(file, tar)
                total, done = sum(entry.size for entry in listed.files), 0
                for entry in listed.files:
                    done = _take(file, tar, entry, aside, (done, total), progress)
                if tar.next() is not None:
                    raise BackupDamaged(file, "there is more in it than its list says")
        except (tarfile.TarError, EOFError, ValueError):
            listed = None
    if listed is None:
        raise BackupDamaged(file, "it breaks off, or is no backup of a vault")
    if _read_header(aside).vault != listed.vault:
        raise BackupDamaged(file, "its list and its header are of two vaults")


def _listed(file: Path, tar: tarfile.TarFile) -> _List:
    member = tar.next()
    if member is None or member.name != CONTENTS or not member.isreg() or member.size > _LONGEST_LIST:
        raise BackupDamaged(file, "it is no backup of a vault")
    source = tar.extractfile(member)
    assert source is not None
    text = source.read()
    try:
        version = msgspec.json.decode(text, type=_Format).format
        if version > FORMAT:
            raise VaultTooNew(file, version)
        listed = msgspec.json.decode(text, type=_List)
    except msgspec.MsgspecError:
        raise BackupDamaged(file, "the list at its beginning can't be read") from None
    names = [entry.name for entry in listed.files]
    if len(names) > MOST_FILES or len(set(names)) != len(names) or HEADER not in names:
        raise BackupDamaged(file, "its list names no vault's files")
    if not all(_OURS.fullmatch(name) for name in names):
        raise BackupDamaged(file, "its list names files that are no vault's")
    return listed


def _take(
    file: Path, tar: tarfile.TarFile, entry: _File, aside: Path, so_far: tuple[int, int], progress: Progress
) -> int:
    member = tar.next()
    if member is None or member.name != entry.name or not member.isreg() or member.size != entry.size:
        raise BackupDamaged(file, f"{entry.name} is not where its list says")
    source = tar.extractfile(member)
    assert source is not None
    done, total = so_far
    digest = hashlib.sha256()
    with os.fdopen(files.create(aside / entry.name), "wb") as target:
        while piece := source.read(_PIECE):
            digest.update(piece)
            target.write(piece)
            done += len(piece)
            progress(done, total)
        target.flush()
        files.sync_data(target.fileno())
    if digest.hexdigest() != entry.sha256:
        raise BackupDamaged(file, f"{entry.name} in it was changed, or its disk is failing")
    return done


def _read_header(folder: Path) -> Header:
    return parse_header(folder, files.read(folder / HEADER))


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(files.create(path), "wb") as target:
        target.write(data)


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
