"""The vault beside SQLCipher, TinyDB's own storage and a bare append, in one process and turn by turn.

Contacts of about 360 bytes of JSON. SQLCipher runs with WAL and synchronous=FULL and keeps one JSON
text a row: what a durable, encrypted insert costs without us. Its WAL is warm, as in an app that has
been running for a while: filled once and checkpointed, so that it is written over and does not grow.
"""

from __future__ import annotations

import gc
import json
import os
import random
import secrets
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import sqlcipher3
from tinydb import TinyDB, where

from outreach.vault import JournalDB, Kdf, Vault, files
from outreach.vault.documents import encode
from outreach.vault.frames import JOURNAL, NO_TAG, DataKey, FileHead, Segment

ROUNDS = 300
Figure = tuple[str, float, str]


def figures() -> Iterator[Figure]:
    """Name, value and unit of each figure."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        folder = Path(place)
        medians = {}
        for size in (1_000, 20_000, 100_000):
            for name, value, unit in _insert_beside_others(folder / f"insert-{size}", size):
                medians[name] = value
                yield name, value, unit
        yield "vault.insert_100k_to_1k", _insert_at_two_sizes(folder / "sizes"), "ratio"
        yield from _insert_many(folder / "many")
        yield from _encryption_share(folder / "share")
        for size in (20_000, 100_000):
            yield from _unlock(folder / f"unlock-{size}", size)
        yield from _unlock_frames_and_kdf(folder / "frames")
        yield from _compaction(folder / "compaction", 100_000)


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


def _insert_beside_others(folder: Path, size: int) -> Iterator[Figure]:
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
    other.execute("BEGIN")
    for one in contacts[:5_000]:
        other.execute("UPDATE contacts SET document = ? WHERE id = 1", (json.dumps(one),))
    other.executemany("INSERT INTO contacts VALUES (-?, ?)", ((i + 1, "x" * 400) for i in range(10_000)))
    other.execute("DELETE FROM contacts WHERE id < 0")
    other.execute("COMMIT")
    other.execute("PRAGMA wal_checkpoint(RESTART)")
    bare = os.open(folder / "bare", os.O_RDWR | os.O_CREAT)
    plain = TinyDB(folder / "tinydb.json") if size <= 1_000 else None
    if plain is not None:
        plain.insert_multiple(contacts[:size])
    length = len(Segment(DataKey(bytes(32)), FileHead(JOURNAL, 1, 1, bytes(32)).pack()).seal(
        1, encode(contacts[0]), NO_TAG
    ))  # fmt: skip
    spent: dict[str, list[float]] = {"ours": [], "sqlcipher": [], "bare": [], "tinydb": []}
    chance = random.Random(size)
    with JournalDB(folder / "vault", secrets.token_bytes(32)) as db:
        table = db.table("contacts")
        table.insert_multiple(contacts[:size])
        for turn, one in enumerate(contacts[size:]):
            works: dict[str, Callable[[], object]] = {
                "ours": lambda one=one: table.insert(one),
                "sqlcipher": lambda one=one: other.execute(add, (json.dumps(one),)),
                "bare": lambda turn=turn: _append(bare, bytes(length), turn * length),
            }
            if plain is not None and turn < 50:
                works["tinydb"] = lambda one=one, plain=plain: plain.insert(one)
            for name in chance.sample(sorted(works), len(works)):  # what one leaves to the disk, another pays
                spent[name].append(_seconds(works[name]))
    other.close()
    os.close(bare)
    label = f"{size // 1000}k"
    medians = {name: statistics.median(times) for name, times in spent.items() if times}
    for name, median in medians.items():
        yield (
            f"vault.insert_{label}_ms" if name == "ours" else f"vault.{name}_{label}_ms",
            median * 1000,
            "ms",
        )
    for name in medians.keys() - {"ours"}:
        yield f"vault.insert_{label}_to_{name}", medians["ours"] / medians[name], "ratio"


def _append(descriptor: int, data: bytes, offset: int) -> None:
    os.pwrite(descriptor, data, offset)
    files.sync_data(descriptor)


def _insert_at_two_sizes(folder: Path) -> float:
    """A vault of 100,000 and one of 1,000 by turns: what size costs, whatever the disk is doing."""
    with JournalDB(folder / "1k", bytes(32)) as small, JournalDB(folder / "100k", bytes(32)) as large:
        small.insert_multiple(contact(number) for number in range(1_000))
        large.insert_multiple(contact(number) for number in range(100_000))
        spent: list[tuple[float, float]] = []
        for number in range(2 * ROUNDS):
            one = contact(number)
            spent.append((_seconds(partial(large.insert, one)), _seconds(partial(small.insert, one))))
    return statistics.median(a for a, _ in spent) / statistics.median(b for _, b in spent)


def _insert_many(folder: Path) -> Iterator[Figure]:
    contacts = [contact(number) for number in range(10_000)]
    with JournalDB(folder, secrets.token_bytes(32)) as db:
        spent = [_seconds(lambda i=i: db.table(f"t{i}").insert_multiple(contacts)) for i in range(5)]
    yield "vault.insert_multiple_10k_ms", statistics.median(spent) * 1000, "ms"


def _encryption_share(folder: Path) -> Iterator[Figure]:
    body = encode(contact(1))
    segment = Segment(
        DataKey(secrets.token_bytes(32)), FileHead(JOURNAL, 1, 1, secrets.token_bytes(32)).pack()
    )
    with JournalDB(folder, secrets.token_bytes(32)) as db:
        sealing, inserting = [], []
        for number in range(1, ROUNDS + 1):
            sealing.append(_seconds(lambda number=number: segment.seal(number, body, NO_TAG)))
            inserting.append(_seconds(lambda number=number: db.insert(contact(number))))
    yield "vault.encryption_share", statistics.median(sealing) / statistics.median(inserting) * 100, "%"
    yield "vault.frame_overhead", len(segment.seal(1, body, NO_TAG)) - len(body), "bytes"


def _unlock(folder: Path, size: int) -> Iterator[Figure]:
    key = secrets.token_bytes(32)
    with JournalDB(folder, key) as db:
        db.table("contacts").insert_multiple(contact(number) for number in range(size))
        db.compact()
    label = f"{size // 1000}k"
    spent = [_seconds(lambda: JournalDB(folder, key).close()) for _ in range(7)]
    yield f"vault.unlock_{label}_without_kdf_s", statistics.median(spent), "s"
    gc.collect()
    tracemalloc.start()
    with JournalDB(folder, key):
        gc.collect()
        yield f"vault.memory_{label}_bytes_a_record", tracemalloc.get_traced_memory()[0] / size, "bytes"
    tracemalloc.stop()


def _unlock_frames_and_kdf(folder: Path) -> Iterator[Figure]:
    contacts = [contact(number) for number in range(20_000)]
    key = secrets.token_bytes(32)
    with JournalDB(folder / "frames", key) as db:
        for one in contacts[:5_000]:
            db.insert(one)
    spent = [_seconds(lambda: JournalDB(folder / "frames", key).close()) for _ in range(7)]
    yield "vault.unlock_5k_single_frames_without_kdf_s", statistics.median(spent), "s"
    passphrase = "six plain words for this bench"
    with Vault.create(folder / "kdf", passphrase, kdf=Kdf()) as vault:
        vault.db.table("contacts").insert_multiple(contacts)
    spent = [_seconds(lambda: Vault.open(folder / "kdf", passphrase).close()) for _ in range(3)]
    yield "vault.unlock_20k_with_kdf_s", statistics.median(spent), "s"


def _compaction(folder: Path, size: int) -> Iterator[Figure]:
    """Saves while ``size`` records are compacted in slices; how long the longest of them waited for it.

    The disk's own moments are in every save. So what compacting adds is measured apart, as the time
    that each save spends in it.
    """
    with JournalDB(folder, secrets.token_bytes(32)) as db:
        db.insert_multiple(contact(number) for number in range(size))
        db.update({"changed": 1}, where("counter") < 0.6 * size)
        saves, slices, waits, most = [], [], [], 0
        journal = db._journal
        real = journal._tidy

        def timed(*args: Any) -> bool:
            begin = time.perf_counter()
            try:
                return real(*args)
            finally:
                slices.append(time.perf_counter() - begin)

        journal._tidy = timed  # type: ignore[method-assign]
        number = 0
        while number < 3_000 and (number < 50 or journal._compaction or journal._outdated):
            before = len(slices)
            took = _seconds(lambda number=number: db.insert(contact(number)))
            (saves if len(slices) > before else waits).append(took)
            number += 1
            if number % 10 == 0:
                most = max(most, sum(file.stat().st_size for file in folder.iterdir()))
        live = journal.contents.live
    yield "vault.compaction_100k_saves_carrying_it", len(saves), "saves"
    yield "vault.compaction_100k_longest_slice_ms", max(slices) * 1000, "ms"
    yield "vault.compaction_100k_median_slice_ms", statistics.median(slices) * 1000, "ms"
    yield "vault.compaction_100k_longest_save_ms", max(saves) * 1000, "ms"
    yield "vault.compaction_100k_disk_to_live", most / live, "ratio"


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
