"""The token: what the QR code of a slip says. It names nobody.

A token is a CWT (RFC 8392) in a COSE_Sign1 (RFC 9052, Ed25519), written in Base45 (RFC 9285)
behind the prefix `OR1:`, so that it fits the alphanumeric mode of a QR code:

    claim 1 iss     the issuing team's id, 8 bytes as base64url text
    claim 3 aud     the service's id, or `~` and a digest where the id is long (see `audience`)
    claim 4 exp     valid until, seconds since 1970 UTC
    claim 6 iat     issued, seconds since 1970 UTC
    claim 7 cti     12 random bytes: the id of the slip
    claim -65537    [session number, fast-track]

The unprotected header holds a key id of 4 bytes: the team's slip key of the month. The text is
190 to 220 characters: a QR code of version 8 at error correction M.

`issue` writes and signs, `read` takes a text apart and believes nothing, `verify` says whether
a key signed it. Whether a slip is good *today* is `trust.check`, which uses these. `cwt.decode`
is not used: it accepts a token without a signature.
"""

import hashlib
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any, cast

import base45
import cbor2
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cwt import COSE, COSEKey

from outreach.slips import code
from outreach.slips.errors import DamagedSlip, DoesNotFit, NotASlip, NotSigned

PREFIX = "OR1:"
LONGEST = 220
"""Characters: what a QR code of version 8 holds at error correction M."""
ID_BYTES = 12
KID_BYTES = 4
TEAM_BYTES = 8

_ISS, _AUD, _EXP, _IAT, _CTI, _VISIT = 1, 3, 4, 6, 7, -65537
_CLAIMS = {_ISS, _AUD, _EXP, _IAT, _CTI, _VISIT}
_PROTECTED = cbor2.dumps({1: -8}, canonical=True)  # alg: EdDSA
_SIGN1 = 18
_OURS = re.compile(r"OR(\d{1,2}):")
_SHORTEST_BODY = 100  # characters; less than half a slip is not a slip
_LONGEST_TEXT = 400
_AUD_BYTES = 12


class Token(msgspec.Struct, frozen=True):
    """What a slip says: which team sends someone to which session of which service, until when.

    `issuer` is the team id (8 bytes), `service` the id of the service, `session` the number of
    the session in it (0: any), `id` 12 random bytes, `issued` and `valid_until` seconds since
    1970 UTC. A token that was read may carry the service as `audience(id)`; `trust.check` puts
    the id back where its list knows the service.
    """

    issuer: bytes
    service: str
    session: int
    id: bytes
    issued: int
    valid_until: int
    fast_track: bool = False

    def is_for(self, service: str) -> bool:
        """Whether the service with this id is meant."""
        return self.service in (service, audience(service))


class Reading(msgspec.Struct, frozen=True):
    """A text taken apart: what it claims and which key it names. Nothing of it is verified."""

    token: Token
    kid: bytes
    message: bytes


def new_id(random: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """Twelve random bytes for a new slip, drawn again where the code would spell a coarse word."""
    while True:
        drawn = random(ID_BYTES)
        if code.is_seemly(code.code_of(drawn)):
            return drawn


def audience(service: str) -> str:
    """What claim 3 says for a service id: the id itself, or 12 characters that stand for it.

    Ids of more than 12 bytes would push the QR code past version 8, so a long one travels as
    `~` and the first 8 bytes of its SHA-256 in base64url.
    """
    if len(service.encode()) <= _AUD_BYTES and not service.startswith("~"):
        return service
    return "~" + _unpadded(hashlib.sha256(service.encode()).digest()[:8])


def issue(token: Token, signing_seed: bytes, kid: bytes) -> str:
    """Sign a token with a slip key and return the text for its QR code, at most 220 characters.

    `signing_seed` is the 32-byte Ed25519 seed of the team's slip key and `kid` its 4-byte id.
    Raises `DoesNotFit` where a value has no place in a token.
    """
    if len(kid) != KID_BYTES or not _plausible(token):
        raise DoesNotFit(
            "This slip can't be made: a value of it has no place in a slip. Nothing was given out; "
            "take another session or an earlier last day, and make it again."
        )
    payload = cbor2.dumps(
        {
            _ISS: _unpadded(token.issuer),
            _AUD: audience(token.service),
            _EXP: token.valid_until,
            _IAT: token.issued,
            _CTI: token.id,
            _VISIT: [token.session, token.fast_track],
        },
        canonical=True,
    )
    private = Ed25519PrivateKey.from_private_bytes(signing_seed)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = COSEKey.new({1: 1, -1: 6, 3: -8, 2: kid, -2: public, -4: signing_seed})
    signed = COSE.new(deterministic_header=True).encode_and_sign(
        payload, key, protected={1: -8}, unprotected={4: kid}
    )
    text: str = PREFIX + base45.b45encode(cast(bytes, signed)).decode("ascii")
    if len(text) > LONGEST:
        raise DoesNotFit(
            f"This slip can't be made: its text has {len(text)} characters and {LONGEST} fit. "
            "Nothing was given out; the coordinator can give the service a shorter id."
        )
    return text


def read(text: str) -> Reading:
    """Take the text of a QR code apart, without believing it.

    Forgives what scanners and text fields do: line ends, spaces around it, small letters. Raises `NotASlip`
    for anything that is not ours and `DamagedSlip` for a slip that can't be read in full.
    """
    text = text.strip(" \r\n\t\0").upper()  # a space is a digit of Base45, though never the last
    found = _OURS.match(text)
    if not found or len(text) - found.end() < _SHORTEST_BODY or len(text) > _LONGEST_TEXT:
        raise NotASlip("This is not one of our slips.")
    if found[0] != PREFIX:
        raise DamagedSlip("This slip was made by a newer version of the app than this device has.")
    reading = _parse(text[found.end() :])
    if reading is None:
        raise DamagedSlip("Part of this slip could not be read.")
    return reading


def verify(reading: Reading, public_key: bytes) -> None:
    """Raise `NotSigned` unless the Ed25519 key (32 raw bytes) signed what the text says."""
    try:
        key = COSEKey.new({1: 1, -1: 6, 3: -8, 2: reading.kid, -2: public_key})
        COSE.new().decode(reading.message, key)
    except Exception as error:  # the library raises many kinds; each of them means: not signed
        raise NotSigned("What this slip says was not signed by the team that it names.") from error


def _parse(body: str) -> Reading | None:
    try:
        message = base45.b45decode(body)
        outer = cbor2.loads(message)
        protected, header, payload, signature = outer.value
        claims = cbor2.loads(payload)
        sound = (
            outer.tag == _SIGN1
            and protected == _PROTECTED
            and type(header) is dict
            and set(header) == {4}
            and type(header[4]) is bytes
            and len(header[4]) == KID_BYTES
            and len(signature) == 64
            and type(claims) is dict
            and set(claims) == _CLAIMS
            # One text for one token: nothing after it, no second spelling of it.
            and cbor2.dumps(outer, canonical=True) == message
            and cbor2.dumps(claims, canonical=True) == payload
        )
        if not sound:
            return None
        session, fast_track = claims[_VISIT]
        token = Token(
            issuer=_padded(claims[_ISS]),
            service=claims[_AUD],
            session=session,
            id=claims[_CTI],
            issued=claims[_IAT],
            valid_until=claims[_EXP],
            fast_track=fast_track,
        )
    except Exception:  # foreign bytes make the parsers raise nearly anything
        return None
    return Reading(token, header[4], message) if _plausible(token) else None


def _plausible(token: Any) -> bool:
    """Types and sizes, strictly: True is not a number here, and no field is longer than we write it."""
    return (
        type(token.issuer) is bytes
        and len(token.issuer) == TEAM_BYTES
        and type(token.service) is str
        and bool(token.service)
        and type(token.session) is int
        and 0 <= token.session <= 255
        and type(token.id) is bytes
        and len(token.id) == ID_BYTES
        and type(token.issued) is int
        and type(token.valid_until) is int
        and 0 <= token.issued <= token.valid_until < 2**32
        and type(token.fast_track) is bool
    )


def _unpadded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _padded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
