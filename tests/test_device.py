"""A locked profile: it records, seals and delivers, and opens nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forms import wording
from outreach.capture import ContactDraft
from outreach.device import Device, DeviceError, Profile
from outreach.example.team import Example
from outreach.logbook.events import ContactRecorded, Withdrawn
from sync import team as teams
from sync.client import HubUnreachable
from sync.envelope import open_envelope, verify
from sync.errors import BadEnvelope, HubConfused, NoKey
from sync.outbox import OutboxError
from sync.team import Keyring
from tests.members import Answer, Members

NOTE = "Sat by the fountain, likes dogs."


@pytest.fixture
def members(example_team: Example) -> Iterator[Members]:
    with Members(example_team) as opened:
        yield opened


@pytest.mark.requirement("CC01")
def test_a_missing_outbox_is_told_and_never_made_anew(example_team: Example) -> None:
    (example_team.folder("sam") / "outbox.db").unlink()
    with pytest.raises(DeviceError, match="outbox"):
        example_team.open_device("sam")
    assert not (example_team.folder("sam") / "outbox.db").exists()


def everything_outside_the_vault(folder: Path) -> bytes:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "vault" not in path.parts]
    assert any(path.name.startswith("outbox.db") for path in files)
    return b"".join(path.read_bytes() for path in files)


@pytest.mark.requirement("BC02", "BC14")
def test_a_contact_is_recorded_without_unlocking(members: Members) -> None:
    sam = members.device("sam")
    saved = sam.save_contact(ContactDraft(kit={"foil": 2}, note=NOTE, had_to_go=True))
    assert sam.waiting() == 1
    assert sam.outbox.refs() == {saved.event}
    assert abs((datetime.now(UTC) - saved.at).total_seconds()) < 60
    (envelope,) = sam.outbox.envelopes(sam.installation.sender_id)
    assert envelope.audiences == ("team",)
    assert verify(envelope, sam.team).member == sam.profile.member


@pytest.mark.requirement("CC01")
def test_what_a_locked_phone_holds_tells_nothing_of_what_it_recorded(members: Members) -> None:
    sam = members.device("sam")
    sam.save_contact(ContactDraft(substances={"heroin": "inject"}, area="harbour-steps", note=NOTE))
    sam.close()
    stored = everything_outside_the_vault(sam.folder)
    for private in (NOTE, "fountain", "harbour-steps", "substances"):
        assert private.encode() not in stored, private


@pytest.mark.requirement("CC01")
def test_the_installation_key_opens_nothing(members: Members) -> None:
    sam = members.device("sam")
    sam.save_contact(ContactDraft(note=NOTE))
    assert sam.installation.certificate.kind == "installation"
    assert sam.installation.certificate.audiences == ()
    assert sam.installation.certificate.seal_public == b""
    (envelope,) = sam.outbox.envelopes(sam.installation.sender_id)
    epoch = sam.team.current_epoch("team")
    assert epoch is not None
    with pytest.raises(NoKey):
        open_envelope(envelope, Keyring())
    with pytest.raises(BadEnvelope):
        open_envelope(envelope, Keyring({("team", epoch.epoch): sam.profile.seed}))


def test_what_was_just_recorded_can_be_taken_back_while_locked(members: Members) -> None:
    sam = members.device("sam")
    saved = sam.save_contact(ContactDraft(note=NOTE))
    sam.undo(saved)
    assert sam.waiting() == 2
    session = members.unlock(sam)
    assert session.unfinished() == ()
    assert session.contacts_today() == ()
    kinds = {type(event) for event in session.logbook}
    assert kinds == {ContactRecorded, Withdrawn}


def test_the_counter_goes_on_after_a_restart(members: Members) -> None:
    sam = members.device("sam")
    for _ in range(3):
        sam.save_contact(ContactDraft())
    reached = sam.clock.counter
    sam.close()
    again = members.device("sam")
    assert again.clock.counter == reached == 3
    assert again.clock.stamp().counter == reached + 1


@pytest.mark.parametrize("left", ["", "many", "-5", "\x00\x00", "9" * 5000])
def test_a_lost_counter_is_no_reason_not_to_start(members: Members, left: str) -> None:
    folder = members.example.folder("sam")
    (folder / "counter").write_text(left)
    sam = members.device("sam")
    sam.save_contact(ContactDraft())
    assert sam.clock.counter >= 1
    assert sam.waiting() == 1


def test_a_counter_that_cannot_be_written_does_not_unsay_saved(members: Members) -> None:
    sam = members.device("sam")
    (sam.folder / "counter").mkdir()
    saved = sam.save_contact(ContactDraft())
    assert saved.event in sam.outbox.refs()


def test_several_threads_save_at_once(members: Members) -> None:
    sam = members.device("sam")
    saved: list[bytes] = []
    troubles: list[BaseException] = []

    def save() -> None:
        try:
            saved.extend(sam.save_contact(ContactDraft()).event for _ in range(15))
        except BaseException as trouble:
            troubles.append(trouble)

    threads = [threading.Thread(target=save) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert sam.outbox.refs() == set(saved)
    assert len(saved) == 90
    assert [e.number for e in sam.outbox.envelopes(sam.installation.sender_id)] == list(range(1, 91))
    assert not list(sam.folder.glob("*.new"))


def test_a_full_disk_is_told_and_nothing_is_called_saved(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = members.device("sam")
    sam.outbox._db.execute("PRAGMA max_page_count = 1")

    def save_until_full() -> None:
        for _ in range(50):
            sam.save_contact(ContactDraft(note="x" * 250))

    with pytest.raises(OutboxError) as told:
        save_until_full()
    assert "room" in str(told.value)
    kept = sam.waiting()
    sam.outbox._db.execute("PRAGMA max_page_count = 1000000")
    sam.save_contact(ContactDraft())
    assert sam.waiting() == kept + 1


# --- delivering ---------------------------------------------------------------------------------


@pytest.mark.requirement("CC01")
def test_a_profile_that_is_never_opened_still_delivers(members: Members) -> None:
    members.hub()
    sam = members.device("sam")
    saved = [sam.save_contact(ContactDraft(kit={"foil": number})) for number in (1, 2, 3)]
    report = sam.deliver()
    assert (report.sent, report.waiting, sam.waiting()) == (3, 0, 0)
    assert sam.last_sync() is not None
    assert sam.deliver().sent == 0
    jo = members.session("jo")
    assert jo.sync().fetched == 3
    assert {event.stamp.id for event in jo.logbook} == {each.event for each in saved}
    assert all(event.stamp.locked for event in jo.logbook)


def test_no_hub_is_a_sentence_and_everything_waits(members: Members) -> None:
    sam = members.device("sam")
    sam.save_contact(ContactDraft())
    with pytest.raises(HubUnreachable) as told:
        sam.deliver()
    assert "safe" in str(told.value)
    assert sam.waiting() == 1
    sam.save_contact(ContactDraft())
    assert sam.waiting() == 2


@pytest.mark.parametrize("address", ["", "not an address", "http://hub.example.invalid", "ftp://127.0.0.1"])
def test_an_address_that_cannot_be_used_is_a_sentence(members: Members, address: str) -> None:
    members.example.point_to_hub(address)
    sam = members.device("sam")
    sam.save_contact(ContactDraft())
    with pytest.raises(HubUnreachable) as told:
        sam.deliver()
    assert "safe" in str(told.value)
    assert sam.waiting() == 1


def test_a_sign_in_page_is_not_taken_for_a_hub(members: Members) -> None:
    def page(method: str, path: str) -> Answer:
        return 200, "text/html", b"<html>Welcome to Cafe Wi-Fi</html>"

    members.hub_that(page)
    sam = members.device("sam")
    sam.save_contact(ContactDraft())
    with pytest.raises(HubConfused):
        sam.deliver()
    assert sam.waiting() == 1


# --- the folder ---------------------------------------------------------------------------------


def test_a_profile_says_who_and_where(members: Members) -> None:
    yard, sam = members.device("yard"), members.device("sam")
    assert (yard.name, yard.role, yard.site, yard.site_name) == ("Priya", "desk", "yard", "The Yard")
    assert (sam.name, sam.role, sam.site, sam.team_name) == ("Sam", "worker", "", "Riverside example team")
    assert {service.id for service in sam.directory.services} >= {"yard", "dawn"}
    assert sam.cards
    assert sam.trust.teams[0].team == sam.team.team.hex()


def test_the_installation_key_is_for_this_account_only(members: Members) -> None:
    members.example.point_to_hub("http://127.0.0.1:1")
    for folder in members.example.profiles.values():
        assert (folder / "device.json").stat().st_mode & 0o077 == 0


def test_changing_the_hub_keeps_everything_else(members: Members) -> None:
    before = Profile.read(members.example.folder("sam"))
    members.example.point_to_hub("https://hub.example.invalid")
    after = Profile.read(members.example.folder("sam"))
    assert after == before.at_hub("https://hub.example.invalid")
    assert after.hub == "https://hub.example.invalid"


def test_a_profile_is_replaced_whole_or_not_at_all(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = members.example.folder("sam")
    before = (folder / "device.json").read_bytes()

    def broken(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("outreach.device.os.fsync", broken)
    with pytest.raises(OSError):
        Profile.read(folder).at_hub("https://elsewhere.example.invalid").write(folder)
    monkeypatch.undo()
    assert (folder / "device.json").read_bytes() == before
    assert not list(folder.glob("*.new"))


def test_the_team_log_only_ever_grows(members: Members) -> None:
    alex, sam = members.device("alex"), members.device("sam")
    longer = _with_another_worker(members)
    shorter = sam.team
    sam.keep_team(longer)
    sam.keep_team(shorter)
    assert len(sam.team.statements) == len(longer.statements) > len(shorter.statements)
    sam.close()
    assert len(members.device("sam").team.statements) == len(longer.statements)
    assert len(alex.team.statements) == len(shorter.statements)


def _with_another_worker(members: Members) -> teams.TeamLog:
    founding = _coordinator(members)
    return teams.enrol(founding.log, founding, role="worker", now=datetime.now(UTC)).log


def _coordinator(members: Members) -> teams.Enrolment:
    """Alex's enrolment again, out of Alex's vault: what a coordinator's laptop has at hand."""
    alex = members.session("alex")
    records = alex._records
    keys = {row["kind"]: dict(row) for row in records._vault.db.table("keys")}
    certificate = alex.device.team.certificate(keys["member"]["sender"])
    assert certificate is not None
    enrolment = teams.Enrolment(
        alex.device.team,
        certificate,
        alex.device.installation.certificate,
        teams.MemberKeys.from_document(keys["member"]["keys"]),
        alex.device.profile.seed,
        Keyring.from_document(keys["keyring"]["keys"]),
    )
    alex.lock()
    return enrolment


def test_no_profile_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as told:
        Device(tmp_path / "nobody")
    assert "no profile" in str(told.value)
    assert wording.check(str(told.value), "en") == []
    assert not (tmp_path / "nobody").exists()


@pytest.mark.requirement("CC01")
def test_nothing_shows_a_secret_when_it_is_printed(members: Members) -> None:
    sam = members.device("sam")
    seed = sam.profile.seed
    shown = [repr(sam), repr(sam.profile), str(sam.profile), repr(members.example), repr(sam.installation)]
    shown += [repr(sam.client()), repr(sam.outbox), repr(sam.clock), f"{sam.profile!r:>10}"]
    text = "\n".join(shown)
    raw = json.loads((sam.folder / "device.json").read_text())["seed"]
    for secret in (repr(seed)[2:-1], seed.hex(), raw, *members.example.passphrases.values()):
        assert secret not in text
