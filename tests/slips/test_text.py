"""What a slip says: complete, true for the session, and nothing about the person."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from forms import wording
from forms.services import DayException
from outreach.slips.paper import SlipText

replace = msgspec.structs.replace


@pytest.mark.requirement("RS04", "RS09", "RS11", "CC02", "DE14")
def test_it_says_everything_that_a_person_wants_to_know(slip_for):
    slip = slip_for("yard", 1, fast_track=True)
    assert slip.place == "The Yard"
    assert slip.when == "Any day until Friday 4 December"
    assert slip.hours == "9 to 12"
    assert slip.entrance == "Side door."
    assert "Mill Lane" in slip.travel
    assert "Bus fare back" in slip.travel
    assert "a place is kept" in slip.show
    assert "hot drink" in slip.happens
    assert slip.bring == "Nothing to bring: no ID, no papers."
    assert slip.choices[0].startswith("Quiet way in")
    assert slip.children == "Children and dogs are welcome."
    assert "limits" in slip.confidential
    assert "child" in slip.confidential
    assert "You can still come" in slip.lost
    assert "Sam" in slip.lost
    assert slip.valid_until == "Good until Friday 4 December."
    assert slip.phone == "01632 960145"
    assert slip.worker == "Sam"
    assert slip.ask_for == "Priya"
    assert slip.left_out == ()


@pytest.mark.requirement("DE20", "DE08")
def test_a_wait_is_told_with_a_place_for_the_meantime(slip_for):
    slip = slip_for("quay", 1)
    assert "about 3 days" in slip.happens
    assert "3 days" not in slip_for("quay", 1, fast_track=True).happens, "a kept place is not waited for"
    assert slip.meanwhile == "While you wait: Hilltop Open Door, Monday to Friday, 11am to 5pm."
    assert slip.children == "Childcare costs are paid back."
    assert slip.when == "Mondays and Thursdays until Friday 4 December"
    assert slip.soonest == "Soonest: Monday 23 November."
    assert slip_for("north", 1).length == "It runs for 12 weeks."
    assert slip_for("yard", 1).meanwhile == ""


@pytest.mark.requirement("DE15")
def test_a_womens_session_has_its_own_door_and_says_so(slip_for):
    slip = slip_for("yard", 3)
    assert slip.entrance == "Garden gate in Sailmaker Row."
    assert "Women only at this time." in slip.choices
    assert not any("green door" in choice for choice in slip.choices)
    assert "Women staff" not in " ".join(text for _, text in slip.printed()), "the staff note stays inside"


@pytest.mark.requirement("RS12")
def test_a_demanding_place_says_how_often_it_asks_someone_to_come(slip_for):
    slip = slip_for("mill", 1, change={"visit_frequency": "Two visits a day, every day"})
    assert slip.asks == "Two visits a day, every day."


@pytest.mark.requirement("RS19")
def test_the_last_day_is_the_earliest_of_three_and_has_a_year_where_it_is_another(slip_for):
    assert (
        slip_for(change={"closes_on": date(2026, 11, 25)}).valid_until == "Good until Wednesday 25 November."
    )
    late = datetime(2026, 12, 28, 12, tzinfo=ZoneInfo("Europe/London"))
    assert slip_for(now=late).valid_until == "Good until Monday 11 January 2027."


def test_shut_days_and_other_hours_within_the_slips_life_are_told(slip_for, directory):
    before = datetime(2026, 12, 21, 10, tzinfo=ZoneInfo("Europe/London"))
    slip = slip_for("yard", 1, now=before)
    assert slip.hours == "9 to 12. Friday 25 December: 10am to 2pm"
    slip = slip_for("yard", 2, now=before)
    assert "not on Friday 25 December, Monday 28 December and Friday 1 January 2027" in slip.when
    assert slip.soonest == "Soonest: Monday 21 December."
    assert slip_for("yard", 3, now=before).when == "Wednesdays until Monday 4 January 2027", (
        "holidays of other days"
    )


def test_a_session_that_is_not_plainly_weekly_lists_its_days(slip_for, directory):
    service = directory.service("hill")
    monthly = replace(service.sessions[0], rule="FREQ=MONTHLY;BYDAY=1TH,3TH", valid_from=date(2026, 1, 1))
    slip = slip_for("hill", 1, change={"sessions": (monthly,), "slip_valid_days": 30})
    assert slip.when == "Thursday 3 December and Thursday 17 December"
    never = replace(monthly, exceptions=(DayException(on=date(2026, 12, 3)),))
    slip = slip_for("hill", 1, change={"sessions": (never,)})
    assert slip.when == "Until Friday 4 December"


def test_any_session_of_a_place(slip_for):
    slip = slip_for("mill", 0)
    assert slip.when == "Until Friday 4 December"
    assert slip.soonest == "Soonest: Monday 23 November, 2pm to 4pm."
    assert slip.hours == ""


def test_a_session_past_midnight_and_the_last_arrival(slip_for):
    night = datetime(2026, 11, 20, 23, 0, tzinfo=ZoneInfo("Europe/London"))
    assert slip_for("hill", 2, now=night).soonest == "Soonest: Friday 20 November."
    assert slip_for("hill", 2, now=night + timedelta(hours=2, minutes=45)).soonest == (
        "Soonest: Saturday 21 November."
    )


def test_a_place_that_tells_little_still_makes_a_slip(slip_for, directory):
    from forms.services import Location

    bare = {
        "location": Location(),
        "phone": "",
        "champion_name": "",
        "greeting_name": "",
        "waiting_arrangement": "",
        "programme_length": "",
        "no_id_needed": None,
        "children_welcome": None,
        "dogs_welcome": None,
        "sessions": (replace(directory.service("yard").sessions[0], entrance="", note="", opens=time(9)),),
    }
    slip = slip_for("yard", 1, change=bare, worker="")
    assert slip.travel == slip.address == slip.bring == slip.children == slip.phone == ""
    assert slip.choices == ()
    assert slip.lost == "Lost it, or can't make it? You can still come: say the two words."
    assert slip.happens == "A hello and a first talk, about 20 minutes."


@pytest.mark.requirement("RS06", "CC07", "CC08")
def test_two_peoples_slips_differ_only_in_random_fields_and_times(slip_for, now):
    one = slip_for(token_id=bytes(range(12)))
    other = slip_for(token_id=bytes(range(50, 62)), now=now + timedelta(minutes=7))
    different = {name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)}
    assert different == {"token_text", "code", "words"}
    # No field could hold a person: none is named after one, and the builder is given none.
    assert not {"name", "person", "referral", "source", "reason"} & set(SlipText.__struct_fields__)


def test_only_the_first_name_of_a_worker_is_printed(slip_for):
    slip = slip_for(worker="Sam Example")
    assert slip.worker == "Sam"
    assert "Example." not in slip.lost


def test_every_sentence_passes_the_wording_check(slip_for, directory):
    for service in directory.services:
        if service.status != "active":
            continue
        for number in (0, *(session.number for session in service.sessions)):
            for fast_track in (False, True):
                for name, text in slip_for(service.id, number, fast_track=fast_track).printed():
                    hard = [finding for finding in wording.check(text, "en") if finding.hard]
                    assert not hard, (service.id, name, text)
