"""What happened: the events of which everything else is made.

An event is immutable and says one thing that happened. Contacts, people, referrals and stock
are *views* of events (see `views`), so a correction, a merge or an undo is another event.
Nothing here knows a screen, a disk or a network.

Reading order: `Stamp` (who, when, in which order), then the events from the street to the
seat. `Event` at the end is the union of them all; `codec` turns one into bytes and back.

Times are integers, milliseconds since 1970-01-01 UTC by the clock of the device. Phones have
wrong clocks: order comes from `Stamp.counter`, and a duration is only shown where both ends
can be compared. Ids are random bytes; nothing is derived from who a person is.
"""

from typing import Any

import msgspec

EventId = bytes
"""12 random bytes."""

NOTE_LIMIT = 280
"""Characters in a note (domain rule: free text stays short and asks for nothing)."""


class Stamp(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who recorded an event, when, and where it stands in the order.

    `counter` is a Lamport counter: larger than that of every event the device had seen.
    Events are ordered by `(counter, member, id)`, the same on every device. `boot` and
    `monotonic` (milliseconds since that boot) let two events of one boot be compared even
    when the wall clock was changed between them.
    """

    id: EventId
    member: bytes
    device: bytes
    counter: int
    at: int
    boot: bytes = b""
    monotonic: int = 0
    locked: bool = False
    """Recorded without unlocking; the member confirms it later."""
    late: bool = False
    """Entered from paper afterwards; `at` is a guess by band."""
    packs: str = ""
    """Versions of lists, cards and directory that asked, as `lists@3 cards@2`."""

    @property
    def order(self) -> tuple[int, bytes, bytes]:
        return (self.counter, self.member, self.id)


class _Event(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    kw_only=True,
    tag_field="type",
    forbid_unknown_fields=False,
):
    stamp: Stamp


# --- on the street -------------------------------------------------------------------------


class StockLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """So many of one thing: `item` is a key of the list `kit_items` or a naloxone product."""

    item: str
    quantity: int
    batch: str = ""


class ShiftStarted(_Event, frozen=True, tag="shift_started"):
    """A planned outing of (usually) two people begins. `bag` is what was counted into the bag."""

    shift: bytes
    area: str = ""
    route: str = ""
    partner: str = ""
    bag: tuple[StockLine, ...] = ()


class ShiftEnded(_Event, frozen=True, tag="shift_ended"):
    shift: bytes
    left: tuple[StockLine, ...] = ()
    """What was counted at the end; empty where nobody counted."""
    debrief: str = ""


class BagCounted(_Event, frozen=True, tag="bag_counted"):
    """The bag was counted: from here on, stock starts from these numbers (unnamed items: zero)."""

    bag: tuple[StockLine, ...]


class SubstanceUse(msgspec.Struct, frozen=True, omit_defaults=True):
    """One substance with its route; two of them with `use_together=same_hit` are one hit (BC05)."""

    substance: str
    route: str = ""


class AdviceGiven(msgspec.Struct, frozen=True, omit_defaults=True):
    """A card and how far it went: key of the list `advice_step`. A leaflet is not a conversation."""

    card: str
    step: str
    version: int = 1


class KitIssued(msgspec.Struct, frozen=True, omit_defaults=True):
    item: str
    quantity: int
    for_others: bool = False


class NaloxoneSupplied(msgspec.Struct, frozen=True, omit_defaults=True):
    """A supply of take-home naloxone; batch and expiry matter even with no identity."""

    product: str
    kits: int
    batch: str = ""
    expires_on: str = ""
    """Date of the pack, `YYYY-MM` or `YYYY-MM-DD`, as printed on it."""
    supply_type: str = ""
    resupply_reason: str = ""
    recipient_type: str = ""
    training: str = ""


class ContactRecorded(_Event, frozen=True, tag="contact"):
    """A meeting, however short. Nothing is mandatory; nobody is named (CC06)."""

    contact: bytes
    kind: str = "brief_contact"
    minutes: str = ""
    shift: bytes = b""
    area: str = ""
    substances: tuple[SubstanceUse, ...] = ()
    order_of_use: str = ""
    use_together: str = ""
    ost_status: str = ""
    advice: tuple[AdviceGiven, ...] = ()
    kit: tuple[KitIssued, ...] = ()
    naloxone: tuple[NaloxoneSupplied, ...] = ()
    practical: tuple[str, ...] = ()
    confidentiality_explained: bool | None = None
    note: str = ""
    person: bytes = b""
    """Set only where the person asked for a referral or to be found again."""
    had_to_go: bool = False
    unfinished: bool = False


class PersonMade(_Event, frozen=True, tag="person"):
    """A person is written down: for a referral, or because they asked. `handle` is two random words."""

    person: bytes
    handle: str
    chosen_name: str = ""
    language: str = ""
    age_band: str = ""
    wait_preference: str = ""


# --- putting right -------------------------------------------------------------------------


class Corrected(_Event, frozen=True, tag="corrected"):
    """Other values for some fields of an earlier event, as plain data by field name.

    Later corrections (by order) win field by field. `target` is the id of the stamp of the
    event that is corrected. Finishing an unfinished contact is a correction.
    """

    target: EventId
    changes: dict[str, Any]


class Withdrawn(_Event, frozen=True, tag="withdrawn"):
    """An event was a slip of the thumb (undo within 30 seconds) and counts no more."""

    target: EventId


class Merged(_Event, frozen=True, tag="merged"):
    """Two records are one: `relation` is `same_talk` (contacts) or `same_person` (people).

    `one` and `other` are contact ids or person ids. Undone by `Withdrawn` with this event's id.
    """

    relation: str
    one: bytes
    other: bytes


# --- from slip to seat ---------------------------------------------------------------------


class OfferMade(_Event, frozen=True, tag="offer"):
    """A place was offered, and the answer: yes, not today, no thanks. Never closes anything (RS13)."""

    service: str
    answer: str
    contact: bytes = b""
    person: bytes = b""
    reasons: tuple[str, ...] = ()
    """Keys of the shared list `barriers`."""


class ReferralMade(_Event, frozen=True, tag="referral"):
    """A service is asked to see someone, with their agreement. The clock starts here."""

    referral: bytes
    service: str
    source: str
    """Key of the list `referral_source`; used for funnels only."""
    route: str = "self_with_slip"
    session: int = 0
    contact: bytes = b""
    person: bytes = b""
    fast_track: bool = False
    wait_preference: str = ""
    travel_help: str = ""
    override: str = ""
    """Why it was made although a rule said no; the check informs and never forbids (RS16)."""


class SlipIssued(_Event, frozen=True, tag="slip"):
    """A token for a referral. A second one renews or replaces the first; the clock keeps its start.

    `issued` and `valid_until` are seconds since 1970 UTC, as in the token (milliseconds elsewhere).
    """

    referral: bytes
    token: bytes
    service: str
    session: int = 0
    issued: int = 0
    valid_until: int = 0
    fast_track: bool = False
    on_paper: bool = False


class PermissionGiven(_Event, frozen=True, tag="permission"):
    """Permission to share (a confidentiality act, not consent under data protection law)."""

    permission: bytes
    person: bytes
    what: str
    to: str
    why: str
    until: int = 0
    how: str = "spoken"


class PermissionWithdrawn(_Event, frozen=True, tag="permission_withdrawn"):
    permission: bytes


class SentAhead(_Event, frozen=True, tag="sent_ahead"):
    """What a desk may know before someone comes, sent only under a permission."""

    token: bytes
    service: str
    permission: bytes
    chosen_name: str = ""
    wait_preference: str = ""


class Arrived(_Event, frozen=True, tag="arrived"):
    """Someone came with a slip. Recorded at the desk, offline; the first one counts, later ones show it.

    `token` is the 12-byte id of the slip, or its first bytes where only the code was typed.
    """

    token: bytes
    service: str
    session: int = 0
    checked: str = "green"
    """`green`, or `amber` where the slip could not be checked in full: seen all the same."""
    reasons: tuple[str, ...] = ()
    code: str = ""


class DeskOutcome(_Event, frozen=True, tag="desk_outcome"):
    """What happened after the arrival: `seen_now`, `time_given`, `left_before_seen`, `not_safe_today`."""

    token: bytes
    outcome: str
    offered_for: int = 0


class ReferralMoved(_Event, frozen=True, tag="referral_moved"):
    """A later stage of a referral, from the service or the team.

    `to` is one of `offered`, `assessed`, `started`, `in_at_7`, `in_at_30`, `in_at_90`, `not_seen`,
    `redirected`, `said_no`, `resting`, `reopened`. `on` is when it happened (not when it was told).
    """

    referral: bytes
    to: str
    on: int = 0
    attendance: str = ""
    reasons: tuple[str, ...] = ()
    redirected_to: str = ""
    source: str = ""
    """Who said so: `self`, `keyworker`, `peer`, `desk`."""


Event = (
    ShiftStarted
    | ShiftEnded
    | BagCounted
    | ContactRecorded
    | PersonMade
    | Corrected
    | Withdrawn
    | Merged
    | OfferMade
    | ReferralMade
    | SlipIssued
    | PermissionGiven
    | PermissionWithdrawn
    | SentAhead
    | Arrived
    | DeskOutcome
    | ReferralMoved
)
