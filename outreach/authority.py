"""Who may put right what: which corrections, withdrawals and merges count.

Anyone in a team can sign and seal anything, so a signature says who and not whether they may. The
rule, the same on every device that holds the same team log and the same events:

- what somebody recorded is changed by them, or by a coordinator;
- what was recorded at a desk also by a desk of that site;
- a merge joins records of which at least one is the signer's own, or is a coordinator's;
- a device that is locked (its key lies outside the vault, where a thief finds it) takes back what
  that same device recorded while locked, and changes nothing else. A coordinator's laptop is no
  exception.

Anything else is kept, has no effect, and is told once (`Logbook.set_aside`). Should the team's log
make somebody a coordinator later, what they signed counts from then on.

The rule is a pure function of a change, what it changes, and the team; the logbook asks it whenever
both are there, whichever came first.
"""

from __future__ import annotations

from dataclasses import dataclass

from outreach.logbook.events import Arrived, ContactRecorded, DeskOutcome, Event, Withdrawn
from outreach.logbook.history import Change
from sync.log import TeamLog

LOCKED_KINDS = (ContactRecorded, Withdrawn)
"""All that a locked device records; its key signs nothing else."""


@dataclass(frozen=True)
class Authority:
    """Who coordinates, and who sits at which desk, by member id."""

    coordinators: frozenset[bytes]
    desks: frozenset[tuple[bytes, str]]
    """Pairs of member and site."""

    @classmethod
    def of(cls, log: TeamLog) -> Authority:
        """As the team's log says now. A device's certificate gives no role."""
        people = [each for each in log.certificates() if each.kind == "member"]
        return cls(
            frozenset(each.member for each in people if each.role == "coordinator"),
            frozenset((each.member, each.site) for each in people if each.role == "desk"),
        )

    def may(self, change: Change, target: Event | None) -> bool:
        """Whether `change` counts for `target`; with None: whatever it changes."""
        by = change.stamp
        if by.locked:
            return (
                isinstance(change, Withdrawn)
                and target is not None
                and target.stamp.locked
                and (target.stamp.member, target.stamp.device) == (by.member, by.device)
            )
        if by.member in self.coordinators:
            return True
        if target is None:
            return False
        return target.stamp.member == by.member or bool(self._sites(by.member) & self._desks_of(target))

    def _sites(self, member: bytes) -> set[str]:
        return {site for known, site in self.desks if known == member}

    def _desks_of(self, target: Event) -> set[str]:
        """The sites whose desk a record belongs to; none for what isn't recorded at a desk."""
        match target:
            case Arrived():
                return self._sites(target.stamp.member) | {target.service}
            case DeskOutcome():
                return self._sites(target.stamp.member)
            case _:
                return set()
