"""The keys behind the slots: one lock key for the vault, and the data keys that its files are under.

    slot (passphrase, PIN)  ──opens──►  lock key  ──opens──►  key ring: data keys  ──►  file keys

Every slot holds the same lock key, so a slot comes and goes, and a data key is turned, without
anybody's passphrase being asked again. A data key counts from a file number on: a file is under the
last key of the ring that counts from its number or before. So the journal knows nothing of turning.
It asks the ring as it would ask a single `DataKey`.

To turn the data key (`Keys.begin_turn`): the header first gets a ring with one more key, counting
from the number that the next file will have; then a snapshot is written, which falls under the new
key because of its number; then the header gets a ring without the old keys. Whoever dies in between
leaves a ring that reads everything that is there, and the next opening goes on.
"""

from __future__ import annotations

import secrets
import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .frames import KEY, DataKey, FileHead

MOST_KEYS: Final = 64
"""More data keys than turns that could not be finished, one after the other, ever add up to."""
_ENTRY = struct.Struct(">Q32s")


class LockKey:
    """The 32 bytes that every slot holds and that seal the key ring. Never shows them."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secrets.token_bytes(KEY) if secret is None else secret

    def __repr__(self) -> str:
        return "<LockKey>"

    def __reduce__(self) -> str:
        raise TypeError("a lock key is not pickled")

    def wrapped(self, slot_key: bytes, nonce: bytes, bound_to: bytes) -> bytes:
        """This key, sealed under a slot's key: 48 bytes."""
        return AESGCM(slot_key).encrypt(nonce, self._secret, bound_to)

    @classmethod
    def unwrap(cls, slot_key: bytes, nonce: bytes, sealed: bytes, bound_to: bytes) -> LockKey | None:
        """The key that `wrapped` sealed; None unless every byte of it is right."""
        try:
            return cls(AESGCM(slot_key).decrypt(nonce, sealed, bound_to))
        except InvalidTag:
            return None

    def seal(self, ring: KeyRing, nonce: bytes, bound_to: bytes) -> bytes:
        """The ring, sealed under this key."""
        return AESGCM(self._secret).encrypt(nonce, ring.pack(), bound_to)

    def open(self, sealed: bytes, nonce: bytes, bound_to: bytes) -> KeyRing | None:
        """The ring that `seal` sealed; None unless every byte of it is right."""
        try:
            return KeyRing.unpack(AESGCM(self._secret).decrypt(nonce, sealed, bound_to))
        except (InvalidTag, ValueError):
            return None


class KeyRing(DataKey):
    """A vault's data keys, each with the number of the file that it counts from. Never shows them."""

    __slots__ = ("_keys",)

    def __init__(self, keys: list[tuple[int, bytes]]) -> None:
        starts = [start for start, _ in keys]
        if not 1 <= len(keys) <= MOST_KEYS or starts != sorted(set(starts)) or starts[0] < 1:
            raise ValueError("the keys of a ring stand by rising file numbers")
        super().__init__(keys[-1][1])
        self._keys = [(start, DataKey(secret)) for start, secret in keys]

    @classmethod
    def new(cls) -> KeyRing:
        """One fresh data key, for every file."""
        return cls([(1, secrets.token_bytes(KEY))])

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._keys)}>"

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def start(self) -> int:
        """The number of the file that the newest key counts from."""
        return self._keys[-1][0]

    def file_key(self, head: bytes) -> bytes:
        """The key of the file that begins with the 64 bytes ``head``, by its number."""
        file = FileHead.unpack(head)
        fitting = [key for start, key in self._keys if file and start <= file.number]
        # For a file older than every key any key will do: the file is unreadable, as damage is.
        return (fitting[-1] if fitting else self._keys[0][1]).file_key(head)

    def with_new_key(self, start: int) -> KeyRing:
        """This ring and a fresh key that counts from file ``start`` on."""
        return KeyRing([*self._entries(), (start, secrets.token_bytes(KEY))])

    def newest(self) -> KeyRing:
        """The newest key alone."""
        return KeyRing(self._entries()[-1:])

    def take_over(self, other: KeyRing) -> None:
        """Become what ``other`` is: for the journal, which holds on to the ring it was opened with."""
        self._keys, self._secret = other._keys, other._secret

    def pack(self) -> bytes:
        """40 bytes for each key: the file number it counts from, and the key."""
        return b"".join(_ENTRY.pack(start, secret) for start, secret in self._entries())

    @classmethod
    def unpack(cls, data: bytes) -> KeyRing:
        """Read what `pack` wrote. Raises `ValueError`."""
        try:
            return cls(list(_ENTRY.iter_unpack(data)))
        except struct.error:
            raise ValueError("a key ring is 40 bytes for each key") from None

    def _entries(self) -> list[tuple[int, bytes]]:
        return [(start, key._secret) for start, key in self._keys]
