"""Private keys while a session holds them: a member's, and those of the audiences they read.

They are plain values that a session owns; nothing here is a module global, and no `repr` shows
a key. A device keeps them in the vault as the dicts of `to_document`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey


@dataclass(frozen=True)
class MemberKeys:
    """The two seeds of a member (32 bytes each): Ed25519 to sign with, X25519 to be sealed to."""

    sign_seed: bytes = field(repr=False)
    seal_seed: bytes = field(repr=False)

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.sign_seed)

    @property
    def sealing_key(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self.seal_seed)

    def to_document(self) -> dict[str, bytes]:
        """For the vault."""
        return {"sign_seed": self.sign_seed, "seal_seed": self.seal_seed}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "MemberKeys":
        return cls(bytes(document["sign_seed"]), bytes(document["seal_seed"]))


class Keyring:
    """Private keys of audiences, by audience and epoch id. A value: adding makes another one."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[tuple[str, bytes], bytes] | None = None) -> None:
        """`keys`: 32-byte X25519 private keys by (audience, 8-byte epoch id)."""
        self._keys: dict[tuple[str, bytes], bytes] = dict(keys or {})

    def key(self, audience: str, epoch: bytes) -> X25519PrivateKey | None:
        """The private key of an audience's epoch, or None where this ring doesn't hold it."""
        raw = self._keys.get((audience, epoch))
        return None if raw is None else X25519PrivateKey.from_private_bytes(raw)

    def audiences(self) -> frozenset[str]:
        """Audiences of which at least one key is here."""
        return frozenset(audience for audience, _ in self._keys)

    def due(self, audiences: tuple[str, ...]) -> "Keyring":
        """The part of this ring for these audiences."""
        return Keyring({place: key for place, key in self._keys.items() if place[0] in audiences})

    def plus(self, other: "Keyring") -> "Keyring":
        """Both rings' keys."""
        return Keyring({**self._keys, **other._keys})

    def to_document(self) -> dict[str, Any]:
        """Plain data for the vault: `{"keys": [[audience, epoch id, private key], ...]}`."""
        return {"keys": [[audience, epoch, key] for (audience, epoch), key in sorted(self._keys.items())]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Keyring":
        """The ring of `to_document`. Raises ValueError for data that is not one."""
        keys: dict[tuple[str, bytes], bytes] = {}
        for audience, epoch, key in document["keys"]:
            if not (isinstance(audience, str) and len(epoch) == 8 and len(key) == 32):
                raise ValueError("not a keyring")
            keys[audience, bytes(epoch)] = bytes(key)
        return cls(keys)

    def __contains__(self, place: object) -> bool:
        return place in self._keys

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._keys)} keys>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("A keyring is not pickled; use to_document.")
