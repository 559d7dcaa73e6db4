"""A device's side of the hub: push what waits, take receipts, pull what others sent.

    client = Client(url, hub_public, installation, log, outbox)
    client.push()                      # -> PushReport
    for item in client.pull(cursor, keyring):
        ...                            # item.position is the next cursor, whatever the item is

Calls block (time-outs apply); run them in a thread. Whatever goes wrong is a `SyncError` with
a sentence, and leaves the outbox as it was or further: pushing again is always right.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx

from sync import cbor
from sync.connection import ANSWER_LIMIT, SAFE, Connection, HubCard, ask_hub, wall_clock
from sync.envelope import Envelope, pack_batch
from sync.errors import (
    BadEnvelope,
    BadReceipt,
    BadTeamLog,
    HubConfused,
    HubRefused,
    HubUnreachable,
    SyncError,
)
from sync.keyring import Keyring
from sync.log import TeamLog
from sync.outbox import Outbox, OutboxError
from sync.pulling import Pulled, Reading, mark_of, unreadable
from sync.pushing import FORKED, RESTORED, Pushing, PushReport, Refusal, Stuck
from sync.receipts import RECEIVED, Receipt
from sync.team import Sender
from sync.times import LATEST

__all__ = [
    "Client",
    "HubCard",
    "HubConfused",
    "HubRefused",
    "HubUnreachable",
    "Pulled",
    "PushReport",
    "Refusal",
    "SyncError",
    "ask_hub",
]

PAGE = 200
"""Envelopes asked for at a time."""
_LOG_BEHIND = ("log-behind", "device-not-known", "team-not-known")


class Client:
    """A device's connection to its team's hub."""

    def __init__(
        self,
        hub_url: str,
        hub_public: bytes,
        installation: Sender,
        team: TeamLog,
        outbox: Outbox,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        """
        Args:
            hub_url: `https:`, or `http:` on this machine.
            hub_public: the hub's pinned Ed25519 public key, 32 bytes.
            installation: whose key authenticates requests.
            team: the team's log, verified under the pinned root key.
            outbox: where records wait.
            transport: for tests.
            clock: milliseconds since 1970 by the device.

        Raises:
            HubUnreachable: an address that can't be used.
        """
        self._connection = Connection(hub_url, transport=transport, clock=clock)
        self._hub_public = hub_public
        self._installation = installation
        self._team = team
        self._outbox = outbox

    @property
    def team(self) -> TeamLog:
        """The team's log, with what a pull may have learnt; keep it when it has grown."""
        return self._team

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the team's log -------------------------------------------------------------------

    def register_team(self, log: TeamLog | None = None) -> None:
        """Give the hub the team's log, or what is new in it. Doing it again changes nothing."""
        log = log or self._team
        self._connection.ask("PUT", f"/v1/teams/{log.team.hex()}", body=log.to_bytes())

    def refresh_team(self) -> TeamLog:
        """The team's log with what the hub knows beyond it, verified."""
        data = self._ask("GET", "log")
        try:
            self._team = self._team.merged(TeamLog.from_bytes(data))
        except BadTeamLog as error:
            raise HubConfused(f"The hub's copy of the team's log doesn't verify. {error}") from None
        return self._team

    # --- push -----------------------------------------------------------------------------

    def push(self) -> PushReport:
        """Send what waits and take the receipts.

        One sender's trouble doesn't hold up another's. Where nothing was sent, receipts are
        fetched, and what a hub restored from a backup has lost waits again and is sent.

        Raises:
            HubUnreachable, HubConfused: nothing more can be sent now. What was receipted stays so.
            HubRefused: the hub doesn't serve this device at all.
            OutboxError: the outbox can't be read or written.
        """
        refused: list[Refusal] = []
        sent = self._push_all(refused)
        stuck = {refusal.sender for refusal in refused}
        if not sent and (not stuck or stuck < set(self._outbox.senders())):
            try:
                self._take_receipts(refused)
            except HubRefused:
                if not refused:
                    raise
            sent += self._push_all(refused)
        if self._connection.hub_time is not None:
            self._outbox.note_sync(self._connection.hub_time)
        return PushReport(sent, self._outbox.waiting(), tuple(refused))

    def _push_all(self, refused: list[Refusal]) -> int:
        sent = 0
        for sender in self._outbox.senders_waiting():
            pushing = Pushing(self._outbox, sender, self._team, self._post)
            try:
                pushing.run()
            except (HubRefused, Stuck) as error:
                _tell(refused, Refusal(sender, pushing.number, str(error)))
            sent += pushing.sent
        return sent

    def _post(self, run: list[Envelope]) -> None:
        """One batch, and its receipts into the outbox."""
        answer = _map(self._ask("POST", "envelopes", body=pack_batch(run)))
        receipts = self._receipts(answer)
        for receipt in receipts:
            trouble = self._misfit(receipt)
            if trouble:
                raise Stuck(trouble)
        last = run[-1]
        if not any(r.sender == last.sender and r.number >= last.number for r in receipts):
            raise HubConfused(f"The hub's receipt doesn't cover what was sent. {SAFE}")
        self._accept(receipts)

    def _take_receipts(self, refused: list[Refusal]) -> None:
        receipts = self._receipts(_map(self._ask("GET", "receipts")))
        held = {receipt.sender: receipt.number for receipt in receipts if receipt.kind == RECEIVED}
        misfits: set[bytes] = set()
        for receipt in receipts:
            trouble = self._misfit(receipt)
            if self._outbox.head(receipt.sender)[0] == 0:
                continue  # another device of this member
            if trouble:
                misfits.add(receipt.sender)
                _tell(refused, Refusal(receipt.sender, receipt.number, trouble))
            else:
                self._accept([receipt])
        member = self._installation.certificate.member
        for sender in self._outbox.senders():
            certificate = self._team.certificate(sender)
            if certificate is not None and certificate.member == member and sender not in misfits:
                self._outbox.wait_again(sender, held.get(sender, 0) + 1)

    def _misfit(self, receipt: Receipt) -> str | None:
        """Why a receipt is not for the history that the outbox holds; None where it is."""
        if receipt.number > self._outbox.head(receipt.sender)[0]:
            return RESTORED
        fits = self._outbox.chain_hash(receipt.sender, receipt.number) == receipt.chain_hash
        return None if fits else FORKED

    def _receipts(self, answer: dict[str, Any]) -> list[Receipt]:
        found: list[Receipt] = []
        for name in ("received", "backed_up"):
            listed = answer.get(name, [])
            if not isinstance(listed, list) or not all(isinstance(data, bytes) for data in listed):
                raise HubConfused(f"The hub's answer makes no sense here. {SAFE}")
            try:
                found += [Receipt.from_bytes(data, self._hub_public) for data in listed]
            except BadReceipt as error:
                raise HubConfused(str(error)) from None
        if any(receipt.team != self._team.team for receipt in found):
            raise HubConfused(f"The hub's receipt is another team's. {SAFE}")
        return found

    def _accept(self, receipts: list[Receipt]) -> None:
        try:
            self._outbox.accept(receipts)
        except OutboxError as error:
            if type(error) is not OutboxError:
                raise
            raise HubConfused(str(error)) from None

    # --- pull -----------------------------------------------------------------------------

    def pull(self, after: int, keyring: Keyring, limit: int = PAGE, *, mark: bytes = b"") -> Iterator[Pulled]:
        """What the hub holds for this member after a position, oldest first, page by page.

        A bad envelope is given with its problem and blocks nothing. Stop at any time and go on
        from the last item's position and mark. A hub that was restored from a backup begins anew:
        items may then be known already.

        Args:
            after: the last position that was dealt with; 0 for everything.
            keyring: what opens them.
            limit: envelopes a page (1 to 1000).
            mark: that of the item at `after`. It is asked for once more: where another one stands
                there now, the hub was restored and has moved on since, and everything is met again.

        Raises:
            HubUnreachable, HubConfused, HubRefused: items given before it are good.
        """
        reading = Reading(keyring)
        known = after if mark else 0
        after -= 1 if known else 0
        while True:
            refreshed = False
            answer = _map(self._ask("GET", "envelopes", params={"after": after, "limit": limit}))
            items, more, head = answer.get("items"), answer.get("more"), answer.get("head")
            if not isinstance(items, list) or not isinstance(more, bool) or type(head) is not int:
                raise HubConfused(f"The hub's answer makes no sense here. {SAFE}")
            if head < max(after, known) or (known and not _begins_with(items, known, mark)):
                after = known = 0  # the hub was restored from a backup: what is here already is met again
                continue
            for item in items:
                match item:
                    case [int(position), int(received_at), bytes(data)] if (
                        after < position < 2**63 and received_at <= LATEST
                    ):
                        after = position
                    case _:
                        raise HubConfused(f"The hub's answer makes no sense here. {SAFE}")
                if position == known:
                    known = 0
                    continue
                try:
                    envelope = Envelope.from_bytes(data)
                except BadEnvelope as error:
                    yield unreadable(position, received_at, str(error), mark_of(data))
                    continue
                if not refreshed and not self._knows(envelope):
                    refreshed = True
                    self.refresh_team()
                yield replace(reading.read(position, received_at, envelope, self._team), mark=mark_of(data))
            if not more:
                return
            if not items:
                raise HubConfused(f"The hub's answer makes no sense here. {SAFE}")

    def _knows(self, envelope: Envelope) -> bool:
        return self._team.certificate(envelope.sender) is not None and all(
            self._team.epoch(epoch) is not None for _, epoch in envelope.sealed_to
        )

    def _ask(
        self, method: str, what: str, *, body: bytes | None = None, params: dict[str, int] | None = None
    ) -> bytes:
        path = f"/v1/teams/{self._team.team.hex()}/{what}"
        try:
            return self._connection.ask(method, path, body=body, params=params, sender=self._installation)
        except HubRefused as no:
            if no.kind not in _LOG_BEHIND:
                raise
        self.register_team()  # the hub knows less of the team than this device
        return self._connection.ask(method, path, body=body, params=params, sender=self._installation)


def _tell(refused: list[Refusal], new: Refusal) -> None:
    """Each trouble once, though it was met twice."""
    if all((new.sender, new.reason) != (known.sender, known.reason) for known in refused):
        refused.append(new)


def _begins_with(items: list[Any], position: int, mark: bytes) -> bool:
    match items:
        case [[int(first), _, bytes(data)], *_]:
            return first == position and mark_of(data) == mark
    return False


def _map(data: bytes) -> dict[str, Any]:
    try:
        value = cbor.decode(data, limit=ANSWER_LIMIT)
    except cbor.BadCbor:
        value = None
    if not isinstance(value, dict):
        raise HubConfused(f"The hub's answer makes no sense here. {SAFE}")
    return value
