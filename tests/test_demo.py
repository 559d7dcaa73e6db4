"""The walk: the whole job without a screen, and what it leaves behind."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest

from forms import wording
from outreach import demo, slips
from outreach.example import team
from outreach.example.team import NotAnExample
from outreach.logbook.events import ContactRecorded, PersonMade
from tests.members import Members

pytestmark = pytest.mark.xdist_group("walk")

PRIVATE = ("Robin", "heroin", "crack", "Back on Thursday", "prefers Sam", "EX4417", "harbour", "hot_drink")
LEFT = ("slip.pdf", "slip.png", "report.pdf", "report.csv", "hub.db")


@dataclass
class Walked:
    folder: Path
    said: list[str] = field(default_factory=list)
    logged: str = ""


class _Everything(logging.Handler):
    """Every record that anyone logs, formatted, with its arguments and traces."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    walked = Walked(tmp_path_factory.mktemp("walk") / "papers" / "here")
    root, heard = logging.getLogger(), _Everything()
    levels = {root: root.level}
    for name in list(logging.root.manager.loggerDict):
        levels[logging.getLogger(name)] = logging.getLogger(name).level
    root.addHandler(heard)
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    try:
        demo.walk(walked.folder, say=walked.said.append)
    finally:
        root.removeHandler(heard)
        for logger, level in levels.items():
            logger.setLevel(level)
    walked.logged = "\n".join(heard.lines)
    return walked


@pytest.mark.requirement("RS04", "DA01", "RP01")
def test_the_whole_job_leaves_its_papers(walked: Walked) -> None:
    for name in LEFT:
        assert (walked.folder / name).stat().st_size > 0, name
    assert (walked.folder / "slip.pdf").read_bytes().startswith(b"%PDF-")
    assert len([line for line in walked.said if re.match(r"\s?\d+  ", line)]) == 10
    assert "0 records wait" in walked.said[-1]
    assert any("green" in line and "Robin has come" in line for line in walked.said)


def test_what_the_walk_says_is_well_put(walked: Walked) -> None:
    assert wording.check("\n".join(walked.said), "en") == []


@pytest.mark.requirement("RS04", "DA01")
def test_the_slip_of_the_walk_is_green(walked: Walked) -> None:
    text = slips.decode((walked.folder / "slip.png").read_bytes())
    assert text is not None
    trust = demo.trust(walked.folder)
    assert slips.check(text, trust, datetime.now(UTC)).colour == "green"
    assert slips.Trust.from_json(trust.to_json()) == trust


@pytest.mark.requirement("RP02", "RP01")
def test_the_report_has_the_numbers_of_the_study(walked: Walked) -> None:
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(walked.folder / "report.pdf").pages)
    for number in (447, 276, 221, 125, 74):
        assert re.search(rf"\b{number}\b", text), number
    rows = list(csv.reader(io.StringIO((walked.folder / "report.csv").read_text(encoding="utf-8"))))
    numbers = {cell for row in rows for cell in row}
    assert {"447", "276", "221", "125", "74"} <= numbers


@pytest.mark.requirement("CC01", "CC03", "CC04")
def test_the_hub_s_database_holds_nothing_in_plain(walked: Walked) -> None:
    stored = b"".join(path.read_bytes() for path in sorted(walked.folder.glob("hub.db*")))
    assert len(stored) > 100_000
    for private in PRIVATE:
        for encoding in ("utf-8", "utf-16-le"):
            assert private.encode(encoding) not in stored, private


@pytest.mark.requirement("CC01")
def test_the_outboxes_hold_nothing_in_plain(walked: Walked) -> None:
    for profile in team.load(walked.folder).profiles.values():
        stored = b"".join(path.read_bytes() for path in sorted(profile.glob("outbox.db*")))
        vault = b"".join(
            path.read_bytes() for path in sorted((profile / "vault").iterdir()) if path.is_file()
        )
        assert stored
        assert vault
        for private in ("Robin", "Back on Thursday", "EX4417", "hot_drink", "substances"):
            assert private.encode() not in stored + vault, private


@pytest.mark.requirement("CC01")
def test_nothing_private_is_logged(walked: Walked) -> None:
    example = team.load(walked.folder)
    with Members(example) as members:
        alex = members.session("alex")
        handles = [e.handle for e in alex.logbook if isinstance(e, PersonMade) and e.chosen_name]
        notes = [e.note for e in alex.logbook if isinstance(e, ContactRecorded) and e.note]
        slip_seed = alex._records.slip_key
    assert handles
    assert notes
    assert slip_seed is not None
    assert len(walked.logged) > 200, "nothing was logged at all: this test would show nothing"
    seeds = [json.loads((folder / "device.json").read_text())["seed"] for folder in example.profiles.values()]
    text = slips.decode((walked.folder / "slip.png").read_bytes())
    assert text is not None
    private = (
        *("Robin", "heroin", "Back on Thursday", "EX4417", "hot_drink"),
        *handles,
        *notes,
        *seeds,
        *example.passphrases.values(),
        slip_seed[1].hex(),
        text,
    )
    for each in private:
        assert each not in walked.logged, each


@pytest.mark.requirement("RS08", "DA04")
def test_every_profile_of_the_walk_opens_again(walked: Walked) -> None:
    with Members(team.load(walked.folder)) as members:
        sam, yard = members.session("sam"), members.session("yard")
        assert [each.state for each in sam.referrals() if each.service == "yard"] == ["assessed"]
        assert [each.chosen_name for each in yard.arrivals_today()] == ["Robin"]
        assert sam.waiting() == yard.waiting() == 0


def test_walking_again_in_the_same_folder(walked: Walked) -> None:
    """Last in this file: it makes everything anew."""
    before = slips.decode((walked.folder / "slip.png").read_bytes())
    passphrases = dict(team.load(walked.folder).passphrases)
    demo.walk(walked.folder, say=lambda _: None)
    after = slips.decode((walked.folder / "slip.png").read_bytes())
    assert after not in (None, before)
    assert set(team.load(walked.folder).passphrases.values()).isdisjoint(passphrases.values())
    assert slips.check(str(after), demo.trust(walked.folder), datetime.now(UTC)).colour == "green"
    assert slips.check(str(before), demo.trust(walked.folder), datetime.now(UTC)).colour == "amber"


# --- folders ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hub.db", "hub.key", "profiles"])
def test_nobody_else_s_hub_or_profiles_are_taken_over(tmp_path: Path, name: str) -> None:
    theirs = tmp_path / name
    if name == "profiles":
        theirs.mkdir()
        theirs = theirs / "letters.txt"
    theirs.write_text("keep me")
    before = sorted(tmp_path.rglob("*"))
    for make in (lambda: demo.walk(tmp_path, say=lambda _: None), lambda: team.build(tmp_path)):
        with pytest.raises(NotAnExample) as told:
            make()
        assert name in str(told.value)
        assert wording.check(str(told.value), "en") == []
    assert sorted(tmp_path.rglob("*")) == before
    assert theirs.read_text() == "keep me"


def test_what_else_lies_in_the_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("keep me")
    team.claim(tmp_path)
    team.claim(tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "keep me"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        demo.walk(tmp_path / "file" / "papers", say=lambda _: None)


def test_the_example_s_secrets_lie_in_files_of_this_account(built_team: team.Example) -> None:
    assert (built_team.root / "passphrases.json").stat().st_mode & 0o077 == 0
    for passphrase in built_team.passphrases.values():
        assert len(set(passphrase.split())) >= 5
        assert passphrase not in repr(built_team)
    assert len(set(built_team.passphrases.values())) == 4
