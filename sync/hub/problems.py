"""What can go wrong at the hub, and how it is told.

Two kinds of trouble, one family (`HubError`):

* trouble at start (`KeyUnusable`, `DatabaseUnusable`, `AddressRefused`): a sentence for the person who runs
  the hub;
* `Problem`: a request that the hub turns down. It goes out as `application/problem+json` (RFC 9457) with a
  `detail` that a worker's phone may show as it is: what happened, what is safe, what to do next.

Neither carries ids, keys or bodies, so either may be logged.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger("sync.hub")
_TYPE_PREFIX = "urn:outreach:problem:"


class HubError(Exception):
    """Anything that stops the hub or a request to it; the text is a sentence for the person who meets it."""


class KeyUnusable(HubError):
    """The hub's signing key is missing, damaged or another one than before."""


class DatabaseUnusable(HubError):
    """The database can't be opened, or belongs to another version of the hub."""


class AddressRefused(HubError):
    """The hub was told to listen where others could read along, or where it can't."""


class Problem(HubError):
    """A request turned down: `kind` names it for programs, `detail` tells a person."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: int | str,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def answer(self) -> Response:
        """This problem as the body and headers of an answer."""
        content = {
            "type": _TYPE_PREFIX + self.kind,
            "title": self.kind.replace("-", " ").capitalize(),
            "status": int(self.status),
            "detail": self.detail,
            **self.more,
        }
        return JSONResponse(content, self.status, headers=self.headers, media_type=MEDIA_TYPE)


class ProblemBody(BaseModel):
    """What every answer of 400 and above holds (RFC 9457)."""

    model_config = ConfigDict(extra="forbid", title="Problem")

    type: str = Field(description="A URN that names the kind of problem", examples=[_TYPE_PREFIX + "gap"])
    title: str = Field(description="The kind in words")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What happened, what is safe and what to do next, for a person")
    expected_number: int | None = Field(
        default=None, ge=1, description="On `gap` and `fork`: the number that the hub takes next"
    )
    chain_hash: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="On `gap` and `fork`: the chain hash of the last envelope that the hub holds (hex)",
    )
    number: int | None = Field(default=None, ge=1, description="On `signature`: the number that is broken")
    limit: int | None = Field(default=None, ge=0, description="On `too-large`: the most bytes that are taken")


def bad_request(detail: str, kind: str = "not-understood") -> Problem:
    """400: the bytes can't be read as what they claim to be."""
    return Problem(HTTPStatus.BAD_REQUEST, kind, detail)


def unauthorised(detail: str, kind: str = "not-signed-in") -> Problem:
    """401: the token does not show who is asking."""
    return Problem(HTTPStatus.UNAUTHORIZED, kind, detail, headers={"WWW-Authenticate": "Bearer"})


def forbidden(detail: str, kind: str = "not-allowed") -> Problem:
    """403: known, but not allowed this."""
    return Problem(HTTPStatus.FORBIDDEN, kind, detail)


def conflict(kind: str, detail: str, **more: int | str) -> Problem:
    """409: it does not fit what the hub holds."""
    return Problem(HTTPStatus.CONFLICT, kind, detail, headers=None, **more)


def busy() -> Problem:
    """503: the database can't take it at this moment."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "busy",
        "The hub's database does not answer at this moment. Nothing was stored; the device keeps its records "
        "and tries again.",
        headers={"Retry-After": "5"},
    )


def fault(error: BaseException) -> Problem:
    """500: the hub's own fault. Only the kind of error is told, never what it was about."""
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "hub-fault",
        "The hub met a fault of its own. The device keeps its records and tries again; tell whoever runs the "
        f"hub: {type(error).__name__}.",
    )


_PLAIN: dict[int, tuple[str, str]] = {
    404: (
        "not-here",
        "There is nothing at this address of the hub. Check the hub's address in the settings.",
    ),
    405: ("method-not-known", "This address of the hub does not answer this kind of request."),
}


def install(app: FastAPI) -> None:
    """Answer what goes wrong in `app` with problem+json, and log none of its contents.

    Errors that nothing here foresees are answered by `sync.hub.access`.
    """

    def known(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.answer()

    def framework(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind, detail = _PLAIN.get(
            error.status_code, ("not-understood", "The hub could not read this request. Nothing was stored.")
        )
        return Problem(HTTPStatus(error.status_code), kind, detail, headers=error.headers).answer()

    def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        places = sorted({str(found["loc"][-1]) for found in error.errors()})
        return Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "parameter",
            f"The hub could not read this part of the request: {', '.join(places)}. Nothing was stored.",
        ).answer()

    def database(_: Request, error: Exception) -> Response:
        assert isinstance(error, DBAPIError)
        # Parameters are hidden by the engine; even so only the driver's own class of error is logged.
        _LOG.error("the database refused a statement: %s", type(error.orig).__name__)
        return busy().answer()

    def exhausted(_: Request, __: Exception) -> Response:
        return busy().answer()

    def gone(_: Request, __: Exception) -> Response:
        return bad_request(
            "The connection ended before the whole request was there. Nothing was stored."
        ).answer()

    handlers: dict[Any, Any] = {
        Problem: known,
        HTTPException: framework,
        RequestValidationError: invalid,
        DBAPIError: database,
        PoolTimeout: exhausted,
        ClientDisconnect: gone,
    }
    for kind, answer in handlers.items():
        app.add_exception_handler(kind, answer)
