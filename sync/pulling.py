"""What came from the hub: read, verified, and opened where it is for this keyring."""

import hashlib
from dataclasses import dataclass, field

from sync.envelope import Envelope, open_envelope, verify
from sync.errors import BadEnvelope, NoKey
from sync.keyring import Keyring
from sync.log import TeamLog
from sync.statements import Certificate


@dataclass(frozen=True)
class Pulled:
    """One envelope from the hub. `position` is the cursor to go on from, also where there is a problem.

    `body` is None where it isn't for this keyring (no problem) or where `problem` says what is
    wrong with it. `warning` is about the sender's chain; the body is sound all the same.
    `received_at` is milliseconds by the hub's clock.
    """

    position: int
    sender: bytes
    member: bytes
    number: int
    received_at: int
    body: bytes | None = field(repr=False)
    audiences: tuple[str, ...]
    problem: str | None = None
    warning: str | None = None
    mark: bytes = b""
    """Tells this envelope from any other: with the position, where to go on from (`Client.pull`)."""


MARK = 8
"""Bytes of a mark."""


def mark_of(data: bytes) -> bytes:
    """The mark of an envelope as the hub served it."""
    return hashlib.sha256(data).digest()[:MARK]


class Reading:
    """Reads the envelopes of one pull, in the hub's order."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._chains: dict[bytes, tuple[int, bytes]] = {}

    def read(self, position: int, received_at: int, envelope: Envelope, team: TeamLog) -> Pulled:
        """What an envelope gives: its body, nothing where it isn't for this keyring, or a problem."""
        problem: str | None = None
        body: bytes | None = None
        warning: str | None = None
        certificate: Certificate | None = None
        try:
            certificate = verify(envelope, team)
            warning = self._warning(envelope)
            body = open_envelope(envelope, self._keyring)
        except NoKey:
            if set(envelope.audiences) & self._keyring.audiences():
                problem = (
                    "A record came in under a key that this device doesn't hold yet. "
                    "It stays at the hub and can be read once the key is here."
                )
        except BadEnvelope as error:
            problem = str(error)
        member = certificate.member if certificate else b""
        return Pulled(
            *(position, envelope.sender, member, envelope.number, received_at, body, envelope.audiences),
            problem=problem,
            warning=warning,
        )

    def _warning(self, envelope: Envelope) -> str | None:
        """A word where a sender's envelopes contradict one another. Gaps are those for other readers."""
        number, chain_hash = self._chains.get(envelope.sender, (0, b""))
        if envelope.number > number:
            self._chains[envelope.sender] = (envelope.number, envelope.chain_hash)
            sound = number == 0 or envelope.number > number + 1 or envelope.previous == chain_hash
        else:
            sound = envelope.number == number and envelope.chain_hash == chain_hash
        if sound:
            return None
        return (
            f"Record {envelope.number} of one device doesn't follow from the one before: the device "
            "was copied or restored. Both are kept; a coordinator can look into it."
        )


def unreadable(position: int, received_at: int, problem: str, mark: bytes = b"") -> Pulled:
    """An item of the hub that isn't an envelope."""
    return Pulled(position, b"", b"", 0, received_at, None, (), problem=problem, mark=mark)
