"""What every part of an unlocked session stands on: the records, the device and the time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from outreach.device import Device
from outreach.logbook.events import Event, SlipIssued
from outreach.logbook.views import Logbook
from outreach.records import NotPossible, Records, SyncReport
from outreach.slips import Token

__all__ = ["NotPossible", "Opened", "moment"]


def moment(ms: int) -> datetime:
    """Milliseconds since 1970 as an aware time, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


class Opened:
    """An unlocked profile. Keys live in `_records` and go with `lock`."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.device: Device = records.device

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.role!r})"

    @property
    def name(self) -> str:
        return self.device.name

    @property
    def role(self) -> str:
        return self.device.role

    @property
    def site(self) -> str:
        return self.device.site

    @property
    def logbook(self) -> Logbook:
        return self._records.logbook

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.device.directory.timezone)

    def now(self) -> datetime:
        """The device's clock, in the time zone of the directory."""
        return moment(self.device.clock.wall()).astimezone(self.timezone)

    def waiting(self) -> int:
        """How many records have not left this device yet, those that couldn't be sealed among them."""
        return self.device.waiting() + self._records.owed

    def last_sync(self) -> datetime | None:
        return self.device.last_sync()

    def sync(self) -> SyncReport:
        """Push and pull. Blocking. Raises sync.client.SyncError with a sentence; nothing is lost."""
        return self._records.sync()

    def lock(self) -> None:
        """Drop the keys and shut the vault; the device goes on capturing and delivering."""
        self._records.close()

    def bring_in(self, events: Sequence[Event]) -> None:
        """Record events kept elsewhere until now (an older system, a paper round) as this member's.

        All or none; stamps stay as they are, so they are this member's own. Blocking.
        """
        self._record(*events)

    def _record(self, *events: Event) -> None:
        self._records.record(*events)

    def _token(self, slip: SlipIssued) -> Token:
        """What the code of a slip says."""
        return Token(
            issuer=self.device.team.team,
            service=slip.service,
            session=slip.session,
            id=slip.token,
            issued=slip.issued,
            valid_until=slip.valid_until,
            fast_track=slip.fast_track,
        )
