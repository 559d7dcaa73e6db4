"""A real hub on a free port of this machine, in a thread, for tests and measurements."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from sync.client import HubCard, ask_hub
from sync.hub import create_app


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningHub:
    """`start` and `stop` as often as wanted: the database, the key and the port stay."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._database = f"sqlite:///{folder}/hub.db"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> HubCard:
        config = uvicorn.Config(create_app(self._database), port=self.port, log_level="error", lifespan="on")
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + 30
        while not server.started:
            assert self._thread.is_alive(), "the hub did not start"
            assert time.monotonic() < until, "the hub took too long to start"
            time.sleep(0.01)
        return ask_hub(self.url)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(20)
            assert not self._thread.is_alive(), "the hub did not stop"
        self._server = self._thread = None


@contextlib.contextmanager
def running_hub(folder: Path) -> Iterator[RunningHub]:
    hub = RunningHub(folder)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


class Relay:
    """Passes TCP on to a port and counts the bytes each way."""

    def __init__(self, to_port: int) -> None:
        self.sent = self.answered = self.requests = 0
        self._to = to_port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                for start, end, up in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._pass, args=(start, end, up), daemon=True).start()

    def _pass(self, start: socket.socket, end: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := start.recv(65536):
                with self._lock:
                    if up:
                        self.sent += len(data)
                        self.requests += data.count(b" HTTP/1.1\r\n")
                    else:
                        self.answered += len(data)
                end.sendall(data)
        for side in (start, end):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
