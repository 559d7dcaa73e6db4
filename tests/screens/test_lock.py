"""Locking: keys gone, screen blank, nothing lost, and unlocking comes back to the same place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.screens.harness import Window

Windows = Callable[..., Window]
Unlock = Callable[[Window], Awaitable[None]]


@pytest.mark.requirement("CC01")
async def test_unlocking_comes_back_to_the_same_place(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Slip")
        assert phone.shell.route == "/refer"
        await phone.shell.lock()
        await phone.settle()
        assert phone.shell.stack == ["/lock"]
        assert phone.shell.session is None
        assert "The Yard" not in phone.texts()
        await unlock(phone)
        assert phone.shell.stack == ["/home", "/refer"]


@pytest.mark.requirement("BC02")
async def test_a_form_that_was_open_comes_back_as_it_was(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Contact")
        await phone.tap("Street tablets")
        await phone.shell.lock()
        await phone.settle()
        assert phone.shell.draft is None
        await unlock(phone)
        (kept,) = phone.shell.member.unfinished()
        assert phone.shell.route == f"/contact/{kept.id.hex()}"
        assert phone.shell.draft is not None
        assert list(phone.shell.draft.substances) == ["street_tablets_unknown"]


async def test_overdose_steps_stay_when_the_window_locks(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Someone is not waking")
        await phone.shell.lock()
        await phone.settle()
        assert phone.shell.locked
        assert phone.shell.route == "/overdose"
        assert any("999" in each for each in phone.texts())


async def test_another_member_begins_at_their_own_home(window: Windows, unlock: Unlock) -> None:
    async with window("sam") as phone:
        await unlock(phone)
        await phone.tap("Slip")
        await phone.shell.lock()
        await phone.settle()
        phone.shell.leave()
        phone.shell.choose("jo")
        phone.shell.draw()
        await phone.settle()
        await unlock(phone)
        assert phone.shell.stack == ["/home"]
