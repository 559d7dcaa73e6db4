"""Kill storms over real files: children save, compact and turn, and are killed at any moment.

Each child is a fork of this process, writes to its own end of a pipe what it was told is saved, and is
killed after a random time. Then the folder is opened: everything acknowledged is there, in order, and
at most the one change in flight besides.
"""

from __future__ import annotations

import os
import random
import select
import signal
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from outreach.vault import JournalDB, VaultError

KILLS = 3_000
AFRESH = 60
"""After so many kills another folder is begun."""
Figure = tuple[str, float, str]


def figures() -> Iterator[Figure]:
    """Kills, acknowledged changes, and what was lost of them."""
    chance = random.Random(20260501)
    kills = acknowledged = lost = refused = 0
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        while kills < KILLS:
            folder, last = Path(place) / str(kills), -1
            for _ in range(AFRESH):
                told = _until_killed(folder, last + 1, chance.uniform(0.0, 0.03))
                kills += 1
                acknowledged += told - last
                try:
                    with JournalDB(folder, bytes(32)) as db:
                        there = [document["n"] for document in db]
                except VaultError:
                    refused += 1
                    break
                if there[:-1] != list(range(max(0, len(there) - 1))) or len(there) - 1 not in (
                    told,
                    told + 1,
                ):
                    lost += 1
                    break
                last = len(there) - 1
    yield "vault.kills", kills, "kills"
    yield "vault.kills_acknowledged", acknowledged, "changes"
    yield "vault.kills_that_lost_something", lost, "kills"
    yield "vault.kills_after_which_nothing_opened", refused, "kills"
    yield "vault.kills_a_second", kills / (time.perf_counter() - begin), "1/s"


def _until_killed(folder: Path, first: int, seconds: float) -> int:
    """Let a child save from number ``first`` on; returns the last number that it was told is saved."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read_end)
            _save(folder, first, write_end)
        finally:
            os._exit(1)
    os.close(write_end)
    told = b""
    until = time.perf_counter() + seconds
    ready = False
    while True:
        wait = max(0.0, until - time.perf_counter()) if ready else 5.0
        if not select.select([read_end], [], [], wait)[0]:
            break
        piece = os.read(read_end, 65536)
        if not piece:
            break
        if not ready:
            ready, until = True, time.perf_counter() + seconds
        told += piece
    os.kill(child, signal.SIGKILL)
    while piece := os.read(read_end, 65536):
        told += piece
    os.waitpid(child, 0)
    os.close(read_end)
    numbers = [number for (number,) in struct.iter_unpack(">q", told[: len(told) // 8 * 8])]
    return numbers[-1] if numbers else first - 1


def _save(folder: Path, first: int, write_end: int) -> None:
    db = JournalDB(folder, bytes(32))
    os.write(write_end, struct.pack(">q", first - 1))
    number = first
    while True:
        db.insert({"n": number, "note": "x" * (number % 13 * 200)})
        os.write(write_end, struct.pack(">q", number))
        if number % 7 == 0:
            db.update({"seen": number, "long": "y" * 3000}, doc_ids=[number % 5 + 1])
        if number % 29 == 0:
            db.compact()
        if number % 5 == 0:
            db.tidy()
        number += 1
