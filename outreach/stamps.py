"""Stamps for new events: who, when, and where in the order.

The clock, the boot and randomness come in as functions, so tests can turn them. A phone's wall
clock may be wrong or jump; the boot id with the time since boot lets two events of one boot be
compared all the same.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from outreach.logbook.events import Stamp

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
LARGEST = 2**62
"""Counters stop here, so that they fit where they are kept."""
LEAP = 2**32
"""More events than a team ever makes. A counter that is further ahead is nobody's honest one: it is
not followed, or the order of all that comes after it would be lost at `LARGEST`."""


def wall_ms() -> int:
    """The device's wall clock, milliseconds since 1970 UTC. It may be wrong."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds since boot, sleep included where the system tells (CLOCK_BOOTTIME)."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000


def boot_id(salt: bytes) -> bytes:
    """8 bytes that stay the same until the device restarts, and say nothing outside this profile.

    Where the system names no boot, the id is random for this process: durations across two runs
    are then unknown, never wrong.
    """
    try:
        boot = _BOOT_ID.read_bytes().strip()
    except OSError:
        boot = secrets.token_bytes(16)
    return hashlib.sha256(b"outreach/boot/1\0" + salt + boot).digest()[:8]


@dataclass
class Clock:
    """Gives stamps. `counter` is the largest Lamport counter seen so far on this device."""

    member: bytes
    device: bytes
    counter: int = 0
    packs: str = ""
    wall: Callable[[], int] = wall_ms
    monotonic: Callable[[], int] = monotonic_ms
    boot: bytes = field(default=b"")

    def __post_init__(self) -> None:
        self.boot = self.boot or boot_id(self.device)

    def seen(self, counter: int) -> None:
        """An event with this counter was read: the next stamp comes after it, absurd ones apart (`LEAP`)."""
        if counter - self.counter <= LEAP:
            self.counter = max(self.counter, min(counter, LARGEST))

    def stamp(self, *, locked: bool = False, late: bool = False) -> Stamp:
        self.counter = min(self.counter + 1, LARGEST)
        return Stamp(
            id=secrets.token_bytes(12),
            member=self.member,
            device=self.device,
            counter=self.counter,
            at=self.wall(),
            boot=self.boot,
            monotonic=self.monotonic(),
            locked=locked,
            late=late,
            packs=self.packs,
        )
