"""The only place where the vault touches the disk.

Everything else calls these functions through the module (``files.sync_data(...)``), so that a test
can make each of them fail, and a port to another system has one page to read. They raise `OSError`
and know nothing about vaults.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
from io import FileIO
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

UNLINKED_STAY_OPEN = sys.platform != "win32"
"""Can a file be replaced or unlinked while it is open, and still be written to?"""
_BINARY = getattr(os, "O_BINARY", 0)
_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
_DIRECT = getattr(os, "O_DIRECT", 0) if sys.platform != "win32" else 0
_SECTOR = 512
_BUFFER = 256 * 1024
_past_cache: dict[int, memoryview] = {}
"""By descriptor, the memory, aligned to a page, that writes past the system's cache start from."""


def make_folder(folder: Path) -> None:
    """Make ``folder`` and its parents, private to this account, unless it is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def names(folder: Path) -> list[str]:
    """The names of the files in ``folder``, sorted."""
    return sorted(entry.name for entry in folder.iterdir())


def read(path: Path) -> bytes:
    """The whole file."""
    return path.read_bytes()


def size(path: Path) -> int:
    """The file's length in bytes."""
    return path.stat().st_size


def create(path: Path) -> int:
    """Make a new file, private to this account; a file that is there raises `FileExistsError`."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY | _CLOSE_ON_EXEC, 0o600)


def reopen(path: Path) -> int:
    """Open a file that is there, to write over parts of it or to sync it."""
    return os.open(path, os.O_RDWR | _BINARY | _CLOSE_ON_EXEC)


def bypass_cache(descriptor: int) -> None:
    """Let later `write_at` of whole sectors go past the system's cache, where the system can.

    A sync then costs about a fifth less, and a device's error reaches the write itself. Nothing else changes.
    """
    if _DIRECT and sys.platform != "win32":
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | _DIRECT)
        except OSError:
            return  # this file system has no such thing
        _past_cache[descriptor] = memoryview(mmap.mmap(-1, _BUFFER))


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of ``data`` at ``offset``, however many calls it takes."""
    if descriptor in _past_cache and _written_past_cache(descriptor, data, offset):
        return
    view = memoryview(data)
    while view:
        if sys.platform == "win32":
            os.lseek(descriptor, offset, os.SEEK_SET)
            written = os.write(descriptor, view)
        else:
            written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written


def _written_past_cache(descriptor: int, data: bytes, offset: int) -> bool:
    """Write whole sectors from aligned memory; False, and never again, when the device wants it otherwise."""
    buffer = _past_cache[descriptor]
    if not offset % _SECTOR and not len(data) % _SECTOR:
        try:
            for start in range(0, len(data), _BUFFER):
                length = min(len(data) - start, _BUFFER)
                buffer[:length] = data if length == len(data) else data[start : start + length]
                if os.pwrite(descriptor, buffer[:length], offset + start) != length:
                    break
            else:
                return True
        except OSError as error:
            if error.errno != errno.EINVAL:  # that would be: larger sectors than ours
                raise
    del _past_cache[descriptor]
    if sys.platform != "win32":
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~_DIRECT)
    return False


def sync_data(descriptor: int) -> None:
    """Return when the file's bytes (and a changed length) are on the device for good."""
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync there stops at the drive's cache
    elif sys.platform == "win32":
        os.fsync(descriptor)
    else:
        os.fdatasync(descriptor)


def sync_folder(folder: Path) -> None:
    """Return when new, renamed and removed names in ``folder`` are on the device for good."""
    if sys.platform == "win32":
        return  # a folder can't be flushed there; NTFS journals names itself
    descriptor = os.open(folder, os.O_RDONLY | _CLOSE_ON_EXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cut(descriptor: int, length: int) -> None:
    """Shorten the file to ``length`` bytes."""
    os.ftruncate(descriptor, length)


def close(descriptor: int) -> None:
    """Let go of the file."""
    _past_cache.pop(descriptor, None)
    os.close(descriptor)


def rename(old: Path, new: Path) -> None:
    """Give ``old`` the name ``new``, replacing what was there in one step."""
    old.replace(new)


def remove(path: Path) -> None:
    """Unlink the file."""
    path.unlink()


def lock(path: Path, *, shared: bool = False) -> FileIO | None:
    """Lock the file at ``path``; None when somebody else has it, this process included.

    An exclusive lock makes the file when it is missing; a shared one (for reading) does not write.
    The lock lives as long as the returned file is open, and ends with the process.
    """
    file = FileIO(path, "rb" if shared else "ab", opener=_open_private)
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.close()
        return None
    except OSError:
        file.close()
        raise
    return file


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
