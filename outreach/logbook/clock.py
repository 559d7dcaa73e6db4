"""Moments and the time between them, on phones whose clocks may be wrong.

A duration is shown only where both ends compare (`between`); otherwise it is unknown, and
unknown is never guessed, filled in or counted as zero. The rule, in the order it is asked:

1. One end is missing, or was entered from paper afterwards (a guess by band): unknown.
2. Both ends come from one device in one boot: the difference of the monotonic readings,
   whatever the wall clock did in between. Readings that run backwards: unknown.
3. Otherwise wall times are compared, unless
   - one of the clocks shows a time before this software existed (`FLOOR`; a phone whose
     battery ran flat wakes up in 1970), or
   - one of the ends was read in a boot in which the wall clock is known to have been moved
     (`Clocks`), since nobody can tell on which side of the move it was right, or
   - the end would come before the beginning.
   Then: unknown.
"""

from datetime import UTC, datetime

import msgspec

from outreach.logbook.events import EventId, Stamp

FLOOR = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""Milliseconds; a clock that shows an earlier time is wrong."""

STEP = 120_000
"""Milliseconds that a wall clock may drift against the monotonic one in a boot before it counts as moved."""

DAY = 86_400_000
"""Milliseconds in a day of 24 hours."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When something happened, by whose clock, and the event that says so."""

    at: int
    """Milliseconds since 1970 UTC, by the clock that was read."""
    event: EventId
    order: tuple[int, bytes, bytes]
    device: bytes = b""
    boot: bytes = b""
    monotonic: int = 0
    guessed: bool = False
    """Entered from paper afterwards."""
    steady: bool = True
    """False where the wall clock is known to have been moved during this boot."""


def between(start: Moment | None, end: Moment | None) -> int | None:
    """Milliseconds from start to end, or None where they don't compare (the rule is above)."""
    if start is None or end is None or start.guessed or end.guessed:
        return None
    if start.boot and start.boot == end.boot and start.device == end.device:
        passed = end.monotonic - start.monotonic
    elif start.at < FLOOR or end.at < FLOOR or not (start.steady and end.steady):
        return None
    else:
        passed = end.at - start.at
    return passed if passed >= 0 else None


class Clocks:
    """Watches, for each boot of each device, whether the wall clock was moved against the monotonic one.

    What it finds depends only on which stamps it has seen, not on their order.
    """

    def __init__(self) -> None:
        self._offsets: dict[tuple[bytes, bytes], tuple[int, int]] = {}

    def watch(self, stamp: Stamp) -> bool:
        """Takes a stamp in. True where this one shows, for the first time, that the clock was moved."""
        if not stamp.boot:
            return False
        key = (stamp.device, stamp.boot)
        offset = stamp.at - stamp.monotonic
        low, high = self._offsets.get(key, (offset, offset))
        was_steady = high - low <= STEP
        low, high = min(low, offset), max(high, offset)
        self._offsets[key] = (low, high)
        return was_steady and high - low > STEP

    def steady(self, stamp: Stamp) -> bool:
        low, high = self._offsets.get((stamp.device, stamp.boot), (0, 0))
        return high - low <= STEP

    def moment(self, stamp: Stamp, on: int = 0) -> Moment:
        """The moment of a stamp; with `on`, the moment that was told, which only wall times can compare."""
        if on and on != stamp.at:
            return Moment(at=on, event=stamp.id, order=stamp.order, device=stamp.device)
        return Moment(
            at=stamp.at,
            event=stamp.id,
            order=stamp.order,
            device=stamp.device,
            boot=stamp.boot,
            monotonic=stamp.monotonic,
            guessed=stamp.late,
            steady=self.steady(stamp),
        )
