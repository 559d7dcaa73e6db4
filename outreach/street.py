"""On the street: contacts, the tray of unfinished ones, the bag and the shift."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from outreach import capture
from outreach.logbook.contacts import Contact
from outreach.logbook.events import (
    ContactRecorded,
    Corrected,
    Merged,
    ShiftEnded,
    ShiftStarted,
    StockLine,
    Withdrawn,
)
from outreach.opened import NotPossible, Opened, moment


@dataclass(frozen=True)
class ShiftView:
    """The shift that a member is on."""

    shift: bytes
    area: str
    partner: str
    since: datetime


class Street(Opened):
    def save_contact(self, draft: capture.ContactDraft) -> capture.Saved:
        """Record a contact. Returns once vault and outbox are on disk."""
        shift = self.shift()
        event = capture.recorded(
            draft, self.device.clock.stamp(late=draft.late), shift=shift.shift if shift else b""
        )
        self._record(event)
        return capture.Saved(event.stamp.id, event.contact, moment(event.stamp.at))

    def draft_of(self, contact: bytes) -> capture.ContactDraft:
        """A recorded contact as a draft, to finish or put right.

        Of a talk that several recorded, that is this member's own record.
        """
        return capture.draft_of(self._own_record(self._contact(contact)))

    def finish_contact(self, contact: bytes, draft: capture.ContactDraft) -> capture.Saved:
        """Put a contact right, or finish it: a correction, the first record stays in history."""
        before = self._own_record(self._contact(contact))
        stamp = self.device.clock.stamp()
        after = capture.recorded(draft, before.stamp, contact=before.contact, shift=before.shift)
        event = Corrected(stamp=stamp, target=before.stamp.id, changes=capture.changes(before, after))
        self._record(event)
        return capture.Saved(stamp.id, contact, moment(stamp.at))

    def undo(self, saved: capture.Saved) -> None:
        """Take back what was just saved."""
        self._record(Withdrawn(stamp=self.device.clock.stamp(), target=saved.event))

    def record_merge(self, relation: str, one: bytes, other: bytes) -> bytes:
        """Two records are one: `same_talk` (contact ids) or `same_person`. Returns the id that undoes it."""
        event = Merged(stamp=self.device.clock.stamp(), relation=relation, one=one, other=other)
        self._record(event)
        return event.stamp.id

    def _own_record(self, talk: Contact) -> ContactRecorded:
        """What this member may put right of a talk: their own record; the one that waits, where one does.

        Where none is theirs, it is the first one: a coordinator may change it, and others are told
        that a colleague's record stays as it is.
        """
        records = [self.logbook.event(each) for each in talk.records]
        own = [
            each
            for each in records
            if isinstance(each, ContactRecorded) and each.stamp.member == self.device.profile.member
        ]
        waiting = (each for each in own if each.unfinished or each.stamp.locked)
        return next(waiting, own[0] if own else talk.event)

    def _contact(self, contact: bytes) -> Contact:
        found = self.logbook.contact(contact)
        if found is None:
            raise NotPossible("This contact isn't on this phone any more. Nothing was changed.")
        return found

    def contacts_today(self) -> tuple[Contact, ...]:
        return self.logbook.contacts(self.now().date(), self.timezone)

    def unfinished(self) -> tuple[Contact, ...]:
        """This member's contacts that wait to be finished or confirmed, oldest first."""
        return self.logbook.unfinished(member=self.device.profile.member)

    def bag(self) -> tuple[StockLine, ...]:
        return self.logbook.bag(self.device.profile.member)

    def shift(self) -> ShiftView | None:
        """The shift that this member is on, if any."""
        started = self.logbook.open_shift(self.device.profile.member)
        if started is None:
            return None
        return ShiftView(started.shift, started.area, started.partner, moment(started.stamp.at))

    def start_shift(self, area: str, partner: str, bag: dict[str, int]) -> None:
        lines = tuple(StockLine(item, quantity) for item, quantity in bag.items())
        self._record(
            ShiftStarted(
                stamp=self.device.clock.stamp(),
                shift=secrets.token_bytes(12),
                area=area,
                partner=partner,
                bag=lines,
            )
        )

    def end_shift(self, debrief: str = "") -> None:
        shift = self.shift()
        if shift is not None:
            self._record(
                ShiftEnded(
                    stamp=self.device.clock.stamp(), shift=shift.shift, left=self.bag(), debrief=debrief
                )
            )
