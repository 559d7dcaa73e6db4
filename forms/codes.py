"""Code lists: the answers that can be tapped, as versioned data.

A list is one TOML file in ``forms/lists/``; its file name is its name. A key never changes its
meaning and is never used again: an answer that is no longer offered gets ``retired = true``, so
that old records keep their label. What is stored is the key; labels are for people.

    from forms import codes

    substances = codes.load("substances")
    for code in substances:                 # what may be offered, in order
        chip(code.label)
    substances.label("crack")               # "Crack"
    substances.to_national("ndtms", "crack")  # "3201"

National mappings are dated data and are there only where the national code was read in a public
source. A code without one stays unmapped: ``to_national`` gives None.
"""

from __future__ import annotations

import datetime
import functools
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType

import msgspec

_KEY = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


class CodeListError(ValueError):
    """A code list is missing or says something that can't be read; the text names the place."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question a worker may put when a code is chosen. It offers; it never blocks saving."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """One answer.

    ``key`` is stored, ``label`` is shown (short, for a chip), ``synonyms`` are street words for
    the hidden search and are never shown. ``maps`` is national code by scheme.

    Some lists use the rest: ``lawful_supply_basis`` and ``off_by_default`` (kit: shown only
    where an organisation switched it on), ``counts_against`` (attendance: "service",
    "attendance" for the one true did-not-attend, or "" for nobody).
    """

    key: str
    label: str
    group: str = ""
    note: str = ""
    synonyms: tuple[str, ...] = ()
    maps: Mapping[str, str] = field(default_factory=_nothing, hash=False)
    retired: bool = False
    prompts: tuple[Prompt, ...] = ()
    lawful_supply_basis: str = ""
    off_by_default: bool = False
    counts_against: str = ""


@dataclass(frozen=True, slots=True)
class QuickPick:
    """Several codes with one tap, such as "Heroin + crack"."""

    key: str
    label: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scheme:
    """A national list that codes map to, and the days it holds (both ends included, None: open)."""

    key: str
    title: str
    valid_from: datetime.date | None = None
    valid_to: datetime.date | None = None

    def holds_on(self, day: datetime.date) -> bool:
        """Whether the mapping may be used for a record of this day."""
        after_start = self.valid_from is None or day >= self.valid_from
        return after_start and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class CodeList:
    """A list of codes in the order they are shown.

    Iterating gives what may be offered: neither retired nor off by default. ``in``, ``[key]``
    and ``label`` know every code, so old records stay readable.
    """

    name: str
    title: str
    version: int
    every: tuple[Code, ...]
    groups: Mapping[str, str] = field(hash=False)
    schemes: Mapping[str, Scheme] = field(hash=False)
    quick_picks: tuple[QuickPick, ...]
    _by_key: Mapping[str, Code] = field(hash=False, compare=False, repr=False)

    def offered(self, switched_on: Collection[str] = ()) -> tuple[Code, ...]:
        """The codes to offer now; ``switched_on`` are keys an organisation has switched on."""
        return tuple(
            code
            for code in self.every
            if not code.retired and (not code.off_by_default or code.key in switched_on)
        )

    def __iter__(self) -> Iterator[Code]:
        return iter(self.offered())

    def __len__(self) -> int:
        return len(self.offered())

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def __getitem__(self, key: str) -> Code:
        return self._by_key[key]

    def get(self, key: str) -> Code | None:
        """The code for a stored key, or None where this version does not have it."""
        return self._by_key.get(key)

    def keys(self) -> tuple[str, ...]:
        """The keys that may be offered, in order."""
        return tuple(code.key for code in self)

    def label(self, key: str) -> str:
        """What to show for a stored key. A key from another version is shown as its own words."""
        code = self._by_key.get(key)
        if code is not None:
            return code.label
        words = " ".join(key.replace("_", " ").replace("-", " ").split())
        return words[:1].upper() + words[1:] if words else "Not known"

    def group(self, key: str) -> str:
        """The group a key counts in, or "" for a key without one."""
        code = self._by_key.get(key)
        return code.group if code else ""

    def group_label(self, key: str) -> str:
        """The words for the group that a key counts in, or "" where there is none."""
        group = self.group(key)
        return self.groups.get(group, "")

    def in_group(self, group: str) -> frozenset[str]:
        """Every key of a group, retired ones too."""
        return frozenset(code.key for code in self.every if code.group == group)

    def to_national(self, scheme: str, key: str, on: datetime.date | None = None) -> str | None:
        """The national code for a key, or None where none is known for that scheme and day."""
        code = self._by_key.get(key)
        known = self.schemes.get(scheme)
        if code is None or known is None or (on is not None and not known.holds_on(on)):
            return None
        return code.maps.get(scheme)

    def search(self, words: str) -> tuple[Code, ...]:
        """Offered codes whose label or street words begin with each word that was typed."""
        wanted = words.casefold().split()
        if not wanted:
            return self.offered()
        found = []
        for code in self.offered():
            told = " ".join((code.label, *code.synonyms)).casefold()
            parts = re.findall(r"\w+", told)
            if all(any(part.startswith(word) for part in parts) for word in wanted):
                found.append(code)
        return tuple(found)


class _PromptRow(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    text: str


class _CodeRow(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    label: str
    group: str = ""
    note: str = ""
    synonyms: list[str] = []
    maps: dict[str, str] = {}
    retired: bool = False
    prompts: list[_PromptRow] = []
    lawful_supply_basis: str = ""
    off_by_default: bool = False
    counts_against: str = ""


class _PickRow(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    label: str
    codes: list[str]


class _SchemeRow(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    valid_from: datetime.date | None = None
    valid_to: datetime.date | None = None


class _ListFile(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    version: int
    codes: list[_CodeRow]
    groups: dict[str, str] = {}
    schemes: dict[str, _SchemeRow] = {}
    quick_picks: list[_PickRow] = []


def names() -> tuple[str, ...]:
    """The names of all lists that come with the app, sorted."""
    folder = resources.files("forms") / "lists"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


@functools.cache
def load(name: str) -> CodeList:
    """One list by name; read once. Raises CodeListError, naming the lists there are."""
    source = resources.files("forms") / "lists" / f"{name}.toml"
    if not _KEY.fullmatch(name) or not source.is_file():
        raise CodeListError(f"There is no list called {name!r}. There are: {', '.join(names())}.")
    return parse(name, source.read_text(encoding="utf-8"))


def parse(name: str, text: str) -> CodeList:
    """A list from the text of its file, such as one from a team's pack. Raises CodeListError."""
    try:
        rows = msgspec.convert(tomllib.loads(text), _ListFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CodeListError(f"The list {name!r} can't be read: {error}.") from error
    codes = tuple(
        Code(
            key=row.key,
            label=row.label,
            group=row.group,
            note=row.note,
            synonyms=tuple(row.synonyms),
            maps=MappingProxyType(dict(row.maps)),
            retired=row.retired,
            prompts=tuple(Prompt(p.key, p.text) for p in row.prompts),
            lawful_supply_basis=row.lawful_supply_basis,
            off_by_default=row.off_by_default,
            counts_against=row.counts_against,
        )
        for row in rows.codes
    )
    result = CodeList(
        name=name,
        title=rows.title,
        version=rows.version,
        every=codes,
        groups=MappingProxyType(dict(rows.groups)),
        schemes=MappingProxyType(
            {key: Scheme(key, s.title, s.valid_from, s.valid_to) for key, s in rows.schemes.items()}
        ),
        quick_picks=tuple(QuickPick(p.key, p.label, tuple(p.codes)) for p in rows.quick_picks),
        _by_key=MappingProxyType({code.key: code for code in codes}),
    )
    _refuse_contradictions(result)
    return result


def _refuse_contradictions(codes: CodeList) -> None:
    """Raise CodeListError where a list names the same key twice or something that isn't there."""
    seen: set[str] = set()
    for code in codes.every:
        where = f"The list {codes.name!r}, code {code.key!r}"
        if not _KEY.fullmatch(code.key):
            raise CodeListError(f"{where}: a key is small letters, digits and single underscores.")
        if code.key in seen:
            raise CodeListError(f"{where}: this key is there twice.")
        if not code.label.strip():
            raise CodeListError(f"{where}: the label is empty.")
        if code.group and code.group not in codes.groups:
            raise CodeListError(f"{where}: the group {code.group!r} is not among the list's groups.")
        if unknown := sorted(set(code.maps) - set(codes.schemes)):
            raise CodeListError(f"{where}: no scheme is described for {', '.join(unknown)}.")
        seen.add(code.key)
    for pick in codes.quick_picks:
        if missing := [key for key in pick.codes if key not in codes]:
            raise CodeListError(
                f"The list {codes.name!r}, quick pick {pick.key!r}: no code called {', '.join(missing)}."
            )
