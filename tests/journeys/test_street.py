"""The street in the browser: recorded without unlocking, unlocked, locked again; every control named."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from outreach.example import team
from tests.journeys.browser import Phone


@pytest.mark.requirement("BC02", "BC13")
def test_recorded_while_locked_and_finished_afterwards(
    team_here: team.Example, phones: Callable[..., Phone]
) -> None:
    phone = phones("sam")
    assert phone.nameless() == []
    phone.tap("Contact")
    phone.choose("Street tablets")
    assert phone.nameless() == []
    phone.tap("They had to go")
    phone.sees("waits in the tray")
    phone.sees("1 waiting to send")

    phone.write("Passphrase", "six words that open nothing here")
    phone.tap("Show what is typed")
    phone.tap("Unlock")
    phone.sees("does not open")
    phone.unlock(team_here.passphrases["sam"])
    assert phone.nameless() == []

    phone.tap(re.compile("^1 to finish"))
    phone.tap(re.compile("they had to go"))
    phone.sees("to finish")
    phone.tap("One more: Foil")
    phone.tap("Save")
    phone.sees("Saved")
    phone.misses("1 to finish")

    phone.tap("Advice")
    assert phone.nameless() == []
    phone.write("Find a card", "speedball")
    phone.tap(re.compile("^Taking them apart"))
    phone.sees("Crack fades in minutes")
    phone.page.go_back()
    phone.sees("Find a card")
    phone.tap("Back")

    phone.read()
    phone.tap("Someone is not waking")
    phone.read()
    phone.tap("Dose given")
    phone.sees("1 dose")
    assert phone.nameless() == []
    phone.tap("Close")
    phone.sees("Write it down")
    phone.tap("Lock")
    phone.sees("You can record without unlocking")
    assert phone.elsewhere == []


def test_a_reload_locks(team_here: team.Example, phones: Callable[..., Phone]) -> None:
    phone = phones("sam")
    phone.unlock(team_here.passphrases["sam"])
    phone.tap("Kit")
    phone.open("/kit?who=sam")
    phone.tap("Close")
    phone.sees("You can record without unlocking")


def test_on_a_low_window_the_emergency_and_the_way_in_are_within_reach(
    team_here: team.Example, phones: Callable[..., Phone]
) -> None:
    phone = phones("sam", width=320, height=480)
    phone.unlock(team_here.passphrases["sam"])
    expect(phone.control("Someone is not waking")).to_be_in_viewport(ratio=1)
    expect(phone.control("Contact")).to_be_in_viewport(ratio=1)
    phone.tap("Naloxone")  # further down, scrolled to
    phone.sees("Batch")


def test_the_browsers_back_never_loses_what_was_tapped(
    team_here: team.Example, phones: Callable[..., Phone]
) -> None:
    phone = phones("sam")
    phone.unlock(team_here.passphrases["sam"])
    phone.tap("Contact")
    phone.choose("Alcohol")
    expect(phone.control("Alcohol", "checkbox")).to_be_checked()
    phone.page.go_back()
    phone.tap("Bring it back")
    expect(phone.control("Alcohol", "checkbox")).to_be_checked()
