"""Events as plain data and as bytes.

`to_document` gives the dict that the vault keeps (bytes stay bytes); `encode` gives the
deterministic CBOR (RFC 8949, 4.2) that an envelope carries. Fields that an older or newer
version doesn't know are left out or kept at their default, so records stay readable for years.
"""

from typing import Any, cast

import cbor2
import msgspec

from outreach.logbook.events import NOTE_LIMIT, ContactRecorded, Event


class UnreadableEvent(ValueError):
    """Data that is not an event of any version known here. The sentence names no content."""


def plain(value: Any) -> Any:
    """Structs and tuples as dicts and lists; bytes stay bytes."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value))


def to_document(event: Event) -> dict[str, Any]:
    """Plain data of an event: dicts, lists, str, int, bool, bytes."""
    return cast(dict[str, Any], plain(event))


def from_document(document: dict[str, Any]) -> Event:
    """The event of plain data.

    Raises:
        UnreadableEvent: not an event, or of a type that this version doesn't know.
    """
    try:
        event: Event = msgspec.convert(document, type=Event, builtin_types=(bytes,))
    except (msgspec.ValidationError, TypeError, ValueError):
        raise UnreadableEvent(
            "A record is of a kind that this version doesn't know. "
            "It is kept as it is; a newer version reads it."
        ) from None
    if isinstance(event, ContactRecorded) and len(event.note) > NOTE_LIMIT:
        raise UnreadableEvent(
            f"A note is longer than {NOTE_LIMIT} characters. The record is kept and not shown."
        )
    return event


def encode(event: Event) -> bytes:
    """Deterministic CBOR of an event."""
    return cbor2.dumps(to_document(event), canonical=True)


def decode(data: bytes) -> Event:
    """The event of CBOR bytes. Raises UnreadableEvent as `from_document` does."""
    try:
        document = cbor2.loads(data)
    except Exception:
        raise UnreadableEvent("A record can't be read. It is set aside; nothing else is touched.") from None
    if not isinstance(document, dict):
        raise UnreadableEvent("A record can't be read. It is set aside; nothing else is touched.")
    return from_document(document)
