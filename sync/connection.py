"""One hub over HTTP: tokens in the hub's own time, bounded answers, errors as sentences.

Nothing here knows envelopes. Every request is authenticated by a JWT of five minutes (EdDSA,
the installation key) dated in hub time, which each answer carries in `Outreach-Hub-Time`: a
phone with a wrong clock is refused once, learns the time and asks again.
"""

import base64
import binascii
import ipaddress
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
import jwt

from sync.errors import HubConfused, HubRefused, HubUnreachable
from sync.team import Sender
from sync.times import LATEST

CBOR = "application/cbor"
HUB_TIME = "outreach-hub-time"
TOKEN_SECONDS = 300
ANSWER_LIMIT = 8 * 2**20
"""Bytes of the longest answer that is read."""
TIMES = httpx.Timeout(30.0, connect=10.0)
WHOLE = 180.0
"""Seconds that one answer may take from first to last byte."""
DETAIL = 400
"""Characters of the hub's own words that are passed on."""

SAFE = "Records on this device are safe and wait."


def wall_clock() -> int:
    """Milliseconds since 1970 by this device's clock."""
    return time.time_ns() // 1_000_000


class Connection:
    """Requests to the hub at one address."""

    def __init__(
        self,
        hub_url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        """Raises HubUnreachable for an address that can't be used."""
        self._http = httpx.Client(
            base_url=_address(hub_url),
            transport=transport,
            timeout=TIMES,
            follow_redirects=False,
            headers={"accept-encoding": "identity", "user-agent": "outreach"},
        )
        self._clock = clock
        self._offset = 0
        self._heard = False

    @property
    def hub_time(self) -> int | None:
        """Milliseconds by the hub's clock, as the last answer told it; None before any."""
        return self._clock() + self._offset if self._heard else None

    def close(self) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        params: Mapping[str, int] | None = None,
        sender: Sender | None = None,
    ) -> bytes:
        """The body of the hub's answer.

        Args:
            method: GET, PUT or POST.
            path: below the hub's address.
            body: CBOR.
            params: of the query.
            sender: whose token goes with it.

        Raises:
            HubUnreachable, HubConfused, HubRefused: with a sentence each.
        """
        status, data = self._once(method, path, body, params, sender)
        if status == 401 and sender is not None:  # the clock, most likely; now the hub's time is known
            status, data = self._once(method, path, body, params, sender)
        if status in (200, 201):
            return data
        if status >= 500:
            raise HubConfused(
                f"The hub has a fault of its own ({status}). {SAFE} The next try comes by itself."
            )
        if status == 429:
            raise HubUnreachable(f"The hub is busy at the moment. {SAFE} The next try comes by itself.")
        if status < 400:
            raise HubConfused(f"{_STRANGER} {SAFE}")
        raise _refusal(status, data)

    def _once(
        self,
        method: str,
        path: str,
        body: bytes | None,
        params: Mapping[str, int] | None,
        sender: Sender | None,
    ) -> tuple[int, bytes]:
        headers = {} if body is None else {"content-type": CBOR}
        if sender is not None:
            headers["authorization"] = f"Bearer {self._token(sender)}"
        until = time.monotonic() + WHOLE
        try:
            with self._http.stream(method, path, content=body, params=params, headers=headers) as answer:
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise HubConfused(f"{_STRANGER} {SAFE}")
                data = bytearray()
                for part in answer.iter_bytes():
                    data += part
                    if len(data) > ANSWER_LIMIT:
                        raise HubConfused(f"The hub's answer is longer than any that makes sense. {SAFE}")
                    if time.monotonic() > until:
                        raise HubUnreachable(f"The hub's answer came too slowly to wait for. {SAFE}")
                self._learn_time(answer.headers.get(HUB_TIME, ""))
                return answer.status_code, bytes(data)
        except httpx.TimeoutException:
            raise HubUnreachable(
                f"The hub didn't answer in time. {SAFE} The next try comes by itself."
            ) from None
        except (httpx.DecodingError, httpx.RemoteProtocolError, httpx.TooManyRedirects):
            raise HubConfused(f"The connection to the hub broke off in the middle. {SAFE}") from None
        except (httpx.TransportError, httpx.InvalidURL, OSError):
            raise HubUnreachable(
                f"The hub can't be reached from here. {SAFE} The next try comes by itself."
            ) from None

    def _token(self, sender: Sender) -> str:
        now = (self._clock() + self._offset) // 1000
        claims = {
            "iss": sender.sender_id.hex(),
            "team": sender.certificate.team.hex(),
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        return jwt.encode(claims, sender.key, algorithm="EdDSA")

    def _learn_time(self, told: str) -> None:
        if told.isascii() and told.isdecimal() and len(told) <= 15 and int(told) <= LATEST:
            self._offset = int(told) - self._clock()
            self._heard = True


_STRANGER = (
    "Something other than the hub answered at its address (the sign-in page of a Wi-Fi network, perhaps)."
)


def _refusal(status: int, data: bytes) -> HubRefused | HubConfused:
    try:
        problem = json.loads(data)
    except (ValueError, RecursionError):
        problem = None
    if not isinstance(problem, dict) or not isinstance(problem.get("detail"), str):
        return HubConfused(f"{_STRANGER} {SAFE}")
    kind, expected, chain = (problem.get(name) for name in ("type", "expected_number", "chain_hash"))
    try:
        chain_hash = bytes.fromhex(chain) if isinstance(chain, str) and len(chain) in (0, 64) else None
    except ValueError:
        chain_hash = None
    return HubRefused(
        f"The hub said no: {_printable(problem['detail'])} {SAFE}",
        status=status,
        kind=kind.rpartition(":")[2] if isinstance(kind, str) else "",
        expected_number=expected if type(expected) is int and 1 <= expected < 2**53 else None,
        chain_hash=chain_hash,
    )


def _printable(text: str) -> str:
    short = "".join(c if c.isprintable() else " " for c in text[: DETAIL + 1]).strip()
    return short if len(short) <= DETAIL else short[: DETAIL - 1] + "…"


def _address(hub_url: str) -> str:
    try:
        url = httpx.URL(hub_url)
    except (httpx.InvalidURL, TypeError):
        raise HubUnreachable(f"The hub's address can't be used: it isn't one. {SAFE}") from None
    if url.scheme == "http" and not _is_here(url.host):
        raise HubUnreachable(
            f"The hub's address begins with http: and isn't on this machine, so others could read along. "
            f"Use its https: address. {SAFE}"
        )
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise HubUnreachable(f"The hub's address can't be used: it isn't one. {SAFE}")
    return hub_url.rstrip("/")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class HubCard:
    """What a hub says of itself before anyone joins. `time` is milliseconds by its clock."""

    public: bytes
    time: int


def ask_hub(hub_url: str, *, transport: httpx.BaseTransport | None = None) -> HubCard:
    """The hub's public key and time. Whoever pins the key compares it with what the team was told.

    Raises:
        HubUnreachable, HubConfused, HubRefused.
    """
    connection = Connection(hub_url, transport=transport)
    try:
        answer = json.loads(connection.ask("GET", "/v1/hub"))
        key, time = answer["public_key"], answer["time"]
        public = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
        if len(public) != 32 or type(time) is not int or not 0 <= time <= LATEST:
            raise ValueError("not a hub's card")
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        raise HubConfused("What answered at this address is not a hub. Nothing was changed.") from None
    finally:
        connection.close()
    return HubCard(public, time)
