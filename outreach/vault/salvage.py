"""Taking out of a damaged vault what can still be read.

    found = salvage(folder, new_folder, passphrase)
    print(found)

Every frame proves itself, so what is taken is what was written. What is lost is told by file, byte
and frame, and stands as JSON lines in ``lost.jsonl`` in the new folder. Behind a damaged place reading
goes on: heads have a seal of their own, and stand at multiples of 512 bytes. The damaged vault is only
read. A record whose removal was lost may be there again; a record that was changed in a lost frame is
there as it was before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from tinydb.table import Document

from . import files
from .backup import new_folder
from .contents import Body, Change, Clear, Contents, Delete, Whole
from .documents import decode
from .errors import NotOpened, VaultNoAccess
from .frames import (
    FILE_HEAD,
    FRAME_HEAD,
    NO_TAG,
    SECTOR,
    SNAPSHOT,
    TAG,
    DataKey,
    FileHead,
    Segment,
    frame_size,
)
from .journal import take_lock
from .keyslots import FLOOR, Kdf
from .opening import header_of, require_header, unlock
from .passphrase import Passphrase
from .progress import Progress, silent
from .replay import damage, vault_files
from .vault import Vault

LOST: Final = "lost.jsonl"
_AT_ONCE = 2_000
_body = msgspec.msgpack.Decoder(Body)


class Lost(msgspec.Struct, frozen=True):
    """A place that could not be read."""

    file: str
    first_byte: int
    """Where it begins in the file."""
    last_byte: int
    """Where it ends, this byte included; before ``first_byte`` where the bytes are not there at all."""
    frames: list[int]
    """The numbers of the frames in it, as far as they are known."""
    problem: str

    def __str__(self) -> str:
        if self.last_byte < self.first_byte:
            return f"{self.file}: {self.problem}"
        return f"{self.file}, bytes {self.first_byte} to {self.last_byte}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was taken out, and what was not."""

    records: int
    tables: int
    frames: int
    """Frames that were read."""
    lost: tuple[Lost, ...]

    def __str__(self) -> str:
        lines = [
            f"Taken out: {self.records} records in {self.tables} tables, from {self.frames} sound pieces."
        ]
        if not self.lost:
            return lines[0] + " Nothing is missing."
        lines.append(f"Could not be read: {len(self.lost)} places.")
        return "\n".join([*lines, *(f"- {lost}" for lost in self.lost)])


def salvage(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    passphrase: str | Passphrase,
    *,
    kdf_floor: Kdf = FLOOR,
    progress: Progress = silent,
) -> Salvaged:
    """Take all that is sound from the vault in the folder ``path`` into a new vault in ``out``.

    The new one opens with the same passphrase, and has keys of its own. Raises `WrongPassphrase`,
    `VaultExists` when there is something in ``out``, `VaultInUse`, `VaultMissing`, `VaultDamaged` when it
    is the header that can't be read (nothing opens the rest then), `VaultNoAccess`, `BackupNotMade`.
    """
    passphrase = Passphrase(passphrase)
    folder = Path(path)
    require_header(folder)
    lock = take_lock(folder, shared=True)
    try:
        unlocked = unlock(folder, header_of(folder), passphrase, kdf_floor)
        with new_folder(Path(out)) as aside:
            taken = _Taken()
            _take(folder, unlocked.ring, taken, progress)
            with Vault.create(aside, passphrase, kdf=unlocked.settings) as vault:
                _put(taken.contents, vault)
            _write_list(aside / LOST, taken.lost)
    except PermissionError as error:
        raise VaultNoAccess(Path(error.filename or folder)) from None
    except OSError as error:
        raise NotOpened(folder, error) from None
    finally:
        if lock is not None:
            lock.close()
    contents = taken.contents
    return Salvaged(contents.documents, len(contents.tables), taken.frames, tuple(taken.lost))


@dataclass
class _Taken:
    contents: Contents = field(default_factory=Contents)
    frames: int = 0
    lost: list[Lost] = field(default_factory=list)

    def apply(self, changes: list[Change]) -> None:
        """Make the changes, as far as what they change is there."""
        for change in changes:
            if isinstance(change, Delete):
                rows = self.contents.tables.get(change.table, {})
                change = Delete(change.table, [doc_id for doc_id in change.ids if doc_id in rows])
                if not change.ids:
                    continue
            self.contents.apply([change])


@dataclass(frozen=True)
class _Read:
    """What one file gave."""

    name: str
    kind: int
    head: FileHead | None
    frames: list[tuple[int, Body]]
    lost: list[Lost]

    @property
    def is_whole(self) -> bool:
        """Is it a snapshot with nothing lost?"""
        if self.kind != SNAPSHOT or self.lost or not self.frames:
            return False
        changes = self.frames[-1][1].changes
        return bool(changes) and isinstance(changes[-1], Whole)


def _take(folder: Path, key: DataKey, taken: _Taken, progress: Progress) -> None:
    found = vault_files(folder)
    total, done = sum(files.size(folder / name) for _, _, name in found), 0
    read: list[_Read] = []
    for number, kind, name in found:
        data = _bytes(folder / name, taken)
        read.append(_read_file(name, kind, number, data, key))
        done += len(data)
        progress(done, max(done, total))
    whole = max((at for at, file in enumerate(read) if file.is_whole), default=None)
    if whole is None:
        taken.lost.append(Lost("", 0, -1, [], "no snapshot is whole: what was in it may be missing"))
    counting = read[whole:]  # what a whole snapshot takes the place of is not missed
    last = 0
    for at, file in enumerate(counting):
        next_first = _first_of_next(counting[at + 1 :]) if file.kind != SNAPSHOT else None
        taken.lost.extend(lost for lost in file.lost if not _is_withdrawn(lost.frames, next_first))
        adds_only = file.kind == SNAPSHOT and (whole is None or at > 0)
        for number, body in file.frames:
            if file.kind != SNAPSHOT:
                if _is_withdrawn([number], next_first):
                    continue
                _tell_gap(file, last, number, taken)
                last = number
            taken.frames += 1
            taken.apply([change for change in body.changes if not (adds_only and isinstance(change, Clear))])
            last = next((change.frame for change in body.changes if isinstance(change, Whole)), last)


def _first_of_next(later: list[_Read]) -> int | None:
    return next((file.head.first for file in later if file.head and file.kind != SNAPSHOT), None)


def _is_withdrawn(frames: list[int], next_first: int | None) -> bool:
    """Does the next file say that these frames do not count, or hold them once more?"""
    return bool(frames) and next_first is not None and min(frames) >= next_first


def _tell_gap(file: _Read, last: int, number: int, taken: _Taken) -> None:
    """Frames that are missing altogether: whole files, or ends of them."""
    if not last or number <= last + 1:
        return
    known = {frame for lost in taken.lost for frame in lost.frames}
    missing = [frame for frame in range(last + 1, number) if frame not in known]
    if missing:
        taken.lost.append(Lost(file.name, 0, -1, missing, f"{len(missing)} frames before it are missing"))


def _bytes(path: Path, taken: _Taken) -> bytes:
    try:
        return files.read(path)
    except PermissionError:
        raise
    except OSError as error:
        taken.lost.append(Lost(path.name, 0, -1, [], f"the device reports: {error.strerror}"))
        return b""


def _read_file(name: str, kind: int, number: int, data: bytes, key: DataKey) -> _Read:
    head = FileHead.unpack(data[:FILE_HEAD])
    if head is None or head.kind != kind or head.number != number:
        return _Read(name, kind, None, [], [Lost(name, 0, len(data) - 1, [], "its head is damaged")])
    frames: list[tuple[int, Body]] = []
    lost: list[Lost] = []
    segment = Segment(key, data[:FILE_HEAD])
    for found in _frames(name, kind, head, data, segment):
        if isinstance(found, Lost):
            lost.append(found)
        else:
            frames.append(found)
    if not frames and not segment.is_head(data[:FILE_HEAD].ljust(FILE_HEAD, b"\0")):
        lost = [Lost(name, 0, len(data) - 1, [], "its head is damaged, or it is under a key that is gone")]
        return _Read(name, kind, None, [], lost)
    if kind == SNAPSHOT and not lost and not _ends_well(frames):
        lost.append(Lost(name, len(data), len(data) - 1, [], "it breaks off"))
    return _Read(name, kind, head, frames, lost)


def _ends_well(frames: list[tuple[int, Body]]) -> bool:
    return bool(frames) and any(isinstance(change, Whole) for change in frames[-1][1].changes)


def _frames(
    name: str, kind: int, head: FileHead, data: bytes, segment: Segment
) -> Iterator[tuple[int, Body] | Lost]:
    """Each sound frame's number and body, and each place between that is not."""
    view = memoryview(data)
    first = 1 if kind == SNAPSHOT else head.first
    position, expected = FILE_HEAD, first
    tag = NO_TAG if kind == SNAPSHOT else head.previous
    while position + FRAME_HEAD <= len(data):
        plain = segment.read_head(data[position : position + FRAME_HEAD])
        if plain is None:
            after = _next_head(data, position + SECTOR, segment)
            if after is None:
                if not _is_end(view, position, segment, expected, kind):
                    yield Lost(name, position, len(data.rstrip(b"\0")) - 1, [], "damaged")
                return
            number, _ = segment.read_head(data[after : after + FRAME_HEAD]) or (expected, 0)
            yield Lost(name, position, after - 1, list(range(expected, number)), "damaged")
            position, expected, tag = after, number, data[after - TAG : after]
            continue
        number, length = plain
        end = position + frame_size(length)
        opened = segment.open(view, position, number, tag)
        body = _decoded(opened[0]) if opened else None
        if body is None:
            if _is_end(view, position, segment, number, kind):
                return
            yield Lost(name, position, min(end, len(data)) - 1, [number], "does not match its seal")
        else:
            yield number, body
        position, expected, tag = end, number + 1, data[end - TAG : end]


def _is_end(view: memoryview, position: int, segment: Segment, number: int, kind: int) -> bool:
    """Is there nothing here, or the rest of a write that never counted as saved?"""
    return kind != SNAPSHOT and damage(view, position, segment, number) is None


def _next_head(data: bytes, begin: int, segment: Segment) -> int | None:
    for offset in range(begin, len(data) - FRAME_HEAD + 1, SECTOR):
        if any(data[offset : offset + 16]) and segment.read_head(data[offset : offset + FRAME_HEAD]):
            return offset
    return None


def _decoded(body: bytes) -> Body | None:
    try:
        return _body.decode(body)
    except msgspec.MsgspecError:
        return None


def _put(contents: Contents, vault: Vault) -> None:
    for name, rows in contents.tables.items():
        table = vault.db.table(name, persist_empty=True)
        ids = list(rows)
        for begin in range(0, len(ids), _AT_ONCE):
            part = ids[begin : begin + _AT_ONCE]
            table.insert_multiple(Document(decode(rows[doc_id]), doc_id) for doc_id in part)


def _write_list(path: Path, lost: list[Lost]) -> None:
    lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in lost)
    descriptor = files.create(path)
    try:
        files.write_at(descriptor, lines, 0)
        files.sync_data(descriptor)
    finally:
        files.close(descriptor)
