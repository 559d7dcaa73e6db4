"""Passphrases and PINs come and go, the data key turns, and a crash finds the one or the other state."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from tinydb import where

from outreach.vault import (
    KeySlotRefused,
    KeysNotChanged,
    MemoryKeystore,
    NotSaved,
    PinRefused,
    SlotNeeded,
    Vault,
    VaultClosed,
    VaultDamaged,
    VaultError,
    VaultSetBack,
    WrongPassphrase,
    calibrate,
)
from outreach.vault.attempts import AttemptPolicy
from outreach.vault.calibration import MOST_MEMORY_KIB
from outreach.vault.frames import DataKey, FileHead
from outreach.vault.header import Header, read_header, write_header
from outreach.vault.keyring import MOST_KEYS, KeyRing, LockKey
from outreach.vault.keyslots import CEILING, FLOOR, Half, Kdf, PassphraseSlot, PinSlot
from outreach.vault.passphrase import Passphrase

from .simple import OTHER, PIN, SMALL, WORDS, everything, make, unlock
from .simulated import Died, Disk, running

POLICY = AttemptPolicy(limit=None)


@pytest.fixture
def made(folder: Path) -> Path:
    with make(folder) as vault:
        vault.db.insert({"n": 1})
    return folder


def opens(folder: Path, passphrase: str, **options: object) -> bool:
    try:
        unlock(folder, passphrase, **options).close()
    except WrongPassphrase:
        return False
    return True


def records(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in everything(folder).items() if name != "vault.header"}


def test_any_of_several_passphrases_opens(made: Path) -> None:
    before = records(made)
    with unlock(made) as vault:
        slot = vault.keys.add_passphrase(OTHER, kdf=SMALL)
        assert [each.kind for each in vault.keys.slots] == ["passphrase", "passphrase"]
        assert vault.keys.slots[1] == slot
    assert opens(made, WORDS)
    assert opens(made, OTHER)
    assert not opens(made, "some other words")
    assert records(made) == before, "no record is sealed anew"


def test_a_removed_passphrase_opens_nothing_and_the_last_one_stays(made: Path) -> None:
    with unlock(made) as vault:
        first = vault.keys.slots[0].id
        vault.keys.add_passphrase(OTHER, kdf=SMALL)
        vault.keys.remove(first)
        with pytest.raises(SlotNeeded, match="last passphrase"):
            vault.keys.remove(vault.keys.slots[0].id)
        with pytest.raises(SlotNeeded, match="not there"):
            vault.keys.remove(first)
    assert not opens(made, WORDS)
    assert opens(made, OTHER)


def test_a_changed_passphrase(made: Path) -> None:
    before = records(made)
    with unlock(made) as vault:
        with pytest.raises(WrongPassphrase):
            vault.keys.change_passphrase("not the old one", OTHER)
        vault.keys.change_passphrase(WORDS, OTHER)
        assert len(vault.keys.slots) == 1
    assert not opens(made, WORDS)
    with unlock(made, OTHER) as vault:
        assert vault.db.all() == [{"n": 1}]
    assert records(made) == before


def test_an_old_header_and_passphrase_are_worth_nothing_after_forgetting(made: Path) -> None:
    old = (made / "vault.header").read_bytes()
    with unlock(made) as vault:
        vault.keys.change_passphrase(WORDS, OTHER)
        vault.forget()
    (made / "vault.header").write_bytes(old)
    with pytest.raises(VaultDamaged):
        unlock(made, WORDS)


@pytest.mark.parametrize("new", ["", "  ", "half \ud800 of a letter"])
def test_a_passphrase_that_is_none(made: Path, new: str) -> None:
    before = everything(made)
    with unlock(made) as vault:
        for call in (
            lambda: vault.keys.add_passphrase(new, kdf=SMALL),
            lambda: vault.keys.change_passphrase(WORDS, new),
        ):
            with pytest.raises(VaultError, match="Nothing was changed"):
                call()
        for kdf in (Kdf(2**21, 3, 1), Kdf(8, 65, 1), Kdf(8, 1, 17), Kdf(7, 1, 1)):
            with pytest.raises(KeySlotRefused):
                vault.keys.add_passphrase(OTHER, kdf=kdf)
    assert everything(made) == before
    assert not opens(made, "half \ud800 of a letter")


def test_slots_of_a_later_version_are_kept(made: Path) -> None:
    later = {"kind": "of a later version", "more": {"b": 1.5, "a": [None, "ø"]}}
    with unlock(made) as vault:
        keys = vault.keys
        keys._swap(slots=[later, *keys._header.slots])
        keys.add_passphrase(OTHER, kdf=SMALL)
        assert [slot.kind for slot in keys.slots] == ["of a later version", "passphrase", "passphrase"]
        assert keys.slots[0].kdf is None
    assert opens(made, WORDS)
    assert read_header(made).slots[0] == later


def test_a_closed_vault_has_no_keys(made: Path) -> None:
    vault = unlock(made)
    vault.close()
    for call in (lambda: vault.keys, vault.forget):
        with pytest.raises(VaultClosed):
            call()


# PIN slots


def test_a_pin_opens_with_its_keystore_and_counted_tries_only(made: Path) -> None:
    keystore = MemoryKeystore()
    with unlock(made, keystore=keystore) as vault:
        slot = vault.keys.add_pin(PIN, kdf=SMALL)
        assert slot.kind == "pin+keystore"
    for others in (
        {"keystore": keystore},
        {"attempts": POLICY},
        {"attempts": POLICY, "keystore": MemoryKeystore()},
        {},
    ):
        with pytest.raises(WrongPassphrase, match="PIN"):
            unlock(made, PIN, **others)
    assert opens(made, PIN, keystore=keystore, attempts=POLICY)
    assert opens(made, f" {PIN} ", keystore=keystore, attempts=POLICY)
    assert not opens(made, PIN[::-1], keystore=keystore, attempts=POLICY)
    assert opens(made, WORDS)


def test_no_pin_without_a_keystore(made: Path) -> None:
    before = everything(made)
    with unlock(made) as vault, pytest.raises(PinRefused, match="no key storage"):
        vault.keys.add_pin(PIN, kdf=SMALL)
    assert everything(made) == before


@pytest.mark.parametrize(
    "pin", ["", "12345", "4802136789012", "48o213", "48 213", "111111", "123456", "987654", "٤٨٠٢١٣"]
)
def test_pins_that_are_none_or_the_first_to_be_tried(made: Path, pin: str) -> None:
    with unlock(made, keystore=MemoryKeystore()) as vault, pytest.raises(PinRefused):
        vault.keys.add_pin(pin, kdf=SMALL)


def test_a_pin_is_replaced_and_removed_with_its_half(made: Path) -> None:
    keystore = MemoryKeystore()

    def halves() -> list[str]:
        return [name for name in keystore.names if ".pin." in name]

    with unlock(made, keystore=keystore) as vault:
        first = vault.keys.add_pin(PIN, kdf=SMALL)
        (name,) = halves()
        assert name == f"outreach.vault.{vault.id.hex()}.pin.{first.id}"
        second = vault.keys.add_pin("902551", kdf=SMALL)
        assert halves() == [name.replace(first.id, second.id)]
        assert len(vault.keys.slots) == 2
        with pytest.raises(SlotNeeded):
            vault.keys.remove(vault.keys.slots[0].id)
    assert not opens(made, PIN, keystore=keystore, attempts=POLICY)
    assert opens(made, "902551", keystore=keystore, attempts=POLICY)
    with unlock(made, keystore=keystore) as vault:
        vault.keys.remove(second.id)
    assert halves() == []
    assert not opens(made, "902551", keystore=keystore, attempts=POLICY)


def test_digits_can_be_a_passphrase_too(folder: Path) -> None:
    make(folder, "31415926535").close()
    assert opens(folder, "31415926535")
    assert opens(folder, "31415926535", keystore=MemoryKeystore(), attempts=POLICY)


# Turning the data key


def sealed_keys(folder: Path) -> KeyRing:
    header = read_header(folder)
    lock = header.known_slots()[0].open(header.vault, Passphrase(WORDS))
    assert lock is not None
    ring = header.ring(lock)
    assert ring is not None
    return ring


def test_what_was_forgotten_is_under_a_key_that_is_gone(made: Path) -> None:
    with unlock(made) as vault:
        vault.db.insert({"n": 2, "note": "to be erased"})
    before, old = everything(made), sealed_keys(made)
    with unlock(made) as vault:
        with vault.erasing():
            vault.db.remove(where("n") == 2)
        vault.db.insert({"n": 3})
    new = sealed_keys(made)
    assert len(new) == 1
    assert new.number == old.number + 1
    assert old.pack()[4:36] not in new.pack()
    with unlock(made) as vault:
        assert vault.db.all() == [{"n": 1}, {"n": 3}]
    numbers = {FileHead.unpack(data[:512]).key for name, data in records(made).items()}  # type: ignore[union-attr]
    assert numbers == {new.number}
    for name, data in before.items():  # the old files come back from the disk's own memory
        if name != "vault.header":
            (made / name).write_bytes(data)
    with unlock(made) as vault:
        assert vault.db.all() == [{"n": 1}, {"n": 3}]
    for name in records(made):
        if name not in before:
            (made / name).unlink()
    for name, data in before.items():
        if name != "vault.header":
            (made / name).write_bytes(data)
    with pytest.raises(VaultDamaged):
        unlock(made)


def test_forgetting_asks_for_nobodys_passphrase(made: Path) -> None:
    keystore = MemoryKeystore()
    with unlock(made, keystore=keystore) as vault:
        vault.keys.add_passphrase(OTHER, kdf=SMALL)
        vault.keys.add_pin(PIN, kdf=SMALL)
        for _ in range(3):
            vault.forget()
    assert opens(made, WORDS)
    assert opens(made, OTHER)
    assert opens(made, PIN, keystore=keystore, attempts=POLICY)


def test_a_block_that_raises_is_finished_all_the_same(made: Path) -> None:
    with unlock(made) as vault:
        with contextlib.suppress(ZeroDivisionError), vault.erasing():
            vault.db.truncate()
            raise ZeroDivisionError
        assert not vault.keys.turn_is_owed
    assert len(sealed_keys(made)) == 1


# A crash at every call to the disk

PLACE = Path("/simulated")


class Story:
    """Changes of keys on a simulated disk: which passphrases may open after each step."""

    def __init__(self) -> None:
        self.allowed = [{WORDS}]

    def tell(self) -> None:
        with unlock(PLACE) as vault:
            self.step({WORDS, OTHER}, lambda: vault.keys.add_passphrase(OTHER, kdf=SMALL))
            self.step({OTHER}, lambda: vault.keys.remove(vault.keys.slots[0].id))
            self.step({OTHER}, lambda: self.erase(vault))
            self.step({WORDS}, lambda: vault.keys.change_passphrase(OTHER, WORDS))
            self.step({WORDS}, vault.forget)

    def step(self, opening: set[str], change: Callable[[], object]) -> None:
        self.allowed.append(opening)
        change()
        self.allowed = [opening]

    def erase(self, vault: Vault) -> None:
        with vault.erasing():
            vault.db.remove(where("n") == 2)


def begun() -> dict[str, bytes]:
    disk = Disk()
    with running(disk), make(PLACE) as vault:
        vault.db.insert_multiple([{"n": 1}, {"n": 2}])
    return disk.contents()


def verify(disk: Disk, story: Story) -> None:
    with running(disk):
        opening = {words for words in (WORDS, OTHER) if opens(PLACE, words)}
        assert opening in story.allowed
        with unlock(PLACE, min(opening)) as vault:
            assert vault.db.all() in ([{"n": 1}, {"n": 2}], [{"n": 1}])
            assert not vault.keys.turn_is_owed, "what was owed is done at the opening"
            vault.db.insert({"n": 9})
        with unlock(PLACE, min(opening)) as vault:
            assert vault.db.all()[-1] == {"n": 9}


@pytest.mark.parametrize("arrives", [0.0, 0.5, 1.0])
def test_power_fails_at_every_call(arrives: float) -> None:
    start, at = begun(), 0
    while True:
        disk, story = Disk(start), Story()
        disk.dies_at = at
        with running(disk):
            try:
                story.tell()
            except Died:
                pass
            else:
                break
        verify(disk.after_power_loss(random.Random(at), arrives), story)
        at += 1
    assert at > 60


def test_every_call_fails_once() -> None:
    start, at = begun(), 0
    while True:
        disk, story = Disk(start), Story()
        disk.fails_at = {at}
        with running(disk), contextlib.suppress(VaultError):  # and nothing else: not an OSError
            story.tell()
        if at >= len(disk.made):
            break
        verify(disk.killed(), story)
        at += 1
    assert at > 60


def test_a_change_of_keys_that_failed_leaves_the_vault_in_use(made: Path) -> None:
    with unlock(made) as vault:
        for name, error in (("rename", KeysNotChanged), ("sync_folder", KeysNotChanged)):
            with pytest.MonkeyPatch.context() as patch:

                def fails(*_: object) -> None:
                    raise OSError(28, "No space left on device")

                patch.setattr(f"outreach.vault.files.{name}", fails)
                with pytest.raises(error, match="No space left"):
                    vault.keys.add_passphrase(OTHER, kdf=SMALL)
                with pytest.raises((KeysNotChanged, NotSaved)):
                    vault.forget()
            vault.db.insert({"after": name})
        assert len(vault.keys.slots) == 1
    with unlock(made) as vault:
        assert len(vault.db) == 3


# Rollback


def test_a_folder_that_was_set_back_is_told_where_there_is_a_keystore(made: Path) -> None:
    keystore = MemoryKeystore()
    unlock(made, keystore=keystore).close()
    earlier = everything(made)
    with unlock(made, keystore=keystore) as vault:
        vault.db.insert({"n": 2})
    set_back(made, earlier)
    before = everything(made)
    with pytest.raises(VaultSetBack, match="earlier copy"):
        unlock(made, keystore=keystore)
    assert everything(made) == before
    unlock(made, keystore=MemoryKeystore()).close()  # another device knows nothing of it
    with unlock(made, keystore=keystore, accept_older=True) as vault:
        assert vault.db.all() == [{"n": 1}]
    unlock(made, keystore=keystore).close()


def test_an_older_header_is_told_too(made: Path) -> None:
    keystore = MemoryKeystore()
    earlier = (made / "vault.header").read_bytes()
    with unlock(made, keystore=keystore) as vault:
        vault.keys.change_passphrase(WORDS, OTHER)
    (made / "vault.header").write_bytes(earlier)
    with pytest.raises(VaultSetBack):
        unlock(made, keystore=keystore)


def test_a_crash_is_no_rollback(made: Path, as_left_by_a_crash: Callable[[Path], Path]) -> None:
    keystore = MemoryKeystore()
    with unlock(made, keystore=keystore) as vault:
        vault.db.insert({"n": 2})
        vault.note()
        vault.db.insert({"n": 3})
        crashed = as_left_by_a_crash(made)
        for _ in range(3):
            with unlock(crashed, keystore=keystore) as again:
                assert len(again.db) >= 3
                again.db.insert({})
                again.forget()
        keystore.delete(next(name for name in keystore.names if name.endswith("seen")))


def set_back(folder: Path, earlier: dict[str, bytes]) -> None:
    for file in folder.iterdir():
        if file.name != "lock":
            file.unlink()
    for name, data in earlier.items():
        (folder / name).write_bytes(data)


# Rings, headers, known answers


def test_a_ring_is_read_as_it_was_written() -> None:
    ring = KeyRing.new().with_new_key().with_new_key()
    again = KeyRing.unpack(ring.pack())
    assert (len(again), again.number) == (3, 3)
    head = FileHead(1, 1, 1, bytes(32), 2).pack()
    assert again.file_key(head) == ring.file_key(head)
    assert again.newest().number == 3
    assert again.newest().file_key(head) != ring.file_key(head), "a key that is gone"
    for bad in (b"", bytes(35), bytes(36), ring.pack()[36:] + ring.pack()[:36], bytes(36 * (MOST_KEYS + 1))):
        with pytest.raises(ValueError):
            KeyRing.unpack(bad)


def test_a_header_that_somebody_composed_of_two(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make(other).close()
    ours, theirs = read_header(made), read_header(other)
    for mixed in (
        Header(ours.vault, ours.serial, theirs.slots, ours.nonce, ours.keys),
        Header(ours.vault, ours.serial, ours.slots, theirs.nonce, theirs.keys),
        Header(ours.vault, ours.serial + 1, ours.slots, ours.nonce, ours.keys),
        Header(theirs.vault, ours.serial, ours.slots, ours.nonce, ours.keys),
        theirs,
    ):
        write_header(made, mixed)
        with pytest.raises((WrongPassphrase, VaultDamaged)):
            unlock(made)


def test_known_answers() -> None:
    """Each seal as FORMAT.md gives it, made with nothing of ours but the inputs."""
    lock, salt, nonce = bytes(range(32)), bytes(range(16)), bytes(range(12))
    typed = Kdf(8, 1, 1).key(Passphrase("a  b"), salt)
    assert typed.hex() == "e10c08afa8d0cb0aa4bc3aebfb7df508403c3c431fbd1b8ef65dcfac1e7e6af0"
    slot = PassphraseSlot(8, 1, 1, salt.hex(), nonce.hex(), "")
    bound = (
        '{"kdf":"argon2id","kind":"passphrase","lanes":1,"memory_kib":8,"nonce":"000102030405060708090a0b",'
        '"passes":1,"salt":"000102030405060708090a0b0c0d0e0f","vault":"ab","wrapped":""}'
    )
    assert slot.bound_to("ab") == bound.encode()
    assert LockKey(lock).wrapped(typed, nonce, bound.encode()) == AESGCM(typed).encrypt(
        nonce, lock, bound.encode()
    )
    half = bytes(range(100, 132))
    joined = HKDF(hashes.SHA256(), 32, salt, b"outreach vault pin slot 1").derive(typed + half)
    assert Half(half).joined(typed, salt) == joined
    assert json.loads(PinSlot(8, 1, 1, "", "", "").bound_to("ab"))["kind"] == "pin+keystore"
    ring = KeyRing({1: DataKey(bytes(32)), 7: DataKey(bytes(range(32)))})
    assert ring.pack() == bytes([0, 0, 0, 1]) + bytes(32) + bytes([0, 0, 0, 7]) + bytes(range(32))
    assert LockKey(lock).seal(ring, nonce, b"bound") == AESGCM(lock).encrypt(nonce, ring.pack(), b"bound")


# Calibration, without measuring anything


@pytest.mark.parametrize(
    ("pass_at_64_mib", "memory_kib", "expected"),
    [
        (0.1, 8 << 20, Kdf(128 * 1024, 5, 1)),
        (0.001, 64 << 20, Kdf(MOST_MEMORY_KIB, CEILING.passes, 1)),
        (0.02, 64 << 20, Kdf(MOST_MEMORY_KIB, 12, 1)),
        (0.02, 1 << 20, Kdf(128 * 1024, 25, 1)),
        (0.02, 1, Kdf(64 * 1024, 50, 1)),
        (9.0, 64 << 20, FLOOR),
    ],
)
def test_calibration_comes_near_its_target(pass_at_64_mib: float, memory_kib: int, expected: Kdf) -> None:
    def seconds(kdf: Kdf) -> float:
        return pass_at_64_mib * kdf.passes * kdf.memory_kib / (64 * 1024)

    found = calibrate(1.0, seconds=seconds, memory_kib=memory_kib)
    assert found == expected
    assert found.problem(FLOOR) is None


def test_calibration_takes_no_more_memory_than_there_is() -> None:
    def seconds(kdf: Kdf) -> float:
        if kdf.memory_kib > 64 * 1024:
            raise MemoryError
        return 0.03

    assert calibrate(1.0, seconds=seconds, memory_kib=64 << 20) == Kdf(64 * 1024, CEILING.passes, 1)
