"""The system's keystore, as the vault sees it: three calls for small named secrets.

A phone has a place where secrets can be used by this app on this device only, and that a copy of
the app's folder does not take along. The vault keeps there, where there is one:

- the second half of each PIN slot (without it six digits fall in hours);
- how far the vault had come, so that a folder set back to an earlier copy is noticed;
- how many wrong tries there were, so that copying the folder back does not bring them to zero.

A laptop has none: pass None. For those who write the one for a phone (flet-secure-storage):
``reset_on_error=False``, or one keystore error erases everything in it; `put` returns when the value
would outlive a power cut; a call that fails raises `KeystoreFailed`, and never answers "not there"
instead; the browser's storage is no keystore, because its key lies beside the data. Calls are
blocking and may come from any thread.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

_SEEN = struct.Struct(">QQ")


class Keystore(Protocol):
    """Small secrets by name: ASCII names of at most 100 characters, values of at most 64 bytes."""

    def get(self, name: str) -> bytes | None:
        """The secret, or None when there is none of that name. Raises `KeystoreFailed`."""

    def put(self, name: str, secret: bytes) -> None:
        """Keep the secret, replacing one of that name. Raises `KeystoreFailed`."""

    def delete(self, name: str) -> None:
        """Forget the secret; one that is not there is no error. Raises `KeystoreFailed`."""


class MemoryKeystore:
    """A keystore that lasts as long as the object: for tests."""

    def __init__(self) -> None:
        self._secrets: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"<MemoryKeystore of {len(self._secrets)}>"

    @property
    def names(self) -> list[str]:
        """The names that are there, sorted."""
        return sorted(self._secrets)

    def get(self, name: str) -> bytes | None:
        """As in `Keystore`."""
        return self._secrets.get(name)

    def put(self, name: str, secret: bytes) -> None:
        """As in `Keystore`."""
        self._secrets[name] = secret

    def delete(self, name: str) -> None:
        """As in `Keystore`."""
        self._secrets.pop(name, None)


def entry(vault: str, what: str) -> str:
    """The name in the keystore of one thing of one vault; ``vault`` is its id in hexadecimal."""
    return f"outreach.vault.{vault}.{what}"


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a vault had come when it was last looked at."""

    serial: int
    """Of the header: how often it was written."""
    frame: int
    """The number of the last frame."""

    def pack(self) -> bytes:
        """16 bytes for the keystore."""
        return _SEEN.pack(self.serial, self.frame)

    @classmethod
    def unpack(cls, data: bytes) -> Seen | None:
        """Read what `pack` wrote; None when it is something else."""
        return cls(*_SEEN.unpack(data)) if len(data) == _SEEN.size else None

    def is_behind(self, other: Seen) -> bool:
        """Is this an earlier state of the vault than ``other``?"""
        return self.serial < other.serial or self.frame < other.frame
