"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_vault_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert {each.name for each in tmp_path.iterdir()} >= {"notes", "plain-notes"}


def test_every_file_that_it_names_is_there() -> None:
    root = Path(__file__).parent.parent
    named = re.findall(r"`([\w/.-]+\.(?:md|py|csv|png|txt))`|src=\"([^\"]+)\"", README)
    paths = {first or second for first, second in named} - {"slip.pdf", "slip.png", "hub.db"}
    assert paths
    for path in paths:
        assert any((root / start / path).exists() for start in ("", "outreach", "tests")), path


def test_its_make_commands_exist() -> None:
    makefile = (Path(__file__).parent.parent / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"^ {4}make (\w+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
