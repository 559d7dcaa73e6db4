"""All referrals, found by id, token, typed code, person, and whether they are open.

A slip is found by its whole token or by its *code*: the first 35 bits, which is what the eight
characters on a slip say. An arrival whose slip isn't known yet is kept and joins its referral
once the slip comes. A typed code that fits several slips is settled by the service where it
was typed, or else by nobody: the arrival is shown, and joins no referral by guess.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from outreach.logbook.clock import DAY
from outreach.logbook.events import (
    Arrived,
    DeskOutcome,
    EventId,
    ReferralMade,
    ReferralMoved,
    SlipIssued,
)
from outreach.logbook.history import History
from outreach.logbook.referral import Ahead, Arrival, Referral, arrivals_of, view

__all__ = ["Arrival", "Referral", "Referrals", "code_of"]

K = TypeVar("K", bytes, int)

TOKEN = 12
"""Bytes of a token."""

CODE_BITS = 35
"""Bits of a token that the typed code holds."""


def code_of(token: bytes) -> int | None:
    """The code of a token or of its first bytes, as a number of 35 bits; None where there is too little."""
    return int.from_bytes(token[:5], "big") >> 5 if len(token) >= 5 else None


class Referrals:
    def __init__(self, history: History, ahead: Ahead) -> None:
        self._history = history
        self._ahead = ahead
        self._tokens: frozenset[bytes] | None = None
        self._events: dict[bytes, list[EventId]] = {}
        self._slips: dict[int, list[EventId]] = {}
        self._comings: dict[int, list[EventId]] = {}
        self._days: dict[int, set[EventId]] = {}
        self._views: dict[bytes, Referral] = {}
        self._stale: set[bytes] = set()
        self._open: set[bytes] = set()
        self._person_of: dict[bytes, bytes] = {}
        self._by_person: dict[bytes, set[bytes]] = {}
        self._queue: tuple[Referral, ...] | None = None

    # --- history comes in ---

    def touch(self, event: ReferralMade | SlipIssued | ReferralMoved | Arrived | DeskOutcome) -> None:
        """An event came, or what it says changed."""
        match event:
            case ReferralMade() | ReferralMoved():
                _put(self._events, event.referral, event.stamp.id)
                self._forget(event.referral)
            case SlipIssued():
                _put(self._events, event.referral, event.stamp.id)
                self._forget(event.referral)
                if (code := code_of(event.token)) is not None:
                    _put(self._slips, code, event.stamp.id)
                    self._forget_code(code)
                self._tokens = None
            case Arrived() | DeskOutcome():
                if isinstance(event, Arrived):
                    self._days.setdefault(event.stamp.at // DAY, set()).add(event.stamp.id)
                if (code := code_of(event.token)) is not None:
                    _put(self._comings, code, event.stamp.id)
                    self._forget_code(code)

    def forget_token(self, token: bytes) -> None:
        """What may be known about the bearer of a slip changed."""
        if (code := code_of(token)) is not None:
            self._forget_code(code)

    def forget_all(self) -> None:
        """A clock turned out to be wrong: every view is made anew when it is asked for."""
        for referral in self._events:
            self._forget(referral)

    def _forget_code(self, code: int) -> None:
        for known in self._slips.get(code, ()):
            slip = self._history.get(known)
            assert isinstance(slip, SlipIssued)
            self._forget(slip.referral)

    def _forget(self, referral: bytes) -> None:
        self._views.pop(referral, None)
        self._stale.add(referral)
        self._queue = None

    # --- views ---

    def get(self, referral: bytes) -> Referral | None:
        known = self._views.get(referral)
        if known is None:
            known = self._make(referral)
            if known is not None and known.open:
                self._views[referral] = known
        return known

    def each(self) -> Iterator[Referral]:
        """Every referral, in no order that means anything, made one at a time to spare memory."""
        for referral in self._events:
            known = self._views.get(referral) or self._make(referral)
            if known is not None:
                yield known

    def all(self) -> tuple[Referral, ...]:
        """Every referral, in order."""
        return tuple(sorted(self.each(), key=_order))

    def open(self) -> tuple[Referral, ...]:
        """Open referrals, in order: the oldest first."""
        self._refresh()
        if self._queue is None:
            self._queue = self._sorted(self._open)
        return self._queue

    def of_people(self, people: Iterable[bytes]) -> tuple[Referral, ...]:
        self._refresh()
        return self._sorted({each for person in people for each in self._by_person.get(person, ())})

    def of_token(self, token: bytes) -> Referral | None:
        """The referral of a whole token, old or new."""
        code = code_of(token)
        slips = self._standing_slips(code, token) if code is not None else []
        return self.get(slips[0].referral) if slips else None

    def by_code(self, prefix: bytes | int) -> tuple[Referral, ...]:
        """Referrals with a slip whose first 35 bits are these: nearly always one, or none.

        `prefix` is those bits as a number, or the first 5 bytes or more of a token (the last
        5 bits of the fifth byte don't matter).
        """
        code = prefix if isinstance(prefix, int) else code_of(prefix)
        slips = self._standing_slips(code) if code is not None else []
        return self._sorted({slip.referral for slip in slips})

    def slips_of_code(self, prefix: bytes | int) -> tuple[SlipIssued, ...]:
        """Slips with these first 35 bits, in order."""
        code = prefix if isinstance(prefix, int) else code_of(prefix)
        return tuple(self._standing_slips(code)) if code is not None else ()

    def arrivals(self, service: str | None = None, since: int = 0) -> tuple[Arrival, ...]:
        """Arrivals at a service (at all: None) from `since` (milliseconds) on, in order."""
        events = self._history.standing(
            Arrived,
            (event for day in self._days if day >= since // DAY for event in self._days[day]),
        )
        found: list[Arrival] = []
        for event in events:
            if event.stamp.at < since or (service is not None and event.service != service):
                continue
            referral = self.get(known) if (known := self._resolve(event)) else None
            if referral is None:
                outcomes = self.outcomes_of_token(event.token)
                found.extend(arrivals_of(b"", [event], outcomes, self._history.clocks, self._ahead))
            else:
                found.extend(each for each in referral.arrivals if each.event == event.stamp.id)
        return tuple(found)

    def arrival(self, token: bytes) -> Arrival | None:
        """The first arrival with a token or its first bytes; with any slip of the same referral."""
        code = code_of(token)
        if code is None:
            return None
        events = [
            event
            for event in self._history.standing(Arrived, self._comings.get(code, ()))
            if _same(event.token, token)
        ]
        referral = self.of_token(token) if len(token) >= TOKEN else next(iter(self.by_code(code)), None)
        if referral is not None and referral.arrivals:
            return referral.arrivals[0]
        outcomes = self.outcomes_of_token(token)
        found = arrivals_of(b"", events, outcomes, self._history.clocks, self._ahead)
        return found[0] if found else None

    def tokens(self) -> frozenset[bytes]:
        """Whole tokens of every slip that is known here."""
        if self._tokens is None:
            ids = [event for events in self._slips.values() for event in events]
            self._tokens = frozenset(slip.token for slip in self._history.standing(SlipIssued, ids))
        return self._tokens

    def outcomes_of_token(self, token: bytes) -> tuple[DeskOutcome, ...]:
        """What a desk recorded after arrivals with this token, in order; also where no slip is known."""
        code = code_of(token)
        told = self._history.standing(DeskOutcome, self._comings.get(code, ()) if code is not None else ())
        return tuple(each for each in told if _same(each.token, token))

    # --- how they are made ---

    def _standing_slips(self, code: int, token: bytes | None = None) -> list[SlipIssued]:
        slips = self._history.standing(SlipIssued, self._slips.get(code, ()))
        return slips if token is None else [slip for slip in slips if slip.token == token]

    def _resolve(self, event: Arrived | DeskOutcome) -> bytes:
        """The referral id of an arrival; empty where none is known or a typed code fits several."""
        code = code_of(event.token)
        if code is None:
            return b""
        whole = len(event.token) >= TOKEN
        slips = self._standing_slips(code, event.token if whole else None)
        if len({slip.token for slip in slips}) > 1:
            service = event.service if isinstance(event, Arrived) else ""
            slips = [slip for slip in slips if slip.service == service]
            if len({slip.token for slip in slips}) > 1:
                return b""
        return slips[0].referral if slips else b""

    def _make(self, referral: bytes) -> Referral | None:
        history = self._history
        made: list[ReferralMade] = []
        slips: list[SlipIssued] = []
        moves: list[ReferralMoved] = []
        taken_back = False
        for known in self._events.get(referral, ()):
            event = history.get(known)
            assert event is not None
            current = history.now(event)
            if current is None:
                taken_back = taken_back or isinstance(event, ReferralMade)
            elif isinstance(current, ReferralMade):
                made.append(current)
            elif isinstance(current, SlipIssued):
                slips.append(current)
            elif isinstance(current, ReferralMoved):
                moves.append(current)
        if not made and (taken_back or not slips):
            return None
        for events in (made, slips, moves):
            if len(events) > 1:
                events.sort(key=lambda event: event.stamp.order)
        comings: set[EventId] = set()
        for slip in slips:
            if (code := code_of(slip.token)) is not None:
                comings.update(self._comings.get(code, ()))
        arrivals: list[Arrived] = []
        outcomes: list[DeskOutcome] = []
        if comings:
            tokens = {slip.token for slip in slips}
            arrivals = [
                event
                for event in history.standing(Arrived, comings)
                if (len(event.token) < TOKEN or event.token in tokens) and self._resolve(event) == referral
            ]
            outcomes = [
                event
                for event in history.standing(DeskOutcome, comings)
                if (len(event.token) < TOKEN or event.token in tokens) and self._resolve(event) == referral
            ]
        return view(referral, made, slips, moves, arrivals, outcomes, history.clocks, self._ahead)

    def _sorted(self, ids: Iterable[bytes]) -> tuple[Referral, ...]:
        found = (self.get(referral) for referral in ids)
        return tuple(sorted((each for each in found if each is not None), key=_order))

    def _refresh(self) -> None:
        for referral in self._stale:
            known = self.get(referral)
            if known is not None and known.open:
                self._open.add(referral)
            else:
                self._open.discard(referral)
            before = self._person_of.pop(referral, None)
            if before is not None:
                self._by_person[before].discard(referral)
            if known is not None and known.person:
                self._person_of[referral] = known.person
                self._by_person.setdefault(known.person, set()).add(referral)
        self._stale.clear()


def _order(referral: Referral) -> tuple[int, bytes, bytes]:
    return referral.order


def _same(one: bytes, other: bytes) -> bool:
    if len(one) >= TOKEN and len(other) >= TOKEN:
        return one == other
    return code_of(one) is not None and code_of(one) == code_of(other)


def _put(index: dict[K, list[EventId]], key: K, event: EventId) -> None:
    known = index.setdefault(key, [])
    if event not in known:
        known.append(event)
