"""A vault: a folder with a header, key slots, and the journal that they open."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from . import files
from .database import JournalDB
from .errors import (
    KeySlotRefused,
    NotOpened,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultMissing,
    VaultNoAccess,
    WrongPassphrase,
)
from .frames import KEY, SNAPSHOT, DataKey
from .header import HEADER, ID, Header, read_header, write_header
from .journal import take_lock
from .keyslots import FLOOR, Kdf, PassphraseSlot, normal_form
from .replay import vault_files

_EMPTY_JOURNAL = 1024
"""A first snapshot of no more bytes than this holds no record."""


class Vault:
    """An unlocked vault. ``db`` is its database; `close` locks it.

    Make one with `Vault.create`, open it with `Vault.open`; both work as context managers.
    """

    def __init__(self, path: Path, vault_id: bytes, db: JournalDB) -> None:
        self.path = path
        self.id = vault_id
        """16 random bytes that name this vault for good."""
        self.db = db

    def __repr__(self) -> str:
        return f"<Vault in {self.path}>"

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        passphrase: str,
        *,
        kdf: Kdf = FLOOR,
        clock: Callable[[], float] = time.time,
    ) -> Vault:
        """Set up a new vault in the folder ``path`` and open it.

        ``kdf`` is what a guess at the passphrase costs. Less than `FLOOR` is for tests: only an `open`
        that is given the same ``kdf_floor`` takes such a vault. ``clock`` gives seconds since 1970.
        Raises `VaultExists`, `VaultNoAccess`, `NotOpened`.
        """
        folder = Path(path)
        if not normal_form(passphrase):
            raise VaultError("A vault without a passphrase protects nothing. Nothing was set up. Choose one.")
        if problem := kdf.problem(Kdf(1, 1, 1)):
            raise KeySlotRefused(folder, problem)
        try:
            if (folder / HEADER).exists():
                raise VaultExists(folder, "there is a vault already")
            files.make_folder(folder)
            lock = take_lock(folder)
            try:
                _clear_abandoned(folder)
                vault_id, secret = secrets.token_bytes(ID), secrets.token_bytes(KEY)
                with _memory_for_a_guess(folder):
                    slot = PassphraseSlot.make(vault_id, secret, passphrase, kdf)
                db = JournalDB(folder, DataKey(secret), lock=lock, clock=clock)
            except BaseException:
                if lock is not None:
                    lock.close()
                raise
            try:
                write_header(folder, Header(vault_id.hex(), [_fields(slot)]))
            except BaseException:
                db.close()
                raise
        except PermissionError:
            raise VaultNoAccess(folder) from None
        except (FileExistsError, NotADirectoryError):
            raise VaultExists(folder, "there is a file with the name of a folder on the way") from None
        except OSError as error:
            raise NotOpened(folder, error) from error
        return cls(folder, vault_id, db)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        passphrase: str,
        *,
        kdf_floor: Kdf = FLOOR,
        clock: Callable[[], float] = time.time,
    ) -> Vault:
        """Unlock the vault in the folder ``path``.

        Raises `WrongPassphrase`, `VaultInUse`, `VaultMissing`, `VaultDamaged`, `VaultTooNew`,
        `VaultNoAccess`, `NotOpened`, `KeySlotRefused`; all are `VaultError`, and none changes anything.
        """
        folder = Path(path)
        require_header(folder)
        lock = take_lock(folder)
        try:
            vault_id, key = unlock(folder, passphrase, kdf_floor)
            db = JournalDB(folder, key, create=False, lock=lock, clock=clock)
        except BaseException:
            if lock is not None:
                lock.close()
            raise
        return cls(folder, vault_id, db)

    def close(self) -> None:
        """Lock the vault. Can be called twice."""
        self.db.close()

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def require_header(folder: Path) -> None:
    """Raise `VaultMissing`, `VaultDamaged` or `VaultNoAccess` unless ``folder`` has a header file."""
    try:
        if (folder / HEADER).is_file():
            return
        left = vault_files(folder)
    except PermissionError:
        raise VaultNoAccess(folder) from None
    except OSError:
        raise VaultMissing(folder) from None
    if left:
        raise VaultDamaged(folder, HEADER, "it is missing, though files with records are there")
    raise VaultMissing(folder)


def unlock(folder: Path, passphrase: str, kdf_floor: Kdf) -> tuple[bytes, DataKey]:
    """The vault's id, and its data key from the first slot that the passphrase opens."""
    try:
        header = read_header(folder)
    except PermissionError:
        raise VaultNoAccess(folder / HEADER) from None
    except OSError as error:
        raise VaultDamaged(folder, HEADER, f"it can't be read ({error.strerror})") from None
    slots = header.passphrase_slots()
    problems = [problem for slot in slots if (problem := slot.problem(kdf_floor))]
    if len(problems) == len(slots):
        raise KeySlotRefused(folder, problems[0] if problems else "it has no key slot for a passphrase")
    for slot in slots:
        if slot.problem(kdf_floor):
            continue
        with _memory_for_a_guess(folder):
            key = slot.open(header.id, passphrase)
        if key is not None:
            return header.id, key
    raise WrongPassphrase


@contextlib.contextmanager
def _memory_for_a_guess(folder: Path) -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise KeySlotRefused(folder, "this device has not enough free memory for it right now") from None


def _clear_abandoned(folder: Path) -> None:
    """Take away what a creation left that died before its header was there: no record was ever in it."""
    found = vault_files(folder)
    if (folder / HEADER).exists():
        raise VaultExists(folder, "there is a vault already")
    if not found:
        return
    _, kind, name = found[0]
    if len(found) > 1 or kind != SNAPSHOT or files.size(folder / name) > _EMPTY_JOURNAL:
        raise VaultExists(folder, "there are records of a vault whose header is missing")
    files.remove(folder / name)


def _fields(slot: PassphraseSlot) -> dict[str, object]:
    return {name: getattr(slot, name) for name in slot.__struct_fields__}
