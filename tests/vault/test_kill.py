"""kill -9 at random moments: every record whose saving was acknowledged is there afterwards."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from outreach.vault import JournalDB

ROUNDS = 10

CHILD = """
import sys
from outreach.vault import JournalDB
folder, begin = sys.argv[1], int(sys.argv[2])
db = JournalDB(folder, bytes(32))
table = db.table("contacts")
n = begin
while True:
    long = "x" * (n % 7 * 700)
    changed = table.insert({"n": n, "note": long})
    table.update({"changed": n}, doc_ids=[changed])
    if n % 3 == 0:
        table.insert_multiple({"n": n, "of": i, "note": long} for i in range(3))
    print(n, flush=True)
    if n % 40 == 0:
        db.compact()
    n += 1
"""


def test_every_acknowledged_record_outlives_kill_9(folder: Path) -> None:
    printed: list[int] = []
    for _ in range(ROUNDS):
        begin = printed[-1] + 2 if printed else 0
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, folder, str(begin)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(random.uniform(0, 0.15))
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate()
        lines = (first + rest).split("\n")
        printed += [int(line) for line in lines[:-1]]
        assert child.returncode == -signal.SIGKILL
        with JournalDB(folder, bytes(32)) as db:
            table = db.table("contacts")
            there = {document["n"] for document in table if document.get("changed") == document["n"]}
            assert set(printed) <= there, "acknowledged and gone"
            groups = [document["n"] for document in table if "of" in document]
            assert all(groups.count(n) == 3 for n in set(groups)), "insert_multiple is all or nothing"
            assert {n for n in printed if n % 3 == 0} <= set(groups)
    assert len(printed) > ROUNDS, "children that got nowhere show nothing"
