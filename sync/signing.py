"""Ed25519 signatures, each bound to what is signed.

A signature is over `b"outreach/<what>/1" + NUL + bytes`, so that one made for an envelope can
never pass for one on a receipt or a certificate.
"""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE = 64
"""Bytes of a signature."""

PUBLIC = 32
"""Bytes of a public key, Ed25519 or X25519."""


def context(what: str) -> bytes:
    """The bytes that go before what is signed, hashed or wrapped for the purpose `what`."""
    return b"outreach/" + what.encode("ascii") + b"/1\0"


def sign(key: Ed25519PrivateKey, what: str, data: bytes) -> bytes:
    """The 64-byte signature of `data` for the purpose `what`."""
    return key.sign(context(what) + data)


def signed_by(key: Ed25519PublicKey | bytes, what: str, data: bytes, signature: bytes) -> bool:
    """Whether `key` (or its 32 raw bytes) signed `data` for the purpose `what`."""
    try:
        public = Ed25519PublicKey.from_public_bytes(key) if isinstance(key, bytes) else key
        public.verify(signature, context(what) + data)
    except (InvalidSignature, ValueError):
        return False
    return True


def team_id(root_public: bytes) -> bytes:
    """The id of the team with this root key: the first 8 bytes of its SHA-256."""
    return hashlib.sha256(root_public).digest()[:8]
