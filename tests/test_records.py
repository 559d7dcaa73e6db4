"""The way of a record: vault, sealed envelope, "Saved"; out to the hub and back; who reads what."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import msgspec
import pytest

from forms import wording
from outreach.capture import ContactDraft, ReferralDraft
from outreach.device import Device
from outreach.example.team import Example
from outreach.logbook import codec
from outreach.logbook.events import (
    Arrived,
    ContactRecorded,
    Corrected,
    DeskOutcome,
    Event,
    Merged,
    PermissionGiven,
    PermissionWithdrawn,
    PersonMade,
    ReferralMade,
    ReferralMoved,
    SentAhead,
    SlipIssued,
    Withdrawn,
)
from outreach.session import NotOpened, Session
from outreach.vault import NotSaved, Vault, VaultClosed, VaultError, files
from sync.client import HubConfused, HubUnreachable
from sync.envelope import ZERO, Envelope, open_envelope, seal
from sync.errors import NoKey
from sync.outbox import Outbox
from tests.members import Answer, Members
from tests.test_device import _coordinator as coordinator_of

NOTE = "Sat by the fountain, likes dogs."
TEAM, DESK = ("team",), ("desk:yard", "team")


@pytest.fixture
def members(example_team: Example) -> Iterator[Members]:
    with Members(example_team) as opened:
        yield opened


def contact(session: Session, event: bytes) -> ContactRecorded:
    found = session.logbook.event(event)
    assert isinstance(found, ContactRecorded)
    return found


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every byte of a profile; the lock files are not part of what is kept."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


# --- saved means saved ------------------------------------------------------------------------


@pytest.mark.requirement("BC02")
def test_saved_comes_after_vault_and_outbox(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    sam = members.session("sam")
    sam.save_contact(ContactDraft())  # the files of this opening are begun
    happened: list[str] = []
    sync_data, record = files.sync_data, Outbox.record

    def watched_sync(descriptor: int) -> None:
        sync_data(descriptor)
        happened.append("vault synced")

    def watched_record(self: Outbox, *given: Any) -> Any:
        happened.append("sealing")
        entry = record(self, *given)
        happened.append("sealed")
        return entry

    monkeypatch.setattr(files, "sync_data", watched_sync)
    monkeypatch.setattr(Outbox, "record", watched_record)
    saved = sam.save_contact(ContactDraft(note=NOTE))
    assert happened == ["vault synced", "sealing", "sealed"]
    assert sam.device.outbox._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert saved.event in sam.device.outbox.refs()


@pytest.mark.requirement("BC02")
def test_a_copy_of_the_disk_right_after_saved_has_the_contact(members: Members, tmp_path: Path) -> None:
    sam = members.session("sam")
    saved = sam.save_contact(ContactDraft(note=NOTE))
    shutil.copytree(sam.device.folder, tmp_path / "copy" / "sam")  # the phone dies here
    device = Device(tmp_path / "copy" / "sam")
    try:
        assert saved.event in device.outbox.refs()
        session = device.unlock(members.example.passphrases["sam"])
        assert contact(session, saved.event).note == NOTE
        session.lock()
    finally:
        device.close()


@pytest.mark.requirement("BC02")
def test_what_was_kept_and_not_sealed_is_sealed_at_the_next_opening(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = members.session("sam")

    class PowerCut(BaseException):
        """Nothing runs after it."""

    def cut(*_: object) -> None:
        raise PowerCut

    monkeypatch.setattr(Outbox, "record", cut)
    with pytest.raises(PowerCut):
        sam.save_contact(ContactDraft(note=NOTE))
    monkeypatch.undo()
    (kept,) = [event for event in sam.logbook if isinstance(event, ContactRecorded)]
    assert sam.device.outbox.refs() == set()

    sam = members.again(sam)
    assert contact(sam, kept.stamp.id) == kept
    assert sam.device.outbox.refs() == {kept.stamp.id}
    assert sam.waiting() == 1
    sam = members.again(sam)
    assert sam.waiting() == 1, "it was sealed twice"


def test_what_the_vault_cannot_keep_is_never_sealed(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = members.session("sam")

    def full(descriptor: int, data: bytes, offset: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_at", full)
    with pytest.raises(NotSaved) as told:
        sam.save_contact(ContactDraft(note=NOTE))
    monkeypatch.undo()
    assert "does not count as saved" in str(told.value)
    assert NOTE not in str(told.value)
    assert sam.device.outbox.refs() == set()
    assert len(sam.logbook) == 0
    assert members.again(sam).waiting() == 0


@pytest.mark.requirement("RS04")
def test_a_referral_is_kept_whole_or_not_at_all(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    sam = members.session("sam")
    sam.save_contact(ContactDraft())
    before = len(sam.logbook)

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files, "sync_data", broken)
    with pytest.raises(NotSaved):
        sam.refer(ReferralDraft("yard", session=1, send_ahead=True, chosen_name="Robin"))
    monkeypatch.undo()
    assert len(sam.logbook) == before
    assert sam.referrals() == ()


# --- recorded while locked ----------------------------------------------------------------------


@pytest.mark.requirement("BC02", "CC01")
def test_a_locked_capture_is_confirmed_after_unlocking(members: Members) -> None:
    sam = members.device("sam")
    saved = sam.save_contact(ContactDraft(kind="kit_only", kit={"foil": 2}))
    assert sam.waiting() == 1
    session = members.unlock(sam)
    (waits,) = session.unfinished()
    assert waits.id == saved.contact
    assert waits.event.stamp.locked
    assert waits.unconfirmed
    assert session.waiting() == 1, "bringing it in does not seal it again"

    draft = session.draft_of(saved.contact)
    assert draft.kit == {"foil": 2}
    draft.unfinished, draft.minutes = False, "5-15"
    finished = session.finish_contact(saved.contact, draft)
    correction = session.logbook.events[finished.event]
    assert isinstance(correction, Corrected)
    assert correction.target == saved.event
    assert correction.changes == {"unfinished": False, "minutes": "5-15"}
    assert session.unfinished() == ()
    assert contact(session, saved.event).minutes == "5-15"
    first = session.logbook.events[saved.event]
    assert isinstance(first, ContactRecorded)
    assert first.minutes == "", "the first record stays in history"


@pytest.mark.requirement("BC02")
def test_a_delivered_capture_is_there_after_unlocking(members: Members) -> None:
    members.hub()
    sam = members.device("sam")
    saved = sam.save_contact(ContactDraft(note=NOTE))
    assert sam.deliver().sent == 1
    session = members.unlock(sam)
    assert [each.id for each in session.unfinished()] == [saved.contact]
    assert session.sync().fetched == 0, "it comes back from the hub and is known"
    assert len(session.logbook) == 1


@pytest.mark.requirement("BC02")
def test_a_capture_whose_envelope_is_gone_comes_back_from_the_hub(members: Members) -> None:
    members.hub()
    sam = members.device("sam")
    saved = sam.save_contact(ContactDraft(note=NOTE))
    sam.deliver()
    # what "backed up" does to the row: the envelope goes, its place in the chain stays
    sam.outbox._db.execute("UPDATE envelopes SET state = 'backed_up', envelope = NULL")
    session = members.unlock(sam)
    assert session.unfinished() == ()
    assert session.sync().fetched == 1
    (waits,) = session.unfinished()
    assert (waits.id, waits.note) == (saved.contact, NOTE)
    assert waits.event.stamp.locked
    session = members.again(session)
    assert [each.id for each in session.unfinished()] == [saved.contact]
    assert session.waiting() == 0


def test_a_damaged_envelope_does_not_keep_anyone_out(members: Members) -> None:
    sam = members.device("sam")
    bad = sam.save_contact(ContactDraft(note="one"))
    good = sam.save_contact(ContactDraft(note="two"))
    sam.outbox._db.execute("UPDATE envelopes SET envelope = x'00ff00' WHERE number = 1")
    session = members.unlock(sam)
    assert {event.stamp.id for event in session.logbook} == {good.event}
    assert bad.event in sam.outbox.refs()


def test_a_capture_in_another_member_s_name_is_not_taken_in(members: Members) -> None:
    """Someone with the locked phone can write its outbox; they can't write as someone else."""
    sam, jo = members.device("sam"), members.device("jo")
    event = ContactRecorded(stamp=jo.clock.stamp(locked=True), contact=b"c" * 12, note="forged")
    sam.outbox.record(event.stamp.id, codec.encode(event), TEAM, sam.installation, sam.team)
    session = members.unlock(sam)
    assert len(session.logbook) == 0


@pytest.mark.requirement("CC01", "PW01", "PW06")
def test_a_write_only_peer_records_and_opens_nothing(members: Members, tmp_path: Path) -> None:
    members.hub()
    founding = coordinator_of(members)
    device = _new_peer(members, founding, tmp_path / "pat")
    try:
        locked = device.save_contact(ContactDraft(note="locked"))
        session = device.unlock("six plain words of a test")
        assert session.unfinished() == (), "a write-only member can't open what was sealed"
        own = session.save_contact(ContactDraft(note="unlocked"))
        with members.device("alex").client() as client:
            client.register_team(device.team)
        session.sync()
        sam = members.session("sam")
        sam.save_contact(ContactDraft(note=NOTE))
        sam.sync()
        assert {locked.event, own.event} <= set(sam.logbook.events)
        report = session.sync()
        assert (report.fetched, report.problems) == (0, ())
        assert {event.stamp.id for event in session.logbook} == {own.event}
        for data in _at_the_hub(members):
            with pytest.raises(NoKey):
                open_envelope(Envelope.from_bytes(data), session._records._keyring)
        session.lock()
    finally:
        device.close()


def _new_peer(members: Members, founding: Any, folder: Path) -> Device:
    from datetime import UTC, datetime

    from outreach.device import Profile
    from sync import team as teams

    peer = teams.enrol(founding.log, founding, role="peer", now=datetime.now(UTC), write_only=True)
    sam = members.example.folder("sam")
    shutil.copytree(sam / "packs", folder / "packs")
    (folder / "team.cbor").write_bytes(peer.log.to_bytes())
    msgspec.structs.replace(
        Profile.read(sam),
        device=b"pat-dev1",
        member=peer.certificate.member,
        sender=peer.installation_certificate.sender,
        seed=peer.installation_seed,
        name="Pat",
        role="peer",
    ).write(folder)
    Outbox(folder / "outbox.db").close()
    with Vault.create(folder / "vault", "six plain words of a test") as vault:
        keys = vault.db.table("keys")
        member = {"kind": "member", "sender": peer.certificate.sender, "keys": peer.keys.to_document()}
        keys.insert(member)
        keys.insert({"kind": "keyring", "keys": peer.keyring.to_document()})
    return Device(folder)


def _at_the_hub(members: Members) -> list[bytes]:
    """Every envelope that the hub holds, as a coordinator's device gets them."""
    alex = members.device("alex")
    with alex.client() as client:
        answer = cbor2.loads(client._ask("GET", "envelopes", params={"after": 0, "limit": 1000}))
    assert answer["items"]
    return [data for _, _, data in answer["items"]]


# --- not opened ---------------------------------------------------------------------------------


def said(told: pytest.ExceptionInfo[BaseException], members: Members) -> str:
    sentence = str(told.value)
    assert sentence.endswith(".")
    assert wording.check(sentence, "en") == []
    for secret in members.example.passphrases.values():
        assert secret not in sentence
    assert "wrong words in here" not in sentence
    return sentence


@pytest.mark.requirement("CC01")
def test_a_wrong_passphrase_opens_and_changes_nothing(members: Members) -> None:
    sam = members.device("sam")
    sam.save_contact(ContactDraft(note=NOTE))
    before = snapshot(sam.folder)
    with pytest.raises(NotOpened) as told:
        sam.unlock("wrong words in here")
    assert told.value.wrong_passphrase
    assert "unchanged" in said(told, members)
    assert told.value.__cause__ is None
    assert snapshot(sam.folder) == before
    assert len(members.unlock(sam).unfinished()) == 1


@pytest.mark.requirement("CC01")
def test_the_passphrase_of_a_colleague_opens_nothing(members: Members) -> None:
    sam = members.device("sam")
    with pytest.raises(NotOpened) as told:
        sam.unlock(members.example.passphrases["jo"])
    assert told.value.wrong_passphrase


def test_a_damaged_vault_is_said_and_left_as_it_is(members: Members) -> None:
    sam = members.session("sam")
    for number in range(4):
        sam.save_contact(ContactDraft(note=f"{NOTE} {number}"))
    members.leave(sam)
    vault = sam.device.folder / "vault"
    journal = max((path for path in vault.iterdir() if path.suffix == ".journal"), default=None) or max(
        (path for path in vault.iterdir() if path.is_file()), key=lambda path: path.stat().st_size
    )
    data = bytearray(journal.read_bytes())
    data[len(data) // 2] ^= 0x10
    journal.write_bytes(bytes(data))
    before = snapshot(sam.device.folder)
    device = members.device("sam")
    with pytest.raises(NotOpened) as told:
        device.unlock(members.example.passphrases["sam"])
    assert not told.value.wrong_passphrase
    assert journal.name in said(told, members)
    assert "fountain" not in str(told.value)
    assert snapshot(sam.device.folder) == before
    assert device.save_contact(ContactDraft()).event in device.outbox.refs(), "recording goes on"


def test_a_vault_that_this_process_has_open(members: Members) -> None:
    sam = members.session("sam")
    other = members.device("sam")
    with pytest.raises(NotOpened) as told:
        other.unlock(members.example.passphrases["sam"])
    assert "already open" in said(told, members)
    sam.save_contact(ContactDraft())
    members.leave(sam)
    assert len(members.unlock(other).logbook) == 1


def test_a_vault_that_another_process_has_open(members: Members) -> None:
    folder = members.example.folder("sam")
    holder = (
        "import sys\nfrom pathlib import Path\nfrom outreach.vault.journal import take_lock\n"
        "lock = take_lock(Path(sys.argv[1]))\nprint('held', flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holder, str(folder / "vault")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "held"
        before = snapshot(folder)
        device = members.device("sam")
        with pytest.raises(NotOpened) as told:
            device.unlock(members.example.passphrases["sam"])
        assert "already open" in said(told, members)
        after = snapshot(folder)
        assert {name: after[name] for name in before} == before
    finally:
        process.communicate("")
    members.unlock(device)


def test_a_vault_without_a_member_s_keys_is_a_sentence(members: Members) -> None:
    folder = members.example.folder("sam")
    with Vault.open(folder / "vault", members.example.passphrases["sam"]) as vault:
        vault.db.drop_table("keys")
    device = members.device("sam")
    for _ in range(2):  # the second time would say "in use" if the first had kept the lock
        with pytest.raises(NotOpened) as told:
            device.unlock(members.example.passphrases["sam"])
        assert "safe" in said(told, members)
        assert "open" not in said(told, members).split("safe")[1]


# --- locking ------------------------------------------------------------------------------------


@pytest.mark.requirement("CC01")
def test_locking_drops_the_keys_and_what_was_read_with_them(members: Members) -> None:
    sam = members.session("sam")
    sam.save_contact(ContactDraft(note=NOTE))
    records = sam._records
    key = records.slip_key
    assert key is not None
    seed = key[1]
    assert seed in _reachable_bytes(records)
    sam.lock()
    assert records.slip_key is None
    assert records._sender is None
    assert records._keyring.audiences() == frozenset()
    assert len(sam.logbook) == 0
    assert seed not in _reachable_bytes(records)
    with pytest.raises(VaultClosed):
        sam.save_contact(ContactDraft(note="after locking"))
    with pytest.raises(VaultError):
        sam.start_shift("harbour", "Jo", {})
    sam.lock()  # a second time does no harm
    waiting = sam.waiting()
    sam.device.save_contact(ContactDraft())
    assert sam.waiting() == waiting + 1


def _reachable_bytes(start: object) -> set[bytes]:
    """Every bytes object that can be reached through attributes and containers of our own things."""
    found: set[bytes] = set()
    seen: set[int] = set()
    todo: list[object] = [start]
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, bytes):
            found.add(each)
        elif isinstance(each, dict):
            todo += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple | set | frozenset):
            todo += each
        elif type(each).__module__.split(".")[0] in ("outreach", "sync", "forms", "tinydb"):
            todo += list(getattr(each, "__dict__", {}).values())
            names = [name for kind in type(each).__mro__ for name in getattr(kind, "__slots__", ())]
            todo += [getattr(each, name) for name in names if hasattr(each, name)]
    return found


@pytest.mark.requirement("CC01")
def test_nothing_shows_a_secret_when_it_is_printed(members: Members) -> None:
    sam = members.session("sam")
    sam.save_contact(ContactDraft(note=NOTE))
    records = sam._records
    rows = [dict(row) for row in records._vault.db.table("keys")]
    secrets = {value for value in _reachable_bytes(rows) if len(value) == 32}
    secrets |= _reachable_bytes(records._keyring) - {b""}
    secrets = {secret for secret in secrets if len(secret) == 32}
    assert len(secrets) >= 4  # two seeds, an audience or two, the slip key
    assert secrets <= _reachable_bytes([records, rows])
    shown = "\n".join(
        repr(each)
        for each in (
            sam,
            records,
            sam.device,
            sam.device.profile,
            members.example,
            records._keyring,
            records._sender,
        )
    )
    for secret in secrets:
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
    for private in (*members.example.passphrases.values(), NOTE, "fountain"):
        assert private not in shown


# --- travelling ---------------------------------------------------------------------------------


def test_two_phones_and_the_coordinator_agree(members: Members) -> None:
    members.hub()
    sam, jo, alex = (members.session(who) for who in ("sam", "jo", "alex"))
    one = sam.save_contact(ContactDraft(kit={"foil": 2}, area="harbour"))
    two = jo.save_contact(ContactDraft(kit={"foil": 2}, area="harbour"))
    slip = sam.refer(ReferralDraft("yard", session=1))
    assert (sam.sync().sent, jo.sync().sent) == (4, 1)
    sam.sync()
    sam.record_merge("same_talk", one.contact, two.contact)
    draft = sam.draft_of(one.contact)
    draft.note = NOTE
    sam.finish_contact(one.contact, draft)
    for session in (sam, jo, alex, sam):
        report = session.sync()
        assert (report.waiting, report.problems) == (0, ())
    events = [dict(session.logbook.events) for session in (sam, jo, alex)]
    assert events[0] == events[1] == events[2]
    assert len(events[0]) == 7
    for session in (sam, jo, alex):
        (talk,) = session.contacts_today()
        assert (talk.note, [(k.item, k.quantity) for k in talk.kit]) == (NOTE, [("foil", 2)])
        assert [each.id for each in session.referrals()] == [slip.referral]
    assert sam.last_sync() is not None


def test_a_sync_goes_on_where_the_last_one_ended(members: Members) -> None:
    members.hub()
    sam, alex = members.session("sam"), members.session("alex")
    for _ in range(3):
        sam.save_contact(ContactDraft())
    sam.sync()
    assert alex.sync().fetched == 3
    assert alex.sync().fetched == 0
    sam.save_contact(ContactDraft())
    sam.sync()
    alex = members.again(alex)
    assert len(alex.logbook) == 3
    assert alex.sync().fetched == 1
    assert alex._records._cursor() == 4


def test_a_locked_capture_comes_after_what_was_pulled(members: Members) -> None:
    members.hub()
    sam, jo = members.session("sam"), members.session("jo")
    for _ in range(9):
        sam.save_contact(ContactDraft())
    sam.sync()
    jo.sync()
    members.leave(jo)
    locked = members.device("jo")
    locked.save_contact(ContactDraft())
    assert locked.clock.counter > sam.device.clock.counter


def down(method: str, path: str) -> Answer:
    return 500, "text/html", b"Internal Server Error"


def garbage(method: str, path: str) -> Answer:
    return 200, "application/cbor", bytes(range(256)) * 4


def empty(method: str, path: str) -> Answer:
    return 200, "application/cbor", b""


def wrong_shape(method: str, path: str) -> Answer:
    return (
        200,
        "application/cbor",
        cbor2.dumps({"received": {"a": 1}, "items": 5, "more": "no", "head": -1}, canonical=True),
    )


def lying(method: str, path: str) -> Answer:
    return 200, "application/cbor", cbor2.dumps({"received": [b"thanks!"], "backed_up": []}, canonical=True)


def busy(method: str, path: str) -> Answer:
    return 429, "text/plain", b"later"


def another_page(method: str, path: str) -> Answer:
    return 404, "text/html", b"<h1>not here</h1>"


@pytest.mark.parametrize("answers", [down, garbage, empty, wrong_shape, lying, busy, another_page])
def test_a_hub_in_trouble_is_a_sentence_and_everything_waits(
    members: Members, answers: Callable[[str, str], Answer]
) -> None:
    members.hub_that(answers)
    sam = members.session("sam")
    sam.save_contact(ContactDraft(note=NOTE))
    sentences: list[str] = []
    try:
        sentences += sam.sync().problems
    except (HubConfused, HubUnreachable) as problem:
        sentences.append(str(problem))
    assert sentences, "nobody was told"
    for sentence in sentences:
        assert "safe" in sentence or "wait" in sentence
        assert wording.check(sentence, "en") == []
        assert "fountain" not in sentence
    assert sam.waiting() == 1
    sam.save_contact(ContactDraft())
    assert sam.waiting() == 2
    assert sam.last_sync() is None
    url = members.hub()
    assert url
    sam = members.again(sam)
    assert sam.sync().sent == 2


def test_no_hub_at_all(members: Members) -> None:
    sam = members.session("sam")
    sam.save_contact(ContactDraft())
    with pytest.raises(HubUnreachable) as told:
        sam.sync()
    assert "safe" in str(told.value)
    assert sam.waiting() == 1
    sam.save_contact(ContactDraft())
    assert len(sam.contacts_today()) == 2


def test_what_the_hub_refuses_is_told(members: Members) -> None:
    """A copied phone: the hub holds other records under the same numbers."""
    members.hub()
    sam = members.session("sam")
    members.leave(sam)
    copy = members.example.root / "profiles" / "copy-of-sam"
    shutil.copytree(members.example.folder("sam"), copy)
    sam = members.session("sam")
    sam.save_contact(ContactDraft(note="the phone"))
    assert sam.sync().problems == ()
    device = Device(copy)
    try:
        other = device.unlock(members.example.passphrases["sam"])
        other.save_contact(ContactDraft(note="the copy"))
        report = other.sync()
        assert (report.sent, report.waiting) == (0, 1)
        assert any("copied or restored" in sentence for sentence in report.problems)
        assert report.fetched == 1
        other.lock()
    finally:
        device.close()


class Shelf:
    """A hub that hands out what the test put there, in that order."""

    def __init__(self) -> None:
        self.items: list[bytes] = []

    def answer(self, method: str, path: str) -> Answer:
        found: dict[str, object] = {"received": [], "backed_up": []}
        if "/envelopes" in path and method == "GET":
            after = int(re.search(r"after=(\d+)", path)[1])  # type: ignore[index]
            items = [[n, 1_790_000_000_000, data] for n, data in enumerate(self.items, 1) if n > after]
            found = {"items": items, "head": len(self.items), "more": False}
        return 200, "application/cbor", cbor2.dumps(found, canonical=True)


def sealed_by(
    device: Device, events: list[Event | bytes], *, audiences: tuple[str, ...] = TEAM
) -> list[bytes]:
    """Envelopes of these events by a device's installation, numbered and chained."""
    made: list[Envelope] = []
    for number, event in enumerate(events, 1):
        body = event if isinstance(event, bytes) else codec.encode(event)
        previous = made[-1].chain_hash if made else ZERO
        made.append(
            seal(
                body,
                audiences=audiences,
                log=device.team,
                sender=device.installation,
                number=number,
                previous=previous,
            )
        )
    return [envelope.to_bytes() for envelope in made]


def by(device: Device, **fields: Any) -> ContactRecorded:
    """As its locked device records it: that is whose key signs in `sealed_by`."""
    return ContactRecorded(stamp=device.clock.stamp(locked=True), contact=b"contact-0001", **fields)


@pytest.mark.requirement("CC01")
def test_bad_envelopes_are_set_aside_and_block_nothing(members: Members) -> None:
    shelf = Shelf()
    members.hub_that(shelf.answer)
    jo = members.device("jo")
    events = [by(jo, note=f"number {number}") for number in range(5)]
    data = sealed_by(jo, list(events))
    envelope = Envelope.from_bytes(data[1])
    broken = bytes([envelope.signature[0] ^ 1]) + envelope.signature[1:]
    data[1] = replace(envelope, signature=broken).to_bytes()
    envelope = Envelope.from_bytes(data[2])
    data[2] = replace(envelope, body=envelope.body[:-1] + bytes([envelope.body[-1] ^ 1])).to_bytes()
    data[3] = b"not an envelope at all"
    shelf.items = data
    sam = members.session("sam")
    report = sam.sync()
    assert report.fetched == 2
    assert {event.stamp.id for event in sam.logbook} == {events[0].stamp.id, events[4].stamp.id}
    assert len(report.problems) == 3
    for sentence in report.problems:
        assert wording.check(sentence, "en") == []
    assert sam._records._cursor() == 5
    assert sam.sync().problems == (), "what was set aside is told once"
    assert len(members.again(sam).logbook) == 2


@pytest.mark.requirement("CC01")
def test_nobody_records_in_another_one_s_name(members: Members) -> None:
    shelf = Shelf()
    members.hub_that(shelf.answer)
    jo, alex = members.device("jo"), members.device("alex")
    forged, own = by(alex, note="in the name of Alex"), by(jo, note="mine")
    shelf.items = sealed_by(jo, [forged, own])
    sam = members.session("sam")
    report = sam.sync()
    assert report.fetched == 1
    assert set(sam.logbook.events) == {own.stamp.id}
    (sentence,) = report.problems
    assert "author" in sentence
    assert "Alex" not in sentence


def odd_bodies(device: Device) -> dict[str, Event | bytes]:
    """Signed by a member of the team, and yet with no place in a store."""
    plain = codec.to_document(by(device))

    def stamp(**fields: Any) -> dict[str, Any]:
        return {**codec.plain(device.clock.stamp(locked=True)), **fields}

    def changed(**fields: Any) -> bytes:
        return cbor2.dumps({**plain, "stamp": stamp(), **fields}, canonical=True)

    def stamped(**fields: Any) -> bytes:
        return changed(stamp=stamp(**fields))

    def corrected(changes: object) -> bytes:
        correction = {"type": "corrected", "stamp": stamp(), "target": b"t" * 12, "changes": changes}
        return cbor2.dumps(correction)

    deep: object = 1
    for _ in range(200):
        deep = [deep]
    return {
        "no CBOR": b"\xff\xfe garbage",
        "not a map": cbor2.dumps([1, 2, 3]),
        "unknown kind": changed(type="something-new"),
        "huge number": stamped(at=2**70),
        "before time": stamped(at=-1),
        "beyond every calendar": stamped(at=2**60),
        "names that are no text": corrected({"kit": {1: 2}}),
        "no value": corrected({"note": cbor2.undefined}),
        "huge correction": corrected({"minutes": 2**90}),
        "very deep": corrected({"note": deep}),
        "endless note": changed(note="x" * 5000),
    }


def test_a_member_s_odd_record_stops_nobody_s_sync(members: Members) -> None:
    shelf = Shelf()
    members.hub_that(shelf.answer)
    jo = members.device("jo")
    odd = odd_bodies(jo)
    before, after = by(jo, note="before"), by(jo, note="after")
    shelf.items = sealed_by(jo, [before, *odd.values(), after])
    sam = members.session("sam")
    report = sam.sync()
    assert {before.stamp.id, after.stamp.id} <= set(sam.logbook.events)
    assert report.fetched + len(report.problems) == len(shelf.items)
    assert len(report.problems) == len(odd)
    for sentence in report.problems:
        assert wording.check(sentence, "en") == []
    assert len(sam.contacts_today()) == 1  # both are records of one talk
    sam.save_contact(ContactDraft())
    assert len(members.again(sam).contacts_today()) == 2


def test_a_record_of_a_newer_version_is_kept_until_it_can_be_read(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    members.hub_that(shelf.answer)
    jo, alex = members.device("jo"), members.device("alex")
    event = by(jo, note="from the future")
    forged = by(alex, note="in the name of Alex")
    shelf.items = sealed_by(jo, [event, forged])
    decode = codec.decode

    def older_version(data: bytes) -> Event:
        raise codec.UnreadableEvent("A record is of a kind that this version doesn't know.")

    monkeypatch.setattr(codec, "decode", older_version)
    sam = members.session("sam")
    report = sam.sync()
    assert (report.fetched, len(report.problems), len(sam.logbook)) == (0, 2, 0)
    sam = members.again(sam)
    assert len(sam.logbook) == 0
    monkeypatch.setattr(codec, "decode", decode)  # the app was updated
    for _ in range(2):
        sam = members.again(sam)
        assert set(sam.logbook.events) == {event.stamp.id}
        assert sam.waiting() == 0
    assert sam.sync().fetched == 0


def test_an_absurd_counter_of_a_colleague_does_not_end_recording(members: Members) -> None:
    shelf = Shelf()
    members.hub_that(shelf.answer)
    jo = members.device("jo")
    event = by(jo)
    shelf.items = sealed_by(
        jo, [msgspec.structs.replace(event, stamp=msgspec.structs.replace(event.stamp, counter=2**64 - 1))]
    )
    sam = members.session("sam")
    sam.sync()
    saved = sam.save_contact(ContactDraft(note=NOTE))
    again = members.again(sam)
    assert contact(again, saved.event).note == NOTE


# --- who reads what -----------------------------------------------------------------------------


@pytest.mark.requirement("CC01", "RS05", "DA03")
def test_who_reads_what(members: Members) -> None:
    sam = members.session("sam")
    records, stamp = sam._records, sam.device.clock.stamp
    someone, token = b"p" * 12, b"t" * 12
    rules: list[tuple[Event, tuple[str, ...]]] = [
        (by(sam.device), TEAM),
        (PersonMade(stamp=stamp(), person=someone, handle="otter lantern"), TEAM),
        (ReferralMade(stamp=stamp(), referral=b"r" * 12, service="yard", source="self"), TEAM),
        (ReferralMoved(stamp=stamp(), referral=b"r" * 12, to="assessed"), TEAM),
        (Merged(stamp=stamp(), relation="same_talk", one=b"1" * 12, other=b"2" * 12), TEAM),
        (
            PermissionGiven(
                stamp=stamp(), permission=b"k" * 12, person=someone, what="name", to="yard", why="greeting"
            ),
            TEAM,
        ),
        (SlipIssued(stamp=stamp(), referral=b"r" * 12, token=token, service="yard"), DESK),
        (SentAhead(stamp=stamp(), token=token, service="yard", permission=b"k" * 12), DESK),
        (Arrived(stamp=stamp(), token=token, service="yard"), DESK),
        (SlipIssued(stamp=stamp(), referral=b"r" * 12, token=token, service="hill"), TEAM),
        (SentAhead(stamp=stamp(), token=token, service="hill", permission=b"k" * 12), TEAM),
        (Arrived(stamp=stamp(), token=token, service="no desk at all"), TEAM),
    ]
    for event, audiences in rules:
        assert tuple(sorted(records.audiences(event))) == audiences, type(event).__name__
    sam._records.record(*(event for event, _ in rules))
    for event, audiences in rules:
        for later in (
            Corrected(stamp=stamp(), target=event.stamp.id, changes={}),
            Withdrawn(stamp=stamp(), target=event.stamp.id),
        ):
            records.record(later)
            entry = sam.device.outbox.entry(later.stamp.id)
            assert entry is not None
            assert entry.envelope is not None
            assert entry.envelope.audiences == audiences, (type(later).__name__, type(event).__name__)
            assert tuple(sorted(records.audiences(later))) == audiences
    unknown = Corrected(stamp=stamp(), target=b"?" * 12, changes={})
    assert records.audiences(unknown) == TEAM


@pytest.mark.requirement("CC03", "CC01")
def test_a_desk_that_was_told_something_hears_that_the_permission_is_gone(members: Members) -> None:
    members.hub()
    sam, yard = members.session("sam"), members.session("yard")
    draft = ReferralDraft("yard", session=1, chosen_name="Robin", wait_preference="outside", send_ahead=True)
    slip = sam.refer(draft)
    sam.sync()
    yard.sync()
    assert yard.arrive(yard.check(slip.text)).chosen_name == "Robin"
    (given,) = [event for event in sam.logbook if isinstance(event, PermissionGiven)]
    back = PermissionWithdrawn(stamp=sam.device.clock.stamp(), permission=given.permission)
    assert sam._records.audiences(back) == DESK
    sam._records.record(back)
    sam.sync()
    yard.sync()
    (arrival,) = yard.arrivals_today()
    assert (arrival.chosen_name, arrival.wait_preference) == ("", "")
    other = PermissionWithdrawn(stamp=sam.device.clock.stamp(), permission=b"x" * 12)
    assert sam._records.audiences(other) == TEAM


@pytest.mark.requirement("CC01", "DA03", "RS05")
def test_a_desk_opens_slips_and_arrivals_and_nothing_else(members: Members) -> None:
    members.hub()
    sam, yard = members.session("sam"), members.session("yard")
    sam.save_contact(ContactDraft(note=NOTE, substances={"heroin": "inject"}))
    sam.refer(
        ReferralDraft("yard", session=1, chosen_name="Robin", wait_preference="outside", send_ahead=True)
    )
    sam.refer(ReferralDraft("hill", chosen_name="Kim", send_ahead=True))
    sam.sync()
    report = yard.sync()
    assert report.problems == ()
    assert {type(event) for event in yard.logbook} == {SlipIssued, SentAhead}
    assert all(event.service == "yard" for event in yard.logbook if isinstance(event, SlipIssued | SentAhead))
    assert len(yard.logbook) == 2

    keyring = yard._records._keyring
    assert keyring.audiences() == {"all", "desk:yard"}
    opened = shut = 0
    for data in _at_the_hub(members):
        envelope = Envelope.from_bytes(data)
        try:
            event = codec.decode(open_envelope(envelope, keyring))
        except NoKey:
            assert "desk:yard" not in envelope.audiences
            shut += 1
        else:
            assert isinstance(event, SlipIssued | SentAhead)
            opened += 1
    assert (opened, shut) == (2, 9)


@pytest.mark.requirement("CC01")
def test_the_hub_does_not_even_hand_a_desk_what_is_not_for_it(members: Members) -> None:
    members.hub()
    sam = members.session("sam")
    sam.save_contact(ContactDraft(note=NOTE))
    sam.sync()
    yard = members.device("yard")
    with yard.client() as client:
        answer = cbor2.loads(client._ask("GET", "envelopes", params={"after": 0, "limit": 100}))
    assert answer["items"] == []


@pytest.mark.requirement("DA02", "DA04")
def test_an_outcome_at_the_desk_reaches_desk_and_team(members: Members) -> None:
    yard, sam = members.session("yard"), members.session("sam")
    outcome = DeskOutcome(stamp=yard.device.clock.stamp(), token=b"t" * 12, outcome="seen_now")
    assert yard._records.audiences(outcome) == DESK
    outdoors = DeskOutcome(stamp=sam.device.clock.stamp(), token=b"t" * 12, outcome="seen_now")
    assert sam._records.audiences(outdoors) == TEAM
