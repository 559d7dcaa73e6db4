"""Key slots: how a passphrase, or a PIN with a keystore, opens the vault's lock key.

A slot holds the lock key (`keyring.py`), sealed under a key of its own. A vault has a list of slots
and any one opens it; a reader passes over kinds that it does not know. What was typed becomes a key
by Argon2id (RFC 9106); the seal is AES-256-GCM with every other field of the slot and the vault's id
as associated data, so none of them can be changed unseen.

A PIN is too short to stand alone: its slot key takes 32 random bytes from the system's keystore too,
which a copy of the folder does not have.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .frames import KEY, TAG
from .keyring import LockKey
from .keystore import Keystore
from .passphrase import Passphrase

SALT: Final = 16
NONCE: Final = 12
FEWEST_DIGITS: Final = 6
"""Of a PIN."""
MOST_DIGITS: Final = 12
_PIN_INFO = b"outreach vault pin slot 1"


class Half:
    """The 32 random bytes of a PIN slot that the keystore holds. Never shows them."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secrets.token_bytes(KEY) if secret is None else secret

    def __repr__(self) -> str:
        return "<Half>"

    def __reduce__(self) -> str:
        raise TypeError("a keystore's secret is not pickled")

    @classmethod
    def kept(cls, keystore: Keystore, name: str) -> Half | None:
        """The half of that name, or None when it is not there. Raises `KeystoreFailed`."""
        secret = keystore.get(name)
        return None if secret is None else cls(secret)

    def keep(self, keystore: Keystore, name: str) -> None:
        """Put this half into the keystore. Raises `KeystoreFailed`."""
        keystore.put(name, self._secret)

    def joined(self, key: bytes, salt: bytes) -> bytes:
        """The slot key: from the PIN's key and this half."""
        return HKDF(hashes.SHA256(), KEY, salt, _PIN_INFO).derive(key + self._secret)


@dataclass(frozen=True, slots=True)
class Kdf:
    """What one guess at the passphrase costs: Argon2id's memory in KiB, passes over it, and lanes."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 1

    def key(self, passphrase: Passphrase, salt: bytes) -> bytes:
        """32 bytes from the passphrase. Raises `MemoryError` when the device has not enough memory."""
        try:
            return hash_secret_raw(
                passphrase.encode(),
                salt,
                time_cost=self.passes,
                memory_cost=self.memory_kib,
                parallelism=self.lanes,
                hash_len=KEY,
                type=Type.ID,
            )
        except HashingError:
            pass  # raised below, where the library's own traceback with its locals is not attached
        raise MemoryError("not enough free memory to check the passphrase")

    def problem(self, floor: Kdf) -> str | None:
        """Why these settings are not believed, or None: less than ``floor``, or more than `CEILING`."""
        ours = (self.memory_kib, self.passes, self.lanes)
        least = (max(floor.memory_kib, 8 * self.lanes), floor.passes, floor.lanes)
        most = (CEILING.memory_kib, CEILING.passes, CEILING.lanes)
        if any(a < b for a, b in zip(ours, least, strict=True)):
            return "the settings of its passphrase are weaker than this app accepts"
        if any(a > b for a, b in zip(ours, most, strict=True)):
            return "the settings of its passphrase ask for more memory or time than this app gives"
        return None


FLOOR: Final = Kdf(memory_kib=64 * 1024, passes=3, lanes=1)
"""The least that is accepted: RFC 9106's second recommended option, in one lane."""
CEILING: Final = Kdf(memory_kib=1024 * 1024, passes=64, lanes=16)
"""The most that is accepted, so that a changed header can't hang the device."""
SMALLEST: Final = Kdf(memory_kib=8, passes=1, lanes=1)
"""The least that Argon2id works with at all; for tests, as ``kdf`` and ``kdf_floor``."""


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every slot has. Byte strings are in hexadecimal."""

    memory_kib: int
    passes: int
    lanes: int
    salt: str
    nonce: str
    wrapped: str
    kdf: str = "argon2id"

    @property
    def id(self) -> str:
        """Names the slot within its vault: its salt."""
        return self.salt

    @property
    def settings(self) -> Kdf:
        """What a guess costs, as the slot says; not yet believed."""
        return Kdf(self.memory_kib, self.passes, self.lanes)

    def problem(self, floor: Kdf) -> str | None:
        """Why the slot is not even tried, or None."""
        try:
            lengths = [len(bytes.fromhex(text)) for text in (self.salt, self.nonce, self.wrapped)]
        except ValueError:
            lengths = []
        if lengths != [SALT, NONCE, KEY + TAG] or self.kdf != "argon2id":
            return "a key slot is not as the format says"
        return self.settings.problem(floor)

    def fields(self) -> dict[str, Any]:
        """The slot as it stands in the header."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        return fields

    def bound_to(self, vault: str) -> bytes:
        """The associated data of the seal: all fields but the sealed key, and the vault's id (in hex)."""
        fields = {**self.fields(), "wrapped": "", "vault": vault}
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


class PassphraseSlot(_Sealed, frozen=True, forbid_unknown_fields=True, tag="passphrase"):
    """The lock key, sealed under a passphrase."""

    KIND: ClassVar[str] = "passphrase"

    @classmethod
    def make(cls, vault: str, lock: LockKey, passphrase: Passphrase, kdf: Kdf) -> PassphraseSlot:
        """Seal the lock key under the passphrase, with a fresh salt and nonce. Raises `MemoryError`."""
        salt, nonce = secrets.token_bytes(SALT), secrets.token_bytes(NONCE)
        slot = cls(kdf.memory_kib, kdf.passes, kdf.lanes, salt.hex(), nonce.hex(), "")
        sealed = lock.wrapped(kdf.key(passphrase, salt), nonce, slot.bound_to(vault))
        return msgspec.structs.replace(slot, wrapped=sealed.hex())

    def open(self, vault: str, passphrase: Passphrase) -> LockKey | None:
        """The lock key, or None when the passphrase is another one. Ask `problem` first."""
        return LockKey.unwrap(
            self.settings.key(passphrase, bytes.fromhex(self.salt)),
            bytes.fromhex(self.nonce),
            bytes.fromhex(self.wrapped),
            self.bound_to(vault),
        )


class PinSlot(_Sealed, frozen=True, forbid_unknown_fields=True, tag="pin+keystore"):
    """The lock key, sealed under a PIN and 32 random bytes that the system's keystore keeps."""

    KIND: ClassVar[str] = "pin+keystore"

    @classmethod
    def make(cls, vault: str, lock: LockKey, pin: Passphrase, half: Half, kdf: Kdf) -> PinSlot:
        """Seal the lock key under PIN and keystore half. Raises `MemoryError`."""
        salt, nonce = secrets.token_bytes(SALT), secrets.token_bytes(NONCE)
        slot = cls(kdf.memory_kib, kdf.passes, kdf.lanes, salt.hex(), nonce.hex(), "")
        sealed = lock.wrapped(half.joined(kdf.key(pin, salt), salt), nonce, slot.bound_to(vault))
        return msgspec.structs.replace(slot, wrapped=sealed.hex())

    def open(self, vault: str, pin: Passphrase, half: Half) -> LockKey | None:
        """The lock key, or None when PIN or keystore half is another one. Ask `problem` first."""
        salt = bytes.fromhex(self.salt)
        return LockKey.unwrap(
            half.joined(self.settings.key(pin, salt), salt),
            bytes.fromhex(self.nonce),
            bytes.fromhex(self.wrapped),
            self.bound_to(vault),
        )


Slot = PassphraseSlot | PinSlot
