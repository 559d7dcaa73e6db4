"""A second reader, written from FORMAT.md with nothing of ours, and known answers for the frames."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgpack
import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tinydb import where

from outreach.vault import JournalDB, Kdf, Vault
from outreach.vault.frames import JOURNAL, NO_TAG, DataKey, FileHead, Segment

SMALL = Kdf(memory_kib=8, passes=1, lanes=1)


def file_key(data_key: bytes, head: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869), by hand."""
    extracted = hmac.digest(head[32:64], data_key, "sha256")
    return hmac.digest(extracted, b"outreach vault file key 1" + head + b"\1", "sha256")


def read_vault(folder: Path, data_key: bytes) -> dict[str, dict[int, dict[str, Any]]]:
    """Read a vault that was closed well."""
    numbers = {int(file.stem): file for file in folder.iterdir() if file.suffix in (".snapshot", ".journal")}
    begin = max(number for number, file in numbers.items() if file.suffix == ".snapshot")
    tables: dict[str, dict[int, dict[str, Any]]] = {}
    tag, frame = bytes(16), None
    for number in range(begin, max(numbers) + 1):
        data = numbers[number].read_bytes()
        magic, kind, zero, own_number, first = struct.unpack(">8sIIQQ", data[:32])
        assert (magic, kind, zero, own_number) == (b"OUTVLT01", 1 if number == begin else 2, 0, number)
        assert frame in (None, first)
        frame = first
        gcm = AESGCM(file_key(data_key, data[:64]))
        at = 64
        while at < len(data):
            found, length, zero = struct.unpack(">QII", data[at : at + 16])
            assert (found, zero) == (frame, 0)
            gcm.decrypt(struct.pack(">QI", frame, 1), data[at + 16 : at + 32], data[at : at + 16])
            end = at + (32 + length + 16 + 31) // 32 * 32
            body = gcm.decrypt(struct.pack(">QI", frame, 0), data[at + 32 : end], data[at : at + 32] + tag)
            assert not any(body[length:])
            written, changes = msgpack.unpackb(body[:length], strict_map_key=False)
            assert abs(written / 1000 - datetime.now(UTC).timestamp()) < 600
            for change in changes:
                match change:
                    case [1, table, documents]:
                        tables.setdefault(table, {}).update(
                            {i: msgpack.unpackb(packed, timestamp=3) for i, packed in documents.items()}
                        )
                    case [2, table, ids]:
                        for doc_id in ids:
                            del tables[table][doc_id]
                    case [3, table]:
                        tables[table] = {}
                    case [4, table]:
                        del tables[table]
                    case [5, count]:
                        assert kind == 1
                        assert count == sum(map(len, tables.values()))
                    case _:
                        pytest.fail("an unknown change")
            tag, at, frame = data[end - 16 : end], end, frame + 1
    return tables


def unlock(folder: Path, passphrase: str) -> bytes:
    first, fields, last, nothing = (folder / "vault.header").read_bytes().split(b"\n")
    assert first == b"outreach-vault 1"
    assert last.decode() == "sha256 " + hashlib.sha256(first + b"\n" + fields + b"\n").hexdigest()
    assert nothing == b""
    header = json.loads(fields)
    (slot,) = header["slots"]
    key = hash_secret_raw(
        passphrase.encode(), bytes.fromhex(slot["salt"]), slot["passes"], slot["memory_kib"], slot["lanes"],
        32, Type.ID, 19,
    )  # fmt: skip
    bound = json.dumps(
        {**slot, "wrapped": "", "vault": header["vault"]}, sort_keys=True, separators=(",", ":")
    )
    return AESGCM(key).decrypt(bytes.fromhex(slot["nonce"]), bytes.fromhex(slot["wrapped"]), bound.encode())


def test_a_second_reader_reads_the_same(folder: Path) -> None:
    at = datetime(2026, 5, 1, 21, 15, tzinfo=UTC)
    with Vault.create(folder, "one two", kdf=SMALL) as vault:
        vault.db.insert_multiple({"n": n, "raw": bytes([n % 256]), "at": at} for n in range(300))
        vault.db.table("gone").insert({})
        vault.db.table("emptied").insert({})
        vault.db.table("emptied").truncate()
    for n in range(4):
        with Vault.open(folder, "one two", kdf_floor=SMALL) as vault:
            vault.db.update({"text": "ø" * n}, where("n") == n)
            vault.db.remove(where("n") == 100 + n)
            if n == 1:
                vault.db.compact()
                vault.db.drop_table("gone")
            expected = {name: {d.doc_id: dict(d) for d in vault.db.table(name)} for name in vault.db.tables()}
        assert read_vault(folder, unlock(folder, "one two")) == expected
    assert "gone" not in expected
    assert expected["emptied"] == {}


def test_known_answer_for_header_and_frame() -> None:
    head = FileHead(JOURNAL, 2, 3, bytes(range(32))).pack()
    assert head.hex() == (
        "4f5554564c543031" "00000002" "00000000" "0000000000000002" "0000000000000003"
        + bytes(range(32)).hex()
    )  # fmt: skip
    data_key = bytes(range(100, 132))
    assert DataKey(data_key).file_key(head) == file_key(data_key, head)
    assert DataKey(data_key).file_key(head).hex() == KNOWN_KEY
    frame = Segment(DataKey(data_key), head).seal(3, b"a body of twenty-one.", NO_TAG)
    assert frame.hex() == KNOWN_FRAME
    opened = Segment(DataKey(data_key), head).open(memoryview(head + frame), 64, 3, NO_TAG)
    assert opened == (b"a body of twenty-one.", 64 + len(frame))


KNOWN_KEY = "7a7ff6002d599159fd0834a129dd1c5d5160e2e40e35dc96134658f6854d132f"
KNOWN_FRAME = (
    "00000000000000030000001500000000edc7136ca6b30e397b5c5881b9f428be"
    "ef9234d439fb363cfcbcbc2733c5a410e1f21ed6ba17fcc3000d75f4889f75e6"
    "25ea2b2e7fe76f5afae2ddfd525b0ef31167553721c91d67ee03cddcdf714a71"
)


def test_each_opening_has_a_key_of_its_own(folder: Path, key: bytes) -> None:
    heads = []
    for n in range(3):
        with JournalDB(folder, key) as db:
            db.insert({"n": n})
    for file in folder.iterdir():
        if file.name != "lock":
            heads.append(file.read_bytes()[:64])
    assert len({file_key(key, head) for head in heads}) == 4
    assert len({head[32:] for head in heads}) == 4


def test_a_frame_opens_in_its_own_place_only() -> None:
    head = FileHead(JOURNAL, 2, 3, bytes(32)).pack()
    segment = Segment(DataKey(bytes(32)), head)
    frame = memoryview(segment.seal(3, b"body", b"p" * 16))
    assert segment.open(frame, 0, 3, b"p" * 16)
    assert segment.open(frame, 0, 4, b"p" * 16) is None
    assert segment.open(frame, 0, 3, b"q" * 16) is None
    other = FileHead(JOURNAL, 3, 3, bytes(32)).pack()
    assert Segment(DataKey(bytes(32)), other).open(frame, 0, 3, b"p" * 16) is None
    assert Segment(DataKey(b"k" * 32), head).open(frame, 0, 3, b"p" * 16) is None
