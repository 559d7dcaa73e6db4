"""The vault against SQLCipher, in one process and turn by turn: see the bars in design.md's table.

Contacts of about 360 bytes of JSON. SQLCipher runs with WAL and synchronous=FULL and keeps one JSON
text a row: what a durable, encrypted insert costs without us.
"""

from __future__ import annotations

import json
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlcipher3

from outreach.vault import JournalDB, Kdf, Vault
from outreach.vault.documents import encode
from outreach.vault.frames import NO_TAG, SNAPSHOT, DataKey, FileHead, Segment

ROUNDS = 300
Figure = tuple[str, float, str]


def figures() -> Iterator[Figure]:
    """Name, value and unit of each figure."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        folder = Path(place)
        for size in (1_000, 20_000):
            yield from _insert_against_sqlcipher(folder / f"insert-{size}", size)
        yield from _insert_many(folder / "many")
        yield from _encryption_share(folder / "share")
        yield from _unlock(folder / "unlock", 20_000)


def contact(number: int) -> dict[str, Any]:
    """A made-up brief contact; about 360 bytes as JSON."""
    return {
        "kind": "contact",
        "id": f"{number:032x}",
        "shift": f"{number // 40:032x}",
        "at": 1_760_000_000 + number,
        "counter": number,
        "member": number % 7,
        "contact": "brief",
        "minutes": "5-15",
        "place": f"Square {number % 11}",
        "substances": [{"code": "heroin", "route": "smoked"}, {"code": "crack", "route": "smoked"}],
        "advice": ["own_pipe", "naloxone"],
        "kit": {"foil": 2, "pipe": 1},
        "note": "Cold night, asked about the drop-in and its times.",
    }


def _insert_against_sqlcipher(folder: Path, size: int) -> Iterator[Figure]:
    folder.mkdir()
    contacts = [contact(number) for number in range(size + ROUNDS)]
    other = sqlcipher3.connect(str(folder / "sqlcipher.db"), isolation_level=None)
    other.execute(f"PRAGMA key = \"x'{secrets.token_hex(32)}'\"")
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("PRAGMA synchronous = FULL")
    other.execute("CREATE TABLE contacts (id INTEGER PRIMARY KEY, document TEXT)")
    other.execute("BEGIN")
    add = "INSERT INTO contacts (document) VALUES (?)"
    other.executemany(add, ((json.dumps(one),) for one in contacts[:size]))
    other.execute("COMMIT")
    with JournalDB(folder / "vault", secrets.token_bytes(32)) as db:
        table = db.table("contacts")
        table.insert_multiple(contacts[:size])
        ours, theirs = [], []
        for one in contacts[size:]:
            ours.append(_seconds(lambda one=one: table.insert(one)))
            theirs.append(_seconds(lambda one=one: other.execute(add, (json.dumps(one),))))
    other.close()
    label = f"{size // 1000}k"
    yield f"vault.insert_{label}_ms", statistics.median(ours) * 1000, "ms"
    yield f"vault.insert_{label}_to_sqlcipher", statistics.median(ours) / statistics.median(theirs), "ratio"


def _insert_many(folder: Path) -> Iterator[Figure]:
    contacts = [contact(number) for number in range(10_000)]
    with JournalDB(folder, secrets.token_bytes(32)) as db:
        spent = [_seconds(lambda i=i: db.table(f"t{i}").insert_multiple(contacts)) for i in range(5)]
    yield "vault.insert_multiple_10k_ms", statistics.median(spent) * 1000, "ms"


def _encryption_share(folder: Path) -> Iterator[Figure]:
    body = encode(contact(1))
    segment = Segment(
        DataKey(secrets.token_bytes(32)), FileHead(SNAPSHOT, 1, 1, secrets.token_bytes(32)).pack()
    )
    with JournalDB(folder, secrets.token_bytes(32)) as db:
        sealing, inserting = [], []
        for number in range(1, ROUNDS + 1):
            sealing.append(_seconds(lambda number=number: segment.seal(number, body, NO_TAG)))
            inserting.append(_seconds(lambda number=number: db.insert(contact(number))))
    yield "vault.encryption_share", statistics.median(sealing) / statistics.median(inserting) * 100, "%"
    yield "vault.frame_overhead", len(segment.seal(1, body, NO_TAG)) - len(body), "bytes"


def _unlock(folder: Path, size: int) -> Iterator[Figure]:
    contacts = [contact(number) for number in range(size)]
    key = secrets.token_bytes(32)
    with JournalDB(folder / "snapshot", key) as db:
        db.table("contacts").insert_multiple(contacts)
        db.compact()
    spent = [_seconds(lambda: JournalDB(folder / "snapshot", key).close()) for _ in range(7)]
    yield f"vault.unlock_{size // 1000}k_without_kdf_s", statistics.median(spent), "s"
    with JournalDB(folder / "frames", key) as db:
        for one in contacts[:5_000]:
            db.insert(one)
    spent = [_seconds(lambda: JournalDB(folder / "frames", key).close()) for _ in range(7)]
    yield "vault.unlock_5k_single_frames_without_kdf_s", statistics.median(spent), "s"
    passphrase = "six plain words for this bench"
    with Vault.create(folder / "kdf", passphrase, kdf=Kdf()) as vault:
        vault.db.table("contacts").insert_multiple(contacts)
    spent = [_seconds(lambda: Vault.open(folder / "kdf", passphrase).close()) for _ in range(3)]
    yield f"vault.unlock_{size // 1000}k_with_kdf_s", statistics.median(spent), "s"


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
