"""What the hub signs: that it holds a sender's records up to a number.

Two kinds: `received` (the hub has them, safe against this device being lost) and `backed_up`
(a backup of the hub has them too, safe against the hub being lost). A receipt that was read
by `Receipt.from_bytes` has been verified under the pinned key of the hub.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync import cbor
from sync.errors import BadReceipt
from sync.signing import SIGNATURE, sign, signed_by
from sync.statements import ID
from sync.times import LATEST

VERSION = 1
RECEIVED = "received"
BACKED_UP = "backed_up"
RECEIPT_LIMIT = 512
"""Bytes of the longest receipt."""


@dataclass(frozen=True)
class Receipt:
    """The hub holds `sender`'s chain up to `number`, whose chain hash is `chain_hash`.

    `at` is milliseconds by the hub's clock.
    """

    team: bytes
    kind: str
    sender: bytes
    number: int
    chain_hash: bytes
    at: int
    signature: bytes = field(default=b"", repr=False)

    @property
    def payload(self) -> bytes:
        """The deterministic CBOR that is signed."""
        return cbor.encode(
            [VERSION, self.team, self.kind, self.sender, self.number, self.chain_hash, self.at]
        )

    @classmethod
    def issue(
        cls,
        key: Ed25519PrivateKey,
        *,
        team: bytes,
        kind: str,
        sender: bytes,
        number: int,
        chain_hash: bytes,
        at: int,
    ) -> "Receipt":
        """A receipt signed by the hub's key."""
        bare = cls(team, kind, sender, number, chain_hash, at)
        return cls(team, kind, sender, number, chain_hash, at, sign(key, "receipt", bare.payload))

    def verify(self, hub_public: bytes | Ed25519PublicKey) -> None:
        """Raises BadReceipt where this hub key (32 raw bytes) didn't sign it."""
        if not signed_by(hub_public, "receipt", self.payload, self.signature):
            raise BadReceipt(
                "The hub's receipt is not signed by the hub that this team knows. "
                "Records stay on this device and wait."
            )

    def to_bytes(self) -> bytes:
        return cbor.encode([self.payload, self.signature])

    @classmethod
    def from_bytes(cls, data: bytes, hub_public: bytes | Ed25519PublicKey) -> "Receipt":
        """The receipt in `data`, verified.

        Raises:
            BadReceipt: not a receipt, of an unknown version, or not signed by this hub.
        """
        try:
            match cbor.decode(data, limit=RECEIPT_LIMIT):
                case [bytes(payload), bytes(signature)] if len(signature) == SIGNATURE:
                    receipt = _read(cbor.decode(payload, limit=RECEIPT_LIMIT), signature)
                    receipt.verify(hub_public)
                    return receipt
        except cbor.BadCbor:
            pass
        raise BadReceipt(_UNREADABLE)


_UNREADABLE = "The hub's receipt can't be read. Records stay on this device and wait."


def _read(payload: object, signature: bytes) -> Receipt:
    match payload:
        case [int(version), *_] if version != VERSION:
            raise BadReceipt(
                "The hub's receipt is of a newer kind. Records stay here and wait; an update reads it."
            )
        case [
            int(_),
            bytes(team),
            ("received" | "backed_up") as kind,
            bytes(sender),
            number,
            bytes(chain),
            at,
        ] if (
            len(team) == ID
            and len(sender) == ID
            and type(number) is int
            and 1 <= number < 2**53
            and len(chain) == 32
            and type(at) is int
            and at <= LATEST
        ):
            return Receipt(team, kind, sender, number, chain, at, signature)
    raise BadReceipt(_UNREADABLE)
