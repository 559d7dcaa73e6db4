"""A logbook that several threads use at once: screens read it while a sync adds to it.

Every call is whole: it sees all of an event or nothing of it. What a call hands out is a value of
its own and stays as it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from outreach.logbook.events import Event
from outreach.logbook.referral import Referral
from outreach.logbook.views import Logbook


class SharedLogbook(Logbook):
    """A `Logbook` behind one lock."""

    def __init__(self, events: Iterable[Event] = (), *given: Any, **named: Any) -> None:
        self._guard = threading.RLock()
        super().__init__(events, *given, **named)

    def __iter__(self) -> Iterator[Event]:
        with self._guard:
            return iter(tuple(super().__iter__()))

    def each_referral(self) -> Iterator[Referral]:
        """Every referral; nothing is added while they are read."""
        with self._guard:
            yield from super().each_referral()


def _whole(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: SharedLogbook, *given: Any, **named: Any) -> Any:
        with self._guard:
            return method(self, *given, **named)

    return call


for _name, _member in vars(Logbook).items():
    if callable(_member) and not _name.startswith("_") and _name not in vars(SharedLogbook):
        setattr(SharedLogbook, _name, _whole(_member))
