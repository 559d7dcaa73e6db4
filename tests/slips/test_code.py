"""The typed code: every slip of one finger is found, every usual way of typing is forgiven."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import wording
from outreach.slips import CodeTypo, code

ids = st.binary(min_size=12, max_size=12)


def plain(token_id: bytes) -> str:
    return code.code_of(token_id).replace("-", "")


def refused(typed: str) -> str:
    with pytest.raises(CodeTypo) as caught:
        code.parse(typed)
    return str(caught.value)


@pytest.mark.parametrize("seed", [b"\0" * 12, b"\xff" * 12, bytes(range(12)), b"otter-lamps!"])
def test_every_single_wrong_character_is_found(seed):
    right = plain(seed)
    tried = 0
    for position, character in itertools.product(range(8), code.ALPHABET):
        if character != right[position]:
            refused(right[:position] + character + right[position + 1 :])
            tried += 1
    assert tried == 8 * 31


def test_every_swap_of_neighbours_is_found_for_every_pair_of_symbols():
    """All 7 places × all 992 pairs of different symbols, in codes that hold exactly that pair there."""
    for place in range(7):
        tried = 0
        for one, other in itertools.permutations(range(32), 2):
            right = _code_with(place, one, other)
            code.parse(right)
            swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
            refused(swapped)
            tried += 1
        assert tried == 32 * 31


def _code_with(place: int, one: int, other: int) -> str:
    """A right code with these two symbols side by side; the other data characters follow from them."""
    digits = [(5 * index + 3) % 32 for index in range(7)]
    digits[place] = one
    if place < 6:
        digits[place + 1] = other
        return plain(code.prefix_of(digits))
    for filler in range(32):  # the check character itself is one of the pair
        digits[0] = filler
        made = plain(code.prefix_of(digits))
        if made[7] == code.ALPHABET[other]:
            return made
    raise AssertionError("some first character gives every check character")


@given(ids, st.integers(0, 6), st.integers(1, 7))
def test_characters_that_changed_places_anywhere_are_found(token_id, place, far):
    right = plain(token_id)
    other = (place + far) % 8
    swapped = list(right)
    swapped[place], swapped[other] = swapped[other], swapped[place]
    if right[place] != right[other]:
        assert "changed places" in refused("".join(swapped))


@given(ids)
def test_a_code_finds_its_slip_and_reads_well(token_id):
    shown = code.code_of(token_id)
    assert len(shown) == 9
    assert shown[4] == "-"
    assert not set(shown) & set("ILOU")
    prefix = code.parse(shown)
    assert code.matches(prefix, token_id)
    assert code.code_of(prefix) == shown
    assert prefix[:4] == token_id[:4]
    assert not code.matches(prefix, bytes([token_id[0] ^ 1]) + token_id[1:])


def test_small_letters_spaces_dashes_and_look_alikes_are_forgiven():
    right = code.code_of(bytes(12))
    assert right == "0000-0000"
    for typed in ("oooo oooo", "OOOO–OOOO", " 0 0 0 0 o o o o ", "0000\u00a00000\n", "0000—0000"):
        assert code.parse(typed) == bytes(5)
    shown = code.code_of(bytes.fromhex("0842108420") + bytes(7))
    assert shown.startswith("1111-111")
    assert code.parse(shown.replace("1", "l")) == code.parse(shown.replace("1", "I"))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "nothing yet"),
        ("7", "1 character."),
        ("7K3M-Q9T", "7 characters"),
        ("7K3M-Q9TXX", "9 characters"),
        ("7K3M-Q9TU", "no U"),
        ("7K3M-Q9T?", "“?”"),
        ("7K3M-Q9TÉ", "“É”"),
        ("7K3M-Q9T\u0660", "“\u0660”"),
    ],
)
def test_a_typo_is_told_in_a_sentence(typed, says):
    sentence = refused(typed)
    assert says in sentence
    assert "invalid" not in sentence.lower()
    assert sentence.endswith(".")
    assert not wording.check(sentence, "en")


@given(st.text(max_size=30))
def test_whatever_is_typed_gives_a_prefix_or_a_sentence(typed):
    try:
        prefix = code.parse(typed)
    except CodeTypo as problem:
        prefix, sentence = None, str(problem)
    assert len(prefix) == 5 if prefix is not None else sentence.endswith(".")


def test_a_code_that_spells_a_coarse_word_is_drawn_again():
    from outreach.slips import new_id

    values = [code.ALPHABET.index(character) for character in "CRACK00"]
    coarse = code.prefix_of(values) + bytes(7)
    assert not code.is_seemly(code.code_of(coarse))
    drawn = iter([coarse, bytes(12)])
    assert new_id(lambda size: next(drawn)) == bytes(12)
