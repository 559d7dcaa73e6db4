"""How much a guess at the passphrase costs on this device: about a second, and never less than the floor.

    Vault.create(folder, passphrase, kdf=calibrate())

Memory first, because it is what a guessing machine can't buy cheaply; passes over it for the rest.
Not more than an eighth of the device's memory, so that unlocking works when other apps are open, and
not more than 256 MiB, so that the vault still opens on a smaller device that it is moved to.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from typing import Final

from .keyslots import CEILING, FLOOR, SALT, Kdf
from .passphrase import Passphrase

MOST_MEMORY_KIB: Final = 256 * 1024


def seconds_for(kdf: Kdf) -> float:
    """How long one guess takes on this device, in seconds. Raises `MemoryError`."""
    passphrase, salt = Passphrase("a passphrase to measure with"), secrets.token_bytes(SALT)
    begin = time.perf_counter()
    kdf.key(passphrase, salt)
    return time.perf_counter() - begin


def device_memory_kib() -> int | None:
    """The device's memory in KiB, where the system tells it."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024
    except (AttributeError, ValueError, OSError):
        return None


def calibrate(
    target: float = 1.0,
    *,
    seconds: Callable[[Kdf], float] = seconds_for,
    memory_kib: int | None = None,
) -> Kdf:
    """Settings at which a guess takes about ``target`` seconds here, and at least `FLOOR`.

    Takes about twice the target. ``seconds`` measures one guess and ``memory_kib`` is the device's
    memory (None: ask the system); both are there for tests. A device that is slow at the floor gets
    the floor.
    """
    total = device_memory_kib() if memory_kib is None else memory_kib
    most = max(FLOOR.memory_kib, min(MOST_MEMORY_KIB, (total or 0) // 8))
    spent = seconds(FLOOR)
    memory = FLOOR.memory_kib
    while memory * 2 <= most and spent * 2 <= target:
        try:
            spent = seconds(Kdf(memory * 2, FLOOR.passes, FLOOR.lanes))
        except MemoryError:
            break
        memory *= 2
    one_pass = max(spent / FLOOR.passes, 1e-6)
    passes = max(FLOOR.passes, min(CEILING.passes, round(target / one_pass)))
    return Kdf(memory, passes, FLOOR.lanes)
