"""How much of anything the hub takes, and reading a request's body within that."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from fastapi import Request

from sync.hub.problems import Problem, bad_request
from sync.log import LOG_LIMIT

BATCH_BYTES = 2**20
"""Bytes of a batch of envelopes in one request."""
PAGE_ITEMS = 1000
"""Envelopes in one answer."""
PAGE_BYTES = 2**20
"""Bytes of envelopes in one answer; a single larger envelope still goes out, alone."""
LOG_BYTES = LOG_LIMIT
"""Bytes of a team's log."""
TOKEN_CHARACTERS = 2048
"""Characters of a request's token."""
BODY_SECONDS = 60.0
"""How long a body may take to arrive."""
POSITION = 2**63 - 1
"""The largest number and position."""

CBOR = "application/cbor"


async def read_cbor(request: Request, limit: int, seconds: float = BODY_SECONDS) -> bytes:
    """The whole body of a request, at most `limit` bytes, within `seconds`. Raises `Problem`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != CBOR:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            f"The hub reads {CBOR} here and got something else. Nothing was stored.",
        )
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal():
        raise bad_request("The length of this request can't be read. Nothing was stored.")
    if int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                body += part
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            "too-slow",
            f"The request took longer than {seconds:g} seconds to arrive. Nothing was stored; the device "
            "keeps its records and tries again.",
            headers={"Connection": "close"},
        ) from None
    return bytes(body)


def _too_large(limit: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        f"The hub takes {limit} bytes in one request and this one is larger. Nothing was stored; "
        "the device sends its records in smaller parts.",
        headers={"Connection": "close"},
        limit=limit,
    )
