"""No passphrase, PIN or key in any message, repr, log, pickle, or traceback with its local values."""

from __future__ import annotations

import copy
import errno
import gc
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import pytest

import outreach.vault as package
from outreach.vault import (
    AttemptPolicy,
    JournalDB,
    Kdf,
    KeystoreFailed,
    MemoryKeystore,
    Vault,
    VaultError,
    backup,
    calibrate,
    check,
    files,
    restore,
    salvage,
    wipe,
)
from outreach.vault.frames import DataKey, Segment
from outreach.vault.keyring import KeyRing, LockKey
from outreach.vault.keyslots import Half
from outreach.vault.passphrase import Passphrase

from .simple import SMALL
from .test_disk import CALLS, failing

SECRET = "quartz-passphrase heron"
NEXT = "velvet-passphrase otter"
PIN = "480213"
POLICY = AttemptPolicy(limit=5, free=5)
OURS = str(Path(package.__file__).parent)


@pytest.fixture(autouse=True)
def secrets_made(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every secret that comes to be in a test, as it comes to be: data keys, lock keys, halves, slot keys."""
    made = [text.encode() for text in (SECRET, NEXT, PIN)]

    def noted(kind: type[Any]) -> None:
        real = kind.__init__

        def init(self: Any, *args: Any, **options: Any) -> None:
            real(self, *args, **options)
            made.append(self._secret)

        monkeypatch.setattr(kind, "__init__", init)

    for kind in (DataKey, LockKey, Half):
        noted(kind)
    real = Kdf.key

    def key(self: Kdf, passphrase: Passphrase, salt: bytes) -> bytes:
        made.append(real(self, passphrase, salt))
        return made[-1]

    monkeypatch.setattr(Kdf, "key", key)
    return made


def shown(secret: bytes) -> list[str]:
    """Ways in which a text might show it."""
    ways = [secret.hex(), repr(secret)[2:-1]]
    if secret.isascii() and secret.decode().isprintable():
        ways.append(secret.decode())
    return ways


def leaks(text: str, made: list[bytes]) -> list[str]:
    return [way for secret in made for way in shown(secret) if way in text]


def frames_of(error: BaseException, seen: set[int] | None = None) -> Iterator[FrameType]:
    """Our own frames in the traceback of an error and of everything that it came from."""
    seen = set() if seen is None else seen
    if id(error) in seen:
        return
    seen.add(id(error))
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(str(Path(__file__).parent)):
            yield trace.tb_frame
        trace = trace.tb_next
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from frames_of(other, seen)


def examine(error: BaseException, made: list[bytes]) -> None:
    told = f"{error} {error!r} {error.args!r} {vars(error)!r}"
    assert leaks(told, made) == []
    for frame in frames_of(error):
        for name, value in frame.f_locals.items():
            found = leaks(f"{value!r} {value!s}", made)
            assert found == [], f"{name} in {frame.f_code.co_qualname} of {frame.f_code.co_filename}"
    capture = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = "".join(str(summary.locals) for summary in capture.stack if summary.filename.startswith(OURS))
    assert leaks(ours, made) == []


class BrokenKeystore(MemoryKeystore):
    """One whose every call fails after so many."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def _call(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeystoreFailed("it is locked")

    def get(self, name: str) -> bytes | None:
        self._call()
        return super().get(name)

    def put(self, name: str, secret: bytes) -> None:
        self._call()
        super().put(name, secret)

    def delete(self, name: str) -> None:
        self._call()
        super().delete(name)


def story(folder: Path, keystore: MemoryKeystore) -> None:
    """Everything that touches a key, once."""
    with Vault.create(folder / "vault", SECRET, kdf=SMALL, keystore=keystore) as vault:
        vault.db.insert({"n": 1})
        vault.keys.add_pin(PIN, kdf=SMALL)
        vault.keys.add_passphrase(NEXT, kdf=SMALL)
        vault.keys.remove(vault.keys.slots[-1].id)
        vault.forget()
        vault.backup(folder / "file")
    options: Any = {"kdf_floor": SMALL, "keystore": keystore, "attempts": POLICY}
    with Vault.open(folder / "vault", SECRET, **options) as vault:
        vault.keys.change_passphrase(SECRET, NEXT)
    Vault.open(folder / "vault", PIN, **options).close()
    check(folder / "vault", NEXT, kdf_floor=SMALL)
    salvage(folder / "vault", folder / "salvaged", NEXT, kdf_floor=SMALL)
    restore(folder / "file", folder / "restored", SECRET, kdf_floor=SMALL)
    wipe(folder / "vault", keystore=keystore)


def test_every_call_to_the_disk_fails_in_turn(tmp_path: Path, secrets_made: list[bytes]) -> None:
    at, met = 0, set()
    (tmp_path / "0").mkdir()
    calls = {*CALLS, "reopen"}
    assert calls <= set(vars(files))
    while True:
        folder = tmp_path / str(at)
        folder.mkdir(exist_ok=True)
        del secrets_made[3:]
        with failing(at, lambda: OSError(errno.EIO, "it is broken")) as made:
            try:
                story(folder, MemoryKeystore())
            except VaultError as error:
                met.add(type(error))
                examine(error, secrets_made)
        if at >= len(made):
            break
        at += 1
    assert at > 100
    assert len(met) >= 6


def test_every_call_to_the_keystore_fails_in_turn(tmp_path: Path, secrets_made: list[bytes]) -> None:
    at = 0
    while True:
        (tmp_path / str(at)).mkdir()
        del secrets_made[3:]
        try:
            story(tmp_path / str(at), BrokenKeystore(at))
        except KeystoreFailed as error:
            examine(error, secrets_made)
        else:
            if at > 12:
                break
        at += 1


def paths(folder: Path, keystore: MemoryKeystore) -> dict[str, Callable[[], object]]:
    """What people get wrong, by the error that it leads to."""
    vault, options = folder / "vault", {"kdf_floor": SMALL}
    return {
        "WrongPassphrase": lambda: Vault.open(vault, NEXT, **options),  # type: ignore[arg-type]
        "WrongPassphrase of a PIN": lambda: Vault.open(
            vault, PIN[::-1], kdf_floor=SMALL, keystore=keystore, attempts=POLICY
        ),
        "WrongPassphrase of check": lambda: check(vault, NEXT, kdf_floor=SMALL),
        "WrongPassphrase of salvage": lambda: salvage(vault, folder / "out", NEXT, kdf_floor=SMALL),
        "WrongPassphrase of backup": lambda: backup(vault, folder / "copy", NEXT, kdf_floor=SMALL),
        "WrongPassphrase of restore": lambda: restore(folder / "file", folder / "out", NEXT, kdf_floor=SMALL),
        "KeySlotRefused": lambda: Vault.open(vault, SECRET),
        "KeySlotRefused of create": lambda: Vault.create(folder / "new", SECRET, kdf=Kdf(1, 1, 1)),
        "VaultMissing": lambda: Vault.open(folder / "nowhere", SECRET),
        "VaultExists": lambda: Vault.create(vault, SECRET, kdf=SMALL),
        "VaultExists of restore": lambda: restore(folder / "file", vault, SECRET, kdf_floor=SMALL),
        "BackupNotMade": lambda: backup(vault, folder / "file", SECRET, kdf_floor=SMALL),
        "BackupDamaged": lambda: restore(vault / "vault.header", folder / "out", SECRET, kdf_floor=SMALL),
    }


def test_what_people_get_wrong(tmp_path: Path, secrets_made: list[bytes]) -> None:
    keystore = MemoryKeystore()
    with Vault.create(tmp_path / "vault", SECRET, kdf=SMALL, keystore=keystore) as vault:
        vault.keys.add_pin(PIN, kdf=SMALL)
        vault.backup(tmp_path / "file")
    for expected, call in paths(tmp_path, keystore).items():
        with pytest.raises(VaultError) as caught:
            call()
        assert type(caught.value).__name__ == expected.split()[0]
        examine(caught.value, secrets_made)
    with Vault.open(tmp_path / "vault", SECRET, kdf_floor=SMALL, keystore=keystore) as vault:
        for refused in (
            lambda: Vault.open(tmp_path / "vault", SECRET, kdf_floor=SMALL),
            lambda: vault.keys.change_passphrase(NEXT, SECRET),
            lambda: vault.keys.change_passphrase(SECRET, ""),
            lambda: vault.keys.add_passphrase(NEXT, kdf=Kdf(1, 1, 1)),
            lambda: vault.keys.add_pin(SECRET, kdf=SMALL),
            lambda: vault.keys.remove("not there"),
        ):
            with pytest.raises(VaultError) as caught:
                refused()
            examine(caught.value, secrets_made)


def test_no_memory_for_the_kdf(
    tmp_path: Path, secrets_made: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2.exceptions import HashingError

    from outreach.vault import keyslots

    Vault.create(tmp_path / "vault", SECRET, kdf=SMALL).close()

    def no_memory(secret: bytes, *_: object, **__: object) -> bytes:
        raise HashingError("Memory allocation error")

    monkeypatch.setattr(keyslots, "hash_secret_raw", no_memory)
    for call in (
        lambda: Vault.open(tmp_path / "vault", SECRET, kdf_floor=SMALL),
        lambda: Vault.create(tmp_path / "new", SECRET, kdf=SMALL),
    ):
        with pytest.raises(VaultError, match="memory") as caught:
            call()
        examine(caught.value, secrets_made)


def test_damage_of_every_kind(tmp_path: Path, secrets_made: list[bytes]) -> None:
    with Vault.create(tmp_path / "vault", SECRET, kdf=SMALL) as vault:
        vault.db.insert({"n": 1})
    for file in sorted((tmp_path / "vault").iterdir()):
        whole = file.read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 12)):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
            try:
                Vault.open(tmp_path / "vault", SECRET, kdf_floor=SMALL).close()
            except VaultError as error:
                examine(error, secrets_made)
        file.write_bytes(whole)


def test_a_key_given_to_a_database(tmp_path: Path, secrets_made: list[bytes]) -> None:
    key = bytes(range(50, 82))
    secrets_made.append(key)
    with JournalDB(tmp_path / "db", key):
        with pytest.raises(VaultError) as caught:
            JournalDB(tmp_path / "db", key)
        examine(caught.value, secrets_made)
    with pytest.raises(VaultError) as caught:
        JournalDB(tmp_path / "db", key[::-1])
    examine(caught.value, [*secrets_made, key[::-1]])


def test_things_that_hold_secrets_show_none(tmp_path: Path, secrets_made: list[bytes]) -> None:
    keystore = MemoryKeystore()
    with Vault.create(tmp_path / "vault", SECRET, kdf=SMALL, keystore=keystore) as vault:
        vault.keys.add_pin(PIN, kdf=SMALL)
        ring, lock, half, typed = KeyRing.new(), LockKey(), Half(), Passphrase(SECRET)
        segment = Segment(ring, bytes(80))
        things = [vault, vault.keys, vault.keys.slots, vault.db, keystore]
        for thing in (*things, ring, lock, half, typed, segment):
            assert leaks(f"{thing!r} {thing!s} {thing}", secrets_made) == []
        for thing in (ring, lock, half, typed, DataKey(bytes(32))):
            for way in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError):
                    way(thing)


def test_nothing_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        story(tmp_path, MemoryKeystore())
        calibrate(0.0, seconds=lambda kdf: 1.0)
    assert [record for record in caplog.records if record.name.startswith("outreach")] == []
    assert capfd.readouterr() == ("", "")


def test_a_closed_vault_holds_no_key(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path / "vault", SECRET, kdf=SMALL)
    vault.db.insert({"n": 1})
    vault.close()
    gc.collect()
    reachable = {id(vault): vault}
    todo: list[Any] = [vault]
    while todo:
        for thing in gc.get_referents(todo.pop()):
            if isinstance(thing, (type, type(gc))) or id(thing) in reachable or callable(thing):
                continue
            reachable[id(thing)] = thing
            todo.append(thing)
    assert not [thing for thing in reachable.values() if isinstance(thing, (LockKey, KeyRing, Segment))]


def test_the_examination_finds_what_it_looks_for(secrets_made: list[bytes]) -> None:
    source = "def leaky(passphrase):\n    key = passphrase.encode()\n    raise ValueError('no')\n"
    space: dict[str, Any] = {}
    exec(compile(source, f"{OURS}/leaky.py", "exec"), space)
    with pytest.raises(ValueError) as caught:
        space["leaky"](SECRET)
    with pytest.raises(AssertionError, match="leaky"):
        examine(caught.value, secrets_made)
    with pytest.raises(AssertionError):
        examine(VaultError(f"It was {SECRET}"), secrets_made)
