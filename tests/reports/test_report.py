"""The report on paper and as CSV, read back: the NECTOS quarter, and what is there in quiet times."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from pypdf import PdfReader

from forms import wording
from outreach import reports
from outreach.example import nectos
from outreach.logbook import events as e
from outreach.logbook.events import Event, ReferralMade
from outreach.logbook.views import Logbook

START = date(2026, 1, 1)
QUARTER = reports.Period.quarter(START)
NOW = datetime(2026, 9, 30, 10, tzinfo=UTC)
PLACES = {"s1": "Quayside", "s2": "Mill Lane", "s3": "Hilltop", "s4": "Harbour rooms"}


@pytest.fixture(scope="module")
def quarter() -> list[Event]:
    return list(nectos.events(START, b"member01", b"device01", list(PLACES)))


def make(events: list[Event], **fields) -> reports.Report:
    known = {"organisation": "Riverside example team", "now": NOW, "services": PLACES} | fields
    return reports.make(Logbook(events), known.pop("period", QUARTER), **known)


def pages(report: reports.Report) -> list[str]:
    read = PdfReader(io.BytesIO(report.pdf()))
    assert [round(side) for page in read.pages for side in page.mediabox[2:]] == [595, 842] * 2
    return [page.extract_text() for page in read.pages]


def rows(report: reports.Report) -> dict[tuple[str, str], list[str]]:
    text = report.csv().encode().decode("utf-8-sig")
    return {(row[0], row[1]): row[2:] for row in csv.reader(io.StringIO(text)) if len(row) > 1}


def first(events: list[Event], count: int) -> list[Event]:
    """The events of the first referrals only."""
    made = [event for event in events if isinstance(event, ReferralMade)][:count]
    kept = {event.referral for event in made}
    tokens = {event.token for event in events if isinstance(event, e.SlipIssued) and event.referral in kept}
    return [
        event
        for event in events
        if getattr(event, "referral", None) in kept or getattr(event, "token", None) in tokens
    ]


# --- the NECTOS quarter --------------------------------------------------------------------


@pytest.mark.requirement("RP01", "RP02", "RS01")
def test_the_report_reproduces_the_study(quarter):
    one, two = pages(make(quarter))
    assert "447 referrals were made. 276 (62 %) reached assessment and 221 (49 %) started." in " ".join(
        one.split()
    )
    assert "Most are lost before assessment: 171." in " ".join(one.split())
    for text in ("Referred", "Slip presented", "315", "276", "221", "125", "74"):
        assert text in one
    assert re.search(r"Self\s+149\s+118\s+106 \(71 %\)\s+86 \(58 %\)\s+49\s+30\s+\d", one)
    assert re.search(r"Criminal justice\s+112\s+66\s+58 \(52 %\)\s+46 \(41 %\)\s+26\s+15\s+\d", one)
    assert re.search(r"Drug services\s+90\s+59\s+52 \(58 %\)\s+42 \(47 %\)\s+24\s+14\s+\d", one)
    assert re.search(r"All referrals\s+447\s+315\s+276 \(62 %\)\s+221 \(49 %\)\s+125\s+74\s+\d", one)
    assert re.search(r"Quayside\s+180\s+122\s+106 \(59 %\)\s+85 \(47 %\)\s+47\s+28", two)


@pytest.mark.requirement("RP01", "RP02")
def test_the_csv_has_the_same_numbers(quarter):
    read = rows(make(quarter))
    assert read["Period", "2026-01-01"] == ["2026-03-31"]
    assert read["All", "All referrals"][:9] == ["", "447", "315", "276", "221", "125", "74", "62", "49"]
    for section, lines in (("By referral source", 5), ("By service", 4)):
        found = [row[1:7] for (where, _), row in read.items() if where == section]
        assert len(found) == lines
        assert [sum(map(int, column)) for column in zip(*found, strict=True)] == [447, 315, 276, 221, 125, 74]
    assert read["What stood in the way", "Too far"] == ["", "38"]
    assert read["What stood in the way", "Others: 2"] == ["", "too few to show"]
    assert make(quarter).csv().startswith("\ufeffReport,")


@pytest.mark.requirement("RS01", "RP02")
def test_shares_are_those_of_the_study():
    referred = {source: line[0] for source, line in nectos.BY_SOURCE.items()}
    assert sum(referred.values()) == sum(line[0] for line in nectos.BY_SERVICE) == 447
    assert referred["self"] / 447 == pytest.approx(1 / 3, abs=0.005)
    assert referred["drug_services"] / 447 == pytest.approx(0.20, abs=0.005)
    assert referred["criminal_justice"] / 447 == pytest.approx(0.25, abs=0.005)
    assert 0.58 < 276 / 447 < 0.66
    assert pytest.approx(1 / 3, abs=0.005) == 74 / 221


def test_the_quarter_is_the_same_on_every_device_and_in_order(quarter):
    assert quarter == list(nectos.events(START, b"member01", b"device01", list(PLACES)))
    assert [event.stamp.counter for event in quarter] == list(range(1, len(quarter) + 1))
    assert sorted(quarter, key=lambda event: event.stamp.at) == quarter
    assert len({event.stamp.id for event in quarter}) == len(quarter)
    made = [event.stamp.at for event in quarter if isinstance(event, ReferralMade)]
    assert QUARTER.begin <= min(made) <= max(made) < QUARTER.end
    assert (quarter[-1].stamp.at - QUARTER.begin) / 86_400_000 < nectos.SPAN
    with pytest.raises(ValueError, match="service"):
        next(nectos.events(START, b"member01", b"device01", []))


@pytest.mark.parametrize("start", [date(2025, 4, 1), date(2025, 10, 1)])
@pytest.mark.parametrize("services", [["only"], ["a", "b"], list("abcdef")])
def test_any_quarter_and_any_number_of_services_adds_up(start, services):
    events = list(nectos.events(start, b"member01", b"device01", services))
    report = make(events, period=reports.Period.quarter(start))
    assert report.all.counts == (447, 315, 276, 221, 125, 74)
    assert len(report.by_service) == min(len(services), 4)


@pytest.mark.requirement("RP05")
def test_services_of_a_kind_stand_together(quarter):
    kinds = {"s1": "Drop-in", "s2": "Drop-in", "s3": "Appointments", "s4": "Crisis unit"}
    report = make(quarter, kinds=kinds)
    assert [line.detail for line in report.by_service] == [
        "Appointments",
        "Crisis unit",
        "Drop-in",
        "Drop-in",
    ]
    assert {line.detail: line.share(2) for line in report.by_service}["Crisis unit"] == 80
    assert "Crisis unit" in pages(report)[1]


@pytest.mark.requirement("RS02", "FO15")
def test_waits_that_are_not_known_are_said_to_be_unknown(quarter):
    report = make(quarter)
    assert all(wait.unknown for wait in report.waits)
    assert [wait.known + wait.unknown for wait in report.waits] == [315, 276, 221]
    assert report.waits[0].median.days < report.waits[1].median.days < report.waits[2].median.days
    assert re.search(r"Assessed\s+4\.\d\s+7\.\d\s+262\s+14", pages(report)[1])


def test_the_same_report_gives_the_same_bytes(quarter):
    assert make(quarter).pdf() == make(list(reversed(quarter))).pdf()


@pytest.mark.requirement("LT01")
def test_every_word_on_paper_passes_the_wording_check(quarter):
    for report in (make(quarter), make([]), make(first(quarter, 3)), make(first(quarter, 60))):
        for text in (*pages(report), report.csv()):
            assert [finding.message for finding in wording.check(text, "en") if finding.hard] == []


@pytest.mark.requirement("RP09")
def test_the_caution_and_what_was_done_besides_stand_next_to_retention(quarter):
    stamp = e.Stamp(id=b"c", member=b"m", device=b"d", counter=1, at=QUARTER.begin)
    contacts = [
        e.ContactRecorded(
            stamp=e.Stamp(id=b"c%d" % n, member=b"m", device=b"d", counter=1, at=stamp.at),
            contact=b"c%d" % n,
            naloxone=(e.NaloxoneSupplied("prenoxad", 2),),
        )
        for n in range(6)
    ]
    text = " ".join(pages(make([*quarter, *contacts]))[1].split())
    assert "the team had 6 contacts and gave out 12 naloxone kits." in text
    assert "Read with care." in text
    few = " ".join(pages(make([*quarter, *contacts[:2]]))[1].split())
    assert "the team had fewer than five contacts and gave out fewer than five naloxone kits." in few


# --- quiet times ---------------------------------------------------------------------------


def test_a_period_without_referrals():
    report = make([])
    one, two = pages(report)
    assert "No referrals were made in this period." in one
    assert "page 2 of 2" in two
    assert rows(report)["All", "All referrals"][1:7] == ["0"] * 6


@pytest.mark.requirement("RP07")
def test_three_referrals_are_too_few_to_show(quarter):
    report = make(first(quarter, 3))
    text = " ".join(" ".join(pages(report)).split())
    assert "Fewer than five referrals were made in this period: too few to show." in text
    assert report.by_source == report.by_service == report.barriers.lines == report.waits == ()
    assert set(rows(report)["All", "All referrals"][1:]) == {"too few to show"}


@pytest.mark.requirement("RP07")
@pytest.mark.parametrize("count", [20, 60, 200])
def test_no_small_count_is_on_paper_or_in_the_csv(quarter, count):
    report = make(first(quarter, count))
    cells = [cell for line in (report.all, *report.by_source, *report.by_service) for cell in line.counts]
    assert None in cells
    assert not {1, 2, 3, 4} & set(cells)
    numbers = [cell for row in rows(report).values() for cell in row[1:7]]
    assert not {"1", "2", "3", "4"} & set(numbers)
    for line in (*report.by_source, *report.by_service):
        if line.counts[0] is None or line.counts[0] < 10:
            assert line.share(2) is None
            assert line.median.days is None
    assert "*" in pages(report)[0]


def test_a_service_with_a_few_referrals_keeps_its_line(quarter):
    extra = [
        e.ReferralMade(
            stamp=e.Stamp(id=b"x%d" % n, member=b"m", device=b"d", counter=1, at=QUARTER.begin),
            referral=b"x%d" % n,
            service="new",
            source="self",
        )
        for n in range(2)
    ]
    report = make([*quarter, *extra], services=PLACES | {"new": "New place"})
    assert re.search(r"New place\s+too few to show", pages(report)[1])
    assert None in [line.counts[0] for line in report.by_service if line.label != "New place"]


def test_a_long_name_keeps_inside_its_column_and_many_services_inside_two_pages():
    names = {
        f"s{n}": f"The {n}th Very Long Name of a Recovery Partnership for Districts, Villages & <Others>"
        for n in range(30)
    }
    made = [
        e.ReferralMade(
            stamp=e.Stamp(id=b"%d" % n, member=b"m", device=b"d", counter=n, at=QUARTER.begin),
            referral=b"%d" % n,
            service=f"s{n % 30}",
            source="gp",
        )
        for n in range(600)
    ]
    report = make(made, services=names, organisation="An organisation with a name that goes on and on " * 4)
    assert len(report.by_service) == 12
    assert report.by_service[0].label == "Other services together"
    _, two = pages(report)
    assert "The 1th Very Long" in two
    assert "Districts, Villages" in rows(report)["By service", names["s1"]][0] + names["s1"]
    assert "page 2 of 2" in two


@pytest.mark.requirement("RP03")
@pytest.mark.parametrize("services", [4, 9, 30])
def test_nothing_runs_into_the_foot(quarter, services):
    """Every line of text on a page stands above the foot or belongs to it."""

    def spread(event: Event) -> Event:
        if not isinstance(event, ReferralMade):
            return event
        return msgspec.structs.replace(event, service=f"s{event.referral[0] % services}")

    contacts = [
        e.ContactRecorded(
            stamp=e.Stamp(id=b"c%d" % n, member=b"m", device=b"d", counter=1, at=QUARTER.begin),
            contact=b"c%d" % n,
        )
        for n in range(9)
    ]
    kinds = {f"s{n}": "Drop-in" for n in range(30)}
    report = make([*map(spread, quarter), *contacts], kinds=kinds)
    for page in PdfReader(io.BytesIO(report.pdf())).pages:
        heights: dict[str, float] = {}

        def see(text, moved, place, font, size, heights=heights):
            if text.strip():
                heights.setdefault(text.strip(), moved[5] + moved[3] * place[5])

        page.extract_text(visitor_text=see)
        foot = next(y for text, y in heights.items() if text.startswith("447 of 447"))
        below = [text for text, y in heights.items() if y < foot - 1]
        assert len(below) <= 3, below
        assert all("Made " in text or "*" in text or "Unknown" in text for text in below), below
        assert min(heights.values()) > 20


def test_a_name_that_looks_like_a_formula_stays_text():
    made = e.ReferralMade(
        stamp=e.Stamp(id=b"1", member=b"m", device=b"d", counter=1, at=QUARTER.begin),
        referral=b"r",
        service="s",
        source="gp",
    )
    events = [
        e.ReferralMade(
            stamp=e.Stamp(id=b"%d" % n, member=b"m", device=b"d", counter=1, at=QUARTER.begin),
            referral=b"%d" % n,
            service=made.service,
            source=made.source,
        )
        for n in range(12)
    ]
    assert ("By service", "'=HYPERLINK(1)") in rows(make(events, services={"s": "=HYPERLINK(1)"}))


# --- what is missing -----------------------------------------------------------------------


@pytest.mark.requirement("RP03")
@pytest.mark.parametrize(
    ("ages", "words"),
    [
        (None, "Which devices have yet to send is not known here."),
        ([], "Which devices have yet to send is not known here."),
        ([400], "One device has not sent since 26 August 2025."),
        ([0, 0, 0], "All three devices have sent since the period ended."),
        ([0], "One device has sent since the period ended."),
        ([200, 190, 0], "Two devices have not sent since 14 March 2026."),
        ([200, -1], "One device has not sent since 14 March 2026 and one device has never sent."),
    ],
)
def test_devices_that_may_still_hold_records_are_said(quarter, ages, words):
    devices = ages and [
        reports.Device(f"phone {n}", None if age < 0 else NOW - timedelta(days=age))
        for n, age in enumerate(ages)
    ]
    report = make(quarter, devices=devices)
    for page in pages(report):
        assert words in " ".join(page.split())
    assert ("Note", words) in rows(report) or words in report.csv()


@pytest.mark.requirement("RP03")
def test_completeness_counts_what_has_a_source(quarter):
    unsaid = e.Corrected(
        stamp=e.Stamp(id=b"u", member=b"m", device=b"d", counter=9999, at=QUARTER.begin),
        target=next(event.stamp.id for event in quarter if isinstance(event, ReferralMade)),
        changes={"source": ""},
    )
    for page in pages(make([*quarter, unsaid])):
        assert "446 of 447 referrals have a source." in " ".join(page.split())


@pytest.mark.requirement("RP03")
def test_slips_without_their_referral_are_counted_and_said(quarter):
    made = [event for event in quarter if isinstance(event, ReferralMade)][:6]
    report = make([event for event in quarter if event not in made])
    assert report.all.counts[0] == 447
    assert "Of 6 only the slip is held here, so their waits are unknown." in report.completeness


def test_a_running_period_is_measured_by_yesterday():
    period = reports.Period.quarter(NOW.date())
    devices = [reports.Device("phone", NOW - timedelta(hours=3))]
    report = reports.make(Logbook(), period, organisation="x", now=NOW, devices=devices)
    assert report.completeness == ("One device has sent since yesterday.",)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        reports.make(Logbook(), QUARTER, organisation="x", now=datetime(2026, 9, 30))  # noqa: DTZ001
