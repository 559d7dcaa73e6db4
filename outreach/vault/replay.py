"""Reading a vault's files back, and telling a torn frame from a damaged one.

A write that was cut off by a dying battery was never acknowledged: it is dropped without a word.
Anything else that does not match its seal is damage, and is never mistaken for a torn frame. The
difference is decided here, on bytes alone; FORMAT.md gives the rule and its limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from . import files
from .contents import Body, Contents, Whole
from .errors import VaultDamaged
from .frames import (
    ALIGN,
    FILE_HEAD,
    FRAME_HEAD,
    JOURNAL,
    NO_TAG,
    SNAPSHOT,
    SUFFIXES,
    TAG,
    DataKey,
    FileHead,
    Segment,
    frame_size,
    name_of,
)

SECTOR: Final = 512
"""The piece, in bytes, that a disk writes whole or not at all."""

_NAME = re.compile(r"(\d{8,})(\.snapshot|\.journal)")
_KIND = {suffix: kind for kind, suffix in SUFFIXES.items()}
_body = msgspec.msgpack.Decoder(Body)


@dataclass
class Chain:
    """How far the files of one vault have been read."""

    contents: Contents = field(default_factory=Contents)
    file: int = 0
    """The number of the last file."""
    frame: int = 0
    """The number of the last good frame."""
    tag: bytes = NO_TAG
    """Its tag."""
    files: list[str] = field(default_factory=list)
    """The files that count, oldest first."""
    torn: int = 0
    """Torn ends that were passed over."""


def vault_files(folder: Path) -> list[tuple[int, int, str]]:
    """Number, kind and name of the vault's files in ``folder``, oldest first."""
    found = []
    for name in files.names(folder):
        match = _NAME.fullmatch(name)
        if match:
            found.append((int(match[1]), _KIND[match[2]], name))
    return sorted(found)


def replay(folder: Path, key: DataKey, chain: Chain) -> list[str]:
    """Read everything in ``folder`` into ``chain``; returns the names of files that no longer count.

    Raises `VaultDamaged`, and then ``chain`` holds what came before the damage.
    """
    found = vault_files(folder)
    begin = max((number for number, kind, _ in found if kind == SNAPSHOT), default=0)
    if not begin:
        missing = name_of(SNAPSHOT, 1) if not found else f"before {found[0][2]}"
        raise VaultDamaged(folder, missing, "the snapshot that everything begins with is missing")
    expected = begin
    for number, kind, name in found:
        if number < begin:
            continue
        if number != expected or (kind == SNAPSHOT) != (number == begin):
            missing = name_of(JOURNAL, expected)
            raise VaultDamaged(folder, missing, "it is missing, though later files are there")
        _read_file(folder, name, kind, number, key, chain)
        expected += 1
    return [name for number, _, name in found if number < begin]


def _read_file(folder: Path, name: str, kind: int, number: int, key: DataKey, chain: Chain) -> None:
    data = memoryview(files.read(folder / name))
    head = FileHead.unpack(bytes(data[:FILE_HEAD]))
    chain.file = number
    chain.files.append(name)
    if kind == SNAPSHOT:
        if head is None or head.kind != kind or head.number != number:
            raise VaultDamaged(folder, name, "its first 64 bytes are not the head of this file")
        chain.frame, chain.tag = head.first - 1, NO_TAG
    elif head is None or head.kind != kind or head.number != number:
        if _blank(data[FILE_HEAD:]):
            chain.torn += 1  # the device died while the file was made: no frame was ever in it
            return
        raise VaultDamaged(folder, name, "its first 64 bytes are not the head of this file")
    elif head.first != chain.frame + 1:
        raise VaultDamaged(
            folder, name, f"it begins with frame {head.first}, but the last one before it is {chain.frame}"
        )
    end, whole = _read_frames(folder, name, data, Segment(key, bytes(data[:FILE_HEAD])), chain)
    if kind == SNAPSHOT and (not whole or not _blank(data[end:])):
        raise VaultDamaged(folder, name, f"the snapshot breaks off after frame {chain.frame}, at byte {end}")


def _read_frames(
    folder: Path, name: str, data: memoryview, segment: Segment, chain: Chain
) -> tuple[int, bool]:
    """Apply frame after frame; returns where the good ones end and if a snapshot's last one was there."""
    position = FILE_HEAD
    whole = False
    contents = chain.contents
    while opened := segment.open(data, position, chain.frame + 1, chain.tag):
        frame, end = opened
        try:
            body = _body.decode(frame)
            contents.apply(body.changes)
        except (msgspec.MsgspecError, KeyError):
            problem = f"frame {chain.frame + 1} at byte {position} is sealed well but says nothing sensible"
            raise VaultDamaged(folder, name, problem) from None
        last = body.changes[-1] if body.changes else None
        whole = isinstance(last, Whole) and last.documents == contents.documents
        contents.written_ms = body.written_ms
        chain.frame += 1
        chain.tag = bytes(data[end - TAG : end])
        position = end
    if not _blank(data[position:]):
        wrong = damage(data, position, segment, chain.frame + 1)
        if wrong:
            raise VaultDamaged(folder, name, wrong)
        chain.torn += 1
    return position, whole


def damage(data: memoryview, start: int, segment: Segment, number: int) -> str | None:
    """What is wrong at ``start``, where frame ``number`` can't be opened; None when it is only torn.

    Torn means: the last thing in the file, and a piece of it never reached the disk. That is a file
    which ends inside the frame, or a sector of it that is still zeros.
    """
    rest = bytes(data[start:])
    used = len(rest.rstrip(b"\0"))
    if len(rest) < FRAME_HEAD or used < FRAME_HEAD:
        return None
    where = f"frame {number} at byte {start}"
    head = segment.read_head(rest[:FRAME_HEAD])
    to_sector = SECTOR - start % SECTOR
    if head is None:
        if any(rest[:to_sector]):
            return f"{where} has a damaged head, or the key is not the one of this vault"
        if _later_head(rest, to_sector, segment, number):
            return f"{where} is blank, but there are frames after it"
        return None
    if head[0] != number:
        return f"at byte {start} stands frame {head[0]} where frame {number} belongs"
    end = frame_size(head[1])
    if end > len(rest):
        return None
    if used > end:
        return f"{where} does not match its seal, and there is more after it"
    starts = [FRAME_HEAD, *range(to_sector, end, SECTOR)]
    pieces = [rest[a:b] for a, b in zip(starts, [*starts[1:], end], strict=True) if a >= FRAME_HEAD and a < b]
    if not all(any(piece) for piece in pieces) or not any(rest[end - TAG : end]):
        return None
    return f"{where} does not match its seal"


def _later_head(rest: bytes, begin: int, segment: Segment, number: int) -> bool:
    for offset in range(begin, len(rest) - FRAME_HEAD + 1, ALIGN):
        head = segment.read_head(rest[offset : offset + FRAME_HEAD])
        if head and head[0] > number:
            return True
    return False


def _blank(data: memoryview) -> bool:
    """Are these zeros only?"""
    return not any(data) if len(data) < SECTOR else bytes(data).count(0) == len(data)
