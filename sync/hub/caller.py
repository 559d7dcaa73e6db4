"""Who is asking: a short token, signed with a key that the team's log certifies.

The token is a JWT (EdDSA) in `Authorization: Bearer`. Its claims: `iss` (the sender id, hex), `team` (hex),
`iat` and `exp` in seconds of **hub** time, which a device with a wrong clock learns from the header
`Outreach-Hub-Time` of any answer, a 401 included. Pushing twice is harmless, so a token is not single-use;
its short life is what bounds a stolen one.

An installation's certificate opens and reads nothing by itself: it asks on behalf of the member whom it
names, and is given what that member's own certificates, in date, may read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from sync.hub.limits import TOKEN_CHARACTERS
from sync.hub.problems import forbidden, unauthorised
from sync.log import TeamLog
from sync.statements import ID, Certificate

LIFE_SECONDS = 15 * 60
"""The longest that a token may say it lives."""
LEEWAY_SECONDS = 60
"""How far the device's idea of hub time may be off."""
_OPTIONS: Any = {"verify_signature": False}
_ONLY_SIGNATURE: Any = {
    "verify_signature": True,
    **dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf", "verify_aud", "verify_iss"), False),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """A certified sender, and the audiences that the hub may serve to it."""

    certificate: Certificate
    audiences: frozenset[str]

    @property
    def member(self) -> bytes:
        """The member on whose behalf it asks."""
        return self.certificate.member


def identify(authorization: str | None, log: TeamLog, now: int) -> Caller:
    """The caller behind an `Authorization` header at hub time `now` (ms). Raises `Problem` (401, 403)."""
    token = _token(authorization)
    try:
        claims: Mapping[str, Any] = jwt.decode(token, options=_OPTIONS)
    except jwt.PyJWTError:
        raise unauthorised("The hub can't read this device's token. Nothing was stored.") from None
    if claims.get("team") != log.team.hex():
        raise unauthorised("This device's token is for another team. Nothing was stored.", "wrong-team")
    certificate = _certificate(claims.get("iss"), log)
    key = log.signing_key(certificate.sender)
    assert key is not None
    try:
        jwt.decode(token, key, algorithms=["EdDSA"], options=_ONLY_SIGNATURE)
    except jwt.PyJWTError:
        raise unauthorised(
            "This device's token is not signed with its own key. Nothing was stored."
        ) from None
    _check_times(claims, now)
    if not certificate.valid_at(now):
        raise forbidden(
            "This device's certificate is out of date. Its records are safe where they are; a coordinator of "
            "the team can renew it.",
            "certificate-ended",
        )
    mine = (c for c in log.certificates() if c.member == certificate.member and c.valid_at(now))
    return Caller(certificate, frozenset(name for c in mine for name in c.audiences))


def _token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorised("This request came without a token. Nothing was stored.")
    if len(token) > TOKEN_CHARACTERS:
        raise unauthorised("The hub can't read this device's token. Nothing was stored.")
    return token.strip()


def _certificate(issuer: object, log: TeamLog) -> Certificate:
    if isinstance(issuer, str) and len(issuer) == 2 * ID and issuer.isascii():
        try:
            certificate = log.certificate(bytes.fromhex(issuer))
        except ValueError:
            certificate = None
        if certificate is not None:
            return certificate
    raise unauthorised(
        "The team's log at this hub does not know this device. Its records are safe where they are; it sends "
        "the team's newest log and then them.",
        "device-not-known",
    )


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    issued, expires = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    if issued is None or expires is None or not 0 < expires - issued <= LIFE_SECONDS:
        raise unauthorised("This device's token does not say for how long it counts. Nothing was stored.")
    second = now / 1000
    if not issued - LEEWAY_SECONDS <= second < expires + LEEWAY_SECONDS:
        raise unauthorised(
            "The clocks of this device and of the hub are apart. Nothing was stored; the device asks again "
            "with the hub's time.",
            "token-time",
        )


def _seconds(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**40 else None
