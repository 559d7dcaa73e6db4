"""The street worker's screens, tapped through without a browser on a real example team, offline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import flet as ft
import pytest

from outreach.device import Device
from outreach.example import team
from outreach.screens import theme
from outreach.screens.window import Notice
from tests.screens.harness import Window, name_of

Windows = Callable[..., Window]
Unlock = Callable[[Window], Awaitable[None]]


def last_contact(window: Window):  # type: ignore[no-untyped-def]
    (contact,) = window.shell.member.contacts_today()
    return contact


async def saved(window: Window) -> None:
    await window.until(lambda: window.shell.notice is not None and "Saved" in window.texts(), "Saved")


# --- locked -----------------------------------------------------------------------------------


@pytest.mark.requirement("BC01", "BC02")
async def test_a_locked_contact_is_saved_sealed_and_nothing_is_mandatory(
    window: Windows, example: team.Example, unlock: Unlock
) -> None:
    async with window("sam") as phone:
        await phone.tap("Contact")
        await phone.tap("Save")
        await saved(phone)
        assert phone.taps == 2
        assert phone.shell.locked
        assert phone.shell.device.waiting() == 1
        await phone.until(lambda: any("1 waiting" in each for each in phone.texts()), "status")
        await unlock(phone)
        (waiting,) = phone.shell.member.unfinished()
        assert waiting.unconfirmed
        assert phone.has("1 to finish")


async def test_locked_kit_and_naloxone_are_saved(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await phone.tap("Kit")
        await phone.tap("One more: Foil")
        await phone.tap("One more: Foil")
        await phone.tap("Save")
        await saved(phone)
        await phone.tap("Naloxone")
        await phone.write("Batch", "NX2041")
        await phone.write("Expiry", "2028-04")
        await phone.tap("Save")
        await phone.until(lambda: phone.shell.device.waiting() == 2, "the second record")
        await unlock(phone)
        kit, naloxone = sorted(phone.shell.member.unfinished(), key=lambda each: each.at)
        assert (kit.kind, kit.kit[0].item, kit.kit[0].quantity) == ("kit_only", "foil", 2)
        (supply,) = naloxone.naloxone
        assert (supply.kits, supply.batch, supply.expires_on) == (1, "NX2041", "2028-04")


async def test_the_last_batch_comes_by_itself(window: Windows) -> None:
    async with window("sam") as phone:
        await phone.tap("Naloxone")
        await phone.tap("Nyxoid nasal spray")
        await phone.write("Batch", "NX2041")
        await phone.tap("Save")
        await saved(phone)
        await phone.tap("Contact")
        await phone.tap("One more: Naloxone")
        (supply,) = phone.shell.draft.naloxone
        assert (supply.product, supply.batch) == ("nyxoid", "NX2041")


async def test_a_wrong_passphrase_is_a_sentence_and_loses_nothing(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await phone.write("Passphrase", "not these six words at all")
        await phone.tap("Unlock")
        await phone.until(lambda: bool(phone.shell.trouble), "a sentence")
        assert phone.shell.locked
        assert "passphrase" in phone.shell.trouble.lower()
        assert phone.shell.trouble in phone.texts()
        assert phone.find("Passphrase").value == ""
        await unlock(phone)
        assert phone.has("Lock")


async def test_a_profile_open_in_another_window_is_a_sentence(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone, window("sam") as second:
        await unlock(phone)
        await second.write("Passphrase", second.shell.hints["sam"])
        await second.tap("Unlock")
        await second.until(lambda: bool(second.shell.trouble), "a sentence")
        assert second.shell.locked
        assert second.shell.trouble.endswith(".")


# --- unlocked ---------------------------------------------------------------------------------


@pytest.mark.requirement("BC01", "BC05", "BC20", "CC06")
async def test_a_whole_contact_from_home_in_six_taps(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Heroin + crack")
        await phone.tap("Same hit")
        await phone.tap("Pipe", ft.Chip)
        await phone.tap("Offer: Taking them apart")
        await phone.tap("Save")
        assert phone.taps == 6
        await saved(phone)
        contact = last_contact(phone)
        assert {(use.substance, use.route) for use in contact.substances} == {
            ("heroin", "smoke_pipe"),
            ("crack", "smoke_pipe"),
        }
        assert contact.use_together == "same_hit"
        assert contact.person == b""
        assert [(given.card, given.step) for given in contact.advice] == [("taking-them-apart", "offered")]
        assert not contact.unfinished
        assert phone.shell.route == "/home"


async def test_saved_is_said_only_after_it_is_on_disk(
    window: Windows, unlock: Unlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(phone.shell.member, "save_contact", full)
        await phone.tap("Save")
        await phone.until(lambda: bool(phone.shell.trouble), "a sentence")
        assert phone.shell.notice is None
        assert "Saved" not in phone.texts()
        assert phone.shell.route == "/contact"
        assert phone.shell.draft is not None
        assert "No space" not in phone.shell.trouble
        monkeypatch.undo()
        await phone.tap("Save")
        await saved(phone)


@pytest.mark.requirement("BC02")
async def test_they_had_to_go_lands_in_the_tray_and_is_finished_there(
    window: Windows, unlock: Unlock
) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Street tablets")
        await phone.tap("They had to go")
        await phone.until(lambda: phone.has("1 to finish"), "the tray")
        await phone.tap("1 to finish")
        (line,) = [name_of(each) for each in phone.tappable() if "they had to go" in name_of(each)]
        await phone.tap(line)
        assert phone.find("Street tablets").selected
        await phone.tap("One more: Foil")
        await phone.tap("Save")
        await saved(phone)
        assert not phone.has("1 to finish")
        contact = last_contact(phone)
        assert contact.had_to_go
        assert not contact.unfinished
        assert [(line.item, line.quantity) for line in contact.kit] == [("foil", 1)]


async def test_undo_takes_back_what_was_saved(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Save")
        await saved(phone)
        await phone.tap("Undo")
        await phone.until(lambda: "Taken back" in phone.texts(), "taken back")
        assert phone.shell.member.contacts_today() == ()
        assert not phone.has("Undo")


async def test_closing_the_form_can_be_undone(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Alcohol")
        await phone.tap("Close")
        assert "Not saved" in phone.texts()
        assert phone.shell.member.contacts_today() == ()
        await phone.tap("Bring it back")
        assert phone.find("Alcohol").selected


async def test_each_drug_can_have_its_own_way(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Heroin + crack")
        await phone.tap("Differs")
        texts = phone.texts()
        assert "How: Heroin" in texts
        assert "How: Crack" in texts
        first, _ = [
            each for each in phone.tappable() if name_of(each) == "Foil" and isinstance(each, ft.Chip)
        ]
        await phone.event(first, "select", True)
        pipes = [each for each in phone.tappable() if name_of(each) == "Pipe" and isinstance(each, ft.Chip)]
        await phone.event(pipes[1], "select", True)
        assert phone.shell.draft.substances == {"heroin": "smoke_foil", "crack": "smoke_pipe"}


@pytest.mark.requirement("BC17")
async def test_heroin_with_pregabalin_puts_mixing_first(window: Windows) -> None:
    async with window("sam") as phone:
        await phone.tap("Contact")
        await phone.tap("Heroin", ft.Chip)
        await phone.tap("Pregabalin")
        offers = [name_of(each) for each in phone.tappable() if name_of(each).startswith("Offer: ")]
        assert offers[0] == "Offer: Mixing downers"
        assert len(offers) <= 3


async def test_a_note_gets_a_hint_and_is_saved_all_the_same(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.write("Note", "says the junkie word")
        assert any("junkie" in each for each in phone.texts())
        await phone.tap("Save")
        await saved(phone)
        assert last_contact(phone).note == "says the junkie word"


@pytest.mark.requirement("BC16")
async def test_practical_help_is_a_contact_of_its_own(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Practical help")
        await phone.tap("Food", ft.Chip)
        await phone.tap("Phone charge")
        await phone.tap("Save")
        await saved(phone)
        assert set(last_contact(phone).practical) == {"food", "phone_charge"}


async def test_a_shift_with_its_bag(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Start a shift")
        await phone.tap("Harbour side")
        await phone.write("With", "Jo")
        for _ in range(3):
            await phone.tap("One more: Foil")
        await phone.tap("Start")
        await phone.until(lambda: phone.has("With Jo · Harbour side"), "the shift")
        await phone.tap("Contact")
        assert any("Harbour side" in each for each in phone.texts())
        await phone.tap("One more: Foil")
        await phone.tap("Save")
        await saved(phone)
        assert last_contact(phone).area == "harbour"
        assert [(line.item, line.quantity) for line in phone.shell.member.bag()] == [("foil", 2)]
        await phone.tap("With Jo")
        assert "1 contact so far" in phone.texts()
        await phone.tap("End shift")
        await phone.until(lambda: phone.has("Start a shift"), "the end")
        assert phone.shell.member.shift() is None


# --- cards and overdose -----------------------------------------------------------------------


async def test_cards_are_found_by_street_words_and_read(window: Windows) -> None:
    async with window("sam") as phone:
        await phone.tap("Cards")
        everything = len(phone.tappable())
        await phone.write("Find a card", "speedball")
        assert phone.has("Taking them apart")
        assert len(phone.tappable()) < everything
        await phone.tap("Taking them apart")
        card = next(each for each in phone.shell.device.cards if each.id == "taking-them-apart")
        assert set(card.points) <= set(phone.texts())
        assert card.get_help in phone.texts()
        await phone.tap("Back")
        await phone.tap("Back")
        assert phone.shell.route == "/lock"


async def test_overdose_counts_doses_and_is_written_down_afterwards(window: Windows) -> None:
    async with window("sam") as phone:
        await phone.tap("Someone is not waking")
        assert "Give naloxone" in phone.texts()
        await phone.tap("What to say to 999")
        assert "Say to 999" in phone.texts()
        await phone.tap("Dose given")
        await phone.tap("Dose 2 given")
        await phone.settle()
        assert len(phone.shell.overdose.doses) == 2
        assert "2 doses" in phone.texts()
        await phone.tap("One less")
        assert "1 dose" in phone.texts()
        await phone.tap("Close")
        await phone.tap("Write it down")
        assert phone.shell.draft.kind == "overdose_response"
        assert "1 dose given" in phone.shell.draft.note


async def test_nothing_else_is_on_the_overdose_screen(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        phone.shell.tell("Saved", "Undo", lambda: None)
        await phone.tap("Someone is not waking")
        assert {name_of(each) for each in phone.tappable()} == {"Close", "What to say to 999", "Dose given"}


# --- the window -------------------------------------------------------------------------------


async def test_the_status_line_says_how_many_wait(window: Windows, example: team.Example) -> None:
    device = Device(example.profiles["sam"])
    from outreach.capture import ContactDraft

    for _ in range(3):
        device.save_contact(ContactDraft())
    device.close()
    async with window("sam") as phone:
        await phone.until(lambda: "3 waiting to send · not sent before" in phone.texts(), "three waiting")


async def test_idle_locks_and_what_was_begun_is_kept(
    window: Windows, unlock: Unlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        session = phone.shell.session
        await phone.tap("Contact")
        await phone.tap("Alcohol")
        phone.shell._touched -= 61
        await phone.until(lambda: phone.shell.locked, "locked")
        await phone.until(lambda: phone.has("Unlock"), "the lock screen")
        assert phone.shell.draft is None
        assert phone.shell.route == "/lock"
        assert not phone.has("Lock")
        assert session is not phone.shell.session
        await unlock(phone)
        (waiting,) = phone.shell.member.unfinished()
        assert [use.substance for use in waiting.substances] == ["alcohol"]


async def test_a_window_out_of_sight_locks(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.event(phone.page, "app_lifecycle_state_change", {"state": "hide"})
        assert not phone.shell.locked
        phone.shell._hidden_at -= 11
        await phone.event(phone.page, "app_lifecycle_state_change", {"state": "resume"})
        assert phone.shell.locked


async def test_our_own_picker_does_not_lock(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        phone.shell.stay_open(True)
        phone.shell._touched -= 61
        assert not phone.shell._due_to_lock(phone.shell._touched + 61)
        phone.shell.stay_open(False)
        assert phone.shell._due_to_lock(phone.shell._touched + 61)


async def test_a_closed_browser_locks(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.event(phone.page, "disconnect")
        await phone.until(lambda: phone.shell.locked, "locked")
        await phone.until(lambda: phone.has("Unlock"), "the lock screen")


async def test_back_goes_back_and_the_first_screen_stays(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Advice")
        await phone.event(phone.page, "view_pop", {"route": "/cards"})
        assert phone.shell.route == "/home"
        await phone.event(phone.page, "view_pop", {"route": "/home"})
        assert phone.shell.route == "/home"
        addresses = [given["route"] for name, given in phone.connection.calls if name == "push_route"]
        assert addresses[-2:] == ["/cards?who=sam", "/home?who=sam"]


async def test_a_locked_window_shows_no_screen_of_the_unlocked(window: Windows) -> None:
    async with window("sam") as phone:
        await phone.event(phone.page, "route_change", {"route": "/tray?who=sam"})
        assert phone.shell.route == "/lock"
        phone.shell.stack.append("/tray")
        phone.shell.draw()
        await phone.settle()
        assert phone.has("Unlock")


async def test_the_chooser_opens_each_profile(window: Windows) -> None:
    async with window() as machine:
        names = [name_of(each) for each in machine.tappable()]
        for label in ("Sam's phone", "Jo's phone", "'s desk", "Alex's laptop"):
            assert any(label in name for name in names), label
        await machine.tap("Jo's phone")
        assert any("Jo" in each for each in machine.texts())
        await machine.tap("Not Jo?")
        assert "Who is here?" in machine.texts()


async def test_a_desk_is_not_offered_the_street(window: Windows) -> None:
    async with window("yard") as desk:
        assert desk.has("Cards")
        assert not desk.has("Contact")
        assert not desk.has("Kit")


async def test_one_profile_opens_at_its_lock_screen(window: Windows) -> None:
    async with window("sam", only=True) as phone:
        assert phone.has("Unlock")
        assert not phone.has("Not Sam?")


async def test_a_profile_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    from outreach.screens import app

    def main(page: ft.Page) -> None:
        app.main(page, profiles={"me": tmp_path / "nobody"})

    async with Window(main) as phone:
        assert any("There is no profile" in each for each in phone.texts())


async def test_an_unknown_error_shows_no_content(window: Windows, caplog: pytest.LogCaptureFixture) -> None:
    async with window("sam") as phone:

        def fail() -> None:
            raise ValueError("Robin, behind the station")

        await phone.shell.act(fail)
        await phone.settle()
        assert "Robin" not in phone.shell.trouble
        assert "Robin" not in caplog.text
        assert "ValueError" in caplog.text
        assert "safe" in phone.shell.trouble
        phone.shell.stack.append("/cards")
        phone.shell.draw()
        await phone.settle()
        assert phone.shell.trouble in phone.texts()
        await phone.tap("Close this message")
        assert phone.shell.trouble == ""


def test_night_is_dark_and_day_is_the_systems() -> None:
    from datetime import time

    assert theme.mode_for("", time(23)) == ft.ThemeMode.DARK
    assert theme.mode_for("", time(5)) == ft.ThemeMode.DARK
    assert theme.mode_for("", time(12)) == ft.ThemeMode.SYSTEM
    assert theme.mode_for("light", time(23)) == ft.ThemeMode.LIGHT


async def test_the_look_can_be_switched(window: Windows) -> None:
    async with window("sam", platform_brightness="dark") as phone:
        assert phone.page.bgcolor or phone.page.dark_theme is not None
        before = phone.shell.dark
        await phone.tap("Light screen" if before else "Dark screen")
        assert phone.shell.dark is not before


async def test_a_notice_stays_on_its_screen(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        phone.shell.tell("Saved", "Undo", lambda: None)
        assert isinstance(phone.shell.notice, Notice)
        await phone.tap("Kit")
        assert not phone.has("Undo")
        await phone.tap("Close")
        assert phone.has("Undo")


async def test_a_screen_that_fails_does_not_take_the_window_with_it(
    window: Windows, unlock: Unlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with window("sam") as phone:
        await unlock(phone)

        def fail() -> tuple[object, ...]:
            raise RuntimeError("set changed size during iteration")

        monkeypatch.setattr(phone.shell.member, "unfinished", fail)
        phone.shell.go("/tray")
        phone.shell.draw()
        await phone.settle()
        assert "This screen stopped" in phone.texts()
        assert not any("iteration" in each for each in phone.texts())
        monkeypatch.undo()
        await phone.tap("Try again")
        assert "To finish" in phone.texts()
