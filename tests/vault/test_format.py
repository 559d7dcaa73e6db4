"""The second reader agrees with the vault, and known answers for each primitive as it is used."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tinydb import where

from outreach.vault import JournalDB, Kdf, VaultDamaged
from outreach.vault.frames import JOURNAL, NO_TAG, DataKey, FileHead, Segment
from outreach.vault.passphrase import Passphrase

from . import reader
from .simple import OTHER, WORDS, make, unlock


def told(db: JournalDB) -> reader.Tables:
    return {name: {d.doc_id: dict(d) for d in db.table(name)} for name in db.tables()}


def test_a_second_reader_reads_the_same(folder: Path) -> None:
    at = datetime(2026, 5, 1, 21, 15, tzinfo=UTC)
    with make(folder) as vault:
        vault.db.insert_multiple({"n": n, "raw": bytes([n % 256]), "at": at} for n in range(300))
        vault.db.table("gone").insert({})
        vault.db.table("emptied").insert({})
        vault.db.table("emptied").truncate()
    passphrase = WORDS
    for n in range(5):
        with unlock(folder, passphrase) as vault:
            vault.db.update({"text": "ø" * n}, where("n") == n)
            vault.db.remove(where("n") == 100 + n)
            if n == 1:
                vault.db.compact()
                vault.db.drop_table("gone")
            if n == 2:
                vault.forget()
            if n == 3:
                vault.keys.change_passphrase(passphrase, OTHER, kdf=Kdf(8, 1, 1))
                passphrase = OTHER
            expected = told(vault.db)
        assert reader.open_vault(folder, passphrase) == expected
    assert "gone" not in expected
    assert expected["emptied"] == {}


@pytest.mark.parametrize("seed", range(6))
def test_a_second_reader_agrees_on_random_histories(
    folder: Path, seed: int, as_left_by_a_crash: Callable[[Path], Path]
) -> None:
    """With compactions whole and in slices, new data keys, openings, and crashes that tear a frame."""
    chance = random.Random(seed)
    make(folder).close()
    vault = unlock(folder)
    contents: Any = told(vault.db)
    for _ in range(60):
        table = vault.db.table(chance.choice("ab"))
        ids = [document.doc_id for document in table]
        some = chance.sample(ids, min(len(ids), 3))
        match chance.randrange(12):
            case 0:
                vault.db.compact()
            case 1:
                vault.forget()
            case 2:
                vault.db.tidy()
            case 3:
                vault.close()
                assert reader.open_vault(folder, WORDS) == contents
                vault = unlock(folder)
            case 4:
                crashed = as_left_by_a_crash(folder)
                vault.close()
                folder = crashed
                tear(folder, chance)
                try:
                    expected: Any = reader.open_vault(folder, WORDS)
                except reader.Damaged:
                    expected = None
                try:
                    vault = unlock(folder)
                except VaultDamaged:
                    assert expected is None
                    return
                assert told(vault.db) == expected
            case 5:
                table.remove(doc_ids=some)
            case 6:
                vault.db.drop_table(table.name)
            case 7:
                table.update({"changed": chance.random()}, doc_ids=some)
            case 8:
                table.insert_multiple({"n": n, "b": b"\0\xff"} for n in range(chance.randrange(20)))
            case _:
                table.insert({"n": chance.randrange(99), "note": "y" * chance.randrange(3000)})
        contents = told(vault.db)
        assert reader.open_vault(folder, WORDS) == contents
    vault.close()


def tear(folder: Path, chance: random.Random) -> None:
    """Cut or blank a piece of the last journal, or change a byte: both readers find the same."""
    journals = sorted(folder.glob("*.journal"))
    if not journals:
        return
    data = bytearray(journals[-1].read_bytes())
    used = len(data.rstrip(b"\0"))
    match chance.randrange(4):
        case 0:
            del data[chance.randrange(512, max(513, used)) :]
        case 1:
            sector = chance.randrange(1, max(2, used // 512)) * 512
            data[sector : sector + 512] = bytes(len(data[sector : sector + 512]))
        case 2:
            data[chance.randrange(len(data))] ^= 0x40
    journals[-1].write_bytes(data)


def test_the_reader_finds_the_same_damage(folder: Path, key: bytes, tmp_path: Path) -> None:
    for numbers in ((0, 1), (2,), (3, 4)):
        with JournalDB(folder, key) as db:
            for n in numbers:
                db.insert({"n": n, "note": "x" * 300 * n})
    copy = tmp_path / "changed"
    for file in sorted(folder.glob("0*")):
        whole = file.read_bytes()
        for position in range(0, len(whole), 41):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(folder, copy)
            for content in (whole[:position], whole[:position] + b"\7" + whole[position + 1 :]):
                (copy / file.name).write_bytes(content)
                try:
                    expected: Any = reader.open_folder(copy, {0: key})
                except reader.Damaged:
                    expected = None
                try:
                    with JournalDB(copy, key) as db:
                        assert told(db) == expected, (file.name, position)
                except VaultDamaged:
                    assert expected is None, (file.name, position)


# Known answers


def test_known_answer_for_argon2id_as_the_slots_use_it() -> None:
    key = Kdf(64, 3, 1).key(Passphrase("anchor  birch\tcandle "), bytes(range(16)))
    assert key.hex() == "ce3ecaa714d0878cfe8f4559a7a3155d83ee36271162702eb8f84be72ac5cd10"
    assert key == hash_secret_raw(b"anchor birch candle", bytes(range(16)), 3, 64, 1, 32, Type.ID, 19)


def test_known_answer_for_file_key_head_and_frame() -> None:
    clear = FileHead(JOURNAL, 2, 3, bytes(range(32)), 1, b"p" * 16).pack()
    assert clear.hex() == (
        "4f5554564c543031" "00000002" "00000001" "0000000000000002" "0000000000000003"
        + bytes(range(32)).hex() + "70" * 16
    )  # fmt: skip
    data_key = bytes(range(100, 132))
    assert DataKey(data_key).file_key(clear) == reader.file_key(data_key, bytes(range(32)), clear)
    assert DataKey(data_key).file_key(clear).hex() == KNOWN_KEY
    segment = Segment(DataKey(data_key), clear)
    assert segment.head() == clear + bytes.fromhex(KNOWN_HEAD_TAG) + bytes(512 - 96)
    frame = segment.seal(3, b"a body of twenty-one.", b"p" * 16)
    assert len(frame) == 512
    assert (frame[:64].hex(), frame[-16:].hex()) == (KNOWN_FRAME, KNOWN_TAG)
    opened = segment.open(memoryview(segment.head() + frame), 512, 3, b"p" * 16)
    assert opened == (b"a body of twenty-one.", 1024)


KNOWN_KEY = "2ea2f94b575c8fa70e61e20592250202f8149d0226e83092dbdfaf9b6bf306e4"
KNOWN_HEAD_TAG = "e46b146e2e94add5dc1dcac642881d79"
KNOWN_FRAME = (
    "0000000000000003000000150000000003a888b1e4afc8f1590dea38d5dcf55b"
    "e73a5444875b2f701a45e027792b3fb2e0cfc37bf6ef97bbfe1d50ef8b8e8f2e"
)
KNOWN_TAG = "66975fc8640f6e0e45ab506f70a57217"


def test_known_answer_of_aes_gcm_and_hkdf_from_their_papers() -> None:
    """NIST's GCM test case 16, and RFC 5869's test case 1 through the reader's own HKDF."""
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    text = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    sealed = AESGCM(key).encrypt(bytes.fromhex("cafebabefacedbaddecaf888"), text, bound)
    assert sealed[-16:].hex() == "76fc6ece0f4e1768cddf8853bb2d551b"
    assert sealed[:16].hex() == "522dc1f099567d07f47f37a32a84427d"


def test_each_opening_has_a_key_of_its_own(folder: Path, key: bytes) -> None:
    for n in range(3):
        with JournalDB(folder, key) as db:
            db.insert({"n": n})
    heads = [file.read_bytes()[:80] for file in folder.iterdir() if file.name != "lock"]
    assert len({reader.file_key(key, head[32:64], head) for head in heads}) == 4
    assert len({head[32:64] for head in heads}) == 4


def test_a_frame_opens_in_its_own_place_only() -> None:
    clear = FileHead(JOURNAL, 2, 3, bytes(32)).pack()
    segment = Segment(DataKey(bytes(32)), clear)
    frame = memoryview(segment.seal(3, b"body", b"p" * 16))
    assert segment.open(frame, 0, 3, b"p" * 16)
    assert segment.open(frame, 0, 4, b"p" * 16) is None
    assert segment.open(frame, 0, 3, b"q" * 16) is None
    assert segment.open(frame, 0, 3, NO_TAG) is None
    other = FileHead(JOURNAL, 3, 3, bytes(32)).pack()
    assert Segment(DataKey(bytes(32)), other).open(frame, 0, 3, b"p" * 16) is None
    assert Segment(DataKey(b"k" * 32), clear).open(frame, 0, 3, b"p" * 16) is None
