"""Pulling: in order, page by page, and only what a caller may have."""

import pytest

from sync.envelope import Envelope, open_envelope
from sync.team import enrol
from tests.sync.hub.world import FOUNDED, SECRET, Device, Hub, Team, problem


@pytest.fixture
def filled(hub: Hub, team: Team, phone: Device) -> Hub:
    """One envelope for each of these audiences, all by the worker, at positions 1 to 5."""
    for audiences in (
        ["all"],
        ["team"],
        ["desk:kirkgate", "team"],
        ["coordinators"],
        ["desk:kirkgate"],
    ):
        phone.seal(audiences=audiences)
    from sync.envelope import pack_batch

    hub.receipts(hub.push(pack_batch(phone.sent), team.worker.installation))
    return hub


def positions(hub: Hub, sender, **query) -> list[int]:  # type: ignore[no-untyped-def]
    return [position for position, _, _ in hub.pull(sender, **query)["items"]]


@pytest.mark.requirement("CC01")
def test_each_role_gets_what_its_certificate_reads(filled: Hub, team: Team) -> None:
    assert positions(filled, team.other.installation) == [1, 2, 3]
    assert positions(filled, team.peer.installation) == [1]
    assert positions(filled, team.desk.installation) == [1, 3, 5]
    assert positions(filled, team.founding.coordinator.installation) == [1, 2, 3, 4, 5]


def test_a_member_gets_all_that_they_sent(filled: Hub, team: Team) -> None:
    assert positions(filled, team.worker.installation) == [1, 2, 3, 4, 5]


def test_the_members_own_key_and_its_installation_get_the_same(filled: Hub, team: Team) -> None:
    assert positions(filled, team.desk.sender) == positions(filled, team.desk.installation)


def test_a_second_device_reads_as_its_member(filled: Hub, team: Team) -> None:
    second = enrol(
        team.log,
        team.founding.coordinator,
        role="desk",
        site="kirkgate",
        member=team.desk.certificate.member,
        now=FOUNDED,
    )
    filled.client.put(
        team.address, content=second.log.to_bytes(), headers={"Content-Type": "application/cbor"}
    ).raise_for_status()
    assert positions(filled, second.installation) == [1, 3, 5]


def test_a_member_certificate_out_of_date_reads_nothing(filled: Hub, team: Team) -> None:
    filled.now = team.other.certificate.valid_until + 1
    answer = filled.client.get(f"{team.address}/envelopes", headers=filled.headers(team.other.installation))
    problem(answer, 403, "certificate-ended")


def test_what_is_pulled_opens_with_the_keyring(filled: Hub, team: Team) -> None:
    items = filled.pull(team.other.installation)["items"]
    assert [open_envelope(Envelope.from_bytes(data), team.other.keyring) for _, _, data in items] == [
        SECRET
    ] * 3
    assert {at for _, at, _ in items} == {filled.now}


def test_pages_resume_and_skip_nothing(filled: Hub, team: Team) -> None:
    found: list[int] = []
    while True:
        page = filled.pull(team.desk.installation, after=found[-1] if found else 0, limit=2)
        found += [position for position, _, _ in page["items"]]
        assert page["head"] == 5
        if not page["more"]:
            break
        assert len(page["items"]) == 2
    assert found == [1, 3, 5]
    beyond = filled.pull(team.worker.installation, after=5)
    assert (beyond["items"], beyond["head"], beyond["more"]) == ([], 5, False)


def test_a_page_is_bounded_in_bytes_and_still_moves_on(hub: Hub, team: Team, phone: Device) -> None:
    import secrets

    for _ in range(7):
        hub.receipts(hub.push(phone.batch(1, body=secrets.token_bytes(250_000)), team.worker.installation))
    first = hub.pull(team.worker.installation)
    assert first["more"]
    assert 1 <= len(first["items"]) < 7
    assert sum(len(data) for _, _, data in first["items"]) <= 2**20
    rest = hub.pull(team.worker.installation, after=first["items"][-1][0])
    assert [p for p, _, _ in first["items"] + rest["items"]] == list(range(1, 8))


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=x",
        f"after={2**63}",
        "limit=0",
        "limit=1001",
        "limit=",
        "after=1.5",
        "after=" + "9" * 400,
    ],
)
def test_numbers_out_of_bounds_are_refused(hub: Hub, team: Team, query: str) -> None:
    answer = hub.client.get(
        f"{team.address}/envelopes?{query}", headers=hub.headers(team.worker.installation)
    )
    assert query.split("=")[0] in problem(answer, 422, "parameter")["detail"]


def test_the_teams_log_comes_back_as_it_was_given(hub: Hub, team: Team) -> None:
    answer = hub.client.get(f"{team.address}/log", headers=hub.headers(team.peer.installation))
    assert answer.content == team.log.to_bytes()
