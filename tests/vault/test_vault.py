"""Setting up, unlocking, and everything that stands in the way, told in a sentence that helps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from forms import wording
from outreach.vault import (
    BackupDamaged,
    BackupNotMade,
    JournalDB,
    Kdf,
    KeySlotRefused,
    KeysNotChanged,
    KeystoreFailed,
    NotOpened,
    NotSaved,
    NotWiped,
    PinRefused,
    SlotNeeded,
    TooManyAttempts,
    ValueRefused,
    Vault,
    VaultClosed,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultInUse,
    VaultMissing,
    VaultNoAccess,
    VaultSetBack,
    VaultTooNew,
    VaultWiped,
    WrongPassphrase,
    check,
    files,
)

SMALL = Kdf(memory_kib=8, passes=1, lanes=1)
WORDS = "anchor birch candle drum ember flute"


def unlock(folder: Path, passphrase: str = WORDS) -> Vault:
    return Vault.open(folder, passphrase, kdf_floor=SMALL)


@pytest.fixture
def made(folder: Path) -> Path:
    """A closed vault with one record."""
    with Vault.create(folder, WORDS, kdf=SMALL) as vault:
        vault.db.table("contacts").insert({"n": 1})
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None], first: str = "outreach-vault 1") -> None:
    """Change the header's fields, with a checksum that fits."""
    path = folder / "vault.header"
    fields = json.loads(path.read_text().splitlines()[1])
    change(fields)
    text = f"{first}\n{json.dumps(fields, separators=(',', ':'))}\n"
    path.write_text(text + f"sha256 {sha256(text.encode()).hexdigest()}\n")


def test_create_close_open(folder: Path) -> None:
    with Vault.create(folder, WORDS, kdf=SMALL) as vault:
        assert isinstance(vault.db, JournalDB)
        assert vault.db.insert({"n": 1}) == 1
        vault_id = vault.id
    with pytest.raises(VaultClosed):
        vault.db.all()
    vault.close()
    with unlock(folder) as vault:
        assert vault.db.all() == [{"n": 1}]
        assert vault.id == vault_id


def test_real_settings_are_the_default(folder: Path) -> None:
    Vault.create(folder, WORDS).close()
    (slot,) = json.loads((folder / "vault.header").read_text().splitlines()[1])["slots"]
    assert (slot["kdf"], slot["memory_kib"], slot["passes"], slot["lanes"]) == ("argon2id", 65536, 3, 1)
    Vault.open(folder, WORDS).close()


def test_blanks_and_ways_to_write_a_letter_make_no_difference(folder: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "blå ærlig") for form in ("NFC", "NFD"))
    assert composed != apart
    Vault.create(folder, composed, kdf=SMALL).close()
    unlock(folder, f"  {apart.replace(' ', '   ')}\n").close()
    with pytest.raises(WrongPassphrase):
        unlock(folder, composed.replace(" ", ""))


@pytest.mark.parametrize("wrong", ["", "x", WORDS[:-1], WORDS.upper(), WORDS + "\0"])
def test_a_wrong_passphrase_changes_nothing(made: Path, wrong: str) -> None:
    before = everything(made)
    for _ in range(3):
        with pytest.raises(WrongPassphrase, match="safe and unchanged"):
            unlock(made, wrong)
    assert everything(made) == before
    unlock(made).close()


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_no_vault_without_a_passphrase(folder: Path, empty: str) -> None:
    with pytest.raises(VaultError, match="protects nothing"):
        Vault.create(folder, empty, kdf=SMALL)
    assert not folder.exists()


def test_one_byte_changed_in_the_header_is_damage_not_a_wrong_passphrase(made: Path) -> None:
    path = made / "vault.header"
    whole = path.read_bytes()
    for position in range(len(whole)):
        for flip in (1, 0xFF):
            changed = bytearray(whole)
            changed[position] ^= flip
            path.write_bytes(changed)
            with pytest.raises(VaultDamaged, match=r"vault\.header"):
                unlock(made)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(VaultDamaged):
            unlock(made)
    path.write_bytes(whole)
    unlock(made).close()


def test_weak_settings_are_refused_without_being_asked_for(made: Path) -> None:
    with pytest.raises(KeySlotRefused, match="weaker"):
        Vault.open(made, WORDS)


@pytest.mark.parametrize(
    ("field", "value"),
    [("memory_kib", 2**21), ("passes", 65), ("lanes", 17), ("memory_kib", 7), ("passes", 0), ("lanes", -1)],
)
def test_settings_out_of_bounds_are_never_tried(
    made: Path, field: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tried(*_: object) -> bytes:
        raise AssertionError("the settings were believed")

    rewrite(made, lambda fields: fields["slots"][0].update({field: value}))
    monkeypatch.setattr(Kdf, "key", tried)
    with pytest.raises(KeySlotRefused):
        unlock(made)


def test_settings_can_not_be_changed_unseen(made: Path) -> None:
    for change in ({"passes": 2}, {"memory_kib": 16}, {"salt": "00" * 16}, {"nonce": "00" * 12}):
        before = (made / "vault.header").read_bytes()
        rewrite(made, lambda fields, change=change: fields["slots"][0].update(change))
        with pytest.raises(WrongPassphrase):
            unlock(made)
        (made / "vault.header").write_bytes(before)
    before = (made / "vault.header").read_bytes()
    rewrite(made, lambda fields: fields.update(vault="00" * 16))
    with pytest.raises(WrongPassphrase):
        unlock(made)
    for change in ({"serial": 9}, {"nonce": "00" * 12}, {"keys": "00" * 52}, {"keys": ""}):
        (made / "vault.header").write_bytes(before)
        rewrite(made, lambda fields, change=change: fields.update(change))
        with pytest.raises(VaultDamaged, match="do not belong together"):
            unlock(made)
    (made / "vault.header").write_bytes(before)
    rewrite(made, lambda fields: fields["slots"].append({"kind": "of a later version"}))
    with pytest.raises(VaultDamaged, match="do not belong together"):
        unlock(made)


@pytest.mark.parametrize("slot", [{"salt": "zz"}, {"salt": "00"}, {"wrapped": ""}, {"kdf": "scrypt"}])
def test_a_slot_that_is_not_as_the_format_says(made: Path, slot: dict[str, str]) -> None:
    rewrite(made, lambda fields: fields["slots"][0].update(slot))
    with pytest.raises(KeySlotRefused, match="not as the format says"):
        unlock(made)


def test_a_header_without_a_slot_for_a_passphrase(made: Path) -> None:
    later = {"kind": "of a later version", "wrapped": "00"}
    rewrite(made, lambda fields: fields.update(slots=[later]))
    with pytest.raises(KeySlotRefused, match="no key slot for a passphrase"):
        unlock(made)


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields.update(vault="xyz"),
        lambda fields: fields.update(slots={}),
        lambda fields: fields.pop("slots"),
        lambda fields: fields["slots"][0].update(passes="3"),
        lambda fields: fields["slots"][0].update(surprise=1),
    ],
)
def test_fields_of_another_shape(made: Path, change: Callable[[dict[str, Any]], None]) -> None:
    rewrite(made, change)
    with pytest.raises(VaultDamaged, match="fields"):
        unlock(made)


def test_a_newer_format_asks_for_an_update(made: Path) -> None:
    rewrite(made, lambda fields: fields.update(news=True), first="outreach-vault 2")
    before = everything(made)
    with pytest.raises(VaultTooNew, match="Update the app"):
        unlock(made)
    assert everything(made) == before


def test_no_vault_here(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(VaultMissing):
        unlock(folder)
    assert not folder.exists(), "looking for a vault makes none"
    folder.mkdir()
    with pytest.raises(VaultMissing):
        unlock(folder)
    assert list(folder.iterdir()) == []
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(VaultMissing):
        unlock(file)
    with pytest.raises(VaultExists):
        Vault.create(file, WORDS, kdf=SMALL)
    with pytest.raises(VaultExists):
        Vault.create(file / "below", WORDS, kdf=SMALL)


def test_a_lost_header_or_lost_records_are_damage(made: Path) -> None:
    header = (made / "vault.header").read_bytes()
    (made / "vault.header").unlink()
    with pytest.raises(VaultDamaged, match="missing"):
        unlock(made)
    with pytest.raises(VaultExists, match="header is missing"):
        Vault.create(made, WORDS, kdf=SMALL)
    (made / "vault.header").write_bytes(header)
    for file in [*made.glob("*.journal"), *made.glob("*.snapshot")]:
        file.unlink()
    with pytest.raises(VaultDamaged, match="missing"):
        unlock(made)
    assert not list(made.glob("*.snapshot")), "an empty vault is not put in its place"


def test_a_vault_is_never_set_up_over_another(made: Path) -> None:
    before = everything(made)
    with pytest.raises(VaultExists):
        Vault.create(made, "another passphrase", kdf=SMALL)
    assert everything(made) == before


def test_setting_up_that_died_half_way_can_be_done_again(folder: Path, tmp_path: Path) -> None:
    class Died(BaseException):
        pass

    for at in range(100):
        folder = tmp_path / f"vault-{at}"
        left = at
        with pytest.MonkeyPatch.context() as patch:
            for name in ("create", "write_at", "sync_data", "sync_folder", "rename"):
                real = getattr(files, name)

                def call(*args: Any, _real: Any = real) -> Any:
                    nonlocal left
                    left -= 1
                    if left < 0:
                        raise Died
                    return _real(*args)

                patch.setattr(files, name, call)
            try:
                Vault.create(folder, WORDS, kdf=SMALL).close()
                break
            except Died:
                pass
        try:
            unlock(folder).close()
        except VaultError:
            Vault.create(folder, WORDS, kdf=SMALL).close()
            unlock(folder).close()
    assert at > 8


@pytest.mark.skipif(os.geteuid() == 0 and not hasattr(os, "seteuid"), reason="permissions bind nobody here")
def test_a_folder_without_permission(made: Path) -> None:
    """Root may do everything, so the attempt is made as nobody."""
    script = (
        "import os, sys\n"
        "from outreach.vault import Kdf, Vault, VaultNoAccess, check\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "small = Kdf(8, 1, 1)\n"
        "for call in (lambda: Vault.open(sys.argv[1], 'x', kdf_floor=small),\n"
        "             lambda: Vault.create(sys.argv[1], 'x', kdf=small),\n"
        "             lambda: Vault.create(sys.argv[1] + '/below', 'x', kdf=small),\n"
        "             lambda: check(sys.argv[1], 'x', kdf_floor=small)):\n"
        "    try: call()\n"
        "    except VaultNoAccess as error: print('permission' in str(error))\n"
    )
    before = everything(made)
    made.chmod(0o000)
    try:
        done = subprocess.run([sys.executable, "-c", script, made], capture_output=True, text=True)
    finally:
        made.chmod(0o700)
    assert done.stdout.split() == ["True"] * 4, done.stderr
    assert everything(made) == before


def test_in_use_in_this_process(made: Path) -> None:
    with unlock(made) as vault:
        for call in (lambda: unlock(made), lambda: check(made, WORDS, kdf_floor=SMALL)):
            with pytest.raises(VaultInUse, match="already open"):
                call()
        with pytest.raises(VaultInUse):
            JournalDB(made, bytes(32))
        vault.db.insert({"n": 2})
    unlock(made).close()


def test_in_use_in_another_process(made: Path) -> None:
    script = (
        "import sys\nfrom outreach.vault import Kdf, Vault\n"
        "vault = Vault.open(sys.argv[1], sys.argv[2], kdf_floor=Kdf(8, 1, 1))\n"
        "print('open', flush=True)\nsys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, made, WORDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        before = everything(made)
        with pytest.raises(VaultInUse):
            unlock(made)
        assert everything(made) == before
    finally:
        child.kill()
        child.communicate()
    unlock(made).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_can_not_write_under_the_same_numbers(made: Path) -> None:
    with unlock(made) as vault:
        vault.db.insert({"n": 2})
        child = os.fork()
        if child == 0:
            try:
                vault.db.insert({"n": "child"})
            except VaultInUse:
                os._exit(42)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
        vault.db.insert({"n": 3})
    with unlock(made) as vault:
        assert vault.db.all() == [{"n": 2}, {"n": 3}]


def test_check_tells_and_changes_nothing(made: Path) -> None:
    (made / "lock").unlink()
    before = everything(made)
    report = check(made, WORDS, kdf_floor=SMALL)
    assert (report.sound, report.records, report.tables, report.problem) == (True, 1, 1, None)
    assert report.last_written is not None
    assert abs((datetime.now(UTC) - report.last_written).total_seconds()) < 60
    assert report.files == 2
    assert str(report).startswith("Sound.\nRecords: 1 in 1 tables.\nLast written: 2")
    with pytest.raises(WrongPassphrase):
        check(made, "wrong", kdf_floor=SMALL)
    with pytest.raises(KeySlotRefused):
        check(made, WORDS)
    assert everything(made) == before
    with pytest.raises(VaultMissing):
        check(made / "nowhere", WORDS)


def test_check_counts_what_is_left_of_a_damaged_vault(made: Path) -> None:
    with unlock(made) as vault:
        for n in range(5):
            vault.db.insert({"n": n})
    file = max(made.glob("*.journal"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    before = everything(made)
    report = check(made, WORDS, kdf_floor=SMALL)
    assert not report.sound
    assert report.records == 5
    assert report.problem is not None
    assert str(report).startswith("Damaged.\nRecords: 5 in 2 tables, before the damage.")
    assert wording.check(str(report), "en") == []
    assert file.name in report.problem
    with pytest.raises(VaultDamaged) as caught:
        unlock(made)
    assert str(caught.value) == report.problem
    assert everything(made) == before
    content[-50:] = b""
    file.write_bytes(content)
    torn = check(made, WORDS, kdf_floor=SMALL)
    assert (torn.sound, torn.records, torn.torn) == (True, 5, 1)


def test_no_secret_in_repr_or_traceback(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = (
        "import sys\nfrom outreach.vault import Kdf, Vault\n"
        "vault = Vault.open(sys.argv[1], sys.stdin.read(), kdf_floor=Kdf(8, 1, 1))\n"
        "print(repr(vault), repr(vault.db))\nvault.db.insert({'handle': {'Blue Heron'}})\n"
    )
    for passphrase in (WORDS, "wrong horse"):
        done = subprocess.run(
            [sys.executable, "-c", script, made], input=passphrase, capture_output=True, text=True
        )
        assert "VaultError" in done.stderr or "Traceback" in done.stderr
        for secret in ("anchor", "horse", "Heron"):
            assert secret not in done.stdout + done.stderr


PLACE = Path("/somewhere/vault")
SENTENCES = [
    WrongPassphrase(),
    VaultInUse(PLACE),
    VaultMissing(PLACE),
    VaultExists(PLACE, "there is a vault already"),
    VaultNoAccess(PLACE),
    NotOpened(PLACE, OSError(5, "Input/output error")),
    TooManyAttempts(90.0, 0.0, 5),
    VaultWiped(PLACE),
    NotWiped(PLACE, OSError(5, "Input/output error")),
    VaultSetBack(PLACE),
    PinRefused("a PIN is 6 to 12 digits and nothing else"),
    SlotNeeded("it is not there"),
    KeysNotChanged(OSError(5, "Input/output error")),
    KeystoreFailed("it is locked"),
    BackupDamaged(PLACE, "it breaks off"),
    BackupNotMade(PLACE, "the file is there already"),
    VaultDamaged(PLACE, "00000002.journal", "frame 7 at byte 64 does not match its seal"),
    VaultTooNew(PLACE, 2),
    KeySlotRefused(PLACE, "it has no key slot for a passphrase"),
    NotSaved("No space left on device"),
    VaultClosed(),
    ValueRefused("a value of the type set"),
]


@pytest.mark.parametrize("error", SENTENCES, ids=lambda error: type(error).__name__)
def test_every_error_says_what_happened_what_is_safe_and_what_to_do(error: VaultError) -> None:
    text = str(error)
    assert isinstance(error, VaultError)
    assert wording.check(text, "en") == []
    assert any(calm in text for calm in ("safe", "Nothing was"))
    assert text.count(".") >= 2


def test_every_error_is_looked_at() -> None:
    def family(kind: type[VaultError]) -> set[type[VaultError]]:
        return {kind}.union(*(family(child) for child in kind.__subclasses__()))

    assert family(VaultError) - {VaultError} == {type(error) for error in SENTENCES}
