"""What a team's log says: signed statements, each a small frozen value.

A statement travels as `[payload, signature]`; the payload is deterministic CBOR
`[version, kind, team, issuer, at, ...]` and is kept as it was received, because the signature
is over those bytes. `issuer` is the sender id of the coordinator who signed, or empty for the
team's root key. Nobody is named in here: the hub reads these.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import cbor
from sync.errors import BadTeamLog
from sync.signing import PUBLIC, SIGNATURE, sign
from sync.times import LATEST

VERSION = 1
ID = 8
"""Bytes of a team id, member id, sender id, device id and epoch id."""
STATEMENT_LIMIT = 4096
"""Bytes of the longest payload."""
NAME_LIMIT = 80
"""Characters in a team's name."""
ROOT = b""
"""The issuer of what the root key signs."""

KINDS = ("member", "installation")
ROLES = ("worker", "peer", "desk", "coordinator", "safeguarding")
_AUDIENCE = re.compile(r"all|team|coordinators|safeguarding|desk:[a-z0-9][a-z0-9-]{0,39}")


def is_audience(name: object) -> bool:
    """Whether `name` is `all`, `team`, `coordinators`, `safeguarding` or `desk:<site>`.

    A site is 1 to 40 of a-z, 0-9 and the hyphen, and doesn't begin with a hyphen.
    """
    return isinstance(name, str) and _AUDIENCE.fullmatch(name) is not None


def desk_of(site: str) -> str:
    """The audience of the desk at a site."""
    return f"desk:{site}"


@dataclass(frozen=True)
class Certificate:
    """Whose key this is and what it may do: a signed statement in the team's log.

    `sender` is the id of the key's line of envelopes, `member` the person's; a member has one
    certificate of kind `member` and one of kind `installation` a device. `seal_public` (X25519)
    is for giving a member something alone; an installation has none and may read nothing.
    `audiences` are those that it may read and that the hub may serve it. Times in milliseconds.
    """

    team: bytes
    sender: bytes
    member: bytes
    kind: str
    role: str
    site: str
    sign_public: bytes
    seal_public: bytes
    audiences: tuple[str, ...]
    valid_from: int
    valid_until: int
    issuer: bytes = ROOT
    at: int = 0
    version: int = VERSION
    signature: bytes = field(default=b"", repr=False)

    def valid_at(self, at: int) -> bool:
        """Whether it is in date at `at` (milliseconds)."""
        return self.valid_from <= at <= self.valid_until

    def may_read(self, audience: str) -> bool:
        return audience in self.audiences


@dataclass(frozen=True)
class Epoch:
    """A key of an audience from a time on. `parents` are the epochs that it replaces."""

    audience: str
    epoch: bytes
    parents: tuple[bytes, ...]
    public: bytes
    from_: int


@dataclass(frozen=True)
class SlipKey:
    """The public half of a key that signs slips. `kid` is 4 bytes; times in milliseconds."""

    kid: bytes
    public: bytes
    from_: int
    until: int


@dataclass(frozen=True)
class TeamNamed:
    """What the team is called."""

    name: str


@dataclass(frozen=True)
class HubNamed:
    """The public key (Ed25519) of the hub whose receipts count."""

    public: bytes


Said = Certificate | Epoch | SlipKey | TeamNamed | HubNamed


@dataclass(frozen=True)
class Statement:
    """One signed statement: the bytes that were signed, and the signature."""

    payload: bytes
    signature: bytes = field(repr=False)


@dataclass(frozen=True)
class Read:
    """What a payload says, and who says it when. Not verified yet: see `sync.log`."""

    team: bytes
    issuer: bytes
    at: int
    said: Said


def state(said: Said, *, team: bytes, issuer: bytes, key: Ed25519PrivateKey, at: int) -> Statement:
    """The signed statement that says `said`, by `issuer` (a sender id, or ROOT) at `at` (ms)."""
    payload = cbor.encode([VERSION, _kind(said), team, issuer, at, *_fields(said)])
    return Statement(payload, sign(key, "statement", payload))


def _kind(said: Said) -> str:
    match said:
        case TeamNamed():
            return "team"
        case Certificate():
            return "certificate"
        case Epoch():
            return "epoch"
        case SlipKey():
            return "slip_key"
        case HubNamed():
            return "hub"


def _fields(said: Said) -> list[Any]:
    match said:
        case TeamNamed(name):
            return [name]
        case Certificate() as c:
            return [
                *(c.sender, c.member, c.kind, c.role, c.site, c.sign_public, c.seal_public),
                *(list(c.audiences), c.valid_from, c.valid_until),
            ]
        case Epoch() as e:
            return [e.audience, e.epoch, list(e.parents), e.public, e.from_]
        case SlipKey() as s:
            return [s.kid, s.public, s.from_, s.until]
        case HubNamed(public):
            return [public]


def read(statement: Statement) -> Read:
    """What a statement says, its shape checked and its signature not.

    Raises:
        BadTeamLog: not a statement of a version and kind known here.
    """
    try:
        payload = cbor.decode(statement.payload, limit=STATEMENT_LIMIT)
    except cbor.BadCbor as error:
        raise BadTeamLog(f"A statement in the team's log can't be read ({error}). {_SAFE}") from None
    if not isinstance(payload, list) or not payload:
        raise BadTeamLog(f"A statement in the team's log can't be read. {_SAFE}")
    if type(payload[0]) is not int or payload[0] != VERSION:
        raise BadTeamLog(f"The team's log was written by a newer version of Outreach. {_SAFE}")
    if len(payload) < 6 or len(statement.signature) != SIGNATURE:
        raise BadTeamLog(f"A statement in the team's log can't be read. {_SAFE}")
    _, kind, team, issuer, at, *rest = payload
    if not (_bytes(team, ID) and (issuer == ROOT or _bytes(issuer, ID)) and _time(at)):
        raise BadTeamLog(f"A statement in the team's log can't be read. {_SAFE}")
    said = _said(kind, rest, team, issuer, at, statement.signature)
    return Read(team, issuer, at, said)


_SAFE = "Records on this device are safe; the log that was here before stays in use."


def _said(kind: object, rest: list[Any], team: bytes, issuer: bytes, at: int, signature: bytes) -> Said:
    match kind, rest:
        case "team", [str(name)] if 0 < len(name) <= NAME_LIMIT:
            return TeamNamed(name)
        case "hub", [public] if _bytes(public, PUBLIC):
            return HubNamed(public)
        case "slip_key", [kid, public, from_, until] if (
            _bytes(kid, 4) and _bytes(public, PUBLIC) and _time(from_) and _time(until) and from_ <= until
        ):
            return SlipKey(kid, public, from_, until)
        case "epoch", [audience, epoch, list(parents), public, from_] if (
            is_audience(audience)
            and _bytes(epoch, ID)
            and len(parents) <= 16
            and all(_bytes(parent, ID) for parent in parents)
            and _bytes(public, PUBLIC)
            and _time(from_)
        ):
            return Epoch(audience, epoch, tuple(parents), public, from_)
        case "certificate", [
            sender,
            member,
            k,
            role,
            site,
            sign_public,
            seal_public,
            list(audiences),
            start,
            end,
        ]:
            sound = (
                _bytes(sender, ID)
                and _bytes(member, ID)
                and k in KINDS
                and role in ROLES
                and isinstance(site, str)
                and (site == "") == (role != "desk")
                and (site == "" or is_audience(desk_of(site)))
                and _bytes(sign_public, PUBLIC)
                and (seal_public == b"" if k == "installation" else _bytes(seal_public, PUBLIC))
                and len(audiences) <= 200
                and all(is_audience(name) for name in audiences)
                and audiences == sorted(set(audiences))
                and (k == "member" or not audiences)
                and _time(start)
                and _time(end)
                and start <= end
            )
            if sound:
                return Certificate(
                    *(
                        team,
                        sender,
                        member,
                        k,
                        role,
                        site,
                        sign_public,
                        seal_public,
                        tuple(audiences),
                        start,
                        end,
                    ),
                    issuer=issuer,
                    at=at,
                    signature=signature,
                )
    if kind not in ("team", "hub", "slip_key", "epoch", "certificate"):
        raise BadTeamLog(
            f"The team's log says something that only a newer version of Outreach knows. {_SAFE}"
        )
    raise BadTeamLog(f"A statement in the team's log can't be read. {_SAFE}")


def _bytes(value: object, length: int) -> bool:
    return isinstance(value, bytes) and len(value) == length


def _time(value: object) -> bool:
    return type(value) is int and 0 <= value <= LATEST
