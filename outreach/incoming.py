"""What came from elsewhere, judged before it is kept.

The signature was verified by then. What is left to ask: is it an event, is it in the name of
whoever signed it, is it something that this key may sign, and do its values have a place in a
store? One odd record of a colleague's is set aside with a sentence, and blocks nothing. Whether a
correction counts is asked later, when what it corrects is there (`authority`).
"""

from __future__ import annotations

from outreach.authority import LOCKED_KINDS
from outreach.logbook import codec
from outreach.logbook.events import Event
from sync.times import LATEST

NO_PLACE = "A record holds a value that has no place in one. It is set aside; nothing else is touched."


class SetAside(Exception):
    """A record that is not taken in; the sentence says why. `later`: a newer version may read it."""

    def __init__(self, sentence: str, *, later: bool = False) -> None:
        super().__init__(sentence)
        self.later = later


def event_of(body: bytes, member: bytes, *, by_device: bool = False) -> Event:
    """The event in an opened envelope, whose signature is that of `member`.

    Args:
        body: the record's bytes.
        member: whom the certificate of the signature names.
        by_device: signed with a device's own key, which lies outside the vault: it records only
            what can be recorded locked, and says so.

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
    if by_device and not (event.stamp.locked and isinstance(event, LOCKED_KINDS)):
        raise SetAside("A locked device signed what only an unlocked one records. It is set aside.")
    if not 0 <= event.stamp.at <= LATEST:
        raise SetAside("A record has a date that no clock shows. It is set aside; nothing else is touched.")
    return event
