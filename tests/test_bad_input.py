"""Files of a profile that were damaged, cut off or written by someone else."""

from __future__ import annotations

import base64
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import wording
from outreach.capture import ContactDraft
from outreach.device import Device, DeviceError, Profile
from outreach.example.team import Example
from outreach.session import NotOpened
from tests.members import Members


@pytest.fixture
def members(example_team: Example) -> Iterator[Members]:
    with Members(example_team) as opened:
        yield opened


def told_by(folder: Path) -> str:
    """The sentence with which a profile is refused."""
    with pytest.raises(DeviceError) as told:
        Device(folder).close()
    sentence = str(told.value)
    assert sentence.endswith(".")
    assert wording.check(sentence.replace(str(folder), ""), "en") == []
    return sentence


BAD_TEXTS = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b'{"device": 5}',
    b"\xff\xfe\x00",
    b'{"name": "\xff"}',
    b"[" * 100_000,
    b'{"device": "' + b"A" * 100_000,
]


@pytest.mark.parametrize("data", BAD_TEXTS, ids=range(len(BAD_TEXTS)))
def test_a_profile_file_that_is_none(members: Members, data: bytes) -> None:
    folder = members.example.folder("sam")
    (folder / "device.json").write_bytes(data)
    assert "can't be read" in told_by(folder)
    assert (folder / "device.json").read_bytes() == data, "what is there is left for whoever looks into it"


def changed(folder: Path, **fields: object) -> None:
    path = folder / "device.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": base64.b64encode(b"short").decode()},
        {"seed": base64.b64encode(bytes(32)).decode()},
        {"seed": ""},
        {"sender": base64.b64encode(b"nobody..").decode()},
        {"root": base64.b64encode(bytes(32)).decode()},
        {"root": ""},
        {"seed": "not base64!"},
        {"seed": None},
    ],
    ids=str,
)
def test_a_profile_whose_keys_are_not_its_own(members: Members, fields: dict[str, object]) -> None:
    folder = members.example.folder("sam")
    seed = json.loads((folder / "device.json").read_text())["seed"]
    changed(folder, **fields)
    assert seed not in told_by(folder)


@settings(max_examples=40)
@given(st.data())
def test_no_profile_file_gives_anything_but_a_sentence(built_team: Example, data: st.DataObject) -> None:
    """One value of a sound file replaced by anything at all."""
    sound = json.loads((built_team.folder("sam") / "device.json").read_text())
    name = data.draw(st.sampled_from(sorted(sound)))
    value = data.draw(st.one_of(st.none(), st.integers(), st.text(max_size=20), st.lists(st.integers())))
    folder = built_team.root / "bad-profile"
    folder.mkdir(exist_ok=True)
    (folder / "device.json").write_text(json.dumps({**sound, name: value}))
    try:
        profile = Profile.read(folder)
    except DeviceError as problem:
        sentence = str(problem).replace(str(folder), "")
    else:
        sentence = ""
        assert getattr(profile, name) is not None
    assert wording.check(sentence, "en") == []


def test_a_team_s_list_that_is_cut_or_changed(members: Members) -> None:
    folder = members.example.folder("sam")
    path = folder / "team.cbor"
    sound = path.read_bytes()
    chance = random.Random(7)
    places = chance.sample(range(len(sound)), 40)
    for data in (b"", sound[:-1], sound[: len(sound) // 2], sound + b"\x00", b"\xff" * 500):
        path.write_bytes(data)
        assert "signed by the team" in told_by(folder)
    for place in places:
        path.write_bytes(
            sound[:place] + bytes([sound[place] ^ (1 << chance.randrange(8))]) + sound[place + 1 :]
        )
        told_by(folder)
    path.unlink()
    told_by(folder)
    path.write_bytes(sound)
    members.device("sam").save_contact(ContactDraft())


@pytest.mark.requirement("CC01")
def test_another_team_s_list_is_not_believed(members: Members, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from sync import team as teams

    folder = members.example.folder("sam")
    other = teams.found_team("Riverside example team", datetime.now(UTC), sites=("yard",))
    (folder / "team.cbor").write_bytes(other.log.to_bytes())
    assert "signed by the team" in told_by(folder)


def test_an_outbox_that_is_none(members: Members) -> None:
    folder = members.example.folder("sam")
    device = members.device("sam")
    device.save_contact(ContactDraft())
    device.close()
    for data in (b"", b"garbage" * 1000, b"SQLite format 3\x00" + bytes(5000)):
        for tail in ("-wal", "-shm"):
            (folder / f"outbox.db{tail}").unlink(missing_ok=True)
        (folder / "outbox.db").write_bytes(data)
        assert "outbox" in told_by(folder)
        assert (folder / "outbox.db").read_bytes() == data, "never made anew over a damaged one"


def test_a_refused_profile_holds_no_file_open(members: Members) -> None:
    folder = members.example.folder("sam")
    (folder / "team.cbor").write_bytes(b"")
    told_by(folder)
    shutil.rmtree(folder)
    assert not folder.exists()


# --- packs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"null", b'{"as_of": "soon"}', None], ids=repr)
def test_a_trust_list_that_cannot_be_read(members: Members, data: bytes | None) -> None:
    folder = members.example.folder("yard")
    _put(folder / "packs" / "trust.json", data)
    yard = members.device("yard")
    with pytest.raises(DeviceError) as told:
        _ = yard.trust
    assert "safe" in str(told.value)
    assert wording.check(str(told.value), "en") == []
    assert yard.waiting() == 0


@pytest.mark.parametrize("data", [b"", b"= [", b"\xff\xfe", b"version = 1\n", None], ids=repr)
def test_a_directory_that_cannot_be_read(members: Members, data: bytes | None) -> None:
    folder = members.example.folder("sam")
    _put(folder / "packs" / "directory.toml", data)
    sam = members.device("sam")
    with pytest.raises(DeviceError) as told:
        _ = sam.directory
    assert "safe" in str(told.value)
    assert wording.check(str(told.value).replace(str(folder), ""), "en") == []
    assert sam.save_contact(ContactDraft()).event in sam.outbox.refs(), "recording goes on"


def _put(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)


# --- the vault ----------------------------------------------------------------------------------


@pytest.mark.requirement("CC01")
def test_any_flipped_byte_of_a_vault_is_a_sentence_or_nothing(members: Members) -> None:
    """Every file of the vault, a bit here and there: it opens with all its keys, or says why it doesn't."""
    vault = members.example.folder("sam") / "vault"
    passphrase = members.example.passphrases["sam"]
    chance = random.Random(11)
    sentences: list[str] = []
    for path in sorted(vault.iterdir()):
        sound = path.read_bytes()
        if not sound:
            continue
        for place in chance.sample(range(len(sound)), min(6, len(sound))):
            path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x20]) + sound[place + 1 :])
            with Members(members.example) as opened:
                device = opened.device("sam")
                try:
                    session = opened.unlock(device)
                except NotOpened as problem:
                    sentences.append(str(problem))
                else:
                    assert session._records.slip_key is not None
        path.write_bytes(sound)
    assert len(sentences) >= 6
    for sentence in sentences:
        assert wording.check(sentence.replace(str(vault), ""), "en") == []
        assert passphrase not in sentence
    members.session("sam")


def test_a_vault_that_is_gone_is_a_sentence_and_recording_goes_on(members: Members) -> None:
    sam = members.device("sam")
    shutil.rmtree(sam.folder / "vault")
    with pytest.raises(NotOpened) as told:
        sam.unlock(members.example.passphrases["sam"])
    assert "no vault" in str(told.value)
    assert sam.save_contact(ContactDraft()).event in sam.outbox.refs()


@pytest.mark.parametrize("passphrase", ["", " ", "\x00", "x" * 100_000, "\ud800", "ünïcödé"], ids=ascii)
def test_any_passphrase_is_right_or_wrong_and_nothing_else(members: Members, passphrase: Any) -> None:
    sam = members.device("sam")
    with pytest.raises(NotOpened) as told:
        sam.unlock(passphrase)
    assert told.value.wrong_passphrase
