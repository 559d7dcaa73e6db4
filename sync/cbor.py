"""Deterministic CBOR (RFC 8949, section 4.2), of which only what PROTOCOL.md uses.

`encode` is cbor2's canonical mode. `decode` is a reader of its own that accepts exactly the
bytes that `encode` could have written: unsigned integers, byte strings, text, arrays, maps
with text keys, true, false and null; shortest lengths, definite lengths, sorted keys without
doubles, nothing after the end. No tags, so nothing is ever built from data but plain values,
and equal values have equal bytes: a signature over bytes is a signature over what they say.
"""

from typing import Any

import cbor2

DEPTH = 6
"""Levels of nesting that are read; the deepest message of the protocol has four."""


class BadCbor(ValueError):
    """Bytes that are not deterministic CBOR of the kind that the protocol uses."""


def encode(value: Any) -> bytes:
    """Deterministic CBOR of plain values (int, bytes, str, bool, None, list, tuple, dict)."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, *, limit: int) -> Any:
    """The value of `data`.

    Args:
        data: all of the bytes, nothing after them.
        limit: the most bytes that are looked at.

    Raises:
        BadCbor: too long, cut short, not deterministic, or a type that the protocol doesn't use.
    """
    if len(data) > limit:
        raise BadCbor(f"longer than {limit} bytes")
    value, end = _read(data, 0, DEPTH)
    if end != len(data):
        raise BadCbor("bytes after the end")
    return value


def _read(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    size = len(data)
    if at >= size:
        raise BadCbor("cut short")
    first = data[at]
    major, low = first >> 5, first & 31
    at += 1
    if major == 7:
        if first == 0xF4:
            return False, at
        if first == 0xF5:
            return True, at
        if first == 0xF6:
            return None, at
        raise BadCbor("a kind of value that is not used here")
    if low < 24:
        number = low
    elif low < 28:
        width = 1 << (low - 24)
        if at + width > size:
            raise BadCbor("cut short")
        number = int.from_bytes(data[at : at + width], "big")
        at += width
        if number < (24 if width == 1 else 1 << (4 * width)):
            raise BadCbor("a number written longer than it is")
    else:
        raise BadCbor("an open length")
    if major == 0:
        return number, at
    if major in (2, 3):
        end = at + number
        if end > size:
            raise BadCbor("cut short")
        raw = bytes(data[at:end])
        if major == 2:
            return raw, end
        try:
            return raw.decode("utf-8"), end
        except UnicodeDecodeError:
            raise BadCbor("text that is not UTF-8") from None
    if depth == 0:
        raise BadCbor("nested too deeply")
    if number > size - at:
        raise BadCbor("cut short")
    if major == 4:
        items: list[Any] = []
        for _ in range(number):
            item, at = _read(data, at, depth - 1)
            items.append(item)
        return items, at
    if major == 5:
        table: dict[str, Any] = {}
        last = b""
        for _ in range(number):
            start = at
            key, at = _read(data, at, 0)
            written = bytes(data[start:at])
            if not isinstance(key, str) or written <= last:
                raise BadCbor("keys that are not text in order")
            last = written
            table[key], at = _read(data, at, depth - 1)
        return table, at
    raise BadCbor("a kind of value that is not used here")
