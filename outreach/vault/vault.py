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
from .attempts import AttemptPolicy, Attempts
from .backup import copy_out
from .checkup import Checkup
from .database import JournalDB
from .errors import (
    KeySlotRefused,
    NotOpened,
    VaultClosed,
    VaultError,
    VaultExists,
    VaultNoAccess,
    VaultSetBack,
    VaultWiped,
    WrongPassphrase,
)
from .frames import SNAPSHOT
from .header import HEADER, ID, Header, write_header
from .journal import take_lock
from .keyring import KeyRing, LockKey
from .keys import Keys, accept
from .keyslots import FLOOR, SMALLEST, Kdf, PassphraseSlot
from .keystore import Keystore, Seen, entry
from .opening import Unlocked, header_of, memory_for_a_guess, require_header, unlock
from .passphrase import Passphrase
from .progress import Progress, silent
from .replay import Chain, vault_files
from .wipe import WIPED, is_wiped, wipe_locked

_EMPTY_JOURNAL = 1024
"""A first snapshot of no more bytes than this holds no record."""


class Vault:
    """An unlocked vault. ``db`` is its database, ``keys`` its key slots; `close` locks it.

    Make one with `Vault.create`, open it with `Vault.open`; both work as context managers.
    """

    def __init__(self, path: Path, db: JournalDB, unlocked: Unlocked, keystore: Keystore | None) -> None:
        self.path = path
        self.id = unlocked.header.id
        """16 random bytes that name this vault for good."""
        self.db = db
        self._keystore = keystore
        self._keys: Keys | None = Keys(path, unlocked, keystore)
        self._keys.after_change = self.note

    def __repr__(self) -> str:
        return f"<Vault in {self.path}>"

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        passphrase: str | Passphrase,
        *,
        kdf: Kdf | None = None,
        clock: Callable[[], float] = time.time,
        keystore: Keystore | None = None,
    ) -> Vault:
        """Set up a new vault in the folder ``path`` and open it.

        ``kdf`` is what a guess at the passphrase costs: `FLOOR`, or what `calibrate` found for this
        device. Less than `FLOOR` is for tests: only an `open` that is given the same ``kdf_floor`` takes
        such a vault. ``clock`` gives seconds since 1970. A vault that was wiped makes room for a new one.
        Raises `VaultExists`, `VaultNoAccess`, `NotOpened`.
        """
        folder = Path(path)
        passphrase = Passphrase(passphrase)
        accept(passphrase)
        kdf = kdf or FLOOR
        if problem := kdf.problem(SMALLEST):
            raise KeySlotRefused(folder, problem)
        try:
            files.make_folder(folder)
            if HEADER in files.names(folder) and not is_wiped(folder):
                raise VaultExists(folder, "there is a vault already")
            lock = take_lock(folder)
            try:
                _clear_abandoned(folder, keystore)
                vault_id, lock_key, ring = secrets.token_bytes(ID).hex(), LockKey(), KeyRing.new()
                with memory_for_a_guess(folder):
                    slot = PassphraseSlot.make(vault_id, lock_key, passphrase, kdf)
                header = Header.sealed(vault_id, 1, [slot.fields()], lock_key, ring)
                db = JournalDB(folder, ring, lock=lock, clock=clock)
            except BaseException:
                if lock is not None:
                    lock.close()
                raise
            try:
                write_header(folder, header)
                vault = cls(folder, db, Unlocked(header, lock_key, ring, kdf), keystore)
                vault.note()
            except BaseException:
                db.close()
                raise
        except PermissionError:
            raise VaultNoAccess(folder) from None
        except (FileExistsError, NotADirectoryError):
            raise VaultExists(folder, "there is a file with the name of a folder on the way") from None
        except OSError as error:
            raise NotOpened(folder, error) from error
        return vault

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        passphrase: str | Passphrase,
        *,
        kdf_floor: Kdf = FLOOR,
        clock: Callable[[], float] = time.time,
        attempts: AttemptPolicy | None = None,
        keystore: Keystore | None = None,
        accept_older: bool = False,
    ) -> Vault:
        """Unlock the vault in the folder ``path`` with a passphrase, or a PIN and this device's keystore.

        With ``attempts`` wrong tries are counted, grow slow, and in the end destroy what the vault holds.
        Leave it out where others could use the tries up, as on a server. ``accept_older`` takes a folder
        that the keystore knows a later state of: somebody restored a backup and means it.

        Raises `WrongPassphrase`, `TooManyAttempts`, `VaultWiped`, `VaultInUse`, `VaultMissing`,
        `VaultDamaged`, `VaultSetBack`, `VaultTooNew`, `VaultNoAccess`, `NotOpened`, `KeySlotRefused`,
        `KeystoreFailed`; all are `VaultError`, and none but `VaultWiped` changes any record.
        """
        folder = Path(path)
        passphrase = Passphrase(passphrase)
        _finish_wiping(folder, keystore)
        require_header(folder)
        lock = take_lock(folder)
        try:
            header = header_of(folder)
            tries = None
            if attempts is not None:
                tries = Attempts(folder, header.vault, attempts, keystore=keystore, clock=clock)
            try:
                if tries is not None and tries.left == 0:
                    raise WrongPassphrase(0)  # the last try was begun and its answer never came
                unlocked = unlock(folder, header, passphrase, kdf_floor, keystore=keystore, attempts=tries)
            except WrongPassphrase as wrong:
                if wrong.left != 0:
                    raise
                wipe_locked(folder, keystore)
                unlocked = None
            if unlocked is None:
                raise VaultWiped(folder)
            guard = None if accept_older else _not_before(folder, header, keystore)
            db = JournalDB(folder, unlocked.ring, create=False, lock=lock, clock=clock, inspect=guard)
        except BaseException:
            if lock is not None:
                lock.close()
            raise
        vault = cls(folder, db, unlocked, keystore)
        try:
            vault._finish_turn()
            vault.note()
        except BaseException:
            vault.close()
            raise
        return vault

    @property
    def keys(self) -> Keys:
        """The key slots: adding, removing, changing a passphrase. Raises `VaultClosed`."""
        if self._keys is None:
            raise VaultClosed
        return self._keys

    def forget(self) -> None:
        """Make what was removed or overwritten so far unreadable for good.

        Everything that is there now is written anew under a new data key, and the old key is destroyed;
        nobody's passphrase is asked. Takes as long as a compaction. Raises `KeysNotChanged` or `NotSaved`
        when it could not be finished; the next opening goes on with it.
        """
        with self.erasing():
            pass

    @contextlib.contextmanager
    def erasing(self) -> Iterator[None]:
        """What is removed inside is gone for good when the block ends, even if the device dies in between:

            with vault.erasing():
                vault.db.table("contacts").remove(where("at") < long_ago)

        The block first notes on disk that forgetting is owed, so a removal that was saved is never left
        half done. A block that raises is finished all the same. Raises as `forget` does.
        """
        keys = self.keys
        ring = keys.begin_turn()
        try:
            yield
        finally:
            keys.use(ring)
            self.db.compact()
            keys.end_turn()

    def backup(self, file: str | os.PathLike[str], *, progress: Progress = silent) -> Checkup:
        """Copy this vault, as it is now, into the new file ``file``; records can be saved meanwhile.

        The same passphrases open the copy. Raises as `outreach.vault.backup` does.
        """
        return copy_out(self.path, Path(file), self.keys.ring_of, progress)

    def note(self) -> None:
        """Tell the keystore how far the vault has come, so that an earlier copy of it will be noticed.

        Done at opening, closing and each change of keys; call it in between as often as it is worth it.
        Raises `KeystoreFailed`.
        """
        if self._keystore is not None and self._keys is not None:
            seen = Seen(self._keys.serial, self.db.last_frame)
            self._keystore.put(entry(self.id.hex(), "seen"), seen.pack())

    def close(self) -> None:
        """Lock the vault and let go of its keys. Can be called twice."""
        if self._keys is None:
            self.db.close()
            return
        try:
            with contextlib.suppress(VaultError):  # what it does not know yet makes it no less safe
                self.note()
        finally:
            self._keys = None
            self.db.close()

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _finish_turn(self) -> None:
        """A turn of the data key that an earlier opening began is made good; if not now, next time."""
        if self.keys.turn_is_owed:
            with contextlib.suppress(VaultError):
                self.forget()


def _not_before(folder: Path, header: Header, keystore: Keystore | None) -> Callable[[Chain], None] | None:
    """What refuses an earlier state of the vault than the one that the keystore knows."""
    kept = None if keystore is None else keystore.get(entry(header.vault, "seen"))
    known = None if kept is None else Seen.unpack(kept)

    def inspect(chain: Chain) -> None:
        if known is not None and Seen(header.serial, chain.frame).is_behind(known):
            raise VaultSetBack(folder)

    return inspect


def _finish_wiping(folder: Path, keystore: Keystore | None) -> None:
    """Raise `VaultWiped` in a wiped folder; what the wiping left undone is done first."""
    if not is_wiped(folder):
        return
    lock = take_lock(folder)
    try:
        wipe_locked(folder, keystore)
    finally:
        if lock is not None:
            lock.close()
    raise VaultWiped(folder)


def _clear_abandoned(folder: Path, keystore: Keystore | None) -> None:
    """Take away what a wiped vault left, or a creation that died before its header was there."""
    if is_wiped(folder):
        wipe_locked(folder, keystore)
        if not vault_files(folder):
            files.remove(folder / WIPED)
            files.sync_folder(folder)
    found = vault_files(folder)
    if HEADER in files.names(folder):
        raise VaultExists(folder, "there is a vault already")
    if not found:
        return
    _, kind, name = found[0]
    if len(found) > 1 or kind != SNAPSHOT or files.size(folder / name) > _EMPTY_JOURNAL:
        raise VaultExists(folder, "there are records of a vault whose header is missing")
    files.remove(folder / name)
