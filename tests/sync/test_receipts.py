"""Receipts: only the pinned hub's count."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync import cbor
from sync.errors import BadReceipt
from sync.receipts import RECEIVED, Receipt
from sync.signing import sign

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
RECEIPT = Receipt.issue(
    KEY, team=b"t" * 8, kind=RECEIVED, sender=b"s" * 8, number=7, chain_hash=b"c" * 32, at=5
)


def test_round_trip() -> None:
    assert Receipt.from_bytes(RECEIPT.to_bytes(), PUBLIC) == RECEIPT
    RECEIPT.verify(PUBLIC)


@given(st.integers(0, len(RECEIPT.to_bytes()) - 1), st.integers(1, 255))
def test_one_changed_byte_is_refused(place: int, change: int) -> None:
    raw = bytearray(RECEIPT.to_bytes())
    raw[place] ^= change
    with pytest.raises(BadReceipt, match="stay"):
        Receipt.from_bytes(bytes(raw), PUBLIC)


def test_another_hub_is_refused() -> None:
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with pytest.raises(BadReceipt, match="not signed by the hub"):
        Receipt.from_bytes(RECEIPT.to_bytes(), other)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, 2),
        (0, True),
        (1, b""),
        (2, "lost"),
        (3, b"s"),
        (4, 0),
        (4, 2**53),
        (5, b"c"),
        (6, 10**18),
        (6, "now"),
    ],
)
def test_signed_nonsense_is_refused(place: int, value: object) -> None:
    fields = cbor.decode(RECEIPT.payload, limit=500)
    fields[place] = value
    payload = cbor.encode(fields)
    with pytest.raises(BadReceipt):
        Receipt.from_bytes(cbor.encode([payload, sign(KEY, "receipt", payload)]), PUBLIC)


@given(st.binary(max_size=200))
def test_garbage_is_a_sentence(data: bytes) -> None:
    with pytest.raises(BadReceipt, match="stay on this device"):
        Receipt.from_bytes(data, PUBLIC)


def test_a_signature_for_something_else_does_not_count() -> None:
    wrong = cbor.encode([RECEIPT.payload, sign(KEY, "statement", RECEIPT.payload)])
    with pytest.raises(BadReceipt):
        Receipt.from_bytes(wrong, PUBLIC)
