"""Reading a vault's files back, and telling a torn frame from a damaged one.

A write that was cut off by a dying battery was never acknowledged: it is dropped without a word.
Anything else that does not match its seal is damage, and is never mistaken for a torn frame. The
difference is decided here, on bytes alone; FORMAT.md gives the rule and its limits.

The last frame of a journal is held back until the next file's head is read, because that file may
take its place: a frame whose saving failed is withdrawn so, and one that nobody can be sure of after
a crash is written once more.
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
    FILE_HEAD,
    FRAME_HEAD,
    NO_TAG,
    SECTOR,
    SNAPSHOT,
    SUFFIXES,
    TAG,
    DataKey,
    FileHead,
    Segment,
    frame_size,
    name_of,
)
from .progress import Progress, silent

_NAME: Final = re.compile(r"(\d{8,})(\.snapshot|\.journal)")
_KIND: Final = {suffix: kind for kind, suffix in SUFFIXES.items()}
_body = msgspec.msgpack.Decoder(Body)


@dataclass
class Chain:
    """How far the files of one vault have been read, or written."""

    contents: Contents = field(default_factory=Contents)
    file: int = 0
    """The number of the last file."""
    frame: int = 0
    """The number of the last good frame."""
    tag: bytes = NO_TAG
    """Its tag."""
    sizes: dict[str, int] = field(default_factory=dict)
    """The files that count, oldest first, with their length in bytes."""
    torn: int = 0
    """Torn ends that were passed over."""
    last: bytes | None = None
    """The last frame's body, when it is read from a journal and nobody can be sure that it is on the
    device for good. The next file begins with it."""
    last_in: str = ""
    """The file that it stands in."""
    before: bytes = NO_TAG
    """The tag of the frame before `last`."""


def vault_files(folder: Path) -> list[tuple[int, int, str]]:
    """Number, kind and name of the vault's files in ``folder``, in the order in which they are read."""
    found = []
    for name in files.names(folder):
        match = _NAME.fullmatch(name)
        if match:
            found.append((int(match[1]), _KIND[match[2]], name))
    return sorted(found)


def replay(folder: Path, key: DataKey, chain: Chain, progress: Progress = silent) -> list[str]:
    """Read everything in ``folder`` into ``chain``; returns the names of files that no longer count.

    ``progress`` is told after each file.

    Raises `VaultDamaged`, and then ``chain`` holds what came before the damage.
    """
    found = vault_files(folder)
    begin = max((number for number, kind, _ in found if kind == SNAPSHOT), default=0)
    if not begin:
        missing = name_of(SNAPSHOT, 1) if not found else f"before {found[0][2]}"
        raise VaultDamaged(folder, missing, "the snapshot that everything begins with is missing")
    counting = [file for file in found if file >= (begin, SNAPSHOT)]
    total = 0 if progress is silent else sum(files.size(folder / name) for _, _, name in counting)
    reader = _Reader(folder, key, chain)
    try:
        for number, kind, name in counting:
            reader.read(name, kind, number)
            progress(sum(chain.sizes.values()), total)
    finally:
        reader.settle()
    return [name for number, kind, name in found if (number, kind, name) not in counting]


class _Reader:
    """Reads file after file into a chain."""

    def __init__(self, folder: Path, key: DataKey, chain: Chain) -> None:
        self._folder = folder
        self._key = key
        self._chain = chain
        self._held: tuple[bytes, str, int] | None = None
        """The last frame's body, not made in memory yet, the file that it stands in, and where."""

    def read(self, name: str, kind: int, number: int) -> None:
        data = memoryview(files.read(self._folder / name))
        chain = self._chain
        head = FileHead.unpack(bytes(data[:FILE_HEAD]))
        if head is None or head.kind != kind or head.number != number or len(data) < FILE_HEAD:
            raise VaultDamaged(self._folder, name, "its first 512 bytes are not the head of this file")
        segment = Segment(self._key, bytes(data[:FILE_HEAD]))
        if not segment.is_head(bytes(data[:FILE_HEAD])):
            problem = "its head does not match its seal, or the key is not the one of this vault"
            raise VaultDamaged(self._folder, name, problem)
        chain.file = number
        chain.sizes[name] = len(data)
        if kind == SNAPSHOT:
            self._read_snapshot(name, data, segment)
            return
        if self._held and (head.first, head.previous) == (chain.frame, chain.before):
            self._withdraw()
        elif (head.first, head.previous) != (chain.frame + 1, chain.tag):
            missing = (
                f"it goes on with frame {head.first}, but not from frame {chain.frame}, the last before it"
            )
            raise VaultDamaged(self._folder, name, missing)
        self._read_journal(name, data, segment)

    def settle(self) -> None:
        """Make the frame that is held back in memory."""
        if self._held is None:
            return
        body, name, position = self._held
        self._held = None
        self._apply(body, name, position, self._chain.frame)

    def _withdraw(self) -> None:
        chain = self._chain
        chain.frame -= 1
        chain.tag = chain.before
        chain.last = self._held = None

    def _read_journal(self, name: str, data: memoryview, segment: Segment) -> None:
        chain, position = self._chain, FILE_HEAD
        while opened := segment.open(data, position, chain.frame + 1, chain.tag):
            self.settle()
            body, end = opened
            self._held = body, name, position
            chain.last, chain.last_in, chain.before = body, name, chain.tag
            chain.frame += 1
            chain.tag = bytes(data[end - TAG : end])
            position = end
        if not _blank(data[position:]):
            wrong = damage(data, position, segment, chain.frame + 1)
            if wrong:
                raise VaultDamaged(self._folder, name, wrong)
            chain.torn += 1

    def _read_snapshot(self, name: str, data: memoryview, segment: Segment) -> None:
        chain, position, number, tag = self._chain, FILE_HEAD, 0, NO_TAG
        end: Whole | None = None
        while not end and (opened := segment.open(data, position, number + 1, tag)):
            number += 1
            body = self._apply(opened[0], name, position, number)
            position = opened[1]
            tag = bytes(data[position - TAG : position])
            last = body.changes[-1] if body.changes else None
            end = last if isinstance(last, Whole) else None
        if not end or end.documents != chain.contents.documents or position != len(data):
            problem = f"the snapshot breaks off after frame {number}, at byte {position}"
            raise VaultDamaged(self._folder, name, problem)
        chain.frame, chain.tag, chain.before = end.frame, end.tag, NO_TAG

    def _apply(self, frame: bytes, name: str, position: int, number: int) -> Body:
        try:
            body = _body.decode(frame)
            self._chain.contents.apply(body.changes)
        except (msgspec.MsgspecError, KeyError):
            problem = f"frame {number} at byte {position} is sealed well but says nothing sensible"
            raise VaultDamaged(self._folder, name, problem) from None
        self._chain.contents.written_ms = body.written_ms
        return body


def damage(data: memoryview, start: int, segment: Segment, number: int) -> str | None:
    """What is wrong at ``start``, where frame ``number`` can't be opened; None when it is only torn.

    Torn means: the last thing in the file, and a piece of it never reached the disk. That is a file
    which ends inside the frame, or a sector of it that is still zeros.
    """
    rest = bytes(data[start:])
    used = len(rest.rstrip(b"\0"))
    if len(rest) < SECTOR or used < FRAME_HEAD:
        return None
    where = f"frame {number} at byte {start}"
    head = segment.read_head(rest[:FRAME_HEAD])
    if head is None:
        if any(rest[:SECTOR]):
            return f"{where} has a damaged head"
        if _later_head(rest, segment, number):
            return f"{where} is blank, but there are frames after it"
        return None
    if head[0] != number:
        return f"at byte {start} stands frame {head[0]} where frame {number} belongs"
    end = frame_size(head[1])
    if end > len(rest):
        return None
    if used > end:
        return f"{where} does not match its seal, and there is more after it"
    pieces = [rest[FRAME_HEAD:SECTOR], *(rest[at : at + SECTOR] for at in range(SECTOR, end, SECTOR))]
    if not all(any(piece) for piece in pieces) or not any(rest[end - TAG : end]):
        return None
    return f"{where} does not match its seal"


def _later_head(rest: bytes, segment: Segment, number: int) -> bool:
    for offset in range(SECTOR, len(rest) - FRAME_HEAD + 1, SECTOR):
        head = segment.read_head(rest[offset : offset + FRAME_HEAD])
        if head and head[0] > number:
            return True
    return False


def _blank(data: memoryview) -> bool:
    """Are these zeros only?"""
    return not any(data) if len(data) < SECTOR else bytes(data).count(0) == len(data)
