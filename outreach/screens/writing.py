"""The contact on its way: begun, written down, put aside, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import flet as ft

from outreach.capture import ContactDraft, Saved
from outreach.logbook.events import NaloxoneSupplied
from outreach.screens.walking import Walking, is_form
from outreach.session import Session


class Writing(Walking):
    """One draft at a time; `draft_contact` is set while a recorded contact is being finished."""

    def __init__(self, page: ft.Page, profiles: Mapping[str, Path], hints: Mapping[str, str]) -> None:
        super().__init__(page, profiles, hints)
        self.draft: ContactDraft | None = None
        self.draft_contact: bytes = b""
        self._saving = False
        self.main_drug: dict[bytes, str] = {}
        """Contact to the drug that is the main one for the person, as they said; gone when it locks."""
        self.last_naloxone: NaloxoneSupplied | None = None

    def begin(self, kind: str = "brief_contact") -> ContactDraft:
        """A new contact on its way."""
        shift = self.session.shift() if self.session is not None else None
        self.draft = ContactDraft(kind=kind, area=shift.area if shift else "")
        self.draft_contact = b""
        return self.draft

    def resume(self, contact: bytes) -> ContactDraft:
        """Take up a recorded contact again, to finish or put right."""
        if self.draft is None or self.draft_contact != contact:
            self.draft = self.member.draft_of(contact)
            self.draft_contact = contact
        return self.draft

    async def save(self, *, had_to_go: bool = False) -> None:
        """Write the draft down. "Saved" is said only after it is on disk; then home."""
        draft = self.draft
        if draft is None or self._saving:  # a second tap, while the first is being written
            return
        draft.had_to_go = draft.had_to_go or had_to_go
        draft.unfinished = had_to_go
        self._saving = True
        try:
            saved = await self._write(draft, self.draft_contact)
        finally:
            self._saving = False
        if draft.naloxone:
            self.last_naloxone = draft.naloxone[-1]
        self.draft, self.draft_contact = None, b""
        self.go_home()
        text = "Saved. It waits in the tray" if had_to_go else "Saved"
        self.tell(text, "Undo", lambda: self._undo(saved))
        await self.recorded()

    async def _write(self, draft: ContactDraft, contact: bytes) -> Saved:
        if self.session is None:
            return await self.run(self.here.save_contact, draft)
        if contact:
            return await self.run(self.session.finish_contact, contact, draft)
        return await self.run(self.session.save_contact, draft)

    async def _undo(self, saved: Saved) -> None:
        if self.notice is None or not self.notice.action:  # taken back already
            return
        self.notice.action = None
        await self.run((self.session or self.here).undo, saved)
        self.tell("Taken back")
        await self.recorded()

    def put_aside(self) -> None:
        """Leave the form without saving; what was in it can be brought back for thirty seconds."""
        route = self.route
        self.go_home()
        self._offer_back(route)

    def back(self) -> None:
        """Leave the top screen; a form that is left by the phone's own back can be brought back too."""
        route = self.route
        super().back()
        self._left_behind([route])

    def _left_behind(self, routes: Sequence[str]) -> None:
        forms = [route for route in routes if is_form(route)]
        if forms and not self._saving and not is_form(self.route):
            self._offer_back(forms[-1])

    def _offer_back(self, route: str) -> None:
        draft, contact = self.draft, self.draft_contact
        self.draft, self.draft_contact = None, b""
        if draft is None:
            return
        if draft != self.member.draft_of(contact) if contact else not is_blank(draft):
            self.tell(
                "Not saved", "Bring it back", lambda: self._bring_back(draft, contact, route), done=False
            )

    def _bring_back(self, draft: ContactDraft, contact: bytes, route: str) -> None:
        self.notice = None
        self.draft, self.draft_contact = draft, contact
        self.go(route)

    async def _keep_unfinished(self, session: Session | None, draft: ContactDraft, contact: bytes) -> Saved:
        draft.unfinished = True
        if session is None:
            saved = await self.run(self.here.save_contact, draft)
        elif contact:
            saved = await self.run(session.finish_contact, contact, draft)
        else:
            saved = await self.run(session.save_contact, draft)
        self.tell("The screen locked. What you had is kept as unfinished.")
        return saved


def is_blank(draft: ContactDraft) -> bool:
    """Whether nothing was written into a draft yet."""
    return draft == ContactDraft(kind=draft.kind, area=draft.area)
