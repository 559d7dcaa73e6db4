from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.reports import Period


@given(st.dates(date(2001, 1, 1), date(2090, 1, 1)))
def test_a_quarter_holds_its_day_and_is_three_months(day):
    quarter = Period.quarter(day)
    assert quarter.first <= day <= quarter.last
    assert quarter.first.day == 1
    assert len({(each.year, each.month) for each in quarter.days()}) == 3
    assert 90 <= len(quarter.days()) <= 92


@pytest.mark.requirement("RS02")
def test_a_period_begins_and_ends_at_local_midnight_across_a_clock_change():
    london = Period(date(2026, 3, 29), date(2026, 3, 29), ZoneInfo("Europe/London"))
    assert (london.end - london.begin) / 3_600_000 == 23


def test_a_period_in_words():
    assert Period.quarter(date(2026, 8, 1)).words == "1 July to 30 September 2026"
    assert Period(date(2025, 12, 1), date(2026, 1, 31)).words == "1 December 2025 to 31 January 2026"
    assert Period(date(2026, 3, 1), date(2026, 3, 1)).words == "1 March 2026"


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="Swap"):
        Period(date(2026, 3, 2), date(2026, 3, 1))
