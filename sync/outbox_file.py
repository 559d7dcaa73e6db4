"""The SQLite file of an outbox: made whole or not at all, opened, checked; its errors as sentences."""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sync.errors import SyncError

LAYOUT = 1
APPLICATION = 0x4F55_5442  # "OUTB", in the header of the SQLite file
BUSY = 30.0
"""Seconds to wait for another process's short transaction."""

_TABLES = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {LAYOUT};
CREATE TABLE envelopes (
    sender BLOB NOT NULL, number INTEGER NOT NULL, ref BLOB NOT NULL UNIQUE, chain_hash BLOB NOT NULL,
    state TEXT NOT NULL, envelope BLOB, reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (sender, number)
) WITHOUT ROWID;
CREATE INDEX by_state ON envelopes (state, sender, number);
CREATE TABLE chains (
    sender BLOB PRIMARY KEY, number INTEGER NOT NULL, chain_hash BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class OutboxError(SyncError):
    """The outbox can't do what was asked. What it held before is untouched."""


class OutboxFull(OutboxError):
    """No room on the disk."""


class OutboxDamaged(OutboxError):
    """The file is not an outbox that can be read, or a row of it was changed."""


class OutboxBusy(OutboxError):
    """Another process held the file for too long."""


def connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA fullfsync = ON")
        db.execute("PRAGMA trusted_schema = OFF")
    except BaseException:
        db.close()
        raise
    return db


def make(path: Path) -> None:
    """An empty outbox beside `path`, then given its name: a file of that name is always whole."""
    for tail in ("-wal", "-journal"):
        if path.with_name(path.name + tail).exists():
            raise OutboxDamaged(
                f"The outbox's file is gone and a part of it is still there ({path.name}{tail}). "
                "Nothing was made anew; keep the folder and show it to someone who can look into it."
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{secrets.token_hex(6)}.new")
    try:
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        db = connect(new)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(f"BEGIN; {_TABLES} COMMIT;")
        finally:
            db.close()
        try:
            os.link(new, path)
        except FileExistsError:
            return  # another process made it in the same moment
        except OSError:  # no hard links here (Android, FAT)
            if not path.exists():
                new.replace(path)
        if os.name == "posix":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    finally:
        new.unlink(missing_ok=True)


def check(db: sqlite3.Connection, path: Path) -> None:
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise OutboxDamaged(damaged(path))
    layout = db.execute("PRAGMA user_version").fetchone()[0]
    if layout != LAYOUT:
        raise OutboxError(
            "The outbox on this device was written by a newer version of Outreach. "
            "Its records are safe; an update reads them."
        )
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise OutboxDamaged(damaged(path))


def damaged(path: Path) -> str:
    return (
        f"The outbox of this device ({path.name}) is damaged. It is left as it is and nothing is made anew; "
        "what was recorded with the app unlocked is in the vault as well."
    )


@contextlib.contextmanager
def sentences(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise OutboxFull(
                "This device has no room left, so the record was not kept in the outbox. "
                "Everything before it is safe. Free some space and save again."
            ) from None
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise OutboxBusy(
                "Another window of Outreach is busy with the outbox. Nothing is lost; try again in a moment."
            ) from None
        if code == sqlite3.SQLITE_IOERR:
            raise OutboxError(
                f"The disk gave an error while the outbox ({path.name}) was read or written. "
                "What was saved before is left as it is; save again, or restart the device."
            ) from None
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            raise OutboxError(
                f"The outbox ({path.name}) can't be opened or written here. What is in it is safe; "
                "check that the folder is there and can be written."
            ) from None
        raise OutboxDamaged(damaged(path)) from None
    except sqlite3.ProgrammingError:
        raise OutboxError(
            "The outbox is closed on this device. What is in it is safe; open it again."
        ) from None
    except sqlite3.DatabaseError:
        raise OutboxDamaged(damaged(path)) from None
    except OSError as error:
        raise OutboxError(
            f"The outbox ({path.name}) can't be written here ({os.strerror(error.errno or 0)}). "
            "What is in it is safe; check that the folder is there and can be written."
        ) from None
