"""How records travel: what waits is pushed, what is new is pulled into the store.

`Records` is a member's store (see `store`) that syncs. Whatever a hub or a colleague sends is
checked before it counts: the envelope by sync, what is in it by `incoming`, who may change what by
`authority`. What is refused is told in a sentence, and holds up nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from outreach.authority import Authority
from outreach.incoming import SetAside, event_of
from outreach.logbook.events import Event
from outreach.store import NotOpened, NotPossible, SealedLater, Store
from sync.client import Client, Pulled
from sync.log import TeamLog

__all__ = ["NotOpened", "NotPossible", "Records", "SealedLater", "SyncReport"]

PULL_BATCH = 500
NOT_THEIRS = (
    "A correction, withdrawal or merge came from someone whose record it isn't. "
    "It is set aside and changes nothing."
)
SAME_ID = "Two different records came under one number. The first one counts; the other is set aside."


@dataclass(frozen=True)
class SyncReport:
    """What one sync did. `problems` are sentences about envelopes that were set aside."""

    sent: int
    fetched: int
    waiting: int
    problems: tuple[str, ...] = ()


class Records(Store):
    """One member's unlocked store, and its way to the hub and back."""

    def sync(self) -> SyncReport:
        """Push what waits, then pull what is new. Blocking; recording goes on meanwhile.

        Raises:
            SyncError: the hub can't be reached or answers strangely; records are safe and wait.
        """
        problems: list[str] = []
        with self._lock:
            if self._sender is not None:
                self._seal_what_is_owed()
        with self.device.client() as client:
            pushed = client.push()
            problems.extend(refusal.reason for refusal in pushed.refused)
            fetched = self._pull(client, problems)
        return SyncReport(pushed.sent, fetched, self.device.waiting() + self.owed, tuple(problems))

    def _pull(self, client: Client, problems: list[str]) -> int:
        """What is new, in batches. Where the network breaks off, what came before that stays."""
        fetched = 0
        batch: list[Pulled] = []
        position, mark = self._place()
        try:
            for pulled in client.pull(position, self._keyring, mark=mark):
                batch.append(pulled)
                if len(batch) >= PULL_BATCH:
                    full, batch = batch, []
                    fetched += self._take_in(full, client.team, problems)
        finally:
            fetched += self._take_in(batch, client.team, problems)
        return fetched

    def _cursor(self) -> int:
        return self._place()[0]

    def _place(self) -> tuple[int, bytes]:
        """How far the hub's order was read: the last position, and what marks the envelope there."""
        document = self._state.get(doc_id=1)
        if not isinstance(document, dict):
            return 0, b""
        return int(document["position"]), bytes(document.get("mark", b""))

    def _take_in(self, batch: list[Pulled], team: TeamLog, problems: list[str]) -> int:
        with self._lock:
            if self._sender is None:
                return 0  # locked meanwhile; it is met again at the next sync
            self.device.keep_team(team)
            if Authority.of(self.device.team) != self._authority:
                self._begin(self.logbook)
            if not batch:
                return 0
            fresh: list[Event] = []
            for pulled in batch:
                problems.extend(filter(None, (pulled.problem, pulled.warning)))
                if pulled.body is not None:
                    fresh.extend(self._event_of(pulled, team, problems))
            added = self._keep(self._first_of_each(fresh, problems), problems)
            told = {change.stamp.id for event in fresh for change in self.logbook.refused_with(event)}
            problems.extend([NOT_THEIRS] * len(told))
            self._remember_place(batch[-1])
            self.device.keep_counter()
            return added

    def _event_of(self, pulled: Pulled, team: TeamLog, problems: list[str]) -> Iterator[Event]:
        assert pulled.body is not None
        certificate = team.certificate(pulled.sender)
        by_device = certificate is None or certificate.kind != "member"
        try:
            yield event_of(pulled.body, pulled.member, by_device=by_device)
        except SetAside as problem:
            problems.append(str(problem))
            if problem.later:
                self._later.insert({"member": pulled.member, "body": pulled.body, "by_device": by_device})

    def _first_of_each(self, events: Iterable[Event], problems: list[str]) -> Iterator[Event]:
        """One event of an id: the one that is here, or that the hub had first."""
        met: dict[bytes, Event] = {}
        for event in events:
            known = self.logbook.events.get(event.stamp.id) or met.setdefault(event.stamp.id, event)
            if known is event:
                yield event
            elif known != event:
                problems.append(SAME_ID)

    def _remember_place(self, last: Pulled) -> None:
        place = {"position": last.position, "mark": last.mark}
        if self._state.contains(doc_id=1):
            self._state.update(place, doc_ids=[1])
        else:
            self._state.insert(place)
