"""A sealed record as it travels: its parts, its bytes, its place in the sender's chain.

Only shape and lengths are checked here; `sync.envelope` seals, verifies and opens.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sync import cbor
from sync.content import SIZE_LIMIT, size_class
from sync.errors import BadEnvelope, ChainFork, ChainGap
from sync.signing import SIGNATURE, context
from sync.statements import ID, is_audience

VERSION = 1
ZERO = bytes(32)
"""What the first envelope of a sender has for the hash of the previous one."""
HASH = 32
WRAP = 80
"""Bytes of a content key wrapped for one audience: 32 encapsulated, 32 key, 16 tag."""
TAG = 16
AUDIENCES = 8
"""The most audiences of one envelope."""
NUMBER_LIMIT = 2**53
ENVELOPE_LIMIT = AUDIENCES * WRAP + SIZE_LIMIT + TAG + 1024
"""Bytes of the longest envelope."""
SET_ASIDE = "It is set aside; nothing else is touched."


@dataclass(frozen=True)
class Envelope:
    """A sealed record. `body` is the wrapped keys, then the content; `sealed_to` goes with the wraps."""

    team: bytes
    sender: bytes
    number: int
    previous: bytes
    dictionary: int
    sealed_to: tuple[tuple[str, bytes], ...]
    """(audience, epoch id) pairs in order."""
    body: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def audiences(self) -> tuple[str, ...]:
        """Names of the audiences that it is sealed to."""
        return tuple(audience for audience, _ in self.sealed_to)

    @cached_property
    def header(self) -> bytes:
        """The deterministic CBOR that key wraps, content, signature and chain are bound to."""
        return cbor.encode(
            [
                VERSION,
                self.team,
                self.sender,
                self.number,
                self.previous,
                self.dictionary,
                pairs_of(self.sealed_to),
            ]
        )

    @cached_property
    def body_hash(self) -> bytes:
        return hashlib.sha256(self.body).digest()

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over (without its context)."""
        return self.header + self.body_hash

    @cached_property
    def chain_hash(self) -> bytes:
        """What the next envelope of this sender has for `previous`."""
        return hashlib.sha256(context("chain") + self.signed_bytes).digest()

    def to_bytes(self) -> bytes:
        return cbor.encode([self.header, self.body, self.signature])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Envelope":
        """The envelope in `data`, its shape and every length checked. Its signature is not: `verify`.

        Raises:
            BadEnvelope: not an envelope, or of a version that is not known here.
        """
        try:
            match cbor.decode(data, limit=ENVELOPE_LIMIT):
                case [bytes(header), bytes(body), bytes(signature)]:
                    return cls._of(cbor.decode(header, limit=1024), body, signature)
        except cbor.BadCbor:
            pass
        raise BadEnvelope(f"A record that came in can't be read as one. {SET_ASIDE}")

    @classmethod
    def _of(cls, header: object, body: bytes, signature: bytes) -> "Envelope":
        match header:
            case [version, *_] if not is_version(version):
                pass
            case [_, team, sender, number, previous, dictionary, list(pairs)]:
                sealed_to = tuple(pair_of(pair) for pair in pairs)
                made = cls(team, sender, number, previous, dictionary, sealed_to, body, signature)  # type: ignore[arg-type]
                check(made)
                return made
        raise BadEnvelope(f"A record that came in can't be read as one. {SET_ASIDE}")


def follow(number: int, chain_hash: bytes, envelope: Envelope) -> tuple[int, bytes]:
    """The head of a sender's chain after `envelope`, given the head before it (0 and ZERO at first).

    Raises:
        ChainGap: numbers in between are missing.
        ChainFork: the number was there already, or it follows another envelope than the one here.
    """
    if envelope.number > number + 1:
        raise ChainGap(
            f"Records {number + 1} to {envelope.number - 1} of one device have not come in yet.", number + 1
        )
    if envelope.number <= number or envelope.previous != chain_hash:
        raise ChainFork(
            f"Record {envelope.number} of one device doesn't follow from the one before: the device "
            "was copied or restored, or a record was changed. Both are kept; a coordinator can look into it."
        )
    return envelope.number, envelope.chain_hash


def is_version(version: object) -> bool:
    if type(version) is int and version != VERSION:
        raise BadEnvelope(
            "A record that came in was sealed by a newer version of Outreach. "
            "It is kept; after an update it can be read."
        )
    return type(version) is int


def pairs_of(sealed_to: Sequence[tuple[str, bytes]]) -> list[list[object]]:
    return [[audience, epoch] for audience, epoch in sealed_to]


def pair_of(pair: object) -> tuple[str, bytes]:
    match pair:
        case [str(audience), bytes(epoch)] if is_audience(audience) and len(epoch) == ID:
            return audience, epoch
    raise BadEnvelope(f"A record that came in can't be read as one. {SET_ASIDE}")


def check(envelope: Envelope) -> None:
    """Every field has its type and is within its bounds, or BadEnvelope."""
    e = envelope
    lengths = ((e.team, ID), (e.sender, ID), (e.previous, HASH), (e.signature, SIGNATURE))
    content = len(e.body) - TAG - WRAP * len(e.sealed_to)
    sound = (
        all(isinstance(value, bytes) and len(value) == length for value, length in lengths)
        and type(e.number) is int
        and 1 <= e.number < NUMBER_LIMIT
        and (e.number == 1) == (e.previous == ZERO)
        and type(e.dictionary) is int
        and 0 <= e.dictionary < 256
        and 1 <= len(e.sealed_to) <= AUDIENCES
        and list(e.sealed_to) == sorted(set(e.sealed_to))
        and len({audience for audience, _ in e.sealed_to}) == len(e.sealed_to)
        and 0 < content <= SIZE_LIMIT
        and content == size_class(content)
    )
    if not sound:
        raise BadEnvelope(f"A record that came in can't be read as one. {SET_ASIDE}")
