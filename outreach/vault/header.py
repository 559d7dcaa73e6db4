"""The header file: what a vault tells before it is unlocked, in three lines of text.

    outreach-vault 1
    {"vault":"…","serial":7,"slots":[…],"nonce":"…","keys":"…"}
    sha256 …

The checksum is no protection from anybody; it tells a damaged file from a wrong passphrase. Whoever
has unlocked the vault knows more: the key ring in ``keys`` is sealed over all the other fields.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
from pathlib import Path
from typing import Any, Final

import msgspec

from . import files
from .errors import VaultDamaged, VaultTooNew
from .keyring import KeyRing, LockKey
from .keyslots import NONCE, PassphraseSlot, PinSlot, Slot

HEADER: Final = "vault.header"
VERSION: Final = 1
ID: Final = 16
_FIRST = re.compile(rb"outreach-vault ([0-9]{1,9})")


class Header(msgspec.Struct, frozen=True):
    """The vault's id, its key slots of kinds known here or not, and the sealed key ring, all in hex."""

    vault: str
    serial: int
    """How often the header was written."""
    slots: list[dict[str, Any]]
    nonce: str
    keys: str

    @classmethod
    def sealed(
        cls, vault: str, serial: int, slots: list[dict[str, Any]], lock: LockKey, ring: KeyRing
    ) -> Header:
        """A header whose ring is sealed under the lock key, over all the other fields."""
        nonce = secrets.token_bytes(NONCE)
        bare = cls(vault, serial, slots, nonce.hex(), "")
        return msgspec.structs.replace(bare, keys=lock.seal(ring, nonce, bare.bound_to()).hex())

    @property
    def id(self) -> bytes:
        """The vault's 16-byte id."""
        return bytes.fromhex(self.vault)

    def known_slots(self) -> list[Slot]:
        """The slots of known kinds. Raises `msgspec.ValidationError` for a malformed one."""
        kinds = (PassphraseSlot.KIND, PinSlot.KIND)
        return msgspec.convert([slot for slot in self.slots if slot.get("kind") in kinds], list[Slot])

    def ring(self, lock: LockKey) -> KeyRing | None:
        """The data keys; None when any field of the header is not what was written with them."""
        return lock.open(bytes.fromhex(self.keys), bytes.fromhex(self.nonce), self.bound_to())

    def bound_to(self) -> bytes:
        """The associated data of the ring's seal: the header with ``keys`` empty."""
        fields = {"vault": self.vault, "serial": self.serial, "slots": self.slots, "nonce": self.nonce}
        return json.dumps({**fields, "keys": ""}, sort_keys=True, separators=(",", ":")).encode()


def read_header(folder: Path) -> Header:
    """Read and check the header in ``folder``. Raises `VaultDamaged`, `VaultTooNew`, `OSError`."""
    return parse_header(folder, files.read(folder / HEADER))


def parse_header(folder: Path, data: bytes) -> Header:
    """Check the header's bytes; ``folder`` is for the sentence. Raises `VaultDamaged`, `VaultTooNew`."""
    lines = data.split(b"\n")
    checked = data[: data.rfind(b"sha256 ")]
    if len(lines) < 4 or lines[-1] or lines[-2] != _checksum(checked):
        raise VaultDamaged(folder, HEADER, "its checksum does not match, or the file breaks off")
    first = _FIRST.fullmatch(lines[0])
    if not first:
        raise VaultDamaged(folder, HEADER, "it does not begin as a vault's header does")
    if int(first[1]) > VERSION:
        raise VaultTooNew(folder, int(first[1]))
    try:
        header = msgspec.json.decode(lines[1], type=Header)
        header.known_slots()
        bytes.fromhex(header.keys)
        if len(header.id) != ID or len(bytes.fromhex(header.nonce)) != NONCE or header.serial < 1:
            raise ValueError
    except (msgspec.MsgspecError, ValueError):
        header = None
    if header is None:
        raise VaultDamaged(folder, HEADER, "its fields are not as the format says")
    return header


def write_header(folder: Path, header: Header) -> None:
    """Write the header beside the old one, sync it and put it in its place. Raises `OSError`."""
    text = b"outreach-vault %d\n%s\n" % (VERSION, msgspec.json.encode(header))
    text += _checksum(text) + b"\n"
    path = folder / HEADER
    unfinished = path.with_name(HEADER + ".new")
    with contextlib.suppress(FileNotFoundError):
        files.remove(unfinished)
    descriptor = files.create(unfinished)
    try:
        files.write_at(descriptor, text, 0)
        files.sync_data(descriptor)
    finally:
        files.close(descriptor)
    files.rename(unfinished, path)
    files.sync_folder(folder)


def _checksum(data: bytes) -> bytes:
    return b"sha256 " + hashlib.sha256(data).hexdigest().encode()
