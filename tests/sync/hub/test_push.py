"""Pushing: what is receipted is there, what is refused changed nothing."""

import threading

import httpx
import pytest

from sync.envelope import ZERO, Envelope, pack_batch, seal
from tests.sync.hub.world import Device, Hub, Team, problem, twin


def test_a_push_is_receipted_by_the_hubs_key(hub: Hub, team: Team, phone: Device) -> None:
    (receipt,) = hub.receipts(hub.push(phone.batch(3), team.worker.installation))
    assert (receipt.team, receipt.kind, receipt.sender) == (team.log.team, "received", phone.sender.sender_id)
    assert (receipt.number, receipt.chain_hash, receipt.at) == (3, phone.head, hub.now)
    receipt.verify(hub.public)


def test_pushing_again_is_receipted_again_and_stored_once(hub: Hub, team: Team, phone: Device) -> None:
    batch = phone.batch(3)
    first = hub.receipts(hub.push(batch, team.worker.installation))
    hub.now += 5_000
    assert hub.receipts(hub.push(batch, team.worker.installation)) == first
    assert len(hub.pull(team.worker.installation)["items"]) == 3


def test_a_batch_that_overlaps_adds_what_is_new(hub: Hub, team: Team, phone: Device) -> None:
    hub.receipts(hub.push(phone.batch(3), team.worker.installation))
    phone.seal(2)
    (receipt,) = hub.receipts(hub.push(pack_batch(phone.sent[1:]), team.worker.installation))
    assert receipt.number == 5
    (again,) = hub.receipts(hub.push(pack_batch(phone.sent[1:3]), team.worker.installation))
    assert (again.number, again.chain_hash) == (3, phone.sent[2].chain_hash)
    items = hub.pull(team.worker.installation)["items"]
    assert [position for position, _, _ in items] == [1, 2, 3, 4, 5]
    assert [Envelope.from_bytes(data) for _, _, data in items] == phone.sent


@pytest.mark.parametrize("missing", [1, 3])
def test_a_gap_says_which_number_is_expected(hub: Hub, team: Team, phone: Device, missing: int) -> None:
    if missing > 1:
        hub.receipts(hub.push(phone.batch(missing - 1), team.worker.installation))
    before = phone.head
    phone.seal(1)
    told = problem(hub.push(phone.batch(2), team.worker.installation), 409, "gap")
    assert told["expected_number"] == missing
    assert told["chain_hash"] == (before if missing > 1 else ZERO).hex()
    assert hub.pull(team.worker.installation)["head"] == missing - 1


@pytest.mark.parametrize("overlap", [0, 1, 2])
def test_a_fork_is_refused_and_changes_nothing(hub: Hub, team: Team, phone: Device, overlap: int) -> None:
    phone.seal(2)
    restored = twin(phone)
    phone.seal(2)
    hub.receipts(hub.push(pack_batch(phone.sent), team.worker.installation))
    restored.seal(2 + overlap)
    told = problem(hub.push(pack_batch(restored.sent), team.worker.installation), 409, "fork")
    assert (told["expected_number"], told["chain_hash"]) == (5, phone.head.hex())
    if overlap:
        problem(hub.push(pack_batch(restored.sent[2:]), team.worker.installation), 409, "fork")
    assert [
        Envelope.from_bytes(data) for _, _, data in hub.pull(team.worker.installation)["items"]
    ] == phone.sent


def test_a_refused_batch_leaves_no_hole_in_the_order(hub: Hub, team: Team, phone: Device, device) -> None:  # type: ignore[no-untyped-def]
    other = device(team.other)
    hub.receipts(hub.push(phone.batch(2), team.worker.installation))
    phone.seal(1)
    problem(hub.push(phone.batch(5), team.worker.installation), 409, "gap")
    hub.receipts(hub.push(other.batch(2), team.other.installation))
    hub.receipts(hub.push(pack_batch(phone.sent[2:]), team.worker.installation))
    page = hub.pull(team.worker.installation)
    assert [position for position, _, _ in page["items"]] == list(range(1, 11))
    assert page["head"] == 10


def test_a_locked_capture_signed_by_the_installation_is_stored(hub: Hub, team: Team, device) -> None:  # type: ignore[no-untyped-def]
    locked = device(team.peer, locked=True)
    (receipt,) = hub.receipts(hub.push(locked.batch(2), team.peer.installation))
    assert receipt.sender == team.peer.installation.sender_id
    assert len(hub.pull(team.other.installation)["items"]) == 2


def test_another_members_records_are_refused(hub: Hub, team: Team, phone: Device) -> None:
    batch = phone.batch(2)
    problem(hub.push(batch, team.other.installation), 403, "another-member")
    problem(hub.push(batch, team.founding.coordinator.installation), 403, "another-member")
    hub.receipts(hub.push(batch, team.worker.installation))


def test_a_broken_signature_anywhere_refuses_the_whole_batch(hub: Hub, team: Team, phone: Device) -> None:
    batch = bytearray(phone.batch(3))
    batch[-1] ^= 1  # the end of the last envelope's signature
    told = problem(hub.push(bytes(batch), team.worker.installation), 422, "signature")
    assert told["number"] == 3
    assert hub.pull(team.worker.installation)["items"] == []
    batch[-1] ^= 1
    hub.receipts(hub.push(bytes(batch), team.worker.installation))


def test_an_envelope_signed_by_another_key_is_refused(hub: Hub, team: Team) -> None:
    forged = Device(team.log, team.worker.sender)
    forged.sender = type(forged.sender)(
        team.worker.sender.sender_id, team.other.sender.key, team.worker.sender.certificate
    )
    problem(hub.push(forged.batch(1), team.worker.installation), 422, "signature")


def test_a_certificate_out_of_date_is_refused(hub: Hub, team: Team, phone: Device) -> None:
    batch = phone.batch(1)
    hub.now = team.worker.certificate.valid_until + 1
    told = problem(hub.push(batch, team.worker.installation), 403, "certificate-ended")
    assert "renew" in told["detail"]


def test_bytes_that_are_no_batch_are_refused_with_a_sentence(hub: Hub, team: Team, phone: Device) -> None:
    batch = phone.batch(2)
    for body in (b"", b"\xff", b"{}", batch[:-1], batch[: len(batch) // 2], batch + b"\0", b"\x80"):
        told = problem(hub.push(body, team.worker.installation), 400, "batch")
        assert "Nothing was stored" in told["detail"]
    assert hub.pull(team.worker.installation)["head"] == 0


def test_another_teams_batch_is_refused(hub: Hub, team: Team) -> None:
    from tests.sync.hub.world import make_team

    strangers = make_team()
    stranger = Device(strangers.log, strangers.worker.sender)
    problem(hub.push(stranger.batch(1), team.worker.installation), 403, "wrong-team")


def test_a_sender_that_the_log_here_does_not_know_asks_for_the_newer_log(hub: Hub, team: Team) -> None:
    from sync.team import enrol
    from tests.sync.hub.world import FOUNDED

    second = enrol(
        team.log, team.founding.coordinator, role="worker", member=team.worker.certificate.member, now=FOUNDED
    )
    newer = Device(second.log, second.sender)
    batch = newer.batch(1)
    problem(hub.push(batch, team.worker.installation), 409, "log-behind")
    problem(hub.push(batch, second.installation), 401, "device-not-known")
    hub.client.put(
        team.address, content=second.log.to_bytes(), headers={"Content-Type": "application/cbor"}
    ).raise_for_status()
    hub.receipts(hub.push(batch, team.worker.installation))


def test_too_large_is_refused_with_and_without_an_announced_length(hub: Hub, team: Team) -> None:
    problem(hub.push(bytes(2**20 + 1), team.worker.installation), 413, "too-large")

    def parts():  # type: ignore[no-untyped-def]
        for _ in range(17):
            yield bytes(2**16)

    answer = hub.client.post(
        f"{team.address}/envelopes",
        content=parts(),
        headers={"Content-Type": "application/cbor", **hub.headers(team.worker.installation)},
    )
    problem(answer, 413, "too-large")


def test_a_body_of_another_kind_is_refused(hub: Hub, team: Team, phone: Device) -> None:
    answer = hub.push(phone.batch(1), team.worker.installation, **{"Content-Type": "application/json"})
    problem(answer, 415, "media-type")


def test_devices_pushing_at_once_get_a_gapless_order_and_lose_nothing(hub: Hub, team: Team, device) -> None:  # type: ignore[no-untyped-def]
    members = [team.worker, team.other, team.peer, team.founding.coordinator]
    devices = [(member, device(member, locked=locked)) for member in members for locked in (False, True)]
    batches = [(member, one, [one.batch(3) for _ in range(5)]) for member, one in devices]
    seen: list[list[int]] = []
    done = threading.Event()

    def reader() -> None:
        """Follow the log as a device does; whatever it skipped would be missing at the end."""
        positions: list[int] = []
        while True:
            last = done.is_set()
            page = hub.pull(team.worker.installation, after=positions[-1] if positions else 0, limit=7)
            positions += [position for position, _, _ in page["items"]]
            if last and not page["items"]:
                seen.append(positions)
                return

    answers: list[httpx.Response] = []

    def pusher(member, mine) -> None:  # type: ignore[no-untyped-def]
        answers.extend(hub.push(batch, member.installation) for batch in mine)

    threads = [threading.Thread(target=pusher, args=(member, mine)) for member, _, mine in batches]
    follower = threading.Thread(target=reader)
    follower.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    follower.join()
    assert [answer.status_code for answer in answers] == [200] * 40
    assert seen == [list(range(1, 121))]
    stored = [
        Envelope.from_bytes(data) for _, _, data in hub.pull(team.worker.installation, limit=1000)["items"]
    ]
    for _, one in devices:
        assert [e for e in stored if e.sender == one.sender.sender_id] == one.sent


def test_receipts_are_the_members_own(hub: Hub, team: Team, phone: Device, device) -> None:  # type: ignore[no-untyped-def]
    hub.receipts(hub.push(phone.batch(2), team.worker.installation))
    locked = device(team.worker, locked=True)
    hub.receipts(hub.push(locked.batch(1), team.worker.installation))
    answer = hub.client.get(f"{team.address}/receipts", headers=hub.headers(team.worker.installation))
    heads = {receipt.sender: (receipt.number, receipt.chain_hash) for receipt in hub.receipts(answer)}
    assert heads == {phone.sender.sender_id: (2, phone.head), locked.sender.sender_id: (1, locked.head)}
    answer = hub.client.get(f"{team.address}/receipts", headers=hub.headers(team.other.installation))
    assert hub.receipts(answer) == []


@pytest.mark.requirement("CC01")
def test_the_databases_files_hold_nothing_that_can_be_read(hub: Hub, team: Team, phone: Device) -> None:
    body = b"Otter Lantern, chosen name Kit, under the bridge at Kirkgate; " * 20
    hub.receipts(hub.push(phone.batch(3, body=body), team.worker.installation))
    files = [path for path in hub.folder.iterdir() if path.name.startswith("hub.db")]
    held = b"".join(path.read_bytes() for path in files)
    assert phone.sent[0].to_bytes() in held  # the scan sees what is stored
    words = [body[at : at + 12] for at in range(0, 64, 4)] + [b"Lantern", b"Kirkgate", b"bridge"]
    assert [word for word in words if word in held] == []
    for secret in (team.worker.keys.sign_seed, team.worker.installation_seed, team.founding.root_seed):
        assert secret not in held


def test_a_record_sealed_by_the_function_alone_is_stored_as_it_was(hub: Hub, team: Team) -> None:
    envelope = seal(b"x", audiences=["all"], log=team.log, sender=team.peer.sender, number=1, previous=ZERO)
    hub.receipts(hub.push(pack_batch([envelope]), team.peer.installation))
    assert hub.pull(team.desk.installation)["items"] == [[1, hub.now, envelope.to_bytes()]]
