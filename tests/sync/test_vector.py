"""The vector of PROTOCOL.md, opened by code that was written from its words alone.

Nothing of `sync` opens it here: HPKE is put together from RFC 9180's steps, CBOR is read by
cbor2, and the rest is hashlib, zlib and AES-GCM. Then our own code opens it as well.
"""

import hashlib
import hmac
import re
import zlib
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync.envelope import Envelope, open_envelope, verify
from sync.keyring import Keyring
from sync.team import TeamLog

PAGE = (Path(__file__).parents[2] / "sync" / "PROTOCOL.md").read_text("utf-8")
KEYS = {"team": b"\x03" * 32, "desk:northgate": b"\x04" * 32}


def printed(name: str) -> bytes:
    found = re.search(rf"```vector {name}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return bytes.fromhex("".join(found[1].split()))


def ctx(what: str) -> bytes:
    return b"outreach/" + what.encode() + b"/1\0"


def hpke_open(wrap: bytes, private: bytes, info: bytes) -> bytes:
    """RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM."""
    kem_suite, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x01"

    def extract(salt: bytes, suite_id: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite_id + label + ikm, "sha256")

    def expand(prk: bytes, suite_id: bytes, label: bytes, more: bytes, length: int) -> bytes:
        whole = length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label + more
        return hmac.digest(prk, whole + b"\x01", "sha256")[:length]

    key = X25519PrivateKey.from_private_bytes(private)
    enc, ciphertext = wrap[:32], wrap[32:]
    shared = key.exchange(X25519PublicKey.from_public_bytes(enc))
    eae = extract(b"", kem_suite, b"eae_prk", shared)
    secret = expand(eae, kem_suite, b"shared_secret", enc + key.public_key().public_bytes_raw(), 32)
    context = b"\x00" + extract(b"", suite, b"psk_id_hash", b"") + extract(b"", suite, b"info_hash", info)
    prk = extract(secret, suite, b"secret", b"")
    return AESGCM(expand(prk, suite, b"key", context, 16)).decrypt(
        expand(prk, suite, b"base_nonce", context, 12), ciphertext, b""
    )


def test_opened_from_the_words_alone() -> None:
    header, body, signature = cbor2.loads(printed("envelope"))
    version, team, sender, number, previous, dictionary, audiences = cbor2.loads(header)
    assert (version, number, previous, dictionary) == (1, 1, bytes(32), 1)
    assert [audience for audience, _ in audiences] == ["desk:northgate", "team"]

    # the log: root key, team id, and the sender's certificate signed by the root
    log_version, root, statements = cbor2.loads(printed("log"))
    assert (log_version, root) == (1, printed("root"))
    assert team == hashlib.sha256(root).digest()[:8]
    certified = {}
    for payload, by in statements:
        Ed25519PublicKey.from_public_bytes(root).verify(by, ctx("statement") + payload)
        fields = cbor2.loads(payload)
        if fields[1] == "certificate":
            certified[fields[5]] = fields[10]
    body_hash = hashlib.sha256(body).digest()
    Ed25519PublicKey.from_public_bytes(certified[sender]).verify(
        signature, ctx("envelope") + header + body_hash
    )
    assert hashlib.sha256(ctx("chain") + header + body_hash).digest() == printed("chain")

    words = (Path(__file__).parents[2] / "sync" / "dictionary.bin").read_bytes()
    assert hashlib.sha256(words).hexdigest() in PAGE
    for place, (audience, _) in enumerate(audiences):
        key = hpke_open(body[80 * place : 80 * place + 80], KEYS[audience], ctx("wrap") + header)
        padded = AESGCM(key).decrypt(bytes(12), body[80 * len(audiences) :], header)
        assert len(padded) == 128
        machine = zlib.decompressobj(-15, words)
        assert machine.decompress(padded) == printed("record")
        assert machine.eof
        assert not machine.unused_data.strip(b"\0")


def test_our_own_code_opens_it() -> None:
    log = TeamLog.from_bytes(printed("log"))
    log.verify(printed("root"))
    envelope = Envelope.from_bytes(printed("envelope"))
    assert verify(envelope, log).role == "worker"
    assert envelope.chain_hash == printed("chain")
    for place in envelope.sealed_to:
        assert open_envelope(envelope, Keyring({place: KEYS[place[0]]})) == printed("record")
