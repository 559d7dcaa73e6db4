"""Making a team: its root key, its audiences, and the people and devices in it.

Start here to understand who can read what:

- `found_team` makes the root key, a key for each audience and the first coordinator.
- `enrol` lets a coordinator take someone in: certificates for the member and for the device,
  and the private keys of the audiences that the role reads (`audiences_of`).
- `TeamLog` is what everyone may see of it; `Keyring` is what only the members hold.
- `Sender` is what signs: a key with the certificate that the log holds for it.

The root key is used at founding and at recovery and is kept off every device.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync.errors import BadTeamLog, TeamError
from sync.keyring import Keyring, MemberKeys
from sync.log import TeamLog
from sync.signing import team_id
from sync.statements import (
    ID,
    ROLES,
    ROOT,
    Certificate,
    Epoch,
    HubNamed,
    Said,
    SlipKey,
    Statement,
    TeamNamed,
    desk_of,
    is_audience,
    state,
)
from sync.times import milliseconds

__all__ = [
    "ROOT",
    "BadTeamLog",
    "Certificate",
    "Enrolment",
    "Epoch",
    "Founding",
    "Keyring",
    "MemberKeys",
    "Sender",
    "SlipKey",
    "Statement",
    "TeamError",
    "TeamLog",
    "audiences_of",
    "enrol",
    "found_team",
    "name_hub",
    "new_slip_key",
    "open_site",
    "team_id",
]

CERTIFIED_FOR = timedelta(days=400)
"""How long a certificate is good; a coordinator renews it within the year."""
CLOCK_SLACK = timedelta(days=1)
"""Certificates begin a day early, so that a phone whose clock is behind can work at once."""
SLIP_KEY_FOR = timedelta(days=45)
"""A slip key signs for a month and is listed for the life of the last slip (14 days)."""


@dataclass(frozen=True)
class Sender:
    """Who seals: a signing key, and the certificate that the team's log holds for it."""

    sender_id: bytes
    key: Ed25519PrivateKey = field(repr=False)
    certificate: Certificate

    @classmethod
    def of(cls, log: TeamLog, sender_id: bytes, seed: bytes) -> "Sender":
        """The sender with this id in the log and this 32-byte Ed25519 seed.

        Raises:
            TeamError: the log doesn't know the sender, or the seed is another key's.
        """
        certificate = log.certificate(sender_id)
        key = Ed25519PrivateKey.from_private_bytes(seed)
        if certificate is None or _public(key) != certificate.sign_public:
            raise TeamError(
                "The team's log on this device doesn't know this device's key. Records are safe; "
                "a coordinator can take the device in again."
            )
        return cls(sender_id, key, certificate)


@dataclass(frozen=True)
class Enrolment:
    """A member taken in: the log that says so, and everything that the new device keeps.

    `keys` and `keyring` go into the vault; `installation_seed` (32 bytes, Ed25519) lies outside
    it, signs what is recorded without unlocking, pushes, and opens nothing.
    """

    log: TeamLog
    certificate: Certificate
    installation_certificate: Certificate
    keys: MemberKeys
    installation_seed: bytes = field(repr=False)
    keyring: Keyring

    @property
    def sender(self) -> Sender:
        """What the member signs with."""
        return Sender(self.certificate.sender, self.keys.signing_key, self.certificate)

    @property
    def installation(self) -> Sender:
        """What the device signs and pushes with while it is locked."""
        key = Ed25519PrivateKey.from_private_bytes(self.installation_seed)
        return Sender(self.installation_certificate.sender, key, self.installation_certificate)


@dataclass(frozen=True)
class Founding:
    """A new team. `root_seed` (32 bytes, Ed25519) goes on the recovery sheet and onto no device."""

    root_seed: bytes = field(repr=False)
    log: TeamLog
    coordinator: Enrolment

    @property
    def root_public(self) -> bytes:
        return self.log.root_public


def audiences_of(
    role: str, *, site: str = "", sites: Iterable[str] = (), write_only: bool = True
) -> tuple[str, ...]:
    """The audiences that a role reads, in order of their names (design: "Who reads what").

    Args:
        role: one of `ROLES`.
        site: a desk's own site.
        sites: all of the team's sites; coordinators read every desk.
        write_only: a peer who isn't reads `team` as well.
    """
    match role:
        case "worker":
            return ("all", "team")
        case "peer":
            return ("all",) if write_only else ("all", "team")
        case "desk":
            return ("all", desk_of(site))
        case "coordinator":
            return tuple(sorted({"all", "team", "coordinators", *map(desk_of, sites)}))
        case "safeguarding":
            return ("all", "safeguarding")
    raise TeamError(f"There is no role of that name in a team. The roles are {', '.join(ROLES)}.")


def found_team(
    name: str, now: datetime, *, sites: Sequence[str] = (), member: bytes | None = None
) -> Founding:
    """A new team with its first coordinator and a key for each audience.

    `safeguarding` has no key yet: it is made when its lead is enrolled, who alone keeps it.

    Args:
        name: what the team is called (1 to 80 characters). The hub sees it.
        now: aware.
        sites: the desks that it begins with (a-z, 0-9, hyphen); see `open_site` for later ones.
        member: the coordinator's member id, random where left out.

    Raises:
        TeamError: a site's name that can't be one.
    """
    root = Ed25519PrivateKey.generate()
    root_public = _public(root)
    team = team_id(root_public)
    at = milliseconds(now)

    def by_root(said: Said) -> Statement:
        return state(said, team=team, issuer=ROOT, key=root, at=at)

    try:
        log = TeamLog(root_public, [by_root(TeamNamed(name))])
    except BadTeamLog:
        raise TeamError("A team's name has 1 to 80 characters. Nothing was made.") from None
    keyring = Keyring()
    for audience in ("all", "team", "coordinators", *(_desk(site) for site in dict.fromkeys(sites))):
        epoch, keys = _new_epoch(audience, (), at)
        log, keyring = log.plus(by_root(epoch)), keyring.plus(keys)
    coordinator = _enrolment(log, keyring, by_root, "coordinator", "", member, True, now)
    return Founding(_seed(root), coordinator.log, coordinator)


def enrol(
    log: TeamLog,
    issuer: Enrolment,
    *,
    role: str,
    now: datetime,
    site: str = "",
    member: bytes | None = None,
    write_only: bool = True,
) -> Enrolment:
    """Take someone in, by a coordinator.

    Args:
        log: the team's log as it stands.
        issuer: the coordinator who does it; their keyring is where the new one's keys come from.
        role: `worker`, `peer`, `desk`, `coordinator` or `safeguarding`.
        now: aware; the certificates are good from a day before for `CERTIFIED_FOR`.
        site: for a desk, a site that is open (`open_site`).
        member: their member id (8 bytes), random where left out; a second device has the same.
        write_only: for a peer: reads `all` and nothing of the team's.

    Raises:
        TeamError: not a coordinator, an unknown role or site, or keys that the issuer doesn't hold.
    """
    current = log.certificate(issuer.certificate.sender)
    if current is None or current.role != "coordinator" or current.kind != "member":
        raise TeamError("Only a coordinator of this team can take someone in. Nothing was changed.")
    if member is not None and len(member) != ID:
        raise TeamError("That member id can't be one. Nothing was changed.")
    if (role == "desk") != bool(site):
        raise TeamError("A desk belongs to one site, and the other roles to none. Nothing was changed.")
    if site and log.current_epoch(_desk(site)) is None:
        raise TeamError(f"The team has no desk at “{site}” yet. Open the site first; nothing was changed.")
    by = _by(log, issuer, now)
    try:
        return _enrolment(log, issuer.keyring, by, role, site, member, write_only, now)
    except BadTeamLog:
        raise TeamError("The coordinator's own certificate is out of date. Nothing was changed.") from None


def open_site(log: TeamLog, issuer: Enrolment, site: str, now: datetime) -> tuple[TeamLog, Keyring]:
    """A desk at a new site: its key, and coordinators' certificates that name it.

    Returns the longer log and a ring with the desk's private key, for every coordinator's vault.
    """
    at, by = milliseconds(now), _by(log, issuer, now)
    audience = _desk(site)
    if log.current_epoch(audience) is not None:
        raise TeamError(f"The site “{site}” is open already. Nothing was changed.")
    epoch, keyring = _new_epoch(audience, (), at)
    renewed = [
        by(replace(c, audiences=tuple(sorted({*c.audiences, audience}))))
        for c in log.certificates()
        if c.kind == "member" and c.role == "coordinator"
    ]
    return log.plus(by(epoch), *renewed), keyring


def new_slip_key(log: TeamLog, issuer: Enrolment, now: datetime) -> tuple[TeamLog, SlipKey, bytes]:
    """A key that signs slips from now on: the longer log, its public part, its 32-byte Ed25519 seed.

    The seed goes to the members who may issue, into their vaults.
    """
    key = Ed25519PrivateKey.generate()
    slip_key = SlipKey(
        secrets.token_bytes(4),
        _public(key),
        milliseconds(now - CLOCK_SLACK),
        milliseconds(now + SLIP_KEY_FOR),
    )
    return log.plus(_by(log, issuer, now)(slip_key)), slip_key, _seed(key)


def name_hub(log: TeamLog, issuer: Enrolment, hub_public: bytes, now: datetime) -> TeamLog:
    """The log that also says which hub's receipts count (32-byte Ed25519 public key)."""
    return log.plus(_by(log, issuer, now)(HubNamed(hub_public)))


# --- what they are made of ---------------------------------------------------------------------


class _By:
    """Statements by one coordinator at one time."""

    def __init__(self, team: bytes, sender: Sender, at: int) -> None:
        self._team, self._sender, self._at = team, sender, at

    def __call__(self, said: Said) -> Statement:
        return state(said, team=self._team, issuer=self._sender.sender_id, key=self._sender.key, at=self._at)


def _by(log: TeamLog, issuer: Enrolment, now: datetime) -> _By:
    return _By(log.team, issuer.sender, milliseconds(now))


def _enrolment(
    log: TeamLog,
    keyring: Keyring,
    by: Callable[[Said], Statement],
    role: str,
    site: str,
    member: bytes | None,
    write_only: bool,
    now: datetime,
) -> Enrolment:
    sites = [name.removeprefix("desk:") for name in log.audiences() if name.startswith("desk:")]
    audiences = audiences_of(role, site=site, sites=sites, write_only=write_only)
    if role == "safeguarding":  # the lead is the keeper: this key is made for them and held by nobody else
        before = log.current_epoch(role)
        epoch, keys = _new_epoch(role, (before.epoch,) if before else (), milliseconds(now))
        log, keyring = log.plus(by(epoch)), keyring.plus(keys)
    due = keyring.due(audiences)
    current = [log.current_epoch(audience) for audience in audiences]
    if any(epoch is None or (epoch.audience, epoch.epoch) not in due for epoch in current):
        raise TeamError(
            "This coordinator doesn't hold all the keys that the role reads. Another coordinator "
            "can do it; nothing was changed."
        )
    sign, seal, device = (
        Ed25519PrivateKey.generate(),
        X25519PrivateKey.generate(),
        Ed25519PrivateKey.generate(),
    )
    own = Certificate(
        team=log.team,
        sender=secrets.token_bytes(ID),
        member=member or secrets.token_bytes(ID),
        kind="member",
        role=role,
        site=site,
        sign_public=_public(sign),
        seal_public=_public(seal),
        audiences=audiences,
        valid_from=milliseconds(now - CLOCK_SLACK),
        valid_until=milliseconds(now + CERTIFIED_FOR),
    )
    installation = replace(
        own,
        sender=secrets.token_bytes(ID),
        kind="installation",
        sign_public=_public(device),
        seal_public=b"",
        audiences=(),
    )
    log = log.plus(by(own), by(installation))
    certified, installed = log.certificate(own.sender), log.certificate(installation.sender)
    assert certified is not None
    assert installed is not None
    return Enrolment(log, certified, installed, MemberKeys(_seed(sign), _seed(seal)), _seed(device), due)


def _new_epoch(audience: str, parents: tuple[bytes, ...], at: int) -> tuple[Epoch, Keyring]:
    key = X25519PrivateKey.generate()
    epoch = Epoch(audience, secrets.token_bytes(ID), parents, _public(key), at)
    return epoch, Keyring({(audience, epoch.epoch): _seed(key)})


def _desk(site: str) -> str:
    if not is_audience(desk_of(site)):
        raise TeamError("A site's name is made of a-z, 0-9 and hyphens, at most 40. Nothing was changed.")
    return desk_of(site)


def _public(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _seed(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
