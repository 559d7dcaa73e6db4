"""Two words for a slip or a person: easy to say aloud, easy to remember, about nothing.

`words.txt` has 1,024 everyday nouns and adjectives. None is a first name, a drug, a place to
sleep, or anything one could call somebody; no two differ by a single letter. The list is frozen:
slips in pockets carry its words, so a change would make them find something else. Another
language gets a list of its own.

The two words *find* a slip and never record an arrival: about a million pairs exist, and pairs
are said aloud.
"""

from functools import cache
from importlib.resources import files

COUNT = 1024


@cache
def every() -> tuple[str, ...]:
    """The words, in the order that their numbers stand for."""
    text = (files(__package__) / "words.txt").read_text(encoding="utf-8")
    found = tuple(text.split())
    if len(found) != COUNT:
        raise ValueError("words.txt is not whole")
    return found


def words_of(token_id: bytes) -> tuple[str, str]:
    """The two words of a slip: from the last 20 bits of its id, which the code does not show."""
    return _pair(int.from_bytes(token_id[-3:], "big"))


def handle(random: bytes) -> str:
    """A two-word handle for a person, as `otter-lantern`, from at least three random bytes."""
    if len(random) < 3:
        raise ValueError("a handle is made of at least three random bytes")
    return "-".join(_pair(int.from_bytes(random[:3], "big")))


def say(pair: tuple[str, str]) -> str:
    """The pair as one says it: `otter lantern`."""
    return " ".join(pair)


def parse(said: str) -> tuple[str, str] | None:
    """The pair somebody typed, however spaced or written, or None where it is not two of our words."""
    pair = said.casefold().replace("-", " ").replace(",", " ").split()
    if len(pair) != 2 or not set(pair) <= set(every()):
        return None
    return pair[0], pair[1]


def _pair(number: int) -> tuple[str, str]:
    words = every()
    first, second = number >> 10 & 1023, number & 1023
    if first == second:  # "otter otter" would sound like a slip of the tongue
        second = (second + 512) % COUNT
    return words[first], words[second]
