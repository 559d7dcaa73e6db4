"""Who can open an unlocked vault: its key slots, and turning the data key so that erased means gone.

    vault.keys.add_passphrase(new_passphrase())
    vault.keys.change_passphrase(old, new)
    for slot in vault.keys.slots: print(slot.kind, slot.id)

Every change is one swap of the header file: whoever dies at any point finds the old header or the
new one, and no record is written anew for it. What the old header's bytes were is written over
before they are let go.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import files
from .errors import (
    KeySlotRefused,
    KeysNotChanged,
    PinRefused,
    SlotNeeded,
    VaultDamaged,
    VaultError,
    VaultNoAccess,
    WrongPassphrase,
)
from .header import HEADER, Header, write_header
from .keyring import KeyRing, LockKey
from .keyslots import FEWEST_DIGITS, FLOOR, MOST_DIGITS, SMALLEST, Half, Kdf, PassphraseSlot, PinSlot
from .keystore import Keystore, entry
from .opening import Unlocked, memory_for_a_guess
from .passphrase import Passphrase


@dataclass(frozen=True, slots=True)
class SlotInfo:
    """What can be told of a key slot."""

    id: str
    """Names it within its vault."""
    kind: str
    """"passphrase", "pin+keystore", or a kind that a later version made."""
    kdf: Kdf | None
    """What a guess costs; None for a kind that is not known here."""


class Keys:
    """The slots and data keys of one unlocked vault. Use from any thread."""

    def __init__(self, folder: Path, unlocked: Unlocked, keystore: Keystore | None) -> None:
        self._folder = folder
        self._header = unlocked.header
        self._lock = unlocked.lock
        self._ring = unlocked.ring
        self._keystore = keystore
        self._guard = threading.RLock()
        self.after_change: Callable[[], None] = lambda: None
        """Called after each swap of the header; the vault notes its serial number in the keystore."""

    def __repr__(self) -> str:
        return f"<Keys: {len(self._header.slots)} slots>"

    @property
    def serial(self) -> int:
        """How often the header was written."""
        return self._header.serial

    @property
    def slots(self) -> tuple[SlotInfo, ...]:
        """The slots, in the order in which they are tried."""
        known = {slot.id: slot.settings for slot in self._header.known_slots()}
        return tuple(
            SlotInfo(str(slot.get("salt", "")), str(slot.get("kind", "")), known.get(str(slot.get("salt"))))
            for slot in self._header.slots
        )

    def add_passphrase(self, passphrase: str | Passphrase, *, kdf: Kdf = FLOOR) -> SlotInfo:
        """One more passphrase that opens the vault. Raises `KeySlotRefused`, `KeysNotChanged`."""
        passphrase = Passphrase(passphrase)
        accept(passphrase)
        with self._guard, memory_for_a_guess(self._folder):
            self._refuse(kdf)
            slot = PassphraseSlot.make(self._header.vault, self._lock, passphrase, kdf)
            self._swap(slots=[*self._header.slots, slot.fields()])
        return SlotInfo(slot.id, slot.KIND, kdf)

    def add_pin(self, pin: str | Passphrase, *, kdf: Kdf = FLOOR) -> SlotInfo:
        """A PIN that opens the vault on this device only, while its keystore holds the other half.

        A PIN that was there is replaced. Raises `PinRefused` where there is no keystore (a laptop), or
        for one that is too short or among the first to be guessed; `KeystoreFailed`, `KeysNotChanged`.
        """
        pin = Passphrase(pin)
        if self._keystore is None:
            raise PinRefused("this device has no key storage of its own, and a PIN alone is guessed in hours")
        if not FEWEST_DIGITS <= pin.digits <= MOST_DIGITS:
            raise PinRefused(f"a PIN is {FEWEST_DIGITS} to {MOST_DIGITS} digits and nothing else")
        if pin.is_easy_row:
            raise PinRefused("it is among the first that somebody would try")
        half = Half()
        with self._guard, memory_for_a_guess(self._folder):
            self._refuse(kdf)
            slot = PinSlot.make(self._header.vault, self._lock, pin, half, kdf)
            half.keep(self._keystore, self._name(slot.id))
            old = [fields for fields in self._header.slots if fields.get("kind") == PinSlot.KIND]
            kept = [fields for fields in self._header.slots if fields.get("kind") != PinSlot.KIND]
            self._swap(slots=[*kept, slot.fields()])
            self._forget_halves(old)
        return SlotInfo(slot.id, slot.KIND, kdf)

    def remove(self, slot_id: str) -> None:
        """Take a slot away: what it belonged to opens the vault no more.

        The last passphrase stays, for a PIN ends with its keystore. Whoever had a copy of the folder
        from before can still open that copy, and read from this one what was written before the next
        `Vault.forget`. Raises `SlotNeeded`, `KeysNotChanged`.
        """
        with self._guard:
            gone = [slot for slot in self._header.slots if slot.get("salt") == slot_id]
            left = [slot for slot in self._header.slots if slot.get("salt") != slot_id]
            if not gone:
                raise SlotNeeded("it is not there")
            if not any(slot.get("kind") == PassphraseSlot.KIND for slot in left):
                raise SlotNeeded("it is the last passphrase that opens the vault")
            self._swap(slots=left)
            self._forget_halves(gone)

    def change_passphrase(
        self, old: str | Passphrase, new: str | Passphrase, *, kdf: Kdf | None = None
    ) -> SlotInfo:
        """Put ``new`` in the place of ``old``; records stay as they are. ``kdf`` None keeps its cost.

        Where no other slot is there, the lock key is new as well; followed by `Vault.forget`, the old
        header and passphrase together then open nothing of this folder. Raises `WrongPassphrase`,
        `KeySlotRefused`, `KeysNotChanged`.
        """
        old, new = Passphrase(old), Passphrase(new)
        accept(new)
        with self._guard, memory_for_a_guess(self._folder):
            vault = self._header.vault
            found = self._slot_of(old)
            settings = kdf or found.settings
            self._refuse(settings)
            lock = LockKey() if len(self._header.slots) == 1 else self._lock
            slot = PassphraseSlot.make(vault, lock, new, settings)
            slots = [
                slot.fields() if fields.get("salt") == found.id else fields for fields in self._header.slots
            ]
            self._swap(slots=slots, lock=lock)
        return SlotInfo(slot.id, slot.KIND, settings)

    def ring_of(self, header: Header) -> KeyRing:
        """The data keys in a header of this vault. Raises `VaultDamaged` for another one."""
        ring = header.ring(self._lock)
        if ring is None:
            raise VaultDamaged(self._folder, HEADER, "it is not the one that this vault was opened with")
        return ring

    # Turning the data key

    @property
    def turn_is_owed(self) -> bool:
        """Was a turn begun and not finished? The next opening finishes it."""
        return len(self._ring) > 1

    def begin_turn(self) -> KeyRing:
        """Put a new data key into the header, beside the one in use: from now on the turn is owed."""
        with self._guard:
            ring = self._ring.with_new_key()
            self._swap(ring=ring)
            return ring

    def use(self, ring: KeyRing) -> None:
        """From now on new files are under the newest key of the ring that `begin_turn` gave."""
        self._ring.take_over(ring)

    def end_turn(self) -> None:
        """All files are under the newest key: the others leave the header."""
        with self._guard:
            ring = self._ring.newest()
            self._swap(ring=ring)
            self._ring.take_over(ring)

    def _swap(
        self,
        slots: list[dict[str, Any]] | None = None,
        lock: LockKey | None = None,
        ring: KeyRing | None = None,
    ) -> None:
        header = Header.sealed(
            self._header.vault,
            self._header.serial + 1,
            self._header.slots if slots is None else slots,
            lock or self._lock,
            ring or self._ring,
        )
        try:
            swap_header(self._folder, header)
        except PermissionError:
            raise VaultNoAccess(self._folder / HEADER) from None
        except OSError as error:
            raise KeysNotChanged(error) from None
        self._header, self._lock = header, lock or self._lock
        with contextlib.suppress(VaultError):  # what the keystore does not know yet makes it no less safe
            self.after_change()

    def _slot_of(self, passphrase: Passphrase) -> PassphraseSlot:
        for slot in self._header.known_slots():
            if not isinstance(slot, PassphraseSlot) or slot.problem(SMALLEST):
                continue
            if slot.open(self._header.vault, passphrase) is not None:
                return slot
        raise WrongPassphrase

    def _refuse(self, kdf: Kdf) -> None:
        if problem := kdf.problem(SMALLEST):
            raise KeySlotRefused(self._folder, problem)

    def _forget_halves(self, slots: list[dict[str, Any]]) -> None:
        for slot in slots:
            if slot.get("kind") == PinSlot.KIND and self._keystore is not None:
                with contextlib.suppress(VaultError):  # of no use to anybody without its slot
                    self._keystore.delete(self._name(slot["salt"]))

    def _name(self, slot_id: str) -> str:
        return entry(self._header.vault, f"pin.{slot_id}")


def accept(passphrase: Passphrase) -> None:
    """Raise `VaultError` unless a vault may be given this passphrase."""
    if not passphrase:
        raise VaultError("A vault without a passphrase protects nothing. Nothing was changed. Choose one.")
    if not passphrase.is_text:
        raise VaultError("This passphrase holds half of a character. Nothing was changed. Type it anew.")


def swap_header(folder: Path, header: Header) -> None:
    """Put the header in the old one's place, then write zeros over the old one's bytes. Raises `OSError`.

    The zeros reach the same place only on a disk that writes in place; flash memory may keep a copy.
    """
    old = None
    if files.UNLINKED_STAY_OPEN:
        with contextlib.suppress(FileNotFoundError):
            size, old = files.size(folder / HEADER), files.reopen(folder / HEADER)
    try:
        write_header(folder, header)
        if old is not None:
            with contextlib.suppress(OSError):
                files.write_at(old, bytes(size), 0)
                files.sync_data(old)
    finally:
        if old is not None:
            files.close(old)
