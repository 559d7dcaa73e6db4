"""A profile on a device: what works before anyone unlocks.

A profile is one folder. Outside its vault lie things that tell nothing about people: who the
member is, an upload-only installation key, the team's public log, packs, and the outbox
of sealed envelopes. So a contact can be recorded, sealed and delivered while the profile is
locked; opening what was recorded takes the passphrase (`unlock`).

    device.json   member, role, hub, installation key (mode 0600; this key opens nothing)
    team.cbor     the team's signed log: certificates and public audience keys
    packs/        directory.toml and trust.json, not signed yet (SECURITY.md)
    outbox.db     sealed envelopes that wait for the hub
    vault/        the encrypted store
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from forms import cards, services
from outreach import capture
from outreach.logbook import codec
from outreach.logbook.events import Event, Withdrawn
from outreach.slips import Trust
from outreach.stamps import Clock
from sync.client import Client, PushReport
from sync.errors import SyncError
from sync.outbox import Outbox
from sync.team import Sender, TeamLog

if TYPE_CHECKING:
    from outreach.session import Session
    from outreach.vault.attempts import AttemptPolicy


class DeviceError(Exception):
    """This folder can't be used as a profile; the sentence says why and what is safe."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The file `device.json`. `seed` is the installation key: it signs and uploads, and opens nothing."""

    device: bytes
    member: bytes
    sender: bytes
    seed: bytes
    name: str
    role: str
    team: str
    root: bytes
    hub: str = ""
    site: str = ""
    site_name: str = ""
    version: int = 1

    def __repr__(self) -> str:
        return f"Profile(name={self.name!r}, role={self.role!r})"

    def at_hub(self, url: str) -> Profile:
        """The same profile with the hub at another address."""
        return msgspec.structs.replace(self, hub=url)

    def write(self, folder: Path) -> None:
        plain = {
            name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for name, value in msgspec.structs.asdict(self).items()
        }
        _replace(folder / "device.json", json.dumps(plain, indent=1).encode())

    @classmethod
    def read(cls, folder: Path) -> Profile:
        try:
            return msgspec.json.decode((folder / "device.json").read_bytes(), type=cls)
        except FileNotFoundError:
            raise DeviceError(f"There is no profile in {folder}. Nothing was changed.") from None
        except (OSError, ValueError):  # msgspec's errors are of this kind, and those of texts
            raise DeviceError(
                f"The profile in {folder} can't be read. What it recorded is still there, sealed. "
                "Show this to your coordinator; nothing was changed."
            ) from None


class Device:
    """A locked profile. Methods named as blocking are called in a thread by screens."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.profile = Profile.read(self.folder)
        self.team = self._read_team()
        if not (self.folder / "outbox.db").exists():  # made when a member joins, and never again
            raise DeviceError(
                f"The outbox of the profile in {self.folder} is missing. What was recorded is in the vault, "
                "and what had been sent is with the team. Show this to your coordinator; nothing was changed."
            )
        try:
            self.installation = Sender.of(self.team, self.profile.sender, self.profile.seed)
            self.outbox = Outbox(self.folder / "outbox.db")
        except SyncError as problem:
            raise DeviceError(str(problem)) from None
        except ValueError:
            raise DeviceError(
                f"The key of the profile in {self.folder} is damaged. What it recorded is still there, "
                "sealed. Show this to your coordinator; nothing was changed."
            ) from None
        self.clock = Clock(self.profile.member, self.profile.device, counter=self._read_counter())

    # --- what everyone may see ---

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def role(self) -> str:
        return self.profile.role

    @property
    def site(self) -> str:
        return self.profile.site

    @property
    def site_name(self) -> str:
        return self.profile.site_name

    @property
    def team_name(self) -> str:
        return self.profile.team

    @cached_property
    def directory(self) -> services.Directory:
        try:
            return services.load(self.folder / "packs" / "directory.toml")
        except (OSError, services.DirectoryError) as problem:
            raise DeviceError(f"{_PACK.format('directory of places')} {_sentence(problem)}") from None

    def take_directory(self, file: Path) -> services.Directory:
        """Use another directory of places from now on.

        Raises:
            DirectoryError: it has a mistake; the sentence names service and field, and the
                directory from before stays in use.
        """
        taken = services.load(file)
        fresh = self.folder / "packs" / "directory.new"
        fresh.write_bytes(file.read_bytes())
        fresh.replace(self.folder / "packs" / "directory.toml")
        self.__dict__["directory"] = taken
        return taken

    @cached_property
    def trust(self) -> Trust:
        try:
            return Trust.from_json((self.folder / "packs" / "trust.json").read_bytes())
        except (OSError, ValueError) as problem:
            raise DeviceError(f"{_PACK.format('list of teams and slips')} {_sentence(problem)}") from None

    @cached_property
    def cards(self) -> tuple[cards.Card, ...]:
        return cards.load_all()

    def waiting(self) -> int:
        """How many records have not left this device yet."""
        return self.outbox.waiting()

    def last_sync(self) -> datetime | None:
        """When the hub last answered, in its time."""
        return self.outbox.last_sync

    # --- recording without unlocking ---

    def save_contact(self, draft: capture.ContactDraft) -> capture.Saved:
        """Seal a contact straight to the outbox. It comes back to the member as unfinished, to confirm.

        Blocking (a few milliseconds). Returns once it is on disk.
        """
        draft.unfinished = True
        event = capture.recorded(draft, self.clock.stamp(locked=True, late=draft.late))
        self._seal(event)
        at = datetime.fromtimestamp(event.stamp.at / 1000, UTC)
        return capture.Saved(event.stamp.id, event.contact, at)

    def undo(self, saved: capture.Saved) -> None:
        """Take back what was just recorded: another sealed event."""
        self._seal(Withdrawn(stamp=self.clock.stamp(locked=True), target=saved.event))

    def _seal(self, event: Event) -> None:
        self.outbox.record(event.stamp.id, codec.encode(event), ("team",), self.installation, self.team)
        self.keep_counter()

    # --- delivering and unlocking ---

    def client(self) -> Client:
        return Client(
            self.profile.hub, self.team.hub_public or b"", self.installation, self.team, self.outbox
        )

    def deliver(self) -> PushReport:
        """Send what waits. Blocking; needs no unlocking, since the envelopes are sealed."""
        with self.client() as client:
            return client.push()

    def unlock(self, passphrase: str, *, attempts: AttemptPolicy | None = None) -> Session:
        """Open the vault. Blocking, about a second.

        Args:
            attempts: on a phone, what wrong tries lead to: growing waits, and in the end the vault's
                records are destroyed on this device. The outbox and the installation key stay, so
                everything that was saved still reaches the team. None (on a server): nothing is counted.

        Raises:
            NotOpened: wrong passphrase, too soon, wiped, damaged, or open elsewhere; the sentence says which.
        """
        from outreach.session import Session

        return Session.open(self, passphrase, attempts)

    def close(self) -> None:
        self.outbox.close()

    def _read_team(self) -> TeamLog:
        try:
            team = TeamLog.from_bytes((self.folder / "team.cbor").read_bytes())
            team.verify(self.profile.root)
        except (OSError, SyncError):
            raise DeviceError(
                "The list of this team on this device can't be read or isn't signed by the team. "
                "Records are safe; show this to your coordinator."
            ) from None
        return team

    def keep_team(self, team: TeamLog) -> None:
        """Keep what was learnt of the team: the log only ever grows. Without room, it is learnt again."""
        if len(team.statements) > len(self.team.statements):
            self.team = team
            with suppress(OSError):
                _replace(self.folder / "team.cbor", team.to_bytes())

    # --- the counter survives a restart, so that order does too ---

    def keep_counter(self) -> None:
        """A hint, not a record: where it can't be written, saving goes on. Another window's may be ahead."""
        counter = max(self.clock.counter, self._read_counter())
        with suppress(OSError):
            _replace(self.folder / "counter", str(counter).encode(), durable=False)

    def _read_counter(self) -> int:
        try:
            return max(0, int((self.folder / "counter").read_text()))
        except (OSError, ValueError):
            return 0


_PACK = "The {} on this device can't be used; what was recorded is safe. A coordinator can give it anew."


def _sentence(problem: Exception) -> str:
    return (problem.strerror or "It can't be read") + "." if isinstance(problem, OSError) else str(problem)


def _replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Give a file new contents: after a power cut it holds the old or the new ones. Mode 0600."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
