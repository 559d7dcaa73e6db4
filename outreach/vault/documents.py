"""Documents as bytes: what the vault keeps in memory and in the journal.

MessagePack by `msgspec`. Text, whole numbers of 64 bits, floats, booleans, None, bytes, dates with
a time zone, lists, and dicts with text as keys; nested up to 64 deep. A tuple comes back as a list,
as from TinyDB's own JSON; a date comes back as the same instant in UTC. Everything else is refused:
a value that would come back as something else is a lost value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from .errors import ValueRefused

DEEPEST = 64
"""How many dicts and lists may stand in one another."""

_PLAIN = frozenset({str, int, float, bool, type(None), bytes})
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder()


def encode(document: Mapping[str, Any]) -> bytes:
    """The bytes of one document. Raises `ValueRefused`."""
    _accept(document, 1)
    try:
        return _encoder.encode(document)
    except OverflowError:
        raise ValueRefused("a whole number does not fit into 64 bits") from None
    except UnicodeEncodeError:
        raise ValueRefused("a text holds half of a character (a lone surrogate)") from None


def decode(data: bytes) -> dict[str, Any]:
    """A fresh, private copy of the document."""
    document: dict[str, Any] = _decoder.decode(data)
    return document


def _accept(value: object, depth: int) -> None:
    """Raise `ValueRefused` unless ``value``, a container or a scalar outside `_PLAIN`, can be stored."""
    if depth > DEEPEST:
        raise ValueRefused(f"it is nested more than {DEEPEST} deep, or holds itself")
    kind = type(value)
    if kind is dict or isinstance(value, dict):
        for key, item in value.items():  # type: ignore[attr-defined]
            if type(key) is not str:
                raise ValueRefused(f"a name of the type {type(key).__name__}, where only text will do")
            if type(item) not in _PLAIN:
                _accept(item, depth + 1)
    elif kind is list or kind is tuple:
        for item in value:  # type: ignore[attr-defined]
            if type(item) not in _PLAIN:
                _accept(item, depth + 1)
    elif isinstance(value, datetime):
        _accept_date(value)
    else:
        raise ValueRefused(f"a value of the type {kind.__name__}")


def _accept_date(value: datetime) -> None:
    if value.utcoffset() is None:
        raise ValueRefused("a date without its time zone")
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueRefused("a date before the year 1 or after the year 9999 in UTC") from None
