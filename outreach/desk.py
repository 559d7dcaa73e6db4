"""The desk: a slip is checked, an arrival recorded, offline; nothing else of the person is seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outreach import slips
from outreach.logbook.events import Arrived, DeskOutcome
from outreach.logbook.referral import Arrival
from outreach.opened import NotPossible, Opened, moment
from outreach.slips import code


@dataclass(frozen=True)
class ArrivalView:
    """All that a desk sees of a person who came."""

    token: bytes
    code: str
    came_at: datetime
    colour: slips.Colour
    reasons: tuple[str, ...]
    chosen_name: str
    wait_preference: str
    outcome: str
    first: bool
    """False where the slip had been shown before: `came_at` is then the first time."""


class Desk(Opened):
    def check(self, shown: str) -> slips.Checked:
        """What was scanned or typed, judged offline. Green, amber ("see them") or red (not a slip)."""
        return slips.check_code(shown, self.device.trust, self.now(), self._tokens_like(shown))

    def _tokens_like(self, typed: str) -> list[slips.Token]:
        """The slips of a typed code that this desk has heard of."""
        try:
            prefix = code.parse(typed)
        except slips.CodeTypo:
            return []
        return [self._token(slip) for slip in self.logbook.slips_of_code(prefix)]

    def arrive(self, checked: slips.Checked) -> ArrivalView:
        """Record that someone came. A second time shows the first arrival, never an error (DA01).

        Raises:
            NotPossible: nothing was shown that an arrival could be recorded for.
        """
        if checked.colour == "red" or checked.why == ("typo",):
            raise NotPossible(" ".join(checked.reasons))
        if checked.token is not None:
            token = checked.token.id
        elif checked.code:
            token = code.parse(checked.code)
        else:  # a slip that can't be read: they came all the same, and are counted
            token = slips.new_id()
        with self._records.guard:  # a second tap waits here, and finds the first one's arrival
            before = self.logbook.arrival(token)
            if before is not None:
                return self._show_arrival(before, first=False)
            self._record(
                Arrived(
                    stamp=self.device.clock.stamp(),
                    token=token,
                    service=self.site or (checked.token.service if checked.token else ""),
                    session=checked.token.session if checked.token else 0,
                    checked=checked.colour,
                    reasons=checked.why,
                    code=checked.code,
                )
            )
        recorded = self.logbook.arrival(token)
        if recorded is None:
            raise NotPossible("The arrival is saved, and can't be shown just now.")
        return self._show_arrival(recorded, first=True)

    def desk_outcome(self, token: bytes, outcome: str, offered_for: datetime | None = None) -> None:
        """What happened next: `seen_now`, `time_given`, `left_before_seen`, `not_safe_today`."""
        self._record(
            DeskOutcome(
                stamp=self.device.clock.stamp(),
                token=token,
                outcome=outcome,
                offered_for=int(offered_for.timestamp() * 1000) if offered_for else 0,
            )
        )

    def arrivals_today(self) -> tuple[ArrivalView, ...]:
        """Who came to this desk today, newest first."""
        midnight = self.now().replace(hour=0, minute=0, second=0, microsecond=0)
        since = int(midnight.timestamp() * 1000)
        return tuple(
            self._show_arrival(arrival, first=True)
            for arrival in reversed(self.logbook.arrivals(self.site, since=since))
        )

    def _show_arrival(self, arrival: Arrival, *, first: bool) -> ArrivalView:
        ends = [slip.valid_until * 1000 for slip in self.logbook.slips_of_code(arrival.token)]
        told = not ends or arrival.at <= max(ends)  # the permission ends with the slip
        return ArrivalView(
            token=arrival.token,
            code=arrival.code,
            came_at=moment(arrival.at).astimezone(self.timezone),
            colour="green" if arrival.checked == "green" else "amber",
            reasons=arrival.reasons,
            chosen_name=arrival.chosen_name if told else "",
            wait_preference=arrival.wait_preference if told else "",
            outcome=arrival.outcome,
            first=first,
        )
