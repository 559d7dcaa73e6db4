"""The journal: a change is one sealed frame at the end of a file, on the device before it counts.

`Journal` owns the files of one folder, the lock on it and what they add up to (`contents`). Order of
every write: encode, seal, append, sync, and only then change memory. What goes wrong between sealing
and memory ends the file: nothing more is written to it, because a frame number is never used twice
under one key and an fsync that failed once says nothing when it is asked again. The next write
begins another file, whose head says that the failed frame does not count. Reading goes on throughout.

Each opening, too, writes to a file of its own, begun at its first write. Files are never written in
place except at their end, inside zeros that were laid out beforehand.
"""

from __future__ import annotations

import contextlib
import errno
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
from .compaction import UNFINISHED, Compaction
from .contents import Body, Change, Contents
from .errors import (
    NotOpened,
    NotSaved,
    ValueRefused,
    VaultClosed,
    VaultInUse,
    VaultMissing,
    VaultNoAccess,
)
from .frames import JOURNAL, LONGEST, SALT, SECTOR, SUFFIXES, TAG, DataKey, FileHead, Segment, name_of
from .replay import Chain, replay, vault_files

LOCK: Final = "lock"
SMALLEST_ROOM: Final = 64 * 1024
LARGEST_ROOM: Final = 1024 * 1024
"""How many zeros are laid out at once, in bytes: a write into them costs less than making the file grow."""
MOST_USED: Final = 1.5
"""Files longer than the live documents so many times over are worth a compaction,"""
SPARED: Final = 256 * 1024
"""and this many bytes more."""
MOST_FILES: Final = 32
"""So are more files than this."""
SLICE: Final = 256 * 1024
"""How many bytes of a compaction one save carries along, at least; a long save four times its own."""

LEFT_OVER: Final = tuple(suffix + UNFINISHED for suffix in SUFFIXES.values())
"""What the names of files end with that were never finished."""
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
        inspect: Callable[[Chain], None] | None = None,
    ) -> None:
        """Open what is in ``folder``; with ``create``, begin a journal where there is none.

        ``lock`` is the folder's lock if the caller has it already; it is let go at `close`, and also
        when the opening fails. ``clock`` gives seconds since 1970. ``inspect`` sees what was read before
        anything in the folder changes; what it raises ends the opening.
        """
        self.guard = threading.RLock()
        """Held around every change, and around reading that a change follows from."""
        self._folder = folder
        self._key = key
        self._clock = clock
        self._process = os.getpid()
        self._descriptor: int | None = None
        self._name = ""
        self._position = 0
        self._room = 0  # where the zeros end that are laid out already
        self._segment: Segment | None = None  # None: the next write begins a file
        self._broken: str | None = None
        self._chain: Chain | None = None
        self._compaction: Compaction | None = None
        self._outdated: list[str] = []
        self._not_before = 0  # after a compaction that failed, how long the files become before the next
        self._lock = lock
        try:
            if create:
                files.make_folder(folder)
            if lock is None:
                self._lock = take_lock(folder)
            self._open(create, inspect)
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

    @property
    def head(self) -> tuple[int, bytes]:
        """Number and tag of the last frame: what a memory outside the folder remembers of it."""
        chain = self._opened()
        return chain.frame, chain.tag

    def commit(self, changes: list[Change]) -> None:
        """Append the changes as one frame, sync, then make them in memory.

        When this returns they are on the device. Raises `NotSaved` when they may not be: nothing
        changed in memory then, and the next commit is tried afresh, in another file. Raises
        `ValueRefused` when they are too long for one frame, `VaultClosed`, `VaultInUse` in a forked
        process.
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
            self._segment = None  # until the frame is safe: whatever happens now, its number is used up here
            try:
                self._append(frame)
            except OSError as error:
                self._abandon_compaction()  # if the device is full, this makes room
                raise NotSaved(error.strerror or type(error).__name__) from error
            self._broken = "saving was interrupted: close the app and open it again"
            chain.frame += 1
            chain.tag = frame[-TAG:]
            chain.contents.apply(changes)
            chain.contents.written_ms = written_ms
            self._segment = segment
            self._broken = None
            if self._compaction or self._outdated or self._worth_compacting(chain):
                self._tidy(chain, max(SLICE, 4 * len(frame)), 0.02)

    def tidy(self, seconds: float = 0.02) -> bool:
        """Go on with a compaction, or begin one where it is worth it, for about so many seconds.

        Call it when nobody is waiting, until it returns False: nothing is left to do then. Saves do the
        same, a little each, so that it also happens without.
        """
        with self.guard:
            chain = self._writable()
            return self._tidy(chain, 1 << 40, seconds)

    def compact(self) -> None:
        """Write everything that is there into one new file under the newest key, and unlink the others.

        Raises `NotSaved` when that did not work; everything saved is safe in the old files then.
        """
        with self.guard:
            chain = self._writable()
            self._abandon_compaction()
            try:
                if chain.last is not None:
                    self._begin_file(chain)
                self._leave_file()  # nothing may follow in files that the snapshot takes the place of
                self._compaction = Compaction(self._folder, self._key, chain.file + 1, chain, self._now())
                self._compaction.step()
            except OSError as error:
                self._abandon_compaction()
                raise NotSaved(error.strerror or type(error).__name__) from error
            except BaseException:
                self._abandon_compaction()
                raise
            self._finish_compaction(chain)
            self._remove_outdated(len(self._outdated))

    def close(self) -> None:
        """Let go of files and lock. Can be called twice."""
        with self.guard:
            chain = self._chain
            if chain is None:
                return
            try:
                if self._broken is None and self._process == os.getpid():
                    with contextlib.suppress(NotSaved, OSError):
                        if self._compaction or self._worth_compacting(chain):
                            self.compact()
                    self._remove_outdated(len(self._outdated))
                    if self._segment is not None:
                        self._trim()
                self._abandon_compaction()
            finally:
                self._let_go()

    # Opening

    def _open(self, create: bool, inspect: Callable[[Chain], None] | None) -> None:
        chain = Chain()
        if create and not vault_files(self._folder):
            first = Compaction(self._folder, self._key, 1, chain, self._now())
            try:
                first.step()
            except BaseException:
                first.abandon()
                raise
            self._compaction = first
            self._finish_compaction(chain)
        else:
            self._outdated = replay(self._folder, self._key, chain)
            if inspect is not None:
                inspect(chain)
            self._make_sure(chain)
            if self._outdated:
                files.sync_folder(self._folder)  # the newest snapshot's name comes before the others' end
            self._outdated += [name for name in files.names(self._folder) if name.endswith(LEFT_OVER)]
            self._remove_outdated(len(self._outdated))
        self._chain = chain

    def _make_sure(self, chain: Chain) -> None:
        """What is shown from here on is on the device, though a killed process may not have synced it.

        Where that fails, the next file repeats the last frame all the same.
        """
        if chain.last is not None:
            with contextlib.suppress(OSError):
                descriptor = files.reopen(self._folder / chain.last_in)
                try:
                    files.sync_data(descriptor)
                finally:
                    files.close(descriptor)

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
        """Begin a file: its head, and zeros, are on the device before it has its name.

        If this fails before the file may have its name, the file before is still good. Afterwards it is
        not, and the next attempt takes the next number: a file without a frame changes nothing.
        """
        number = chain.file + 1
        path = self._folder / name_of(JOURNAL, number)
        unfinished = path.with_name(path.name + UNFINISHED)
        first, previous = chain.frame + 1, chain.tag
        if chain.last is not None:
            first, previous = chain.frame, chain.before
        clear = FileHead(JOURNAL, number, first, secrets.token_bytes(SALT), self._key.number, previous).pack()
        segment = Segment(self._key, clear)
        data = segment.head()
        if chain.last is not None:
            data += segment.seal(first, chain.last, previous)
        room = -(-(len(data) + SMALLEST_ROOM) // SMALLEST_ROOM) * SMALLEST_ROOM
        try:
            with contextlib.suppress(FileNotFoundError):
                files.remove(unfinished)
            descriptor = files.create(unfinished)
            try:
                files.write_at(descriptor, data.ljust(room, b"\0"), 0)
                files.sync_data(descriptor)
                self._leave_file()
                chain.file = number
                files.rename(unfinished, path)
                files.sync_folder(self._folder)
            except BaseException:
                files.close(descriptor)
                with contextlib.suppress(OSError):
                    files.remove(unfinished)
                raise
        except OSError as error:
            self._abandon_compaction()
            raise NotSaved(error.strerror or type(error).__name__) from error
        files.bypass_cache(descriptor)
        self._descriptor, self._position, self._room = descriptor, len(data), room
        if chain.last is not None:
            chain.tag, chain.last = data[-TAG:], None
        self._name = path.name
        chain.sizes[path.name] = len(data)
        self._segment = segment
        return segment

    def _append(self, frame: bytes) -> None:
        assert self._descriptor is not None
        end = self._position + len(frame)
        if end > self._room:
            self._room = self._grow(frame, end)
        else:
            files.write_at(self._descriptor, frame, self._position)
        files.sync_data(self._descriptor)
        self._position = end
        self._chain.sizes[self._name] = end  # type: ignore[union-attr]

    def _grow(self, frame: bytes, end: int) -> int:
        """Write the frame with more zeros behind it, as many as there is space for."""
        assert self._descriptor is not None
        more = min(max(self._room, SMALLEST_ROOM), LARGEST_ROOM)
        try:
            files.write_at(self._descriptor, frame + bytes(more), self._position)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            more = SECTOR
            files.cut(self._descriptor, self._position)
            files.write_at(self._descriptor, frame + bytes(more), self._position)
        return end + more

    def _leave_file(self) -> None:
        """Write no more to the file that is open."""
        self._segment = None
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):  # whatever was acknowledged in it is synced
                files.close(descriptor)

    def _trim(self) -> None:
        """Take the zeros from the end of the file that is open; they do no harm, only cost space."""
        if self._descriptor is not None and self._segment is not None and self._room > self._position:
            with contextlib.suppress(OSError):
                files.cut(self._descriptor, self._position)
                self._room = self._position
                files.sync_data(self._descriptor)

    # Compaction

    def _worth_compacting(self, chain: Chain) -> bool:
        contents = chain.contents
        used = sum(chain.sizes.values())
        worth = used > MOST_USED * (contents.live + 8 * contents.documents) + SPARED
        return (worth or len(chain.sizes) > MOST_FILES) and used >= self._not_before

    def _tidy(self, chain: Chain, least: int, seconds: float) -> bool:
        """One slice of what there is to do; True while there is more. What fails here fails nobody's save."""
        try:
            if self._outdated:
                self._remove_outdated(1)
            elif self._compaction is None:
                if not self._worth_compacting(chain):
                    return False
                if chain.last is not None:
                    self._begin_file(chain)
                # What is saved from here on goes into a file that follows the snapshot, with its number.
                self._begin_file(chain)
                self._compaction = Compaction(self._folder, self._key, chain.file, chain, self._now())
            elif self._compaction.step(least, seconds):
                self._finish_compaction(chain)
        except (OSError, NotSaved):
            self._abandon_compaction()
            self._not_before = sum(chain.sizes.values()) + max(SPARED, chain.contents.live // 4)
            return False
        except BaseException:
            self._abandon_compaction()
            raise
        return bool(self._compaction or self._outdated) or self._worth_compacting(chain)

    def _finish_compaction(self, chain: Chain) -> None:
        """The snapshot has its name for good: from now on it counts, and what is older does not."""
        done, self._compaction = self._compaction, None
        assert done is not None
        follows = name_of(JOURNAL, done.number)
        with contextlib.suppress(OSError):  # then the next opening finds them
            self._outdated += [name for number, _, name in vault_files(self._folder) if number < done.number]
        chain.sizes = {done.name: done.size} | {
            name: size for name, size in chain.sizes.items() if name == follows
        }
        chain.file = max(chain.file, done.number)
        chain.torn = 0
        if chain.contents.written_ms is None:
            chain.contents.written_ms = done.written_ms
        self._not_before = 0

    def _abandon_compaction(self) -> None:
        compaction, self._compaction = self._compaction, None
        if compaction is not None:
            compaction.abandon()

    def _remove_outdated(self, most: int) -> None:
        """Unlink files that no longer count; one that stays does no harm and goes at the next opening."""
        for name in self._outdated[:most]:
            with contextlib.suppress(OSError):
                files.remove(self._folder / name)
        del self._outdated[:most]

    # Closing

    def _let_go(self) -> None:
        self._chain = None
        self._leave_file()
        with contextlib.suppress(AttributeError):
            del self._key  # a vault that is closed holds no key
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def _now(self) -> int:
        return int(self._clock() * 1000)
