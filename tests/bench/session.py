"""What a worker waits for: saving through vault and outbox, and unlocking."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from outreach.capture import ContactDraft, ReferralDraft
from outreach.device import Device
from outreach.example import team

ROUNDS = 200
Figure = tuple[str, float, str]


def figures() -> Iterator[Figure]:
    """Name, value and unit of each figure. On the disk of this checkout, in a folder that git ignores."""
    aside = Path.cwd() / ".venv"
    with tempfile.TemporaryDirectory(dir=aside if aside.is_dir() else None) as place:
        example = team.build(Path(place), hub_url="http://127.0.0.1:9")
        device = example.open_device("sam")
        try:
            yield from _figures(device, example.passphrases["sam"])
        finally:
            device.close()


def _figures(device: Device, passphrase: str) -> Iterator[Figure]:
    locked = [_seconds(partial(device.save_contact, draft(number))) for number in range(ROUNDS)]
    yield "session.save_contact_locked_ms", statistics.median(locked) * 1000, "ms"
    session = device.unlock(passphrase)
    saving = [_seconds(partial(session.save_contact, draft(number))) for number in range(ROUNDS)]
    yield "session.save_contact_ms", statistics.median(saving) * 1000, "ms"
    yield "session.save_contact_p95_ms", statistics.quantiles(saving, n=20)[-1] * 1000, "ms"
    referral = ReferralDraft("yard", session=1)
    referring = [_seconds(partial(session.refer, referral)) for _ in range(ROUNDS // 4)]
    yield "session.refer_ms", statistics.median(referring) * 1000, "ms"
    session.lock()
    spent = []
    for _ in range(3):
        begin = time.perf_counter()
        session = device.unlock(passphrase)
        spent.append(time.perf_counter() - begin)
        session.lock()
    yield "session.unlock_with_kdf_s", statistics.median(spent), "s"


def draft(number: int) -> ContactDraft:
    """A made-up contact as it is on most nights."""
    return ContactDraft(
        minutes="5-15",
        area="harbour",
        substances={"heroin": "smoke_foil", "crack": "smoke_pipe"},
        use_together="close_together",
        advice={"taking-them-apart": "talked_about"},
        kit={"foil": 2},
        note="Cold night, asked about the drop-in and its times." if number % 2 else "",
    )


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
