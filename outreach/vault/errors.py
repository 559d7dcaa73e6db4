"""Everything that can go wrong with a vault, one family.

Each message is for the person who meets it: what happened, what is safe, what to do next. No
message ever holds a passphrase, a key or anything that was recorded.
"""

from __future__ import annotations

import math
from pathlib import Path


def duration(seconds: float) -> str:
    """A wait in words, rounded up: "45 seconds", "2 minutes"."""
    whole = max(1, math.ceil(seconds))
    if whole < 90:
        return "1 second" if whole == 1 else f"{whole} seconds"
    minutes = math.ceil(whole / 60)
    return f"{minutes} minutes" if minutes < 90 else f"{math.ceil(minutes / 60)} hours"


class VaultError(Exception):
    """Any trouble with a vault. Catch this one to show the sentence and go on."""


class WrongPassphrase(VaultError):
    """The passphrase opens none of the vault's key slots. Nothing was changed."""

    def __init__(self, left: int | None = None, wait: float = 0, hint: str = "") -> None:
        """``left`` tries are there before the vault is wiped (None: no end), the next in ``wait`` seconds."""
        self.left = left
        self.wait = wait
        more = f" {hint}" if hint else ""
        if wait:
            more += f" The next try can be made in {duration(wait)}."
        if left is not None:
            what = "1 more try" if left == 1 else f"{left} more tries"
            more += f" After {what} that do not fit, what the vault holds is destroyed on this device."
        super().__init__(
            "This passphrase does not open the vault. Everything in it is safe and unchanged. "
            f"Check capital letters and the order of the words, then try again.{more}"
        )


class TooManyAttempts(VaultError):
    """After several wrong tries in a row, the next one has its time. Nothing was tried.

    ``wait`` is in seconds, ``not_before`` in seconds since 1970 by the device's clock, ``left`` the
    number of tries before the vault is wiped (None: no end).
    """

    def __init__(self, wait: float, not_before: float, left: int | None) -> None:
        self.wait = wait
        self.not_before = not_before
        self.left = left
        super().__init__(
            f"There were several tries with another passphrase, so the next one can be made in "
            f"{duration(wait)}. Everything in the vault is safe and unchanged. "
            "Records can still be made from the lock screen."
        )


class VaultWiped(VaultError):
    """What the vault held was destroyed on this device, after too many wrong tries or on request."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"What the vault in {folder} held was destroyed on this device, after too many tries or at "
            "somebody's wish. Records that were sealed for the team are safe: those waiting still leave "
            "from this device, and the team can read them. Ask a coordinator to set this device up again."
        )


class NotWiped(VaultError):
    """The keys of a vault could not be destroyed."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"The vault in {folder} could not be destroyed, because this device reports: "
            f"{error.strerror or type(error).__name__}. Records that were sealed for the "
            "team are safe. Open the app again and it goes on, or erase the whole device."
        )


class VaultSetBack(VaultError):
    """The folder is an earlier copy of itself, so this device's keystore remembers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The vault in {folder} is an earlier copy of itself: this device remembers later records than "
            "the ones there. Nothing was changed. If you restored a backup yourself, say so and open it; "
            "otherwise ask a coordinator before anything is recorded here."
        )


class PinRefused(VaultError):
    """A PIN can't be set here, or not this one. Nothing was changed."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"This PIN can't be set: {problem}. Nothing was changed, and the passphrase opens the vault "
            "as before. Choose another PIN, or go on with the passphrase."
        )


class SlotNeeded(VaultError):
    """The key slot that was to be removed is the last one with a passphrase, or is not there."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"This key can't be removed: {problem}. Nothing was changed and everything is safe. "
            "Set up another passphrase first, or choose another key."
        )


class KeysNotChanged(VaultError):
    """The device could not write the changed keys."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            "The vault's keys could not be changed for certain, because this device reports: "
            f"{error.strerror or type(error).__name__}. Every record is safe. Keep the old passphrase and "
            "the new one until the vault was opened again with one of them, then make the change again."
        )


class KeystoreFailed(VaultError):
    """The system's keystore did not answer as it is meant to. Implementations of `Keystore` raise this."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"This device's own key storage did not answer ({problem}). Everything in the vault is safe "
            "and unchanged. Start the device again and try once more, or use the passphrase."
        )


class BackupDamaged(VaultError):
    """A backup file is not as it was written, or is something else."""

    def __init__(self, file: Path, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"The backup {file} can't be restored: {problem}. Nothing was changed or restored. "
            "Copy it again from where it was kept, or take another backup."
        )


class BackupNotMade(VaultError):
    """A backup could not be written or restored for a reason outside the vault."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(
            f"{file} could not be made: {problem}. The vault is safe and unchanged, and nothing was "
            "overwritten. Choose another place, or try again in a moment."
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
    """The device could not write this change. Reading goes on, and the next change is tried afresh."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The last change could not be written to this device ({reason}), so it does not count as saved. "
            "Everything saved before it is safe and can be read. Free some space or check the storage, "
            "then save again."
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
