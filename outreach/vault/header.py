"""The header file: what a vault tells before it is unlocked, in three lines of text.

    outreach-vault 1
    {"vault":"…","slots":[…]}
    sha256 …

The checksum is no protection from anybody; it tells a damaged file from a wrong passphrase.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from . import files
from .errors import VaultDamaged, VaultTooNew
from .keyslots import PassphraseSlot

HEADER: Final = "vault.header"
VERSION: Final = 1
ID: Final = 16
_FIRST = re.compile(rb"outreach-vault ([0-9]{1,9})")


class Header(msgspec.Struct, frozen=True):
    """The vault's id (32 hexadecimal digits) and its key slots, of kinds known here or not."""

    vault: str
    slots: list[dict[str, Any]]

    @property
    def id(self) -> bytes:
        """The vault's 16-byte id."""
        return bytes.fromhex(self.vault)

    def passphrase_slots(self) -> list[PassphraseSlot]:
        """The slots that a passphrase may open. Raises `msgspec.ValidationError` for a malformed one."""
        ours = [slot for slot in self.slots if slot.get("kind") == PassphraseSlot.KIND]
        return msgspec.convert(ours, list[PassphraseSlot])


def read_header(folder: Path) -> Header:
    """Read and check the header in ``folder``. Raises `VaultDamaged`, `VaultTooNew`, `OSError`."""
    data = files.read(folder / HEADER)
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
        header.passphrase_slots()
        if len(header.id) != ID:
            raise ValueError
    except (msgspec.MsgspecError, ValueError):
        raise VaultDamaged(folder, HEADER, "its fields are not as the format says") from None
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
