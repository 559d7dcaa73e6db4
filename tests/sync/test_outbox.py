"""The outbox: durable, whole with several processes, never made anew over a damaged file."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.content import BODY_LIMIT
from sync.envelope import ZERO, Envelope, follow, open_envelope, verify
from sync.errors import BadEnvelope, TeamError
from sync.outbox import Outbox, OutboxBusy, OutboxDamaged, OutboxError, OutboxFull
from sync.receipts import Receipt
from sync.times import moment
from tests.sync.conftest import House

HUB = Ed25519PrivateKey.generate()
ROOT = Path(__file__).parents[2]


def fill(outbox: Outbox, house: House, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        outbox.record(f"r{number}".encode(), b"a record", ["team"], house.worker.installation, house.log)


def receipt(house: House, outbox: Outbox, number: int, kind: str = "received") -> Receipt:
    sender = house.worker.installation.sender_id
    chain_hash = outbox.chain_hash(sender, number)
    assert chain_hash is not None
    return Receipt.issue(
        HUB, team=house.log.team, kind=kind, sender=sender, number=number, chain_hash=chain_hash, at=1
    )


def whole(outbox: Outbox, house: House) -> list[Envelope]:
    """Everything that waits, checked: signatures and an unbroken chain from the first."""
    envelopes = [envelope for batch in outbox.batches() for envelope in batch]
    heads: dict[bytes, tuple[int, bytes]] = {}
    for envelope in envelopes:
        verify(envelope, house.log)
        heads[envelope.sender] = follow(*heads.get(envelope.sender, (0, ZERO)), envelope)
    for sender, head in heads.items():
        assert outbox.head(sender) == head
    return envelopes


def test_record_is_there_and_opens(outbox: Outbox, house: House) -> None:
    entry = outbox.record(b"ref", b"a record", ["team"], house.worker.installation, house.log)
    assert (entry.number, entry.state) == (1, "waiting")
    assert outbox.has(b"ref")
    assert not outbox.has(b"other")
    assert outbox.refs() == {b"ref"}
    (envelope,) = whole(outbox, house)
    assert envelope == entry.envelope
    assert open_envelope(envelope, house.worker.keyring) == b"a record"


def test_the_same_ref_twice_gives_one_envelope(outbox: Outbox, house: House) -> None:
    one = outbox.record(b"ref", b"a record", ["team"], house.worker.installation, house.log)
    two = outbox.record(b"ref", b"something else", ["all"], house.worker.sender, house.log)
    assert one == two
    assert outbox.waiting() == 1


def test_a_record_that_can_not_be_sealed_leaves_no_gap(outbox: Outbox, house: House) -> None:
    fill(outbox, house, 1)
    with pytest.raises(TeamError):
        outbox.record(b"x", b"x", ["desk:nowhere"], house.worker.installation, house.log)
    with pytest.raises(BadEnvelope):
        outbox.record(b"x", b"x" * (BODY_LIMIT + 1), ["team"], house.worker.installation, house.log)
    with pytest.raises(OutboxError):
        outbox.record(b"", b"x", ["team"], house.worker.installation, house.log)
    fill(outbox, house, 1, start=1)
    assert [e.number for e in whole(outbox, house)] == [1, 2]


def test_it_is_there_after_closing(tmp_path: Path, house: House) -> None:
    with Outbox(tmp_path / "o.db") as outbox:
        fill(outbox, house, 5)
        outbox.note_sync(1_000_000)
    with Outbox(tmp_path / "o.db") as outbox:
        assert len(whole(outbox, house)) == 5
        fill(outbox, house, 1, start=5)
        assert len(whole(outbox, house)) == 6
        assert outbox.last_sync == moment(1_000_000)


def test_receipts_move_records_on(outbox: Outbox, house: House) -> None:
    fill(outbox, house, 5)
    outbox.accept([receipt(house, outbox, 3)])
    assert outbox.waiting() == 2
    assert [e.number for batch in outbox.batches() for e in batch] == [4, 5]
    kept = outbox.entry(b"r0")
    assert kept is not None
    assert kept.envelope is not None  # until a backup has it too
    outbox.accept([receipt(house, outbox, 2, "backed_up"), receipt(house, outbox, 5)])
    gone = outbox.entry(b"r0")
    assert gone is not None
    assert (gone.state, gone.envelope, gone.number) == ("backed_up", None, 1)
    assert outbox.waiting() == 0
    assert outbox.refs() == {f"r{n}".encode() for n in range(5)}
    again = outbox.record(b"r0", b"a record", ["team"], house.worker.installation, house.log)
    assert again == gone
    fill(outbox, house, 1, start=5)
    assert outbox.head(house.worker.installation.sender_id)[0] == 6


def test_a_receipt_for_another_history_marks_nothing(outbox: Outbox, house: House) -> None:
    fill(outbox, house, 3)
    sender = house.worker.installation.sender_id
    wrong = Receipt.issue(
        HUB, team=house.log.team, kind="received", sender=sender, number=3, chain_hash=b"x" * 32, at=1
    )
    with pytest.raises(OutboxError, match="safe and wait"):
        outbox.accept([receipt(house, outbox, 1), wrong])
    assert outbox.waiting() == 3


def test_what_the_hub_has_lost_waits_again(outbox: Outbox, house: House) -> None:
    fill(outbox, house, 6)
    outbox.accept([receipt(house, outbox, 6), receipt(house, outbox, 2, "backed_up")])
    assert outbox.wait_again(house.worker.installation.sender_id, 1) == 4
    assert [e.number for batch in outbox.batches() for e in batch] == [3, 4, 5, 6]


def test_set_aside_is_kept_and_told(outbox: Outbox, house: House) -> None:
    fill(outbox, house, 3)
    sender = house.worker.installation.sender_id
    outbox.set_aside(2, sender, "for a reason")
    (aside,) = outbox.set_aside_records()
    assert (aside.number, aside.ref, aside.reason) == (2, b"r1", "for a reason")
    assert outbox.waiting() == 3
    assert [[e.number for e in batch] for batch in outbox.batches()] == [[1], [3]]
    entry = outbox.entry(b"r1")
    assert entry is not None
    assert entry.envelope is not None


def test_batches_are_bounded_and_of_one_sender(outbox: Outbox, house: House) -> None:
    fill(outbox, house, 20)
    outbox.record(b"other", b"a record", ["team"], house.worker.sender, house.log)
    batches = list(outbox.batches(1500))
    assert sum(map(len, batches)) == 21
    assert all(len({e.sender for e in batch}) == 1 for batch in batches)
    assert all(sum(len(e.body) for e in batch) <= 1500 for batch in batches)
    assert [len(batch) for batch in outbox.batches(1)] == [1] * 21


def test_last_sync_never_goes_back(outbox: Outbox) -> None:
    assert outbox.last_sync is None
    outbox.note_sync(2000)
    outbox.note_sync(1000)
    assert outbox.last_sync == moment(2000)


# --- processes ---------------------------------------------------------------------------------


def recorder(tmp_path: Path, house: House, prefix: str, count: int) -> subprocess.Popen[str]:
    (tmp_path / "log").write_bytes(house.log.to_bytes())
    own = house.worker
    command = [
        *(sys.executable, "-m", "tests.sync.recorder", str(tmp_path / "outbox.db"), str(tmp_path / "log")),
        *(own.installation_certificate.sender.hex(), own.installation_seed.hex(), prefix, str(count)),
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("kept", [1, 7, 40])
def test_kill_9_loses_nothing_that_was_kept(tmp_path: Path, house: House, kept: int) -> None:
    child = recorder(tmp_path, house, "k", 100_000)
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(kept)]
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    child.wait()
    printed = [line.split() for line in lines if line.endswith("\n")]
    assert len(printed) >= kept
    with Outbox(tmp_path / "outbox.db") as outbox:
        numbers = {outbox.entry(ref.encode()).number: int(n) for ref, n in printed}  # type: ignore[union-attr]
        assert all(here == said for here, said in numbers.items())
        envelopes = whole(outbox, house)
        assert len(envelopes) >= len(printed)
        fill(outbox, house, 1)
        assert len(whole(outbox, house)) == len(envelopes) + 1


def test_two_processes_at_once_keep_the_chain_whole(tmp_path: Path, house: House) -> None:
    children = [recorder(tmp_path, house, prefix, 60) for prefix in "abc"]
    for child in children:
        child.communicate()
        assert child.returncode == 0
    with Outbox(tmp_path / "outbox.db") as outbox:
        assert [e.number for e in whole(outbox, house)] == list(range(1, 181))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log", "outbox.db"]


def test_threads_at_once_keep_the_chain_whole(outbox: Outbox, house: House) -> None:
    threads = [threading.Thread(target=fill, args=(outbox, house, 25, 25 * n)) for n in range(4)]
    threads.append(threading.Thread(target=fill, args=(outbox, house, 25, 0)))  # the same refs again
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.number for e in whole(outbox, house)] == list(range(1, 101))


def test_a_process_that_holds_on_is_a_sentence(
    tmp_path: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.outbox_file.BUSY", 0.05)
    with Outbox(tmp_path / "o.db") as outbox:
        other = sqlite3.connect(tmp_path / "o.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutboxBusy, match="Nothing is lost"):
            fill(outbox, house, 1)
        other.execute("ROLLBACK")
        other.close()
        fill(outbox, house, 1)
        assert len(whole(outbox, house)) == 1


# --- disks -------------------------------------------------------------------------------------


def test_a_full_disk_is_a_sentence_and_loses_nothing(outbox: Outbox, house: House) -> None:
    fill(outbox, house, 20)
    pages = outbox._db.execute("PRAGMA page_count").fetchone()[0]
    outbox._db.execute(f"PRAGMA max_page_count = {pages}")
    kept = 20
    with pytest.raises(OutboxFull, match="no room left"):  # noqa: PT012 - until it is full
        for _ in range(1000):
            fill(outbox, house, 1, start=kept)
            kept += 1
    assert len(whole(outbox, house)) == kept
    outbox._db.execute("PRAGMA max_page_count = 100000")
    fill(outbox, house, 1, start=kept)
    assert len(whole(outbox, house)) == kept + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 300 KiB, where this machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        )
        if shutil.which("mount") and os.geteuid() == 0
        else None
    )
    if done is None or done.returncode:
        pytest.skip("no right to mount a small disk here; the test above fills a file instead")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_really_full_disk(small_disk: Path, house: House) -> None:
    kept = 0
    with Outbox(small_disk / "o.db") as outbox:
        with pytest.raises(OutboxError, match=r"safe|left as it is"):  # noqa: PT012
            while kept < 5000:
                fill(outbox, house, 1, start=kept)
                kept += 1
        assert kept > 10
        assert len(whole(outbox, house)) == kept
    with Outbox(small_disk / "o.db") as outbox:
        assert len(whole(outbox, house)) == kept


def closed_outbox(path: Path, house: House, count: int = 30) -> bytes:
    with Outbox(path) as outbox:
        fill(outbox, house, count)
    return path.read_bytes()


@pytest.mark.parametrize("damage", ["empty", "zeros", "garbage", "cut", "other", "header"])
def test_a_damaged_file_is_left_alone(tmp_path: Path, house: House, damage: str) -> None:
    path = tmp_path / "o.db"
    good = closed_outbox(path, house)
    if damage == "other":
        path.unlink()
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE recipes (name TEXT)")
        db.close()
    else:
        bad = {
            "empty": b"",
            "zeros": bytes(len(good)),
            "garbage": b"not a database at all " * 500,
            "cut": good[: len(good) // 2],
            "header": b"x" * 100 + good[100:],
        }[damage]
        path.write_bytes(bad)
    before = path.read_bytes()
    with pytest.raises(OutboxDamaged, match="nothing is made anew"):
        Outbox(path)
    assert path.read_bytes() == before


def test_flipped_bytes_are_never_sent(tmp_path: Path, house: House) -> None:
    """Wherever one byte is changed, what comes out verifies or isn't there; nothing crashes."""
    path = tmp_path / "o.db"
    good = closed_outbox(path, house, 12)
    for place in range(0, len(good), 397):
        changed = bytearray(good)
        changed[place] ^= 0x55
        path.write_bytes(changed)
        try:
            with Outbox(path) as outbox:
                envelopes = [e for batch in outbox.batches() for e in batch]
        except OutboxError:
            continue
        for envelope in envelopes:
            assert envelope.to_bytes() in good or "signature" in broken(envelope, house)
        for tail in ("-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)


def broken(envelope: Envelope, house: House) -> str:
    with pytest.raises(BadEnvelope) as error:
        verify(envelope, house.log)
    return str(error.value)


def test_a_changed_row_is_set_aside(tmp_path: Path, house: House) -> None:
    path = tmp_path / "o.db"
    closed_outbox(path, house, 3)
    db = sqlite3.connect(path)
    db.execute("UPDATE envelopes SET envelope = x'00' WHERE number = 2")
    db.commit()
    db.close()
    with Outbox(path) as outbox:
        assert [[e.number for e in batch] for batch in outbox.batches()] == [[1], [3]]
        assert [a.number for a in outbox.set_aside_records()] == [2]
        with pytest.raises(OutboxDamaged, match="left as it is"):
            outbox.entry(b"r1")


def test_a_missing_file_with_its_rest_is_not_made_anew(tmp_path: Path) -> None:
    (tmp_path / "o.db-wal").write_bytes(b"rest")
    with pytest.raises(OutboxDamaged, match="Nothing was made anew"):
        Outbox(tmp_path / "o.db")
    assert not (tmp_path / "o.db").exists()


def test_a_newer_layout_is_said(tmp_path: Path) -> None:
    Outbox(tmp_path / "o.db").close()
    db = sqlite3.connect(tmp_path / "o.db")
    db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(OutboxError, match="newer version"):
        Outbox(tmp_path / "o.db")


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutboxError, match="can't be written"):
        Outbox(tmp_path / "file" / "o.db")
    (tmp_path / "o.db").mkdir()
    with pytest.raises(OutboxError):
        Outbox(tmp_path / "o.db")


def test_a_closed_outbox_is_not_called_damaged(tmp_path: Path, house: House) -> None:
    outbox = Outbox(tmp_path / "o.db")
    outbox.close()
    with pytest.raises(OutboxError, match="closed") as told:
        fill(outbox, house, 1)
    assert type(told.value) is OutboxError


def test_only_the_owner_reads_the_file(tmp_path: Path, house: House) -> None:
    closed_outbox(tmp_path / "o.db", house, 1)
    assert (tmp_path / "o.db").stat().st_mode & 0o777 == 0o600
    with Outbox(tmp_path / "o.db") as outbox:
        fill(outbox, house, 1, start=1)
        assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o600}
