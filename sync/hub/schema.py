"""The hub's tables, as SQLAlchemy Core sees them. Migrations under `migrations/` make them.

    teams ──< senders ──< envelopes >── audience_sets
      │
      └── head: the position of the newest envelope; counted up in the transaction that inserts

* All ids and hashes are raw bytes; all times are hub time in milliseconds since 1970 (UTC).
* `teams.head` makes positions gapless: its row is locked from the count to the commit, so positions become
  visible in the order they were given, on SQLite (one writer) and on PostgreSQL (row lock) alike.
* An envelope's audiences are interned: the few distinct sets of a team have a row each in `audience_sets`,
  and who may read which is decided over those few rows, not over each envelope.
* Nothing here can be read: `envelopes.sealed` is a sealed envelope, `teams.log` holds public statements.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

HUB = Table(
    "hub",
    METADATA,
    Column("only", SmallInteger, primary_key=True, autoincrement=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("since", BigInteger, nullable=False),
)

TEAMS = Table(
    "teams",
    METADATA,
    Column("team", LargeBinary(8), primary_key=True),
    Column("head", BigInteger, nullable=False),
    Column("log", LargeBinary, nullable=False),
    Column("log_revision", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

SENDERS = Table(
    "senders",
    METADATA,
    Column("team", LargeBinary(8), primary_key=True),
    Column("sender", LargeBinary(8), primary_key=True),
    Column("member", LargeBinary(8), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("chain_hash", LargeBinary(32), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    ForeignKeyConstraint(["team"], ["teams.team"]),
    Index(None, "team", "member"),
)

AUDIENCE_SETS = Table(
    "audience_sets",
    METADATA,
    Column("team", LargeBinary(8), primary_key=True),
    Column("audience_set", Integer, primary_key=True, autoincrement=False),
    Column("names", String(1024), nullable=False),
    UniqueConstraint("team", "names"),
    ForeignKeyConstraint(["team"], ["teams.team"]),
)

ENVELOPES = Table(
    "envelopes",
    METADATA,
    Column("team", LargeBinary(8), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("sender", LargeBinary(8), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("chain_hash", LargeBinary(32), nullable=False),
    Column("audience_set", Integer, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("team", "sender", "number"),
    ForeignKeyConstraint(["team", "sender"], ["senders.team", "senders.sender"]),
    ForeignKeyConstraint(["team", "audience_set"], ["audience_sets.team", "audience_sets.audience_set"]),
)
