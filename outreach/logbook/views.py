"""The logbook: events go in, views come out.

    logbook = Logbook()
    logbook.add(event)                      # False: it was there already
    logbook.contacts(date(2026, 7, 1), tz)  # today's list
    logbook.open_referrals()                # the queue

Views depend on which events are held and on nothing else: not on the order in which they came,
nor on how often. Some may be missing; what depends on them shows once they come. Each view is
made when it is asked for and kept until an event touches it, so adding is cheap and asking
again is free.

`contacts`, `people`, `referrals`, `stock` hold the views, `history` what every event says after
corrections, `clock` when two times compare. Who may correct, withdraw or merge what is not decided
here: `may` is, and what it refuses is held and changes no view (`set_aside`).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, tzinfo

from outreach.logbook import codec
from outreach.logbook.contacts import Contact, Contacts
from outreach.logbook.events import (
    Arrived,
    BagCounted,
    ContactRecorded,
    Corrected,
    DeskOutcome,
    Event,
    EventId,
    Merged,
    OfferMade,
    PermissionGiven,
    PermissionWithdrawn,
    PersonMade,
    ReferralMade,
    ReferralMoved,
    SentAhead,
    ShiftEnded,
    ShiftStarted,
    SlipIssued,
    StockLine,
    Withdrawn,
)
from outreach.logbook.history import Change, History, May, everybody
from outreach.logbook.people import People, Permission, Person
from outreach.logbook.referral import Arrival, Referral
from outreach.logbook.referrals import Referrals
from outreach.logbook.stock import Stock


class Logbook:
    """What happened, and what it adds up to."""

    def __init__(self, events: Iterable[Event] = (), *, may: May = everybody) -> None:
        """`may` says which corrections, withdrawals and merges count; a pure function."""
        self._may = may
        self._begin()
        self.add_all(events)

    def _begin(self) -> None:
        self._history = History(self._may)
        self._contacts = Contacts(self._history)
        self._people = People(self._history)
        self._referrals = Referrals(self._history, self._people.sent_ahead)
        self._stock = Stock(self._history, self._contacts)
        self._offers: set[EventId] = set()
        self._shifts: set[EventId] = set()

    # --- events in ---

    def add(self, event: Event) -> bool:
        """Takes an event in. False where it was there already and nothing changed."""
        known = self._history.get(event.stamp.id)
        if known is None:
            self._take(event)
            return True
        if known == event or codec.encode(known) <= codec.encode(event):
            return False
        events = [each for each in self._history if each is not known]
        self._begin()
        for each in (*events, event):
            self._take(each)
        return True

    def add_all(self, events: Iterable[Event]) -> int:
        """Takes events in; how many of them were new."""
        return sum(self.add(event) for event in events)

    def next_counter(self) -> int:
        """The counter for the next event made here: larger than that of all events seen."""
        return self._history.highest + 1

    def _take(self, event: Event) -> None:
        if self._history.clocks.watch(event.stamp):
            self._referrals.forget_all()
        touched = self._history.add(event)
        match touched:
            case ContactRecorded():
                self._contacts.touch(touched)
            case ReferralMade() | SlipIssued() | ReferralMoved() | Arrived() | DeskOutcome():
                self._referrals.touch(touched)
            case PersonMade():
                self._people.touch(touched)
            case PermissionGiven() | PermissionWithdrawn() | SentAhead():
                for token in self._people.permit(touched):
                    self._referrals.forget_token(token)
            case Merged(relation="same_talk"):
                self._contacts.merge(touched)
            case Merged(relation="same_person"):
                self._people.merge(touched)
            case BagCounted():
                self._stock.touch(touched)
            case ShiftStarted():
                self._stock.touch(touched)
                self._shifts.add(event.stamp.id)
            case ShiftEnded():
                self._shifts.add(event.stamp.id)
            case OfferMade():
                self._offers.add(event.stamp.id)

    # --- events out ---

    @property
    def events(self) -> Mapping[EventId, Event]:
        """Every event as it was recorded, by the id of its stamp; to be read only."""
        return self._history.by_id

    def __len__(self) -> int:
        return len(self._history)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._history)

    def __contains__(self, event: EventId) -> bool:
        return event in self._history

    def event(self, event: EventId) -> Event | None:
        """What an event says now; None where it isn't known or was withdrawn."""
        known = self._history.get(event)
        return None if known is None else self._history.now(known)

    # --- what changes nothing ---

    def refuses(self, event: Event) -> bool:
        """Whether an event is a change of what is here, and its signer may not make it."""
        match event:
            case Corrected() | Withdrawn():
                target = self._history.get(event.target)
                return target is not None and not self._may(event, target)
            case Merged(relation="same_talk"):
                return self._contacts.links.refuses(event)
            case Merged(relation="same_person"):
                return self._people.links.refuses(event)
            case _:
                return False

    def refused_with(self, event: Event) -> tuple[Change, ...]:
        """What turned out to count for nothing as this event came: itself, or changes that waited for it."""
        found: list[Change] = list(self._history.refused_of(event.stamp.id))
        match event:
            case Corrected() | Withdrawn() | Merged() if self.refuses(event):
                found.append(event)
            case ContactRecorded():
                found.extend(self._contacts.links.refused_of(event.contact))
            case PersonMade():
                found.extend(self._people.links.refused_of(event.person))
        return tuple(found)

    def set_aside(self) -> tuple[Change, ...]:
        """Corrections, withdrawals and merges that are held and count for nothing, in order."""
        merges = (*self._contacts.links.refused(), *self._people.links.refused())
        return tuple(sorted((*self._history.refused(), *merges), key=lambda event: event.stamp.order))

    # --- on the street ---

    def contacts(
        self, day: date | None = None, tz: tzinfo = UTC, member: bytes | None = None
    ) -> tuple[Contact, ...]:
        """Talks of a day in a time zone (of all days: None), in order; of one member, where given."""
        return self._contacts.on(day, tz, member)

    def contact(self, contact: bytes) -> Contact | None:
        """The talk that a contact id is part of."""
        return self._contacts.get(contact)

    def unfinished(self, member: bytes | None = None) -> tuple[Contact, ...]:
        """Talks that wait to be finished or confirmed, in order; of one member, where given."""
        return self._contacts.unfinished(member)

    def open_shift(self, member: bytes) -> ShiftStarted | None:
        """The shift that a member is on: the last one started and not ended."""
        started = self._history.standing(ShiftStarted, self._shifts)
        ended = {each.shift for each in self._history.standing(ShiftEnded, self._shifts)}
        mine = [each for each in started if each.stamp.member == member and each.shift not in ended]
        return mine[-1] if mine else None

    def bag(self, member: bytes) -> tuple[StockLine, ...]:
        """What is left in a member's bag; no lines where it was never counted."""
        return self._stock.bag(member)

    # --- people ---

    def people(self) -> tuple[Person, ...]:
        return self._people.all()

    def person(self, person: bytes) -> Person | None:
        """The person by any of their ids."""
        return self._people.get(person)

    def people_of_open_referrals(self) -> tuple[Person, ...]:
        return self._people.all({each.person for each in self._referrals.open() if each.person})

    def contacts_of(self, person: bytes) -> tuple[Contact, ...]:
        return self._contacts.of_people(self._people.ids(person))

    def referrals_of(self, person: bytes) -> tuple[Referral, ...]:
        return self._referrals.of_people(self._people.ids(person))

    def permission(self, permission: bytes) -> Permission | None:
        return self._people.permission(permission)

    def permissions(self, person: bytes) -> tuple[Permission, ...]:
        return self._people.permissions(person)

    def offers(self, person: bytes | None = None) -> tuple[OfferMade, ...]:
        """Offers and their answers, in order; of one person, where given."""
        offers = self._history.standing(OfferMade, self._offers)
        ids = None if person is None else set(self._people.ids(person))
        return tuple(offer for offer in offers if ids is None or offer.person in ids)

    # --- from slip to seat ---

    def referrals(self) -> tuple[Referral, ...]:
        """Every referral, in order."""
        return self._referrals.all()

    def each_referral(self) -> Iterator[Referral]:
        """Every referral in any order, one at a time: for reports over many."""
        return self._referrals.each()

    def open_referrals(self) -> tuple[Referral, ...]:
        """Referrals where somebody waits or a review is to come, in order."""
        return self._referrals.open()

    def referral(self, referral: bytes) -> Referral | None:
        return self._referrals.get(referral)

    def referral_of_token(self, token: bytes) -> Referral | None:
        """The referral of a whole token, old or new."""
        return self._referrals.of_token(token)

    def by_code(self, prefix: bytes | int) -> tuple[Referral, ...]:
        """Referrals by the first 35 bits of a token: a number, or the first 5 bytes or more."""
        return self._referrals.by_code(prefix)

    def slips_of_code(self, prefix: bytes | int) -> tuple[SlipIssued, ...]:
        """Slips by the first 35 bits of their token, in order."""
        return self._referrals.slips_of_code(prefix)

    def tokens(self) -> frozenset[bytes]:
        """Whole tokens of every slip that is known here."""
        return self._referrals.tokens()

    def arrival(self, token: bytes) -> Arrival | None:
        """The first arrival with a token or its first bytes, or with another slip of its referral."""
        return self._referrals.arrival(token)

    def arrivals(self, service: str | None = None, since: int = 0) -> tuple[Arrival, ...]:
        """Arrivals at a service from `since` (milliseconds) on, in order; those of unknown slips too."""
        return self._referrals.arrivals(service, since)

    def outcomes_of_token(self, token: bytes) -> tuple[DeskOutcome, ...]:
        """What a desk recorded after arrivals with this token, in order."""
        return self._referrals.outcomes_of_token(token)

    def sent_ahead(self, token: bytes) -> SentAhead | None:
        """What a desk may know before someone comes with this slip."""
        return self._people.sent_ahead(token)
