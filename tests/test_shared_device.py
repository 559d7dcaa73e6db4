"""Several members on one device: a quick switch, offline; nobody reads another's records."""

from __future__ import annotations

import pytest

from outreach.capture import ContactDraft
from outreach.example.team import Example
from outreach.session import NotOpened


@pytest.mark.requirement("CC01")
def test_a_member_opens_their_own_vault_and_no_other(example_team: Example) -> None:
    sam, jo = example_team.open_device("sam"), example_team.open_device("jo")
    with pytest.raises(NotOpened) as wrong:
        jo.unlock(example_team.passphrases["sam"])
    assert wrong.value.wrong_passphrase
    mine = sam.unlock(example_team.passphrases["sam"])
    mine.save_contact(ContactDraft(note="Waits by the fountain"))
    mine.lock()
    theirs = jo.unlock(example_team.passphrases["jo"])
    assert not theirs.contacts_today()
    theirs.lock()
    for device in (sam, jo):
        device.close()


def test_locked_capture_goes_to_the_one_who_is_recording(example_team: Example) -> None:
    sam, jo = example_team.open_device("sam"), example_team.open_device("jo")
    saved = jo.save_contact(ContactDraft(kit={"foil": 1}))
    assert (sam.waiting(), jo.waiting()) == (0, 1)
    opened = jo.unlock(example_team.passphrases["jo"])
    assert [each.id for each in opened.unfinished()] == [saved.contact]
    opened.lock()
    for device in (sam, jo):
        device.close()


def test_nothing_readable_lies_outside_the_vault(example_team: Example) -> None:
    sam = example_team.open_device("sam")
    sam.save_contact(ContactDraft(note="Waits by the fountain", area="harbour"))
    session = sam.unlock(example_team.passphrases["sam"])
    session.save_contact(ContactDraft(note="Waits by the fountain", area="harbour"))
    session.lock()
    sam.close()
    for file in example_team.folder("sam").rglob("*"):
        if file.is_file():
            assert b"fountain" not in file.read_bytes(), file
