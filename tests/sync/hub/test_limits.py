"""Bodies that are too large, too slow or never finished."""

import asyncio
import socket
from typing import Any

import httpx
import pytest
from fastapi import Request

from sync.hub.limits import read_cbor
from sync.hub.problems import Problem
from tests.sync.hub.world import Hub, Team


def request(parts: list[bytes], *, wait: float = 0, **headers: str) -> Request:
    """A request whose body comes in `parts`, `wait` seconds before each."""
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(wait)
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    known = {"content-type": "application/cbor"} | {k.replace("_", "-"): v for k, v in headers.items()}
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in known.items()]
    return Request(scope, receive)


async def test_a_body_in_parts_is_read_whole() -> None:
    assert await read_cbor(request([b"ab", b"", b"c"]), 3) == b"abc"
    assert await read_cbor(request([b"a"], content_type="Application/CBOR; x=y"), 3) == b"a"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request([b"ab", b"cd"]), 413),
        (request([b""], content_length="4"), 413),
        (request([b""], content_length="9" * 30), 413),
        (request([b""], content_length="-1"), 400),
        (request([b""], content_length="x"), 400),
        (request([b""], content_type="text/html"), 415),
        (request([b"a", b"b"], wait=30), 408),
    ],
)
async def test_other_bodies_are_refused(sent: Request, status: int) -> None:
    with pytest.raises(Problem) as refused:
        await read_cbor(sent, 3, seconds=0.05)
    assert refused.value.status == status


def test_a_connection_that_ends_in_the_middle_harms_nothing(
    hub: Hub, team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    base = httpx.URL(hub.client.base_url)
    assert base.port is not None
    with socket.create_connection((base.host, base.port)) as line:
        line.sendall(
            f"PUT {team.address} HTTP/1.1\r\nHost: hub\r\nContent-Type: application/cbor\r\n"
            "Content-Length: 1000\r\n\r\nabc".encode()
        )
    with socket.create_connection((base.host, base.port)) as line:
        line.sendall(b"not HTTP at all\r\n\r\n")
        assert b" 400 " in line.recv(1000)
    assert hub.client.get("/healthz").status_code == 200
    assert "fault" not in caplog.text
