"""`outreach vault …`: check, salvage, backup and restore, as somebody types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from forms import wording
from outreach.cli import app
from outreach.vault import Vault

from .simple import OTHER, WORDS


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools") / "vault"
    with Vault.create(folder, WORDS) as vault:
        vault.db.insert_multiple({"n": n, "handle": "Blue Heron"} for n in range(5))
    return folder


def run(*arguments: object, passphrase: str = WORDS) -> Result:
    result = CliRunner().invoke(app, ["vault", *map(str, arguments)], input=f"{passphrase}\n")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Heron" not in result.output
    assert wording.check(result.output, "en") == []
    return result


def test_backup_restore_check(vault: Path, tmp_path: Path) -> None:
    done = run("backup", vault, tmp_path / "file")
    assert (done.exit_code, "Records: 5" in done.output) == (0, True)
    done = run("restore", tmp_path / "file", tmp_path / "back")
    assert (done.exit_code, "Records: 5" in done.output) == (0, True)
    assert run("check", tmp_path / "back").exit_code == 0
    again = run("restore", tmp_path / "file", tmp_path / "back")
    assert (again.exit_code, "already" in again.output) == (1, True)
    assert run("backup", vault, tmp_path / "file").exit_code == 1
    assert run("backup", vault, tmp_path / "another", passphrase=OTHER).exit_code == 1


def test_salvage(vault: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    assert run("backup", vault, tmp_path / "file").exit_code == 0
    assert run("restore", tmp_path / "file", damaged).exit_code == 0
    journal = max(damaged.glob("*.journal"))
    content = bytearray(journal.read_bytes())
    content[600] ^= 1
    journal.write_bytes(content)
    assert run("check", damaged).exit_code == 1
    done = run("salvage", damaged, tmp_path / "out")
    assert done.exit_code == 0
    assert journal.name in done.output
    assert (tmp_path / "out" / "lost.jsonl").read_text().count("\n") == 1
    assert run("check", tmp_path / "out").exit_code == 0
    assert run("salvage", damaged, tmp_path / "out").exit_code == 1
