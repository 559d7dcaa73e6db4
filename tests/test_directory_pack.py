"""A directory with a mistake is refused with a sentence, and the one from before stays in use."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from forms import services
from outreach.cli import app
from outreach.example import team


@pytest.mark.requirement("DE12", "BC19")
def test_a_wrong_date_leaves_the_old_directory_in_use(example_team: team.Example, tmp_path: Path) -> None:
    text = services.EXAMPLE.read_text(encoding="utf-8")
    wrong = tmp_path / "ours.toml"
    wrong.write_text(text.replace("closes_on = 2022-11-30", 'closes_on = "30/11/2022"'), encoding="utf-8")
    assert wrong.read_text(encoding="utf-8") != text
    device = example_team.open_device("sam")
    before = device.directory
    with pytest.raises(services.DirectoryError, match="closes_on"):
        device.take_directory(wrong)
    assert device.directory == before
    device.close()
    assert example_team.open_device("sam").directory == before


def test_a_sound_directory_is_taken_and_stays(example_team: team.Example, tmp_path: Path) -> None:
    ours = tmp_path / "ours.toml"
    text = services.EXAMPLE.read_text(encoding="utf-8")
    ours.write_text(text.replace('name = "The Yard"', 'name = "The Old Yard"', 1), encoding="utf-8")
    done = CliRunner().invoke(
        app, ["directory", "check", str(ours), "--profile", str(example_team.folder("sam"))]
    )
    assert done.exit_code == 0, done.output
    assert example_team.open_device("sam").directory.service("yard").name == "The Old Yard"


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "ours.toml"
    wrong.write_text("services = 3", encoding="utf-8")
    done = CliRunner().invoke(app, ["directory", "check", str(wrong)])
    assert done.exit_code == 1
    assert "ours.toml" in done.output
    assert CliRunner().invoke(app, ["directory", "check", str(tmp_path / "none.toml")]).exit_code == 1
