"""Key slots: how a passphrase opens the vault's data key.

A slot is a small lock that holds the data key, sealed under a key of its own. A vault has a list of
them and any one opens it; a later kind (a PIN bound to the system's keystore) is another class here,
and a reader passes over kinds that it does not know. A passphrase becomes a key by Argon2id
(RFC 9106); the seal is AES-256-GCM with every other field of the slot and the vault's id as
associated data, so none of them can be changed unseen.
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .frames import KEY, TAG, DataKey

SALT: Final = 16
NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class Kdf:
    """What one guess at the passphrase costs: Argon2id's memory in KiB, passes over it, and lanes."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 1

    def key(self, passphrase: str, salt: bytes) -> bytes:
        """32 bytes from the passphrase. Raises `MemoryError` when the device has not enough memory."""
        try:
            return hash_secret_raw(
                normal_form(passphrase).encode(),
                salt,
                time_cost=self.passes,
                memory_cost=self.memory_kib,
                parallelism=self.lanes,
                hash_len=KEY,
                type=Type.ID,
            )
        except HashingError:
            raise MemoryError("not enough free memory to check the passphrase") from None

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


def normal_form(passphrase: str) -> str:
    """The passphrase as it is hashed: Unicode NFC, one space for any run of blanks, none at the ends."""
    return unicodedata.normalize("NFC", " ".join(passphrase.split()))


class PassphraseSlot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data key, sealed under a passphrase. Byte strings are in hexadecimal."""

    memory_kib: int
    passes: int
    lanes: int
    salt: str
    nonce: str
    wrapped: str
    kind: str = "passphrase"
    kdf: str = "argon2id"

    KIND: ClassVar[str] = "passphrase"

    @classmethod
    def make(cls, vault_id: bytes, data_key: bytes, passphrase: str, kdf: Kdf) -> PassphraseSlot:
        """Seal ``data_key`` under the passphrase, with a fresh salt and nonce."""
        salt, nonce = secrets.token_bytes(SALT), secrets.token_bytes(NONCE)
        slot = cls(kdf.memory_kib, kdf.passes, kdf.lanes, salt.hex(), nonce.hex(), "")
        sealed = AESGCM(kdf.key(passphrase, salt)).encrypt(nonce, data_key, slot.bound_to(vault_id))
        return msgspec.structs.replace(slot, wrapped=sealed.hex())

    def settings(self) -> Kdf:
        """What a guess costs, as the slot says; not yet believed."""
        return Kdf(self.memory_kib, self.passes, self.lanes)

    def problem(self, floor: Kdf) -> str | None:
        """Why the slot is not even tried, or None."""
        try:
            lengths = [len(bytes.fromhex(text)) for text in (self.salt, self.nonce, self.wrapped)]
        except ValueError:
            lengths = []
        if lengths != [SALT, NONCE, KEY + TAG] or self.kdf != "argon2id" or self.kind != self.KIND:
            return "a key slot is not as the format says"
        return self.settings().problem(floor)

    def open(self, vault_id: bytes, passphrase: str) -> DataKey | None:
        """The data key, or None when the passphrase is another one. Ask `problem` first."""
        key = self.settings().key(passphrase, bytes.fromhex(self.salt))
        try:
            secret = AESGCM(key).decrypt(
                bytes.fromhex(self.nonce), bytes.fromhex(self.wrapped), self.bound_to(vault_id)
            )
        except InvalidTag:
            return None
        return DataKey(secret)

    def bound_to(self, vault_id: bytes) -> bytes:
        """The associated data of the seal: all fields but the sealed key, and the vault's id."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        fields["wrapped"] = ""
        fields["vault"] = vault_id.hex()
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
