"""What can go wrong while records travel. One family: `SyncError`.

Every message is a sentence for the person who meets it: what happened, what is safe, what to
do next. None of them holds content of a record, a key or an address of a person.
"""


class SyncError(Exception):
    """Anything that goes wrong between sealing a record and reading it elsewhere."""


class BadEnvelope(SyncError):
    """Bytes that are not an envelope, or one that was changed on its way."""


class UnknownSender(BadEnvelope):
    """The team's log here doesn't know the sender or the key: a newer log may."""


class NoKey(SyncError):
    """An envelope is sound, and sealed to an audience whose key is not in this keyring."""


class BadChain(SyncError):
    """Envelopes of one sender that don't follow one another."""


class ChainGap(BadChain):
    """Numbers are missing in between. `expected` is the number that comes next."""

    def __init__(self, sentence: str, expected: int) -> None:
        super().__init__(sentence)
        self.expected = expected


class ChainFork(BadChain):
    """Two different histories under one sender (a copied or restored device, or a changed envelope)."""


class BadTeamLog(SyncError):
    """A team's log that does not verify."""


class TeamError(SyncError):
    """Something that a team does not allow (an unknown site, a role that may not enrol)."""


class BadReceipt(SyncError):
    """A receipt that the pinned hub did not sign."""


class HubUnreachable(SyncError):
    """No answer: no network, a time-out, an address that can't be used."""


class HubConfused(SyncError):
    """An answer that no hub gives: garbage, a fault of its own, somebody else's page."""


class HubRefused(SyncError):
    """The hub understood and said no. `kind` is the last part of the problem's type."""

    def __init__(
        self,
        sentence: str,
        *,
        status: int,
        kind: str = "",
        expected_number: int | None = None,
        chain_hash: bytes | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.kind = kind
        self.expected_number = expected_number
        self.chain_hash = chain_hash
