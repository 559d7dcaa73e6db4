"""Tokens: who may ask, in hub time, and what a refused device is told."""

import base64
import json

import jwt
import pytest

from tests.sync.hub.world import Device, Hub, Team, make_team, problem


def ask(hub: Hub, token: str | None, scheme: str = "Bearer"):  # type: ignore[no-untyped-def]
    headers = {} if token is None else {"Authorization": f"{scheme} {token}"}
    return hub.client.get(f"{hub.team.address}/log", headers=headers)


def test_a_refused_device_is_told_the_hubs_time(hub: Hub, team: Team) -> None:
    late = hub.now // 1000 - 86_400
    answer = ask(hub, hub.token(team.worker.installation, iat=late, exp=late + 120))
    problem(answer, 401, "token-time")
    assert answer.headers["www-authenticate"] == "Bearer"
    told = int(answer.headers["outreach-hub-time"])
    assert told == hub.now
    again = hub.token(team.worker.installation, iat=told // 1000, exp=told // 1000 + 120)
    assert ask(hub, again).status_code == 200


@pytest.mark.parametrize("offset", [-50, 0, 50])
def test_a_minute_of_drift_is_let_through(hub: Hub, team: Team, offset: int) -> None:
    at = hub.now // 1000 + offset
    assert ask(hub, hub.token(team.worker.installation, iat=at, exp=at + 60)).status_code == 200


@pytest.mark.parametrize(
    ("iat", "exp", "kind"),
    [
        (600, 720, "token-time"),
        (-400, -100, "token-time"),
        (0, 86_400, "not-signed-in"),
        (0, 0, "not-signed-in"),
        (0, -60, "not-signed-in"),
        (0, None, "not-signed-in"),
        (None, 60, "not-signed-in"),
    ],
)
def test_times_that_do_not_count(hub: Hub, team: Team, iat: int | None, exp: int | None, kind: str) -> None:
    now = hub.now // 1000
    claims = {"iat": None if iat is None else now + iat, "exp": None if exp is None else now + exp}
    problem(ask(hub, hub.token(team.worker.installation, **claims)), 401, kind)


@pytest.mark.parametrize("value", ["1", 1.5, True, -1, 2**70, [], {}, 1e300])
def test_times_that_are_no_numbers(hub: Hub, team: Team, value: object) -> None:
    problem(ask(hub, hub.token(team.worker.installation, iat=value)), 401, "not-signed-in")
    problem(ask(hub, hub.token(team.worker.installation, exp=value)), 401, "not-signed-in")


@pytest.mark.parametrize("issuer", ["", "zz" * 8, "00" * 8, 7, None, ["00"], " 0 0 0 0 0 0 0", "é" * 16])
def test_an_unknown_device_is_told_so(hub: Hub, team: Team, issuer: object) -> None:
    problem(ask(hub, hub.token(team.worker.installation, iss=issuer)), 401, "device-not-known")


def test_no_token_and_tokens_that_are_none(hub: Hub, team: Team) -> None:
    good = hub.token(team.worker.installation)
    problem(ask(hub, None), 401, "not-signed-in")
    problem(ask(hub, good, "Basic"), 401, "not-signed-in")
    for token in ("x", "a.b.c", good[:-8], good + "A" * 4000, good.replace(".", "", 1), "..."):
        problem(ask(hub, token), 401, "not-signed-in")


def test_a_token_signed_by_another_key_is_refused(hub: Hub, team: Team) -> None:
    forged = hub.token(team.other.installation, iss=team.worker.installation.sender_id.hex())
    problem(ask(hub, forged), 401, "not-signed-in")


def test_a_token_without_a_signature_is_refused(hub: Hub, team: Team) -> None:
    claims = jwt.decode(hub.token(team.worker.installation), options={"verify_signature": False})

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    for algorithm in ("none", "None", "HS256", "ES256"):
        token = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}."
        problem(ask(hub, token), 401, "not-signed-in")
    symmetric = jwt.encode(claims, team.worker.installation.certificate.sign_public, "HS256")
    problem(ask(hub, symmetric), 401, "not-signed-in")


def test_a_token_for_another_team_is_refused(hub: Hub, team: Team) -> None:
    problem(ask(hub, hub.token(team.worker.installation, team="00" * 8)), 401, "wrong-team")
    strangers = make_team()
    problem(ask(hub, hub.token(strangers.worker.installation)), 401, "device-not-known")


def test_an_unknown_team_is_told_to_introduce_itself(hub: Hub) -> None:
    strangers = make_team()
    token = hub.token(strangers.worker.installation, team=strangers.log.team.hex())
    answer = hub.client.get(f"{strangers.address}/log", headers={"Authorization": f"Bearer {token}"})
    told = problem(answer, 404, "team-not-known")
    assert "introduces its team" in told["detail"]


def test_a_device_certified_for_two_teams_keeps_them_apart(hub: Hub, team: Team) -> None:
    strangers = make_team()
    hub.client.put(
        strangers.address, content=strangers.log.to_bytes(), headers={"Content-Type": "application/cbor"}
    ).raise_for_status()
    mine = Device(team.log, team.worker.sender)
    answer = hub.client.post(
        f"{strangers.address}/envelopes",
        content=mine.batch(1),
        headers={"Content-Type": "application/cbor", **hub.headers(team.worker.installation)},
    )
    problem(answer, 401, "wrong-team")
