"""The journal: a change is one sealed frame at the end of a file, on the device before it counts.

`Journal` owns the files of one folder, the lock on it and what they add up to (`contents`). Order of
every write: encode, seal, append, sync, and only then change memory. What goes wrong between append
and memory closes the journal to further writing: a frame number is never used twice under one key,
and an fsync that failed once says nothing when it is asked again.

Each opening writes to a file of its own, begun at its first write. Files are never written in place
except at their end, inside zeros that were laid out beforehand.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec

from . import files
from .contents import Body, Change, Contents, snapshot
from .errors import (
    NotOpened,
    NotSaved,
    ValueRefused,
    VaultClosed,
    VaultInUse,
    VaultMissing,
    VaultNoAccess,
)
from .frames import JOURNAL, LONGEST, NO_TAG, SALT, SNAPSHOT, TAG, DataKey, FileHead, Segment, name_of
from .replay import Chain, replay, vault_files

LOCK: Final = "lock"
UNFINISHED: Final = ".new"
"""What a file's name ends with while it is being made."""
UNFINISHED_SNAPSHOT: Final = ".snapshot.new"
SMALLEST_ROOM: Final = 64 * 1024
LARGEST_ROOM: Final = 1024 * 1024
"""How many zeros are laid out at once, in bytes: a write into them costs less than making the file grow."""
PIECE: Final = 1024 * 1024
"""About how many bytes of documents go into one frame of a snapshot."""
DEAD_WORTH: Final = 64 * 1024
"""Fewer dead bytes than this are not worth a compaction."""
MOST_FILES: Final = 32
"""More files than this are made one at the next opening."""

_encode_body = msgspec.msgpack.Encoder().encode


def take_lock(folder: Path, *, shared: bool = False) -> FileIO | None:
    """Lock the folder for this opening. Raises `VaultInUse`, `VaultMissing`, `VaultNoAccess`, `NotOpened`.

    A shared lock is for readers that write nothing; None when there is no lock file to share.
    """
    try:
        if shared and not (folder / LOCK).exists():
            return None
        lock = files.lock(folder / LOCK, shared=shared)
    except FileNotFoundError:
        raise VaultMissing(folder) from None
    except PermissionError:
        raise VaultNoAccess(folder) from None
    except OSError as error:
        raise NotOpened(folder, error) from error
    if lock is None:
        raise VaultInUse(folder)
    return lock


class Journal:
    """The open files of one vault. Use from any thread; one opening at a time, in one process."""

    def __init__(
        self,
        folder: Path,
        key: DataKey,
        *,
        create: bool,
        lock: FileIO | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open what is in ``folder``; with ``create``, begin a journal where there is none.

        ``lock`` is the folder's lock if the caller has it already; it is let go at `close`, and also
        when the opening fails. ``clock`` gives seconds since 1970.
        """
        self.guard = threading.RLock()
        """Held around every change, and around reading that a change follows from."""
        self._folder = folder
        self._key = key
        self._clock = clock
        self._process = os.getpid()
        self._descriptor: int | None = None
        self._position = 0
        self._room = 0  # where the zeros end that are laid out already
        self._segment: Segment | None = None
        self._broken: str | None = None
        self._chain: Chain | None = None
        self._lock = lock
        try:
            if create:
                files.make_folder(folder)
            if lock is None:
                self._lock = take_lock(folder)
            self._open(create)
        except PermissionError:
            self._let_go()
            raise VaultNoAccess(folder) from None
        except OSError as error:
            self._let_go()
            raise NotOpened(folder, error) from error
        except BaseException:
            self._let_go()
            raise

    def __repr__(self) -> str:
        return f"<Journal in {self._folder}, {'closed' if self._chain is None else 'open'}>"

    @property
    def contents(self) -> Contents:
        """What the journal adds up to. Raises `VaultClosed`."""
        return self._opened().contents

    def commit(self, changes: list[Change]) -> None:
        """Append the changes as one frame, sync, then make them in memory.

        When this returns they are on the device. Raises `NotSaved` when they may not be, `ValueRefused`
        when they are too long for one frame, `VaultClosed`, `VaultInUse` in a forked process.
        """
        with self.guard:
            chain = self._writable()
            if not changes:
                return
            written_ms = self._now()
            body = _encode_body(Body(written_ms, changes))
            if len(body) > LONGEST:
                raise ValueRefused(f"it is more than {LONGEST >> 20} MiB at once")
            segment = self._segment or self._begin_file(chain)
            frame = segment.seal(chain.frame + 1, body, chain.tag)
            self._broken = "writing was interrupted"  # until the end of this block says otherwise
            try:
                self._append(frame)
            except OSError as error:
                self._broken = error.strerror or type(error).__name__
                raise NotSaved(self._broken) from error
            chain.frame += 1
            chain.tag = frame[-TAG:]
            chain.contents.apply(changes)
            chain.contents.written_ms = written_ms
            self._broken = None

    def compact(self) -> None:
        """Write everything that is there into one new file, and unlink the others.

        Raises `NotSaved` when that did not work; everything saved is safe in the old files then.
        """
        with self.guard:
            chain = self._writable()
            try:
                self._compact(chain)
            except OSError as error:
                raise NotSaved(error.strerror or type(error).__name__) from error

    def close(self) -> None:
        """Let go of files and lock. Can be called twice."""
        with self.guard:
            chain = self._chain
            if chain is None:
                return
            try:
                if self._broken is None and self._process == os.getpid():
                    if _worth_compacting(chain):
                        with contextlib.suppress(OSError):
                            self._compact(chain)
                    self._trim()
            finally:
                self._let_go()

    # Opening

    def _open(self, create: bool) -> None:
        chain = Chain()
        if create and not vault_files(self._folder):
            self._write_snapshot(chain)
        else:
            outdated = replay(self._folder, self._key, chain)
            names = files.names(self._folder)
            self._remove([*outdated, *(name for name in names if name.endswith(UNFINISHED_SNAPSHOT))])
            if _worth_compacting(chain):
                with contextlib.suppress(OSError):
                    self._compact(chain)
                if self._broken:
                    raise NotSaved(self._broken)
        self._chain = chain

    def _opened(self) -> Chain:
        if self._chain is None:
            raise VaultClosed
        return self._chain

    def _writable(self) -> Chain:
        chain = self._opened()
        if self._process != os.getpid():
            raise VaultInUse(self._folder)  # a forked child would seal under the parent's numbers
        if self._broken is not None:
            raise NotSaved(self._broken)
        return chain

    # Writing

    def _begin_file(self, chain: Chain) -> Segment:
        """Begin this opening's file: head and zeros are on the device before the first frame is."""
        number = chain.file + 1
        path = self._folder / name_of(JOURNAL, number)
        head = FileHead(JOURNAL, number, chain.frame + 1, secrets.token_bytes(SALT), self._key.number).pack()
        self._broken = "writing was interrupted"
        try:
            self._descriptor = files.create(path)
            files.write_at(self._descriptor, head + bytes(SMALLEST_ROOM - len(head)), 0)
            files.sync_data(self._descriptor)
            files.sync_folder(self._folder)
        except OSError as error:
            self._broken = error.strerror or type(error).__name__
            raise NotSaved(self._broken) from error
        self._position, self._room = len(head), SMALLEST_ROOM
        self._segment = Segment(self._key, head)
        chain.file = number
        chain.files.append(path.name)
        self._broken = None
        return self._segment

    def _append(self, frame: bytes) -> None:
        assert self._descriptor is not None
        end = self._position + len(frame)
        if end > self._room:
            more = min(max(self._room, SMALLEST_ROOM), LARGEST_ROOM)
            files.write_at(self._descriptor, frame + bytes(more), self._position)
            self._room = end + more
        else:
            files.write_at(self._descriptor, frame, self._position)
        files.sync_data(self._descriptor)
        self._position = end

    def _compact(self, chain: Chain) -> None:
        old = [name for _, _, name in vault_files(self._folder)]
        self._finish_file()
        self._write_snapshot(chain)
        self._remove(old)

    def _write_snapshot(self, chain: Chain) -> None:
        """One file with everything in ``chain``: made beside the others, synced, then given its name."""
        number = chain.file + 1
        path = self._folder / name_of(SNAPSHOT, number)
        unfinished = path.with_name(path.name + UNFINISHED)
        with contextlib.suppress(FileNotFoundError):
            files.remove(unfinished)
        head = FileHead(SNAPSHOT, number, chain.frame + 1, secrets.token_bytes(SALT), self._key.number).pack()
        segment = Segment(self._key, head)
        written_ms = chain.contents.written_ms
        if written_ms is None:
            written_ms = self._now()
        frame, tag = chain.frame, NO_TAG
        try:
            descriptor = files.create(unfinished)
            try:
                files.write_at(descriptor, head, 0)
                position = len(head)
                for changes in snapshot(chain.contents, PIECE):
                    frame += 1
                    sealed = segment.seal(frame, _encode_body(Body(written_ms, changes)), tag)
                    files.write_at(descriptor, sealed, position)
                    position += len(sealed)
                    tag = sealed[-TAG:]
                files.sync_data(descriptor)
            finally:
                files.close(descriptor)
            files.rename(unfinished, path)
        except OSError:
            with contextlib.suppress(OSError):
                files.remove(unfinished)
            raise
        self._broken = "the folder could not be synced"  # the new name may or may not outlive a crash
        files.sync_folder(self._folder)
        self._broken = None
        chain.file, chain.frame, chain.tag = number, frame, tag
        chain.files = [path.name]
        chain.torn = 0
        chain.contents.written_ms = written_ms
        chain.contents.stored = chain.contents.live

    def _finish_file(self) -> None:
        """Close this opening's file, without the zeros at its end."""
        self._trim()
        descriptor, self._descriptor, self._segment = self._descriptor, None, None
        if descriptor is not None:
            files.close(descriptor)

    def _trim(self) -> None:
        if self._descriptor is not None and self._room > self._position:
            with contextlib.suppress(OSError):  # zeros at the end do no harm
                files.cut(self._descriptor, self._position)
                self._room = self._position
                files.sync_data(self._descriptor)

    def _remove(self, names: list[str]) -> None:
        """Unlink files that no longer count; one that stays does no harm and goes at the next opening."""
        for name in names:
            with contextlib.suppress(OSError):
                files.remove(self._folder / name)

    def _let_go(self) -> None:
        self._chain = None
        self._segment = None
        descriptor, self._descriptor = self._descriptor, None
        lock, self._lock = self._lock, None
        try:
            if descriptor is not None:
                with contextlib.suppress(OSError):
                    files.close(descriptor)
        finally:
            if lock is not None:
                lock.close()

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _worth_compacting(chain: Chain) -> bool:
    dead = chain.contents.stored - chain.contents.live
    return len(chain.files) > MOST_FILES or (dead > chain.contents.live and dead > DEAD_WORTH)
