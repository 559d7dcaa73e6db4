"""A process that records into an outbox until it is killed; it prints what was kept.

python -m tests.sync.recorder OUTBOX LOG SENDER SEED PREFIX COUNT
"""

import sys
from pathlib import Path

from sync.outbox import Outbox
from sync.team import Sender, TeamLog


def main(path: str, log_path: str, sender_id: str, seed: str, prefix: str, count: str) -> None:
    log = TeamLog.from_bytes(Path(log_path).read_bytes())
    sender = Sender.of(log, bytes.fromhex(sender_id), bytes.fromhex(seed))
    outbox = Outbox(path)
    for number in range(int(count)):
        ref = f"{prefix}{number}"
        entry = outbox.record(ref.encode(), b"a record " * 20, ["team"], sender, log)
        print(ref, entry.number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
