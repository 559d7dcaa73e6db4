"""The hub: envelopes made beforehand, pushed over real HTTP to a hub in a process of its own, on SQLite."""

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.sync.hub.world import Device, Hub, Team, make_team

DEVICES = 8
BATCHES = 10
ENVELOPES = 40
BODY = b"a contact of ordinary length with the usual codes in it, and now and then a note; " * 2


def figures() -> Iterator[tuple[str, float, str]]:
    """Envelopes a second, durable and receipted, from several devices at once; and pulling them back."""
    team = make_team(datetime.now(UTC))
    members = [team.worker, team.other, team.peer, team.founding.coordinator]
    work = [
        (member.installation, [one.batch(ENVELOPES, body=BODY) for _ in range(BATCHES)])
        for member, one in (
            (member, Device(team.log, sender))
            for member in members
            for sender in (member.sender, member.installation)
        )
    ]
    assert len(work) == DEVICES
    total = DEVICES * BATCHES * ENVELOPES
    with tempfile.TemporaryDirectory() as folder:
        code = "import sys; from sync.hub.serve import main; main(sys.argv[1], 0)"
        started = subprocess.Popen(
            [sys.executable, "-c", code, str(Path(folder) / "hub.db")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert started.stdout is not None
            found = re.search(r"http://\S+:\d+", started.stdout.readline())
            assert found
            yield "hub_push_sqlite", total / _push(found[0], team, work), "envelopes/s"
            yield "hub_pull_sqlite", total / _pull(found[0], team, total), "envelopes/s"
        finally:
            started.terminate()
            started.communicate()


def _hub(client: httpx.Client, team: Team) -> Hub:
    return Hub(client, team, time.time_ns() // 1_000_000, Path())


def _push(address: str, team: Team, work: list) -> float:  # type: ignore[type-arg]
    with httpx.Client(base_url=address) as client:
        _hub(client, team).introduce().raise_for_status()
    ready = threading.Barrier(len(work) + 1)
    failed: list[int] = []

    def device(sender, batches: list[bytes]) -> None:  # type: ignore[no-untyped-def]
        with httpx.Client(base_url=address, timeout=60) as client:
            hub = _hub(client, team)
            client.get("/v1/hub")
            ready.wait()
            failed.extend(a.status_code for b in batches if (a := hub.push(b, sender)).status_code != 200)

    threads = [threading.Thread(target=device, args=one) for one in work]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    assert not failed, failed
    return took


def _pull(address: str, team: Team, total: int) -> float:
    with httpx.Client(base_url=address) as client:
        hub = _hub(client, team)
        begun = time.perf_counter()
        after = 0
        while after < total:
            after = hub.pull(team.worker.installation, after=after, limit=500)["items"][-1][0]
        return time.perf_counter() - begun
