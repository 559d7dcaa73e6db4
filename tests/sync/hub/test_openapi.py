"""The OpenAPI document says what the hub does."""

import re

from tests.sync.hub.world import Device, Hub, Team


def test_every_route_names_its_bodies_and_its_problems(hub: Hub) -> None:
    document = hub.client.get("/openapi.json").json()
    routes = {
        (path, method): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert {(path, method) for path, method in routes} == {
        ("/healthz", "get"),
        ("/v1/hub", "get"),
        ("/v1/teams/{team}", "put"),
        ("/v1/teams/{team}/log", "get"),
        ("/v1/teams/{team}/envelopes", "post"),
        ("/v1/teams/{team}/envelopes", "get"),
        ("/v1/teams/{team}/receipts", "get"),
    }
    for (path, method), operation in routes.items():
        for status, answer in operation["responses"].items():
            kinds = list(answer.get("content") or {})
            assert "Outreach-Hub-Time" in answer["headers"]
            if status[0] in "45":
                assert kinds == ["application/problem+json"], (path, method, status)
            elif method == "put":
                assert kinds == []
            else:
                assert kinds == ["application/cbor" if path.startswith("/v1/teams") else "application/json"]
        if method in ("put", "post"):
            body = operation["requestBody"]["content"]
            assert list(body) == ["application/cbor"]
            assert body["application/cbor"]["schema"]["maxLength"] in (2**20, 4 * 2**20)
        assert ("security" in operation) == (path.startswith("/v1/teams/{team}/")), path
    text = str(document)
    names = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert names <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in text


def test_what_is_answered_is_what_is_described(hub: Hub, team: Team, phone: Device) -> None:
    document = hub.client.get("/openapi.json").json()
    card = hub.client.get("/v1/hub").json()
    described = document["components"]["schemas"]["HubCard"]
    assert set(card) == set(described["properties"]) == set(described["required"])
    assert card["versions"] == [1]
    assert hub.client.get("/healthz").json() == {"status": "ok"}
    phone.seal(1)
    refusals = [
        hub.push(phone.batch(1), team.worker.installation),
        hub.push(b"", team.worker.installation),
        hub.push(bytes(2**20 + 1), team.worker.installation),
    ]
    known = set(document["components"]["schemas"]["ProblemBody"]["properties"])
    answers = document["paths"]["/v1/teams/{team}/envelopes"]["post"]["responses"]
    for answer in refusals:
        assert str(answer.status_code) in answers
        assert set(answer.json()) <= known
