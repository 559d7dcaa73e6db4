"""Two words: calm, easy to tell apart, the same for ever."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import wording
from outreach.slips import discreet, words

# The list as it was first given out. Slips in pockets carry its words: it is never changed, only followed.
FROZEN = "9fc8b1ab37105e534cde76501fe784d265e4790e5923611ec75c2fb1b95bebfc"


def test_there_are_1024_short_plain_words_and_the_list_is_frozen():
    every = words.every()
    assert len(set(every)) == 1024
    for word in every:
        assert word.isascii()
        assert word.isalpha()
        assert word.islower()
        assert 4 <= len(word) <= 10
    assert hashlib.sha256(" ".join(every).encode()).hexdigest() == FROZEN


def test_no_word_tells_labels_or_can_be_taken_for_a_name():
    every = words.every()
    for word in every:
        assert not discreet.lint(word)
        assert not wording.check(word, "en")
    loaded = """heron swift robin ivy daisy lily rose heather hazel rowan jasmine amber ruby pearl holly poppy
        basil ginger willow laurel summer autumn april may june dawn brook dale wren phoenix grass weed pipe
        foil spoon crystal snow ice rock stone dragon horse speed coke pot joint leaf bud smoke powder dust
        needle candy tramp spade monkey pig snake rat cow dog tart prison police court temple church bishop
        wine beer cider bottle knife blade rope bridge cliff hostel shelter tent doorway passport wagon
        kettle bucket balloon""".split()  # noqa: SIM905
    assert not set(loaded) & set(every)


def test_no_two_words_differ_by_one_letter_or_a_swap():
    every = set(words.every())
    letters = "abcdefghijklmnopqrstuvwxyz"
    for word in every:
        cuts = [(word[:n], word[n:]) for n in range(len(word) + 1)]
        near = {a + b[1:] for a, b in cuts if b}
        near |= {a + letter + b[1:] for (a, b), letter in itertools.product(cuts, letters) if b}
        near |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
        assert not (near - {word}) & every, word


@given(st.binary(min_size=12, max_size=12))
def test_a_slip_has_two_different_words_that_can_be_typed_back(token_id):
    pair = words.words_of(token_id)
    assert pair[0] != pair[1]
    assert words.parse(words.say(pair)) == pair
    assert words.parse("-".join(pair).upper()) == pair
    assert words.words_of(bytes(9) + token_id[9:]) == pair  # nothing that the code shows is in them


@given(st.binary(min_size=3, max_size=16))
def test_a_handle_is_two_words_and_a_dash(random):
    first, second = words.handle(random).split("-")
    assert {first, second} <= set(words.every())
    assert first != second


def test_what_is_not_two_of_our_words_is_none_of_them():
    assert words.parse("otter") is None
    assert words.parse("otter invisibility") is None
    assert words.parse("") is None
    with pytest.raises(ValueError, match="three random bytes"):
        words.handle(b"ab")
