"""The way of a record: vault, then a sealed envelope, then "Saved"; and back from the hub.

`Records` is the unlocked store of one member: the vault with its keys, the logbook folded from
the vault's events, and the outbox. A record is written to the vault and synced, then sealed into
the outbox and synced; only then does `record` return. When it is opened again, events that have
no envelope are sealed (the power went between the two), and captures made while locked are
brought in from the outbox.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.authority import Authority
from outreach.incoming import NO_PLACE, SetAside, event_of
from outreach.logbook import codec
from outreach.logbook.events import (
    Arrived,
    Corrected,
    DeskOutcome,
    Event,
    PermissionWithdrawn,
    SentAhead,
    SlipIssued,
    Withdrawn,
)
from outreach.logbook.views import Logbook
from outreach.vault import ValueRefused, Vault, VaultClosed, VaultError, WrongPassphrase
from sync.client import Pulled
from sync.envelope import open_envelope, verify
from sync.errors import SyncError
from sync.outbox import OutboxDamaged
from sync.team import Keyring, MemberKeys, Sender

if TYPE_CHECKING:
    from outreach.device import Device

PULL_BATCH = 500


class NotOpened(Exception):
    """The vault stays shut; the sentence says why, what is safe and what to do."""

    def __init__(self, sentence: str, *, wrong_passphrase: bool = False) -> None:
        super().__init__(sentence)
        self.wrong_passphrase = wrong_passphrase


@dataclass(frozen=True)
class SyncReport:
    """What one sync did. `problems` are sentences about envelopes that were set aside."""

    sent: int
    fetched: int
    waiting: int
    problems: tuple[str, ...] = ()


class Records:
    """One member's unlocked store. Safe to call from several threads; one writer at a time."""

    def __init__(self, device: Device, vault: Vault) -> None:
        self.device = device
        self._vault = vault
        self._lock = threading.RLock()
        self._events = vault.db.table("events")
        self._state = vault.db.table("state")
        self._later = vault.db.table("later")  # records of a newer version, as they came
        self._mark = b""
        self._owed: list[Event] = []  # in the vault, and not sealed for want of room
        self._authority = Authority.of(device.team)
        self.logbook = Logbook(may=self._authority.may)
        keys = {document["kind"]: dict(document) for document in vault.db.table("keys")}
        self._keyring = Keyring.from_document(keys["keyring"]["keys"])
        slip = keys.get("slip")
        self._slip_key = (bytes(slip["kid"]), bytes(slip["seed"])) if slip else None
        member = keys["member"]
        self._sender: Sender | None = Sender.of(
            device.team, member["sender"], MemberKeys.from_document(member["keys"]).sign_seed
        )
        self._read_all()
        self._read_what_came_too_early()
        self._bring_in_locked_captures()
        self._seal_what_is_not_sealed()

    @classmethod
    def open(cls, device: Device, passphrase: str) -> Records:
        """Blocking (about a second). Raises NotOpened."""
        try:
            vault = Vault.open(device.folder / "vault", passphrase)
        except (WrongPassphrase, UnicodeEncodeError):  # half a character is in no passphrase
            raise NotOpened(str(WrongPassphrase()), wrong_passphrase=True) from None
        except VaultError as problem:
            raise NotOpened(str(problem)) from None
        try:
            return cls(device, vault)
        except (VaultError, SyncError) as problem:
            vault.close()
            raise NotOpened(str(problem)) from None
        except (KeyError, TypeError, ValueError):  # the keys in the vault are not those of a member
            vault.close()
            raise NotOpened(
                "The vault opened, and a member's keys are not in it. What it holds is safe and unchanged; "
                "a coordinator can take this device in again."
            ) from None
        except BaseException:
            vault.close()
            raise

    def __repr__(self) -> str:
        return f"Records({self.device.profile.name!r}, {len(self.logbook)} events)"

    @property
    def slip_key(self) -> tuple[bytes, bytes] | None:
        """Key id and seed that sign this month's slips, for members who may issue."""
        return self._slip_key

    # --- recording ---

    @property
    def guard(self) -> threading.RLock:
        """Held around looking something up and recording what follows from it."""
        return self._lock

    @property
    def owed(self) -> int:
        """How many records are in the vault and couldn't be sealed yet. They are tried again at each sync."""
        return len(self._owed)

    def record(self, *events: Event) -> None:
        """Write events (all or none), seal them, and return when both are on disk.

        Where they can't be sealed they are taken back out of the vault, so that saving them again
        makes no double. What was sealed in part stays, and the rest is sealed later.

        Raises:
            VaultError, SyncError: with a sentence; it doesn't count as saved.
        """
        with self._lock:
            for event in events:
                self._check(event)
            self._seal_what_is_owed()
            self._keep(events)
            try:
                for event in events:
                    self._seal(event)
            except SyncError:
                self._unkeep(events)
                raise
            finally:
                self.device.keep_counter()

    def _check(self, event: Event) -> None:
        """What could never be sealed is refused before it is in the vault."""
        if event.stamp.member != self.device.profile.member:
            raise NotOwn("This is another member's record, and is recorded on their device. Nothing was saved.")
        if len(codec.encode(event)) > BODY_LIMIT or len(self.audiences(event)) > AUDIENCES:
            raise BadEnvelope("This is longer than a record can be. Nothing was saved; shorten it and save again.")

    def _seal(self, event: Event) -> None:
        sender = self._sender
        if sender is None:
            raise VaultClosed
        self.device.outbox.record(
            event.stamp.id, codec.encode(event), self.audiences(event), sender, self.device.team
        )

    def _unkeep(self, events: Iterable[Event]) -> None:
        sealed = [self.device.outbox.has(event.stamp.id) for event in events]
        fresh = {event.stamp.id for event in events}
        if any(sealed):
            self._owed += [event for event, done in zip(events, sealed, strict=True) if not done]
            return
        self._events.remove(lambda document: document["stamp"]["id"] in fresh)
        self.logbook = Logbook((each for each in self.logbook if each.stamp.id not in fresh), may=self._may)

    def _seal_what_is_owed(self) -> None:
        """Each by itself: one that can't be sealed holds up no other, and no opening."""
        owed, self._owed = self._owed, []
        for event in owed:
            try:
                self._seal(event)
            except SyncError:
                self._owed.append(event)

    def audiences(self, event: Event) -> tuple[str, ...]:
        """Who may read an event. Corrections and withdrawals follow what they put right."""
        match event:
            case Arrived() | SentAhead() | SlipIssued():
                return self._with_desk(event.service)
            case DeskOutcome():
                return self._with_desk(self.device.site)
            case PermissionWithdrawn():
                return self._told_under(event.permission)
            case Corrected() | Withdrawn():  # as it was recorded: by now it may count as taken back
                target = self.logbook.events.get(event.target)
                return ("team",) if target is None else self.audiences(target)
            case _:
                return ("team",)

    def _told_under(self, permission: bytes) -> tuple[str, ...]:
        """Everyone who was told something under a permission hears that it was taken back."""
        told = {"team"}
        for event in self.logbook:
            if isinstance(event, SentAhead) and event.permission == permission:
                told |= set(self._with_desk(event.service))
        return tuple(sorted(told))

    def _with_desk(self, site: str) -> tuple[str, ...]:
        """The team, and the desk of a site where it has one.

        Of a slip that nobody has shown, a desk learns token, place and dates.
        """
        desk = f"desk:{site}"
        return (desk, "team") if desk in self.device.team.audiences() else ("team",)

    # --- opening ---

    def _read_all(self) -> None:
        for document in self._events:
            try:
                self._fold(codec.from_document(dict(document)))
            except codec.UnreadableEvent:
                continue  # of a newer version: kept in the vault, read once this app is newer

    def _read_what_came_too_early(self) -> None:
        for document in self._later:
            try:
                event = event_of(document["body"], document["member"])
            except SetAside:
                continue
            self._keep([event])
            self._later.remove(doc_ids=[document.doc_id])

    def _fold(self, event: Event) -> bool:
        self.device.clock.seen(event.stamp.counter)
        return self.logbook.add(event)

    def _bring_in_locked_captures(self) -> None:
        self._keep(self._locked_captures())

    def _locked_captures(self) -> Iterator[Event]:
        """What was recorded on this device without unlocking, and is not in the vault yet."""
        for ref in self.device.outbox.refs():
            if ref in self.logbook:
                continue
            try:
                entry = self.device.outbox.entry(ref)
                if entry is None or entry.envelope is None:
                    continue
                if entry.sender != self.device.installation.sender_id:
                    continue
                verify(entry.envelope, self.device.team)
                yield event_of(open_envelope(entry.envelope, self._keyring), self.device.profile.member)
            except OutboxDamaged:
                continue  # set aside when it is its turn to be sent; the others are sound
            except (SyncError, SetAside):
                continue  # a write-only member can't open it; it travels all the same

    def _seal_what_is_not_sealed(self) -> None:
        known = self.device.outbox.refs()
        mine = (self.device.profile.member, self.device.profile.device)
        self._seal(
            event
            for event in self.logbook
            if event.stamp.id not in known and (event.stamp.member, event.stamp.device) == mine
        )

    # --- travelling ---

    def sync(self) -> SyncReport:
        """Push what waits, then pull what is new. Blocking; recording goes on meanwhile.

        Raises:
            SyncError: the hub can't be reached or answers strangely; records are safe and wait.
        """
        fetched = 0
        problems: list[str] = []
        batch: list[Pulled] = []
        with self.device.client() as client:
            pushed = client.push()
            problems.extend(refusal.reason for refusal in pushed.refused)
            for pulled in client.pull(self._cursor(), self._keyring):
                batch.append(pulled)
                if len(batch) >= PULL_BATCH:
                    fetched += self._take_in(batch, problems)
                    batch = []
            self.device.keep_team(client.team)
        fetched += self._take_in(batch, problems)
        return SyncReport(pushed.sent, fetched, self.device.waiting(), tuple(problems))

    def _cursor(self) -> int:
        document = self._state.get(doc_id=1)
        return int(document["position"]) if isinstance(document, dict) else 0

    def _take_in(self, batch: list[Pulled], problems: list[str]) -> int:
        if not batch:
            return 0
        with self._lock:
            fresh: list[Event] = []
            for pulled in batch:
                if pulled.body is None:
                    if pulled.problem:
                        problems.append(pulled.problem)
                    continue
                try:
                    fresh.append(event_of(pulled.body, pulled.member))
                except SetAside as problem:
                    problems.append(str(problem))
                    if problem.later:
                        self._later.insert({"member": pulled.member, "body": pulled.body})
            added = self._keep(fresh, problems)
            self._remember_cursor(batch[-1].position)
            self.device.keep_counter()
            return added

    def _keep(self, events: Iterable[Event], problems: list[str] | None = None) -> int:
        """Into the vault first, then into the views: what a view shows is on disk.

        All or none; with `problems`, what the vault has no place for is set aside with a sentence.
        """
        fresh = {event.stamp.id: event for event in events if event.stamp.id not in self.logbook}
        documents = {event: codec.to_document(fresh[event]) for event in fresh}
        if documents:
            try:
                self._events.insert_multiple(documents.values())
            except ValueRefused:
                if problems is None:
                    raise
                for known, document in documents.items():
                    try:
                        self._events.insert(document)
                    except ValueRefused:
                        problems.append(NO_PLACE)
                        del fresh[known]
        for event in fresh.values():
            self._fold(event)
        return len(fresh)

    def _remember_cursor(self, position: int) -> None:
        if self._state.contains(doc_id=1):
            self._state.update({"position": position}, doc_ids=[1])
        else:
            self._state.insert({"position": position})

    def close(self) -> None:
        """Drop the keys and what was read with them, and shut the vault."""
        with self._lock:
            self._keyring = Keyring()
            self._slip_key = None
            self._sender = None
            self.logbook = Logbook()
            self._vault.close()
