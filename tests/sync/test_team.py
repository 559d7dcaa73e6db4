"""Teams: who is in, who reads what, and logs that don't verify."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync import cbor
from sync.errors import BadTeamLog, TeamError
from sync.keyring import Keyring, MemberKeys
from sync.statements import ROOT, HubNamed, Statement, TeamNamed, is_audience, read, state
from sync.team import (
    Sender,
    TeamLog,
    audiences_of,
    enrol,
    found_team,
    name_hub,
    new_slip_key,
    open_site,
    team_id,
)
from sync.times import milliseconds, moment
from tests.sync.conftest import NOW, House

READS = {
    "coordinator": {"all", "team", "coordinators", "desk:northgate", "desk:riverside"},
    "worker": {"all", "team"},
    "peer": {"all"},
    "full_peer": {"all", "team"},
    "desk": {"all", "desk:northgate"},
    "lead": {"all", "safeguarding"},
}


@pytest.mark.parametrize("who", READS)
def test_each_role_holds_the_keys_of_what_it_reads_and_no_others(house: House, who: str) -> None:
    enrolment = getattr(house, who)
    assert set(enrolment.certificate.audiences) == READS[who]
    assert enrolment.keyring.audiences() == READS[who]
    for audience in READS[who] - {"safeguarding"}:
        epoch = house.log.current_epoch(audience)
        assert epoch is not None
        assert (audience, epoch.epoch) in enrolment.keyring


def test_readers_of_an_audience(house: House) -> None:
    members = {certificate.member for certificate in house.log.readers("team")}
    assert members == {e.certificate.member for e in (house.coordinator, house.worker, house.full_peer)}
    assert [c.member for c in house.log.readers("safeguarding")] == [house.lead.certificate.member]


def test_an_installation_reads_nothing_and_is_the_same_member(house: House) -> None:
    device = house.worker.installation_certificate
    assert (device.kind, device.audiences, device.seal_public) == ("installation", (), b"")
    assert device.member == house.worker.certificate.member
    assert device.sender != house.worker.certificate.sender


def test_round_trip_of_the_log(house: House) -> None:
    again = TeamLog.from_bytes(house.log.to_bytes())
    again.verify(house.founding.root_public)
    assert again.statements == house.log.statements
    assert (again.name, again.team) == ("Example", team_id(house.founding.root_public))
    assert again.certificates() == house.log.certificates()
    assert again.current_epoch("team") == house.log.current_epoch("team")


def test_another_team_root_is_refused(house: House) -> None:
    with pytest.raises(BadTeamLog, match="another team"):
        house.log.verify(house.outsider.log.root_public)
    with pytest.raises(BadTeamLog, match="another team"):
        house.log.merged(house.outsider.log)


@given(st.data())
def test_one_changed_byte_anywhere_in_a_log_is_refused(house: House, data: st.DataObject) -> None:
    raw = bytearray(house.log.to_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadTeamLog):
        TeamLog.from_bytes(bytes(raw)).verify(house.founding.root_public)


@given(st.binary(max_size=200))
def test_garbage_is_a_sentence(data: bytes) -> None:
    with pytest.raises(BadTeamLog, match="safe"):
        TeamLog.from_bytes(data)


def forged(house: House, said: object, *, by: Sender, at: int) -> Statement:
    return state(said, team=house.log.team, issuer=by.sender_id, key=by.key, at=at)  # type: ignore[arg-type]


@pytest.mark.parametrize("who", ["worker", "peer", "desk", "lead"])
def test_only_coordinators_say_things(house: House, who: str) -> None:
    enrolment = getattr(house, who)
    at = milliseconds(NOW)
    for sender in (enrolment.sender, enrolment.installation):
        with pytest.raises(BadTeamLog, match="not signed by someone who may"):
            house.log.plus(forged(house, HubNamed(bytes(32)), by=sender, at=at))
    with pytest.raises(TeamError, match="Only a coordinator"):
        enrol(house.log, enrolment, role="worker", now=NOW)


def test_a_coordinators_device_and_an_outdated_coordinator_say_nothing(house: House) -> None:
    with pytest.raises(BadTeamLog):
        house.log.plus(
            forged(house, HubNamed(bytes(32)), by=house.coordinator.installation, at=milliseconds(NOW))
        )
    late = NOW + timedelta(days=2000)
    with pytest.raises(BadTeamLog):
        house.log.plus(forged(house, HubNamed(bytes(32)), by=house.coordinator.sender, at=milliseconds(late)))
    with pytest.raises(TeamError, match="out of date"):
        enrol(house.log, house.coordinator, role="worker", now=late)


def test_a_key_can_not_be_taken_over(house: House) -> None:
    """A later certificate keeps member and key; a new sender can't have a key that is known."""
    at, by = milliseconds(NOW), house.coordinator.sender
    own = house.worker.certificate
    for stolen in (
        replace(own, member=house.desk.certificate.member),
        replace(own, sign_public=house.desk.certificate.sign_public),
        replace(own, sender=b"\x01" * 8),
    ):
        with pytest.raises(BadTeamLog):
            house.log.plus(forged(house, stolen, by=by, at=at))


def test_statements_twice_out_of_order_or_of_no_team_are_refused(house: House) -> None:
    statements = house.log.statements
    root = house.founding.root_public
    with pytest.raises(BadTeamLog, match="twice"):
        TeamLog(root, [*statements, statements[3]])
    with pytest.raises(BadTeamLog):
        TeamLog(root, reversed(statements))
    with pytest.raises(BadTeamLog, match="begin with the team"):
        TeamLog(root, statements[1:])
    with pytest.raises(BadTeamLog, match="empty"):
        TeamLog(root, [])


def test_unknown_versions_and_kinds_are_newer(house: House) -> None:
    newer = cbor.encode([2, house.founding.root_public, []])
    with pytest.raises(BadTeamLog, match="newer version"):
        TeamLog.from_bytes(newer)
    key = Ed25519PrivateKey.from_private_bytes(house.founding.root_seed)
    for head in ([2, "team"], [1, "weather"]):
        payload = cbor.encode([*head, house.log.team, ROOT, 1, "sunny"])
        with pytest.raises(BadTeamLog, match="newer version"):
            read(Statement(payload, key.sign(payload)))


def test_two_coordinators_write_at_once_and_nothing_is_lost(house: House) -> None:
    second = enrol(house.log, house.coordinator, role="coordinator", now=NOW)
    one = enrol(second.log, house.coordinator, role="worker", now=NOW)
    other = enrol(second.log, second, role="desk", site="riverside", now=NOW)
    both, also = one.log.merged(other.log), other.log.merged(one.log)
    for log in (both, also):
        assert log.certificate(one.certificate.sender) == one.certificate
        assert log.certificate(other.certificate.sender) == other.certificate
    assert both.merged(also) is both
    assert both.merged(house.log) is both


def test_open_site_renews_coordinators(house: House) -> None:
    second = enrol(house.log, house.coordinator, role="coordinator", now=NOW)
    log, keys = open_site(second.log, house.coordinator, "harbour", NOW)
    assert keys.audiences() == {"desk:harbour"}
    assert {c.member for c in log.readers("desk:harbour")} == {
        house.coordinator.certificate.member,
        second.certificate.member,
    }
    issuer = replace(house.coordinator, keyring=house.coordinator.keyring.plus(keys))
    desk = enrol(log, issuer, role="desk", site="harbour", now=NOW)
    assert desk.keyring.audiences() == {"all", "desk:harbour"}
    with pytest.raises(TeamError, match="open already"):
        open_site(log, issuer, "harbour", NOW)
    with pytest.raises(TeamError, match="doesn't hold all the keys"):
        enrol(log, house.coordinator, role="desk", site="harbour", now=NOW)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"role": "desk", "site": "nowhere"}, "no desk"),
        ({"role": "desk"}, "one site"),
        ({"role": "worker", "site": "northgate"}, "one site"),
        ({"role": "captain"}, "no role"),
        ({"role": "desk", "site": "No Such"}, "a-z"),
        ({"role": "worker", "member": b"short"}, "member id"),
    ],
)
def test_enrolling_says_what_is_wrong(house: House, options: dict[str, object], words: str) -> None:
    with pytest.raises(TeamError, match=words):
        enrol(house.log, house.coordinator, now=NOW, **options)  # type: ignore[arg-type]


def test_names_of_teams_and_sites() -> None:
    with pytest.raises(TeamError):
        found_team("", NOW)
    with pytest.raises(TeamError):
        found_team("x" * 81, NOW)
    with pytest.raises(TeamError):
        found_team("x", NOW, sites=["Quay Street"])
    assert is_audience("desk:a-1")
    assert not any(
        map(is_audience, ["desk:", "desk:-a", "desk:" + "a" * 41, "Team", "team ", "", 3, "all\n"])
    )


def test_slip_keys_and_the_hub(house: House) -> None:
    log, slip_key, seed = new_slip_key(house.log, house.coordinator, NOW)
    assert log.slip_keys() == (slip_key,)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert slip_key.public == public
    assert slip_key.from_ < milliseconds(NOW) < slip_key.until
    assert log.hub_public is None
    assert name_hub(log, house.coordinator, b"\x07" * 32, NOW).hub_public == b"\x07" * 32


def test_nothing_shows_a_key(house: House) -> None:
    import pickle

    for thing in (house.worker, house.founding, house.worker.keyring, house.worker.keys, house.worker.sender):
        shown = repr(thing)
        for secret in (
            house.founding.root_seed,
            house.worker.keys.sign_seed,
            house.worker.keys.seal_seed,
            house.worker.installation_seed,
            *(key for _, _, key in house.worker.keyring.to_document()["keys"]),
        ):
            assert repr(secret)[2:-1] not in shown
            assert secret.hex() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(house.worker.keyring)


def test_keys_go_into_the_vault_and_back(house: House) -> None:
    ring = house.coordinator.keyring
    assert Keyring.from_document(ring.to_document()).to_document() == ring.to_document()
    keys = house.worker.keys
    assert MemberKeys.from_document(keys.to_document()) == keys
    with pytest.raises(ValueError):
        Keyring.from_document({"keys": [["team", b"short", b"short"]]})


def test_a_sender_fits_its_certificate(house: House) -> None:
    own = house.worker
    assert Sender.of(house.log, own.certificate.sender, own.keys.sign_seed).certificate == own.certificate
    with pytest.raises(TeamError):
        Sender.of(house.log, own.certificate.sender, house.desk.keys.sign_seed)
    with pytest.raises(TeamError):
        Sender.of(house.log, bytes(8), own.keys.sign_seed)


def test_roles_and_times() -> None:
    with pytest.raises(TeamError):
        audiences_of("nobody")
    assert moment(milliseconds(NOW)) == NOW
    with pytest.raises(ValueError):
        milliseconds(NOW.replace(tzinfo=None))


def test_a_statement_by_the_root_needs_the_root(house: House) -> None:
    wrong = Ed25519PrivateKey.generate()
    statement = state(
        TeamNamed("Taken over"), team=house.log.team, issuer=ROOT, key=wrong, at=milliseconds(NOW)
    )
    with pytest.raises(BadTeamLog):
        house.log.plus(statement)
