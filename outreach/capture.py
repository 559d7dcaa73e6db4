"""What a screen fills in, and how it becomes events.

A draft is plain and changeable, every field optional: anything can be saved half-finished.
`recorded` turns one into the event of a contact, `changes` into a correction of an earlier one.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from forms.cards import Facts
from outreach.logbook import codec
from outreach.logbook.events import (
    NOTE_LIMIT,
    AdviceGiven,
    ContactRecorded,
    KitIssued,
    NaloxoneSupplied,
    Stamp,
    SubstanceUse,
)


@dataclass
class ContactDraft:
    """A contact on its way. Keys are those of the code lists in `forms/lists`."""

    kind: str = "brief_contact"
    minutes: str = ""
    area: str = ""
    substances: dict[str, str] = field(default_factory=dict)
    """Substance to route; an empty route was not asked. In the order they were tapped."""
    order_of_use: str = ""
    use_together: str = ""
    ost_status: str = ""
    advice: dict[str, str] = field(default_factory=dict)
    """Card to step: offered, talked about, took a copy, not today."""
    kit: dict[str, int] = field(default_factory=dict)
    naloxone: list[NaloxoneSupplied] = field(default_factory=list)
    practical: set[str] = field(default_factory=set)
    confidentiality_explained: bool | None = None
    note: str = ""
    had_to_go: bool = False
    unfinished: bool = False
    late: bool = False

    def facts(self) -> Facts:
        """What the cards are chosen by."""
        return Facts(
            substances=dict(self.substances),
            order_of_use=self.order_of_use,
            use_together=self.use_together,
            ost_status=self.ost_status,
        )


@dataclass(frozen=True)
class Saved:
    """What "Saved" stands for: on disk in the vault (or sealed in the outbox), both synced."""

    event: bytes
    contact: bytes
    at: datetime


@dataclass
class ReferralDraft:
    """A referral on its way; only the service and who suggested it are asked."""

    service: str
    session: int = 0
    source: str = "outreach_worker"
    route: str = "self_with_slip"
    contact: bytes = b""
    person: bytes = b""
    chosen_name: str = ""
    wait_preference: str = ""
    travel_help: str = ""
    send_ahead: bool = False
    """The person said yes to their chosen name and waiting preference being sent ahead."""
    fast_track: bool = False
    override: str = ""
    language: str = "en"


def recorded(
    draft: ContactDraft, stamp: Stamp, *, contact: bytes = b"", shift: bytes = b""
) -> ContactRecorded:
    """The event of a draft; steppers at zero leave nothing behind, the note is cut to its limit."""
    return ContactRecorded(
        stamp=stamp,
        contact=contact or secrets.token_bytes(12),
        kind=draft.kind,
        minutes=draft.minutes,
        shift=shift,
        area=draft.area,
        substances=tuple(SubstanceUse(substance, route) for substance, route in draft.substances.items()),
        order_of_use=draft.order_of_use,
        use_together=draft.use_together,
        ost_status=draft.ost_status,
        advice=tuple(AdviceGiven(card, step) for card, step in draft.advice.items() if step),
        kit=tuple(KitIssued(item, quantity) for item, quantity in draft.kit.items() if quantity > 0),
        naloxone=tuple(supply for supply in draft.naloxone if supply.kits > 0),
        practical=tuple(sorted(draft.practical)),
        confidentiality_explained=draft.confidentiality_explained,
        note=draft.note.strip()[:NOTE_LIMIT],
        had_to_go=draft.had_to_go,
        unfinished=draft.unfinished,
    )


def draft_of(event: ContactRecorded) -> ContactDraft:
    """The draft that shows a recorded contact again, to finish or put right."""
    return ContactDraft(
        kind=event.kind,
        minutes=event.minutes,
        area=event.area,
        substances={use.substance: use.route for use in event.substances},
        order_of_use=event.order_of_use,
        use_together=event.use_together,
        ost_status=event.ost_status,
        advice={given.card: given.step for given in event.advice},
        kit={issued.item: issued.quantity for issued in event.kit},
        naloxone=list(event.naloxone),
        practical=set(event.practical),
        confidentiality_explained=event.confidentiality_explained,
        note=event.note,
        had_to_go=event.had_to_go,
        unfinished=event.unfinished,
        late=event.stamp.late,
    )


def changes(before: ContactRecorded, after: ContactRecorded) -> dict[str, Any]:
    """The fields in which two versions of one contact differ, as plain data for `Corrected`.

    Whose talk it was is no part of a draft, and stays as it is.
    """
    return {
        name: codec.plain(getattr(after, name))
        for name in after.__struct_fields__
        if name not in ("stamp", "contact", "person") and getattr(before, name) != getattr(after, name)
    }
