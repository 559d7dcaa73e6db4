"""What came from elsewhere, judged before it is kept.

The signature was verified by then. What is left to ask: is it an event, is it in the name of
whoever signed it, and do its values have a place in a store? One odd record of a colleague's
is set aside with a sentence, and blocks nothing.
"""

from __future__ import annotations

from outreach.logbook import codec
from outreach.logbook.events import Event
from sync.times import LATEST

NO_PLACE = "A record holds a value that has no place in one. It is set aside; nothing else is touched."


class SetAside(Exception):
    """A record that is not taken in; the sentence says why. `later`: a newer version may read it."""

    def __init__(self, sentence: str, *, later: bool = False) -> None:
        super().__init__(sentence)
        self.later = later


def event_of(body: bytes, member: bytes) -> Event:
    """The event in an opened envelope, whose signature is that of `member`.

    Raises:
        SetAside: it can't be read, names another author, or holds what no store can keep.
    """
    try:
        event = codec.decode(body)
        codec.to_document(event)
    except codec.UnreadableEvent as problem:
        raise SetAside(str(problem), later=True) from None
    except (ArithmeticError, RecursionError, TypeError, ValueError):
        raise SetAside(NO_PLACE) from None
    if event.stamp.member != member:
        raise SetAside("A record names another author than its signature. It is set aside.")
    if not 0 <= event.stamp.at <= LATEST:
        raise SetAside("A record has a date that no clock shows. It is set aside; nothing else is touched.")
    return event
