"""Runs the wording check over every string of the product that a person may see or hear.

    python -m tests.check_wording          prints findings, exit 1 on a hard one, 2 if unreadable
    python -m tests.check_wording --quiet  hard findings only

What is looked at: the program texts of outreach/, forms/ and sync/, the data in forms/ (cards,
lists, directory, question sets, locales), README.md and SECURITY.md. The word lists themselves
hold the words on purpose and are left out; search words, identifiers and titles of sources are
left out by `forms.prose`. A card or locale in another language is checked with that language's
list, and one whose language has no list fails.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from forms import wording

ROOT = Path(__file__).resolve().parent.parent
CODE = ("outreach", "forms", "sync")
DATA_KINDS = {".toml", ".csv", ".md", ".txt", ".po"}
DOCUMENTS = ("README.md", "SECURITY.md")
WORD_LISTS = {"wording.toml", "wording-allowed.toml"}


def files(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Every file to check with its language, relative to the root, sorted."""
    for package in CODE:
        for path in sorted((root / package).rglob("*.py")):
            yield path.relative_to(root), "en"
    for path in sorted((root / "forms").rglob("*")):
        if path.suffix in DATA_KINDS and path.name not in WORD_LISTS:
            yield path.relative_to(root), language_of(path.relative_to(root))
    for name in DOCUMENTS:
        if (root / name).is_file():
            yield Path(name), "en"


def language_of(path: Path) -> str:
    """The language of a data file: a folder of locales, or the second ending of a card's name."""
    parts = path.parts
    if "locales" in parts and parts.index("locales") + 2 < len(parts):
        return parts[parts.index("locales") + 1]
    endings = path.suffixes
    return endings[-2].removeprefix(".") if len(endings) > 1 else "en"


def findings(root: Path = ROOT) -> tuple[list[wording.PlacedFinding], list[str]]:
    """All findings, and a sentence for each file that could not be checked."""
    found: list[wording.PlacedFinding] = []
    problems: list[str] = []
    for path, language in files(root):
        try:
            found.extend(wording.check_file(root / path, language))
        except wording.WordingError as error:
            problems.append(str(error))
    return found, problems


def main(arguments: list[str]) -> int:
    """Print what was found; 0, 1 (a hard finding) or 2 (a file that could not be checked)."""
    found, problems = findings()
    hard = [entry for entry in found if entry.finding.hard]
    for entry in hard if "--quiet" in arguments else found:
        print(str(entry).replace(f"{ROOT}/", ""))
    for problem in problems:
        print(problem)
    print(f"wording: {len(hard)} hard, {len(found) - len(hard)} to look at, {len(list(files()))} files")
    return 2 if problems else (1 if hard else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
