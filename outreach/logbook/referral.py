"""One referral, from slip to seat.

A referral is at the furthest *stage* that any event tells of, unless something else was said
since: not seen, redirected, said no, resting. None of these shuts a door. Whatever comes later
in the order (an arrival, a fresh slip, an assessment, `reopened`) brings it back to the
furthest stage, with the clock as it was. A slip that ran out is not a state either: ask
`lapsed(now)`.

Stamps are the first of their kind by order; of the others nothing is lost: all arrivals,
slips, outcomes and attendance codes are listed. The clock starts with `ReferralMade` and no
renewal moves it. Where that event isn't there (a phone holds only a part), `issued` is None
and every wait is unknown.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from outreach.logbook.clock import Clocks, Moment, between
from outreach.logbook.events import (
    Arrived,
    DeskOutcome,
    EventId,
    ReferralMade,
    ReferralMoved,
    SentAhead,
    SlipIssued,
)

Stage = Literal["issued", "offered", "arrived", "assessed", "started", "in_at_7", "in_at_30", "in_at_90"]

STAGES: tuple[Stage, ...] = (
    "issued",
    "offered",
    "arrived",
    "assessed",
    "started",
    "in_at_7",
    "in_at_30",
    "in_at_90",
)
ASIDE = frozenset({"not_seen", "redirected", "said_no", "resting"})
"""States beside the way. A miss (`not_seen`) stays open."""

Ahead = Callable[[bytes], SentAhead | None]
"""What was sent ahead for a token or its first bytes, if anything may be known."""

_PLACE = {stage: place for place, stage in enumerate(STAGES)}
_NOT_OPEN = frozenset({"redirected", "said_no", "resting", "in_at_90"})
_ATTENDANCE = {"left_before_seen": "came_left_before_seen", "not_safe_today": "came_not_safe_today"}


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Someone came with a slip. `counts` is True for the first arrival of a referral."""

    event: EventId
    token: bytes
    """As the desk recorded it: the whole token, or its first bytes where the code was typed."""
    referral: bytes
    """Empty where no slip is known (yet), or where a typed code fits several."""
    service: str
    session: int
    at: int
    moment: Moment
    member: bytes
    checked: str
    reasons: tuple[str, ...]
    code: str
    counts: bool
    chosen_name: str
    wait_preference: str
    """What was sent ahead under a permission that stands; empty where nothing was."""
    outcome: str
    """The last that a desk recorded after it (key of the list `desk_outcome`); empty where nothing was."""


class Attendance(msgspec.Struct, frozen=True, kw_only=True):
    """A code of the list `attendance`, when, and by which event."""

    code: str
    at: int
    event: EventId


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What happened at the desk after an arrival."""

    outcome: str
    offered_for: int
    at: int
    event: EventId


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """A referral as it stands. Field meanings as in `events.ReferralMade`."""

    id: bytes
    made: EventId
    """The event that made it; empty where it isn't known here."""
    began: int
    """Milliseconds: when it was made, or else its first slip. For sorting into periods, not for waits."""
    order: tuple[int, bytes, bytes]
    service: str
    source: str
    route: str
    session: int
    contact: bytes
    person: bytes
    fast_track: bool
    wait_preference: str
    travel_help: str
    override: str
    slips: tuple[SlipIssued, ...]
    """Every slip, the oldest first."""
    state: str
    """A stage, or one of `ASIDE`."""
    stage: Stage
    """The furthest stage reached."""
    issued: Moment | None
    offered: Moment | None
    offered_for: int
    """The first time that was offered, in milliseconds; 0 where none is known."""
    arrived: Moment | None
    assessed: Moment | None
    started: Moment | None
    in_at_7: Moment | None
    in_at_30: Moment | None
    in_at_90: Moment | None
    arrivals: tuple[Arrival, ...]
    outcomes: tuple[Outcome, ...]
    attendance: tuple[Attendance, ...]
    reasons: tuple[str, ...]
    """What stood in the way: keys of the list `barriers`, each once."""
    redirected_to: str

    @property
    def token(self) -> bytes:
        """The token that counts now: that of the last slip."""
        return self.slips[-1].token if self.slips else b""

    @property
    def tokens(self) -> tuple[bytes, ...]:
        """Every token, the oldest first."""
        return tuple(slip.token for slip in self.slips)

    @property
    def valid_until(self) -> int:
        """Milliseconds: the end of the last slip; 0 where not known."""
        return self.slips[-1].valid_until * 1000 if self.slips else 0

    @property
    def open(self) -> bool:
        """Somebody still waits, or a review is still to come. Resting is not open and not closed."""
        return self.state not in _NOT_OPEN

    def reached(self, stage: Stage) -> bool:
        """Whether this stage, or one that lies beyond it, was reached."""
        return _PLACE[self.stage] >= _PLACE[stage]

    def lapsed(self, now: int) -> bool:
        """Whether the slip ran out before anyone came, at `now` (milliseconds)."""
        return (
            0 < self.valid_until < now
            and not self.reached("arrived")
            and self.state in ("issued", "offered", "not_seen")
        )

    def wait(self, stage: Stage) -> int | None:
        """Milliseconds from the start of the clock to a stage; None where unknown (see `clock`)."""
        return between(self.issued, getattr(self, stage))


def view(
    referral: bytes,
    made: Sequence[ReferralMade],
    slips: Sequence[SlipIssued],
    moves: Sequence[ReferralMoved],
    arrivals: Sequence[Arrived],
    outcomes: Sequence[DeskOutcome],
    clocks: Clocks,
    ahead: Ahead,
) -> Referral:
    """The referral that these events tell of. Each list is in order; `made` or `slips` is not empty."""
    start = made[0] if made else None
    first: dict[str, Moment] = {}
    steps: list[tuple[tuple[int, bytes, bytes], str]] = []
    attendance: list[tuple[tuple[int, bytes, bytes], Attendance]] = []
    offered: list[tuple[tuple[int, bytes, bytes], Moment, int]] = []
    for slip in slips:
        steps.append((slip.stamp.order, "issued"))
    for move in moves:
        moment = clocks.moment(move.stamp, move.on)
        steps.append((moment.order, move.to))
        if move.to == "offered":
            offered.append((moment.order, moment, 0))
        else:
            first.setdefault(move.to, moment)
        if move.attendance:
            attendance.append(
                (moment.order, Attendance(code=move.attendance, at=moment.at, event=moment.event))
            )
    for arrival in arrivals:
        steps.append((arrival.stamp.order, "arrived"))
    for told in outcomes:
        stamp = told.stamp
        if told.outcome == "time_given":
            steps.append((stamp.order, "offered"))
            offered.append((stamp.order, clocks.moment(stamp), told.offered_for))
        elif code := _ATTENDANCE.get(told.outcome):
            attendance.append((stamp.order, Attendance(code=code, at=stamp.at, event=stamp.id)))
    comings = arrivals_of(referral, arrivals, outcomes, clocks, ahead) if arrivals else ()
    state, stage = _state(steps)
    offered.sort(key=lambda each: each[0])
    attendance.sort(key=lambda each: each[0])
    beginning = start or slips[0]
    service = start.service if start else slips[-1].service

    def said(field: str) -> str:
        return next((value for each in made if (value := getattr(each, field))), "")

    return Referral(
        id=referral,
        made=start.stamp.id if start else b"",
        began=beginning.stamp.at,
        order=beginning.stamp.order,
        service=service,
        source=said("source"),
        route=start.route if start else "",
        session=start.session if start else slips[-1].session,
        contact=start.contact if start else b"",
        person=next((each.person for each in made if each.person), b""),
        fast_track=beginning.fast_track,
        wait_preference=said("wait_preference"),
        travel_help=said("travel_help"),
        override=said("override"),
        slips=tuple(slips),
        state=state,
        stage=stage,
        issued=clocks.moment(start.stamp) if start else None,
        offered=offered[0][1] if offered else None,
        offered_for=next((when for _, _, when in offered if when), 0),
        arrived=comings[0].moment if comings else first.get("arrived"),
        assessed=first.get("assessed"),
        started=first.get("started"),
        in_at_7=first.get("in_at_7"),
        in_at_30=first.get("in_at_30"),
        in_at_90=first.get("in_at_90"),
        arrivals=comings,
        outcomes=tuple(
            Outcome(outcome=t.outcome, offered_for=t.offered_for, at=t.stamp.at, event=t.stamp.id)
            for t in outcomes
        ),
        attendance=tuple(each for _, each in attendance),
        reasons=tuple(dict.fromkeys(reason for move in moves for reason in move.reasons)),
        redirected_to=next((move.redirected_to for move in reversed(moves) if move.redirected_to), ""),
    )


def arrivals_of(
    referral: bytes,
    events: Sequence[Arrived],
    outcomes: Sequence[DeskOutcome],
    clocks: Clocks,
    ahead: Ahead,
) -> tuple[Arrival, ...]:
    """Arrivals with one referral (or with none: empty id), in order; the first of a referral counts.

    `outcomes` are those of the same referral, or of the same token, in order.
    """
    last = outcomes[-1].outcome if outcomes else ""
    told = [ahead(event.token) for event in events]
    return tuple(
        Arrival(
            event=event.stamp.id,
            token=event.token,
            referral=referral,
            service=event.service,
            session=event.session,
            at=event.stamp.at,
            moment=clocks.moment(event.stamp),
            member=event.stamp.member,
            checked=event.checked,
            reasons=event.reasons,
            code=event.code,
            counts=bool(referral) and place == 0,
            chosen_name=sent.chosen_name if (sent := told[place]) else "",
            wait_preference=sent.wait_preference if sent else "",
            outcome=last,
        )
        for place, event in enumerate(events)
    )


def _state(steps: list[tuple[tuple[int, bytes, bytes], str]]) -> tuple[str, Stage]:
    state = "issued"
    furthest = 0
    steps.sort()
    for _, to in steps:
        if to in _PLACE:
            furthest = max(furthest, _PLACE[to])
            state = STAGES[furthest]
        elif to == "reopened":
            state = STAGES[furthest]
        elif to in ASIDE:
            state = to
    return state, STAGES[furthest]
