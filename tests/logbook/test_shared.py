"""Screens read while a sync adds: every call is whole, and nothing stops half-way."""

from __future__ import annotations

import threading
from datetime import date

from outreach.logbook.events import ContactRecorded, Event, ReferralMade, SlipIssued, Stamp
from outreach.logbook.shared import SharedLogbook
from outreach.logbook.views import Logbook


def _stamp(number: int) -> Stamp:
    return Stamp(
        id=number.to_bytes(12, "big"),
        member=b"member-1",
        device=b"device-1",
        counter=number,
        at=number * 1000,
    )


def _events(many: int) -> list[Event]:
    made: list[Event] = []
    for number in range(1, many, 3):
        thing = number.to_bytes(12, "big")
        made.append(ContactRecorded(stamp=_stamp(number), contact=thing))
        made.append(ReferralMade(stamp=_stamp(number + 1), referral=thing, service="yard", source="self"))
        made.append(SlipIssued(stamp=_stamp(number + 2), referral=thing, token=thing, service="yard"))
    return made


def test_reading_while_another_thread_adds() -> None:
    events = _events(6000)
    shared = SharedLogbook()
    problems: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                shared.contacts(date(1970, 1, 1))
                shared.open_referrals()
                sum(1 for _ in shared.each_referral())
                sum(1 for _ in shared)
                shared.unfinished()
        except BaseException as problem:
            problems.append(problem)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for event in events:
        shared.add(event)
    done.set()
    for reader in readers:
        reader.join()
    assert not problems
    alone = Logbook(events)
    assert shared.contacts() == alone.contacts()
    assert shared.referrals() == alone.referrals()


def test_every_public_call_is_guarded() -> None:
    for name in vars(Logbook):
        if callable(getattr(Logbook, name)) and not name.startswith("_"):
            assert name in vars(SharedLogbook), name
