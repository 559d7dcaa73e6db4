"""Looking a vault over without changing a byte of it: what `outreach vault check` tells."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from . import files
from .errors import NotOpened, VaultDamaged, VaultNoAccess
from .frames import DataKey
from .journal import take_lock
from .keyslots import FLOOR, Kdf
from .opening import header_of, require_header, unlock
from .passphrase import Passphrase
from .progress import Progress, silent
from .replay import Chain, replay, vault_files


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found."""

    sound: bool
    """Every file is whole and says what was written."""
    records: int
    """Documents in all tables; where the vault is damaged, those before the damage."""
    tables: int
    last_written: datetime | None
    """By the clock of the device, in UTC; where the vault is damaged, the last one before it."""
    files: int
    bytes: int
    """Their size, all told."""
    torn: int
    """Writes that were cut off before they counted as saved. They do no harm."""
    problem: str | None
    """What is wrong, in a sentence; None when the vault is sound."""

    def __str__(self) -> str:
        when = "not yet" if self.last_written is None else f"{self.last_written:%Y-%m-%d %H:%M} UTC"
        lines = [
            f"{'Sound' if self.sound else 'Damaged'}.",
            f"Records: {self.records} in {self.tables} tables{'' if self.sound else ', before the damage'}.",
            f"Last written: {when}.",
            f"On disk: {self.files} files, {self.bytes} bytes.",
        ]
        if self.torn:
            lines.append(f"Writes cut off before they counted as saved: {self.torn}. They do no harm.")
        if self.problem:
            lines.append(self.problem)
        return "\n".join(lines)


def check(
    path: str | os.PathLike[str],
    passphrase: str | Passphrase,
    *,
    kdf_floor: Kdf = FLOOR,
    progress: Progress = silent,
) -> Checkup:
    """Read the whole vault in the folder ``path``, changing nothing, and tell what is in it.

    Raises `WrongPassphrase`, `VaultMissing`, `VaultInUse`, `VaultTooNew`, `KeySlotRefused`,
    `VaultNoAccess`, `NotOpened`; damage is not raised but told.
    """
    folder = Path(path)
    passphrase = Passphrase(passphrase)
    try:
        require_header(folder)
        lock = take_lock(folder, shared=True)
        try:
            key = unlock(folder, header_of(folder), passphrase, kdf_floor).ring
            return told(folder, *read_through(folder, key, progress))
        finally:
            if lock is not None:
                lock.close()
    except VaultDamaged as damage:  # the header's
        return told(folder, Chain(), damage)
    except PermissionError:
        raise VaultNoAccess(folder) from None
    except OSError as error:
        raise NotOpened(folder, error) from None


def read_through(
    folder: Path, key: DataKey, progress: Progress = silent
) -> tuple[Chain, VaultDamaged | None]:
    """Everything that is sound before the first damage, and the damage. Raises `OSError`."""
    chain = Chain()
    try:
        replay(folder, key, chain, progress)
    except VaultDamaged as damage:
        return chain, damage
    return chain, None


def told(folder: Path, chain: Chain, damage: VaultDamaged | None) -> Checkup:
    """What `read_through` found, as it is told."""
    written_ms = chain.contents.written_ms
    found = [name for _, _, name in vault_files(folder)] if folder.is_dir() else []
    return Checkup(
        sound=damage is None,
        records=chain.contents.documents,
        tables=len(chain.contents.tables),
        last_written=None if written_ms is None else datetime.fromtimestamp(written_ms / 1000, UTC),
        files=len(found),
        bytes=sum(files.size(folder / name) for name in found),
        torn=chain.torn,
        problem=None if damage is None else str(damage),
    )
