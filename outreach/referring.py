"""Referrals and their slips: made, shown, renewed and followed, with no network."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forms import matching, opening
from forms.services import Service
from forms.services import Session as OpeningTimes
from outreach import capture, slips
from outreach.logbook.events import (
    Event,
    PermissionGiven,
    PersonMade,
    ReferralMade,
    ReferralMoved,
    SentAhead,
    SlipIssued,
)
from outreach.logbook.referral import Referral
from outreach.opened import NotPossible, Opened, moment
from outreach.slips import text as slip_text
from outreach.slips import words
from outreach.slips.text import SlipText


@dataclass(frozen=True)
class SlipView:
    """A slip as screens and paper show it. `text` is what the QR holds."""

    referral: bytes
    text: str
    code: str
    words: tuple[str, str]
    slip: SlipText
    valid_until: datetime


class Referring(Opened):
    def refer(self, draft: capture.ReferralDraft) -> SlipView:
        """Make a referral with its slip: complete and valid at once, with no network.

        Raises:
            NotPossible: the service is closed, no slip key is on this device, or its slip can't be
                written. Nothing was recorded then.
        """
        service = self._service(draft.service)
        possible, reason = self._can_be_chosen(service)
        if not possible:
            raise NotPossible(reason)
        clock = self.device.clock
        person, referral = draft.person or secrets.token_bytes(12), secrets.token_bytes(12)
        events: list[Event] = []
        if not draft.person:
            events.append(
                PersonMade(
                    stamp=clock.stamp(),
                    person=person,
                    handle=words.handle(person),
                    chosen_name=draft.chosen_name,
                    language=draft.language,
                    wait_preference=draft.wait_preference,
                )
            )
        events.append(
            ReferralMade(
                stamp=clock.stamp(),
                referral=referral,
                service=draft.service,
                session=draft.session,
                source=draft.source,
                route="sent_ahead" if draft.send_ahead else draft.route,
                contact=draft.contact,
                person=person,
                fast_track=draft.fast_track,
                wait_preference=draft.wait_preference,
                travel_help=draft.travel_help,
                override=draft.override,
            )
        )
        slip = self._new_slip(referral, service, draft.session, fast_track=draft.fast_track)
        events.append(slip)
        if draft.send_ahead:
            permission = PermissionGiven(
                stamp=clock.stamp(),
                permission=secrets.token_bytes(12),
                person=person,
                what="chosen name and waiting preference",
                to=draft.service,
                why="to be greeted and seen quickly",
                until=slip.valid_until * 1000,
            )
            events.append(permission)
            events.append(
                SentAhead(
                    stamp=clock.stamp(),
                    token=slip.token,
                    service=draft.service,
                    permission=permission.permission,
                    chosen_name=draft.chosen_name,
                    wait_preference=draft.wait_preference,
                )
            )
        shown = self._show(slip)
        self._record(*events)
        return shown

    def slip(self, referral: bytes) -> SlipView:
        """The slip of a referral that is valid now (the newest)."""
        found = self._referral(referral)
        if not found.slips:
            raise NotPossible("This referral has no slip on this device. Renew it to make one.")
        return self._show(found.slips[-1])

    def renew(self, referral: bytes) -> SlipView:
        """A fresh slip for the same referral; the clock keeps its start (RS20)."""
        found = self._referral(referral)
        service = self._service(found.service)
        possible, reason = self._can_be_chosen(service)
        if not possible:
            raise NotPossible(reason)
        slip = self._new_slip(found.id, service, found.session, fast_track=found.fast_track)
        shown = self._show(slip)
        self._record(slip)
        return shown

    def referrals(self) -> tuple[Referral, ...]:
        return self.logbook.referrals()

    def move(
        self,
        referral: bytes,
        to: str,
        *,
        on: int = 0,
        attendance: str = "",
        reasons: Sequence[str] = (),
        source: str = "keyworker",
    ) -> None:
        """Record a later stage of a referral. `on`: milliseconds, 0 for now."""
        stamp = self.device.clock.stamp()
        self._record(
            ReferralMoved(
                stamp=stamp,
                referral=self._referral(referral).id,
                to=to,
                on=on or stamp.at,
                attendance=attendance,
                reasons=tuple(reasons),
                source=source,
            )
        )

    def _referral(self, referral: bytes) -> Referral:
        found = self.logbook.referral(referral)
        if found is None:
            raise NotPossible("This referral isn't on this device. Nothing was changed.")
        return found

    def _service(self, service: str) -> Service:
        for known in self.device.directory.services:
            if known.id == service:
                return known
        raise NotPossible("This place is not in the directory on this device. Pick another one.")

    def _can_be_chosen(self, service: Service) -> tuple[bool, str]:
        return opening.can_be_chosen(service, matching.local_date(service, self.now()))

    def _new_slip(self, referral: bytes, service: Service, session: int, *, fast_track: bool) -> SlipIssued:
        now = self.now()
        until = matching.valid_until(service, self._opening(service, session), now)
        return SlipIssued(
            stamp=self.device.clock.stamp(),
            referral=referral,
            token=slips.new_id(),
            service=service.id,
            session=session,
            issued=int(now.timestamp()),
            valid_until=int(until.timestamp()),
            fast_track=fast_track,
        )

    @staticmethod
    def _opening(service: Service, number: int) -> OpeningTimes | None:
        return next((session for session in service.sessions if session.number == number), None)

    def _show(self, slip: SlipIssued) -> SlipView:
        """The slip as text for the QR and as words for screen and paper; the same slip, the same text."""
        kid, seed = self._slip_key()
        token = self._token(slip)
        service = self._service(slip.service)
        try:
            text = slips.issue(token, seed, kid)
            written = slip_text.from_service(
                service,
                self._opening(service, slip.session),
                token,
                text,
                worker=self.name,
                now=self.now(),
                meanwhile=self._meanwhile(service),
            )
        except slips.SlipError as problem:
            raise NotPossible(str(problem)) from None
        return SlipView(
            referral=slip.referral,
            text=text,
            code=written.code,
            words=written.words,
            slip=written,
            valid_until=moment(slip.valid_until * 1000).astimezone(self.timezone),
        )

    def _slip_key(self) -> tuple[bytes, bytes]:
        key = self._records.slip_key
        if key is None:
            raise NotPossible(
                "This device has no key for slips. Nothing was changed; a coordinator can add the key, "
                "and a colleague who has it can make the slip."
            )
        return key

    def _meanwhile(self, service: Service) -> Service | None:
        ranked = matching.while_you_wait(self.device.directory, service, self.now())
        return ranked.service if ranked else None
