"""No field of a slip tells a finder what it is for."""

import msgspec
import pytest

from outreach.slips import ForbiddenWord, discreet
from outreach.slips.paper import SlipText, lint

# What the rule for slips names, word for word.
LISTED = "drug addict needle methadone heroin crack treatment clinic recovery probation surname"
WORDS = [*LISTED.split(), "NHS number", "date of birth"]


@pytest.mark.requirement("RS11", "CC09")
@pytest.mark.parametrize("word", WORDS)
def test_every_listed_word_is_found_however_it_is_written(word):
    for written in (
        word,
        word.upper(),
        word.title(),
        f"The {word}.",
        f"({word})",
        f"a-{word}-b",
        "recoveries" if word == "recovery" else f"{word}s",
        word[0] + "\u00ad" + word[1:],
        word[:2] + "\u200b" + word[2:],
        word.replace(" ", "\n"),
    ):
        assert [found.term for found in lint(written)] == [word], written


@pytest.mark.parametrize(
    "inflected",
    [
        "drugs",
        "drugged",
        "addiction",
        "addicted",
        "needles",
        "treatments",
        "clinical",
        "clinics",
        "recovering",
        "probationary",
        "the NHS no. on your letter",
        "D.O.B.",
        "DOB",
        "birth date",
        "last name",
        "crackhead",
        "ｈｅｒｏｉｎ",
        "detox",
        "overdoses",
        "prescribing",
        "opioids",
        "naloxone",
        "buprenorphine",
        "substance misuse",
    ],
)
def test_inflections_and_words_that_say_the_same_are_found(inflected):
    assert lint(inflected)


@pytest.mark.parametrize(
    "innocent",
    [
        "heroine",
        "rugby",
        "cracker",
        "a treat",
        "The Yard",
        "Clinton Road",
        "drugget",
        "needless",
        "Discovery Street",
        "firecrest",
        "approbation",
        "NHS",
        "a birthday",
        "Name a time",
        "crackerjack",
        "last bus 9pm",
        "offer",
    ],
)
def test_other_words_pass(innocent):
    assert lint(innocent) == []


@pytest.mark.requirement("RS11")
def test_a_slip_with_a_telling_word_in_any_field_is_not_made_and_the_field_is_named(slip_for):
    slip = slip_for()
    plain = {name: getattr(slip, name) for name in slip.__struct_fields__}
    tried = 0
    for name, value in plain.items():
        if name in ("token_text", "fast_track", "left_out"):
            continue
        telling: object = "Ask at the Clinic"
        if isinstance(value, tuple):
            telling = (value[0], "methadone")
        with pytest.raises(ForbiddenWord) as caught:
            SlipText(**{**plain, name: telling})
        assert str(caught.value).endswith(".")
        tried += 1
    assert tried == len(plain) - 3
    with pytest.raises(ForbiddenWord, match="its way there says “clinic”"):
        msgspec.structs.replace(slip, travel="Bus 4 to the clinic.")


def test_a_telling_line_of_the_directory_is_left_out_and_the_slip_is_made(slip_for, directory):
    location = msgspec.structs.replace(
        directory.service("yard").location, travel_text="Bus 4 to the Recovery Clinic"
    )
    slip = slip_for(change={"location": location, "waiting_arrangement": "The needle exchange corner"})
    assert slip.left_out == ("travel", "choices")
    assert slip.travel == ""
    assert slip.choices == ("Quiet way in: knock at the green door, no reason asked.",)


def test_a_telling_name_of_the_place_stops_it_with_a_sentence(slip_for):
    with pytest.raises(ForbiddenWord, match=r"its place says “Drug”.*Nothing is lost"):
        slip_for(change={"discreet_name": "Lane Drug Service"})


def test_the_list_has_every_word_of_the_rule():
    assert set(WORDS) <= set(discreet.terms())
