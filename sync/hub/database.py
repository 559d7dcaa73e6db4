"""Where the hub's tables live: opening the database and bringing it to this version.

SQLite is the embedded default: WAL with `synchronous=FULL`, so that a commit that returned is on the disk;
a transaction that writes begins with `BEGIN IMMEDIATE`, so that it never reads what another is changing.
`connect(url)` is the only place that knows the dialect; `sync.hub.store` speaks to both.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from sync.hub.problems import DatabaseUnusable

BUSY_SECONDS = 10
_WRITES = "outreach_writes"


def read_url(database: str) -> URL:
    """The database as a URL; a plain path means a SQLite file. Raises `DatabaseUnusable`."""
    try:
        url = make_url(database if "://" in database else f"sqlite:///{Path(database).absolute()}")
    except ArgumentError:
        raise DatabaseUnusable(
            "The hub can't read its database's address. Give a file name or sqlite:////folder/hub.db."
        ) from None
    if url.get_backend_name() != "sqlite":
        raise DatabaseUnusable(
            f"This version of the hub keeps its records in a SQLite file, not in {url.get_backend_name()}. "
            "Give a file name or sqlite:////folder/hub.db."
        )
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise DatabaseUnusable(
            "The hub keeps its records in a file. Give a file name or sqlite:////folder/hub.db."
        )
    return url


def folder_of(url: URL) -> Path | None:
    """The folder that a SQLite database lies in; None for a database elsewhere."""
    return (
        Path(url.database).absolute().parent if url.get_backend_name() == "sqlite" and url.database else None
    )


def connect(database: str) -> Engine:
    """An engine for `database`, its file made readable to its owner only. Raises `DatabaseUnusable`."""
    url = read_url(database)
    _prepare_file(Path(str(url.database)).absolute())
    engine = create_engine(
        url, hide_parameters=True, pool_size=8, max_overflow=64, connect_args={"timeout": BUSY_SECONDS}
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine and pool, for transactions that write."""
    return engine.execution_options(**{_WRITES: True})


def migrate(engine: Engine) -> None:
    """Bring the database to this version's tables, all or nothing. Raises `DatabaseUnusable`."""
    config = Config()
    config.set_main_option("script_location", "sync.hub:migrations")
    config.set_main_option("path_separator", "os")
    try:
        with writing(engine).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError:
        raise DatabaseUnusable(
            "The hub's database was made by a newer version of the hub. Nothing was changed in it; "
            "start it with that version or a later one."
        ) from None
    except DBAPIError as error:
        raise DatabaseUnusable(
            f"The hub's database can't be opened ({error.orig}). Nothing was changed in it; check that the "
            "file is the hub's own, that its folder can be written to and that the disk has room."
        ) from None


def _prepare_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnusable(
            f"The hub's database {path} can't be opened for writing ({error.strerror}). "
            "Choose another place or give the hub access to this one."
        ) from None


def _set_up(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun in `_begin`, never by the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
