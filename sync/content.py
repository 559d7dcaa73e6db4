"""A record's bytes between plain and sealed: compressed, then padded to a size class.

Compression is raw deflate with a pinned dictionary (`dictionary.bin`: field names and words
that records are full of), because a contact alone is too short to compress. The padding hides
how long a note is; what the hub sees is one of a few sizes.
"""

import functools
import hashlib
import zlib
from pathlib import Path

from sync.errors import BadEnvelope

BODY_LIMIT = 256 * 1024
"""Bytes of the longest record that is sealed, and the most that is unpacked of any."""
CLASSES = (128, 192, 256, 320, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
"""Sizes in bytes to which short records are padded; longer ones to a multiple of the last."""
SIZE_LIMIT = BODY_LIMIT + 4096
"""Bytes of the largest size class."""

DICTIONARY = 1
"""The dictionary that is sealed with."""
_PINNED = {1: ("dictionary.bin", "cf89ea842880ac441733de424107c09687973f324730e23d24d3d7c9f74d1af2")}


def size_class(length: int) -> int:
    """The size in bytes to which `length` bytes are padded."""
    for size in CLASSES:
        if length <= size:
            return size
    return -(-length // CLASSES[-1]) * CLASSES[-1]


def pack(body: bytes, dictionary: int = DICTIONARY) -> bytes:
    """`body` compressed and padded with zeros.

    Raises:
        BadEnvelope: longer than BODY_LIMIT.
    """
    if len(body) > BODY_LIMIT:
        raise BadEnvelope(
            f"This record is larger than {BODY_LIMIT // 1024} KiB and can't travel. It stays on this device."
        )
    machine = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _words(dictionary))
    packed = machine.compress(body) + machine.flush()
    return packed.ljust(size_class(len(packed)), b"\0")


def unpack(padded: bytes, dictionary: int) -> bytes:
    """The body of `pack`. Nothing beyond BODY_LIMIT is ever unpacked.

    Raises:
        BadEnvelope: not what `pack` makes, or a dictionary that this version doesn't have.
    """
    machine = zlib.decompressobj(-15, _words(dictionary))
    try:
        body = machine.decompress(padded, BODY_LIMIT + 1)
    except zlib.error:
        raise BadEnvelope(_UNREADABLE) from None
    if (
        len(body) > BODY_LIMIT
        or not machine.eof
        or machine.unconsumed_tail
        or machine.unused_data.strip(b"\0")
    ):
        raise BadEnvelope(_UNREADABLE)
    return body


_UNREADABLE = "A record was sealed in a way that can't be unpacked. It is set aside; nothing else is touched."


@functools.cache
def _words(dictionary: int) -> bytes:
    if dictionary == 0:
        return b""
    if dictionary not in _PINNED:
        raise BadEnvelope(
            "A record was sealed by a newer version of Outreach. It is kept; after an update it can be read."
        )
    name, digest = _PINNED[dictionary]
    data = (Path(__file__).parent / name).read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise BadEnvelope(
            "A file of this installation was changed (sync/dictionary.bin). Install Outreach again."
        )
    return data
