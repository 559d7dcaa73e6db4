"""Wipe without loss: after too many wrong tries the vault is gone, and the team still has every record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach.capture import ContactDraft, ReferralDraft
from outreach.demo import _register
from outreach.example.team import SITE, Example
from outreach.logbook.events import ContactRecorded
from outreach.session import NotOpened
from outreach.vault.attempts import AttemptPolicy
from sync.hub.serve import running

AT_ONCE = AttemptPolicy(limit=3, first_wait_s=0)


@pytest.mark.requirement("CC01")
def test_what_was_saved_before_and_after_a_wipe_reaches_the_coordinator(example_team: Example) -> None:
    sam = example_team.open_device("sam")
    session = sam.unlock(example_team.passphrases["sam"])
    saved = {session.save_contact(ContactDraft(note=f"number {number}")).event for number in range(5)}
    slip = session.refer(ReferralDraft(service=SITE, session=1))
    session.lock()
    saved.add(sam.save_contact(ContactDraft(kit={"foil": 1})).event)

    problems = []
    for _ in range(AT_ONCE.limit or 0):
        with pytest.raises(NotOpened) as problem:
            sam.unlock("these are not the six words", attempts=AT_ONCE)
        problems.append(str(problem.value))
    assert "destroyed" in problems[-1]
    assert "safe" in problems[0]
    with pytest.raises(NotOpened, match="destroyed"):
        sam.unlock(example_team.passphrases["sam"], attempts=AT_ONCE)
    vault = sam.folder / "vault"
    assert not [each for each in vault.iterdir() if each.suffix in (".journal", ".snapshot")]

    # the phone goes on: it captures, and delivers what it sealed
    saved.add(sam.save_contact(ContactDraft(note="after the wipe")).event)
    assert sam.waiting() == len(saved) + 3  # person, referral and slip
    sam.close()
    with running(example_team.database) as hub:
        example_team.point_to_hub(hub)
        alex = example_team.open_device("alex").unlock(example_team.passphrases["alex"])
        _register(alex)
        sam = example_team.open_device("sam")
        sam.deliver()
        assert sam.waiting() == 0
        alex.sync()
        there = {event.stamp.id for event in alex.logbook if isinstance(event, ContactRecorded)}
        assert saved == there
        assert alex.logbook.referral(slip.referral) is not None
        alex.lock()
        sam.close()


def test_waits_grow_and_a_right_passphrase_clears_the_count(example_team: Example) -> None:
    started = 1000.0
    policy = AttemptPolicy(limit=10, free=2, first_wait_s=60, since_boot=lambda: ("boot", started))
    sam = example_team.open_device("sam")
    for _ in range(2):
        with pytest.raises(NotOpened) as wrong:
            sam.unlock("not these", attempts=policy)
        assert wrong.value.wrong_passphrase
    with pytest.raises(NotOpened, match="several tries"):
        sam.unlock(example_team.passphrases["sam"], attempts=policy)
    started += timedelta(minutes=1).total_seconds()
    sam.unlock(example_team.passphrases["sam"], attempts=policy).lock()
    with pytest.raises(NotOpened) as wrong:
        sam.unlock("not these", attempts=policy)
    assert wrong.value.wrong_passphrase
    sam.close()


def test_nothing_is_counted_where_others_could_use_the_tries_up(example_team: Example) -> None:
    sam = example_team.open_device("sam")
    for _ in range(12):
        with pytest.raises(NotOpened):
            sam.unlock("not these")
    sam.unlock(example_team.passphrases["sam"]).lock()
    sam.close()
