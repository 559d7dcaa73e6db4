"""The wording check: no word that tells people what to do, no word that labels them.

    from forms import wording

    for finding in wording.check("You must bring ID.", "en"):
        print(finding.message)

It is zero-tolerance: a practitioner of long standing says that one such word is "what the
client will remember". Hard findings fail a build; warnings are read by a person. The words
themselves are data, one list a language (`forms.wordlist`); which strings of a file a person
may see is told by `forms.prose`.

A longer phrase wins over a shorter one inside it ("service users" over "users"), so one slip
gives one finding.
"""

from __future__ import annotations

import sys
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forms import prose, wordlist
from forms.wordlist import Kind, Severity, WordingError, WordList, languages

__all__ = [
    "Finding",
    "Kind",
    "PlacedFinding",
    "Severity",
    "WordingError",
    "check",
    "check_file",
    "languages",
    "main",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One hit. ``start`` and ``end`` are character positions in the checked text (end exclusive),
    ``text`` is what stands there, ``term`` the entry of the word list, ``preferred`` what can be
    said instead, ``message`` a sentence for the writer.
    """

    start: int
    end: int
    text: str
    term: str
    severity: Severity
    kind: Kind
    preferred: tuple[str, ...]
    message: str

    @property
    def hard(self) -> bool:
        """True where it fails a build."""
        return self.severity == "hard"


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """A finding in a file. ``line`` counts from 1; ``key`` is the place as the allow-list names it."""

    path: Path
    line: int
    key: str
    finding: Finding

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.finding.severity}: {self.finding.message} [{self.key}]"


def check(text: str, language: str, *, key: str = "") -> list[Finding]:
    """All findings in a text, in order.

    ``language`` is a tag such as ``en`` or ``en-GB``; WordingError where it has no word list.
    ``key`` is the place the text comes from, for the allow-list of single places.
    """
    return check_with(wordlist.load(language), text, key=key)


def check_with(words: WordList, text: str, *, key: str = "") -> list[Finding]:
    """As `check`, with a word list in hand."""
    folded = wordlist.fold(text)
    hits: list[tuple[int, int, wordlist.Term, Severity]] = []
    for start, end, term in words.hits(folded.text):
        if wordlist.covering(term.unless, folded.text, start, end):
            continue
        if wordlist.covering(words.names, folded.text, start, end):
            continue
        softer = wordlist.covering(term.softer, folded.text, start, end)
        hits.append((start, end, term, "warn" if softer else term.severity))
    findings = []
    for start, end, term, severity in _longest(hits):
        if words.allows(key, term.term):
            continue
        first, last = folded.span(start, end)
        found = text[first:last]
        findings.append(
            Finding(
                start=first,
                end=last,
                text=found,
                term=term.term,
                severity=severity,
                kind=term.kind,
                preferred=term.prefer,
                message=_message(words, term, found),
            )
        )
    return findings


def check_file(path: str | Path, language: str) -> list[PlacedFinding]:
    """All findings in the strings of a file that a person may see.

    Knows .md, .txt, .toml, .csv, .po and .py (see `forms.prose` for what counts). Raises
    WordingError with a sentence where the file is missing, unreadable or of another kind.
    """
    place = Path(path)
    words = wordlist.load(language)
    findings = []
    for passage in prose.passages(place):
        for finding in check_with(words, passage.text, key=passage.key):
            entry = next((t for t in words.terms if t.term == finding.term), None)
            if passage.is_name and not (entry and entry.never_a_name):
                continue
            findings.append(
                PlacedFinding(place, passage.line_of(finding.start, finding.text), passage.key, finding)
            )
    return findings


def main(paths: Sequence[str], language: str) -> int:
    """Check files and print findings as ``file:line: …``.

    Returns 0 where no hard finding is left, 1 where there is one, 2 where a file could not be
    checked (the others still are).
    """
    hard = unchecked = 0
    if not paths:
        print("No file was named, so nothing was checked. Name one or more files.", file=sys.stderr)
        return 2
    for path in paths:
        try:
            findings = check_file(path, language)
        except WordingError as error:
            print(error, file=sys.stderr)
            unchecked += 1
            continue
        for finding in findings:
            print(finding)
            hard += finding.finding.hard
    if unchecked:
        return 2
    return 1 if hard else 0


def _longest(
    hits: list[tuple[int, int, wordlist.Term, Severity]],
) -> list[tuple[int, int, wordlist.Term, Severity]]:
    """Of hits that overlap keep one: hard before warn, then the longer, then the earlier one."""
    ranked = sorted(hits, key=lambda hit: (hit[3] != "hard", hit[0] - hit[1], hit[0]))
    kept: list[tuple[int, int, wordlist.Term, Severity]] = []
    starts: list[int] = []
    for hit in ranked:
        place = bisect(starts, hit[0])
        free_before = place == 0 or kept[place - 1][1] <= hit[0]
        free_after = place == len(kept) or hit[1] <= kept[place][0]
        if free_before and free_after:
            starts.insert(place, hit[0])
            kept.insert(place, hit)
    return kept


def _message(words: WordList, term: wordlist.Term, found: str) -> str:
    instead = f" Instead: {', '.join(term.prefer)}." if term.prefer else ""
    return f"“{' '.join(found.split())}”. {words.messages[term.kind]}{instead}"
