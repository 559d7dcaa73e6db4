"""Says which requirements have no test, and refuses marks for requirements that don't exist.

    python -m tests.check_requirements

The rows are `tests/requirements.csv` (id, one line). A test shows one with
``@pytest.mark.requirement("BC01")``; marks are found by reading the test files, not by running
them: on functions, on classes, and in a module's ``pytestmark``. Exit 1 on an unknown id, a row
that is there twice, or a mark whose ids are not plain texts.
"""

from __future__ import annotations

import ast
import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def rows(path: Path) -> tuple[dict[str, str], list[str]]:
    """Id and line of every requirement, and a sentence for each row that can't be used."""
    known: dict[str, str] = {}
    problems: list[str] = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key, line = (row.get("id") or "").strip(), (row.get("line") or "").strip()
            if not re.fullmatch(r"[A-Z]{2}\d{2}", key) or not line or None in row:
                problems.append(f"{path.name}: the row {key!r} is not an id with one line.")
            elif key in known:
                problems.append(f"{path.name}: {key} is there twice.")
            else:
                known[key] = line
    return known, problems


def marks(path: Path) -> Iterator[tuple[str | None, int]]:
    """Every id marked in a test file with its line; None where an argument is not a plain text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.requirement"):
            for argument in node.args:
                plain = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                yield (argument.value if plain else None), node.lineno  # type: ignore[union-attr]


def shown(tests: Path) -> tuple[dict[str, list[str]], list[str]]:
    """The places that show each id, and a sentence for each mark that can't be read."""
    places: dict[str, list[str]] = defaultdict(list)
    problems: list[str] = []
    for path in sorted(tests.rglob("test_*.py")):
        where = path.relative_to(tests.parent)
        for key, line in marks(path):
            if key is None:
                problems.append(f"{where}:{line}: a requirement is marked with something else than a text.")
            else:
                places[key].append(f"{where}:{line}")
    return dict(places), problems


def main(tests: Path = TESTS) -> int:
    """Print what is missing; 0, or 1 where a mark or a row is wrong."""
    known, problems = rows(tests / "requirements.csv")
    places, unread = shown(tests)
    problems += unread
    for key in sorted(set(places) - set(known)):
        problems.append(f"{', '.join(places[key])}: no requirement is called {key!r}.")
    missing: dict[str, list[str]] = defaultdict(list)
    for key in known:
        if key not in places:
            missing[key[:2]].append(key[2:])
    for group, numbers in missing.items():
        print(f"  {group} {' '.join(numbers)}")
    count = sum(map(len, missing.values()))
    print(f"requirements: {len(known)} known, {len(known) - count} with a test, {count} without one")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
