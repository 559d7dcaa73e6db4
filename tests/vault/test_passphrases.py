"""The word lists, and passphrases made from them."""

from __future__ import annotations

import math
import re
import secrets
from pathlib import Path

import pytest

from forms import wording
from outreach.vault import new_passphrase
from outreach.vault.passphrases import LANGUAGES, strength, word_list

from .simple import make, unlock

EACH = pytest.mark.parametrize("language", sorted(LANGUAGES))


@EACH
def test_six_words_are_more_than_sixty_bits(language: str) -> None:
    assert len(word_list(language)) >= 1296
    assert strength(6, language) > 60
    assert strength(7, language) - strength(6, language) == pytest.approx(math.log2(len(word_list(language))))


@EACH
def test_words_are_short_and_any_keyboard_has_them(language: str) -> None:
    for word in word_list(language):
        assert re.fullmatch("[a-z]{3,10}", word), word


@EACH
def test_words_are_told_apart(language: str) -> None:
    """None begins another, and one slip of a finger never makes another."""
    words = word_list(language)
    assert list(words) == sorted(set(words))
    known = set(words)
    for word in words:
        beginnings = {word[:length] for length in range(3, len(word))}
        assert not beginnings & known, word
        assert not slips(word) & known, word


def slips(word: str) -> set[str]:
    """Every text that one letter left out, added, changed or swapped with its neighbour makes of it."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = {a + b[1:] for a, b in parts if b}
    found |= {a + letter + b for a, b in parts for letter in letters}
    found |= {a + letter + b[1:] for a, b in parts if b for letter in letters}
    found |= {a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1}
    return found - {word}


def test_no_word_is_one_that_the_wording_check_minds() -> None:
    for word in word_list("en"):
        assert wording.check(word, "en") == [], word


@EACH
def test_a_passphrase_opens_a_vault(language: str, folder: Path) -> None:
    passphrase = new_passphrase(language=language)
    words = passphrase.split(" ")
    assert len(words) == 6
    assert set(words) <= set(word_list(language))
    make(folder, passphrase).close()
    unlock(folder, passphrase).close()


def test_words_are_drawn_one_by_one_from_the_whole_list() -> None:
    drawn: list[int] = []

    def choose(words: object) -> str:
        assert isinstance(words, tuple)
        drawn.append(len(words))
        return words[len(drawn)]

    assert new_passphrase(8, choose=choose) == " ".join(word_list("en")[1:9])
    assert drawn == [len(word_list("en"))] * 8
    assert new_passphrase.__kwdefaults__ == {"choose": secrets.choice}
    assert len({new_passphrase() for _ in range(50)}) == 50


def test_fewer_words_or_another_language() -> None:
    for words in (-1, 0, 5):
        with pytest.raises(ValueError, match="6 words"):
            new_passphrase(words)
    with pytest.raises(ValueError, match="'xx'"):
        new_passphrase(language="xx")
