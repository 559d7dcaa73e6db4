"""One record on its way: sealed for audiences, signed by a sender, one link of a chain.

    seal(body, ...)          bytes of a record -> Envelope
    verify(envelope, log)    is it really from that sender, and is the sender one of the team?
    open_envelope(...)       Envelope -> bytes of the record, for those who hold a due key

Verify first, then open: `open_envelope` says that the content was meant for this header, and
only `verify` says who wrote it. Several envelopes of one sender travel as a batch
(`pack_batch`, `unpack_batch`) that says once what they have in common.

What is on the wire, byte by byte: PROTOCOL.md. HPKE is RFC 9180 (X25519, HKDF-SHA256,
AES-128-GCM); the content is AES-256-GCM under a key that is used once.
"""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sync.batch import BATCH_COUNT, BATCH_LIMIT, pack_batch, unpack_batch
from sync.content import DICTIONARY, pack, unpack
from sync.errors import BadEnvelope, NoKey, TeamError, UnknownSender
from sync.keyring import Keyring
from sync.log import TeamLog
from sync.sealed import AUDIENCES, SET_ASIDE, WRAP, ZERO, Envelope, check, follow
from sync.signing import context, sign, signed_by
from sync.statements import Certificate
from sync.team import Sender

__all__ = [
    "BATCH_COUNT",
    "BATCH_LIMIT",
    "ZERO",
    "BadEnvelope",
    "Envelope",
    "NoKey",
    "Sender",
    "UnknownSender",
    "follow",
    "open_envelope",
    "pack_batch",
    "seal",
    "unpack_batch",
    "verify",
]

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_NONCE = bytes(12)  # each content key seals one content, so its one nonce is zero


def seal(
    body: bytes,
    *,
    audiences: Sequence[str],
    log: TeamLog,
    sender: Sender,
    number: int,
    previous: bytes,
) -> Envelope:
    """Seal a record. Needs public keys only, the signing key apart.

    Args:
        body: any bytes, at most `sync.content.BODY_LIMIT`.
        audiences: names of those who may read it, one to eight.
        log: the team's log; its current epochs are sealed to.
        sender: who signs; their certificate is in the log.
        number: 1 for the sender's first envelope, then one more each.
        previous: `chain_hash` of the envelope before, ZERO for the first.

    Raises:
        TeamError: an audience that the team has no key for, or a sender of another team.
        BadEnvelope: the record is too long.
    """
    if sender.certificate.team != log.team or sender.certificate.sender != sender.sender_id:
        raise TeamError("This device's key belongs to another team. The record was not sealed.")
    names = sorted(set(audiences))
    if not 1 <= len(names) <= AUDIENCES:
        raise TeamError(f"A record is sealed to one to {AUDIENCES} audiences. It was not sealed.")
    epochs = [log.current_epoch(name) for name in names]
    known = [epoch for epoch in epochs if epoch is not None]
    if len(known) != len(names):
        raise TeamError("The team has no key for one of those who may read this. The record was not sealed.")
    content = pack(body)
    bare = Envelope(
        log.team,
        sender.sender_id,
        number,
        previous,
        DICTIONARY,
        tuple((epoch.audience, epoch.epoch) for epoch in known),
        b"",
        b"",
    )
    info = context("wrap") + bare.header
    key = secrets.token_bytes(32)
    wraps = [
        _SUITE.encrypt(key, X25519PublicKey.from_public_bytes(epoch.public), info=info) for epoch in known
    ]
    sealed = b"".join(wraps) + AESGCM(key).encrypt(_NONCE, content, bare.header)
    signature = sign(sender.key, "envelope", bare.header + hashlib.sha256(sealed).digest())
    made = Envelope(
        *(
            bare.team,
            bare.sender,
            bare.number,
            bare.previous,
            bare.dictionary,
            bare.sealed_to,
            sealed,
            signature,
        )
    )
    check(made)
    return made


def verify(envelope: Envelope, log: TeamLog, *, at: int | None = None) -> Certificate:
    """The certificate of whoever sealed and signed this.

    Args:
        envelope: as it was received.
        log: the team's log, itself verified under the pinned root key.
        at: milliseconds; where given, the certificate is in date then (the hub: its own time).

    Raises:
        UnknownSender: the log doesn't know the sender or an audience's key; a newer log may.
        BadEnvelope: another team's, a broken signature, out of date.
    """
    if envelope.team != log.team:
        raise BadEnvelope(f"A record of another team came in. {SET_ASIDE}")
    certificate, key = log.certificate(envelope.sender), log.signing_key(envelope.sender)
    if certificate is None or key is None:
        raise UnknownSender(f"A record came in from someone the team's log here doesn't know. {SET_ASIDE}")
    if not signed_by(key, "envelope", envelope.signed_bytes, envelope.signature):
        raise BadEnvelope(
            f"A record that came in was changed on its way, or its signature is broken. {SET_ASIDE}"
        )
    for audience, epoch_id in envelope.sealed_to:
        epoch = log.epoch(epoch_id)
        if epoch is None or epoch.audience != audience:
            raise UnknownSender(
                f"A record came in under a key that the team's log here doesn't know. {SET_ASIDE}"
            )
    if at is not None and not certificate.valid_at(at):
        raise BadEnvelope(
            "A record came in from a device whose certificate is out of date. "
            "It stays on that device until a coordinator renews it."
        )
    return certificate


def open_envelope(envelope: Envelope, keyring: Keyring) -> bytes:
    """The record inside, for whoever holds a key of one of its audiences. `verify` comes first.

    Raises:
        NoKey: it is not sealed to a key in this ring.
        BadEnvelope: it is, and doesn't open: its content was made for another header or changed.
    """
    for place, (audience, epoch) in enumerate(envelope.sealed_to):
        private = keyring.key(audience, epoch)
        if private is None:
            continue
        wrapped = envelope.body[place * WRAP : (place + 1) * WRAP]
        content = envelope.body[len(envelope.sealed_to) * WRAP :]
        try:
            key = _SUITE.decrypt(wrapped, private, info=context("wrap") + envelope.header)
            padded = AESGCM(key).decrypt(_NONCE, content, envelope.header)
        except (InvalidTag, ValueError):
            raise BadEnvelope(f"A record that came in doesn't open with its key. {SET_ASIDE}") from None
        return unpack(padded, envelope.dictionary)
    raise NoKey("This record is not for the roles of this device.")
