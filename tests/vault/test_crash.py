"""The power goes, or a call fails, at every call to the disk in turn: what was acknowledged is there.

After each, opening gives exactly what was acknowledged, or that and the one change in flight.
"""

from __future__ import annotations

import contextlib
import errno
import random
from collections.abc import Callable
from typing import Any

import pytest

from outreach.vault import JournalDB, NotOpened, NotSaved, VaultError
from outreach.vault.keyring import KeyRing

from .simulated import FOLDER, Died, Disk, running

LONG = "x" * 700
State = dict[str, list[dict[str, Any]]]


def state_of(db: JournalDB) -> State:
    return {name: [dict(document) for document in db.table(name)] for name in sorted(db.tables())}


class Story:
    """Everything that writes, step by step, with what was acknowledged before and what comes after."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.before: State = {}
        self.after: State = {}

    def open(self) -> JournalDB:
        return JournalDB(FOLDER, self.ring)

    def tell(self) -> None:
        with self.open() as db:
            self.steps(db, 0)
            db.compact()
        with self.open() as db:
            self.steps(db, 100)
            self.turn_the_key(db)
            self.steps(db, 200)
        with self.open() as db:
            while db.tidy():
                pass
            self.steps(db, 300)
            self.step(db, lambda: db.drop_table("people"))

    def steps(self, db: JournalDB, base: int) -> None:
        """Enough to begin and to end a compaction in slices."""
        for n in range(6):
            self.step(db, lambda n=n: db.insert({"n": base + n, "note": LONG[: n * 100]}))
        self.step(db, lambda: db.table("people").insert_multiple({"n": n, "of": base} for n in range(4)))
        for n in range(8):
            self.step(db, lambda n=n: db.update({"note": f"{n}{LONG}"}, doc_ids=[2]))
        self.step(db, lambda: db.remove(doc_ids=[3]))
        self.step(db, lambda: db.table("people").truncate())

    def turn_the_key(self, db: JournalDB) -> None:
        """As the vault does it: both keys in the header, then the snapshot, then the new key alone."""
        self.ring.take_over(self.ring.with_new_key())
        db.compact()
        self.ring.take_over(self.ring.newest())

    def step(self, db: JournalDB, change: Callable[[], object]) -> None:
        """Find out what the change leads to in memory, then make it."""
        self.after = self._result(db, change)
        change()
        assert state_of(db) == self.after
        self.before = self.after

    def _result(self, db: JournalDB, change: Callable[[], object]) -> State:
        """Let the journal's own memory do it, on a copy, without the disk."""
        journal = db._journal
        real, revision = journal.commit, journal.contents._revision
        held = {name: dict(rows) for name, rows in journal.contents.tables.items()}
        numbers = journal.contents.live, journal.contents.documents
        ids = {name: table._next_id for name, table in db._tables.items()}
        journal.commit = journal.contents.apply  # type: ignore[method-assign, assignment]
        try:
            change()
            return state_of(db)
        finally:
            journal.commit = real  # type: ignore[method-assign]
            journal.contents.tables = held
            journal.contents.live, journal.contents.documents = numbers
            for name, table in db._tables.items():
                table._next_id = ids.get(name)
            journal.contents.revisions = dict.fromkeys(journal.contents.revisions, revision + 1)
            journal.contents._revision = revision + 1


def undisturbed() -> int:
    """How many calls the story makes."""
    disk = Disk()
    with running(disk):
        Story(KeyRing.new()).tell()
    assert disk.made.count("rename") > 12
    assert disk.made.count("remove") > 6
    return len(disk.made)


def opens_with(disk: Disk, story: Story, then: str) -> None:
    """What is there is what was acknowledged, or that and the one in flight; and it goes on from there."""
    with running(disk):
        db = story.open()
        found = state_of(db)
        assert found in (story.before, story.after)
        if then == "close":
            db.close()
        else:
            db.table("next").insert({"n": "on we go"})
            found = state_of(db)
    # Now the power goes again: what was found at the opening has been shown, so it stays.
    for again in (
        *(disk.after_power_loss(random.Random(n), share) for n, share in enumerate((0.0, 0.5, 0.5))),
        disk.killed(),
    ):
        with running(again), story.open() as db:
            if then == "close":
                assert state_of(db) in (story.before, story.after)
            else:
                assert state_of(db) == found


def test_the_power_goes_at_every_call() -> None:
    images = 0
    for at in range(undisturbed()):
        disk, story = Disk(), Story(KeyRing.new())
        disk.dies_at = at
        with running(disk), pytest.raises(Died):
            story.tell()
        chance = random.Random(at)
        for arrives in (0.0, 1.0, chance.random()):
            opens_with(disk.after_power_loss(chance, arrives), story, chance.choice(["close", "write"]))
            images += 1
        opens_with(disk.killed(), story, chance.choice(["close", "write"]))
        images += 1
    assert images > 1000


@pytest.mark.parametrize(("number", "in_a_row"), [(errno.EIO, 1), (errno.ENOSPC, 3)])
def test_every_call_fails(number: int, in_a_row: int) -> None:
    """The change that was refused is not there; the next one is saved, without opening anew."""
    for at in range(undisturbed()):
        disk, story = Disk(), Story(KeyRing.new())
        disk.error = number
        disk.fails_at = set(range(at, at + in_a_row))
        with running(disk), contextlib.suppress(VaultError):  # and nothing else: not an OSError
            db = story.open()
            saved = going_on_after_failures(db, story)
            chance = random.Random(at)
            for image in (disk.after_power_loss(chance, share) for share in (0.0, 0.5, 1.0)):
                with running(image), story.open() as again:
                    assert state_of(again) == saved, at
            with running(disk.killed()), story.open() as again:
                assert state_of(again) == saved, at


def going_on_after_failures(db: JournalDB, story: Story) -> State:
    """Tell a part of the story, and each refused step again until it is taken."""
    saved: State = {}
    for n in range(40):
        for _ in range(12):
            before = state_of(db)
            try:
                if n == 25:
                    story.ring.take_over(story.ring.with_new_key())
                    db.compact()
                elif n % 3:
                    db.insert({"n": n, "note": LONG[: n * 10]})
                else:
                    db.update({"note": f"{n}{LONG}"})
                break
            except NotSaved:
                assert state_of(db) == before, "reading goes on, and what was refused is not there"
        else:
            raise AssertionError("saving never went on")
        saved = state_of(db)
    return saved


def test_a_sync_that_failed_is_never_asked_again_on_that_file() -> None:
    disk = Disk()
    with running(disk):
        db = JournalDB(FOLDER, bytes(32))
        db.insert({"n": 1})
        disk.fails_at = {at for at in range(1000) if at == len(disk.made) + 1}
        journals = [name for name in disk.seen if name.endswith(".journal")]
        with pytest.raises(NotSaved, match="does not count as saved"):
            db.insert({"n": 2})
        assert disk.made[-1] == "sync_data" or "sync_data" in disk.made[-3:]
        poisoned = disk.seen[journals[0]]
        seen = bytes(poisoned.seen)
        db.insert({"n": 3})
        assert bytes(poisoned.seen) == seen
        assert not [node for node in disk.open.values() if node is poisoned], "it is not even open"
        assert db.all() == [{"n": 1}, {"n": 3}]
        db.close()
    for share in (0.0, 1.0):
        with running(disk.after_power_loss(random.Random(0), share)), JournalDB(FOLDER, bytes(32)) as db:
            assert db.all() == [{"n": 1}, {"n": 3}], "what was refused does not come back"


def test_after_the_device_was_full_saving_goes_on() -> None:
    disk = Disk()
    with running(disk):
        db = JournalDB(FOLDER, bytes(32))
        for n in range(20):
            db.insert({"n": n, "note": LONG})
        disk.error = errno.ENOSPC
        real = Disk.write_at
        with pytest.MonkeyPatch.context() as patch:

            def full(self: Disk, descriptor: int, data: bytes, offset: int) -> None:
                if offset + len(data) > len(self.open[descriptor].seen):
                    raise OSError(errno.ENOSPC, "No space left on device")
                real(self, descriptor, data, offset)

            patch.setattr(Disk, "write_at", full)
            refused = 0
            for n in range(20, 40):
                problem = ""
                try:
                    db.insert({"n": n, "note": LONG})
                except NotSaved as told:
                    problem = str(told)
                    refused += 1
                assert not problem or "No space left" in problem
                assert len(db) == n + 1 - refused
            assert refused > 10
        before = len(db)
        db.insert({"n": "there is space again"})
        assert len(db) == before + 1
    with running(disk.after_power_loss(random.Random(0), 0.0)), JournalDB(FOLDER, bytes(32)) as db:
        assert len(db) == before + 1


@pytest.mark.parametrize("seeds", [range(100), range(100, 200)])
def test_kills_failures_and_power_losses_by_chance_again_and_again(seeds: range) -> None:
    """A killed process leaves what was not synced to be seen, and lost, later on."""
    for seed in seeds:
        chance = random.Random(seed)
        disk, ring = Disk(), KeyRing.new()
        possible: list[dict[int, int]] = [{}]
        for _ in range(10):
            begin = len(disk.made)
            disk.dies_at = begin + chance.choice([chance.randrange(12), chance.randrange(160)])
            fails = chance.random() < 0.5
            disk.fails_at = {begin + chance.randrange(100) for _ in range(4)} if fails else set()
            with running(disk), contextlib.suppress(Died, NotOpened):
                possible = live_on(disk, ring, chance, possible)
            if chance.random() < 0.6:
                disk.killed()
            else:
                disk = disk.after_power_loss(chance, chance.choice([0.0, 0.3, 0.6, 1.0]))


def live_on(
    disk: Disk, ring: KeyRing, chance: random.Random, possible: list[dict[int, int]]
) -> list[dict[int, int]]:
    """Save until the end comes. ``possible`` is changed as it goes: what may be there afterwards."""
    db = JournalDB(FOLDER, ring)
    kept = {document["k"]: document["v"] for document in db}
    assert kept in possible
    if disk.fails_at:
        possible.append(kept)  # shown, though a sync may have failed
    else:
        possible[:] = [kept]
    while True:
        key, value = chance.randrange(12), chance.randrange(10**6)
        there = [document.doc_id for document in db if document["k"] == key]
        possible.append({**kept, key: value})
        try:
            if chance.random() < 0.05:
                possible.pop()
                ring.take_over(ring.with_new_key())
                db.compact()
                ring.take_over(ring.newest())
                continue
            if there:
                db.update({"v": value, "note": LONG[: value % 600]}, doc_ids=there)
            else:
                db.insert({"k": key, "v": value})
        except NotSaved:
            assert {document["k"]: document["v"] for document in db} == kept
            continue
        kept = {**kept, key: value}
        possible[:] = [kept]
        if chance.random() < 0.1:
            db.tidy()
