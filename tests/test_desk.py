"""The welcome desk: a slip is checked and an arrival recorded, offline, by whatever way it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from forms import wording
from outreach import slips
from outreach.capture import ReferralDraft
from outreach.desk import ArrivalView
from outreach.example.team import Example
from outreach.logbook.events import Arrived, DeskOutcome
from outreach.session import NotPossible, Session, SlipView
from tests.members import Members

ROBIN = ReferralDraft("yard", session=1, chosen_name="Robin", wait_preference="outside", send_ahead=True)


@pytest.fixture
def members(example_team: Example) -> Iterator[Members]:
    with Members(example_team) as opened:
        yield opened


def arrivals(session: Session) -> list[Arrived]:
    return [event for event in session.logbook if isinstance(event, Arrived)]


def mistyped(code: str) -> str:
    """One character wrong."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return alphabet[(alphabet.index(code[0]) + 1) % 32] + code[1:]


@pytest.mark.requirement("DA01", "RS04")
def test_a_desk_that_has_heard_of_nothing_records_the_arrival(members: Members) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    slip = sam.refer(ROBIN)
    checked = yard.check(slip.text)
    assert checked.colour == "green"
    arrival = yard.arrive(checked)
    assert (arrival.first, arrival.colour, arrival.code) == (True, "green", slip.code)
    assert (arrival.chosen_name, arrival.wait_preference) == ("", ""), "not heard of yet"
    assert abs((datetime.now(UTC) - arrival.came_at).total_seconds()) < 60
    assert yard.waiting() == 1
    assert [each.token for each in yard.arrivals_today()] == [arrival.token]


@pytest.mark.requirement("DA01")
@pytest.mark.parametrize("typed", ["{}\r\n", "  {}", "{}\t", "lower"])
def test_what_a_wedge_scanner_types_is_taken(members: Members, typed: str) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    slip = sam.refer(ROBIN)
    shown = slip.text.lower() if typed == "lower" else typed.format(slip.text)
    assert yard.check(shown).colour == "green"


@pytest.fixture
def heard(members: Members) -> tuple[Session, Session, SlipView]:
    """The desk has synced since the slip was made."""
    members.hub()
    sam, yard = members.session("sam"), members.session("yard")
    slip = sam.refer(ROBIN)
    sam.sync()
    yard.sync()
    return sam, yard, slip


@pytest.mark.requirement("DA01", "DA03", "DA05")
def test_a_typed_code_is_as_good_as_the_qr(heard: tuple[Session, Session, SlipView]) -> None:
    _, yard, slip = heard
    for typed in (slip.code, slip.code.lower(), slip.code.replace("-", ""), f" {slip.code} "):
        checked = yard.check(typed)
        assert (checked.colour, checked.code) == ("green", slip.code)
    arrival = yard.arrive(checked)
    assert (arrival.chosen_name, arrival.wait_preference) == ("Robin", "outside")
    assert ArrivalView.__dataclass_fields__.keys() == {
        "token",
        "code",
        "came_at",
        "colour",
        "reasons",
        "chosen_name",
        "wait_preference",
        "outcome",
        "first",
    }
    assert not yard.arrive(yard.check(slip.text)).first, "the same slip, scanned this time"
    assert len(arrivals(yard)) == 1


@pytest.mark.requirement("DA01")
def test_a_second_scan_shows_the_first_arrival(members: Members) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    slip = sam.refer(ROBIN)
    first = yard.arrive(yard.check(slip.text))
    yard.desk_outcome(first.token, "seen_now")
    later = int((first.came_at + timedelta(minutes=40)).timestamp() * 1000)
    yard.device.clock.wall = lambda: later
    again = yard.arrive(yard.check(slip.text))
    assert (again.first, again.came_at, again.outcome) == (False, first.came_at, "seen_now")
    assert len(arrivals(yard)) == 1
    yard = members.again(yard)
    assert not yard.arrive(yard.check(slip.text)).first


def test_a_slip_of_the_finger_records_nothing(members: Members) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    slip = sam.refer(ROBIN)
    for typed in (mistyped(slip.code), "", "7K3", "UUUU-UUUU", " ".join(slip.words)):
        checked = yard.check(typed)
        assert checked.colour == "amber"
        assert checked.why == ("typo",)
        with pytest.raises(NotPossible) as told:
            yard.arrive(checked)
        assert wording.check(str(told.value), "en") == []
    assert arrivals(yard) == []
    assert yard.waiting() == 0


def test_a_text_that_is_no_slip_is_red_and_records_nothing(members: Members) -> None:
    yard = members.session("yard")
    for shown in ("https://example.invalid/menu?table=4", "WIFI:S:cafe;T:WPA;P:espresso123;;", "x" * 5000):
        checked = yard.check(shown)
        assert checked.colour == "red"
        with pytest.raises(NotPossible) as told:
            yard.arrive(checked)
        assert wording.check(str(told.value), "en") == []
        assert shown not in str(told.value)
    assert arrivals(yard) == []


def altered(text: str, start: int) -> str:
    """One character of the signed part changed, so that it still reads as a slip."""
    for place in range(len(text) - 3, start, -1):
        for other in "0123456789ABCDEF":
            changed = text[:place] + other + text[place + 1 :]
            if changed == text:
                continue
            try:
                token = slips.read(changed).token
            except slips.SlipError:
                continue
            if token.id == slips.read(text).token.id:
                return changed
    raise AssertionError("no character can be changed")


@pytest.mark.requirement("DA01")
def test_whoever_comes_with_an_altered_slip_is_seen(members: Members) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    slip = sam.refer(ROBIN)
    checked = yard.check(altered(slip.text, 10))
    assert (checked.colour, checked.why) == ("amber", ("altered",))
    arrival = yard.arrive(checked)
    assert (arrival.first, arrival.colour) == (True, "amber")
    assert arrivals(yard)[0].reasons == ("altered",)


@pytest.mark.requirement("DA01")
def test_a_slip_that_cannot_be_read_is_counted_all_the_same(members: Members) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    slip = sam.refer(ROBIN)
    checked = yard.check(slip.text[: len(slip.text) * 2 // 3])
    assert (checked.colour, checked.token, checked.code) == ("amber", None, "")
    arrival = yard.arrive(checked)
    assert (arrival.first, arrival.colour) == (True, "amber")
    assert len(yard.arrivals_today()) == 1


@pytest.mark.requirement("RS19", "DA01")
def test_whoever_comes_with_an_expired_slip_is_seen(members: Members) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    slip = sam.refer(ROBIN)
    late = int((slip.valid_until + timedelta(days=2)).timestamp() * 1000)
    yard.device.clock.wall = lambda: late
    checked = yard.check(slip.text)
    assert (checked.colour, checked.why) == ("amber", ("expired",))
    assert any("fresh slip" in reason for reason in checked.reasons)
    assert yard.arrive(checked).colour == "amber"
    assert len(yard.arrivals_today()) == 1


@pytest.mark.requirement("DA01")
def test_another_team_s_slip_is_seen_and_recorded_as_unchecked(
    members: Members, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from outreach.example import team

    with Members(team.build(tmp_path_factory.mktemp("elsewhere"))) as elsewhere:
        foreign = elsewhere.session("sam").refer(ROBIN)
    yard = members.session("yard")
    checked = yard.check(foreign.text)
    assert (checked.colour, checked.why) == ("amber", ("unknown_team",))
    assert checked.unchecked
    arrival = yard.arrive(checked)
    (event,) = arrivals(yard)
    assert (event.checked, event.reasons, event.service) == ("amber", ("unknown_team",), "yard")
    assert arrival.first
    assert not yard.arrive(yard.check(foreign.text)).first


@pytest.mark.requirement("DA01")
def test_a_code_that_was_not_heard_of_finds_its_slip_at_the_next_sync(members: Members) -> None:
    members.hub()
    sam, yard = members.session("sam"), members.session("yard")
    slip = sam.refer(ROBIN)
    checked = yard.check(slip.code)
    assert (checked.colour, checked.why) == ("amber", ("unknown_code",))
    arrival = yard.arrive(checked)
    assert arrival.first
    assert arrival.code == slip.code
    yard.sync()
    sam.sync()
    yard.sync()
    sam.sync()
    (referral,) = sam.referrals()
    assert referral.state == "arrived"
    assert [each.chosen_name for each in yard.arrivals_today()] == ["Robin"]
    assert not yard.arrive(yard.check(slip.text)).first


@pytest.mark.requirement("DA01", "DA02", "DA04")
def test_an_arrival_offline_closes_the_loop_at_the_next_sync(
    heard: tuple[Session, Session, SlipView], members: Members
) -> None:
    sam, yard, slip = heard
    arrival = yard.arrive(yard.check(slip.text))
    yard.desk_outcome(arrival.token, "time_given", offered_for=arrival.came_at + timedelta(days=1))
    assert yard.waiting() == 2
    (before,) = sam.referrals()
    assert before.state == "issued"
    yard.sync()
    sam.sync()
    (after,) = sam.referrals()
    assert after.reached("arrived")
    assert after.arrived is not None
    assert after.arrivals[0].outcome == "time_given"
    assert after.offered_for == int((arrival.came_at + timedelta(days=1)).timestamp() * 1000)
    assert after.wait("arrived") is None or after.wait("arrived") >= 0  # type: ignore[operator]


@pytest.mark.requirement("DA02", "DA09")
@pytest.mark.parametrize("outcome", ["seen_now", "time_given", "left_before_seen", "not_safe_today"])
def test_what_happened_next_is_recorded(members: Members, outcome: str) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    arrival = yard.arrive(yard.check(sam.refer(ROBIN).text))
    yard.desk_outcome(arrival.token, outcome)
    (shown,) = yard.arrivals_today()
    assert shown.outcome == outcome
    (event,) = [event for event in yard.logbook if isinstance(event, DeskOutcome)]
    assert event.offered_for == 0


def test_arrivals_of_today_newest_first(members: Members) -> None:
    sam, yard = members.session("sam"), members.session("yard")
    codes = []
    noon = yard.now().replace(hour=12, minute=0)
    for number in range(3):
        slip = sam.refer(ReferralDraft("yard", session=1))
        at = int((noon + timedelta(minutes=number)).timestamp() * 1000)
        yard.device.clock.wall = lambda at=at: at  # type: ignore[misc]
        codes.append(yard.arrive(yard.check(slip.text)).code)
    assert [each.code for each in yard.arrivals_today()] == codes[::-1]
    tomorrow = int((noon + timedelta(days=1)).timestamp() * 1000)
    yard.device.clock.wall = lambda: tomorrow
    assert yard.arrivals_today() == ()
