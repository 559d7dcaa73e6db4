"""A team with real keys, a hub in a temporary folder, and devices that push to it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
import httpx
import jwt

from sync.envelope import ZERO, Envelope, pack_batch, seal
from sync.receipts import Receipt
from sync.team import Enrolment, Founding, Sender, TeamLog, enrol, found_team

FOUNDED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = b"A body that nobody at the hub may read: Otter Lantern, Kirkgate"


@dataclass(frozen=True)
class Team:
    """The example team: a coordinator, two workers, a peer who only writes, and a desk."""

    founding: Founding
    log: TeamLog
    worker: Enrolment
    other: Enrolment
    peer: Enrolment
    desk: Enrolment

    @property
    def address(self) -> str:
        return f"/v1/teams/{self.log.team.hex()}"


def make_team(now: datetime = FOUNDED) -> Team:
    founding = found_team("Example street team", now, sites=["kirkgate"])
    log, people = founding.log, []
    for role, site in (("worker", ""), ("worker", ""), ("peer", ""), ("desk", "kirkgate")):
        person = enrol(log, founding.coordinator, role=role, site=site, now=now)
        log = person.log
        people.append(person)
    return Team(founding, log, *people)


@dataclass
class Device:
    """Something with a sender's key that remembers where its chain stands."""

    log: TeamLog
    sender: Sender
    number: int = 0
    head: bytes = ZERO
    sent: list[Envelope] = field(default_factory=list)

    def seal(
        self, count: int = 1, *, audiences: Sequence[str] = ("team",), body: bytes = SECRET
    ) -> list[Envelope]:
        made = []
        for _ in range(count):
            self.number += 1
            envelope = seal(
                body,
                audiences=audiences,
                log=self.log,
                sender=self.sender,
                number=self.number,
                previous=self.head,
            )
            self.head = envelope.chain_hash
            made.append(envelope)
        self.sent += made
        return made

    def batch(self, count: int = 1, **how: Any) -> bytes:
        return pack_batch(self.seal(count, **how))


@dataclass
class Hub:
    """A hub over HTTP as a device sees it; its clock stands still unless it is moved."""

    client: httpx.Client
    team: Team
    now: int
    folder: Path

    @property
    def public(self) -> bytes:
        return base64.urlsafe_b64decode(self.client.get("/v1/hub").json()["public_key"] + "=")

    def token(self, sender: Sender, **claims: Any) -> str:
        second = self.now // 1000
        stated = {
            "iss": sender.sender_id.hex(),
            "team": self.team.log.team.hex(),
            "iat": second,
            "exp": second + 120,
        } | claims
        payload = json.dumps({name: value for name, value in stated.items() if value is not None})
        return jwt.PyJWS().encode(payload.encode(), sender.key, "EdDSA")

    def headers(self, sender: Sender) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(sender)}"}

    def introduce(self) -> httpx.Response:
        return self.client.put(
            self.team.address, content=self.team.log.to_bytes(), headers={"Content-Type": "application/cbor"}
        )

    def push(self, batch: bytes, sender: Sender, **headers: str) -> httpx.Response:
        return self.client.post(
            f"{self.team.address}/envelopes",
            content=batch,
            headers={"Content-Type": "application/cbor", **self.headers(sender), **headers},
        )

    def pull(self, sender: Sender, **query: Any) -> dict[str, Any]:
        answer = self.client.get(f"{self.team.address}/envelopes", params=query, headers=self.headers(sender))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/cbor"
        value: dict[str, Any] = cbor2.loads(answer.content)
        return value

    def receipts(self, answer: httpx.Response) -> list[Receipt]:
        assert answer.status_code == 200, answer.text
        return [Receipt.from_bytes(data, self.public) for data in cbor2.loads(answer.content)["received"]]


def twin(device: Device) -> Device:
    """A device put back from a backup: the same key, standing where it stood."""
    return replace(device, sent=[])


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem that `answer` holds, its form checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["outreach-hub-time"].isdecimal()
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:outreach:problem:{kind}"
    assert body["status"] == status
    assert body["detail"][0].isupper()
    assert body["detail"].rstrip().endswith(".")
    return body
