"""The client against a small HTTP server of the tests, and against answers that no hub gives."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import cbor
from sync.client import (
    Client,
    HubConfused,
    HubRefused,
    HubUnreachable,
    SyncError,
    ask_hub,
)
from sync.envelope import ZERO, Envelope, seal, unpack_batch
from sync.outbox import Outbox
from sync.receipts import Receipt
from sync.times import moment
from tests.sync.conftest import House

HUB = Ed25519PrivateKey.generate()
PUBLIC = HUB.public_key().public_bytes_raw()
HUB_TIME = 1_795_000_000_000

Answer = tuple[int, dict[str, str], bytes]
Asked = tuple[str, str, dict[str, str], bytes]


class Door:
    """A real HTTP server whose answers a test decides; it remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[str, str, dict[str, str], bytes], Answer] = lambda *_: (500, {}, b"")
        door = self

        class Talk(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _talk(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                door.asked.append((self.command, self.path, headers, body))
                status, more, data = door.answer(self.command, self.path, headers, body)
                self.send_response(status)
                for name, value in {"outreach-hub-time": str(HUB_TIME), **more}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = _talk

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Talk)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.close()


def client(house: House, outbox: Outbox, url: str, transport: httpx.BaseTransport | None = None) -> Client:
    return Client(url, PUBLIC, house.worker.installation, house.log, outbox, transport=transport)


def fill(outbox: Outbox, house: House, count: int) -> None:
    for number in range(count):
        outbox.record(f"r{number}".encode(), b"a record", ["team"], house.worker.installation, house.log)


def receipt_of(last: Envelope, key: Ed25519PrivateKey = HUB, **other: object) -> bytes:
    fields = {"team": last.team, "sender": last.sender, "number": last.number, "chain_hash": last.chain_hash}
    return Receipt.issue(key, kind="received", at=HUB_TIME, **{**fields, **other}).to_bytes()  # type: ignore[arg-type]


def receipts(*data: bytes) -> Answer:
    return 200, {}, cbor.encode({"received": list(data)})


def problem(status: int, kind: str, **more: object) -> Answer:
    body = {
        "type": f"urn:outreach:problem:{kind}",
        "title": kind,
        "status": status,
        "detail": "Told so.",
        **more,
    }
    return status, {"content-type": "application/problem+json"}, json.dumps(body).encode()


def honest(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    return receipts(receipt_of(unpack_batch(body)[-1])) if method == "POST" else receipts()


# --- push --------------------------------------------------------------------------------------


def test_push_takes_the_receipt(house: House, outbox: Outbox, door: Door) -> None:
    fill(outbox, house, 5)
    door.answer = honest
    with client(house, outbox, door.url) as own:
        report = own.push()
    assert (report.sent, report.waiting, report.refused) == (5, 0, ())
    ((method, path, headers, body),) = door.asked
    assert (method, path) == ("POST", f"/v1/teams/{house.log.team.hex()}/envelopes")
    assert headers["content-type"] == "application/cbor"
    assert len(unpack_batch(body)) == 5
    assert outbox.last_sync is not None
    assert abs((outbox.last_sync - moment(HUB_TIME)).total_seconds()) < 60


def test_a_wrong_clock_learns_the_hubs_time_from_a_401(house: House, outbox: Outbox, door: Door) -> None:
    fill(outbox, house, 1)
    key = house.worker.installation.key.public_key()

    def strict(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        token = headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, key, ["EdDSA"], options={"verify_exp": False, "verify_iat": False})
        assert claims["iss"] == house.worker.installation.sender_id.hex()
        assert claims["team"] == house.log.team.hex()
        if abs(claims["iat"] - HUB_TIME // 1000) > 60:
            return problem(401, "token-time")
        return honest(method, path, headers, body)

    door.answer = strict
    own = Client(
        door.url, PUBLIC, house.worker.installation, house.log, outbox, clock=lambda: 946_684_800_000
    )
    assert own.push().sent == 1
    assert len(door.asked) == 2
    own.close()


def test_a_hub_that_does_not_know_the_team_is_told(house: House, outbox: Outbox, door: Door) -> None:
    fill(outbox, house, 2)
    known = False

    def newcomer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        nonlocal known
        if method == "PUT":
            assert body == house.log.to_bytes()
            assert "authorization" not in headers
            known = True
            return 201, {}, b""
        return honest(method, path, headers, body) if known else problem(404, "team-not-known")

    door.answer = newcomer
    with client(house, outbox, door.url) as own:
        assert own.push().sent == 2


def test_a_hub_that_lost_records_gets_them_again(house: House, outbox: Outbox, door: Door) -> None:
    """A gap (409) from the number that the hub expects, where its chain is ours."""
    fill(outbox, house, 6)
    door.answer = honest
    with client(house, outbox, door.url) as own:
        own.push()
        outbox.record(b"more", b"a record", ["team"], house.worker.installation, house.log)
        sender = house.worker.installation.sender_id

        def behind(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
            if unpack_batch(body)[0].number > 4:
                chain = outbox.chain_hash(sender, 3)
                assert chain is not None
                return problem(409, "gap", expected_number=4, chain_hash=chain.hex())
            return honest(method, path, headers, body)

        door.answer = behind
        report = own.push()
    assert (report.sent, report.waiting) == (4, 0)
    assert [e.number for e in unpack_batch(door.asked[-1][3])] == [4, 5, 6, 7]


def test_receipts_tell_what_the_hub_has_lost(house: House, outbox: Outbox, door: Door) -> None:
    fill(outbox, house, 4)
    door.answer = honest
    with client(house, outbox, door.url) as own:
        own.push()
        report = own.push()  # nothing waits: receipts are fetched, and there are none
        assert report.sent == 4
    assert [a[0] for a in door.asked] == ["POST", "GET", "POST"]


@pytest.mark.parametrize(
    ("expected", "chain", "words"),
    [(3, "11" * 32, "copied or restored"), (9, "11" * 32, "restored from a copy"), (1, "11" * 32, "copied")],
)
def test_forks_are_told_and_nothing_is_lost(
    house: House, outbox: Outbox, door: Door, expected: int, chain: str, words: str
) -> None:
    fill(outbox, house, 4)
    door.answer = lambda *_: problem(409, "fork", expected_number=expected, chain_hash=chain)
    with client(house, outbox, door.url) as own:
        report = own.push()
    assert (report.sent, report.waiting) == (0, 4)
    assert words in report.refused[0].reason
    assert sum(map(len, outbox.batches())) == 4


def test_one_senders_trouble_holds_up_no_other(house: House, outbox: Outbox, door: Door) -> None:
    fill(outbox, house, 3)
    outbox.record(b"member", b"a record", ["team"], house.worker.sender, house.log)

    def picky(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        first = unpack_batch(body)[0]
        if first.sender == house.worker.installation.sender_id:
            return problem(403, "certificate-ended")
        return honest(method, path, headers, body)

    door.answer = picky
    with client(house, outbox, door.url) as own:
        report = own.push()
    assert (report.sent, report.waiting) == (1, 3)
    (refusal,) = report.refused
    assert refusal.sender == house.worker.installation.sender_id
    assert "Told so." in refusal.reason
    assert "safe and wait" in refusal.reason


def test_a_record_that_the_hub_can_not_take_lets_those_before_it_through(
    house: House, outbox: Outbox, door: Door
) -> None:
    fill(outbox, house, 5)

    def picky(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        numbers = [e.number for e in unpack_batch(body)]
        return problem(422, "signature", number=4) if 4 in numbers else honest(method, path, headers, body)

    door.answer = picky
    with client(house, outbox, door.url) as own:
        report = own.push()
    assert (report.sent, report.waiting, report.refused[0].number) == (3, 2, 4)


def test_a_broken_signature_on_the_disk_is_set_aside(house: House, outbox: Outbox, door: Door) -> None:
    fill(outbox, house, 4)
    entry = outbox.entry(b"r2")
    assert entry is not None
    assert entry.envelope is not None
    raw = bytearray(entry.envelope.to_bytes())
    raw[-1] ^= 1
    outbox._db.execute("UPDATE envelopes SET envelope = ? WHERE number = 3", (bytes(raw),))

    def gapless(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        run = unpack_batch(body)
        if run[0].number > 3:
            chain = outbox.chain_hash(run[0].sender, 2)
            assert chain is not None
            return problem(409, "gap", expected_number=3, chain_hash=chain.hex())
        return honest(method, path, headers, body)

    door.answer = gapless
    with client(house, outbox, door.url) as own:
        report = own.push()
        assert report.sent == 2
        assert report.waiting == 2
        assert own.push().sent == 0
    assert "3" in report.refused[0].reason
    (aside,) = outbox.set_aside_records()
    assert (aside.number, aside.ref) == (3, b"r2")
    assert "signature is broken" in aside.reason


@pytest.mark.parametrize("kind", ["another key", "another number", "another chain", "another team", "none"])
def test_receipts_that_do_not_count(house: House, outbox: Outbox, door: Door, kind: str) -> None:
    fill(outbox, house, 3)

    def odd(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        last = unpack_batch(body)[-1]
        return receipts(
            *{
                "another key": [receipt_of(last, Ed25519PrivateKey.generate())],
                "another number": [receipt_of(last, number=2)],
                "another chain": [receipt_of(last, chain_hash=b"x" * 32)],
                "another team": [receipt_of(last, team=b"x" * 8)],
                "none": [],
            }[kind]
        )

    door.answer = odd
    with client(house, outbox, door.url) as own:
        if kind in ("another chain", "another number"):
            assert "copied or restored" in own.push().refused[0].reason
        else:
            with pytest.raises(HubConfused, match=r"wait"):
                own.push()
    assert outbox.waiting() == 3


# --- answers that no hub gives -----------------------------------------------------------------


def timing_out(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


def breaking(request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("gone", request=request)


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


def answering(status: int, data: bytes, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(
        status, content=data, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


STRANGE = {
    "time-out": (timing_out, HubUnreachable),
    "break": (breaking, HubConfused),
    "no network": (unreachable, HubUnreachable),
    "500": (answering(500, b"Traceback: secret stuff"), HubConfused),
    "503": (answering(503, b""), HubConfused),
    "429": (answering(429, b""), HubUnreachable),
    "sign-in page": (answering(200, b"<html>Welcome to StationWiFi"), HubConfused),
    "redirect": (answering(302, b"", location="https://example.org/"), HubConfused),
    "404 page": (answering(404, b"<html>nothing"), HubConfused),
    "garbage": (answering(200, bytes(range(256))), HubConfused),
    "empty": (answering(200, b""), HubConfused),
    "list": (answering(200, cbor.encode([1])), HubConfused),
    "number": (answering(200, cbor.encode({"received": 1, "items": 1})), HubConfused),
    "odd receipts": (
        answering(200, cbor.encode({"received": [1], "items": [1], "more": False})),
        HubConfused,
    ),
    "squeezed": (answering(200, cbor.encode({"received": []}), content_encoding="br"), HubConfused),
    "problem list": (answering(400, b"[1]"), HubConfused),
    "deep": (answering(400, b"[" * 100_000), HubConfused),
    "odd time": (answering(500, b"", outreach_hub_time="9" * 40), HubConfused),
    "endless": (answering(200, bytes(9 * 2**20)), HubConfused),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_strange_answers_are_sentences_and_lose_nothing(house: House, outbox: Outbox, kind: str) -> None:
    answer, error = STRANGE[kind]
    fill(outbox, house, 3)
    calls: list[Callable[[Client], object]] = [
        lambda c: c.push(),
        lambda c: list(c.pull(0, house.worker.keyring)),
        lambda c: c.refresh_team(),
    ]
    with client(house, outbox, "https://hub.example", httpx.MockTransport(answer)) as own:
        for call in calls:
            with pytest.raises(error) as told:
                call(own)
            words = str(told.value)
            assert isinstance(told.value, SyncError)
            assert "safe" in words
            assert words.endswith(".")
            assert "secret stuff" not in words
    assert outbox.waiting() == 3
    assert outbox.last_sync is None
    assert sum(map(len, outbox.batches())) == 3


def test_the_hubs_own_words_are_cut_short(house: House, outbox: Outbox) -> None:
    fill(outbox, house, 1)
    answer = answering(403, json.dumps({"detail": "no\x1b[31m" + "x" * 5000, "type": 5}).encode())
    with client(house, outbox, "https://hub.example", httpx.MockTransport(answer)) as own:
        report = own.push()
        with pytest.raises(HubRefused) as told:
            list(own.pull(0, house.worker.keyring))
    assert len(report.refused[0].reason) < 600
    assert "\x1b" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    ["http://hub.example", "ftp://hub.example", "hub.example", "", "https://", "https://a:b@hub.example"],
)
def test_addresses_that_can_not_be_used(house: House, outbox: Outbox, url: str) -> None:
    with pytest.raises(HubUnreachable, match="address"):
        client(house, outbox, url)


def test_ask_hub(door: Door) -> None:
    card = {"public_key": "A" * 43, "time": HUB_TIME, "versions": [1]}
    door.answer = lambda *_: (200, {}, json.dumps(card).encode())
    assert ask_hub(door.url).public == bytes(32)
    for odd in (b"", b"[]", b'{"public_key": "AA", "time": 1}', b'{"public_key": 1, "time": 1}', b"<html>"):
        door.answer = lambda *_, odd=odd: (200, {}, odd)  # type: ignore[misc]
        with pytest.raises(HubConfused, match="not a hub"):
            ask_hub(door.url)


# --- pull --------------------------------------------------------------------------------------


def page(items: list[object], *, more: bool = False, head: int = 100) -> Answer:
    return 200, {}, cbor.encode({"items": items, "more": more, "head": head})


def test_bad_envelopes_block_nothing(house: House, outbox: Outbox, door: Door) -> None:
    one, two, three = house.chain(b"1", b"2", b"3")
    raw = bytearray(two.to_bytes())
    raw[-1] ^= 1
    own = house.outsider
    foreign = seal(b"x", audiences=["team"], log=own.log, sender=own.sender, number=1, previous=ZERO)
    (for_desk,) = house.chain(b"d", audiences=("desk:riverside",), sender=house.desk.sender)
    items = [
        one.to_bytes(),
        bytes(raw),
        b"garbage",
        foreign.to_bytes(),
        for_desk.to_bytes(),
        three.to_bytes(),
    ]

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if path.endswith("/log"):
            return 200, {}, house.log.to_bytes()
        return page([[n, HUB_TIME, data] for n, data in enumerate(items, start=5)])

    door.answer = answer
    with client(house, outbox, door.url) as puller:
        pulled = list(puller.pull(4, house.worker.keyring))
    assert [p.position for p in pulled] == [5, 6, 7, 8, 9, 10]
    assert [p.body for p in pulled] == [b"1", None, None, None, None, b"3"]
    assert [bool(p.problem) for p in pulled] == [False, True, True, True, False, False]
    assert pulled[0].member == house.worker.certificate.member
    assert (pulled[0].audiences, pulled[0].received_at, pulled[0].number) == (("team",), HUB_TIME, 1)
    assert "a record" not in repr(pulled)
    assert not any(p.warning for p in pulled)


def test_pages_go_on_and_resume(house: House, outbox: Outbox, door: Door) -> None:
    chain = house.chain(*[str(n).encode() for n in range(7)])

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        after = int(path.partition("after=")[2].partition("&")[0])
        rest = [[n, HUB_TIME, e.to_bytes()] for n, e in enumerate(chain, start=1) if n > after]
        return page(rest[:3], more=len(rest) > 3, head=7)

    door.answer = answer
    with client(house, outbox, door.url) as own:
        start = own.pull(0, house.worker.keyring, limit=3)
        first = [next(start) for _ in range(4)]
        rest = list(own.pull(first[-1].position, house.worker.keyring, limit=3))
        assert [p.body for p in first + rest] == [str(n).encode() for n in range(7)]
        assert list(own.pull(7, house.worker.keyring)) == []
        again = list(own.pull(50, house.worker.keyring))  # the hub was restored: it begins anew
        assert len(again) == 7


@pytest.mark.parametrize(
    "items",
    [
        [[5, 1, b""], [5, 1, b""]],
        [[4, 1, b""]],
        [[5, 1]],
        [["5", 1, b""]],
        [[5, 1, "x"]],
        [[5, 10**17, b""]],
        [5],
    ],
)
def test_positions_that_make_no_sense(house: House, outbox: Outbox, door: Door, items: list[object]) -> None:
    door.answer = lambda *_: page(items)
    with client(house, outbox, door.url) as own, pytest.raises(HubConfused):
        list(own.pull(4, house.worker.keyring))


def test_more_of_nothing_ends(house: House, outbox: Outbox, door: Door) -> None:
    door.answer = lambda *_: page([], more=True)
    with client(house, outbox, door.url) as own, pytest.raises(HubConfused):
        list(own.pull(0, house.worker.keyring))


def test_a_newcomers_record_is_read_with_the_newer_log(house: House, outbox: Outbox, door: Door) -> None:
    (envelope,) = house.chain(b"from the newcomer", sender=house.lead.sender)

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        return (
            (200, {}, house.log.to_bytes()) if path.endswith("/log") else page([[1, 1, envelope.to_bytes()]])
        )

    door.answer = answer
    old = house.worker.log
    with Client(door.url, PUBLIC, house.worker.installation, old, outbox) as own:
        (pulled,) = own.pull(0, house.worker.keyring)
        assert pulled.body == b"from the newcomer"
        assert len(own.team.statements) == len(house.log.statements)


def test_a_log_of_another_team_is_refused(house: House, outbox: Outbox, door: Door) -> None:
    door.answer = lambda *_: (200, {}, house.outsider.log.to_bytes())
    with client(house, outbox, door.url) as own, pytest.raises(HubConfused, match="doesn't verify"):
        own.refresh_team()
    assert own.team is house.log


def test_forks_and_missing_keys_are_told(house: House, outbox: Outbox, door: Door) -> None:
    from sync.keyring import Keyring

    one, two = house.chain(b"1", b"2")
    twin = seal(
        b"twin",
        audiences=["team"],
        log=house.log,
        sender=house.worker.sender,
        number=2,
        previous=one.chain_hash,
    )
    door.answer = lambda *_: page(
        [[n, 1, e.to_bytes()] for n, e in enumerate((one, two, twin, two), start=1)]
    )
    with client(house, outbox, door.url) as own:
        pulled = list(own.pull(0, house.worker.keyring))
        assert [p.body for p in pulled] == [b"1", b"2", b"twin", b"2"]
        assert [bool(p.warning) for p in pulled] == [False, False, True, False]
        (key,) = [
            key for audience, _, key in house.worker.keyring.to_document()["keys"] if audience == "team"
        ]
        old = Keyring({("team", b"\x00" * 8): key})
        assert all("doesn't hold yet" in (p.problem or "") for p in own.pull(0, old))
        assert all(p.problem is None and p.body is None for p in own.pull(0, house.desk.keyring))
