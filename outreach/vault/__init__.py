"""The encrypted store on the device: TinyDB over an append-only journal, behind a passphrase.

    from outreach.vault import Vault, VaultError

    with Vault.open(folder, passphrase) as vault:
        contacts = vault.db.table("contacts")
        contacts.insert({"kind": "brief", "at": datetime.now(UTC)})   # on the device when it returns

- `Vault` is a folder with a passphrase; `JournalDB` is the database in it, a `tinydb.TinyDB`.
- Every error is a `VaultError` whose text can be shown as it is.
- `check` looks a vault over without changing it.
- What is stored: see `documents.py`. What is on disk: FORMAT.md. What is promised when a device dies
  in the middle of a write: `journal.py` and `replay.py`.
"""

from .checkup import Checkup, check
from .database import JournalDB
from .errors import (
    KeySlotRefused,
    NotOpened,
    NotSaved,
    ValueRefused,
    VaultClosed,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultInUse,
    VaultMissing,
    VaultNoAccess,
    VaultTooNew,
    WrongPassphrase,
)
from .keyslots import Kdf
from .vault import Vault

__all__ = [
    "Checkup",
    "JournalDB",
    "Kdf",
    "KeySlotRefused",
    "NotOpened",
    "NotSaved",
    "ValueRefused",
    "Vault",
    "VaultClosed",
    "VaultDamaged",
    "VaultError",
    "VaultExists",
    "VaultInUse",
    "VaultMissing",
    "VaultNoAccess",
    "VaultTooNew",
    "WrongPassphrase",
    "check",
]
