"""The example team: two phones, a desk, a coordinator's laptop, with real keys and certificates.

    example = build(folder)
    device = example.open_device("sam")
    session = device.unlock(example.passphrases["sam"])

Everything is made as in a real team: the root key certifies the coordinator, who takes everyone
in; each profile gets its own vault with its own passphrase. Only the root key is thrown away,
and the passphrases lie in `passphrases.json` beside the profiles, because this is an example.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forms import services
from outreach import slips
from outreach.device import Device, Profile
from outreach.vault import Vault, new_passphrase
from sync import team as teams
from sync.hub import identity
from sync.outbox import Outbox

TEAM = "Riverside example team"
SITE = "yard"
HUB_PORT = 8441
_PASSPHRASES = "passphrases.json"
_MARK = "EXAMPLE.txt"
_MARKED = "outreach demo keeps an example team in this folder and makes it anew when it is asked to.\n"


class NotAnExample(Exception):
    """A folder holds something that an example team would take the place of; the sentence says what."""


@dataclass(frozen=True)
class Person:
    """Who has a profile in the example team."""

    profile: str
    name: str
    role: str
    site: str = ""
    what: str = ""


PEOPLE = (
    Person("sam", "Sam", "worker", what="Sam’s phone, outreach worker"),
    Person("jo", "Jo", "peer", what="Jo’s phone, peer worker"),
    Person("yard", "Priya", "desk", SITE, "The Yard’s tablet, welcome desk"),
    Person("alex", "Alex", "coordinator", what="Alex’s laptop, coordinator"),
)


@dataclass(frozen=True)
class Example:
    """Where the example team lies, and its passphrases by profile."""

    root: Path
    passphrases: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Example({self.root})"

    @property
    def profiles(self) -> dict[str, Path]:
        return {person.profile: self.folder(person.profile) for person in PEOPLE}

    @property
    def database(self) -> str:
        """The hub's database as an SQLAlchemy address."""
        return f"sqlite:///{self.root / 'hub.db'}"

    def folder(self, profile: str) -> Path:
        return self.root / "profiles" / profile

    def open_device(self, profile: str) -> Device:
        return Device(self.folder(profile))

    def point_to_hub(self, url: str) -> None:
        """Tell every profile where the hub listens now."""
        for folder in self.profiles.values():
            profile = Profile.read(folder)
            if profile.hub != url:
                profile.at_hub(url).write(folder)


def claim(root: Path) -> None:
    """Make the folder, and mark it as the example's. Nothing of anybody else's is taken over.

    Raises:
        NotAnExample: there is a hub or a profile in it that no example made. Nothing was changed.
        OSError: the folder can't be made or written.
    """
    if not ((root / _MARK).exists() or exists(root)):
        for name in ("hub.db", "hub.key", "profiles"):
            if (root / name).exists():
                raise NotAnExample(
                    f"{root} holds {name}, and no example team made it. Nothing was changed. "
                    "Choose another folder for the example."
                )
    root.mkdir(parents=True, exist_ok=True)
    (root / _MARK).write_text(_MARKED, encoding="utf-8")


def exists(root: Path) -> bool:
    return (root / _PASSPHRASES).exists()


def load(root: Path) -> Example:
    """The example team that was built here before."""
    return Example(root, json.loads((root / _PASSPHRASES).read_text()))


def build(
    root: Path, *, hub_url: str = f"http://127.0.0.1:{HUB_PORT}", now: datetime | None = None
) -> Example:
    """Make the team anew in `root` (what was there of an example team is replaced). About a second.

    Raises:
        NotAnExample: `root` holds a hub or profiles of somebody else's. Nothing was changed.
    """
    now = now or datetime.now(UTC)
    claim(root)
    profiles = root / "profiles"
    if profiles.exists():
        shutil.rmtree(profiles)
    (root / _PASSPHRASES).unlink(missing_ok=True)

    founding = teams.found_team(TEAM, now, sites=(SITE,))
    coordinator = founding.coordinator
    log = teams.name_hub(founding.log, coordinator, identity.load(root).public, now)
    log, slip_key, slip_seed = teams.new_slip_key(log, coordinator, now)
    enrolled = {}
    for person in PEOPLE:
        if person.role == "coordinator":
            enrolled[person.profile] = coordinator
            continue
        enrolment = teams.enrol(
            log, coordinator, role=person.role, now=now, site=person.site, write_only=False
        )
        enrolled[person.profile], log = enrolment, enrolment.log

    directory = services.load(services.EXAMPLE)
    trust = _trust(log, slip_key, directory, now)
    passphrases = {}
    for person in PEOPLE:
        folder = profiles / person.profile
        (folder / "packs").mkdir(parents=True)
        enrolment = enrolled[person.profile]
        _write_profile(folder, person, enrolment, founding.root_public, hub_url, directory)
        (folder / "team.cbor").write_bytes(log.to_bytes())
        shutil.copyfile(services.EXAMPLE, folder / "packs" / "directory.toml")
        (folder / "packs" / "trust.json").write_bytes(trust.to_json())
        passphrases[person.profile] = new_passphrase()
        with Vault.create(folder / "vault", passphrases[person.profile]) as vault:
            keys = vault.db.table("keys")
            keys.insert(
                {
                    "kind": "member",
                    "sender": enrolment.certificate.sender,
                    "keys": enrolment.keys.to_document(),
                }
            )
            keys.insert({"kind": "keyring", "keys": enrolment.keyring.to_document()})
            if person.role != "desk":
                keys.insert({"kind": "slip", "kid": slip_key.kid, "seed": slip_seed})
    path = root / _PASSPHRASES
    path.write_text(json.dumps(passphrases, indent=1))
    path.chmod(0o600)
    return Example(root, passphrases)


def _write_profile(
    folder: Path,
    person: Person,
    enrolment: teams.Enrolment,
    root_public: bytes,
    hub_url: str,
    directory: services.Directory,
) -> None:
    site_name = next((service.name for service in directory.services if service.id == person.site), "")
    Profile(
        device=secrets.token_bytes(8),
        member=enrolment.certificate.member,
        sender=enrolment.installation_certificate.sender,
        seed=enrolment.installation_seed,
        name=person.name,
        role=person.role,
        team=TEAM,
        root=root_public,
        hub=hub_url,
        site=person.site,
        site_name=site_name,
    ).write(folder)
    Outbox(folder / "outbox.db").close()


def _trust(
    log: teams.TeamLog, key: teams.SlipKey, directory: services.Directory, now: datetime
) -> slips.Trust:
    listed = tuple(
        slips.ListedService(
            service.id,
            service.discreet_name,
            tuple(session.number for session in service.sessions),
            service.closes_on,
        )
        for service in directory.services
    )
    keys = (slips.SlipKey(key.kid, key.public, key.from_ // 1000, key.until // 1000),)
    team = slips.ListedTeam(log.team.hex(), directory.organisation.neutral_name, keys, listed)
    return slips.Trust(int(now.timestamp()), (team,))
