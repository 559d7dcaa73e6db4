"""Team logs at the hub: self-authenticating, only ever longer."""

from sync import cbor
from sync.team import enrol, name_hub
from tests.sync.hub.world import FOUNDED, Hub, Team, make_team, problem


def put(hub: Hub, address: str, body: bytes):  # type: ignore[no-untyped-def]
    return hub.client.put(address, content=body, headers={"Content-Type": "application/cbor"})


def held(hub: Hub) -> bytes:
    answer = hub.client.get(
        f"{hub.team.address}/log", headers=hub.headers(hub.team.founding.coordinator.sender)
    )
    assert answer.status_code == 200
    return answer.content


def test_introducing_twice_changes_nothing(hub: Hub, team: Team) -> None:
    assert put(hub, team.address, team.log.to_bytes()).status_code == 200
    assert held(hub) == team.log.to_bytes()


def test_a_longer_log_adds_and_a_shorter_one_takes_nothing_away(hub: Hub, team: Team) -> None:
    longer = name_hub(team.log, team.founding.coordinator, hub.public, FOUNDED)
    assert put(hub, team.address, longer.to_bytes()).status_code == 200
    assert held(hub) == longer.to_bytes()
    assert put(hub, team.address, team.log.to_bytes()).status_code == 200
    assert held(hub) == longer.to_bytes()


def test_two_coordinators_who_add_at_once_both_count(hub: Hub, team: Team) -> None:
    one = enrol(team.log, team.founding.coordinator, role="worker", now=FOUNDED)
    two = enrol(team.log, team.founding.coordinator, role="peer", now=FOUNDED)
    for log in (one.log, two.log):
        assert put(hub, team.address, log.to_bytes()).status_code == 200
    for newcomer in (one, two):
        answer = hub.client.get(f"{team.address}/receipts", headers=hub.headers(newcomer.installation))
        assert answer.status_code == 200


def test_a_log_under_another_address_is_refused(hub: Hub, team: Team) -> None:
    problem(put(hub, "/v1/teams/0011223344556677", team.log.to_bytes()), 400, "team")
    problem(put(hub, make_team().address, team.log.to_bytes()), 400, "team")


def test_an_address_that_is_none_is_refused(hub: Hub, team: Team) -> None:
    for name in ("xyz", team.log.team.hex().upper() + "0", "0" * 15, "0" * 17):
        problem(put(hub, f"/v1/teams/{name}", team.log.to_bytes()), 422, "parameter")


def test_altered_cut_or_unsigned_logs_are_refused(hub: Hub, team: Team) -> None:
    data = team.log.to_bytes()
    version, root, statements = cbor.decode(data, limit=len(data))
    payload, signature = statements[1]
    forged = [version, root, [statements[0], [payload, bytes(64)], *statements[2:]]]
    twice = [version, root, [*statements, [payload, signature]]]
    for body in (
        b"",
        b"\xa0",
        data[:-1],
        data + b"\0",
        *map(cbor.encode, (forged, twice, [version, root, []])),
    ):
        assert "Nothing was changed" in problem(put(hub, team.address, body), 400, "team-log")["detail"]
    assert held(hub) == data


def test_a_slash_too_many_is_not_here(hub: Hub, team: Team) -> None:
    problem(put(hub, f"{team.address}/", team.log.to_bytes()), 404, "not-here")
    problem(hub.client.get("/v1/hub/"), 404, "not-here")


def test_a_log_too_large_is_refused(hub: Hub, team: Team) -> None:
    problem(put(hub, team.address, bytes(4 * 2**20 + 1)), 413, "too-large")
