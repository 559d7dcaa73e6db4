"""Every screen of the street: each control has a name and a size, each word passes the wording check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import flet as ft
import pytest

from forms import wording
from outreach.capture import ContactDraft
from outreach.screens import asking, theme
from tests.screens.harness import Window, name_of

Windows = Callable[..., Window]
Unlock = Callable[[Window], Awaitable[None]]


def look_over(window: Window, screen: str) -> None:
    """What holds on every screen."""
    found = window.tappable()
    assert found, f"{screen}: nothing to tap"
    for control in found:
        name = name_of(control)
        assert name.strip(), f"{screen}: a {type(control).__name__} without an accessible name"
        height = getattr(control, "height", None)
        assert height is None or height >= theme.CHIP, f"{screen}: {name} is only {height} high"
    for said in window.strings():
        hard = [finding.message for finding in wording.check(said, "en") if finding.hard]
        assert not hard, f"{screen}: {said!r}: {hard}"


async def unfold(window: Window) -> None:
    """Open everything that is folded."""
    for name in ("More …", "More kit …", "Differs", "What to say to 999"):
        while window.has(name):
            await window.tap(name)


@pytest.mark.requirement("LT01")
async def test_screens_that_need_no_unlocking(window: Windows) -> None:
    async with window() as machine:
        look_over(machine, "chooser")
    async with window("sam") as phone:
        look_over(phone, "lock")
        for tile, screen in (("Contact", "/contact"), ("Kit", "/kit"), ("Naloxone", "/naloxone")):
            await phone.tap(tile, ft.Button)
            assert phone.shell.route == screen
            look_over(phone, screen)
            await phone.tap("Close")
        await phone.tap("Cards")
        look_over(phone, "cards")
        await phone.write("Find a card", "no card has this")
        look_over(phone, "no card")
        for card in phone.shell.device.cards:
            phone.shell.go(f"/card/{card.id}")
            phone.shell.draw()
            await phone.settle()
            look_over(phone, card.id)
            phone.shell.back()
        phone.shell.go_home()
        phone.shell.draw()
        await phone.settle()
        await phone.tap("Someone is not waking")
        look_over(phone, "overdose")
        await unfold(phone)
        await phone.tap("Dose given")
        look_over(phone, "overdose with a dose")


async def test_a_contact_with_everything_unfolded(window: Windows) -> None:
    async with window("sam") as phone:
        await phone.tap("Contact")
        await phone.tap("Heroin + crack")
        await phone.tap("One after the other")
        await phone.tap("Offer: Taking them apart")
        await phone.tap("One more: Naloxone")
        await phone.tap("One more: Foil")
        await phone.tap("Missed 3 days or more")
        look_over(phone, "contact")
        await unfold(phone)
        look_over(phone, "contact, unfolded")
        await phone.tap("Another opioid")
        look_over(phone, "three substances")


async def test_screens_of_an_unlocked_member(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        look_over(phone, "home")
        await phone.tap("Start a shift")
        look_over(phone, "start a shift")
        await unfold(phone)
        look_over(phone, "start a shift, unfolded")
        await phone.tap("Start")
        await phone.until(lambda: phone.has("On shift"), "the shift")
        phone.shell.member.save_contact(
            ContactDraft(had_to_go=True, unfinished=True, kit={"foil": 1}, substances={"crack": ""})
        )
        phone.shell.go("/tray")
        phone.shell.draw()
        await phone.settle()
        look_over(phone, "tray")
        await phone.tap("they had to go") if phone.has("they had to go") else None
        phone.shell.go_home()
        phone.shell.draw()
        await phone.settle()
        look_over(phone, "home with the tray")
        await phone.tap("On shift")
        look_over(phone, "shift")
        await phone.tap("Close")
        await phone.tap("Practical help")
        look_over(phone, "practical help")


async def test_tiles_and_actions_are_as_high_as_a_gloved_thumb(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        for name in ("Advice", "Kit", "Naloxone", "Practical help", "Contact", "Someone is not waking"):
            assert phone.find(name).height >= theme.TARGET, name
        await phone.tap("Contact")
        for name in ("Save", "They had to go", "One more: Foil", "One less: Foil"):
            assert phone.find(name).height >= theme.TARGET, name


async def test_colour_never_speaks_alone(window: Windows) -> None:
    async with window("sam") as phone:
        await phone.tap("Contact")
        await phone.tap("Alcohol")
        chosen = phone.find("Alcohol")
        assert isinstance(chosen, ft.Chip)
        assert chosen.selected
        assert chosen.show_checkmark


async def test_nothing_is_dragged_pressed_long_or_pinched(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        for name in ("Contact", "Kit", "Naloxone", "Advice"):
            await phone.tap(name, ft.Button)
            for control in phone.controls():
                assert not isinstance(
                    control, ft.Slider | ft.Draggable | ft.Dismissible | ft.InteractiveViewer
                )
                assert getattr(control, "on_long_press", None) is None
            phone.shell.go_home()
            phone.shell.draw()
            await phone.settle()


def test_contrast_of_the_colour_table() -> None:
    """WCAG 2.2: 4.5 for text; the large buttons have 3 and more to spare."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, other: str) -> float:
        low, high = sorted((light(one), light(other)))
        return (high + 0.05) / (low + 0.05)

    for palette in (theme.DARK, theme.LIGHT):
        for ground in (palette.ground, palette.surface, palette.raised):
            assert contrast(palette.ink, ground) >= 7
            assert contrast(palette.soft, ground) >= 4.5
            assert contrast(palette.note, ground) >= 4.5
            assert contrast(palette.act, ground) >= 4.5
        assert contrast(palette.on_act, palette.act) >= 4.5
        assert contrast(palette.on_help, palette.help) >= 4.5


def test_a_hint_says_what_else_could_stand_there() -> None:
    for text in ("such a junkie", "addict", "dirty needle", "you should come"):
        for finding in wording.check(text, "en"):
            hint = asking.hint_for(finding)
            assert finding.text in hint
            assert hint.endswith(".")
