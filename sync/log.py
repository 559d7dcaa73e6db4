"""The log of a team: signed statements in order, verified when they are read.

A `TeamLog` that exists is sound: `from_bytes`, `plus` and `merged` check every signature and
every right before they return. What it doesn't know by itself is *whose* team it is, so
whoever has the team's root key pinned calls `verify(root_public)` first.

Who may say what (PROTOCOL.md, "Team log"): the root key anything; a member with the role
coordinator, in date, anything as well. Nobody else.
"""

import hmac
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from sync import cbor
from sync.errors import BadTeamLog
from sync.signing import PUBLIC, SIGNATURE, signed_by, team_id
from sync.statements import (
    ROOT,
    STATEMENT_LIMIT,
    Certificate,
    Epoch,
    HubNamed,
    SlipKey,
    Statement,
    TeamNamed,
    read,
)

VERSION = 1
LOG_LIMIT = 4 * 2**20
"""Bytes of the longest log."""
_KEPT = "Nothing was changed by it, and records on this device are safe."


class TeamLog:
    """Everything that a team says about itself in public: who, which keys, since when."""

    def __init__(self, root_public: bytes, statements: Iterable[Statement]) -> None:
        """Raises BadTeamLog where a statement doesn't verify."""
        if len(root_public) != PUBLIC:
            raise BadTeamLog(f"The team's root key can't be read. {_KEPT}")
        self._root = root_public
        self._team = team_id(root_public)
        self._statements: list[Statement] = []
        self._seen: set[bytes] = set()
        self._name = ""
        self._named_at = self._hub_at = 0
        self._hub: bytes | None = None
        self._certificates: dict[bytes, Certificate] = {}
        self._keys: dict[bytes, Ed25519PublicKey] = {}
        self._epochs: dict[bytes, Epoch] = {}
        self._slip_keys: dict[bytes, SlipKey] = {}
        self._publics: set[bytes] = set()
        self._current: dict[str, Epoch | None] = {}
        for statement in statements:
            self._append(statement)
        if not self._statements:
            raise BadTeamLog(f"The team's log is empty. {_KEPT}")

    # --- what it says ---------------------------------------------------------------------

    @property
    def root_public(self) -> bytes:
        """The root public key that is inside; compare it with the pinned one (`verify`)."""
        return self._root

    @property
    def team(self) -> bytes:
        """The team's id (8 bytes)."""
        return self._team

    @property
    def name(self) -> str:
        return self._name

    @property
    def hub_public(self) -> bytes | None:
        """The hub's public key as the team last stated it, or None."""
        return self._hub

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(self._statements)

    def certificate(self, sender: bytes) -> Certificate | None:
        """The newest certificate of a sender id, or None."""
        return self._certificates.get(sender)

    def certificates(self) -> tuple[Certificate, ...]:
        return tuple(self._certificates.values())

    def signing_key(self, sender: bytes) -> Ed25519PublicKey | None:
        """The public key of a sender, ready to verify with."""
        return self._keys.get(sender)

    def audiences(self) -> tuple[str, ...]:
        """The audiences that have a key, in order of their names."""
        return tuple(sorted({epoch.audience for epoch in self._epochs.values()}))

    def epoch(self, epoch: bytes) -> Epoch | None:
        """The epoch of an id, current or not."""
        return self._epochs.get(epoch)

    def current_epoch(self, audience: str) -> Epoch | None:
        """The epoch to seal with: of those that none replaces the latest (then by id)."""
        if audience not in self._current:
            own = [epoch for epoch in self._epochs.values() if epoch.audience == audience]
            replaced = {parent for epoch in own for parent in epoch.parents}
            heads = [epoch for epoch in own if epoch.epoch not in replaced]
            self._current[audience] = max(heads, key=lambda epoch: (epoch.from_, epoch.epoch), default=None)
        return self._current[audience]

    def readers(self, audience: str) -> tuple[Certificate, ...]:
        """Certificates of the members who read an audience."""
        return tuple(c for c in self._certificates.values() if c.kind == "member" and c.may_read(audience))

    def slip_keys(self) -> tuple[SlipKey, ...]:
        """All keys that have signed slips, oldest first."""
        return tuple(sorted(self._slip_keys.values(), key=lambda key: (key.from_, key.kid)))

    # --- bytes ----------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        return cbor.encode([VERSION, self._root, [[s.payload, s.signature] for s in self._statements]])

    @classmethod
    def from_bytes(cls, data: bytes) -> "TeamLog":
        """The log in `data`, every statement verified under the root key inside.

        Raises:
            BadTeamLog: not a log, of an unknown version, or a statement that doesn't verify.
        """
        try:
            value = cbor.decode(data, limit=LOG_LIMIT)
        except cbor.BadCbor as error:
            raise BadTeamLog(f"The team's log can't be read ({error}). {_KEPT}") from None
        if not isinstance(value, list) or not value:
            raise BadTeamLog(f"The team's log can't be read. {_KEPT}")
        if type(value[0]) is not int or value[0] != VERSION:
            raise BadTeamLog(f"The team's log was written by a newer version of Outreach. {_KEPT}")
        match value:
            case [_, bytes(root), list(pairs)]:
                return cls(root, [_statement(pair) for pair in pairs])
        raise BadTeamLog(f"The team's log can't be read. {_KEPT}")

    def verify(self, root_public: bytes) -> None:
        """Raises BadTeamLog where this is not the log of the team with this root key."""
        if not hmac.compare_digest(root_public, self._root):
            raise BadTeamLog(f"This log belongs to another team. {_KEPT}")

    # --- more of it -----------------------------------------------------------------------

    def plus(self, *statements: Statement) -> "TeamLog":
        """This log with more statements after it, each verified. Raises BadTeamLog."""
        longer = self._copy()
        for statement in statements:
            longer._append(statement)
        return longer

    def merged(self, other: "TeamLog") -> "TeamLog":
        """This log with what only `other` says after it; this one itself where there is nothing new.

        Raises:
            BadTeamLog: `other` is another team's, or says what doesn't verify after this log.
        """
        other.verify(self._root)
        new = [statement for statement in other._statements if statement.payload not in self._seen]
        return self.plus(*new) if new else self

    def _copy(self) -> "TeamLog":
        twin = TeamLog.__new__(TeamLog)
        for name, value in vars(self).items():
            setattr(twin, name, value.copy() if isinstance(value, list | set | dict) else value)
        return twin

    def _append(self, statement: Statement) -> None:
        said = read(statement)
        if said.team != self._team:
            raise BadTeamLog(f"The team's log holds a statement of another team. {_KEPT}")
        key = self._key_of(said.issuer, said.at)
        if key is None or not signed_by(key, "statement", statement.payload, statement.signature):
            raise BadTeamLog(f"A statement in the team's log is not signed by someone who may. {_KEPT}")
        if statement.payload in self._seen:
            raise BadTeamLog(f"The team's log says the same thing twice. {_KEPT}")
        if not self._statements and not (isinstance(said.said, TeamNamed) and said.issuer == ROOT):
            raise BadTeamLog(f"The team's log doesn't begin with the team. {_KEPT}")
        match said.said:
            case TeamNamed(name) if said.at >= self._named_at:
                self._name, self._named_at = name, said.at
            case HubNamed(public) if said.at >= self._hub_at:
                self._hub, self._hub_at = public, said.at
            case SlipKey() as slip_key:
                if slip_key.kid in self._slip_keys:
                    raise BadTeamLog(f"The team's log gives one slip key's id twice. {_KEPT}")
                self._slip_keys[slip_key.kid] = slip_key
            case Epoch() as epoch:
                self._take_epoch(epoch)
            case Certificate() as certificate:
                self._take_certificate(certificate)
        self._statements.append(statement)
        self._seen.add(statement.payload)

    def _key_of(self, issuer: bytes, at: int) -> Ed25519PublicKey | bytes | None:
        if issuer == ROOT:
            return self._root
        certificate = self._certificates.get(issuer)
        if certificate is None or certificate.kind != "member" or certificate.role != "coordinator":
            return None
        return self._keys[issuer] if certificate.valid_at(at) else None

    def _take_epoch(self, epoch: Epoch) -> None:
        known = [self._epochs.get(parent) for parent in epoch.parents]
        if epoch.epoch in self._epochs or any(p is None or p.audience != epoch.audience for p in known):
            raise BadTeamLog(
                f"An audience's key in the team's log doesn't follow from the ones before. {_KEPT}"
            )
        try:
            X25519PublicKey.from_public_bytes(epoch.public)
        except ValueError:
            raise BadTeamLog(f"An audience's key in the team's log can't be read. {_KEPT}") from None
        self._epochs[epoch.epoch] = epoch
        self._current.pop(epoch.audience, None)

    def _take_certificate(self, new: Certificate) -> None:
        old = self._certificates.get(new.sender)
        if old is not None:
            same = (old.member, old.kind, old.sign_public) == (new.member, new.kind, new.sign_public)
            if not same:
                raise BadTeamLog(
                    f"A certificate in the team's log doesn't follow from the one before. {_KEPT}"
                )
            if new.at < old.at:  # two coordinators wrote at once, and the logs were merged in this order
                return
        elif new.sign_public in self._publics:
            raise BadTeamLog(f"Two senders in the team's log have one key. {_KEPT}")
        try:
            self._keys[new.sender] = Ed25519PublicKey.from_public_bytes(new.sign_public)
        except ValueError:
            raise BadTeamLog(f"A key in the team's log can't be read. {_KEPT}") from None
        self._certificates[new.sender] = new
        self._publics.add(new.sign_public)

    def __repr__(self) -> str:
        return f"<TeamLog of {self._team.hex()}: {len(self._statements)} statements>"


def _statement(pair: object) -> Statement:
    match pair:
        case [bytes(payload), bytes(signature)] if (
            len(signature) == SIGNATURE and len(payload) <= STATEMENT_LIMIT
        ):
            return Statement(payload, signature)
    raise BadTeamLog(f"The team's log can't be read. {_KEPT}")
