"""Sealed envelopes that wait for the hub: one SQLite file, durable, with no secrets in it.

`record` returns once the envelope is on the disk. It gives each sender's envelopes their
number and chain in the same transaction, so several processes and threads can record at once.
A record is *waiting* until the hub's `received` receipt, and its body is deleted at
`backed_up`; the row (reference, number, state, chain hash) stays, so nothing is sealed twice.

The file is never made anew over a damaged one: what can't be read is said, and left alone.

    envelopes   sender, number, ref, chain hash, state, the envelope or NULL, why it is set aside
    chains      sender, the last number and chain hash: the head that the next one follows
    facts       last sync (hub time, ms), layout version
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sync.envelope import BATCH_COUNT, ZERO, Envelope, seal
from sync.errors import BadEnvelope
from sync.log import TeamLog
from sync.outbox_file import (
    OutboxBusy,
    OutboxDamaged,
    OutboxError,
    OutboxFull,
    check,
    connect,
    make,
    sentences,
)
from sync.receipts import BACKED_UP, Receipt
from sync.team import Sender
from sync.times import moment

__all__ = ["Entry", "Outbox", "OutboxBusy", "OutboxDamaged", "OutboxError", "OutboxFull", "SetAside"]

BATCH_BYTES = 64 * 1024
"""Bytes of a batch: a shift in one or two requests, and little to send again after a break."""
PACKED = 72
"""Bytes that an envelope adds to a batch beside its body."""

WAITING, RECEIVED, GONE, SET_ASIDE = "waiting", "received", "backed_up", "set_aside"


@dataclass(frozen=True)
class Entry:
    """A record in the outbox. `envelope` is None once the body was deleted (backed up)."""

    ref: bytes
    sender: bytes
    number: int
    chain_hash: bytes
    state: str
    envelope: Envelope | None = field(repr=False)


@dataclass(frozen=True)
class SetAside:
    """A record that does not travel by itself, and why."""

    sender: bytes
    number: int
    ref: bytes
    reason: str


class Outbox:
    """The outbox in one file. Safe to share between threads, and the file between processes."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the outbox at `path`, or make it where there is none.

        Raises:
            OutboxDamaged: there is a file, and it is not a sound outbox. It is left as it is.
            OutboxError: the folder can't be written.
        """
        self._path = Path(path)
        self._lock = threading.RLock()
        with sentences(self._path):
            if not self._path.exists():
                make(self._path)
            self._db = connect(self._path)
        try:
            with sentences(self._path):
                check(self._db, self._path)
        except BaseException:
            self._db.close()
            raise

    # --- recording ------------------------------------------------------------------------

    def record(
        self, ref: bytes, body: bytes, audiences: Sequence[str], sender: Sender, log: TeamLog
    ) -> Entry:
        """Seal `body` as the sender's next envelope and keep it; on the disk when this returns.

        Args:
            ref: the event's id (1 to 64 bytes). The same ref again gives the entry that is there.
            body: the record's bytes.
            audiences: who may read it.
            sender: who signs.
            log: the team's log.

        Raises:
            OutboxFull, OutboxDamaged, OutboxBusy: nothing was kept; what was there before is.
            TeamError, BadEnvelope: it can't be sealed so (see `seal`).
        """
        if not 1 <= len(ref) <= 64:
            raise OutboxError("A record came without a reference. It was not put into the outbox.")
        with self._change() as db:
            kept = _entry(db, ref)
            if kept is not None:
                return kept
            head = db.execute(
                "SELECT number, chain_hash FROM chains WHERE sender = ?", (sender.sender_id,)
            ).fetchone()
            number, previous = head or (0, ZERO)
            envelope = seal(
                body, audiences=audiences, log=log, sender=sender, number=number + 1, previous=previous
            )
            row = (envelope.sender, envelope.number, ref, envelope.chain_hash, WAITING, envelope.to_bytes())
            db.execute(
                "INSERT INTO envelopes (sender, number, ref, chain_hash, state, envelope) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            db.execute(
                "INSERT INTO chains VALUES (?, ?, ?) ON CONFLICT (sender) DO UPDATE "
                "SET number = excluded.number, chain_hash = excluded.chain_hash",
                (envelope.sender, envelope.number, envelope.chain_hash),
            )
            return Entry(ref, envelope.sender, envelope.number, envelope.chain_hash, WAITING, envelope)

    # --- looking --------------------------------------------------------------------------

    def has(self, ref: bytes) -> bool:
        """Whether the record with this reference was ever put in."""
        return bool(self._rows("SELECT 1 FROM envelopes WHERE ref = ?", (ref,)))

    def entry(self, ref: bytes) -> Entry | None:
        """The record with this reference, or None. Raises OutboxDamaged where it can't be read."""
        with self._lock, sentences(self._path):
            return _entry(self._db, ref)

    def refs(self) -> set[bytes]:
        """References of every record that was ever put in."""
        return {ref for (ref,) in self._rows("SELECT ref FROM envelopes")}

    def waiting(self) -> int:
        """How many records have not left yet: no receipt, those set aside among them."""
        query = "SELECT count(*) FROM envelopes WHERE state IN (?, ?)"
        return int(self._rows(query, (WAITING, SET_ASIDE))[0][0])

    def set_aside_records(self) -> list[SetAside]:
        """What does not travel by itself, oldest first."""
        query = "SELECT sender, number, ref, reason FROM envelopes WHERE state = ? ORDER BY sender, number"
        return [SetAside(*row) for row in self._rows(query, (SET_ASIDE,))]

    def head(self, sender: bytes) -> tuple[int, bytes]:
        """Number and chain hash of a sender's last envelope; (0, ZERO) where there is none."""
        rows = self._rows("SELECT number, chain_hash FROM chains WHERE sender = ?", (sender,))
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else (0, ZERO)

    def chain_hash(self, sender: bytes, number: int) -> bytes | None:
        """The chain hash of one envelope, kept even when its body is gone."""
        if number == 0:
            return ZERO
        rows = self._rows(
            "SELECT chain_hash FROM envelopes WHERE sender = ? AND number = ?", (sender, number)
        )
        return bytes(rows[0][0]) if rows else None

    def senders(self) -> list[bytes]:
        """Everyone who ever recorded into this outbox."""
        return [sender for (sender,) in self._rows("SELECT sender FROM chains ORDER BY sender")]

    def senders_waiting(self) -> list[bytes]:
        """Senders with something to push."""
        query = "SELECT DISTINCT sender FROM envelopes WHERE state = ? ORDER BY sender"
        return [sender for (sender,) in self._rows(query, (WAITING,))]

    def envelopes(self, sender: bytes) -> list[Envelope]:
        """A sender's envelopes that still lie here, the oldest first (their own device may open them)."""
        query = "SELECT envelope FROM envelopes WHERE sender = ? AND envelope IS NOT NULL ORDER BY number"
        return [Envelope.from_bytes(bytes(data)) for (data,) in self._rows(query, (sender,))]

    def batches(
        self, limit_bytes: int = BATCH_BYTES, *, sender: bytes | None = None
    ) -> Iterator[list[Envelope]]:
        """Waiting envelopes as runs of consecutive ones of one sender, oldest first.

        A row that was changed on the disk is set aside with the reason; the run ends before it.

        Args:
            limit_bytes: about how long a packed run may get; a run holds at least one envelope.
            sender: only this sender's.
        """
        senders = self.senders_waiting() if sender is None else [sender]
        for own in senders:
            after = 0
            while run := self._run(own, after, limit_bytes):
                yield run
                after = run[-1].number

    def _run(self, sender: bytes, after: int, limit_bytes: int) -> list[Envelope]:
        query = (
            "SELECT number, chain_hash, envelope FROM envelopes "
            "WHERE sender = ? AND state = ? AND number > ? ORDER BY number LIMIT ?"
        )
        run: list[Envelope] = []
        size = 0
        for number, chain_hash, data in self._rows(query, (sender, WAITING, after, BATCH_COUNT)):
            try:
                envelope = Envelope.from_bytes(data if isinstance(data, bytes) else b"")
                sound = (envelope.sender, envelope.number, envelope.chain_hash) == (
                    sender,
                    number,
                    chain_hash,
                )
            except BadEnvelope:
                sound = False
            if not sound:
                self.set_aside(number, sender, "It was changed on this device's disk and can't be sent.")
                break
            if run and (
                number != run[-1].number + 1
                or envelope.dictionary != run[0].dictionary
                or size + len(envelope.body) + PACKED > limit_bytes
            ):
                break
            run.append(envelope)
            size += len(envelope.body) + PACKED
        return run

    # --- what the hub says ----------------------------------------------------------------

    def accept(self, receipts: Iterable[Receipt]) -> None:
        """Take receipts that were verified. All of them, or none where one doesn't fit.

        Raises:
            OutboxError: a receipt is for another history than the one here: nothing is marked.
        """
        with self._change() as db:
            for receipt in receipts:
                query = "SELECT chain_hash FROM envelopes WHERE sender = ? AND number = ?"
                row = db.execute(query, (receipt.sender, receipt.number)).fetchone()
                if row is None or bytes(row[0]) != receipt.chain_hash:
                    raise OutboxError(
                        "The hub's receipt is for other records than those on this device. "
                        "They are safe and wait here; a coordinator can look into it."
                    )
                if receipt.kind == BACKED_UP:
                    db.execute(
                        "UPDATE envelopes SET state = ?, envelope = NULL, reason = '' "
                        "WHERE sender = ? AND number <= ?",
                        (GONE, receipt.sender, receipt.number),
                    )
                else:
                    db.execute(
                        "UPDATE envelopes SET state = ?, reason = '' "
                        "WHERE sender = ? AND number <= ? AND state IN (?, ?)",
                        (RECEIVED, receipt.sender, receipt.number, WAITING, SET_ASIDE),
                    )

    def wait_again(self, sender: bytes, from_number: int) -> int:
        """Mark what the hub has lost as waiting again; how many there are. Bodies that are gone stay so."""
        with self._change() as db:
            done = db.execute(
                "UPDATE envelopes SET state = ? "
                "WHERE sender = ? AND number >= ? AND state = ? AND envelope NOT NULL",
                (WAITING, sender, from_number, RECEIVED),
            )
            return done.rowcount

    def set_aside(self, number: int, sender: bytes, reason: str) -> None:
        """Keep a record back from travelling, with a sentence that says why. Nothing is deleted."""
        with self._change() as db:
            db.execute(
                "UPDATE envelopes SET state = ?, reason = ? WHERE sender = ? AND number = ? AND state = ?",
                (SET_ASIDE, reason, sender, number, WAITING),
            )

    @property
    def last_sync(self) -> datetime | None:
        """When the hub last answered in full, by the hub's clock."""
        rows = self._rows("SELECT value FROM facts WHERE name = 'last_sync'")
        return moment(rows[0][0]) if rows else None

    def note_sync(self, hub_time: int) -> None:
        """The hub answered in full at `hub_time` (ms, its clock). Earlier than the last one is ignored."""
        with self._change() as db:
            db.execute(
                "INSERT INTO facts VALUES ('last_sync', ?) ON CONFLICT (name) DO UPDATE "
                "SET value = max(value, excluded.value)",
                (hub_time,),
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> "Outbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the file -------------------------------------------------------------------------

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock, sentences(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock, sentences(self._path):
            return self._db.execute(query, values).fetchall()


def _entry(db: sqlite3.Connection, ref: bytes) -> Entry | None:
    query = "SELECT sender, number, chain_hash, state, envelope FROM envelopes WHERE ref = ?"
    row = db.execute(query, (ref,)).fetchone()
    if row is None:
        return None
    sender, number, chain_hash, state, data = row
    try:
        envelope = None if data is None else Envelope.from_bytes(data)
    except BadEnvelope:
        raise OutboxDamaged(
            "A record in the outbox was changed on this device's disk. "
            "It is left as it is, and so are the others."
        ) from None
    return Entry(ref, sender, number, chain_hash, state, envelope)
