"""The command `outreach`: what it says, and with which exit code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from forms import wording
from outreach import cli
from outreach.example.team import Example
from outreach.vault import Kdf, Vault

Run = Callable[..., Result]
PASSPHRASE = "six plain words of a test"


@pytest.fixture
def run() -> Run:
    def invoke(*arguments: object, **more: object) -> Result:
        result = CliRunner().invoke(cli.app, [str(each) for each in arguments], **more)  # type: ignore[arg-type]
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "vault"
    with Vault.create(folder, PASSPHRASE, kdf=Kdf()) as made:
        made.db.table("contacts").insert_multiple([{"note": f"fountain {n}"} for n in range(3)])
    return folder


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


def test_help_says_what_there_is(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for command in ("demo", "app", "hub", "vault", "wording"):
        assert command in result.output
    assert wording.check(result.output, "en") == []


def test_demo_without_options_says_what_to_choose(run: Run) -> None:
    result = run("demo")
    assert result.exit_code == 2
    assert "--walk" in result.output
    assert "--open" in result.output
    assert wording.check(result.output, "en") == []


def test_a_walk_into_a_place_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("keep me")
    result = run("demo", "--walk", tmp_path / "file" / "papers")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert str(tmp_path / "file") in result.output
    assert wording.check(result.output.replace(str(tmp_path), ""), "en") == []
    result = run("demo", "--walk", tmp_path / "file")
    assert result.exit_code == 1
    assert (tmp_path / "file").read_text() == "keep me"


def test_a_walk_over_somebody_else_s_hub(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_text("keep me")
    result = run("demo", "--walk", tmp_path)
    assert result.exit_code == 1
    assert "Nothing was changed" in result.output
    assert (tmp_path / "hub.db").read_text() == "keep me"


def test_the_app_without_a_profile(run: Run, tmp_path: Path) -> None:
    result = run("app", "--folder", tmp_path / "nobody")
    assert result.exit_code == 2
    assert "no profile" in result.output
    assert "demo --open" in result.output
    assert wording.check(result.output.replace(str(tmp_path), ""), "en") == []
    assert not (tmp_path / "nobody").exists()


# --- vault check --------------------------------------------------------------------------------


def test_a_sound_vault(run: Run, vault: Path, passphrase_file: Path) -> None:
    result = run("vault", "check", vault, "--passphrase-file", passphrase_file)
    assert result.exit_code == 0
    assert "3" in result.output
    assert "fountain" not in result.output
    assert "Checkup(" not in result.output
    assert run("vault", "check", vault, input=PASSPHRASE + "\n").exit_code == 0


def test_a_wrong_passphrase(run: Run, vault: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("quite other words")
    result = run("vault", "check", vault, "--passphrase-file", tmp_path / "wrong")
    assert result.exit_code == 1
    assert "does not open" in result.output
    assert "quite other" not in result.output
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    assert run("vault", "check", vault, "--passphrase-file", tmp_path / "binary").exit_code == 1


@pytest.mark.requirement("CC01")
def test_a_damaged_vault_is_told_with_exit_1(run: Run, example_team: Example, tmp_path: Path) -> None:
    folder = example_team.folder("sam") / "vault"
    (tmp_path / "passphrase").write_text(example_team.passphrases["sam"])
    biggest = max((path for path in folder.iterdir() if path.is_file()), key=lambda path: path.stat().st_size)
    data = bytearray(biggest.read_bytes())
    data[len(data) // 2] ^= 1
    biggest.write_bytes(bytes(data))
    result = run("vault", "check", folder, "--passphrase-file", tmp_path / "passphrase")
    assert result.exit_code == 1
    assert "damaged" in result.output
    assert biggest.name in result.output
    assert biggest.read_bytes() == bytes(data)


def test_no_vault_and_no_passphrase_file(
    run: Run, vault: Path, passphrase_file: Path, tmp_path: Path
) -> None:
    result = run("vault", "check", tmp_path / "nothing", "--passphrase-file", passphrase_file)
    assert result.exit_code == 1
    assert "no vault" in result.output
    result = run("vault", "check", vault, "--passphrase-file", tmp_path / "nothing")
    assert result.exit_code == 1
    assert "nothing" in result.output
    assert "Traceback" not in result.output


# --- wording check ------------------------------------------------------------------------------


@pytest.mark.requirement("LT01")
def test_wording_check_finds_a_word(run: Run, tmp_path: Path) -> None:
    text = tmp_path / "card.md"
    text.write_text("People can rest here.\n\nYou should rest.\n")
    result = run("wording", "check", text)
    assert result.exit_code == 1
    assert "card.md:3" in result.output
    text.write_text("Resting is an option.\n")
    assert run("wording", "check", text).exit_code == 0


def test_wording_check_of_a_missing_file(run: Run, tmp_path: Path) -> None:
    good = tmp_path / "card.md"
    good.write_text("You must rest.\n")
    result = run("wording", "check", tmp_path / "nothing.md", good)
    assert result.exit_code == 2
    assert "nothing.md" in result.output
    assert "card.md:1" in result.output, "the others are checked all the same"


# --- the hub ------------------------------------------------------------------------------------


@pytest.mark.requirement("CC01")
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "hub.example.invalid", "::"])
def test_a_hub_does_not_listen_in_the_open(run: Run, tmp_path: Path, host: str) -> None:
    database = tmp_path / "hub.db"
    result = CliRunner().invoke(cli.app, ["hub", "--database", f"sqlite:///{database}", "--host", host])
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code != 0
    assert "can be reached from other machines" in str(result.exception.code) + result.output
    assert not database.exists()


def test_a_port_that_is_no_port(run: Run, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli.app, ["hub", "--database", f"sqlite:///{tmp_path / 'hub.db'}", "--port", "99999"]
    )
    assert isinstance(result.exception, SystemExit)
    assert "99999" in str(result.exception.code) + result.output


# --- what nobody thought of ---------------------------------------------------------------------


@pytest.mark.requirement("CC01")
def test_an_unknown_error_shows_no_case_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumble() -> None:
        note = "Robin sat by the fountain."
        raise KeyError(note)

    monkeypatch.setattr(cli, "app", stumble)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert "KeyError" in told.err
    assert "test_cli.py" in told.err
    assert "Robin" not in told.err + told.out
    assert "Traceback" not in told.err


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "outreach", "demo"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 2
    assert "--walk" in done.stdout
    assert "Traceback" not in done.stderr
