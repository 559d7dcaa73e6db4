"""One signed-in member. Screens get only this (and `Device` while it is locked).

    device = Device(folder)             # records contacts without unlocking
    session = device.unlock(passphrase)
    session.save_contact(draft)         # returns once it is on disk, sealed and waiting
    slip = session.refer(draft)         # a referral with its slip, no network asked
    session.sync()                      # push and pull; blocking, in a thread

Keys live in this object and go with `lock`. Methods that touch the disk are quick (a few
milliseconds) but blocking; `sync` and `Device.unlock` take longer: screens call them in threads.
"""

from __future__ import annotations

from outreach.desk import ArrivalView, Desk
from outreach.device import Device
from outreach.opened import NotPossible
from outreach.records import NotOpened, Records, SyncReport
from outreach.referring import Referring, SlipView
from outreach.street import ShiftView, Street
from outreach.vault.attempts import AttemptPolicy

__all__ = [
    "ArrivalView",
    "NotOpened",
    "NotPossible",
    "Session",
    "ShiftView",
    "SlipView",
    "SyncReport",
    "phone_attempts",
]


def phone_attempts() -> AttemptPolicy:
    """What wrong tries lead to on a phone: waits from the third on, and the tenth destroys the vault."""
    return AttemptPolicy()


class Session(Street, Referring, Desk):
    """Everything a member can do once unlocked; each part is a file of its own."""

    @classmethod
    def open(cls, device: Device, passphrase: str, attempts: AttemptPolicy | None = None) -> Session:
        """Unlock a device. Blocking, about a second. Raises NotOpened."""
        return cls(Records.open(device, passphrase, attempts))
