"""Opening profiles of an example team in tests, and closing all of them at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType

from outreach.device import Device
from outreach.example.team import Example
from outreach.session import Session
from sync.hub.serve import running

Answer = tuple[int, str, bytes]


class Members:
    """`members.device("sam")` is a locked profile, `members.session("sam")` an unlocked one."""

    def __init__(self, example: Example) -> None:
        self.example = example
        self._open = ExitStack()

    def device(self, profile: str) -> Device:
        device = self.example.open_device(profile)
        self._open.callback(device.close)
        return device

    def session(self, profile: str) -> Session:
        return self.unlock(self.device(profile))

    def unlock(self, device: Device) -> Session:
        session = device.unlock(self.example.passphrases[device.folder.name])
        self._open.callback(session.lock)
        return session

    def again(self, session: Session) -> Session:
        """Lock and close; a new start of the app on the same device."""
        self.leave(session)
        return self.session(session.device.folder.name)

    def leave(self, session: Session) -> None:
        session.lock()
        session.device.close()

    def hub(self) -> str:
        """A real hub beside the team, known to every profile that is opened from now on."""
        url = self._open.enter_context(running(self.example.database))
        self.example.point_to_hub(url)
        return url

    def hub_that(self, answers: Callable[[str, str], Answer]) -> str:
        """Something else at the hub's address: `answers(method, path)` gives status, type and body."""
        url = self._open.enter_context(answering(answers))
        self.example.point_to_hub(url)
        return url

    def __enter__(self) -> Members:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


@contextmanager
def answering(answers: Callable[[str, str], Answer]) -> Iterator[str]:
    """A small HTTP server of this machine that answers as told."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, kind, body = answers(self.command, self.path)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
