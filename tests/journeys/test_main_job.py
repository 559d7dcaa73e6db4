"""The main job in the browser: contact, slip, hub, desk, report; the hub is down when it begins."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from outreach import demo, slips
from outreach.example import team
from tests.journeys.browser import PATIENCE, Hub, Phone


@pytest.mark.requirement("BC01", "BC14", "RS04", "RS05", "DA01", "DA03", "DA04", "RP01", "RP02")
def test_from_a_contact_on_the_street_to_a_printed_report(
    team_here: team.Example, hub: Hub, phones: Callable[..., Phone]
) -> None:
    # The history that the coordinator prints was sent before tonight.
    hub.start()
    demo.fill(team_here)
    hub.stop()

    # Sam, on the street, no network.
    sam = phones("sam")
    sam.unlock(team_here.passphrases["sam"])
    sam.tap("Contact")
    sam.choose("Heroin + crack")
    sam.tap("Save")
    sam.sees("Saved")
    sam.sees("1 waiting to send")
    sam.tap("Slip")
    sam.tap(re.compile("^The Yard"))
    sam.choose("Outside")
    sam.write("What they like to be called", "Robin")
    sam.choose("They said yes: tell the desk")
    sam.tap("Make the slip")
    sam.sees("Show them")

    scanned = slips.decode(sam.picture())
    assert scanned is not None, "the code on the screen can't be read"
    checked = slips.check(scanned, team_here.open_device("yard").trust, datetime.now(UTC))
    assert (checked.colour, checked.reasons) == ("green", ())
    sam.read()
    sam.tap("Done")
    sam.sees(re.compile(r"\d waiting to send"))

    # A network: the records leave by themselves.
    hub.start()
    sam.sees("all sent")

    # The desk, a second session: the code is typed.
    yard = phones("yard", look="light")
    yard.unlock(team_here.passphrases["yard"])
    yard.write("Code on the slip", checked.code.lower().replace("-", " "))
    yard.tap("They are here")
    yard.sees("good to see you")
    yard.sees("Robin")
    yard.sees(checked.code.replace("-", " – "))
    yard.misses("Heroin")
    yard.tap("Seen now")
    yard.sees("Seen now. Saved.")
    yard.sees("all sent")

    # The coordinator's laptop shows it, and prints.
    alex = phones("alex", width=1280, height=800, look="light")
    alex.unlock(team_here.passphrases["alex"])
    expect(alex.control(re.compile("Robin"))).to_be_attached(timeout=PATIENCE)
    alex.sees(re.compile("Robin.*The Yard · Came", re.DOTALL))
    paper = alex.download("Report (PDF)")
    pages = [page.extract_text() for page in PdfReader(paper).pages]
    assert len(pages) == 2
    for number in ("447", "276", "221", "125", "74"):
        assert number in pages[0]
    assert "Where people are lost" in pages[0]

    # Nothing was fetched from anywhere else, and Sam learns that the person came.
    sam.tap("Find again")
    sam.sees(re.compile("Robin.*The Yard · Came", re.DOTALL))
    assert not [*sam.elsewhere, *yard.elsewhere, *alex.elsewhere]


@pytest.mark.requirement("DA01", "DA03")
def test_a_desk_offline_says_what_it_sees_and_turns_nobody_away(
    team_here: team.Example, phones: Callable[..., Phone]
) -> None:
    session = team_here.open_device("sam").unlock(team_here.passphrases["sam"])
    slip = session.refer(demo.ReferralDraft(service=team.SITE, session=1))
    session.lock()

    yard = phones("yard")
    yard.unlock(team_here.passphrases["yard"])
    yard.write("Code on the slip", "7K3M-Q9TZ" if slip.code != "7K3M-Q9TZ" else "7K3M-Q9TY")
    yard.tap("They are here")
    yard.sees("Have another look")
    yard.write("Code on the slip", "https://somewhere.example/menu-of-the-day-and-other-things-to-eat")
    yard.tap("They are here")
    yard.sees("not one of our slips")
    yard.write("Code on the slip", slip.text)  # a scanner that types like a keyboard
    yard.page.keyboard.press("Enter")
    yard.sees("good to see you")
    yard.sees(slip.code.replace("-", " – "))
    yard.write("Code on the slip", slip.code)
    yard.tap("They are here")
    yard.sees("Hello again")
