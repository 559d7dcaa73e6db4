"""A language's word list: what is never said, what to say instead, and what may pass.

Two TOML files a language, in ``forms/locales/<language>/``: ``wording.toml`` holds the terms,
written as small phrase patterns that its head explains; ``wording-allowed.toml`` holds proper
names and single places that pass, each with a reason and a reviewer. `forms.wording` is the
door for everybody else.

Text is compared in a folded form: small letters, straight apostrophes, compatibility forms
undone, invisible characters gone. A map leads from each folded character back to its place in
the text, so a finding always names the characters that are really there.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import msgspec

Severity = Literal["hard", "warn"]
Kind = Literal["modal", "stigma"]

_GAP = r"[\s\-*_>|]+"  # between the words of a phrase: spaces, line breaks, hyphens, Markdown marks
_JOIN = r"[\s\-]*"  # where a pattern has a hyphen: two words, one, or hyphenated
# A word ends where a letter or digit is no neighbour; `_must_` is Markdown, `user_id` a name.
_LEFT, _RIGHT = r"(?<![^\W_])(?<!\w_)", r"(?![^\W_])(?!_\w)"
_WORD = re.compile(r"[^\W_]+")
_NEAR = 100  # characters around a finding in which a phrase that excuses it can stand
_APOSTROPHES = dict.fromkeys("’‘ʼ＇′`´‛ʹ", "'")
_HYPHENS = dict.fromkeys("‐‑‒–—−", "-")
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")


class WordingError(ValueError):
    """A word list or a file to check can't be read; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text made comparable, and for each of its characters the index in the original text."""

    text: str
    places: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the original for a span of the folded text (end exclusive)."""
        return self.places[start], self.places[end - 1] + 1


def fold(text: str) -> Folded:
    """The comparable form of a text."""
    if text.isascii():
        return Folded(text.lower(), range(len(text)))
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        if letter in _INVISIBLE:
            continue
        same = _APOSTROPHES.get(letter) or _HYPHENS.get(letter)
        told = same or unicodedata.normalize("NFKC", letter).lower()
        letters.append(told)
        places.extend([place] * len(told))
    return Folded("".join(letters), places)


@dataclass(frozen=True, slots=True)
class Term:
    """One entry: what it looks for, how grave it is, and what can be said instead."""

    term: str
    kind: Kind
    severity: Severity
    prefer: tuple[str, ...]
    never_a_name: bool
    unless: re.Pattern[str] | None
    softer: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Look:
    """What to try where a certain word stands: a term, its phrases that begin with that word, and
    how many characters before the word they begin (1 for a leading apostrophe).
    """

    term: Term
    phrases: re.Pattern[str]
    before: int


@dataclass(frozen=True, slots=True)
class AllowedPlace:
    """One place in which one term may stand, with the reason and who agreed."""

    key: str
    term: str
    reason: str
    reviewer: str


@dataclass(frozen=True, slots=True)
class WordList:
    """All terms of one language with what is allowed."""

    language: str
    version: int
    terms: tuple[Term, ...]
    messages: Mapping[Kind, str]
    names: re.Pattern[str] | None
    places: tuple[AllowedPlace, ...]
    by_word: Mapping[str, tuple[Look, ...]]
    """What to try at a word that is exactly this."""
    by_root: Mapping[str, tuple[Look, ...]]
    """What to try at a word that begins with these letters."""

    def hits(self, text: str) -> Iterator[tuple[int, int, Term]]:
        """Every place of a folded text where a term's phrase stands, before exceptions.

        One walk over the words, and few phrases are tried at each, so that the time grows with
        the text and not with text times list.
        """
        lengths = sorted({len(root) for root in self.by_root})
        for word in _WORD.finditer(text):
            told, place = word[0], word.start()
            looks = list(self.by_word.get(told, ()))
            for length in lengths:
                looks.extend(self.by_root.get(told[:length], ()) if length <= len(told) else ())
            for look in looks:
                found = look.phrases.match(text, max(place - look.before, 0))
                if found:
                    yield found.start(), found.end(), look.term

    def allows(self, key: str, term: str) -> bool:
        """Whether a reviewer let this term stand at this place (paths may be given in full)."""
        return any(
            place.term == term and (key == place.key or key.endswith(f"/{place.key}"))
            for place in self.places
        )


class _TermRow(msgspec.Struct, forbid_unknown_fields=True):
    term: str
    kind: Kind
    severity: Severity
    match: list[str]
    prefer: list[str]
    unless: list[str] = []
    softer: list[str] = []
    never_a_name: bool = False


class _ListFile(msgspec.Struct, forbid_unknown_fields=True):
    language: str
    version: int
    messages: dict[str, str]
    terms: list[_TermRow]
    small_words: list[str] = []


class _NameRow(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    reason: str
    reviewer: str


class _PlaceRow(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    term: str
    reason: str
    reviewer: str


class _AllowedFile(msgspec.Struct, forbid_unknown_fields=True):
    names: list[_NameRow] = []
    places: list[_PlaceRow] = []


def languages() -> tuple[str, ...]:
    """The languages that have a word list, sorted. A language pack without one fails the check."""
    folder = resources.files("forms") / "locales"
    return tuple(sorted(f.name for f in folder.iterdir() if (f / "wording.toml").is_file()))


@functools.cache
def load(language: str) -> WordList:
    """The word list for a language tag such as ``en`` or ``en-GB``. Raises WordingError."""
    wanted = language.strip().lower().replace("_", "-")
    folder = resources.files("forms") / "locales"
    for tag in (wanted, wanted.split("-")[0]):
        if tag in languages():
            allowed = folder / tag / "wording-allowed.toml"
            return parse(
                (folder / tag / "wording.toml").read_text("utf-8"),
                allowed.read_text("utf-8") if allowed.is_file() else "",
            )
    raise WordingError(
        f"There is no word list for the language {language!r} yet, so nothing was checked. "
        f"There is one for: {', '.join(languages())}."
    )


def parse(words: str, allowed: str = "") -> WordList:
    """A word list from the texts of its two files. Raises WordingError, saying what is wrong."""
    try:
        rows = msgspec.convert(tomllib.loads(words), _ListFile)
        passes = msgspec.convert(tomllib.loads(allowed), _AllowedFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise WordingError(f"A word list can't be read: {error}. Nothing was checked.") from error
    known = {row.term for row in rows.terms}
    reviewed = [(e.reason, e.reviewer) for e in passes.names] + [
        (e.reason, e.reviewer) for e in passes.places
    ]
    for reason, reviewer in reviewed:
        if not reason.strip() or not reviewer.strip():
            raise WordingError("An entry of the allow-list has no reason or no reviewer.")
    for place in passes.places:
        if not place.key.strip() or "*" in place.key or place.term not in known:
            raise WordingError(
                f"The allow-list names {place.term!r} at {place.key!r}: "
                "an entry is for one known term at one place."
            )
    small = "|".join(_words(word) for word in rows.small_words)
    terms = tuple(
        Term(
            term=row.term,
            kind=row.kind,
            severity=row.severity,
            prefer=tuple(row.prefer),
            never_a_name=row.never_a_name,
            unless=_any_of(row.unless, small),
            softer=_any_of(row.softer, small),
        )
        for row in rows.terms
    )
    by_word: dict[str, list[Look]] = defaultdict(list)
    by_root: dict[str, list[Look]] = defaultdict(list)
    for row, term in zip(rows.terms, terms, strict=True):
        if not row.match:
            raise WordingError(f"The term {row.term!r} has nothing to look for.")
        for (root, whole, before), phrases in _by_first_word(row.match).items():
            pattern = _any_of(phrases, small)
            assert pattern is not None
            (by_word if whole else by_root)[root].append(Look(term, pattern, before))
    return WordList(
        language=rows.language,
        version=rows.version,
        terms=terms,
        messages={"modal": rows.messages["modal"], "stigma": rows.messages["stigma"]},
        names=_any_of([n.name for n in passes.names], small),
        places=tuple(AllowedPlace(p.key, p.term, p.reason, p.reviewer) for p in passes.places),
        by_word={word: tuple(looks) for word, looks in by_word.items()},
        by_root={root: tuple(looks) for root, looks in by_root.items()},
    )


def _by_first_word(phrases: list[str]) -> dict[tuple[str, bool, int], list[str]]:
    """Phrases by (first word or its root, whether it is the whole word, characters before it)."""
    sorted_out: dict[tuple[str, bool, int], list[str]] = defaultdict(list)
    for phrase in phrases:
        for first in fold(phrase).text.split()[0].split("/"):
            found = _WORD.search(first)
            if not found:
                raise WordingError(f"The phrase {phrase!r} does not begin with a word.")
            whole = first[found.end() : found.end() + 1] not in ("-", "*")
            sorted_out[found[0], whole, found.start()].append(phrase)
    return sorted_out


def _any_of(phrases: list[str], small: str) -> re.Pattern[str] | None:
    if not phrases:
        return None
    return re.compile("|".join(sorted((_phrase(p, small) for p in phrases), key=len, reverse=True)))


def _phrase(phrase: str, small: str) -> str:
    """The regular expression for one phrase pattern (its small language: see a wording.toml)."""
    slots = fold(phrase).text.split()
    parts: list[str] = []
    for place, slot in enumerate(slots):
        if slot == "~":
            parts.append(f"(?:(?:{small}){_GAP})?")
            continue
        words = "|".join(
            ("" if place or word.startswith("'") else _LEFT) + _words(word) for word in slot.split("/")
        )
        last = place == len(slots) - 1
        parts.append(f"(?:{words})" + (_RIGHT if last else _GAP))
    return "".join(parts)


def _words(word: str) -> str:
    """One word of a phrase: ``-`` joins, ``*`` is any ending, a space inside is a gap."""
    told = ""
    for letter in word:
        told += {"-": _JOIN, "*": r"\w*", " ": _GAP}.get(letter, re.escape(letter))
    return told


def covering(pattern: re.Pattern[str] | None, text: str, start: int, end: int) -> bool:
    """Whether the pattern matches near by so that the whole span lies inside the match."""
    if pattern is None:
        return False
    first, last = max(start - _NEAR, 0), min(end + _NEAR, len(text))
    found = pattern.search(text, first, last)
    while found and found.start() <= start:
        if found.end() >= end:
            return True
        found = pattern.search(text, found.start() + 1, last)
    return False
