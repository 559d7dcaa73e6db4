"""Who reads what: the audiences that an event is sealed to (design: "Who reads what").

Most of what is recorded is for the team. What happens at a desk, and what a desk is told, is for
that desk as well. Corrections and withdrawals go to everyone who has what they change.
"""

from __future__ import annotations

from outreach.authority import Authority
from outreach.logbook.events import (
    Arrived,
    Corrected,
    DeskOutcome,
    Event,
    PermissionWithdrawn,
    SentAhead,
    SlipIssued,
    Withdrawn,
)
from outreach.logbook.views import Logbook
from sync.log import TeamLog

TEAM = ("team",)


def audiences(event: Event, logbook: Logbook, team: TeamLog) -> tuple[str, ...]:
    """Names of audiences, sorted. `logbook` holds what a correction is about."""
    names = set(TEAM)
    for site in _sites(_changed(event, logbook), logbook, team):
        desk = f"desk:{site}"
        if desk in team.audiences():
            names.add(desk)
    return tuple(sorted(names))


def _changed(event: Event, logbook: Logbook) -> Event:
    """What a change is about in the end, as it was recorded: by now it may count as taken back."""
    met: set[bytes] = set()
    while isinstance(event, Corrected | Withdrawn) and event.stamp.id not in met:
        met.add(event.stamp.id)
        event = logbook.events.get(event.target, event)
    return event


def _sites(event: Event, logbook: Logbook, team: TeamLog) -> set[str]:
    """The sites whose desks are to read it. Of a slip that nobody has shown, a desk learns token,
    place, dates and which slips are one referral's."""
    match event:
        case Arrived() | SentAhead() | SlipIssued():
            return {event.service}
        case DeskOutcome():  # the desk is its author's, whoever corrects it
            return {site for member, site in Authority.of(team).desks if member == event.stamp.member}
        case PermissionWithdrawn():  # everyone who was told something under it hears that it was taken back
            return {
                told.service
                for told in logbook
                if isinstance(told, SentAhead) and told.permission == event.permission
            }
        case _:
            return set()
