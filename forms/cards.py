"""Advice cards: what can be said about safer use, in the words that are shown.

A card is one TOML file in ``forms/advice/`` named after its id; a translation lies beside it as
``<id>.<language>.toml`` and holds only texts and its own approval. Rules for the texts are in
the tests: 3 to 5 points, sentences under 24 words, readable in half a minute, a choice phrase
unless it is an emergency card, none of the words that the wording check knows.

All cards here are drafts (``approval`` is None). A service approves each card and each language
by name before its people see it; a draft shows only in the example team.

``show_when`` rules only *order* cards. Every card can always be found, and no question, goal or
answer stands in front of one.

    cards = load_all("en")
    suggest(cards, Facts(substances={"heroin": "inject_iv", "pregabalin": ""}))   # at most three
    search(cards, "gabbies")
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from forms import codes
from forms.card import (
    Approval,
    CallWords,
    Card,
    CardError,
    Facts,
    OverdoseSteps,
    Rule,
    Step,
    Use,
)
from forms.deck import load_all, overdose_steps

__all__ = [
    "MOST_SUGGESTED",
    "Approval",
    "CallWords",
    "Card",
    "CardError",
    "Facts",
    "OverdoseSteps",
    "Rule",
    "Step",
    "Use",
    "by_id",
    "holds",
    "load_all",
    "overdose_steps",
    "search",
    "suggest",
    "weight",
]

MOST_SUGGESTED = 3
"""Cards suggested for one contact (practitioners: going on and on "is not the best thing")."""


def by_id(cards: Iterable[Card], card_id: str) -> Card | None:
    """The card with this id, or None: an old record may name a card that is gone."""
    return next((card for card in cards if card.id == card_id), None)


def suggest(cards: Iterable[Card], facts: Facts, most: int = MOST_SUGGESTED) -> tuple[Card, ...]:
    """At most three cards for what is known, the most pressing first.

    Heroin or another opioid with another downer puts the mixing card first (BC17); three or
    more missed days of a script put falling tolerance first (HA09); heroin and crack in the
    same hit or close together put taking them apart first (HA01). Both drugs count, never a
    "main" one (HA13). Same facts, same cards.
    """
    weighed = [(weight(card, facts), card) for card in cards]
    fitting = sorted((pair for pair in weighed if pair[0] > 0), key=lambda pair: (-pair[0], pair[1].id))
    return tuple(card for _, card in fitting[: min(most, MOST_SUGGESTED)])


def weight(card: Card, facts: Facts) -> int:
    """The largest weight among the card's rules that hold, 0 where none does."""
    return max((rule.weight for rule in card.show_when if holds(rule, facts)), default=0)


def holds(rule: Rule, facts: Facts) -> bool:
    """Whether a rule's condition is met by the facts."""
    return (
        all(any(_is_use(use, s, r) for s, r in facts.substances.items()) for use in rule.uses)
        and (not rule.use_together or facts.use_together in rule.use_together)
        and (not rule.order_of_use or facts.order_of_use in rule.order_of_use)
        and (not rule.ost_status or facts.ost_status in rule.ost_status)
        and (not rule.situations or any(s in rule.situations for s in facts.situations))
    )


def search(cards: Iterable[Card], words: str) -> tuple[Card, ...]:
    """Cards in which every typed word begins a word of the card or of its street words.

    Words of the title and street words count before words of the text. No words: every card.
    """
    wanted = re.findall(r"\w+", words.casefold())
    found = []
    for place, card in enumerate(cards):
        front = _words_of(card.title, card.heading, card.id, *card.search)
        everything = front + _words_of(*card.points, card.get_help)
        if all(any(part.startswith(word) for part in everything) for word in wanted):
            in_front = all(any(part.startswith(word) for part in front) for word in wanted)
            found.append((not in_front, place, card))
    return tuple(card for _, _, card in sorted(found, key=lambda entry: entry[:2]))


def _words_of(*texts: str) -> list[str]:
    return re.findall(r"\w+", " ".join(texts).casefold())


def _is_use(use: Use, substance: str, route: str) -> bool:
    return _is_among(substance, use.substances, "substances") and _is_among(route, use.routes, "routes")


def _is_among(key: str, values: tuple[str, ...], list_name: str) -> bool:
    if not values or key in values:
        return True
    group = codes.load(list_name).group(key)
    return bool(group) and f"@{group}" in values
