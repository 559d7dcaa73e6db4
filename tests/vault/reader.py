"""A second reader of the vault: written from FORMAT.md alone, with nothing of ours, to check the document.

`open_vault(folder, passphrase)` and `open_folder(folder, {number: data key})` give tables of documents by
id. It reads what a closed vault or one that a crash left holds, and knows what is torn and what is not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from pathlib import Path
from typing import Any

import msgpack
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Tables = dict[str, dict[int, dict[str, Any]]]
Change = list[Any]


class Damaged(Exception):
    pass


def open_vault(folder: Path, passphrase: str) -> Tables:
    first, fields, last, nothing = (folder / "vault.header").read_bytes().split(b"\n")
    total = hashlib.sha256(first + b"\n" + fields + b"\n").hexdigest()
    if first != b"outreach-vault 1" or last != f"sha256 {total}".encode() or nothing:
        raise Damaged("header")
    header = json.loads(fields)
    for slot in header["slots"]:
        if slot["kind"] == "passphrase" and (lock_key := open_slot(slot, header["vault"], passphrase)):
            return open_folder(folder, open_ring(header, lock_key))
    raise Damaged("no slot opens")


def canonical(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def open_slot(slot: dict[str, Any], vault: str, passphrase: str) -> bytes | None:
    key = hash_secret_raw(
        " ".join(passphrase.split()).encode(), bytes.fromhex(slot["salt"]),
        slot["passes"], slot["memory_kib"], slot["lanes"], 32, Type.ID, 0x13,
    )  # fmt: skip
    bound = canonical({**slot, "wrapped": "", "vault": vault})
    try:
        return AESGCM(key).decrypt(bytes.fromhex(slot["nonce"]), bytes.fromhex(slot["wrapped"]), bound)
    except InvalidTag:
        return None


def open_ring(header: dict[str, Any], lock_key: bytes) -> dict[int, bytes]:
    sealed, nonce = bytes.fromhex(header["keys"]), bytes.fromhex(header["nonce"])
    ring = AESGCM(lock_key).decrypt(nonce, sealed, canonical({**header, "keys": ""}))
    return dict(struct.iter_unpack(">I32s", ring))


def open_folder(folder: Path, keys: dict[int, bytes]) -> Tables:
    found: dict[tuple[int, str], Path] = {
        (int(file.stem), file.suffix): file
        for file in folder.iterdir()
        if file.suffix in (".snapshot", ".journal")
    }
    begin = max(number for number, suffix in found if suffix == ".snapshot")
    tables: Tables = {}
    frame, tag = read_snapshot(found[begin, ".snapshot"].read_bytes(), begin, keys, tables)
    before, held = b"", None  # the tag before the last frame, and its changes, which may be withdrawn
    for number in sorted(n for n, suffix in found if suffix == ".journal" and n >= begin):
        data = found[number, ".journal"].read_bytes()
        gcm, first, previous = read_head(data, 2, number, keys)
        if held is not None and (first, previous) == (frame, before):
            frame, tag, held = frame - 1, before, None
        elif (first, previous) != (frame + 1, tag):
            raise Damaged(f"journal {number} goes on from elsewhere")
        at = 512
        while opened := read_frame(gcm, data, at, frame + 1, tag):
            make(tables, held or [])
            (_, held), at = opened
            frame, before, tag = frame + 1, tag, data[at - 16 : at]
        if not torn(gcm, data[at:], frame + 1):
            raise Damaged(f"journal {number} at byte {at}")
    make(tables, held or [])
    return tables


def read_head(data: bytes, kind: int, number: int, keys: dict[int, bytes]) -> tuple[AESGCM, int, bytes]:
    if len(data) < 512:
        raise Damaged("head")
    magic, found_kind, key, found_number, first, salt, previous = struct.unpack(">8sIIQQ32s16s", data[:80])
    if (
        (magic, found_kind, found_number) != (b"OUTVLT01", kind, number)
        or any(data[96:512])
        or key not in keys
    ):
        raise Damaged("head")
    gcm = AESGCM(file_key(keys[key], salt, data[:80]))
    if gcm.encrypt(struct.pack(">QI", 0, 2), b"", data[:80]) != data[80:96]:
        raise Damaged("head tag")
    return gcm, first, previous


def file_key(data_key: bytes, salt: bytes, clear: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869), by hand."""
    extracted = hmac.digest(salt, data_key, "sha256")
    return hmac.digest(extracted, b"outreach vault file key 1" + clear + b"\1", "sha256")


def read_frame(gcm: AESGCM, data: bytes, at: int, number: int, previous: bytes) -> tuple[Any, int] | None:
    """The body and where the frame ends; None unless it is whole and belongs here."""
    if at + 512 > len(data):
        return None
    found, length, zero = struct.unpack(">QII", data[at : at + 16])
    end = at + -(-(32 + length + 16) // 512) * 512
    if found != number or zero or end > len(data) or length > 1 << 28:
        return None
    nonce, bound = struct.pack(">QI", number, 0), data[at : at + 32] + previous
    try:
        padded = gcm.decrypt(nonce, data[at + 32 : end], bound)
    except InvalidTag:
        return None
    if any(padded[length:]):
        raise Damaged("padding")
    return msgpack.unpackb(padded[:length], strict_map_key=False), end


def torn(gcm: AESGCM, rest: bytes, number: int) -> bool:
    """Is what stands behind the last good frame an end that a dying device leaves?"""
    used = len(rest.rstrip(b"\0"))
    if used < 32 or len(rest) < 512:
        return True
    head = head_of(gcm, rest)
    if head is None:
        later = (head_of(gcm, rest[at:]) for at in range(512, len(rest) - 31, 512))
        return not any(rest[:512]) and not any(one and one[0] > number for one in later)
    end = -(-(32 + head[1] + 16) // 512) * 512
    if head[0] != number:
        return False
    if end > len(rest):
        return True
    pieces = [rest[32:512], *(rest[at : at + 512] for at in range(512, end, 512)), rest[end - 16 : end]]
    return used <= end and not all(any(piece) for piece in pieces)


def head_of(gcm: AESGCM, data: bytes) -> tuple[int, int] | None:
    number, length, zero = struct.unpack(">QII", data[:16])
    if gcm.encrypt(struct.pack(">QI", number, 1), b"", data[:16]) != data[16:32] or zero or not number:
        return None
    return number, length


def read_snapshot(data: bytes, number: int, keys: dict[int, bytes], tables: Tables) -> tuple[int, bytes]:
    gcm, first, previous = read_head(data, 1, number, keys)
    at, frame, tag, last = 512, 0, bytes(16), None
    while opened := read_frame(gcm, data, at, frame + 1, tag):
        (_, changes), at = opened
        make(tables, changes)
        frame, tag, last = frame + 1, data[at - 16 : at], changes[-1]
    if not last or last[0] != 5 or at != len(data) or (first, previous) != (1, bytes(16)):
        raise Damaged("the snapshot breaks off")
    if last[1] != sum(map(len, tables.values())):
        raise Damaged("the snapshot's count")
    return last[2], last[3]


def make(tables: Tables, changes: list[Change]) -> None:
    for change in changes:
        match change:
            case [1, table, documents]:
                put = {i: msgpack.unpackb(packed, timestamp=3) for i, packed in documents.items()}
                tables.setdefault(table, {}).update(put)
            case [2, table, ids]:
                for doc_id in ids:
                    del tables[table][doc_id]
            case [3, table]:
                tables[table] = {}
            case [4, table]:
                tables.pop(table, None)
            case [5, _, _, _]:
                pass
            case _:
                raise Damaged("an unknown change")
