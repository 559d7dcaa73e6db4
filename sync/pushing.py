"""Pushing one sender's waiting records, with a remedy for each kind of no that has one.

The network comes in as a function (`post`), so this is only about order: oldest first, one
batch after the other, each marked in the outbox by its receipt before the next goes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sync.envelope import Envelope, verify
from sync.errors import BadEnvelope, HubRefused, SyncError, UnknownSender
from sync.log import TeamLog
from sync.outbox import BATCH_BYTES, Outbox


@dataclass(frozen=True)
class Refusal:
    """One sender's records that the hub doesn't take now, and why. They stay and wait."""

    sender: bytes
    number: int
    reason: str


@dataclass(frozen=True)
class PushReport:
    """What a push did: records that the hub has receipted in it, and what still waits."""

    sent: int
    waiting: int
    refused: tuple[Refusal, ...] = ()


RESTORED = (
    "The hub holds more records of this device than the device itself: it was restored from a copy. "
    "Nothing is lost; a coordinator can take the device in anew."
)
FORKED = (
    "The hub holds other records of this device than the device itself: it was copied or restored. "
    "Both are kept; a coordinator can take the device in anew."
)


class Stuck(SyncError):
    """A sender's records can't go on their way for now."""


class Pushing:
    """One sender's records on their way. `sent` and `number` (where it stands) are always up to date."""

    def __init__(
        self, outbox: Outbox, sender: bytes, team: TeamLog, post: Callable[[list[Envelope]], None]
    ) -> None:
        """`post` sends a run and puts its receipts into the outbox, or raises."""
        self.sent = 0
        self.number = 0
        self._outbox = outbox
        self._sender = sender
        self._team = team
        self._post = post
        self._bytes = BATCH_BYTES
        self._sent_again = False

    def run(self) -> None:
        """Send until nothing waits.

        Raises:
            Stuck: these records can't go on for now.
            HubRefused, HubConfused, HubUnreachable: as the hub answered.
        """
        while run := next(self._outbox.batches(self._bytes, sender=self._sender), None):
            self.number = run[0].number
            run = self._sound(run)
            try:
                self._post(run)
            except HubRefused as no:
                if not self._remedy(no, run):
                    raise
            else:
                self.sent += len(run)

    def _sound(self, run: list[Envelope]) -> list[Envelope]:
        """Those before the first that doesn't verify here; that one is set aside."""
        for place, envelope in enumerate(run):
            try:
                verify(envelope, self._team)
            except UnknownSender:
                raise Stuck(
                    "The team's log on this device doesn't know who recorded these. They are safe and wait."
                ) from None
            except BadEnvelope:
                reason = "Its signature is broken on this device's disk, so it can't be sent. It is kept."
                self._outbox.set_aside(envelope.number, envelope.sender, reason)
                if place == 0:
                    self.number = envelope.number
                    raise Stuck(f"Record {envelope.number}: {reason} Later ones wait.") from None
                return run[:place]
        return run

    def _remedy(self, no: HubRefused, run: list[Envelope]) -> bool:
        """Whether something was changed that makes another try worth it."""
        if no.expected_number is not None:
            return self._realign(no.expected_number, no.chain_hash or bytes(32))
        if no.status in (400, 413, 422) and len(run) > 1:
            self._bytes = 1  # one by one: those before the one in question get through
            return True
        return False

    def _realign(self, expected: int, chain_hash: bytes) -> bool:
        here = self._outbox.chain_hash(self._sender, expected - 1)
        if here is None:
            raise Stuck(RESTORED)
        if here != chain_hash:
            raise Stuck(FORKED)
        aside = [
            a.number
            for a in self._outbox.set_aside_records()
            if a.sender == self._sender and a.number >= expected
        ]
        if aside:
            raise Stuck(
                f"Record {aside[0]} is set aside, and the later ones wait for it. Nothing is lost; "
                "a coordinator can take the device in anew."
            )
        if not self._sent_again and self._outbox.wait_again(self._sender, expected):
            self._sent_again = True
            return True
        raise Stuck(
            "The hub has lost records that this device no longer holds. What is here is safe and waits; "
            "whoever runs the hub can restore them from its backup."
        )
