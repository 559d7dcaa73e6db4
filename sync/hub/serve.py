"""Running the hub: `main` for the command line, `running` for tests, the demo and journeys.

The hub listens on this machine only, unless it has a TLS certificate or is told in so many words that
something in front of it (a proxy) encrypts. What devices send is sealed either way; TLS is for tokens and for
who talks to whom.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import platformdirs
import uvicorn
from fastapi import FastAPI

from sync.hub.access import ACCESS
from sync.hub.app import create_app
from sync.hub.database import read_url
from sync.hub.problems import AddressRefused, HubError

PORT = 8440
_KEEP_ALIVE_SECONDS = 20
_STOP_SECONDS = 10
_START_SECONDS = 30
_CONNECTIONS = 1000
_WAITING = 1024


def default_database() -> str:
    """The SQLite URL used when none is given: `hub.db` in this person's data folder."""
    return f"sqlite:///{Path(platformdirs.user_data_dir('outreach', appauthor=False)) / 'hub.db'}"


def main(
    database: str,
    port: int,
    host: str = "127.0.0.1",
    *,
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    behind_tls: bool = False,
    json_log: bool = False,
) -> None:
    """Run the hub until it is told to stop (Ctrl+C, SIGTERM).

    `database` is a SQLite URL, a file's path, or "" for `default_database()`; `port` 0 picks a free one.
    `behind_tls` says that something in front of this hub encrypts, and allows an address that others can
    reach. Ends the process with a sentence when it can't start.
    """
    try:
        refuse_open_address(host, encrypted=tls_certificate is not None or behind_tls)
        database = database or default_database()
        app = create_app(database)
        listener = listen(host, port)
    except HubError as error:
        raise SystemExit(str(error)) from None
    with closing(listener):
        _log_to_stderr(as_json=json_log)
        scheme = "https" if tls_certificate else "http"
        place = read_url(database).database
        server = _Server(
            _config(app, tls_certificate, tls_key),
            lambda: print(f"Outreach hub at {scheme}://{_shown(listener)}, records in {place}", flush=True),
        )
        with suppress(KeyboardInterrupt):  # uvicorn has stopped in good order by then
            server.run(sockets=[listener])


@contextmanager
def running(database_url: str, port: int = 0) -> Iterator[str]:
    """The hub in a thread of this process, on 127.0.0.1: yields its base URL, stops on leaving.

    Everything that was receipted is in the database's file, so the next `running` on it goes on from there.
    """
    with serving(create_app(database_url), port) as address:
        yield address


@contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Like `running`, for an app that `create_app` made with a clock or key of its own."""
    with closing(listen("127.0.0.1", port)) as listener:
        ready = threading.Event()
        server = _Server(_config(app, None, None), ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="hub", daemon=True)
        thread.start()
        try:
            if not ready.wait(_START_SECONDS):
                raise HubError("The hub did not start in time.")
            yield f"http://{_shown(listener)}"
        finally:
            server.should_exit = True
            thread.join(_STOP_SECONDS)


def refuse_open_address(host: str, *, encrypted: bool) -> None:
    """Raise `AddressRefused` for an address that others can reach, unless the way there is encrypted."""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not (local or encrypted):
        raise AddressRefused(
            f"{host} can be reached from other machines, and this hub has no TLS certificate. Give it one, "
            "or say "
            "that a proxy in front of it encrypts. Without either it listens on 127.0.0.1 only."
        )


def listen(host: str, port: int) -> socket.socket:
    """A bound TCP socket. Raises `AddressRefused` with the reason."""
    if not 0 <= port < 2**16:
        raise AddressRefused(f"The hub can't listen on port {port}: ports go up to {2**16 - 1}.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressRefused(f"The hub can't listen on {host}, port {port}: {error}.") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise AddressRefused(
            f"The hub can't listen on {host}, port {port}: {error.strerror}. Another program may be using "
            "it; "
            "choose another port."
        ) from None
    return listener


class _Server(uvicorn.Server):
    """Uvicorn that says when it answers."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening."""
        await super().startup(sockets)
        if self.started:
            self._when_ready()


def _config(app: FastAPI, certificate: Path | None, key: Path | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # uvicorn's own names teams and addresses; `sync.hub.access` does not
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        backlog=_WAITING,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


def _shown(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, object] = {"at": self.formatTime(record), "level": record.levelname.lower()}
        if record.name == ACCESS.name:
            line |= {name: getattr(record, name) for name in ("method", "route", "status", "size")}
        else:
            line["message"] = record.getMessage()
        return json.dumps(line, ensure_ascii=False)


def _log_to_stderr(*, as_json: bool) -> None:
    door = logging.StreamHandler(sys.stderr)
    door.setFormatter(_JsonLines() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name, level in (("sync.hub", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.addHandler(door)
        logger.propagate = False
