"""What a shift costs on the wire, and what sealing and opening cost.

Bytes are counted by a relay between a real client and a real hub: requests with headers and
tokens, answers with receipts; sealed, signed and padded, as always.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from outreach.logbook import codec
from outreach.logbook.events import ContactRecorded
from sync.client import Client, ask_hub
from sync.envelope import ZERO, open_envelope, seal, verify
from sync.outbox import Outbox
from sync.team import enrol, found_team
from tests.sync.running import Relay, running_hub
from tests.sync.shift import shift_of


def figures() -> Iterator[tuple[str, float, str]]:
    """(name, value, unit) of each figure."""
    now = datetime.now(UTC)
    founding = found_team("Example", now, sites=["northgate"])
    worker = enrol(founding.log, founding.coordinator, role="worker", now=now)
    records = [(event, codec.encode(event), audiences) for event, audiences in shift_of()]
    contacts = sum(isinstance(event, ContactRecorded) for event, _, _ in records)

    with tempfile.TemporaryDirectory() as name, running_hub(Path(name)) as hub:
        relay = Relay(hub.port)
        for what, own, count in (
            ("contact", [r for r in records if isinstance(r[0], ContactRecorded)], contacts),
            ("shift", records, contacts),
            ("thousand", [r for r in records if isinstance(r[0], ContactRecorded)] * 25, 25 * contacts),
        ):
            with Outbox(Path(name) / f"{what}.db") as outbox:
                sender = enrol(worker.log, founding.coordinator, role="worker", now=now)
                with Client(
                    relay.url, ask_hub(hub.url).public, sender.installation, sender.log, outbox
                ) as client:
                    client.register_team()
                    for place, (_, body, audiences) in enumerate(own):
                        outbox.record(
                            place.to_bytes(4, "big"), body, audiences, sender.installation, sender.log
                        )
                    before = (relay.sent, relay.answered, relay.requests)
                    report = client.push()
                    assert (report.sent, report.waiting) == (len(own), 0)
                    sent, answered, requests = (
                        a - b
                        for a, b in zip((relay.sent, relay.answered, relay.requests), before, strict=True)
                    )
            if what == "thousand":
                yield "wire_requests_per_1000_contacts", float(requests), "requests"
            elif what == "shift":
                yield "wire_bytes_per_record_mixed_shift", (sent + answered) / len(own), "bytes"
                yield "wire_bytes_per_contact_with_its_referral", (sent + answered) / count, "bytes"
            else:
                yield "wire_bytes_per_contact", (sent + answered) / count, "bytes"
        relay.close()

    body = records[2][1]
    sealing, opening = [], []
    for _ in range(400):
        start = time.perf_counter()
        envelope = seal(
            body, audiences=["team"], log=worker.log, sender=worker.sender, number=1, previous=ZERO
        )
        middle = time.perf_counter()
        verify(envelope, worker.log)
        open_envelope(envelope, worker.keyring)
        sealing.append(middle - start)
        opening.append(time.perf_counter() - middle)
    yield "envelope_seal", statistics.median(sealing) * 1e6, "us"
    yield "envelope_verify_and_open", statistics.median(opening) * 1e6, "us"
