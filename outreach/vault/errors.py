"""Everything that can go wrong with a vault, one family.

Each message is for the person who meets it: what happened, what is safe, what to do next. No
message ever holds a passphrase, a key or anything that was recorded.
"""

from __future__ import annotations

from pathlib import Path


class VaultError(Exception):
    """Any trouble with a vault. Catch this one to show the sentence and go on."""


class WrongPassphrase(VaultError):
    """The passphrase opens none of the vault's key slots. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "This passphrase does not open the vault. Everything in it is safe and unchanged. "
            "Check capital letters and the order of the words, then try again."
        )


class VaultInUse(VaultError):
    """Somebody, perhaps this very process, has the vault open."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The vault in {folder} is already open in another window or program. "
            "Nothing was changed. Close the other one, then try again."
        )


class VaultMissing(VaultError):
    """There is no vault at this place."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"There is no vault in {folder}. Nothing was changed. "
            "Check the folder, or set up a new vault there."
        )


class VaultExists(VaultError):
    """A vault can't be created here because the place is taken."""

    def __init__(self, folder: Path, found: str) -> None:
        super().__init__(
            f"A new vault can't be set up in {folder}: {found}. What is there is safe and unchanged. "
            "Open it, or choose another folder."
        )


class VaultNoAccess(VaultError):
    """The operating system does not let this program at the folder or one of its files."""

    def __init__(self, place: Path) -> None:
        super().__init__(
            f"This device does not let the app read and write {place}. Nothing was changed. "
            "Give the app permission for that folder, then try again."
        )


class NotOpened(VaultError):
    """The device failed while the vault was opened or set up."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"The vault in {folder} could not be opened, because this device reports: "
            f"{error.strerror or type(error).__name__}. What was saved is safe. "
            "Check the storage and the free space, then try again."
        )


class VaultDamaged(VaultError):
    """Something on disk is not what was written there.

    ``file`` is the name of the file, ``problem`` what is wrong with it. Nothing was overwritten.
    """

    def __init__(self, folder: Path, file: str, problem: str) -> None:
        self.file = file
        self.problem = problem
        super().__init__(
            f"The file {file} of the vault in {folder} is damaged: {problem}. Nothing was overwritten or "
            f"removed. Copy the whole folder to a safe place first; then `outreach vault check {folder}` "
            "tells how much of it can still be read."
        )


class VaultTooNew(VaultError):
    """The vault was written by a later version of the app."""

    def __init__(self, folder: Path, version: int) -> None:
        self.version = version
        super().__init__(
            f"The vault in {folder} was written by a newer version of the app (format {version}). "
            "Everything in it is safe and unchanged. Update the app on this device, then open it again."
        )


class KeySlotRefused(VaultError):
    """No key slot that this version may use, or one whose settings are out of bounds."""

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(
            f"The vault in {folder} can't be unlocked here: {problem}. Nothing was changed. "
            "Open it on the device and with the version of the app that made it."
        )


class NotSaved(VaultError):
    """The device could not write; the file is closed to further writing until it is opened again."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The last change could not be written to this device ({reason}), so it does not count as saved. "
            "Everything saved before it is safe. Free some space or check the storage, then close the app "
            "and open it again; until then nothing more can be saved."
        )


class VaultClosed(VaultError):
    """The vault has been closed or locked; nothing can be read or written through this object."""

    def __init__(self) -> None:
        super().__init__("The vault is closed. What was saved is safe. Unlock it to go on.")


class ValueRefused(VaultError, TypeError):
    """A document holds something that the vault does not store. Nothing was written."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"This can't be stored: {problem}. Nothing was written and what was saved before is safe. "
            "The vault stores text, numbers, true and false, nothing (null), bytes, dates with a "
            "time zone, lists, and objects of these with text as names."
        )
