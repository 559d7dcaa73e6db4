"""The outermost layer: the hub's time on every answer, one log line a request, and no fault unanswered.

A log line says which route, which status, how long and how many bytes. It holds no team, no sender, no
address, no query and no body, so that a log may be kept and shown.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.hub.problems import fault

TIME_HEADER = "Outreach-Hub-Time"
ACCESS = logging.getLogger("sync.hub.access")
_LOG = logging.getLogger("sync.hub")

Clock = Callable[[], int]
"""Gives the time in milliseconds since 1970 (UTC)."""


def system_clock() -> int:
    """Hub time: this machine's clock, in milliseconds."""
    return time.time_ns() // 1_000_000


class Access:
    """ASGI middleware around the whole hub."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = size = 0

        async def answer(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[TIME_HEADER] = str(self._clock())
                headers["Cache-Control"] = "no-store"
                headers["X-Content-Type-Options"] = "nosniff"
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            frames = "".join(traceback.format_tb(error.__traceback__))
            _LOG.error("a fault of the hub's own: %s\n%s", type(error).__name__, frames)
            if status:
                raise
            await fault(error).answer()(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            ACCESS.info(
                "%s %s %d %d bytes %.1f ms",
                scope["method"],
                route,
                status,
                size,
                1000 * (time.perf_counter() - begun),
                extra={"method": scope["method"], "route": route, "status": status, "size": size},
            )
