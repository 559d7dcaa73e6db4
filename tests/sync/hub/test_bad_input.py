"""Anything at all sent to the hub is answered with a sentence, and never with a fault of its own."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync import cbor
from sync.envelope import pack_batch
from sync.hub import create_app
from sync.hub.serve import serving
from sync.times import milliseconds
from tests.sync.hub.world import FOUNDED, Device, Hub, Team


@pytest.fixture(scope="module")
def still(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub for all of the examples; every one of them leaves it as it was."""
    folder = tmp_path_factory.mktemp("hub")
    now = milliseconds(FOUNDED) + 60_000
    app = create_app(str(folder / "hub.db"), clock=lambda: now)
    with serving(app) as address, httpx.Client(base_url=address) as client:
        hub = Hub(client, team, now, folder)
        hub.introduce()
        yield hub


@pytest.fixture(scope="module")
def whole(team: Team) -> bytes:
    return pack_batch(Device(team.log, team.worker.sender).seal(2))


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 2**64 - 1)
    | st.binary(max_size=80)
    | st.sampled_from([b"\0" * 8, b"\0" * 32, b"\0" * 64])
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=25,
)
BYTES = st.binary(max_size=400) | ANYTHING.map(cbor.encode)


def refused(answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert answer.json()["detail"].endswith(".")


@given(body=BYTES)
def test_any_bytes_as_a_batch(still: Hub, team: Team, body: bytes) -> None:
    refused(still.push(body, team.worker.installation))


@given(body=BYTES)
def test_any_bytes_as_a_log(still: Hub, team: Team, body: bytes) -> None:
    refused(still.client.put(team.address, content=body, headers={"Content-Type": "application/cbor"}))


@given(data=st.data())
def test_a_batch_with_a_few_bytes_changed_is_refused(
    still: Hub, team: Team, whole: bytes, data: st.DataObject
) -> None:
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] ^= data.draw(st.integers(1, 255))
    if bytes(changed) != whole:
        refused(still.push(bytes(changed), team.worker.installation))
    assert still.pull(team.worker.installation)["head"] == 0


@given(cut=st.integers(0, 10_000), tail=st.binary(max_size=20))
def test_a_batch_cut_short_is_refused(still: Hub, team: Team, whole: bytes, cut: int, tail: bytes) -> None:
    body = whole[: cut % len(whole)] + tail
    if body != whole:
        refused(still.push(body, team.worker.installation))


HEADER = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200)


@given(token=HEADER)
def test_any_token(still: Hub, token: str) -> None:
    answer = still.client.get(f"{still.team.address}/log", headers={"Authorization": f"Bearer x{token}"})
    assert answer.status_code == 401
    refused(answer)


@given(claims=ANYTHING.filter(lambda value: not isinstance(value, bytes)))
@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_any_claims_under_a_good_signature(still: Hub, team: Team, claims: object) -> None:
    import json

    import jwt

    payload = json.dumps(claims, default=lambda value: value.hex()).encode()
    token = jwt.PyJWS().encode(payload, team.worker.installation.key, "EdDSA")
    answer = still.client.get(f"{team.address}/log", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    refused(answer)


@given(
    path=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=40),
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]),
)
def test_any_path(still: Hub, path: str, method: str) -> None:
    answer = still.client.request(method, f"/v1/teams/{quote(path, safe='/')}")
    refused(answer)
