"""Counting wrong tries at the passphrase, so that they grow slow and come to an end.

A try is written down, and synced, before it is made: whoever kills the app in the middle of one has
used it up. The file ``attempts`` is two disk sectors that are written in turn, never made longer and
never renamed, so counting works on a full disk, and a power cut loses at most the line being written.

    sector 0, 1:  {"vault":"…","turn":12,"wrong":3,"wall_ms":…,"boot":"…","up_ms":…}\n zeros, SHA-256

The wait after a wrong try is measured by the time since the device was started, as long as it was
not started again in between, and a clock set forward or back makes no difference. After a restart
only the clock is left; one that was set back begins the wait anew.

What this does not stop: somebody who copies the folder, tries, and copies it back; they start from
the count of the copy. Only a keystore, which keeps the count too, sees through that.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from . import files
from .errors import NotOpened, TooManyAttempts, VaultNoAccess
from .keystore import Keystore, entry

ATTEMPTS: Final = "attempts"
SECTOR: Final = 512
_SUM: Final = 32
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def since_boot() -> tuple[str, float]:
    """Which start of the device this is ("" where the system tells none), and seconds since then."""
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        boot = ""
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # goes on while the device sleeps
    return boot, time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class AttemptPolicy:
    """What wrong tries lead to; the team sets it. Not for a server, where others could use them up."""

    limit: int | None = 10
    """So many wrong tries destroy what the vault holds; None: never."""
    free: int = 3
    """So many of them wait for nothing; the wait begins after this one."""
    first_wait_s: float = 30.0
    """The first wait in seconds; each further wrong try doubles it."""
    longest_wait_s: float = 3600.0
    since_boot: Callable[[], tuple[str, float]] = since_boot
    """As `since_boot`; another one is for tests."""

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise ValueError("the limit is at least one try, or None")
        if self.free < 1 or self.first_wait_s < 0 or self.longest_wait_s < 0:
            raise ValueError("free tries are at least one, and waits are not negative")

    def wait_after(self, wrong: int) -> float:
        """Seconds to wait after so many wrong tries."""
        if wrong < self.free:
            return 0.0
        return float(min(self.first_wait_s * 2.0 ** min(wrong - self.free, 64), self.longest_wait_s))


class _Count(msgspec.Struct, frozen=True):
    vault: str
    turn: int
    wrong: int
    wall_ms: int
    boot: str
    up_ms: int


class Attempts:
    """The count of one vault, for whoever holds the folder's lock."""

    def __init__(
        self,
        folder: Path,
        vault: str,
        policy: AttemptPolicy,
        *,
        keystore: Keystore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Read the count. ``vault`` is the vault's id in hexadecimal; ``clock`` gives seconds since 1970.

        A count that is missing, damaged or another vault's begins at zero: whoever could do that to the
        file could remove it, and bad luck with a disk must not destroy a vault. Raises `VaultNoAccess`,
        `NotOpened`, `KeystoreFailed`.
        """
        self._folder = folder
        self._vault = vault
        self._policy = policy
        self._keystore = keystore
        self._clock = clock
        try:
            self._count = self._read()
        except PermissionError:
            raise VaultNoAccess(folder / ATTEMPTS) from None
        except OSError as error:
            raise NotOpened(folder, error) from None
        if keystore is not None:
            kept = keystore.get(entry(vault, "wrong"))
            if kept is not None and int.from_bytes(kept) > self._count.wrong:
                self._count = msgspec.structs.replace(self._count, wrong=int.from_bytes(kept))

    @property
    def wrong(self) -> int:
        """Wrong tries since the last right one; one that was never finished counts as wrong."""
        return self._count.wrong

    @property
    def left(self) -> int | None:
        """How many more tries there are; None when they never end."""
        return None if self._policy.limit is None else max(0, self._policy.limit - self.wrong)

    @property
    def wait(self) -> float:
        """Seconds until the next try may be made."""
        count = self._count
        wait = self._policy.wait_after(count.wrong)
        if not wait:
            return 0.0
        boot, up = self._policy.since_boot()
        same_start = boot == count.boot if boot else up * 1000 >= count.up_ms and not count.boot
        passed = up - count.up_ms / 1000 if same_start else self._clock() - count.wall_ms / 1000
        if passed < 0:
            self._write(count.wrong)  # the clock was set back: the wait begins now, or it might be years
            passed = 0.0
        return max(0.0, wait - passed)

    def begin(self) -> None:
        """Write down that a try is being made. Raises `TooManyAttempts` when it is not time yet."""
        wait = self.wait
        if wait > 0:
            raise TooManyAttempts(wait, self._clock() + wait, self.left)
        self._write(self.wrong + 1)

    def take_back(self) -> None:
        """The try that was begun could not be made."""
        self._write(max(0, self.wrong - 1))

    def right(self) -> None:
        """The try that was begun was right: back to zero."""
        self._write(0)

    def again(self) -> None:
        """The try that was begun was wrong: the wait counts from now, when its answer is known."""
        if self._policy.wait_after(self.wrong):
            self._write(self.wrong)

    def _read(self) -> _Count:
        try:
            data = files.read(self._folder / ATTEMPTS)
        except FileNotFoundError:
            data = b""
        found = [_parse(data[start : start + SECTOR]) for start in (0, SECTOR)]
        ours = [count for count in found if count is not None and count.vault == self._vault]
        return max(ours, key=lambda count: count.turn, default=_Count(self._vault, 0, 0, 0, "", 0))

    def _write(self, wrong: int) -> None:
        boot, up = self._policy.since_boot()
        wall_ms, up_ms = int(self._clock() * 1000), int(up * 1000)
        count = _Count(self._vault, self._count.turn + 1, wrong, wall_ms, boot, up_ms)
        text = (msgspec.json.encode(count) + b"\n").ljust(SECTOR - _SUM, b"\0")
        sector = text + hashlib.sha256(text).digest()
        if self._keystore is not None and wrong > self._count.wrong:
            self._keystore.put(entry(self._vault, "wrong"), wrong.to_bytes(4))
        try:
            self._put(sector, count.turn % 2 * SECTOR)
        except PermissionError:
            raise VaultNoAccess(self._folder / ATTEMPTS) from None
        except OSError as error:
            raise NotOpened(self._folder, error) from None
        if self._keystore is not None and wrong < self._count.wrong:
            self._keystore.put(entry(self._vault, "wrong"), wrong.to_bytes(4))
        self._count = count

    def _put(self, sector: bytes, offset: int) -> None:
        path = self._folder / ATTEMPTS
        try:
            descriptor = files.reopen(path)
        except FileNotFoundError:
            descriptor = files.create(path)
            new = True
        else:
            new = False
        try:
            if new:
                files.write_at(descriptor, bytes(2 * SECTOR), 0)
            files.write_at(descriptor, sector, offset)
            files.sync_data(descriptor)
        finally:
            files.close(descriptor)
        if new:
            files.sync_folder(self._folder)


def _parse(sector: bytes) -> _Count | None:
    text, digest = sector[: SECTOR - _SUM], sector[SECTOR - _SUM :]
    if len(sector) != SECTOR or hashlib.sha256(text).digest() != digest:
        return None
    try:
        return msgspec.json.decode(text.rstrip(b"\0"), type=_Count)
    except msgspec.MsgspecError:
        return None
