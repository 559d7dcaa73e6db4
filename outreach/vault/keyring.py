"""The keys behind the slots: one lock key for the vault, and the data keys that its files are under.

    slot (passphrase, PIN)  ──opens──►  lock key  ──opens──►  key ring: data keys  ──►  file keys

Every slot holds the same lock key, so a slot comes and goes, and a data key is turned, without
anybody's passphrase being asked again. Data keys are numbered, and every file's head says which one
it is under; so the journal knows nothing of turning, and asks the ring as it would ask a `DataKey`.
`keys.py` does the turning.
"""

from __future__ import annotations

import secrets
import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .frames import KEY, DataKey, FileHead

MOST_KEYS: Final = 256
"""More data keys than turns that could not be finished, one after the other, ever add up to."""
_ENTRY = struct.Struct(">I32s")


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
    """A vault's data keys by number. New files are under the last one. Never shows them."""

    __slots__ = ("_keys",)

    def __init__(self, keys: dict[int, DataKey]) -> None:
        numbers = list(keys)
        if not 1 <= len(keys) <= MOST_KEYS or numbers != sorted(numbers) or numbers[0] < 1:
            raise ValueError("the keys of a ring stand by rising numbers from 1")
        super().__init__(keys[numbers[-1]]._secret)
        self._keys = keys

    @classmethod
    def new(cls) -> KeyRing:
        """One fresh data key."""
        return cls({1: DataKey(secrets.token_bytes(KEY))})

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._keys)}>"

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def number(self) -> int:
        """The number of the key that new files are under."""
        return max(self._keys)

    def file_key(self, head: bytes) -> bytes:
        """The key of the file that begins with the 64 bytes ``head``.

        Where the ring does not have the key that it names, some other key's answer: the file can't be
        read then, and that is told as any damage is.
        """
        file = FileHead.unpack(head)
        key = self._keys.get(file.key) if file else None
        return super().file_key(head) if key is None else key.file_key(head)

    def with_new_key(self) -> KeyRing:
        """This ring and one fresh key more."""
        return KeyRing({**self._keys, self.number + 1: DataKey(secrets.token_bytes(KEY))})

    def newest(self) -> KeyRing:
        """The newest key alone."""
        return KeyRing({self.number: self._keys[self.number]})

    def take_over(self, other: KeyRing) -> None:
        """Become what ``other`` is: for the journal, which holds on to the ring it was opened with."""
        self._keys, self._secret = other._keys, other._secret

    def pack(self) -> bytes:
        """36 bytes for each key: its number and the key."""
        return b"".join(_ENTRY.pack(number, key._secret) for number, key in self._keys.items())

    @classmethod
    def unpack(cls, data: bytes) -> KeyRing:
        """Read what `pack` wrote. Raises `ValueError`."""
        if not data or len(data) % _ENTRY.size:
            raise ValueError("a key ring is 36 bytes for each key")
        return cls({number: DataKey(secret) for number, secret in _ENTRY.iter_unpack(data)})
