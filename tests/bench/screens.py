"""Screens in a real browser: the first frame, how long "Saved" takes, and how many taps a job takes.

Taps are counted from the unlocked home (or the lock screen); the letters of the secret and of
optional fields are not taps.
"""

import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from outreach.example import team
from tests.journeys.browser import Phone, browser, running_app

Figure = tuple[str, float, str]


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        example = team.build(Path(folder), hub_url="http://127.0.0.1:9")
        with running_app(example.profiles, example.passphrases) as address, browser() as chromium:
            yield from _first_frame(Phone(chromium, address))
            phone = Phone(chromium, address)
            phone.open("/?who=sam")
            yield "taps_locked_contact", _taps(phone, _contact), "taps"
            phone.unlock(example.passphrases["sam"])
            yield "taps_contact", _taps(phone, _contact), "taps"
            yield "taps_contact_with_substances", _taps(phone, _contact_with_substances), "taps"
            yield "taps_slip", _taps(phone, _slip), "taps"
            yield "saved_shown_after_tap", 1000 * statistics.median(_saved(phone) for _ in range(7)), "ms"
            phone.close()
            desk = Phone(chromium, address)
            desk.open("/?who=yard")
            desk.unlock(example.passphrases["yard"])
            yield "taps_arrival", _taps(desk, lambda each: _arrival(each, example)), "taps"


def _first_frame(phone: Phone) -> Iterator[Figure]:
    took = []
    for _ in range(4):
        begun = time.perf_counter()
        phone.open("/?who=sam")
        phone.sees("Someone is not waking")
        took.append(time.perf_counter() - begun)
    phone.close()
    yield "first_frame_cold_browser", took[0], "s"
    yield "first_frame_warm", statistics.median(took[1:]), "s"


def _taps(phone: Phone, job: Callable[[Phone], None]) -> int:
    """How many taps a job takes: clicks that reach the page."""
    taps = 0

    def count(_: object) -> None:
        nonlocal taps
        taps += 1

    name = f"count{time.monotonic_ns()}"
    phone.page.expose_function(name, count)
    phone.page.evaluate(f"window.addEventListener('pointerdown', () => window.{name}(1), true)")
    job(phone)
    return taps


def _contact(phone: Phone) -> None:
    phone.tap("Contact")
    phone.tap("Save")
    phone.sees("Saved")


def _contact_with_substances(phone: Phone) -> None:
    phone.tap("Contact")
    phone.choose("Heroin + crack")
    phone.tap("Save")
    phone.sees("Saved")


def _slip(phone: Phone) -> None:
    phone.tap("Slip")
    phone.tap(re.compile("^The Yard"))
    phone.tap("Make the slip")
    phone.sees("Show them")
    phone.read()
    phone.tap("Done")


def _saved(phone: Phone) -> float:
    """Seconds from the tap on Save to the word on the screen, the browser's part included."""
    phone.tap("Contact")
    phone.control("Save").wait_for()
    begun = time.perf_counter()
    phone.tap("Save")
    phone.control("Undo").wait_for()
    took = time.perf_counter() - begun
    phone.tap("Undo")
    phone.sees("Taken back")
    return took


def _arrival(phone: Phone, example: team.Example) -> None:
    from outreach.capture import ReferralDraft

    device = example.open_device("jo")
    session = device.unlock(example.passphrases["jo"])
    slip = session.refer(ReferralDraft(service=team.SITE, session=1))
    session.lock()
    device.close()
    phone.page.keyboard.type(slip.text)
    phone.page.keyboard.press("Enter")
    phone.sees("good to see you")
    phone.tap("Seen now")
    phone.sees("Seen now. Saved.")
