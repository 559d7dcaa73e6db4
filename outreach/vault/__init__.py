"""The encrypted store on the device: TinyDB over an append-only journal, behind a passphrase.

    from outreach.vault import Vault, VaultError

    with Vault.open(folder, passphrase) as vault:
        contacts = vault.db.table("contacts")
        contacts.insert({"kind": "brief", "at": datetime.now(UTC)})   # on the device when it returns

- `Vault` is a folder with a passphrase; `JournalDB` is the database in it, a `tinydb.TinyDB`.
- Every error is a `VaultError` whose text can be shown as it is.
- `check` looks a vault over without changing it; `salvage` takes what is sound out of a damaged one;
  `backup` and `restore` copy a whole vault to one file and back.
- `new_passphrase` makes a passphrase, `calibrate` finds what a guess at it can cost on this device;
  `vault.keys` adds, removes and changes passphrases and PINs; `AttemptPolicy` counts wrong tries.
- `vault.erasing` and `vault.forget` make what was removed unreadable for good.
- What is stored: see `documents.py`. What is on disk: FORMAT.md. What is promised when a device dies
  in the middle of a write: `journal.py` and `replay.py`.
"""

from .attempts import AttemptPolicy
from .backup import backup, restore
from .calibration import calibrate
from .checkup import Checkup, check
from .database import JournalDB
from .errors import (
    BackupDamaged,
    BackupNotMade,
    KeySlotRefused,
    KeysNotChanged,
    KeystoreFailed,
    NotOpened,
    NotSaved,
    NotWiped,
    PinRefused,
    SlotNeeded,
    TooManyAttempts,
    ValueRefused,
    VaultClosed,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultInUse,
    VaultMissing,
    VaultNoAccess,
    VaultSetBack,
    VaultTooNew,
    VaultWiped,
    WrongPassphrase,
)
from .keys import Keys, SlotInfo
from .keyslots import Kdf
from .keystore import Keystore, MemoryKeystore
from .passphrases import new_passphrase
from .salvage import Lost, Salvaged, salvage
from .vault import Vault
from .wipe import wipe

__all__ = [
    "AttemptPolicy",
    "BackupDamaged",
    "BackupNotMade",
    "Checkup",
    "JournalDB",
    "Kdf",
    "KeySlotRefused",
    "Keys",
    "KeysNotChanged",
    "Keystore",
    "KeystoreFailed",
    "Lost",
    "MemoryKeystore",
    "NotOpened",
    "NotSaved",
    "NotWiped",
    "PinRefused",
    "Salvaged",
    "SlotInfo",
    "SlotNeeded",
    "TooManyAttempts",
    "ValueRefused",
    "Vault",
    "VaultClosed",
    "VaultDamaged",
    "VaultError",
    "VaultExists",
    "VaultInUse",
    "VaultMissing",
    "VaultNoAccess",
    "VaultSetBack",
    "VaultTooNew",
    "VaultWiped",
    "WrongPassphrase",
    "backup",
    "calibrate",
    "check",
    "new_passphrase",
    "restore",
    "salvage",
    "wipe",
]
