"""Compression and padding."""

import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync.content import BODY_LIMIT, CLASSES, SIZE_LIMIT, pack, size_class, unpack
from sync.errors import BadEnvelope


@given(st.binary(max_size=6000), st.sampled_from([0, 1]))
@example(b"", 1)
@example(b"\0" * 500, 1)
def test_any_bytes_come_back_from_a_size_class(body: bytes, dictionary: int) -> None:
    padded = pack(body, dictionary)
    assert size_class(len(padded)) == len(padded)
    assert unpack(padded, dictionary) == body


@given(st.integers(1, SIZE_LIMIT))
def test_size_classes_are_few_and_large_enough(length: int) -> None:
    size = size_class(length)
    assert size >= length
    assert size in CLASSES or (size % CLASSES[-1] == 0 and size - length < CLASSES[-1])


def test_a_short_note_and_none_look_the_same() -> None:
    assert len(pack(b"\xa1dnote`")) == len(pack(b"\xa1dnotewAsked for the night bus")) == CLASSES[0]


def test_the_longest_record_travels_and_a_longer_one_is_told() -> None:
    import secrets

    body = secrets.token_bytes(BODY_LIMIT)
    padded = pack(body)
    assert len(padded) <= SIZE_LIMIT
    assert unpack(padded, 1) == body
    with pytest.raises(BadEnvelope, match="stays on this device"):
        pack(body + b"x")


def test_a_bomb_is_not_unpacked() -> None:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = machine.compress(b"\0" * (BODY_LIMIT * 40)) + machine.flush()
    with pytest.raises(BadEnvelope):
        unpack(bomb, 0)


@pytest.mark.parametrize("tail", [b"x", b"\0\0x"])
def test_only_zeros_follow_the_record(tail: bytes) -> None:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    whole = machine.compress(b"hello") + machine.flush()
    assert unpack(whole + b"\0" * 5, 0) == b"hello"
    with pytest.raises(BadEnvelope):
        unpack(whole + tail, 0)
    with pytest.raises(BadEnvelope):
        unpack(whole[:-1], 0)


def test_an_unknown_dictionary_is_a_newer_version() -> None:
    with pytest.raises(BadEnvelope, match="newer version"):
        unpack(pack(b"x"), 9)
