"""Files and frames: how bytes are sealed. FORMAT.md draws the same thing.

A file begins with 80 bytes in the clear, and they give it its key: HKDF-SHA256 of the data key with
32 random bytes of them as salt and all of them as info. So a changed head is another key, and a
frame number that comes again in another file never meets the same key.

A frame is a 32-byte head, the sealed body and its tag. It begins at a multiple of 512 bytes and is
a multiple of 512 bytes long, so that no two frames share a disk sector: writing one never touches
another that already counts. AES-256-GCM throughout; the frame's number is the nonce.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC: Final = b"OUTVLT01"
SNAPSHOT: Final = 1
JOURNAL: Final = 2
SUFFIXES: Final = {SNAPSHOT: ".snapshot", JOURNAL: ".journal"}

SECTOR: Final = 512
"""The piece, in bytes, that a disk writes whole or not at all."""
FILE_HEAD: Final = SECTOR
FRAME_HEAD: Final = 32
TAG: Final = 16
SALT: Final = 32
KEY: Final = 32
LONGEST: Final = 1 << 28
"""The longest body of a frame, in bytes (256 MiB)."""
NO_TAG: Final = bytes(TAG)
"""What stands for the previous tag where a chain begins."""

_FILE = struct.Struct(">8sIIQQ32s16s")
_FRAME = struct.Struct(">QII")
_NONCE = struct.Struct(">QI")
_BODY, _HEAD, _FILE_HEAD = 0, 1, 2  # the nonce's second half keeps what is sealed apart
_INFO = b"outreach vault file key 1"


class DataKey:
    """The 32 bytes that everything in one vault is sealed under. Never shows them."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if not isinstance(secret, bytes) or len(secret) != KEY:
            raise ValueError(f"a data key is {KEY} bytes")
        self._secret = secret

    @property
    def number(self) -> int:
        """What the heads of new files say they are under; a key of a ring has another (`keyring.py`)."""
        return 0

    def __repr__(self) -> str:
        return "<DataKey>"

    def __reduce__(self) -> str:
        raise TypeError("a data key is not pickled")

    def file_key(self, head: bytes) -> bytes:
        """The key of the file that begins with the bytes ``head``: `FileHead.pack`'s, or more."""
        clear = head[: _FILE.size]
        return HKDF(hashes.SHA256(), KEY, _FILE.unpack(clear)[5], _INFO + clear).derive(self._secret)


@dataclass(frozen=True, slots=True)
class FileHead:
    """The clear beginning of a file."""

    kind: int
    """`SNAPSHOT` or `JOURNAL`."""
    number: int
    """The file's number, also in its name."""
    first: int
    """The number of its first frame."""
    salt: bytes
    key: int = 0
    """The number of the data key that it is under: see `keyring.py`."""
    previous: bytes = NO_TAG
    """The tag of the frame before its first one; zeros in a snapshot."""

    def pack(self) -> bytes:
        """The 80 clear bytes."""
        return _FILE.pack(MAGIC, self.kind, self.key, self.number, self.first, self.salt, self.previous)

    @classmethod
    def unpack(cls, data: bytes) -> FileHead | None:
        """Read what a file begins with; None when that is not the head of a vault's file."""
        if len(data) < _FILE.size:
            return None
        magic, kind, key, number, first, salt, previous = _FILE.unpack_from(data)
        if magic != MAGIC or kind not in SUFFIXES or not number or not first:
            return None
        return cls(kind, number, first, salt, key, previous)


def name_of(kind: int, number: int) -> str:
    """The file name, such as ``00000007.journal``."""
    return f"{number:08d}{SUFFIXES[kind]}"


def frame_size(length: int) -> int:
    """How many bytes of the file a frame takes whose body is ``length`` bytes long."""
    return -(-(FRAME_HEAD + length + TAG) // SECTOR) * SECTOR


class Segment:
    """Seals and opens the frames of one file."""

    __slots__ = ("_cipher", "_clear")

    def __init__(self, key: DataKey, head: bytes) -> None:
        """``head`` is what `FileHead.pack` gave, or the beginning of the file that it stands in."""
        self._clear = head[: _FILE.size]
        self._cipher = AESGCM(key.file_key(head))

    def __repr__(self) -> str:
        return "<Segment>"

    def head(self) -> bytes:
        """The file's first 512 bytes: what is clear, sealed against change, and zeros."""
        tag = self._cipher.encrypt(_NONCE.pack(0, _FILE_HEAD), b"", self._clear)
        return (self._clear + tag).ljust(FILE_HEAD, b"\0")

    def is_head(self, data: bytes) -> bool:
        """Are these 512 bytes the file's head, unchanged, under this very key?"""
        return secrets.compare_digest(data, self.head())

    def seal(self, number: int, body: bytes, previous: bytes) -> bytes:
        """The frame's bytes. Its tag, the last 16 of them, is the next one's ``previous``."""
        length = len(body)
        seal, plain = self._cipher.encrypt, _FRAME.pack(number, length, 0)
        head = plain + seal(_NONCE.pack(number, _HEAD), b"", plain)
        padded = body.ljust(-(-(length + FRAME_HEAD + TAG) // SECTOR) * SECTOR - FRAME_HEAD - TAG, b"\0")
        return head + seal(_NONCE.pack(number, _BODY), padded, head + previous)

    def open(self, data: memoryview, start: int, number: int, previous: bytes) -> tuple[bytes, int] | None:
        """The body of the frame at ``start`` and where it ends; None unless every byte of it is right."""
        if start + FRAME_HEAD > len(data):
            return None
        found, length, reserved = _FRAME.unpack_from(data, start)
        end: int = start + frame_size(length)
        if found != number or reserved or length > LONGEST or end > len(data):
            return None
        sealed = start + FRAME_HEAD
        head = bytes(data[start:sealed])
        try:
            padded = self._cipher.decrypt(_NONCE.pack(number, _BODY), data[sealed:end], head + previous)
        except InvalidTag:
            return None
        return padded[:length], end

    def read_head(self, head: bytes) -> tuple[int, int] | None:
        """Number and body length that a frame's 32-byte head tells; None when it is not a true head."""
        if len(head) != FRAME_HEAD:
            return None
        number, length, reserved = _FRAME.unpack_from(head)
        if not number or reserved or length > LONGEST:
            return None
        plain, tag = head[: _FRAME.size], head[_FRAME.size :]
        try:
            self._cipher.decrypt(_NONCE.pack(number, _HEAD), tag, plain)
        except InvalidTag:
            return None
        return number, length
