"""Folding events, and the report over many referrals."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import msgspec

from outreach import reports
from outreach.example import nectos
from outreach.logbook.events import ContactRecorded, Event, KitIssued, Stamp
from outreach.logbook.views import Logbook

REFERRALS = 20_000
CONTACTS = 100_000
START = date(2026, 1, 1)


def many(referrals: int) -> Iterator[Event]:
    """The NECTOS quarter again and again, each time with ids of its own."""
    quarter = list(nectos.events(START, b"member01", b"device01", ["s1", "s2", "s3", "s4"]))
    for copy in range(-(-referrals // 447)):
        mark = copy.to_bytes(2, "big")

        def own(known: bytes, mark: bytes = mark) -> bytes:
            return mark + known[2:]

        for event in quarter:
            ids = {
                name: own(value)
                for name in ("referral", "token", "person")
                if (value := getattr(event, name, b""))
            }
            stamp = msgspec.structs.replace(event.stamp, id=own(event.stamp.id))
            yield msgspec.structs.replace(event, stamp=stamp, **ids)


def figures() -> Iterator[tuple[str, float, str]]:
    events = list(many(REFERRALS))
    started = time.perf_counter()
    logbook = Logbook(events)
    folded = time.perf_counter() - started
    yield "fold_per_event", folded / len(events) * 1e6, "µs"

    period = reports.Period.quarter(START)
    started = time.perf_counter()
    report = reports.make(logbook, period, organisation="Example team", now=datetime(2026, 12, 1, tzinfo=UTC))
    yield "report_20k_referrals", time.perf_counter() - started, "s"
    started = time.perf_counter()
    report.csv()
    report.pdf()
    yield "report_pdf_and_csv", (time.perf_counter() - started) * 1e3, "ms"

    begin = period.begin
    logbook = Logbook(
        ContactRecorded(
            stamp=Stamp(
                id=b"%012d" % n, member=b"member01", device=b"device01", counter=n, at=begin + n * 864_000
            ),
            contact=b"%012d" % n,
            kit=(KitIssued("foil", 1),),
        )
        for n in range(CONTACTS)
    )
    started = time.perf_counter()
    shown = logbook.contacts(date(2026, 5, 5))
    yield f"today_first_of_{len(shown)}_at_100k", (time.perf_counter() - started) * 1e3, "ms"
    started = time.perf_counter()
    logbook.contacts(date(2026, 5, 5))
    yield "today_again_at_100k", (time.perf_counter() - started) * 1e3, "ms"
