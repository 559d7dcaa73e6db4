"""Wrong tries are counted whatever happens to the process or the clock, and come to an end."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from outreach.vault import (
    AttemptPolicy,
    KeySlotRefused,
    MemoryKeystore,
    NotWiped,
    TooManyAttempts,
    Vault,
    VaultDamaged,
    VaultError,
    VaultInUse,
    VaultMissing,
    VaultWiped,
    WrongPassphrase,
    check,
    files,
    wipe,
)
from outreach.vault.attempts import Attempts, since_boot
from outreach.vault.keyslots import Kdf

from .simple import OTHER, PIN, SMALL, WORDS, everything, make, unlock
from .simulated import Died, Disk, running


@dataclass
class Time:
    """A device's clocks: the wall clock can be turned, the time since boot can't."""

    wall: float = 1_800_000_000.0
    up: float = 5_000.0
    boot: str = "first"

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.up += seconds

    def restart(self, up: float = 10.0) -> None:
        self.boot, self.up = (self.boot and self.boot + "+"), up

    def clock(self) -> float:
        return self.wall

    def since_boot(self) -> tuple[str, float]:
        return self.boot, self.up


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def made(folder: Path) -> Path:
    with make(folder) as vault:
        vault.db.insert({"n": 1})
    return folder


class Device:
    """Somebody at a device with a vault, and a policy that its clocks are given to."""

    def __init__(self, folder: Path, time: Time, **policy: object) -> None:
        self.folder = folder
        self.time = time
        self.policy = AttemptPolicy(**policy, since_boot=time.since_boot)  # type: ignore[arg-type]
        self.keystore: MemoryKeystore | None = None

    def open(self, passphrase: str) -> Vault:
        return unlock(
            self.folder, passphrase, attempts=self.policy, clock=self.time.clock, keystore=self.keystore
        )

    def wrong(self, times: int = 1) -> WrongPassphrase:
        """Wrong tries, each after its wait."""
        for _ in range(times):
            with pytest.raises(WrongPassphrase) as caught:
                self.open(OTHER)
            self.time.pass_by(caught.value.wait)
        return caught.value

    def count(self) -> int:
        header = json.loads((self.folder / "vault.header").read_bytes().splitlines()[1])
        return Attempts(self.folder, header["vault"], self.policy, clock=self.time.clock).wrong


def test_waits_grow_and_what_is_right_ends_them(made: Path, time: Time) -> None:
    device = Device(made, time, limit=10, free=3, first_wait_s=30, longest_wait_s=100)
    waits, left = [], []
    for _ in range(6):
        wrong = device.wrong()
        waits.append(round(wrong.wait))
        left.append(wrong.left)
    assert waits == [0, 0, 30, 60, 100, 100]
    assert left == [9, 8, 7, 6, 5, 4]
    device.open(WORDS).close()
    assert device.count() == 0
    assert device.wrong().left == 9


def test_nothing_is_tried_before_its_time(made: Path, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(made, time)
    device.wrong(2)
    with pytest.raises(WrongPassphrase, match=r"30 seconds.*7 more tries"):
        device.open(OTHER)

    def tried(*_: object) -> bytes:
        raise AssertionError("it was tried")

    before = everything(made)
    with monkeypatch.context() as patch:
        patch.setattr(Kdf, "key", tried)
        for passed in (0.0, 29.0):
            time.pass_by(passed)
            with pytest.raises(TooManyAttempts) as caught:
                device.open(WORDS)
            assert caught.value.wait == pytest.approx(30 - passed, abs=0.01)
            assert caught.value.not_before == pytest.approx(time.wall + caught.value.wait, abs=0.01)
            assert caught.value.left == 7
    assert everything(made) == before
    time.pass_by(1)
    device.open(WORDS).close()


def test_a_clock_that_is_turned_changes_no_wait(made: Path, time: Time) -> None:
    device = Device(made, time)
    device.wrong(2)
    with pytest.raises(WrongPassphrase):
        device.open(OTHER)
    for turn in (-10_000_000, 20_000_000, 3600):
        time.wall += turn
        with pytest.raises(TooManyAttempts) as caught:
            device.open(WORDS)
        assert caught.value.wait == pytest.approx(30, abs=0.01)
    time.pass_by(30)
    device.open(WORDS).close()


@pytest.mark.parametrize("boot", ["first", ""])
def test_a_clock_set_back_with_a_restart_begins_the_wait_anew(made: Path, time: Time, boot: str) -> None:
    time.boot = boot
    device = Device(made, time)
    device.wrong(2)
    with pytest.raises(WrongPassphrase):
        device.open(OTHER)
    time.wall -= 86400 * 400
    time.restart()
    for _ in range(2):
        with pytest.raises(TooManyAttempts) as caught:
            device.open(WORDS)
        assert caught.value.wait == pytest.approx(30, abs=0.01), "not four hundred days"
    time.pass_by(31)
    device.open(WORDS).close()


def test_a_restart_ends_no_wait(made: Path, time: Time) -> None:
    device = Device(made, time)
    device.wrong(2)
    with pytest.raises(WrongPassphrase):
        device.open(OTHER)
    time.wall += 10
    time.restart(up=6_000.0)
    with pytest.raises(TooManyAttempts) as caught:
        device.open(WORDS)
    assert caught.value.wait == pytest.approx(20, abs=0.01)


def test_the_last_try_destroys_what_can_be_read_and_nothing_else(
    made: Path, time: Time, tmp_path: Path
) -> None:
    outside = {tmp_path / "outbox.db": b"sealed envelopes", tmp_path / "installation.json": b"{}"}
    for path, content in outside.items():
        path.write_bytes(content)
    device = Device(made, time, limit=4)
    device.keystore = MemoryKeystore()
    with device.open(WORDS) as vault:
        vault.keys.add_pin(PIN, kdf=SMALL)
    header = (made / "vault.header").read_bytes()
    device.wrong(3)
    with pytest.raises(VaultWiped, match="sealed for the team are safe"):
        device.open(PIN[::-1])
    assert list(everything(made)) == ["wiped"]
    assert device.keystore.names == []
    assert {path: path.read_bytes() for path in outside} == outside
    for passphrase in (WORDS, PIN, OTHER):
        with pytest.raises(VaultWiped):
            device.open(passphrase)
    (made / "vault.header").write_bytes(header)  # undeleted by somebody: it is destroyed once more
    with pytest.raises(VaultWiped):
        unlock(made)
    assert list(everything(made)) == ["wiped"]


def test_a_new_vault_can_be_set_up_where_one_was_wiped(made: Path) -> None:
    wipe(made)
    with make(made, OTHER) as vault:
        assert vault.db.all() == []
    unlock(made, OTHER).close()
    assert "wiped" not in everything(made)


def test_the_header_is_written_over_before_it_is_unlinked(made: Path, tmp_path: Path) -> None:
    os.link(made / "vault.header", tmp_path / "the same file")
    size = (made / "vault.header").stat().st_size
    wipe(made)
    assert (tmp_path / "the same file").read_bytes() == bytes(size)


def test_the_replaced_header_is_written_over(made: Path, tmp_path: Path) -> None:
    os.link(made / "vault.header", tmp_path / "the same file")
    with unlock(made) as vault:
        vault.keys.add_passphrase(OTHER, kdf=SMALL)
    assert not any((tmp_path / "the same file").read_bytes())


def test_a_limit_of_none_never_wipes(made: Path, time: Time) -> None:
    device = Device(made, time, limit=None, first_wait_s=1)
    assert device.wrong(40).left is None
    device.open(WORDS).close()


def test_without_a_policy_nothing_is_counted(made: Path) -> None:
    before = everything(made)
    for _ in range(20):
        with pytest.raises(WrongPassphrase) as caught:
            unlock(made, OTHER)
        assert (caught.value.left, caught.value.wait) == (None, 0)
    assert everything(made) == before


def test_what_could_not_be_tried_is_not_counted(
    made: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(made, time)

    def no_memory(*_: object) -> bytes:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Kdf, "key", no_memory)
        for _ in range(12):
            with pytest.raises(KeySlotRefused, match="memory"):
                device.open(WORDS)
    assert device.count() == 0
    with unlock(made), pytest.raises(VaultInUse):
        device.open(OTHER)
    assert device.count() == 0


def test_a_try_counts_although_the_process_is_killed_in_it(made: Path) -> None:
    """Real processes, killed with SIGKILL while they hash; the limit holds over all of them."""
    script = (
        "import os, signal, sys\nfrom outreach.vault import AttemptPolicy, Kdf, Vault\n"
        "from outreach.vault import keyslots\n"
        "keyslots.Kdf.key = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Vault.open(sys.argv[1], sys.argv[2], kdf_floor=Kdf(8, 1, 1), attempts=AttemptPolicy(limit=3))\n"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", script, made, WORDS], capture_output=True)
        assert done.returncode == -9, done.stderr
    with pytest.raises(VaultWiped):
        unlock(made, attempts=AttemptPolicy(limit=3))
    assert list(everything(made)) == ["wiped"]


def test_a_copy_put_back_begins_at_its_own_count_but_not_with_a_keystore(made: Path, time: Time) -> None:
    for keystore, expected in ((None, 1), (MemoryKeystore(), 3)):
        device = Device(made, time, free=9)
        device.keystore = keystore
        device.open(WORDS).close()
        earlier = everything(made)
        device.wrong(2)
        for name, data in earlier.items():
            (made / name).write_bytes(data)
        assert 10 - (device.wrong().left or 0) == expected
        device.open(WORDS).close()


@pytest.mark.parametrize("content", [b"", b"x" * 1024, bytes(1024), b"short"])
def test_a_damaged_count_begins_anew_and_destroys_nothing(made: Path, time: Time, content: bytes) -> None:
    device = Device(made, time, free=9)
    device.wrong(5)
    (made / "attempts").write_bytes(content)
    assert device.wrong().left == 9
    device.open(WORDS).close()


def test_one_torn_sector_loses_one_line_at_most(made: Path, time: Time) -> None:
    device = Device(made, time, free=9)
    device.wrong(5)
    whole = (made / "attempts").read_bytes()
    counts = set()
    for sector in (0, 512):
        (made / "attempts").write_bytes(whole[:sector] + b"\xff" * 512 + whole[sector + 512 :])
        counts.add(device.count())
    assert counts == {4, 5}


def test_a_full_disk_counts_on(made: Path, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(made, time, limit=3)
    device.wrong()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "create", full)
    device.wrong()
    assert device.count() == 2


def test_where_it_can_not_be_counted_it_is_not_tried(
    made: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    def tried(*_: object) -> bytes:
        raise AssertionError("it was tried")

    monkeypatch.setattr(files, "create", full)
    monkeypatch.setattr(Kdf, "key", tried)
    with pytest.raises(VaultError, match="No space left"):
        Device(made, time).open(WORDS)


# A crash at every call to the disk

PLACE = Path("/simulated")


def begun() -> dict[str, bytes]:
    disk = Disk()
    with running(disk), make(PLACE) as vault:
        vault.db.insert({"n": 1})
    return disk.contents()


def answers_before_the_end(device: Device) -> int:
    """Wrong tries until it is wiped; the last one's answer is the wiping."""
    for answers in range(1, 20):
        try:
            device.open(OTHER)
        except WrongPassphrase:
            continue
        except VaultWiped:
            return answers - 1
    pytest.fail("it never ends")


@pytest.mark.parametrize("arrives", [0.0, 0.5, 1.0])
def test_power_fails_while_wrong_tries_are_made(arrives: float) -> None:
    """Whatever happens, at most `limit` answers are ever given, and the right one before that opens."""
    start, at, ended = begun(), 0, False
    while not ended:
        time, disk, answers = Time(), Disk(start), 0
        device = Device(PLACE, time, limit=4, free=9)
        disk.dies_at = at
        with running(disk):
            try:
                for _ in range(3):
                    with contextlib.suppress(WrongPassphrase):
                        device.open(OTHER)
                    answers += 1
                ended = True
            except Died:
                pass
        disk = disk.after_power_loss(random.Random(at), arrives)
        with running(disk):
            if at % 2:
                with device.open(WORDS) as vault:
                    assert vault.db.all() == [{"n": 1}]
                at += 1
                continue
            assert answers + answers_before_the_end(device) <= 4
        at += 1
    assert at > 15


@pytest.mark.parametrize("arrives", [0.0, 0.5, 1.0])
def test_power_fails_while_it_is_wiped(arrives: float) -> None:
    """Afterwards it is whole, or wiped; wiped for good once the keys began to go."""
    start, at, found = begun(), 0, set()
    while True:
        disk = Disk(start)
        disk.dies_at = at
        with running(disk):
            try:
                wipe(PLACE)
            except Died:
                pass
            else:
                break
        disk = disk.after_power_loss(random.Random(at), arrives)
        with running(disk):
            try:
                unlock(PLACE).close()
                found.add("whole")
                wipe(PLACE)
            except VaultWiped:
                found.add("wiped")
            assert [name for name in disk.contents() if name != "lock"] == ["wiped"]
        at += 1
    assert found == {"whole", "wiped"}


def test_every_call_fails_once_while_it_is_wiped() -> None:
    start, at = begun(), 0
    while True:
        disk = Disk(start)
        disk.fails_at = {at}
        with running(disk), contextlib.suppress(VaultError):
            wipe(PLACE)
        if at >= len(disk.made):
            break
        with running(disk.killed()):
            with contextlib.suppress(VaultWiped, VaultMissing):
                unlock(PLACE)
                wipe(PLACE)
            assert "vault.header" not in disk.contents()
        at += 1


def test_keys_that_could_not_be_destroyed_are_told(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(files, "reopen", broken)
        with pytest.raises(NotWiped, match="erase the whole device"):
            wipe(made)
    with pytest.raises(VaultWiped):
        unlock(made)


def test_a_marker_of_another_vault_wipes_nothing(made: Path) -> None:
    for marker in (b"outreach-vault wiped " + b"0" * 32 + b"\n", b"", b"wiped"):
        (made / "wiped").write_bytes(marker)
        unlock(made).close()


def test_a_damaged_vault_can_be_wiped(made: Path) -> None:
    (made / "vault.header").write_bytes(b"damaged")
    wipe(made)
    with pytest.raises(VaultWiped):
        unlock(made)
    with pytest.raises((VaultMissing, VaultDamaged)):
        check(made / "nowhere", WORDS)


def test_wiping_what_is_not_there_or_in_use(made: Path, tmp_path: Path) -> None:
    with pytest.raises(VaultMissing):
        wipe(tmp_path)
    with unlock(made), pytest.raises(VaultInUse):
        wipe(made)
    unlock(made).close()


@pytest.mark.parametrize("bad", [{"limit": 0}, {"free": 0}, {"first_wait_s": -1}, {"longest_wait_s": -1}])
def test_a_policy_that_is_none(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        AttemptPolicy(**bad)  # type: ignore[arg-type]


def test_time_since_boot_rises() -> None:
    (boot, first), (again, second) = since_boot(), since_boot()
    assert boot == again
    assert second >= first > 0
