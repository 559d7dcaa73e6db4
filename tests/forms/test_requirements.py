"""The list of requirements and the script that compares it with the tests."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def script() -> ModuleType:
    """`tests/check_requirements.py`, however pytest was started."""
    spec = importlib.util.spec_from_file_location("check_req", ROOT / "tests" / "check_requirements.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "requirements.csv").write_text("id,line\nBC01,One line\nLT02,Another line\n")
    return folder


def test_all_146_are_listed_in_ten_groups(script: ModuleType) -> None:
    known, problems = script.rows(ROOT / "tests" / "requirements.csv")
    assert problems == []
    assert len(known) == 146
    sizes = {group: sum(key.startswith(group) for key in known) for group in {key[:2] for key in known}}
    assert sizes == {
        "BC": 20,
        "HA": 16,
        "RS": 20,
        "DE": 21,
        "DA": 10,
        "FO": 17,
        "RP": 12,
        "CC": 10,
        "LT": 12,
        "PW": 8,
    }


def test_every_mark_in_the_repository_is_for_a_known_requirement(script: ModuleType) -> None:
    known, _ = script.rows(ROOT / "tests" / "requirements.csv")
    places, problems = script.shown(ROOT / "tests")
    assert problems == []
    assert set(places) <= set(known)


def test_what_has_no_test_is_printed_and_is_fine(
    script: ModuleType, tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tests / "test_a.py").write_text('import pytest\n@pytest.mark.requirement("BC01")\ndef test_x(): pass\n')
    assert script.main(tests) == 0
    said = capsys.readouterr().out
    assert "  LT 02\n" in said
    assert "2 known, 1 with a test, 1 without one" in said


@pytest.mark.parametrize(
    "text",
    [
        '@pytest.mark.requirement("BC99")\ndef test_x(): pass\n',
        '@pytest.mark.requirement("BC01", "ZZ01")\nclass TestX: pass\n',
        'pytestmark = pytest.mark.requirement("bc01")\n',
        'pytestmark = [pytest.mark.requirement("BC1")]\n',
        'X = "BC01"\n@pytest.mark.requirement(X)\ndef test_x(): pass\n',
    ],
)
def test_an_unknown_id_fails(script: ModuleType, tests: Path, text: str) -> None:
    (tests / "deep").mkdir()
    (tests / "deep" / "test_b.py").write_text(f"import pytest\n{text}")
    assert script.main(tests) == 1


@pytest.mark.parametrize("row", ["BC01,Twice", "XX1,Wrong id", "BC02,", "BC03,a,b"])
def test_a_row_that_is_wrong_fails(script: ModuleType, tests: Path, row: str) -> None:
    with (tests / "requirements.csv").open("a") as file:
        file.write(row + "\n")
    assert script.main(tests) == 1
