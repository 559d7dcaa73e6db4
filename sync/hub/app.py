"""The hub over HTTP: routes, media types and sizes. What they do is in `sync.hub.hub`.

`create_app(database)` is the way in. Everything that computes (signatures) or waits (the database) runs in
a thread, so the event loop only reads and writes sockets. `/openapi.json` describes the routes as they are;
PROTOCOL.md ("HTTP") says what the CBOR bodies hold.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from sync.hub import problems
from sync.hub.access import TIME_HEADER, Access, Clock, system_clock
from sync.hub.hub import Hub
from sync.hub.identity import HubKey
from sync.hub.limits import BATCH_BYTES, CBOR, LOG_BYTES, PAGE_ITEMS, POSITION, read_cbor

_SUMMARY = "Keeps sealed envelopes in order and can open none of them."

TeamId = Annotated[
    str,
    Path(
        pattern="^[0-9a-f]{16}$",
        description="The team's id: the first 8 bytes of SHA-256 over its root public key, in hex",
        examples=["0123456789abcdef"],
    ),
]
_BEARER = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="installation",
    description="EdDSA by a key that the team's log certifies; claims iss, team, iat, exp in hub time",
    auto_error=False,
)
_SIGNED_IN = [Depends(_BEARER)]

_TIME_HEADER = {
    "description": "Hub time in milliseconds since 1970 (UTC), which tokens count in",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
}

Answers = dict[int | str, dict[str, Any]]


class Health(BaseModel):
    """The hub answers and reads its database."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["ok"] = "ok"


class HubCard(BaseModel):
    """What a device learns of a hub before it joins."""

    model_config = ConfigDict(extra="forbid")
    public_key: str = Field(description="Ed25519, base64url without padding", pattern="^[A-Za-z0-9_-]{43}$")
    time: int = Field(description="Hub time in milliseconds since 1970 (UTC)", ge=0)
    versions: list[int] = Field(description="Versions of the protocol that this hub speaks", min_length=1)


class Cbor(Response):
    """An answer in deterministic CBOR."""

    media_type = CBOR


def _cbor_body(limit: int, what: str) -> dict[str, Any]:
    schema = {"type": "string", "format": "binary", "maxLength": limit}
    return {"requestBody": {"required": True, "description": what, "content": {CBOR: {"schema": schema}}}}


def _cbor_answer(what: str) -> dict[str, Any]:
    return {"description": what, "content": {CBOR: {"schema": {"type": "string", "format": "binary"}}}}


def _problems(**what: str) -> Answers:
    """OpenAPI's answers of a route, by status (`s404="..."`), each with a problem as its body."""
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    every = {**what, "s422": "A parameter out of bounds", "s503": "Busy; come back later"}
    return {int(status[1:]): {"description": text, "content": content} for status, text in every.items()}


_WHO = {
    "s401": "No token, or not this team's",
    "s403": "Not allowed",
    "s404": "A team that the hub doesn't know",
}
_BODY = {"s400": "Not readable", "s408": "Too slow", "s413": "Too large", "s415": "Not CBOR"}


def create_app(database: str, *, clock: Clock = system_clock, key: HubKey | None = None) -> FastAPI:
    """The hub as an ASGI app over `database` (a SQLite URL or a file's path), its tables brought up to date.

    `clock` gives hub time; `key` stands in for the key file beside the database. Raises `HubError` with a
    sentence for whoever starts it.
    """
    hub = Hub.open(database, clock, key)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(hub.close)

    app = FastAPI(
        title="Outreach hub",
        version="1",
        summary=_SUMMARY,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=life,
    )
    app.add_middleware(Access, clock=clock)
    problems.install(app)
    _add_routes(app, hub)
    _describe_the_rest(app)
    return app


def _add_routes(app: FastAPI, hub: Hub) -> None:
    @app.get("/healthz", responses={503: _problems()[503]}, summary="Is it well?")
    async def healthz() -> Health:
        await run_in_threadpool(hub.check)
        return Health()

    @app.get("/v1/hub", summary="Who is this hub, and what time is it?")
    async def card() -> HubCard:
        return HubCard(public_key=hub.public_key, time=hub.now(), versions=list(hub.versions))

    @app.put(
        "/v1/teams/{team}",
        summary="Introduce a team, or add to its log",
        response_class=Cbor,
        openapi_extra=_cbor_body(LOG_BYTES, "The team's log"),
        responses={
            200: {"description": "The hub's log holds all of it", "content": None},
            201: {"description": "The team is new here"},
            **_problems(**_BODY, s409="It contradicts what the hub holds"),
        },
    )
    async def introduce(team: TeamId, request: Request) -> Response:
        body = await read_cbor(request, LOG_BYTES)
        new = await run_in_threadpool(hub.introduce, team, body)
        return Response(status_code=201 if new else 200)

    @app.get(
        "/v1/teams/{team}/log",
        summary="The team's log",
        response_class=Cbor,
        dependencies=_SIGNED_IN,
        responses={200: _cbor_answer("The log's bytes"), **_problems(**_WHO)},
    )
    async def log(team: TeamId, request: Request) -> Response:
        return Cbor(await run_in_threadpool(hub.log, team, _authorization(request)))

    @app.post(
        "/v1/teams/{team}/envelopes",
        summary="Push consecutive envelopes of one sender",
        response_class=Cbor,
        dependencies=_SIGNED_IN,
        openapi_extra=_cbor_body(BATCH_BYTES, "A packed batch"),
        responses={
            200: _cbor_answer("Receipts for what is now durable"),
            **_problems(**_WHO, **_BODY, s409="A gap or a fork in the sender's chain"),
        },
    )
    async def push(team: TeamId, request: Request) -> Response:
        body = await read_cbor(request, BATCH_BYTES)
        return Cbor(await run_in_threadpool(hub.push, team, _authorization(request), body))

    @app.get(
        "/v1/teams/{team}/envelopes",
        summary="Envelopes after a position that the caller may have",
        response_class=Cbor,
        dependencies=_SIGNED_IN,
        responses={200: _cbor_answer("Positions, times of receipt and envelopes"), **_problems(**_WHO)},
    )
    async def pull(
        team: TeamId,
        request: Request,
        after: Annotated[int, Query(ge=0, le=POSITION, description="The last position already seen")] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_ITEMS, description="The most envelopes wanted")] = 200,
    ) -> Response:
        return Cbor(await run_in_threadpool(hub.pull, team, _authorization(request), after, limit))

    @app.get(
        "/v1/teams/{team}/receipts",
        summary="Receipts for the caller's member",
        response_class=Cbor,
        dependencies=_SIGNED_IN,
        responses={200: _cbor_answer("A receipt for each sender's newest envelope"), **_problems(**_WHO)},
    )
    async def receipts(team: TeamId, request: Request) -> Response:
        return Cbor(await run_in_threadpool(hub.receipts, team, _authorization(request)))


def _authorization(request: Request) -> str | None:
    return request.headers.get("authorization")


def _describe_the_rest(app: FastAPI) -> None:
    """Put into the OpenAPI document what all routes share: the body of problems, the hub's time."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault("ProblemBody", problems.ProblemBody.model_json_schema())
        for path in document["paths"].values():
            for operation in path.values():
                for answer in operation["responses"].values():
                    answer.setdefault("headers", {})[TIME_HEADER] = _TIME_HEADER
        return document

    app.openapi = openapi  # type: ignore[method-assign]
