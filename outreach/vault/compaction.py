"""A snapshot made in slices, while records go on being saved.

Everything that is there at the beginning goes into one new file, a piece at a time, each with its
own sync, so that no save waits for long. What is saved meanwhile goes into a journal that follows
the snapshot. Only when the snapshot has its name for good do the older files go.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from pathlib import Path
from typing import Final

import msgspec

from . import files
from .contents import Body, Whole, frozen, snapshot
from .frames import NO_TAG, SALT, SNAPSHOT, TAG, DataKey, FileHead, Segment, name_of
from .replay import Chain

UNFINISHED: Final = ".new"
"""What a file's name ends with while it is being made."""
PIECE: Final = 64 * 1024
"""About how many bytes of documents go into one frame of a snapshot."""
SYNC_AFTER: Final = 1024 * 1024
"""So many bytes are written before they are synced: fewer cost more in all, more hold up for longer."""

_encode_body = msgspec.msgpack.Encoder().encode


class Compaction:
    """One snapshot on its way. Call `step` until it says that it is done, or `abandon`."""

    def __init__(self, folder: Path, key: DataKey, number: int, chain: Chain, now_ms: int) -> None:
        """Note everything in ``chain`` as it is now, for the snapshot ``number``. Raises `OSError`."""
        self.name = name_of(SNAPSHOT, number)
        self.number = number
        self.size = 0
        """The file's length so far, in bytes."""
        self.named = False
        """The snapshot may have its name, for good or not."""
        contents = chain.contents
        self.written_ms = now_ms if contents.written_ms is None else contents.written_ms
        end = Whole(contents.documents, chain.frame, chain.tag)
        self._pieces = snapshot(frozen(contents), end, PIECE)
        self._folder = folder
        self._frame, self._tag = 0, NO_TAG
        self._unsynced = 0
        head = FileHead(SNAPSHOT, number, 1, secrets.token_bytes(SALT), key.number).pack()
        self._segment = Segment(key, head)
        self._unfinished = folder / (self.name + UNFINISHED)
        with contextlib.suppress(FileNotFoundError):
            files.remove(self._unfinished)
        self._descriptor: int | None = files.create(self._unfinished)
        self._write(self._segment.head())

    def __repr__(self) -> str:
        return f"<Compaction into {self.name}, {self.size} bytes so far>"

    def step(self, least: int | None = None, seconds: float = 0.02) -> bool:
        """Write at least so many bytes, but for no longer than ``seconds``; None: all there is.

        True when the snapshot has its name for good. Raises `OSError`.
        """
        assert self._descriptor is not None
        until = time.perf_counter() + seconds
        target = self.size + (least or 0)
        for changes in self._pieces:
            self._frame += 1
            body = _encode_body(Body(self.written_ms, changes))
            sealed = self._segment.seal(self._frame, body, self._tag)
            self._tag = sealed[-TAG:]
            self._write(sealed)
            if least is None:
                continue
            if self._unsynced >= SYNC_AFTER:
                files.sync_data(self._descriptor)
                self._unsynced = 0
                return False
            if self.size >= target or time.perf_counter() > until:
                return False
        files.sync_data(self._descriptor)
        self._close()
        self.named = True
        files.rename(self._unfinished, self._folder / self.name)
        files.sync_folder(self._folder)
        return True

    def abandon(self) -> None:
        """Take away what is there of the file, unless it has its name already."""
        with contextlib.suppress(OSError):
            self._close()
        if not self.named:
            with contextlib.suppress(OSError):
                files.remove(self._unfinished)

    def _write(self, data: bytes) -> None:
        assert self._descriptor is not None
        files.write_at(self._descriptor, data, self.size)
        self.size += len(data)
        self._unsynced += len(data)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            files.close(descriptor)
