"""A thumb in a glove taps twice, or goes back: nothing is written twice, nothing is lost in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import flet as ft
import pytest

from outreach.capture import ReferralDraft
from outreach.example import team
from outreach.slips.words import words_of
from tests.screens.harness import Window, name_of

Windows = Callable[..., Window]
Unlock = Callable[[Window], Awaitable[None]]


async def taps(window: Window, name: str, times: int) -> None:
    """Tap one control several times before anything of it was done."""
    control = window.find(name, ft.Button)
    events = [window.session.dispatch_event(control._i, "click", None) for _ in range(times)]
    await asyncio.gather(*events)
    await window.settle()


async def test_many_taps_on_save_are_one_contact(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Kit")
        await phone.tap("One more: Foil")
        phone.look_at_it()
        await taps(phone, "Save", 20)
        await phone.until(lambda: "Saved" in phone.texts(), "Saved")
        assert len(phone.shell.member.contacts_today()) == 1


async def test_many_taps_on_undo_take_back_once(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Save")
        await phone.until(lambda: phone.has("Undo"), "Saved")
        before = phone.shell.device.waiting()
        control = phone.find("Undo")
        await asyncio.gather(*(phone.session.dispatch_event(control._i, "click", None) for _ in range(5)))
        await phone.until(lambda: "Taken back" in phone.texts(), "taken back")
        assert phone.shell.device.waiting() == before + 1


async def test_many_taps_make_one_slip(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Slip")
        await phone.tap(next(name_of(each) for each in phone.tappable() if "The Yard" in name_of(each)))
        phone.look_at_it()
        make = phone.find("Make the slip")
        await taps(phone, "Make the slip", 20)
        await phone.until(lambda: phone.has("Done"), "the slip")
        await phone.session.dispatch_event(make._i, "click", None)  # one that was on its way
        await taps(phone, "Done", 1)
        assert phone.shell.route.startswith("/slip/")
        assert len(phone.shell.member.logbook.open_referrals()) == 1
        await phone.tap("Done")
        assert phone.shell.route == "/home"


async def test_two_quick_taps_are_one_step_of_a_referral(
    window: Windows, unlock: Unlock, example: team.Example
) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        slip = phone.shell.member.refer(ReferralDraft(service=team.SITE, session=1))
        phone.shell.go(f"/referral/{slip.referral.hex()}")
        phone.shell.draw()
        await phone.settle()
        await phone.tap("Assessed")
        await phone.until(lambda: phone.has("Started"), "the next step")
        control = phone.find("Started")
        await phone.session.dispatch_event(control._i, "click", None)
        await phone.settle()
        referral = phone.shell.member.logbook.referral(slip.referral)
        assert referral.state == "assessed"


async def test_two_quick_taps_are_one_dose(window: Windows) -> None:
    async with window("sam") as phone:
        await phone.tap("Someone is not waking")
        phone.look_at_it()
        await taps(phone, "Dose given", 2)
        assert len(phone.shell.overdose.doses) == 1


async def test_a_second_tap_on_save_does_not_open_the_overdose_steps(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Save")
        await phone.until(lambda: phone.has("Someone is not waking"), "home")
        await taps(phone, "Someone is not waking", 1)
        assert phone.shell.route == "/home"
        await phone.tap("Someone is not waking")
        assert phone.shell.route == "/overdose"


@pytest.mark.requirement("BC02")
@pytest.mark.parametrize("way", ["the phone's", "the browser's"])
async def test_a_form_left_by_going_back_can_be_brought_back(
    window: Windows, unlock: Unlock, way: str
) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Alcohol")
        if way == "the phone's":
            await phone.event(phone.page, "view_pop", {"route": "/contact"})
        else:
            await phone.event(phone.page, "route_change", {"route": "/home?who=sam"})
        assert phone.shell.stack == ["/home"]
        assert "Not saved" in phone.texts()
        await phone.tap("Bring it back")
        assert phone.find("Alcohol").selected


async def test_going_back_from_a_slip_does_not_offer_a_second_one(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Slip")
        await phone.tap(next(name_of(each) for each in phone.tappable() if "The Yard" in name_of(each)))
        asked = phone.shell.route
        await phone.tap("Make the slip")
        await phone.until(lambda: phone.has("Done"), "the slip")
        await phone.event(phone.page, "route_change", {"route": f"{asked}?who=sam"})
        assert phone.shell.stack == ["/home"]


# --- what a slip says it can do -----------------------------------------------------------------


async def test_the_two_words_of_a_slip_find_its_referral(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        slip = phone.shell.member.refer(ReferralDraft(service=team.SITE, session=1))
        phone.shell.member.refer(ReferralDraft(service=team.SITE, session=1))
        await phone.tap("Find again")
        await phone.write("Slip code or two words", " ".join(slip.words).upper())
        assert len([each for each in phone.texts() if each.startswith("The Yard")]) == 1


async def test_at_the_desk_the_two_words_find_and_record_nothing(window: Windows, unlock: Unlock) -> None:
    async with window("yard") as tablet:
        await unlock(tablet)
        token = bytes(range(12))
        tablet.shell.member.logbook.tokens = lambda: frozenset({token})
        await tablet.write("Code on the slip", " ".join(words_of(token)))
        await tablet.tap("They are here")
        await tablet.until(lambda: "goes with these words" in " ".join(tablet.texts()), "the slip")
        assert tablet.shell.member.arrivals_today() == ()
        assert tablet.find("Code on the slip").value.replace("-", "").isalnum()
        await tablet.write("Code on the slip", "otter lantern")
        tablet.shell.member.logbook.tokens = frozenset
        await tablet.tap("They are here")
        await tablet.until(lambda: "No slip that is known here" in " ".join(tablet.texts()), "none")


async def test_a_time_is_given_only_when_one_is_said(
    window: Windows, unlock: Unlock, example: team.Example
) -> None:
    device = example.open_device("sam")
    session = device.unlock(example.passphrases["sam"])
    slip = session.refer(ReferralDraft(service=team.SITE, session=1))
    session.lock()
    device.close()
    async with window("yard") as tablet:
        await unlock(tablet)
        await tablet.write("Code on the slip", slip.code)
        await tablet.tap("They are here")
        await tablet.until(lambda: tablet.has("Give a time"), "the person")
        await tablet.tap("Give a time")
        assert [each.outcome for each in tablet.shell.member.arrivals_today()] == [""]
        await tablet.tap("In 30 min")
        await tablet.until(lambda: "Time given. Saved." in tablet.texts(), "saved")
        assert [each.outcome for each in tablet.shell.member.arrivals_today()] == ["time_given"]


async def test_the_main_drug_tells_which_places_are_not_a_match(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Heroin + crack")
        await phone.tap("Save")
        await phone.until(lambda: "Saved" in phone.texts(), "Saved")
        await phone.tap("Slip")
        assert not any("Not a match" in each for each in phone.texts())
        await phone.tap("Heroin", ft.Chip)
        assert any("Not a match" in each for each in phone.texts())
        await phone.tap(next(name_of(each) for each in phone.tappable() if "Quayside" in name_of(each)))
        assert "Not a match" in phone.texts()
        await phone.tap("Make the slip")
        await phone.until(lambda: phone.has("Done"), "a slip all the same")
