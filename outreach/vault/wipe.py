"""Destroying what a vault holds: its keys first, then the rest.

Everything in a vault is sealed under keys that only its header (and the keystore) leads to. So a
wipe is done when the header is gone; what follows is tidying up. A marker, written first, makes
whoever dies half-way find a wiped vault and not a damaged one: the next opening goes on where this
one ended. Nothing outside the vault's folder is touched: records that were sealed for the team and
the key that delivers them stay where they are.

A disk may keep old copies of an overwritten or unlinked sector; flash memory does. FORMAT.md says
what that means.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Final

from . import files
from .attempts import ATTEMPTS
from .errors import NotWiped, VaultDamaged, VaultError, VaultTooNew
from .header import HEADER, Header, read_header
from .journal import LEFT_OVER, take_lock
from .keyslots import PinSlot
from .keystore import Keystore, entry
from .opening import require_header
from .replay import vault_files

WIPED: Final = "wiped"
_MARKER = re.compile(rb"outreach-vault wiped ([0-9a-f]{32}|unknown)\n")


def wipe(path: str | os.PathLike[str], *, keystore: Keystore | None = None) -> None:
    """Destroy the vault in the folder ``path``: after this nobody reads what is in it, keys or not.

    Needs no passphrase: whoever can call this could unlink the files. Raises `VaultMissing`,
    `VaultInUse`, `VaultNoAccess`, and `NotWiped` when the keys could not be destroyed.
    """
    folder = Path(path)
    if not is_wiped(folder):
        require_header(folder)
    lock = take_lock(folder)
    try:
        wipe_locked(folder, keystore)
    finally:
        if lock is not None:
            lock.close()


def is_wiped(folder: Path) -> bool:
    """Was this vault wiped, or its wiping begun?

    A marker that names another vault than the header does counts for nothing.
    """
    try:
        marker = _MARKER.fullmatch(files.read(folder / WIPED))
    except OSError:
        return False
    if marker is None:
        return False
    header = _header(folder)
    return header is None or marker[1] == header.vault.encode()


def wipe_locked(folder: Path, keystore: Keystore | None) -> None:
    """`wipe`, for whoever holds the folder's lock. Can be done again; raises `NotWiped`."""
    header = _header(folder)
    try:
        if not is_wiped(folder):
            _mark(folder, header)
        for name in (HEADER, HEADER + ".new"):
            overwrite(folder / name)
        files.sync_folder(folder)
    except OSError as error:
        raise NotWiped(folder, error) from None
    if keystore is not None and header is not None:
        _forget(header, keystore)
    _tidy(folder)


def overwrite(path: Path) -> None:
    """Write zeros over the file, sync them, and unlink it. One that is not there is no error."""
    try:
        descriptor = files.reopen(path)
    except FileNotFoundError:
        return
    try:
        files.write_at(descriptor, bytes(files.size(path)), 0)
        files.sync_data(descriptor)
    finally:
        files.close(descriptor)
    files.remove(path)


def _tidy(folder: Path) -> None:
    """Unlink the rest, which nobody can read now; what can't be unlinked goes at the next opening."""
    with contextlib.suppress(OSError):
        left = [name for name in files.names(folder) if name == ATTEMPTS or name.endswith(LEFT_OVER)]
        for name in [*left, *(name for _, _, name in vault_files(folder))]:
            with contextlib.suppress(OSError):
                files.remove(folder / name)
        files.sync_folder(folder)


def _header(folder: Path) -> Header | None:
    try:
        return read_header(folder)
    except (OSError, VaultDamaged, VaultTooNew):
        return None


def _mark(folder: Path, header: Header | None) -> None:
    unfinished = folder / (WIPED + ".new")
    with contextlib.suppress(FileNotFoundError):
        files.remove(unfinished)
    descriptor = files.create(unfinished)
    try:
        name = header.vault if header else "unknown"
        files.write_at(descriptor, b"outreach-vault wiped %s\n" % name.encode(), 0)
        files.sync_data(descriptor)
    finally:
        files.close(descriptor)
    files.rename(unfinished, folder / WIPED)
    files.sync_folder(folder)


def _forget(header: Header, keystore: Keystore) -> None:
    """Delete what the keystore holds of this vault; without the header it opens nothing anyway."""
    slots = [slot.get("salt", "") for slot in header.slots if slot.get("kind") == PinSlot.KIND]
    for what in [*(f"pin.{salt}" for salt in slots), "seen", "wrong"]:
        with contextlib.suppress(VaultError):
            keystore.delete(entry(header.vault, what))
