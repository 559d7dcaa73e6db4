"""The token: fits, names nobody, and nothing but a signed one is taken for one."""

import base64
import secrets

import base45
import cbor2
import cwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from outreach.slips import DamagedSlip, DoesNotFit, NotASlip, NotSigned, Token, issue, new_id, read
from outreach.slips.token import LONGEST, PREFIX, audience, verify

SEED = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
KID = b"\x01\x02\x03\x04"

tokens = st.builds(
    lambda issuer, service, session, token_id, issued, life, fast: Token(
        issuer, service, session, token_id, issued, issued + life, fast
    ),
    st.binary(min_size=8, max_size=8),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
    st.integers(0, 255),
    st.binary(min_size=12, max_size=12),
    st.integers(0, 2**32 - 2_000_000),
    st.integers(0, 1_000_000),
    st.booleans(),
)


@given(tokens)
def test_every_token_fits_and_comes_back(token):
    text = issue(token, SEED, KID)
    assert len(text) <= LONGEST
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    reading = read(text)
    verify(reading, PUBLIC)
    assert reading.kid == KID
    assert reading.token.is_for(token.service)
    assert msgspec.structs.replace(reading.token, service=token.service) == token


def test_a_long_service_id_travels_as_a_digest_and_a_short_one_as_itself():
    assert audience("yard") == "yard"
    assert len(audience("harbour-street-drop-in").encode()) == 12
    assert audience("harbour-street-drop-in") != audience("harbour-street-drop-ins")
    assert audience("~sneaky") != "~sneaky"


def test_it_is_a_standard_cwt_that_another_reader_understands(text, token):
    key = cwt.COSEKey.new({1: 1, -1: 6, 3: -8, 2: KID, -2: PUBLIC})
    payload = cbor2.loads(cwt.COSE.new().decode(base45.b45decode(text[4:]), key))
    assert payload == {
        1: base64.urlsafe_b64encode(token.issuer).rstrip(b"=").decode(),
        3: "yard",
        4: token.valid_until,
        6: token.issued,
        7: token.id,
        -65537: [1, True],
    }


def test_a_bare_map_or_an_unsigned_token_is_never_taken_for_a_slip(text):
    """`cwt.decode` gives the claims of such texts; we don't read them at all."""
    outer = cbor2.loads(base45.b45decode(text[4:]))
    claims = outer.value[2]
    for message in (claims, cbor2.dumps(cbor2.CBORTag(61, cbor2.loads(claims)))):
        assert cwt.decode(message, cwt.COSEKey.new({1: 1, -1: 6, 3: -8, -2: PUBLIC}))  # the trap
        with pytest.raises((DamagedSlip, NotASlip)):
            read(PREFIX + base45.b45encode(message).decode())


@given(st.data())
def test_a_single_altered_character_never_verifies(data):
    token = Token(bytes(8), "yard", 1, bytes(12), 1_700_000_000, 1_701_000_000)
    text = issue(token, SEED, KID)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"))
    altered = text[:place] + other + text[place + 1 :]
    assume(altered != text)
    try:
        reading = read(altered)
    except (NotASlip, DamagedSlip):
        return
    if reading.kid != KID:  # not signed, and no key is listed under it
        return
    with pytest.raises(NotSigned):
        verify(reading, PUBLIC)


def test_changed_claims_with_the_old_signature_do_not_verify(text):
    outer = cbor2.loads(base45.b45decode(text[4:]))
    claims = cbor2.loads(outer.value[2])
    for claim, value in ((4, claims[4] + 86400 * 300), (3, "quay"), (-65537, [2, True]), (7, bytes(12))):
        changed = cbor2.dumps({**claims, claim: value}, canonical=True)
        forged = cbor2.CBORTag(18, [outer.value[0], outer.value[1], changed, outer.value[3]])
        reading = read(PREFIX + base45.b45encode(cbor2.dumps(forged, canonical=True)).decode())
        with pytest.raises(NotSigned):
            verify(reading, PUBLIC)


def test_a_second_spelling_of_a_token_is_not_read(text):
    message = base45.b45decode(text[4:])
    outer = cbor2.loads(message)
    protected, header, payload, signature = outer.value
    claims = cbor2.loads(payload)
    spellings = [
        message + b"\0",
        cbor2.dumps(cbor2.CBORTag(17, outer.value)),
        cbor2.dumps([protected, header, payload, signature]),
        cbor2.dumps(cbor2.CBORTag(18, [b"", {1: -8, **header}, payload, signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, {**header, 5: b""}, payload, signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, header, payload, signature + b"\0"])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, header, cbor2.dumps({**claims, 5: 0}), signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, header, cbor2.dumps({**claims, 6: True}), signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, header, cbor2.dumps({**claims, 4: 1e9}), signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, header, cbor2.dumps({**claims, 4: -1}), signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, header, cbor2.dumps({**claims, 7: b"short"}), signature])),
    ]
    for spelling in spellings:
        with pytest.raises(DamagedSlip):
            read(PREFIX + base45.b45encode(spelling).decode())


@given(st.binary(min_size=70, max_size=250))
def test_foreign_bytes_behind_our_prefix_are_damaged_and_nothing_else(data):
    with pytest.raises((DamagedSlip, NotASlip)):
        read(PREFIX + base45.b45encode(data).decode())


@given(st.text(max_size=500))
def test_any_other_text_is_not_a_slip(text):
    with pytest.raises((NotASlip, DamagedSlip)):
        read(text)


def test_what_scanners_do_to_a_text_is_forgiven(team, token):
    for number in range(100):
        made = msgspec.structs.replace(token, id=number.to_bytes(12, "big"))
        text = issue(made, team.seed, team.kid)
        assert text == text.strip(), "a text field may strip it"
        assert read(f"  {text.lower()} \r\n").token == made


def test_a_newer_version_is_said_to_be_newer(text):
    with pytest.raises(DamagedSlip, match="newer version"):
        read("OR2:" + text[4:])


def test_what_has_no_place_in_a_slip_is_refused_before_signing(token):
    for change in (
        {"session": 256},
        {"session": -1},
        {"id": b"short"},
        {"issuer": b"x" * 9},
        {"service": ""},
        {"valid_until": token.issued - 1},
        {"valid_until": 2**32},
    ):
        with pytest.raises(DoesNotFit):
            issue(msgspec.structs.replace(token, **change), SEED, KID)
    with pytest.raises(DoesNotFit):
        issue(token, SEED, b"longer")


def test_ids_are_twelve_random_bytes():
    drawn = {new_id() for _ in range(50)}
    assert len(drawn) == 50
    assert {len(each) for each in drawn} == {12}
    assert new_id(secrets.token_bytes) != new_id(secrets.token_bytes)
