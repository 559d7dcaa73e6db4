"""What the hub does, without HTTP: bytes and a token in, bytes out or a `Problem`.

Every method may block and may be called from several threads at once.
"""

from __future__ import annotations

import base64

from sync import cbor
from sync.hub import caller, intake
from sync.hub.access import Clock
from sync.hub.database import folder_of, read_url
from sync.hub.identity import HubKey, load
from sync.hub.limits import PAGE_BYTES
from sync.hub.problems import conflict
from sync.hub.store import DoesNotFit, Head, Store
from sync.hub.teams import Teams
from sync.log import TeamLog
from sync.receipts import RECEIVED, Receipt


class Hub:
    """A store of sealed envelopes with a signing key and a clock."""

    versions = (1,)
    """Versions of the protocol that are spoken here."""

    def __init__(self, store: Store, key: HubKey, clock: Clock) -> None:
        self._store = store
        self._teams = Teams(store)
        self._key = key
        self.now = clock

    @classmethod
    def open(cls, database: str, clock: Clock, key: HubKey | None = None) -> Hub:
        """The hub on `database`, with the key that belongs to it. Raises `HubError`."""
        key = key or load(folder_of(read_url(database)))
        store = Store.open(database)
        try:
            store.remember_key(key.public, clock())
        except BaseException:
            store.close()
            raise
        return cls(store, key, clock)

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    @property
    def public_key(self) -> str:
        """What devices pin: the Ed25519 public key in base64url without padding."""
        return base64.urlsafe_b64encode(self._key.public).rstrip(b"=").decode("ascii")

    def check(self) -> None:
        """Read the database; whatever is wrong with it is raised."""
        self._store.answers()

    def introduce(self, team: str, log: bytes) -> bool:
        """Take in a team's log; True when the team is new here."""
        return self._teams.put(bytes.fromhex(team), log, self.now())

    def log(self, team: str, authorization: str | None) -> bytes:
        """The team's log."""
        return self._identify(team, authorization)[0].to_bytes()

    def push(self, team: str, authorization: str | None, body: bytes) -> bytes:
        """Store a batch and answer with its receipt, when it is durable."""
        log, who = self._identify(team, authorization)
        now = self.now()
        batch = intake.check(body, log, who, now)
        try:
            head = self._store.append(
                log.team, batch.sender, batch.member, batch.previous, batch.arrivals, now
            )
        except DoesNotFit as refusal:
            raise conflict(
                refusal.kind,
                str(refusal),
                expected_number=refusal.expected_number,
                chain_hash=refusal.chain_hash.hex(),
            ) from None
        return self._receipts(log.team, [head])

    def pull(self, team: str, authorization: str | None, after: int, limit: int) -> bytes:
        """The next envelopes after a position that the caller may have."""
        log, who = self._identify(team, authorization)
        page = self._store.read(
            log.team, who.member, who.audiences, after=after, limit=limit, max_bytes=PAGE_BYTES
        )
        items = [[item.position, item.received_at, item.sealed] for item in page.items]
        return cbor.encode({"items": items, "head": page.head, "more": page.more})

    def receipts(self, team: str, authorization: str | None) -> bytes:
        """A receipt for the newest envelope of each of the member's senders."""
        log, who = self._identify(team, authorization)
        return self._receipts(log.team, self._store.heads(log.team, who.member))

    def _identify(self, team: str, authorization: str | None) -> tuple[TeamLog, caller.Caller]:
        log = self._teams.log(bytes.fromhex(team))
        return log, caller.identify(authorization, log, self.now())

    def _receipts(self, team: bytes, heads: list[Head] | tuple[Head, ...]) -> bytes:
        signed = [
            Receipt.issue(
                self._key.private,
                team=team,
                kind=RECEIVED,
                sender=head.sender,
                number=head.number,
                chain_hash=head.chain_hash,
                at=head.received_at,
            ).to_bytes()
            for head in heads
        ]
        return cbor.encode({"received": signed})
