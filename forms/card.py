"""What an advice card is, as plain frozen data, and the facts that cards are chosen by.

`forms.cards` is the door for everybody else; `forms.deck` reads the files.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


class CardError(ValueError):
    """A card file is missing or says something that can't be read; the text names the place."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who in a service signed a card off, when, and when it is looked at again (12 months at most)."""

    by: str
    on: datetime.date
    review_on: datetime.date


@dataclass(frozen=True, slots=True)
class Use:
    """Part of a rule: one substance in use that is among ``substances`` and taken by one of
    ``routes``. Empty means any. ``@opioid`` stands for every code of that group, and the route
    ``""`` for "not asked".
    """

    substances: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition under which a card is suggested. Everything that is given holds at once;
    within one field any of the values will do. A larger ``weight`` comes first.
    """

    weight: int
    uses: tuple[Use, ...] = ()
    use_together: tuple[str, ...] = ()
    order_of_use: tuple[str, ...] = ()
    ost_status: tuple[str, ...] = ()
    situations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One card in one language.

    ``title`` fits a tile, ``heading`` is the full one. ``get_help`` is the line under the
    points. ``staff_note`` and ``sources`` are for workers who ask and are never on the card.
    ``search`` holds street words for the hidden search only.
    """

    id: str
    version: int
    language: str
    title: str
    heading: str
    points: tuple[str, ...]
    get_help: str
    emergency: bool
    show_when: tuple[Rule, ...]
    sources: tuple[str, ...]
    source_interest: str
    staff_note: str
    search: tuple[str, ...]
    approval: Approval | None
    area: str
    valid_until: datetime.date | None
    audio_file: str
    easy_read: bool
    asked_language: str

    @property
    def draft(self) -> bool:
        """True until a service has approved this card in this language."""
        return self.approval is None

    @property
    def untranslated(self) -> bool:
        """True where the language asked for is missing and English stands in; the screen marks it."""
        return self.language != self.asked_language

    def expired(self, today: datetime.date) -> bool:
        """True after the last day of a dated card; the device drops it even without a network."""
        return self.valid_until is not None and today > self.valid_until

    @property
    def shown_text(self) -> tuple[str, ...]:
        """Everything a person sees or hears from this card, in order."""
        return (self.title, self.heading, *self.points, self.get_help)


def _no_substances() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a contact happens to know, as keys of the code lists. Every part may be empty.

    ``substances`` is route by substance, "" where the route was not asked; ``situations`` are
    keys of the list ``situation``.
    """

    substances: Mapping[str, str] = field(default_factory=_no_substances, hash=False)
    order_of_use: str = ""
    use_together: str = ""
    ost_status: str = ""
    situations: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered overdose step. ``by_product`` is the line for a naloxone product (keys of the
    list ``naloxone_products``); ``gives_dose`` asks the screen to count a dose and start its
    clock; ``shows_call_words`` asks it to show what to say to 999.
    """

    number: int
    title: str
    text: str
    by_product: Mapping[str, str] = field(hash=False)
    gives_dose: bool
    shows_call_words: bool


@dataclass(frozen=True, slots=True)
class CallWords:
    """One thing to tell the 999 operator; "…" is what the worker fills in by voice."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class OverdoseSteps:
    """What is shown when someone is not waking: an emergency, so nothing else is on the screen.

    Times are minutes: the next dose after ``next_dose_after_minutes`` (from, to); naloxone can
    wear off after ``wears_off_minutes``.
    """

    version: int
    language: str
    title: str
    steps: tuple[Step, ...]
    call_words: tuple[CallWords, ...]
    next_dose_after_minutes: tuple[int, int]
    wears_off_minutes: int
    approval: Approval | None
