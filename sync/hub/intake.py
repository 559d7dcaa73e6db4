"""Is this batch what it says, and may this caller bring it? All of it before anything is stored.

A batch goes in whole or not at all. Checked here, in this order, so that the cheap checks come first: it can
be read; it is this team's; its sender is certified, in date, and the caller's own member; every audience's
key is the team's; every signature holds. Numbers and hashes between the envelopes are rebuilt by
`unpack_batch`, so a batch can't contradict itself; whether it continues what the hub holds is decided in the
store's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from sync.envelope import BadEnvelope, UnknownSender, unpack_batch, verify
from sync.hub.caller import Caller
from sync.hub.problems import Problem, bad_request, conflict, forbidden
from sync.hub.store import Arrival
from sync.log import TeamLog


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that may be stored if it fits; `previous` is the chain hash before its first envelope."""

    sender: bytes
    member: bytes
    previous: bytes
    arrivals: tuple[Arrival, ...]


def check(data: bytes, log: TeamLog, caller: Caller, now: int) -> Batch:
    """The verified batch in `data`, at hub time `now` (ms). Raises `Problem` (400, 403, 409, 422)."""
    try:
        envelopes = unpack_batch(data)
    except BadEnvelope as error:
        raise bad_request(f"{error} Nothing was stored.", "batch") from None
    first = envelopes[0]
    if first.team != log.team:
        raise forbidden(
            "These records belong to another team than the address says. Nothing was stored.", "wrong-team"
        )
    certificate = log.certificate(first.sender)
    if certificate is None:
        raise _log_behind()
    if certificate.member != caller.member:
        raise forbidden(
            "These records are another member's than the one this device belongs to. Nothing was stored; "
            "they stay on the device.",
            "another-member",
        )
    if not certificate.valid_at(now):
        raise forbidden(
            "The certificate that these records are signed with is out of date. They are safe where they "
            "are; a "
            "coordinator of the team can renew it.",
            "certificate-ended",
        )
    arrivals: list[Arrival] = []
    for envelope in envelopes:
        try:
            verify(envelope, log)
        except UnknownSender:
            raise _log_behind() from None
        except BadEnvelope:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "signature",
                f"Record {envelope.number} was changed on its way, or its signature is broken. Nothing of "
                "this batch was stored; the device keeps it.",
                number=envelope.number,
            ) from None
        arrivals.append(
            Arrival(envelope.number, envelope.chain_hash, envelope.audiences, envelope.to_bytes())
        )
    return Batch(first.sender, certificate.member, first.previous, tuple(arrivals))


def _log_behind() -> Problem:
    return conflict(
        "log-behind",
        "The team's log at this hub is older than the one on this device. Nothing was stored; the device "
        "sends the team's newest log and then its records.",
    )
