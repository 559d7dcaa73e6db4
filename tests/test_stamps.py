"""Stamps: the order of events on one device, whatever its clock says."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import stamps
from outreach.logbook import codec
from outreach.logbook.events import Withdrawn
from outreach.stamps import LARGEST, LEAP, Clock

MEMBER, DEVICE = b"member-1", b"device-1"


def clock(**given: object) -> Clock:
    return Clock(MEMBER, DEVICE, **given)  # type: ignore[arg-type]


@given(st.lists(st.one_of(st.none(), st.integers(0, 2**31)), max_size=30))
def test_a_stamp_comes_after_everything_that_was_seen(story: list[int | None]) -> None:
    """`None` is a stamp given here, a number is a counter that came in."""
    own, highest = clock(), 0
    for seen in story:
        if seen is None:
            stamp = own.stamp()
            assert stamp.counter > highest
            highest = stamp.counter
        else:
            own.seen(seen)
            highest = max(highest, seen)


@pytest.mark.requirement("RS02")
def test_order_holds_though_the_wall_clock_goes_back() -> None:
    times = iter([5_000_000, 4_000_000, 9_000_000, 1])
    own = clock(wall=lambda: next(times))
    given_out = [own.stamp() for _ in range(4)]
    assert [stamp.at for stamp in given_out] == [5_000_000, 4_000_000, 9_000_000, 1]
    assert all(earlier.order < later.order for earlier, later in pairwise(given_out))


def test_a_stamp_says_who_and_how() -> None:
    own = clock(wall=lambda: 77, monotonic=lambda: 33, packs="lists@3")
    stamp = own.stamp(locked=True, late=True)
    assert (stamp.member, stamp.device, stamp.at, stamp.monotonic) == (MEMBER, DEVICE, 77, 33)
    assert (stamp.locked, stamp.late, stamp.packs) == (True, True, "lists@3")
    plain = own.stamp()
    assert (plain.locked, plain.late) == (False, False)
    assert plain.id != stamp.id
    assert len(plain.id) == 12


@pytest.mark.parametrize("absurd", [LEAP + 4, LARGEST, 2**64 - 1, 2**70])
def test_an_absurd_counter_from_elsewhere_is_not_followed(absurd: int) -> None:
    own = clock(counter=2)
    own.seen(absurd)
    assert own.stamp().counter == 3
    own.seen(3 + LEAP)
    assert own.stamp().counter == 4 + LEAP


def test_a_counter_at_its_end_does_not_end_recording() -> None:
    own = clock(counter=LARGEST - 1)
    first, second = own.stamp(), own.stamp()
    assert first.counter == second.counter == LARGEST
    event = Withdrawn(stamp=second, target=b"t" * 12)
    assert codec.decode(codec.encode(event)) == event
    assert codec.from_document(codec.to_document(event)) == event


def test_the_boot_id_stays_and_tells_nothing_outside_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    boot = tmp_path_factory.mktemp("proc") / "boot_id"
    boot.write_text("11111111-2222-3333-4444-555555555555\n")
    monkeypatch.setattr(stamps, "_BOOT_ID", boot)
    assert clock().boot == clock().boot
    assert stamps.boot_id(b"one") != stamps.boot_id(b"two")
    before = clock().boot
    boot.write_text("99999999-2222-3333-4444-555555555555\n")
    assert clock().boot != before


@pytest.mark.requirement("RS02")
def test_where_no_boot_is_named_two_runs_are_never_taken_for_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(stamps, "_BOOT_ID", tmp_path_factory.mktemp("proc") / "nothing")
    assert clock().boot != clock().boot


def test_time_since_boot_only_grows() -> None:
    readings = [stamps.monotonic_ms() for _ in range(50)]
    assert readings == sorted(readings)
    assert readings[0] >= 0
