"""Consecutive envelopes of one sender as one message; what they share is said once."""

from collections.abc import Sequence

from sync import cbor
from sync.errors import BadEnvelope
from sync.sealed import SET_ASIDE, VERSION, Envelope, check, follow, is_version, pair_of, pairs_of

BATCH_LIMIT = 4 * 2**20
"""Bytes of the longest batch."""
BATCH_COUNT = 1024
"""Envelopes in the longest batch."""


def pack_batch(envelopes: Sequence[Envelope]) -> bytes:
    """Consecutive envelopes of one sender as one message; what they share is said once.

    Raises:
        BadChain: they don't follow one another.
        ValueError: none, too many, or of different teams, senders or dictionaries.
    """
    first = envelopes[0] if envelopes else None
    if first is None or len(envelopes) > BATCH_COUNT:
        raise ValueError(f"a batch holds 1 to {BATCH_COUNT} envelopes")
    head = (first.number - 1, first.previous)
    for envelope in envelopes:
        if (envelope.team, envelope.sender, envelope.dictionary) != (
            first.team,
            first.sender,
            first.dictionary,
        ):
            raise ValueError("a batch is of one sender and one dictionary")
        head = follow(*head, envelope)
    table = sorted({pair for envelope in envelopes for pair in envelope.sealed_to})
    items = [
        [sum(1 << table.index(pair) for pair in envelope.sealed_to), envelope.body, envelope.signature]
        for envelope in envelopes
    ]
    return cbor.encode(
        [
            VERSION,
            first.team,
            first.sender,
            first.number,
            first.previous,
            first.dictionary,
            pairs_of(table),
            items,
        ]
    )


def unpack_batch(data: bytes) -> list[Envelope]:
    """The envelopes of a batch: numbers and hashes between them rebuilt, signatures not checked yet.

    Raises:
        BadEnvelope: not a batch, of an unknown version, or a length that is out of bounds.
    """
    try:
        value = cbor.decode(data, limit=BATCH_LIMIT)
    except cbor.BadCbor:
        raise BadEnvelope(f"A parcel of records can't be read. {SET_ASIDE}") from None
    if isinstance(value, list) and value and type(value[0]) is int and value[0] != VERSION:
        raise BadEnvelope(
            "A parcel of records was packed by a newer version of Outreach. An update reads it."
        )
    made: list[Envelope] = []
    match value:
        case [version, *_] if not is_version(version):
            pass
        case [_, team, sender, int(number), previous, dictionary, list(pairs), list(items)] if (
            0 < len(items) <= BATCH_COUNT and len(pairs) <= 64
        ):
            table = tuple(pair_of(pair) for pair in pairs)
            if list(table) != sorted(set(table)):
                raise BadEnvelope(f"A parcel of records can't be read. {SET_ASIDE}")
            for item in items:
                match item:
                    case [int(mask), bytes(body), bytes(signature)] if 0 < mask < 1 << len(table):
                        sealed_to = tuple(pair for place, pair in enumerate(table) if mask >> place & 1)
                    case _:
                        raise BadEnvelope(f"A parcel of records can't be read. {SET_ASIDE}")
                envelope = Envelope(team, sender, number, previous, dictionary, sealed_to, body, signature)
                check(envelope)
                made.append(envelope)
                number, previous = number + 1, envelope.chain_hash
            return made
    raise BadEnvelope(f"A parcel of records can't be read. {SET_ASIDE}")
