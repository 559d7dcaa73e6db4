"""Envelopes: sealed for those who may read, refused when anything was changed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import cbor
from sync.content import BODY_LIMIT
from sync.envelope import (
    BATCH_COUNT,
    ZERO,
    BadEnvelope,
    Envelope,
    NoKey,
    UnknownSender,
    follow,
    open_envelope,
    pack_batch,
    seal,
    unpack_batch,
    verify,
)
from sync.errors import ChainFork, ChainGap, TeamError
from sync.keyring import Keyring
from sync.times import milliseconds
from tests.sync.conftest import NOW, House

EVERYONE = ("coordinator", "worker", "peer", "full_peer", "desk", "lead", "outsider")
OPENS = {
    ("all",): {"coordinator", "worker", "peer", "full_peer", "desk", "lead"},
    ("team",): {"coordinator", "worker", "full_peer"},
    ("desk:northgate", "team"): {"coordinator", "worker", "full_peer", "desk"},
    ("desk:riverside",): {"coordinator"},
    ("coordinators",): {"coordinator"},
    ("safeguarding",): {"lead"},
}


@given(st.binary(max_size=3000), st.sampled_from(sorted(OPENS)))
def test_any_body_comes_back(house: House, body: bytes, audiences: tuple[str, ...]) -> None:
    (envelope,) = house.chain(body, audiences=audiences)
    received = Envelope.from_bytes(envelope.to_bytes())
    assert received == envelope
    assert verify(received, house.log) == house.worker.certificate
    for who in OPENS[audiences]:
        assert open_envelope(received, getattr(house, who).keyring) == body


@pytest.mark.requirement("CC01")
@pytest.mark.parametrize("audiences", sorted(OPENS))
def test_only_due_keyrings_open(house: House, audiences: tuple[str, ...]) -> None:
    (envelope,) = house.chain(b"a record", audiences=audiences)
    for who in EVERYONE:
        keyring = getattr(house, who).keyring
        if who in OPENS[audiences]:
            assert open_envelope(envelope, keyring) == b"a record"
        else:
            with pytest.raises(NoKey):
                open_envelope(envelope, keyring)


def test_the_key_of_one_audience_does_not_open_anothers_wrap(house: House) -> None:
    """Even when a ring claims that the desk's key is the team's."""
    (envelope,) = house.chain(b"a record")
    ((audience, epoch),) = envelope.sealed_to
    desk = {place[0]: key for *place, key in house.desk.keyring.to_document()["keys"]}
    with pytest.raises(BadEnvelope, match="doesn't open"):
        open_envelope(envelope, Keyring({(audience, epoch): desk["desk:northgate"]}))


def test_a_write_only_peer_can_seal_to_the_team(house: House) -> None:
    (envelope,) = house.chain(b"from a peer", sender=house.peer.sender)
    assert verify(envelope, house.log).role == "peer"
    assert open_envelope(envelope, house.worker.keyring) == b"from a peer"


@given(st.data())
def test_one_changed_byte_anywhere_is_refused(house: House, data: st.DataObject) -> None:
    (envelope,) = house.chain(b"a record", audiences=("desk:northgate", "team"))
    raw = bytearray(envelope.to_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadEnvelope):
        verify(Envelope.from_bytes(bytes(raw)), house.log)


def test_every_single_byte_of_the_header_and_around_it(house: House) -> None:
    (envelope,) = house.chain(b"a record")
    raw = envelope.to_bytes()
    body = raw.index(envelope.body)
    for place in [*range(body + 4), *range(body + len(envelope.body), len(raw))]:
        for bit in (1, 0x80, 0xF4):  # 0xF4 turns the version 1 into `true`
            changed = bytearray(raw)
            changed[place] ^= bit
            with pytest.raises(BadEnvelope):
                verify(Envelope.from_bytes(bytes(changed)), house.log)


@given(st.data())
def test_a_body_resigned_by_a_dishonest_sender_does_not_open(house: House, data: st.DataObject) -> None:
    """Moving sealed content under another header fails at opening: wraps and content are bound to it."""
    one, two = house.chain(b"first", b"second")
    moved = replace(two, body=one.body, signature=b"")
    from sync.signing import sign

    signed = replace(moved, signature=sign(house.worker.sender.key, "envelope", moved.signed_bytes))
    verify(signed, house.log)
    with pytest.raises(BadEnvelope, match="doesn't open"):
        open_envelope(signed, house.worker.keyring)


@given(st.binary(max_size=300))
def test_garbage_is_a_sentence(data: bytes) -> None:
    with pytest.raises(BadEnvelope, match="set aside"):
        Envelope.from_bytes(data)
    with pytest.raises(BadEnvelope):
        unpack_batch(data)


@given(st.integers(0, 400))
def test_cut_short_is_a_sentence(house: House, length: int) -> None:
    (envelope,) = house.chain(b"a record")
    raw = envelope.to_bytes()
    with pytest.raises(BadEnvelope):
        Envelope.from_bytes(raw[: min(length, len(raw) - 1)])
    with pytest.raises(BadEnvelope):
        unpack_batch(pack_batch([envelope])[: min(length, len(raw) - 120)])


def remade(envelope: Envelope, place: int, value: object) -> bytes:
    header = cbor.decode(envelope.header, limit=1000)
    header[place] = value
    return cbor.encode([cbor.encode(header), envelope.body, envelope.signature])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (1, b"short"),
        (2, b"x" * 9),
        (3, 0),
        (3, 2),  # number 2 with nothing before it
        (3, 2**53),
        (3, True),
        (4, b"x" * 32),  # number 1 with something before it
        (4, b""),
        (5, 256),
        (6, []),
        (6, [["team", b"x" * 7]]),
        (6, [["everyone", b"x" * 8]]),
        (6, [["team", b"x" * 8], ["all", b"x" * 8]]),
        (6, [["team", b"x" * 8], ["team", b"y" * 8]]),
        (6, [[f"desk:{n}", b"x" * 8] for n in range(9)]),
    ],
)
def test_lengths_and_bounds_of_a_header(house: House, place: int, value: object) -> None:
    (envelope,) = house.chain(b"a record")
    with pytest.raises(BadEnvelope, match="can't be read"):
        Envelope.from_bytes(remade(envelope, place, value))


def test_unknown_versions_are_said(house: House) -> None:
    (envelope,) = house.chain(b"a record")
    with pytest.raises(BadEnvelope, match="newer version"):
        Envelope.from_bytes(remade(envelope, 0, 2))
    batch = cbor.decode(pack_batch([envelope]), limit=10_000)
    with pytest.raises(BadEnvelope, match="newer version"):
        unpack_batch(cbor.encode([2, *batch[1:]]))
    with pytest.raises(BadEnvelope, match="newer version"):
        unpack_batch(cbor.encode([2, "of other fields"]))


def test_content_is_always_a_size_class(house: House) -> None:
    (envelope,) = house.chain(b"a record")
    longer = cbor.encode([envelope.header, envelope.body + b"x", envelope.signature])
    with pytest.raises(BadEnvelope):
        Envelope.from_bytes(longer)


def test_others_are_refused(house: House) -> None:
    own = house.outsider
    foreign = seal(b"x", audiences=["team"], log=own.log, sender=own.sender, number=1, previous=ZERO)
    with pytest.raises(BadEnvelope, match="another team"):
        verify(foreign, house.log)
    with pytest.raises(TeamError, match="another team"):
        seal(b"x", audiences=["team"], log=house.log, sender=own.sender, number=1, previous=ZERO)
    (envelope,) = house.chain(b"x", sender=house.lead.sender)
    with pytest.raises(UnknownSender):
        verify(envelope, house.founding.log)  # a log from before the sender was taken in


def test_out_of_date_is_refused_where_a_time_is_given(house: House) -> None:
    (envelope,) = house.chain(b"x")
    verify(envelope, house.log, at=milliseconds(NOW))
    with pytest.raises(BadEnvelope, match="out of date"):
        verify(envelope, house.log, at=milliseconds(NOW + timedelta(days=2000)))


def test_what_can_not_be_sealed(house: House) -> None:
    for audiences in ((), ("desk:nowhere",), tuple("abcdefghi")):
        with pytest.raises(TeamError, match="not sealed"):
            house.chain(b"x", audiences=audiences)
    with pytest.raises(BadEnvelope, match="stays on this device"):
        house.chain(b"x" * (BODY_LIMIT + 1))


def test_the_same_record_twice_looks_different(house: House) -> None:
    (one,), (two,) = house.chain(b"x"), house.chain(b"x")
    assert one.body != two.body
    assert one.body[:32] != two.body[:32]


# --- chains and batches ------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.binary(max_size=200), st.sampled_from(sorted(OPENS))), min_size=1, max_size=8),
    st.data(),
)
def test_batches_come_back(
    house: House, records: list[tuple[bytes, tuple[str, ...]]], data: st.DataObject
) -> None:
    envelopes: list[Envelope] = []
    for number, (body, audiences) in enumerate(records, start=1):
        previous = envelopes[-1].chain_hash if envelopes else ZERO
        envelopes.append(
            seal(
                body,
                audiences=audiences,
                log=house.log,
                sender=house.worker.sender,
                number=number,
                previous=previous,
            )
        )
    start = data.draw(st.integers(0, len(envelopes) - 1))
    packed = pack_batch(envelopes[start:])
    assert unpack_batch(packed) == envelopes[start:]
    assert [e.chain_hash for e in unpack_batch(packed)] == [e.chain_hash for e in envelopes[start:]]
    changed = bytearray(packed)
    changed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadEnvelope):
        [verify(envelope, house.log) for envelope in unpack_batch(bytes(changed))]


def test_gaps_and_forks(house: House) -> None:
    one, two, three = house.chain(b"1", b"2", b"3")
    head = follow(0, ZERO, one)
    with pytest.raises(ChainGap) as gap:
        follow(*head, three)
    assert gap.value.expected == 2
    with pytest.raises(ChainFork):
        follow(*follow(*head, two), two)
    twin = seal(
        b"another",
        audiences=["team"],
        log=house.log,
        sender=house.worker.sender,
        number=2,
        previous=one.chain_hash,
    )
    with pytest.raises(ChainFork):
        follow(*follow(*head, twin), three)
    assert follow(*follow(*head, two), three) == (3, three.chain_hash)
    for wrong, error in (([one, three], ChainGap), ([two, one], ChainFork), ([one, twin, three], ChainFork)):
        with pytest.raises(error):
            pack_batch(wrong)


def test_what_is_not_a_batch(house: House) -> None:
    (one,) = house.chain(b"1")
    with pytest.raises(ValueError):
        pack_batch([])
    with pytest.raises(ValueError):
        pack_batch([one] * (BATCH_COUNT + 1))
    (other,) = house.chain(b"1", sender=house.desk.sender)
    with pytest.raises(ValueError):
        pack_batch([one, other])
    batch = cbor.decode(pack_batch([one]), limit=10_000)
    item = batch[7][0]
    for place, value in (
        (7, []),
        (7, [item] * (BATCH_COUNT + 1)),
        (7, [[0, *item[1:]]]),
        (7, [[2, *item[1:]]]),
        (6, [*batch[6], *batch[6]]),
        (3, "1"),
    ):
        with pytest.raises(BadEnvelope):
            unpack_batch(cbor.encode([*batch[:place], value, *batch[place + 1 :]]))


def test_a_batch_says_shared_things_once(house: House) -> None:
    envelopes = house.chain(*[b"x"] * 10)
    bare = sum(len(e.body) + len(e.signature) for e in envelopes)
    assert len(pack_batch(envelopes)) - bare <= 10 * 7 + 110
