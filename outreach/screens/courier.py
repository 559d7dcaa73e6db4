"""Sends what waits and fetches what is new, beside everything else and never in its way.

The courier of a window sleeps until something waits or a minute is over, then works in a thread.
A locked profile only delivers (its envelopes are sealed already); an unlocked one also pulls.
When the hub can't be reached it tries again a little later: that is a quiet dot on the status
line, not an alarm. Records are safe either way.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outreach.screens.window import Window

FIRST_WAIT = 1.0
"""Seconds after a record before it is sent: an undo within that second travels with it."""
LONGEST_WAIT = 15.0
"""Seconds between tries while the hub can't be reached and something waits."""
PULL_EVERY = 20.0
"""Seconds between pulls of an unlocked window with nothing to send."""

_LOG = logging.getLogger("outreach.screens")


class Courier:
    """One window's travelling. `reached` is False while the hub didn't answer the last time."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._called = asyncio.Event()
        self._wait = PULL_EVERY
        self.reached = True

    def hurry(self) -> None:
        """Something was recorded: go soon."""
        self._wait = FIRST_WAIT
        self._called.set()

    async def run(self) -> None:
        """The loop, for as long as the window lives."""
        self.hurry()
        while True:
            if self._called.is_set():
                self._called.clear()
                await asyncio.sleep(FIRST_WAIT)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._called.wait(), self._wait)
                if self._called.is_set():
                    continue
            await self._trip()

    async def _trip(self) -> None:
        window = self._window
        device, session = window.device, window.session
        if device is None:
            self._wait = PULL_EVERY
            return
        moved = False
        before = self.reached
        try:
            if session is not None:
                report = await window.run(session.sync)
                moved = bool(report.fetched)
            elif await window.run(device.waiting):
                await window.run(device.deliver)
            self.reached, self._wait = True, PULL_EVERY
        except Exception as problem:  # any of them means: later; what waits stays sealed on disk
            if self.reached:
                _LOG.info("not sent: %s", type(problem).__name__)
            self.reached = False
            self._wait = min(LONGEST_WAIT, max(2.0, self._wait * 2))
        if window.device is device:
            with suppress(Exception):
                await window.refresh()
            if moved or self.reached != before:
                window.draw()
