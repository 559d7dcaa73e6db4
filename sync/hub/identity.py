"""The hub's own signing key: what its receipts are signed with and what devices pin when they join.

It is kept **outside** the database, so that a copy of the database signs nothing. Where it comes from, in
this order:

1. the environment variable `OUTREACH_HUB_KEY` (the 32-byte Ed25519 seed in base64url), for several hub
   processes that share one database;
2. the file `hub.key` beside a SQLite database, made on the first start with mode 0600.

A lost key can't be made anew without every device noticing: the database remembers the public half
(`sync.hub.store.Store.remember_key`), and the hub refuses to start with another one.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sync.hub.problems import KeyUnusable

VARIABLE = "OUTREACH_HUB_KEY"
FILE_NAME = "hub.key"
SEED_BYTES = 32


class HubKey:
    """An Ed25519 signing key that never shows itself."""

    __slots__ = ("_private", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise KeyUnusable(f"The hub's key has {len(seed)} bytes instead of {SEED_BYTES}.")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public: bytes = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def private(self) -> Ed25519PrivateKey:
        """The key object itself, for signing receipts."""
        return self._private

    def __repr__(self) -> str:
        return f"HubKey(public={self.public.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("the hub's key is not pickled")


def load(folder: Path | None, environment: Mapping[str, str] = os.environ) -> HubKey:
    """The hub's key from the environment, or from (and if missing, newly made in) `folder`.

    Raises `KeyUnusable` with a sentence when neither gives a key.
    """
    if text := environment.get(VARIABLE):
        return HubKey(_seed(text, f"the environment variable {VARIABLE}"))
    if folder is None:
        raise KeyUnusable(
            f"This database has no folder to keep the hub's key in. Set {VARIABLE} to a 32-byte seed in "
            "base64url."
        )
    path = folder / FILE_NAME
    try:
        if not path.exists():
            _make(path)
        return HubKey(_seed(path.read_text("ascii"), str(path)))
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(
            f"The hub's key in {path} can't be read ({type(error).__name__}). "
            "Put it back from its backup, or give the hub access to it."
        ) from None


def _make(path: Path) -> None:
    """Write a new key so that a second hub starting at the same moment reads the same one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = base64.urlsafe_b64encode(secrets.token_bytes(SEED_BYTES)) + b"\n"
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        except OSError:  # a file system without hard links: the last hub to start wins, once
            draft.replace(path)
            return
    finally:
        draft.unlink(missing_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # pragma: no cover
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _seed(text: str, where: str) -> bytes:
    try:
        seed = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        seed = b""
    if len(seed) != SEED_BYTES:
        raise KeyUnusable(
            f"The hub's key in {where} is damaged: it is not 32 bytes in base64url. Put it back from its "
            "backup; "
            "a new key would make every device distrust this hub."
        )
    return seed
