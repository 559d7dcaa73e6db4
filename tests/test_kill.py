"""kill -9 while contacts are being saved: what was "Saved" is there after a restart."""

import contextlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from outreach.example import team as example
from outreach.logbook.events import ContactRecorded

SAVER = """
import sys
from pathlib import Path
from outreach.capture import ContactDraft
from outreach.device import Device

folder, passphrase, unlocked = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "unlocked"
device = Device(folder)
store = device.unlock(passphrase) if unlocked else device
print("ready", flush=True)
for number in range(100_000):
    saved = store.save_contact(ContactDraft(note=f"number {number}", kit={"foil": 1}))
    print(saved.event.hex(), flush=True)
"""


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> example.Example:
    return example.build(tmp_path_factory.mktemp("kill"))


@pytest.mark.requirement("BC02", "CC01")
@pytest.mark.parametrize("mode", ["unlocked", "locked"])
def test_every_saved_contact_survives_kill_9(profiles: example.Example, mode: str) -> None:
    folder, passphrase = profiles.folder("sam"), profiles.passphrases["sam"]
    seed = random.Random(mode)
    saved: set[str] = set()
    for _ in range(6):
        saved |= _save_until_killed(folder, passphrase, mode, after=seed.uniform(0.0, 0.35))
    assert saved, "nothing was saved before the kills; the test shows nothing"

    device = profiles.open_device("sam")
    sealed = {ref.hex() for ref in device.outbox.refs()}
    session = device.unlock(passphrase)
    try:
        kept = {event.stamp.id.hex() for event in session.logbook if isinstance(event, ContactRecorded)}
        sealed_now = {ref.hex() for ref in device.outbox.refs()}
        assert saved <= kept, "a contact shown as saved is missing from the vault"
        assert saved <= sealed_now, "a contact shown as saved would never be sent"
        if mode == "locked":
            assert saved <= sealed
    finally:
        session.lock()
        device.close()


def _save_until_killed(folder: Path, passphrase: str, mode: str, *, after: float) -> set[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SAVER, str(folder), passphrase, mode], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    time.sleep(after)
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    lines = process.stdout.read().split("\n")[:-1]  # the last line may be cut
    process.wait()
    process.stdout.close()
    return {line for line in lines if line}
