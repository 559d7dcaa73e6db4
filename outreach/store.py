"""One member's unlocked store: vault, then a sealed envelope, then "Saved".

`Store` is the unlocked store of one member: the vault with its keys, the logbook folded from
the vault's events, and the outbox. A record is written to the vault and synced, then sealed into
the outbox and synced; only then does `record` return. When it is opened again, events that have
no envelope are sealed (the power went between the two), and captures made while locked are
brought in from the outbox.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from outreach.audiences import audiences
from outreach.authority import Authority
from outreach.incoming import NO_PLACE, SetAside, event_of
from outreach.logbook import codec
from outreach.logbook.events import Event
from outreach.logbook.shared import SharedLogbook
from outreach.vault import ValueRefused, Vault, VaultClosed, VaultError, VaultInUse, WrongPassphrase
from outreach.vault.attempts import AttemptPolicy
from sync.content import BODY_LIMIT
from sync.envelope import open_envelope, verify
from sync.errors import SyncError
from sync.outbox import OutboxDamaged
from sync.sealed import AUDIENCES
from sync.team import Keyring, MemberKeys, Sender

if TYPE_CHECKING:
    from outreach.device import Device


class NotPossible(Exception):
    """What was asked can't be done now; the sentence says why and what is possible instead."""


class SealedLater(SyncError):
    """A record of several parts is in the vault, and a part of it couldn't be sealed."""

    def __init__(self) -> None:
        super().__init__(
            "This is kept on this device, and a part of it can't be sent yet. It is saved once, "
            "and goes out by itself when there is room."
        )


class NotOpened(Exception):
    """The vault stays shut; the sentence says why, what is safe and what to do."""

    def __init__(self, sentence: str, *, wrong_passphrase: bool = False) -> None:
        super().__init__(sentence)
        self.wrong_passphrase = wrong_passphrase


class Store:
    """One member's unlocked store. Safe to call from several threads; one writer at a time."""

    def __init__(self, device: Device, vault: Vault) -> None:
        self.device = device
        self._vault = vault
        self._lock = threading.RLock()
        self._events = vault.db.table("events")
        self._state = vault.db.table("state")
        self._later = vault.db.table("later")  # records of a newer version, as they came
        self._owed: list[Event] = []  # in the vault, and not sealed for want of room
        self._begin()
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
    def open(cls, device: Device, passphrase: str, attempts: AttemptPolicy | None = None) -> Self:
        """Blocking (about a second). Raises NotOpened.

        With `attempts`, wrong tries are counted and in the end destroy the vault; not on a server.
        """
        try:
            vault = Vault.open(device.folder / "vault", passphrase, attempts=attempts)
        except (WrongPassphrase, UnicodeEncodeError):  # half a character is in no passphrase
            raise NotOpened(str(WrongPassphrase()), wrong_passphrase=True) from None
        except VaultInUse:
            raise NotOpened(
                f"{device.name}’s records are already open in another window or program. "
                "Nothing was changed. Lock it there, then try again."
            ) from None
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
        return f"{type(self).__name__}({self.device.profile.name!r}, {len(self.logbook)} events)"

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
                if self._take_back(events):
                    raise
                raise SealedLater from None
            finally:
                self.device.keep_counter()

    def _check(self, event: Event) -> None:
        """What may not be recorded, or could never be sealed, is refused before it is in the vault."""
        if event.stamp.member != self.device.profile.member:
            raise NotPossible(
                "This is another member's record; it is made on their device. Nothing was saved."
            )
        if self.logbook.refuses(event):
            raise NotPossible(
                "A colleague recorded this. They or a coordinator can change it. Nothing was saved."
            )
        if len(codec.encode(event)) > BODY_LIMIT or len(self.audiences(event)) > AUDIENCES:
            raise NotPossible(
                "This is longer than a record can be. Nothing was saved; save it in a shorter form."
            )

    def _seal(self, event: Event) -> None:
        sender = self._sender
        if sender is None:
            raise VaultClosed
        self.device.outbox.record(
            event.stamp.id, codec.encode(event), self.audiences(event), sender, self.device.team
        )

    def _take_back(self, events: tuple[Event, ...]) -> bool:
        """Out of the vault again, where nothing of it was sealed; else the rest is sealed later.

        Raises VaultError where the vault can't be written either: then nobody knows before the next
        opening, and it is shown no more until then.
        """
        unsealed = events
        with suppress(SyncError):
            unsealed = tuple(each for each in events if not self.device.outbox.has(each.stamp.id))
        if len(unsealed) < len(events):
            self._owed += unsealed
            return False
        gone = {event.stamp.id for event in events}
        self._begin(each for each in self.logbook if each.stamp.id not in gone)
        self._events.remove(lambda document: document["stamp"]["id"] in gone)
        return True

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
        return audiences(event, self.logbook, self.device.team)

    # --- opening ---

    def _begin(self, events: Iterable[Event] = ()) -> None:
        """The views anew, under who may change what as the team's log says now."""
        self._authority = Authority.of(self.device.team)
        self.logbook = SharedLogbook(events, may=self._authority.may)

    def _read_all(self) -> None:
        for document in self._events:
            try:
                self._fold(codec.from_document(dict(document)))
            except codec.UnreadableEvent:
                continue  # of a newer version: kept in the vault, read once this app is newer

    def _read_what_came_too_early(self) -> None:
        for document in self._later:
            try:
                by_device = document.get("by_device", False)
                event = event_of(document["body"], document["member"], by_device=by_device)
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
                body = open_envelope(entry.envelope, self._keyring)
                yield event_of(body, self.device.profile.member, by_device=True)
            except OutboxDamaged:
                continue  # set aside when it is its turn to be sent; the others are sound
            except (SyncError, SetAside):
                continue  # a write-only member can't open it; it travels all the same

    def _seal_what_is_not_sealed(self) -> None:
        known = self.device.outbox.refs()
        mine = (self.device.profile.member, self.device.profile.device)
        self._owed = [
            event
            for event in self.logbook
            if event.stamp.id not in known and (event.stamp.member, event.stamp.device) == mine
        ]
        self._seal_what_is_owed()

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

    def close(self) -> None:
        """Drop the keys and what was read with them, and shut the vault."""
        with self._lock:
            self._keyring = Keyring()
            self._slip_key = None
            self._sender = None
            self.logbook = SharedLogbook()
            self._vault.close()
