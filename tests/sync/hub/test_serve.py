"""Running the hub: addresses, restarts, being killed, and what its logs hold."""

import json
import logging
import os
import re
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sync.envelope import Envelope
from sync.hub.problems import AddressRefused
from sync.hub.serve import listen, main, refuse_open_address, running
from tests.sync.hub.world import Device, Hub, Team, make_team


def hub_at(client: httpx.Client, team: Team, folder: Path) -> Hub:
    return Hub(client, team, time.time_ns() // 1_000_000, folder)


@contextmanager
def process(database: Path, *, tls: Path | None = None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A hub in a process of its own, and its address; with the certificate and key in the folder `tls`."""
    code = (
        "import sys; from pathlib import Path; from sync.hub.serve import main;"
        "tls = [Path(name) for name in sys.argv[2:]] or [None, None];"
        "main(sys.argv[1], 0, tls_certificate=tls[0], tls_key=tls[1], json_log=True)"
    )
    more = [str(tls / "tls.crt"), str(tls / "tls.key")] if tls else []
    started = subprocess.Popen(
        [sys.executable, "-c", code, str(database), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        line = started.stdout.readline()
        found = re.fullmatch(r"Outreach hub at (https?://127\.0\.0\.1:\d+), records in (.+)\n", line)
        assert found, line
        assert found[2] == str(database)
        yield started, found[1]
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_kill_9_loses_no_receipted_envelope(tmp_path: Path, pause: float) -> None:
    """Killed while pushes are on their way; then every receipt given is kept, and pushing goes on."""
    team = make_team(datetime.now(UTC))
    phone = Device(team.log, team.worker.sender)
    batches = [phone.batch(2) for _ in range(400)]
    receipted = 0
    enough = threading.Event()

    with process(tmp_path / "hub.db") as (started, address), httpx.Client(base_url=address) as client:
        hub = hub_at(client, team, tmp_path)
        assert hub.introduce().status_code == 201

        def push() -> None:
            nonlocal receipted
            for number, batch in enumerate(batches, start=1):
                try:
                    answer = hub.push(batch, team.worker.installation)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200
                receipted = 2 * number
                if number == 15:
                    enough.set()

        pusher = threading.Thread(target=push)
        pusher.start()
        assert enough.wait(30)
        time.sleep(pause)
        os.kill(started.pid, signal.SIGKILL)
        started.wait()
        pusher.join()
    assert receipted >= 30

    with running(f"sqlite:///{tmp_path / 'hub.db'}") as address, httpx.Client(base_url=address) as client:
        hub = hub_at(client, team, tmp_path)
        page = hub.pull(team.worker.installation, limit=1000)
        kept = [Envelope.from_bytes(data) for _, _, data in page["items"]]
        assert len(kept) >= receipted
        assert kept == phone.sent[: len(kept)]
        assert [position for position, _, _ in page["items"]] == list(range(1, len(kept) + 1))
        for batch in batches[len(kept) // 2 - 1 : len(kept) // 2 + 2]:
            hub.receipts(hub.push(batch, team.worker.installation))


def test_stopping_and_starting_goes_on_where_it_was(tmp_path: Path) -> None:
    team = make_team(datetime.now(UTC))
    phone = Device(team.log, team.worker.sender)
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    keys = set()
    for round_ in range(2):
        with running(url) as address, httpx.Client(base_url=address) as client:
            hub = hub_at(client, team, tmp_path)
            assert hub.introduce().status_code == (200 if round_ else 201)
            hub.receipts(hub.push(phone.batch(2), team.worker.installation))
            keys.add(hub.public)
            assert hub.pull(team.worker.installation)["head"] == 2 * (round_ + 1)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{address}/healthz")
    assert len(keys) == 1


def test_logs_hold_no_ids_no_addresses_and_no_bodies(tmp_path: Path) -> None:
    team = make_team(datetime.now(UTC))
    phone = Device(team.log, team.worker.sender)
    with process(tmp_path / "hub.db") as (started, address), httpx.Client(base_url=address) as client:
        hub = hub_at(client, team, tmp_path)
        hub.introduce()
        hub.push(phone.batch(1), team.worker.installation)
        hub.push(b"garbage", team.worker.installation)
        hub.pull(team.worker.installation, after=0)
        client.get(f"/v1/nothing/{team.log.team.hex()}")
        started.send_signal(signal.SIGTERM)
        assert started.stdout is not None
        assert started.stderr is not None
        printed, log = started.stdout.read(), started.stderr.read()
        started.wait()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/v1/teams/{team}", 201),
        ("/v1/teams/{team}/envelopes", 200),
        ("/v1/teams/{team}/envelopes", 400),
        ("/v1/teams/{team}/envelopes", 200),
        ("-", 404),
    ]
    for secret in (
        team.log.team.hex(),
        phone.sender.sender_id.hex(),
        team.worker.certificate.member.hex(),
        "127.0.0.1",
        "after=0",
        "Bearer",
    ):
        assert secret not in log + printed


def test_a_fault_of_the_hubs_own_is_told_without_its_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = secrets.token_hex(8)

    def broken(*_: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr("sync.hub.hub.Hub.check", broken)
    with caplog.at_level(logging.INFO, "sync.hub"), running(str(tmp_path / "hub.db")) as address:
        answer = httpx.get(f"{address}/healthz")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["outreach-hub-time"].isdecimal()
    assert "keeps its records" in answer.json()["detail"]
    assert "RuntimeError" in caplog.text
    assert secret not in caplog.text + answer.text


def test_a_database_that_does_not_answer_is_told_as_busy(tmp_path: Path) -> None:
    with running(str(tmp_path / "hub.db")) as address:
        assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}
        for path in tmp_path.glob("hub.db*"):
            path.write_bytes(b"overwritten by something else" * 300)
        answer = httpx.get(f"{address}/healthz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "keeps its records" in answer.json()["detail"]


def test_with_a_certificate_it_speaks_tls(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "tls.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with process(tmp_path / "hub.db", tls=tmp_path) as (_, address):
        assert address.startswith("https://")
        trusted = ssl.create_default_context(cafile=str(tmp_path / "tls.crt"))
        assert httpx.get(f"{address}/healthz", verify=trusted).json() == {"status": "ok"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "hub.example"])
def test_an_address_that_others_reach_wants_tls(host: str, tmp_path: Path) -> None:
    with pytest.raises(AddressRefused, match="TLS"):
        refuse_open_address(host, encrypted=False)
    refuse_open_address(host, encrypted=True)
    with pytest.raises(SystemExit, match="TLS"):
        main(str(tmp_path / "hub.db"), 0, host)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_this_machines_own_addresses_are_fine(host: str) -> None:
    refuse_open_address(host, encrypted=False)


def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match="choose another port"):
            main(str(tmp_path / "hub.db"), port)
    with pytest.raises(AddressRefused):
        listen("127.0.0.1", 99_999)
