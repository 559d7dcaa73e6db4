"""What the hub keeps and in which order: plain SQL over the tables of `schema.py`.

The rules that make it a log that readers can rely on:

* **Positions are gapless.** In one transaction a sender's head is locked and compared, the team's counter is
  moved on by exactly the envelopes that go in, and they go in. A batch that does not fit raises inside that
  transaction, so it moves nothing.
* **A sender's chain has one continuation.** A batch goes in only if its first number follows the head and
  its previous hash is the head's. What is there already, with the same hash, is answered as there.
* **What returned is on the disk.** `append` returns after the commit.

Nothing here checks signatures: callers hand over what they have verified (`sync.hub.intake`).
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection, Engine, and_, func, insert, or_, select, update

from sync.envelope import ZERO
from sync.hub.database import connect, migrate, writing
from sync.hub.problems import DatabaseUnusable, HubError, KeyUnusable
from sync.hub.schema import AUDIENCE_SETS, ENVELOPES, HUB, SENDERS, TEAMS

AUDIENCE_SEPARATOR = "\n"


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team as stored: the bytes of its log and how often that has been replaced."""

    team: bytes
    head: int
    log: bytes = field(repr=False)
    log_revision: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified envelope on its way in."""

    number: int
    chain_hash: bytes
    audiences: tuple[str, ...]
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """How far the hub holds a sender's chain; `received_at` is hub time in milliseconds."""

    sender: bytes
    number: int
    chain_hash: bytes
    received_at: int


@dataclass(frozen=True, slots=True)
class Item:
    """A stored envelope in a team's order."""

    position: int
    received_at: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """Some envelopes in order; `head` is the team's newest position, `more` whether others follow."""

    items: tuple[Item, ...]
    head: int
    more: bool


class DoesNotFit(HubError):
    """A batch that does not continue its sender's chain; nothing was stored."""

    def __init__(self, kind: Literal["gap", "fork"], expected_number: int, chain_hash: bytes) -> None:
        super().__init__(
            "Some of this device's earlier records have not reached the hub yet. Nothing was lost; the "
            "device sends them first."
            if kind == "gap"
            else "The hub already holds other records under these numbers, as happens when a device was put "
            "back from a backup. Nothing was lost or replaced; the device goes on under a new number."
        )
        self.kind: Literal["gap", "fork"] = kind
        self.expected_number = expected_number
        self.chain_hash = chain_hash


class Store:
    """The hub's database. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writes = writing(engine)
        # SQLite has one writer: waiting here is fair and wakes at once, waiting for its file lock is neither.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()

    @classmethod
    def open(cls, database: str) -> Store:
        """Open `database` (URL or path) and bring it to this version. Raises `DatabaseUnusable`."""
        engine = connect(database)
        try:
            migrate(engine)
        except DatabaseUnusable:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Let go of the database's files."""
        self._engine.dispose()

    def remember_key(self, public: bytes, now: int) -> None:
        """Tie this database to the hub's public key. Raises `KeyUnusable` when it knows another one."""
        with self._turn, self._writes.begin() as connection:
            known = connection.execute(select(HUB.c.public_key)).scalar_one_or_none()
            if known is None:
                connection.execute(insert(HUB).values(only=1, public_key=public, since=now))
            elif known != public:
                raise KeyUnusable(
                    "The hub's key is not the one that this database was used with. Put hub.key (or "
                    "OUTREACH_HUB_KEY) back from its backup; a new key would make every device distrust "
                    "this hub."
                )

    def answers(self) -> bool:
        """Whether the database can be read at this moment."""
        with self._engine.begin() as connection:
            return connection.execute(select(HUB.c.only)).first() is not None

    # Teams

    def team(self, team: bytes) -> TeamRow | None:
        """The team as stored, or None."""
        with self._engine.begin() as connection:
            row = connection.execute(select(TEAMS).where(TEAMS.c.team == team)).one_or_none()
        return None if row is None else TeamRow(row.team, row.head, row.log, row.log_revision)

    def log_revision(self, team: bytes) -> int | None:
        """How often the team's log has been replaced: tells whether a copy in memory is still the newest."""
        with self._engine.begin() as connection:
            return connection.execute(
                select(TEAMS.c.log_revision).where(TEAMS.c.team == team)
            ).scalar_one_or_none()

    def put_log(self, team: bytes, log: bytes, *, replaces: int | None, now: int) -> bool:
        """Store a team's log; `replaces` is the revision that it extends, None for a new team.

        False if another request was quicker: read again, extend that, come back.
        """
        with self._turn, self._writes.begin() as connection:
            if replaces is not None:
                changed = connection.execute(
                    update(TEAMS)
                    .where(TEAMS.c.team == team, TEAMS.c.log_revision == replaces)
                    .values(log=log, log_revision=replaces + 1)
                )
                return changed.rowcount == 1
            if connection.execute(select(TEAMS.c.team).where(TEAMS.c.team == team)).first() is not None:
                return False
            connection.execute(
                insert(TEAMS).values(team=team, head=0, log=log, log_revision=1, created_at=now)
            )
            return True

    # Envelopes

    def append(
        self,
        team: bytes,
        sender: bytes,
        member: bytes,
        previous: bytes,
        arrivals: Sequence[Arrival],
        now: int,
    ) -> Head:
        """Store consecutive envelopes of one sender; once they are durable, return the last as head.

        `previous` is the chain hash before the first. What is there already counts as stored. Raises
        `DoesNotFit` when they don't continue the sender's chain; then nothing has changed.
        """
        last = arrivals[-1]
        with self._turn, self._writes.begin() as connection:
            fresh = _what_is_new(connection, team, sender, previous, arrivals)
            if not fresh:
                at = connection.execute(
                    select(ENVELOPES.c.received_at).where(
                        ENVELOPES.c.team == team,
                        ENVELOPES.c.sender == sender,
                        ENVELOPES.c.number == last.number,
                    )
                ).scalar_one()
                return Head(sender, last.number, last.chain_hash, at)
            _move_sender(connection, team, sender, member, previous, arrivals, fresh, now)
            head: int = connection.execute(
                update(TEAMS)
                .where(TEAMS.c.team == team)
                .values(head=TEAMS.c.head + len(fresh))
                .returning(TEAMS.c.head)
            ).scalar_one()
            sets = _audience_sets(connection, team, {arrival.audiences for arrival in fresh})
            connection.execute(
                insert(ENVELOPES),
                [
                    {
                        "team": team,
                        "position": position,
                        "sender": sender,
                        "number": arrival.number,
                        "chain_hash": arrival.chain_hash,
                        "audience_set": sets[arrival.audiences],
                        "received_at": now,
                        "sealed": arrival.sealed,
                    }
                    for position, arrival in enumerate(fresh, start=head - len(fresh) + 1)
                ],
            )
        return Head(sender, last.number, last.chain_hash, now)

    def heads(self, team: bytes, member: bytes) -> tuple[Head, ...]:
        """The chain heads of a member's senders."""
        with self._engine.begin() as connection:
            rows = connection.execute(
                select(SENDERS.c.sender, SENDERS.c.number, SENDERS.c.chain_hash, SENDERS.c.received_at)
                .where(SENDERS.c.team == team, SENDERS.c.member == member)
                .order_by(SENDERS.c.sender)
            ).all()
        return tuple(Head(*row) for row in rows)

    def read(
        self,
        team: bytes,
        member: bytes,
        audiences: Collection[str],
        *,
        after: int,
        limit: int,
        max_bytes: int,
    ) -> Page:
        """Up to `limit` envelopes and about `max_bytes` after a position, of those that this caller may have.

        That is: sealed to one of `audiences`, or sent by a sender of `member`.
        """
        with self._engine.begin() as connection:
            head = connection.execute(select(TEAMS.c.head).where(TEAMS.c.team == team)).scalar_one()
            sets = connection.execute(
                select(AUDIENCE_SETS.c.audience_set, AUDIENCE_SETS.c.names).where(
                    AUDIENCE_SETS.c.team == team
                )
            ).all()
            may = set(audiences)
            readable = [row.audience_set for row in sets if may & set(row.names.split(AUDIENCE_SEPARATOR))]
            own = select(SENDERS.c.sender).where(SENDERS.c.team == team, SENDERS.c.member == member)
            rows = connection.execution_options(stream_results=True).execute(
                select(ENVELOPES.c.position, ENVELOPES.c.received_at, ENVELOPES.c.sealed)
                .where(
                    and_(ENVELOPES.c.team == team, ENVELOPES.c.position > after),
                    or_(ENVELOPES.c.audience_set.in_(readable), ENVELOPES.c.sender.in_(own)),
                )
                .order_by(ENVELOPES.c.position)
                .limit(limit + 1)
            )
            items: list[Item] = []
            size = 0
            more = False
            for row in rows:
                size += len(row.sealed)
                if len(items) == limit or (items and size > max_bytes):
                    more = True
                    rows.close()
                    break
                items.append(Item(row.position, row.received_at, row.sealed))
        return Page(tuple(items), head, more)


def _what_is_new(
    connection: Connection, team: bytes, sender: bytes, previous: bytes, arrivals: Sequence[Arrival]
) -> Sequence[Arrival]:
    """The arrivals that follow the sender's head, which stays locked. Raises `DoesNotFit`."""
    first, last = arrivals[0].number, arrivals[-1].number
    head = connection.execute(
        select(SENDERS.c.number, SENDERS.c.chain_hash)
        .where(SENDERS.c.team == team, SENDERS.c.sender == sender)
        .with_for_update()
    ).one_or_none()
    if head is None:
        if first != 1:
            raise DoesNotFit("gap", 1, ZERO)
        return arrivals
    fork = DoesNotFit("fork", head.number + 1, head.chain_hash)
    if first > head.number + 1:
        raise DoesNotFit("gap", head.number + 1, head.chain_hash)
    if last <= head.number:
        there = connection.execute(
            select(ENVELOPES.c.chain_hash).where(
                ENVELOPES.c.team == team, ENVELOPES.c.sender == sender, ENVELOPES.c.number == last
            )
        ).scalar_one()
        if there != arrivals[-1].chain_hash:
            raise fork
        return ()
    known = head.number - first + 1
    joint = arrivals[known - 1].chain_hash if known else previous
    if joint != head.chain_hash:
        raise fork
    return arrivals[known:]


def _move_sender(
    connection: Connection,
    team: bytes,
    sender: bytes,
    member: bytes,
    previous: bytes,
    arrivals: Sequence[Arrival],
    fresh: Sequence[Arrival],
    now: int,
) -> None:
    """Compare the sender's head with where `fresh` starts and swap it for their end."""
    to = {"number": fresh[-1].number, "chain_hash": fresh[-1].chain_hash, "received_at": now}
    if fresh[0].number == 1:
        connection.execute(insert(SENDERS).values(team=team, sender=sender, member=member, **to))
        return
    known = len(arrivals) - len(fresh)
    swapped = connection.execute(
        update(SENDERS)
        .where(
            SENDERS.c.team == team,
            SENDERS.c.sender == sender,
            SENDERS.c.number == fresh[0].number - 1,
            SENDERS.c.chain_hash == (arrivals[known - 1].chain_hash if known else previous),
        )
        .values(**to)
    )
    if swapped.rowcount != 1:  # can't happen while the head is locked; if it ever does, nothing is stored
        raise DoesNotFit("gap", fresh[0].number, ZERO)


def _audience_sets(
    connection: Connection, team: bytes, wanted: set[tuple[str, ...]]
) -> dict[tuple[str, ...], int]:
    """The row numbers of these audience sets, new ones added; the team's row is locked by now."""
    names = {audiences: AUDIENCE_SEPARATOR.join(sorted(set(audiences))) for audiences in wanted}
    known: dict[str, int] = {
        row.names: row.audience_set
        for row in connection.execute(
            select(AUDIENCE_SETS.c.names, AUDIENCE_SETS.c.audience_set).where(
                AUDIENCE_SETS.c.team == team, AUDIENCE_SETS.c.names.in_(names.values())
            )
        )
    }
    missing = sorted(set(names.values()) - known.keys())
    if missing:
        newest: int = connection.execute(
            select(func.coalesce(func.max(AUDIENCE_SETS.c.audience_set), 0)).where(
                AUDIENCE_SETS.c.team == team
            )
        ).scalar_one()
        for number, text in enumerate(missing, start=newest + 1):
            connection.execute(insert(AUDIENCE_SETS).values(team=team, audience_set=number, names=text))
            known[text] = number
    return {audiences: known[text] for audiences, text in names.items()}
