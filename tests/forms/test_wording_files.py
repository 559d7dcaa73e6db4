"""The wording check on files: what of a file a person may see, at which line, and exit codes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from forms import wording
from forms.wording import WordingError, check_file

ROOT = Path(__file__).resolve().parents[2]


def found(path: Path, text: str, *, hard: bool = True) -> list[tuple[int, str]]:
    path.write_text(text, encoding="utf-8")
    return [(f.line, f.finding.text) for f in check_file(path, "en") if f.finding.hard or not hard]


def whole_check() -> ModuleType:
    """`tests/check_wording.py`, however pytest was started."""
    spec = importlib.util.spec_from_file_location("check_wording", ROOT / "tests" / "check_wording.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.requirement("LT01", "LT02", "LT03", "LT05", "LT06", "LT07")
def test_the_whole_product_has_no_hard_finding() -> None:
    findings, problems = whole_check().findings()
    assert [str(f) for f in findings if f.finding.hard] == []
    assert problems == []


def test_the_whole_check_looks_at_code_data_and_documents() -> None:
    files = {path.as_posix() for path, _ in whole_check().files()}
    assert {"forms/wording.py", "forms/advice/foil.toml", "forms/lists/substances.toml"} <= files
    assert "README.md" in files
    assert any(name.startswith("outreach/") for name in files)
    assert any(name.startswith("sync/") for name in files)
    assert not any(name.endswith("wording.toml") for name in files)


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("forms/advice/foil.toml", "en"),
        ("forms/advice/foil.cy.toml", "cy"),
        ("forms/locales/pl/slip.toml", "pl"),
        ("forms/locales/notes.md", "en"),
        ("forms/directory/example.toml", "en"),
    ],
)
def test_each_file_is_checked_in_its_own_language(path: str, language: str) -> None:
    assert whole_check().language_of(Path(path)) == language


class TestWholeTree:
    """The script on a small tree of its own."""

    @pytest.fixture
    def tree(self, tmp_path: Path) -> Path:
        for name in ("outreach", "forms/advice", "sync"):
            (tmp_path / name).mkdir(parents=True)
        (tmp_path / "README.md").write_text("# Fine\n")
        return tmp_path

    def test_a_hard_word_anywhere_is_found(self, tree: Path) -> None:
        (tree / "outreach" / "a.py").write_text('label = "Users list"\n')
        (tree / "forms" / "advice" / "b.toml").write_text('title = "Clean needles"\n')
        (tree / "README.md").write_text("You must.\n")
        findings, problems = whole_check().findings(tree)
        assert sorted((f.path.name, f.finding.term) for f in findings) == [
            ("README.md", "must"),
            ("a.py", "user"),
            ("b.toml", "clean"),
        ]
        assert problems == []

    @pytest.mark.requirement("LT02")
    def test_a_card_in_a_language_without_a_list_fails(self, tree: Path) -> None:
        (tree / "forms" / "advice" / "b.cy.toml").write_text('title = "Ffoil"\n')
        findings, problems = whole_check().findings(tree)
        assert findings == []
        assert len(problems) == 1
        assert "'cy'" in problems[0]


class TestPython:
    def test_what_a_person_may_see_is_checked(self, tmp_path: Path) -> None:
        source = (
            '"""Docstring: users must."""\n'
            "x = 1\n"
            'label = "You must come"\n'
            'def f(name):\n    """The user must."""\n    return f"{name} has to wait"\n'
            'sum = "You need " + "to come"\n'
            'long = (\n    "One line is fine, "\n    "the other says you should "\n    "stay"\n)\n'
        )
        assert found(tmp_path / "a.py", source) == [
            (3, "must"),
            (6, "has to"),
            (7, "need to"),
            (10, "should"),
        ]

    def test_a_name_in_code_is_no_text_but_a_slur_is_one_everywhere(self, tmp_path: Path) -> None:
        source = (
            'a = {"user": 1, "client_id": 2, "abuse": 3, "Users/x": 4}\n'
            'b = "Users"\n'
            'c = "junkie"\n'
            'd = "PRAGMA user_version"\n'
        )
        assert found(tmp_path / "a.py", source) == [(2, "Users"), (3, "junkie")]

    def test_names_of_a_module_annotations_and_repr_are_not_shown(self, tmp_path: Path) -> None:
        source = (
            '__all__ = ["Client", "User"]\n'
            'a: "Client | User" = "The user"\n'
            'def f(x: "The user" = "The client") -> "A user":\n    return "An addict"\n'
            'K = Literal["The user"]\n'
            'class C:\n    def __repr__(self):\n        return "Client()"\n'
            'async def g():\n    return "A junkie"\n'
        )
        assert found(tmp_path / "a.py", source) == [
            (2, "user"),
            (3, "client"),
            (4, "addict"),
            (10, "junkie"),
        ]

    def test_the_marker_lets_a_line_or_a_statement_pass(self, tmp_path: Path) -> None:
        source = (
            'a = "You must"  # wording: not shown\n'
            "b = [  # wording: not shown\n"
            '    "the user",\n'
            '    "an addict",\n'
            "]\n"
            "c = [\n"
            '    "the user",  # wording: not shown\n'
            '    "an addict",\n'
            "]\n"
        )
        assert found(tmp_path / "a.py", source) == [(8, "addict")]

    def test_the_help_of_a_command_is_shown(self, tmp_path: Path) -> None:
        source = (
            '@app.command()\ndef go() -> None:\n    """You must go."""\n\n'
            '@app.other\ndef stay() -> None:\n    """You must stay."""\n'
        )
        assert found(tmp_path / "a.py", source) == [(3, "must")]

    def test_what_is_computed_inside_an_f_string_is_looked_at_too(self, tmp_path: Path) -> None:
        source = "a = f\"{'You must' if x else 'go on'} now\"\n"
        assert found(tmp_path / "a.py", source) == [(1, "must")]

    def test_a_value_in_between_does_not_make_a_phrase(self, tmp_path: Path) -> None:
        assert found(tmp_path / "a.py", 'a = f"you need {thing} to write"\n') == []


class TestOtherKinds:
    def test_markdown_without_code_and_addresses(self, tmp_path: Path) -> None:
        text = (
            "# Users\n\nRun `make clean` and see [this](https://x.example/user-guide).\n"
            "```sh\nmake clean\n```\n\n> You have\n> to read on.\n\n```\nthe user\n```\n"
        )
        assert found(tmp_path / "a.md", text) == [(1, "Users"), (8, "have\n> to"), (12, "user")]

    def test_plain_text(self, tmp_path: Path) -> None:
        assert found(tmp_path / "a.txt", "fine\nthe addict\n") == [(2, "addict")]

    def test_toml_without_hidden_words_identifiers_and_sources(self, tmp_path: Path) -> None:
        text = (
            'title = "A list"\nversion = 1\nsources = ["The Addict\'s Journal"]\n\n'
            '[[codes]]\nkey = "user"\nlabel = "Clean needles"\nsynonyms = ["junkie", "smack"]\n'
            'note = """\nfirst line\nyou must\n"""\nmaps = { x = "abuse" }\n'
        )
        path = tmp_path / "a.toml"
        assert found(path, text) == [(7, "Clean"), (11, "must")]
        keys = [f.key for f in check_file(path, "en")]
        assert keys == [f"{path.as_posix()}:codes.user.label", f"{path.as_posix()}:codes.user.note"]

    def test_csv_with_the_column_as_place(self, tmp_path: Path) -> None:
        text = 'name,label,synonyms\nq1,"Two lines,\nyou must",junkie\nq2,Are you clean?,x\n'
        assert found(tmp_path / "a.csv", text) == [(3, "must"), (4, "clean")]

    def test_po_checks_translations_and_what_is_not_translated_yet(self, tmp_path: Path) -> None:
        text = (
            'msgid ""\nmsgstr "Project-Id: users\\n"\n\n'
            'msgid "You must"\nmsgstr "You could"\n\n'
            'msgid "fine"\nmsgstr ""\n"you "\n"should"\n\n'
            'msgid "the users"\nmsgstr ""\n'
        )
        assert found(tmp_path / "a.po", text) == [(8, "should"), (13, "users")]


class TestBadFiles:
    @pytest.mark.parametrize(
        ("name", "data", "says"),
        [
            ("a.py", b"def (:\n", "not sound Python"),
            ("a.py", b"x = '\x00'\n", "not sound Python"),
            ("a.toml", b"x = [", "not sound TOML"),
            ("a.md", b"\xff\xfe\x00bad", "can't be read as text"),
            ("a.exe", b"MZ", "only these kinds"),
            ("a.po", b'msgid "x"\nmsgstr "y" z"\n', "was not checked"),
        ],
    )
    def test_a_sentence_for_each(self, tmp_path: Path, name: str, data: bytes, says: str) -> None:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(WordingError, match=says):
            check_file(path, "en")

    def test_missing_and_folder(self, tmp_path: Path) -> None:
        with pytest.raises(WordingError, match="is not there"):
            check_file(tmp_path / "nowhere.md", "en")
        with pytest.raises(WordingError, match="is a folder"):
            check_file(tmp_path, "en")


class TestMain:
    def test_nothing_found_is_0(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        good = tmp_path / "good.txt"
        good.write_text("You could come.")
        assert wording.main([str(good)], "en") == 0
        assert capsys.readouterr().out == ""

    def test_a_warning_is_printed_and_is_0(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "warn.txt"
        path.write_text("\nnever mind")
        assert wording.main([str(path)], "en") == 0
        assert capsys.readouterr().out.startswith(f"{path}:2: warn: ")

    def test_a_hard_finding_is_1(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "bad.txt"
        path.write_text("You must.")
        assert wording.main([str(path)], "en") == 1
        assert capsys.readouterr().out.startswith(f"{path}:1: hard: “must”.")

    def test_a_file_that_is_not_there_is_2_and_the_others_are_still_checked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "bad.txt"
        path.write_text("You must.")
        assert wording.main([str(tmp_path / "nowhere.txt"), str(path)], "en") == 2
        said = capsys.readouterr()
        assert "nowhere.txt is not there" in said.err
        assert "“must”" in said.out

    def test_an_unknown_language_and_no_files_are_2(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "a.txt"
        path.write_text("x")
        assert wording.main([str(path)], "xx") == 2
        assert "no word list" in capsys.readouterr().err
        assert wording.main([], "en") == 2
        assert "Name one or more files" in capsys.readouterr().err
