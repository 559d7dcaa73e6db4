"""Deterministic CBOR: what was written is read back, and nothing else is read."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import cbor

LEAVES = st.none() | st.booleans() | st.integers(0, 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=30), inner, max_size=4),
    max_leaves=12,
)


def depth(value: object) -> int:
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 0


@given(VALUES.filter(lambda value: depth(value) <= cbor.DEPTH))
def test_round_trip(value: object) -> None:
    assert cbor.decode(cbor.encode(value), limit=10_000) == value


@given(st.binary(max_size=60))
def test_bytes_that_are_read_are_the_ones_that_would_be_written(data: bytes) -> None:
    try:
        value = cbor.decode(data, limit=60)
    except cbor.BadCbor:
        return
    assert cbor.encode(value) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x18\x05",  # 5 written in two bytes
        b"\x19\x00\xff",
        b"\x9f\x01\xff",  # open length
        b"\x5f\x41a\xff",
        b"\x01\x01",  # something after the end
        b"\x62\xff\xfe",  # not UTF-8
        b"\xa2\x61b\x01\x61a\x02",  # keys out of order
        b"\xa2\x61a\x01\x61a\x02",  # a key twice
        b"\xa1\x01\x02",  # a key that is not text
        b"\xa1\x81\x01\x02",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # a list of more than there can be
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x81" * 50 + b"\x01",
        b"\xd8\x1c\x80",  # a tag
        cbor2.dumps(-1),
        cbor2.dumps(1.5),
        cbor2.dumps(2**70),
        cbor2.dumps(cbor2.undefined),
    ],
)
def test_everything_else_is_refused(data: bytes) -> None:
    with pytest.raises(cbor.BadCbor):
        cbor.decode(data, limit=1000)


def test_nothing_over_the_limit_is_looked_at() -> None:
    with pytest.raises(cbor.BadCbor, match="longer than 10 bytes"):
        cbor.decode(cbor.encode(b"x" * 20), limit=10)
