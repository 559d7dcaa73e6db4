"""From a folder and what somebody typed to the vault's keys."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import files
from .attempts import Attempts
from .errors import KeySlotRefused, VaultDamaged, VaultMissing, VaultNoAccess, WrongPassphrase
from .header import HEADER, Header, read_header
from .keyring import KeyRing, LockKey
from .keyslots import Half, Kdf, PassphraseSlot, PinSlot
from .keystore import Keystore, entry
from .passphrase import Passphrase
from .replay import vault_files

_PIN_HERE = "A PIN opens a vault only on the device where it was set, and only while tries are counted."


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What one of the slots led to."""

    header: Header
    lock: LockKey
    ring: KeyRing
    settings: Kdf
    """What a guess at that slot costs."""


def require_header(folder: Path) -> None:
    """Raise `VaultMissing`, `VaultDamaged` or `VaultNoAccess` unless ``folder`` has a header file."""
    try:
        if HEADER in files.names(folder):
            return
        left = vault_files(folder)
    except PermissionError:
        raise VaultNoAccess(folder) from None
    except OSError:
        raise VaultMissing(folder) from None
    if left:
        raise VaultDamaged(folder, HEADER, "it is missing, though files with records are there")
    raise VaultMissing(folder)


def header_of(folder: Path) -> Header:
    """The header. Raises `VaultNoAccess`, `VaultDamaged`, `VaultTooNew`."""
    try:
        return read_header(folder)
    except PermissionError:
        raise VaultNoAccess(folder / HEADER) from None
    except OSError as error:
        raise VaultDamaged(folder, HEADER, f"it can't be read ({error.strerror})") from None


def unlock(
    folder: Path,
    header: Header,
    passphrase: Passphrase,
    kdf_floor: Kdf,
    *,
    keystore: Keystore | None = None,
    attempts: Attempts | None = None,
) -> Unlocked:
    """The keys, from the first slot that what was typed opens.

    A PIN opens its slot only with the keystore it was made with, and only where tries are counted.
    With ``attempts`` the try is counted; after the last one `WrongPassphrase.left` is 0, and the caller
    wipes. Raises `WrongPassphrase`, `TooManyAttempts`, `KeySlotRefused`, `VaultDamaged`.
    """
    slots = [slot for slot in header.known_slots() if _may_open(slot, passphrase)]
    problems = [problem for slot in slots if (problem := slot.problem(kdf_floor))]
    if len(problems) == len(slots):
        raise KeySlotRefused(folder, problems[0] if problems else "it has no key slot for a passphrase")
    tried = [slot for slot in slots if not slot.problem(kdf_floor)]
    halves = _halves(header, tried, keystore) if attempts is not None else {}
    if attempts is not None:
        attempts.begin()
    try:
        opened = _first(folder, header, tried, passphrase, halves)
    except Exception:  # a try that was broken off by its maker has been made
        if attempts is not None:
            attempts.take_back()
        raise
    if opened is None:
        barred = any(isinstance(slot, PinSlot) and slot.id not in halves for slot in tried)
        hint = _PIN_HERE if barred else ""
        if attempts is None:
            raise WrongPassphrase(hint=hint)
        attempts.again()
        raise WrongPassphrase(attempts.left, attempts.wait, hint)
    if attempts is not None:
        attempts.right()
    lock, settings = opened
    ring = header.ring(lock)
    if ring is None:
        raise VaultDamaged(folder, HEADER, "its fields do not belong together")
    return Unlocked(header, lock, ring, settings)


def _may_open(slot: PassphraseSlot | PinSlot, passphrase: Passphrase) -> bool:
    return isinstance(slot, PassphraseSlot) or bool(passphrase.digits)


def _halves(
    header: Header, slots: list[PassphraseSlot | PinSlot], keystore: Keystore | None
) -> dict[str, Half]:
    """What the keystore holds for the PIN slots, by slot."""
    if keystore is None:
        return {}
    pins = [slot for slot in slots if isinstance(slot, PinSlot)]
    kept = {slot.id: Half.kept(keystore, entry(header.vault, f"pin.{slot.id}")) for slot in pins}
    return {slot: half for slot, half in kept.items() if half is not None}


def _first(
    folder: Path,
    header: Header,
    slots: list[PassphraseSlot | PinSlot],
    passphrase: Passphrase,
    halves: dict[str, Half],
) -> tuple[LockKey, Kdf] | None:
    for slot in slots:
        with memory_for_a_guess(folder):
            if isinstance(slot, PassphraseSlot):
                lock = slot.open(header.vault, passphrase)
            elif slot.id in halves:
                lock = slot.open(header.vault, passphrase, halves[slot.id])
            else:
                continue
        if lock is not None:
            return lock, slot.settings
    return None


@contextlib.contextmanager
def memory_for_a_guess(folder: Path) -> Iterator[None]:
    """A device without the memory for the KDF is told in a sentence."""
    try:
        yield
    except MemoryError:
        raise KeySlotRefused(folder, "this device has not enough free memory for it right now") from None
