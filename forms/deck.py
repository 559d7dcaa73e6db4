"""Reads cards and overdose steps from their TOML files and refuses what contradicts itself.

`<id>.toml` is the English card with everything that is the same in each language; a translation
`<id>.<language>.toml` holds texts and its own approval. A translation made from another version
of the card is set aside until it is done again, and English stands in with a mark.
"""

from __future__ import annotations

import datetime
import functools
import tomllib
from importlib import resources
from types import MappingProxyType
from typing import TypeVar

import msgspec

from forms import codes
from forms.card import Approval, CallWords, Card, CardError, OverdoseSteps, Rule, Step, Use

_Row = TypeVar("_Row", bound=msgspec.Struct)

OVERDOSE_STEPS = "overdose-steps"


class _UseRow(msgspec.Struct, forbid_unknown_fields=True):
    substances: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()


class _RuleRow(msgspec.Struct, forbid_unknown_fields=True):
    weight: int
    uses: list[_UseRow] = []
    use_together: tuple[str, ...] = ()
    order_of_use: tuple[str, ...] = ()
    ost_status: tuple[str, ...] = ()
    situations: tuple[str, ...] = ()


class _TextRow(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a translation may hold."""

    id: str
    version: int
    language: str
    title: str
    heading: str
    points: tuple[str, ...]
    get_help: str
    approved_by: str = ""
    approved_on: datetime.date | None = None
    review_on: datetime.date | None = None
    audio_file: str = ""
    easy_read: bool = False


class _CardRow(_TextRow, forbid_unknown_fields=True, kw_only=True):
    """What the English file holds: the texts and everything that is the same in each language."""

    emergency: bool = False
    show_when: list[_RuleRow] = []
    sources: tuple[str, ...] = ()
    source_interest: str = ""
    staff_note: str = ""
    search: tuple[str, ...] = ()
    area: str = ""
    valid_until: datetime.date | None = None


class _StepRow(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    text: str
    by_product: dict[str, str] = {}
    gives_dose: bool = False
    shows_call_words: bool = False


class _CallRow(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    text: str


class _StepsFile(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    language: str
    title: str
    next_dose_after_minutes: tuple[int, int]
    wears_off_minutes: int
    steps: list[_StepRow]
    call_words: list[_CallRow]
    approved_by: str = ""
    approved_on: datetime.date | None = None
    review_on: datetime.date | None = None


@functools.cache
def load_all(language: str = "en") -> tuple[Card, ...]:
    """Every card, sorted by id, in a language; English where a translation is missing.

    Raises CardError, naming the file.
    """
    folder = resources.files("forms") / "advice"
    texts = {f.name: f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".toml")}
    ids = sorted(stem for name in texts if "." not in (stem := name.removesuffix(".toml")))
    return tuple(
        parse(f"{card_id}.toml", texts[f"{card_id}.toml"], language, texts.get(f"{card_id}.{language}.toml"))
        for card_id in ids
        if card_id != OVERDOSE_STEPS
    )


def parse(name: str, text: str, language: str = "en", translation: str | None = None) -> Card:
    """A card from the text of its file and, where there is one, of its translation."""
    row = _read(name, text, _CardRow)
    words: _TextRow = row
    if translation is not None:
        words = _read(f"{row.id} in {language}", translation, _TextRow)
        if (words.id, words.language) != (row.id, language):
            raise CardError(f"The translation of {row.id!r} is for another card or language.")
        if words.version != row.version:
            words = row  # made from another version: English stands in until it is done again
    if f"{row.id}.toml" != name:
        raise CardError(f"The card in {name} calls itself {row.id!r}; the two are the same in a sound file.")
    return Card(
        id=row.id,
        version=row.version,
        language=words.language,
        title=words.title,
        heading=words.heading,
        points=words.points,
        get_help=words.get_help,
        emergency=row.emergency,
        show_when=tuple(_rule(name, rule) for rule in row.show_when),
        sources=row.sources,
        source_interest=row.source_interest,
        staff_note=row.staff_note,
        search=row.search,
        approval=_approval(name, words.approved_by, words.approved_on, words.review_on),
        area=row.area,
        valid_until=row.valid_until,
        audio_file=words.audio_file,
        easy_read=words.easy_read,
        asked_language=language,
    )


@functools.cache
def overdose_steps(language: str = "en") -> OverdoseSteps:
    """The steps for "Someone is not waking"; English where a language is missing."""
    folder = resources.files("forms") / "advice"
    source = folder / f"{OVERDOSE_STEPS}.{language}.toml"
    if not source.is_file():
        source = folder / f"{OVERDOSE_STEPS}.toml"
    row = _read(source.name, source.read_text("utf-8"), _StepsFile)
    return OverdoseSteps(
        version=row.version,
        language=row.language,
        title=row.title,
        steps=tuple(
            Step(
                number,
                step.title,
                step.text,
                MappingProxyType(step.by_product),
                step.gives_dose,
                step.shows_call_words,
            )
            for number, step in enumerate(row.steps, start=1)
        ),
        call_words=tuple(CallWords(call.title, call.text) for call in row.call_words),
        next_dose_after_minutes=row.next_dose_after_minutes,
        wears_off_minutes=row.wears_off_minutes,
        approval=_approval(source.name, row.approved_by, row.approved_on, row.review_on),
    )


def _read(name: str, text: str, shape: type[_Row]) -> _Row:
    try:
        return msgspec.convert(tomllib.loads(text), shape)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CardError(f"The card file {name} can't be read: {error}.") from error


def _approval(
    name: str, by: str, on: datetime.date | None, review_on: datetime.date | None
) -> Approval | None:
    if not by and on is None and review_on is None:
        return None
    if not by or on is None or review_on is None:
        raise CardError(f"{name}: an approval is a name, a day and a day to look again, all three.")
    if not on < review_on <= on + datetime.timedelta(days=366):
        raise CardError(f"{name}: the day to look again lies after the approval, within 12 months.")
    return Approval(by, on, review_on)


def _rule(name: str, row: _RuleRow) -> Rule:
    """A rule whose keys are all in the code lists; CardError where one is not."""
    if row.weight < 1:
        raise CardError(f"{name}: a rule's weight is 1 or more.")
    asked = [("use_together", row.use_together), ("order_of_use", row.order_of_use)]
    asked += [("ost_status", row.ost_status), ("situation", row.situations)]
    asked += [("substances", use.substances) for use in row.uses]
    asked += [("routes", use.routes) for use in row.uses]
    for list_name, keys in asked:
        known = codes.load(list_name)
        for key in keys:
            if key and key not in known and key.removeprefix("@") not in known.groups:
                raise CardError(f"{name}: the list {list_name} has no {key!r}.")
    return Rule(
        weight=row.weight,
        uses=tuple(Use(use.substances, use.routes) for use in row.uses),
        use_together=row.use_together,
        order_of_use=row.order_of_use,
        ost_status=row.ost_status,
        situations=row.situations,
    )
