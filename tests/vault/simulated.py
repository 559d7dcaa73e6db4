"""A disk in memory that forgets what was not synced, and dies or fails at whichever call it is told to.

It stands in for `outreach.vault.files`. Each file has the bytes that a program sees and those that are
on the device for good; between two syncs any sector of any write, any new length, and any name that
was made, changed or taken away may have got there or not, in any order.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from outreach.vault import compaction, files, journal

FOLDER = Path("/simulated")
SECTOR = 512
CALLS = [
    "make_folder",
    "names",
    "read",
    "size",
    "create",
    "reopen",
    "write_at",
    "sync_data",
    "sync_folder",
    "cut",
    "close",
    "rename",
    "remove",
    "lock",
]


class Died(BaseException):
    """The power is gone."""


class Node:
    """A file: ``seen`` by programs, ``safe`` on the device, and what was done to it since the last sync."""

    def __init__(self, safe: bytes = b"") -> None:
        self.seen, self.safe = bytearray(safe), bytes(safe)
        self.since: list[tuple[int, bytes]] = []  # offset and a sector or less; b"" for a new length

    def after_power_loss(self, chance: random.Random, arrives: float) -> bytes:
        content = bytearray(self.safe)
        for offset, piece in self.since:
            if chance.random() >= arrives:
                continue
            if piece:
                content.extend(bytes(max(0, offset + len(piece) - len(content))))
                content[offset : offset + len(piece)] = piece
            elif offset < len(content):
                del content[offset:]
        return bytes(content)


class Disk:
    """One folder's files. ``dies_at`` and ``fails_at`` count calls from 0; ``error`` is what fails."""

    def __init__(self, nodes: dict[str, bytes] | None = None) -> None:
        self.seen = {name: Node(content) for name, content in (nodes or {}).items()}
        self.safe = dict(self.seen)
        self.since: list[tuple[str | None, str | None, Node]] = []
        self.open: dict[int, Node] = {}
        self.made: list[str] = []
        self.dies_at: int | None = None
        self.fails_at: set[int] = set()
        self.error = errno.EIO
        self.next = 100

    def after_power_loss(self, chance: random.Random, arrives: float) -> Disk:
        """What the next start finds; each piece that was not synced arrived with the chance ``arrives``."""
        names = dict(self.safe)
        for old, new, node in self.since:
            if chance.random() < arrives:
                if old is not None and names.get(old) is node:
                    del names[old]
                if new is not None:
                    names[new] = node
        return Disk({name: node.after_power_loss(chance, arrives) for name, node in names.items()})

    def killed(self) -> Disk:
        """The process is gone, the system goes on: everything is seen, nothing more is safe."""
        self.open.clear()
        self.dies_at = None
        self.fails_at = set()
        return self

    def contents(self) -> dict[str, bytes]:
        return {name: bytes(node.seen) for name, node in self.seen.items()}

    # What `files` offers

    def make_folder(self, folder: Path) -> None: ...

    def names(self, folder: Path) -> list[str]:
        return sorted(self.seen)

    def read(self, path: Path) -> bytes:
        return bytes(self._node(path).seen)

    def size(self, path: Path) -> int:
        return len(self._node(path).seen)

    def create(self, path: Path) -> int:
        if path.name in self.seen:
            raise FileExistsError(path)
        node = self.seen[path.name] = Node()
        self.since.append((None, path.name, node))
        self.next += 1
        self.open[self.next] = node
        return self.next

    def reopen(self, path: Path) -> int:
        self.next += 1
        self.open[self.next] = self._node(path)
        return self.next

    def write_at(self, descriptor: int, data: bytes, offset: int) -> None:
        node = self.open[descriptor]
        node.seen.extend(bytes(max(0, offset + len(data) - len(node.seen))))
        node.seen[offset : offset + len(data)] = data
        at = offset
        while at < offset + len(data):
            end = min(at - at % SECTOR + SECTOR, offset + len(data))
            node.since.append((at, data[at - offset : end - offset]))
            at = end

    def sync_data(self, descriptor: int) -> None:
        node = self.open[descriptor]
        node.safe, node.since = bytes(node.seen), []

    def sync_folder(self, folder: Path) -> None:
        self.safe, self.since = dict(self.seen), []

    def cut(self, descriptor: int, length: int) -> None:
        node = self.open[descriptor]
        del node.seen[length:]
        node.since.append((length, b""))

    def close(self, descriptor: int) -> None:
        del self.open[descriptor]

    def rename(self, old: Path, new: Path) -> None:
        node = self._node(old)
        del self.seen[old.name]
        self.seen[new.name] = node
        self.since.append((old.name, new.name, node))

    def remove(self, path: Path) -> None:
        node = self._node(path)
        del self.seen[path.name]
        self.since.append((path.name, None, node))

    def lock(self, path: Path, *, shared: bool = False) -> Any:
        return _Lock()

    def _node(self, path: Path) -> Node:
        if path.name not in self.seen:
            raise FileNotFoundError(path)
        return self.seen[path.name]

    # Trouble

    def call(self, name: str, *args: Any, **options: Any) -> Any:
        at = len(self.made)
        self.made.append(name)
        if self.dies_at is not None and at >= self.dies_at:
            if name == "write_at" and at == self.dies_at:
                self.write_at(*args)
            raise Died
        if at in self.fails_at:
            self._fail(name, args)
            raise OSError(self.error, "it is broken")
        return getattr(self, name)(*args, **options)

    def _fail(self, name: str, args: Any) -> None:
        """The worst that a failing call leaves behind."""
        if name == "write_at":
            self.write_at(args[0], args[1][: len(args[1]) // 2], args[2])
        elif name == "sync_data":
            self.open[args[0]].since = []  # the system takes it for written, and it never will be
        elif name == "sync_folder":
            self.since = []
        elif name == "close":
            self.close(*args)


class _Lock:
    def close(self) -> None: ...


@contextmanager
def running(disk: Disk | Callable[[], Disk]) -> Iterator[None]:
    """The vault's files are on ``disk`` (or on what it gives at each call).

    Its rooms and slices are small, so that much happens early.
    """
    current = disk if callable(disk) else lambda: disk
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(files, name, lambda *a, _name=name, **o: current().call(_name, *a, **o))
        patch.setattr(files, "bypass_cache", lambda descriptor: None)
        patch.setattr(journal, "SMALLEST_ROOM", 2048)
        patch.setattr(journal, "LARGEST_ROOM", 4096)
        patch.setattr(journal, "SPARED", 4096)
        patch.setattr(journal, "SLICE", 600)
        patch.setattr(compaction, "PIECE", 500)
        patch.setattr(compaction, "SYNC_AFTER", 1500)
        yield
