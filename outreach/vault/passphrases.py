"""Passphrases that the app makes: random words, in a language that their owner speaks.

    new_passphrase()                    "gravel otter teapot willow canvas noon"
    new_passphrase(language="cy")

Six words from a list of 1,296 or more are over 62 bits: with Argon2id in front, more than anybody
guesses. Both lists were written for this app: short everyday words that are told apart by ear and by
their first letters, and that nobody minds being handed. They hold plain letters a to z only, so that
any keyboard will do.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Final

FEWEST_WORDS: Final = 6
LANGUAGES: Final = {"en": "English", "cy": "Cymraeg"}
"""The languages that there is a list for, by code."""


@cache
def word_list(language: str = "en") -> tuple[str, ...]:
    """The words of a language, sorted. Raises `ValueError` for a language without a list."""
    if language not in LANGUAGES:
        raise ValueError(f"there is no word list for the language {language!r}")
    text = resources.files(__package__).joinpath("words", f"{language}.txt").read_text(encoding="utf-8")
    return tuple(text.split())


def new_passphrase(
    words: int = FEWEST_WORDS,
    language: str = "en",
    *,
    choose: Callable[[Sequence[str]], str] = secrets.choice,
) -> str:
    """Random words with blanks between. ``choose`` draws one word; another one is for tests.

    Raises `ValueError` for fewer than six words, or a language without a list.
    """
    if words < FEWEST_WORDS:
        raise ValueError(f"a passphrase is {FEWEST_WORDS} words or more")
    listed = word_list(language)
    return " ".join(choose(listed) for _ in range(words))


def strength(words: int = FEWEST_WORDS, language: str = "en") -> float:
    """How many bits a passphrase of so many words is worth."""
    return words * math.log2(len(word_list(language)))
