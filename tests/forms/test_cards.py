"""Advice cards: rules for their texts, which come first, and how they are found."""

import datetime
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import cards, codes, wording
from forms.cards import Card, CardError, Facts
from forms.deck import parse

ALL = cards.load_all()
STREET = Path(cards.__file__).parent / "advice"
EIGHT = {
    "crack-own-pipe",
    "foil",
    "taking-them-apart",
    "mixing-downers",
    "nitazenes",
    "naloxone",
    "wounds",
    "after-a-break",
}
CHOICE = re.compile(
    r"some people|many people|you could|one option|up to you|your call|you choose|you decide"
    r"|lowers? the risk",
    re.IGNORECASE,
)
BRANDS = re.compile(r"subutex|suboxone|espranor|buvidal|valium|xanax|lyrica|neurontin|methadose", re.I)


def ids(found: tuple[Card, ...]) -> list[str]:
    return [card.id for card in found]


def suggested(facts: Facts) -> list[str]:
    return ids(cards.suggest(ALL, facts))


def sentences(card: Card) -> list[str]:
    told = " ".join((*card.points, card.get_help))
    return [part for part in re.split(r"(?<=[.?!])\s+", told) if part]


def test_the_eight_cards_are_there_as_drafts() -> None:
    assert {card.id for card in ALL} == EIGHT
    assert all(card.draft and card.approval is None for card in ALL)
    assert ids(ALL) == sorted(EIGHT)


@pytest.mark.parametrize("card", ALL, ids=ids(ALL))
class TestTexts:
    @pytest.mark.requirement("BC03")
    def test_three_to_five_points_that_read_in_half_a_minute(self, card: Card) -> None:
        """Four words a second is an easy reading pace for an adult."""
        assert 3 <= len(card.points) <= 5
        assert sum(len(point.split()) for point in card.points) <= 30 * 4

    def test_sentences_stay_under_24_words(self, card: Card) -> None:
        assert [s for s in sentences(card) if len(s.split()) >= 24] == []

    @pytest.mark.requirement("LT10")
    def test_a_choice_phrase_unless_it_is_an_emergency(self, card: Card) -> None:
        told = " ".join(card.points)
        assert card.emergency or CHOICE.search(told)

    def test_only_naloxone_is_an_emergency_card(self, card: Card) -> None:
        assert card.emergency == (card.id == "naloxone")

    def test_one_line_of_help(self, card: Card) -> None:
        assert card.get_help.strip()
        assert "\n" not in card.get_help

    def test_the_title_fits_a_tile(self, card: Card) -> None:
        assert len(card.title) <= 24
        assert len(card.heading) >= len(card.title)

    @pytest.mark.requirement("LT01", "LT03")
    def test_no_word_of_the_word_list(self, card: Card) -> None:
        assert [str(f) for text in card.shown_text for f in wording.check(text, "en") if f.hard] == []

    @pytest.mark.requirement("HA11")
    def test_generic_medicine_names_only(self, card: Card) -> None:
        assert not BRANDS.search(" ".join(card.shown_text))
        if card.id != "naloxone":
            assert not re.search(r"prenoxad|nyxoid", " ".join(card.shown_text), re.I)

    def test_sources_and_staff_notes_are_not_shown(self, card: Card) -> None:
        assert card.sources
        shown = " ".join(card.shown_text)
        assert not [source for source in card.sources if source in shown]
        assert not card.staff_note or card.staff_note not in shown


class TestOrder:
    @pytest.mark.requirement("BC17")
    @pytest.mark.parametrize("opioid", sorted(codes.load("substances").in_group("opioid")))
    @pytest.mark.parametrize("downer", sorted(codes.load("substances").in_group("downer")))
    def test_an_opioid_and_another_downer_put_mixing_first(self, opioid: str, downer: str) -> None:
        assert suggested(Facts({opioid: "", downer: ""}))[0] == "mixing-downers"
        assert suggested(Facts({downer: "swallow", opioid: "inject_iv"}))[0] == "mixing-downers"

    def test_a_script_and_a_downer_are_a_mix_too(self) -> None:
        assert suggested(Facts({"alcohol": ""}, ost_status="on_script"))[0] == "mixing-downers"
        assert "mixing-downers" not in suggested(Facts({"alcohol": ""}, ost_status="none"))

    def test_two_downers_without_an_opioid_are_not_this_card(self) -> None:
        assert "mixing-downers" not in suggested(Facts({"alcohol": "", "pregabalin": ""}))

    @pytest.mark.requirement("HA01")
    @pytest.mark.parametrize("together", ["same_hit", "close_together"])
    def test_heroin_and_crack_close_together_put_taking_them_apart_first(self, together: str) -> None:
        both = {"heroin": "inject_iv", "crack": "smoke_pipe"}
        assert suggested(Facts(both, use_together=together))[0] == "taking-them-apart"

    def test_the_order_alone_can_tell_the_same_hit(self) -> None:
        facts = Facts({"heroin": "", "crack": ""}, order_of_use="same_hit")
        assert suggested(facts)[0] == "taking-them-apart"

    def test_used_apart_the_card_is_not_pushed(self) -> None:
        facts = Facts({"heroin": "inject_iv", "crack": "smoke_pipe"}, use_together="apart")
        assert "taking-them-apart" not in suggested(facts)

    @pytest.mark.requirement("HA09")
    def test_three_missed_days_put_tolerance_first(self) -> None:
        assert suggested(Facts(ost_status="missed_3_plus"))[0] == "after-a-break"
        assert suggested(Facts({"heroin": "inject_iv"}, ost_status="missed_3_plus"))[0] == "after-a-break"
        assert suggested(Facts({"heroin": "inject_iv"}, ost_status="missed_1_2"))[0] == "naloxone"
        assert "ring" in cards.by_id(ALL, "after-a-break").points[4]  # type: ignore[union-attr]

    @pytest.mark.parametrize("left", ["left_prison", "left_hospital", "after_a_break"])
    def test_a_break_puts_tolerance_first(self, left: str) -> None:
        assert suggested(Facts({"heroin": ""}, situations=[left]))[0] == "after-a-break"

    def test_mixing_stays_before_missed_days(self) -> None:
        facts = Facts({"heroin": "", "pregabalin": ""}, ost_status="missed_3_plus")
        assert suggested(facts)[:2] == ["mixing-downers", "after-a-break"]

    @pytest.mark.requirement("HA13")
    def test_both_drugs_count_in_whatever_order_they_were_tapped(self) -> None:
        one = Facts({"heroin": "inject_iv", "crack": "smoke_pipe"}, use_together="apart")
        other = Facts({"crack": "smoke_pipe", "heroin": "inject_iv"}, use_together="apart")
        assert suggested(one) == suggested(other)
        assert {"naloxone", "crack-own-pipe"} <= set(suggested(one))

    @pytest.mark.requirement("HA02")
    def test_at_least_two_cards_are_about_changing_the_route(self) -> None:
        about = [card.id for card in ALL if re.search(r"smok\w+", " ".join(card.points), re.I)]
        assert {"foil", "taking-them-apart", "after-a-break"} <= set(about)
        assert "foil" in suggested(Facts({"heroin": "inject_groin"}))
        assert "foil" not in suggested(Facts({"heroin": "smoke_foil"}))
        assert suggested(Facts({"heroin": "inject_iv"}, situations=["wants_a_change"]))[0] == "foil"

    def test_a_pipe_and_sharing(self) -> None:
        assert suggested(Facts({"crack": "smoke_pipe"}))[0] == "crack-own-pipe"
        assert suggested(Facts({"crack": "smoke_pipe"}, situations=["sharing_kit"]))[0] == "crack-own-pipe"

    @pytest.mark.requirement("HA12")
    def test_a_wound_comes_first_and_names_999_and_111(self) -> None:
        assert suggested(Facts({"heroin": "inject_iv"}, situations=["skin_problem"]))[0] == "wounds"
        wounds = cards.by_id(ALL, "wounds")
        assert wounds is not None
        assert "999" in wounds.get_help
        assert "111" in wounds.get_help
        assert {"Fever", "breathless", "fast-spreading"} <= set(
            re.findall(r"[\w-]+", " ".join(wounds.points))
        )

    def test_an_alert_or_odd_strength(self) -> None:
        assert suggested(Facts({"nitazene_suspected": ""}))[0] == "nitazenes"
        assert suggested(Facts(situations=["alert_nearby"]))[0] == "nitazenes"

    @pytest.mark.requirement("HA14")
    def test_before_any_question_there_is_still_something_to_offer(self) -> None:
        assert suggested(Facts()) == ["naloxone"]
        assert set(ids(cards.search(ALL, ""))) == EIGHT


keys = {name: [c.key for c in codes.load(name).every] for name in codes.names()}
any_facts = st.builds(
    Facts,
    substances=st.dictionaries(
        st.sampled_from([*keys["substances"], "a_later_code"]),
        st.sampled_from([*keys["routes"], "", "later"]),
    ),
    order_of_use=st.sampled_from([*keys["order_of_use"], ""]),
    use_together=st.sampled_from([*keys["use_together"], ""]),
    ost_status=st.sampled_from([*keys["ost_status"], "", "later"]),
    situations=st.sets(st.sampled_from(keys["situation"])),
)


@pytest.mark.requirement("BC03")
@given(any_facts)
def test_whatever_is_known_at_most_three_are_suggested_each_once(facts: Facts) -> None:
    found = suggested(facts)
    assert 1 <= len(found) <= 3
    assert len(set(found)) == len(found)
    assert found == ids(cards.suggest(reversed(ALL), facts))


@given(any_facts)
def test_knowing_more_never_takes_a_card_that_fits_away(facts: Facts) -> None:
    """More situations can only add weight; the card itself stays findable whatever is known."""
    more = Facts(
        facts.substances,
        facts.order_of_use,
        facts.use_together,
        facts.ost_status,
        frozenset(keys["situation"]),
    )
    assert all(cards.weight(card, more) >= cards.weight(card, facts) for card in ALL)


class TestSearch:
    @pytest.mark.parametrize(
        ("words", "first"),
        [
            ("gabbies", "mixing-downers"),
            ("speedball", "taking-them-apart"),
            ("chasing", "foil"),
            ("abscess", "wounds"),
            ("went over", "naloxone"),
            ("prison", "after-a-break"),
            ("zene", "nitazenes"),
            ("rocks", "crack-own-pipe"),
            ("NALOX", "naloxone"),
        ],
    )
    def test_street_words_find_the_card(self, words: str, first: str) -> None:
        assert ids(cards.search(ALL, words))[0] == first

    def test_words_of_the_text_find_too_but_come_after(self) -> None:
        assert ids(cards.search(ALL, "naloxone"))[0] == "naloxone"
        assert "mixing-downers" in ids(cards.search(ALL, "naloxone"))

    def test_nonsense_finds_nothing(self) -> None:
        assert cards.search(ALL, "qqqq") == ()

    def test_street_words_are_never_on_the_card(self) -> None:
        for card in ALL:
            shown = " ".join(card.shown_text).casefold()
            street = {"gabbies", "gear", "rocks", "vallies", "smack", "speedball"} & set(card.search)
            assert not [word for word in street if re.search(rf"\b{word}\b", shown)]


class TestReading:
    SOUND = (STREET / "foil.toml").read_text("utf-8")
    WELSH = (
        'id = "foil"\nversion = 1\nlanguage = "cy"\ntitle = "Ffoil"\nheading = "Ffoil yn lle chwistrellu"\n'
        'points = ["Un.", "Dau.", "Tri."]\nget_help = "Gofynnwch."\n'
    )

    @pytest.mark.requirement("LT11")
    def test_a_missing_language_falls_back_to_english_with_a_mark(self) -> None:
        other = cards.load_all("cy")
        assert ids(other) == ids(ALL)
        assert all(card.untranslated and card.language == "en" for card in other)
        assert not any(card.untranslated for card in ALL)

    @pytest.mark.requirement("LT11")
    def test_a_translation_replaces_the_texts_and_keeps_the_rules(self) -> None:
        card = parse("foil.toml", self.SOUND, "cy", self.WELSH)
        assert (card.title, card.language, card.untranslated) == ("Ffoil", "cy", False)
        assert card.show_when == parse("foil.toml", self.SOUND).show_when

    def test_a_translation_of_an_older_version_is_set_aside(self) -> None:
        old = self.WELSH.replace("version = 1", "version = 7")
        card = parse("foil.toml", self.SOUND, "cy", old)
        assert card.untranslated
        assert card.title == "Foil"

    def test_each_language_is_approved_on_its_own(self) -> None:
        signed = 'approved_by = "Ada Example, nurse"\napproved_on = 2025-01-10\nreview_on = 2026-01-10\n'
        english = parse("foil.toml", signed + self.SOUND)
        assert not english.draft
        assert english.approval is not None
        assert english.approval.by == "Ada Example, nurse"
        assert parse("foil.toml", signed + self.SOUND, "cy", self.WELSH).draft

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ('approved_by = "Ada Example"\n', "all three"),
            (
                'approved_by = "Ada"\napproved_on = 2025-01-10\nreview_on = 2027-01-10\n',
                "within 12 months",
            ),
            ("colour = 1\n", "colour"),
        ],
    )
    def test_half_an_approval_or_an_unknown_field_is_refused(self, line: str, says: str) -> None:
        with pytest.raises(CardError, match=says):
            parse("foil.toml", line + self.SOUND)

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ('"@inject"', '"@nowhere"', "no '@nowhere'"),
            ('"wants_a_change"', '"wants_more"', "no 'wants_more'"),
            ('id = "foil"', 'id = "tube"', "calls itself 'tube'"),
            ("weight = 75", "weight = 0", "1 or more"),
            ("weight = 75", "weight = [", "can't be read"),
        ],
    )
    def test_a_rule_that_names_nothing_is_refused(self, old: str, new: str, says: str) -> None:
        assert old in self.SOUND
        with pytest.raises(CardError, match=re.escape(says)):
            parse("foil.toml", self.SOUND.replace(old, new))

    def test_a_dated_card_is_over_after_its_last_day(self) -> None:
        dated = parse("foil.toml", "valid_until = 2025-03-31\n" + self.SOUND)
        assert not dated.expired(datetime.date(2025, 3, 31))
        assert dated.expired(datetime.date(2025, 4, 1))
        assert not ALL[0].expired(datetime.date(2999, 1, 1))

    def test_every_card_file_is_read(self) -> None:
        stems = {path.stem for path in STREET.glob("*.toml")}
        assert stems == EIGHT | {"overdose-steps"}
        for path in STREET.glob("*.toml"):
            assert tomllib.loads(path.read_text("utf-8"))["language"] == "en"


class TestOverdose:
    steps = cards.overdose_steps()

    def test_steps_are_numbered_in_order_and_short(self) -> None:
        assert [step.number for step in self.steps.steps] == list(range(1, len(self.steps.steps) + 1))
        for step in self.steps.steps:
            assert len(step.title) <= 24
            told = " ".join((step.text, *step.by_product.values()))
            assert [s for s in re.split(r"(?<=[.?!])\s+", told) if len(s.split()) >= 24] == []

    def test_it_says_what_the_naloxone_card_says(self) -> None:
        card = cards.by_id(ALL, "naloxone")
        assert card is not None
        told = " ".join(card.shown_text)
        steps = " ".join(f"{s.text} {' '.join(s.by_product.values())}" for s in self.steps.steps)
        for fact in (
            "on their side, head back",
            "30 chest presses, 2 breaths if able",
            "outer thigh or upper arm, through clothes, to the next black line",
            "on their back, one spray, one nostril",
            "other nostril",
            "20 minutes",
        ):
            assert fact in told
            assert fact in steps
        low, high = self.steps.next_dose_after_minutes
        assert f"{low}–{high} minutes" in told
        assert f"in {self.steps.wears_off_minutes} minutes" in told

    def test_999_comes_before_naloxone_and_doses_are_counted(self) -> None:
        titles = [step.title for step in self.steps.steps]
        assert next(i for i, t in enumerate(titles) if "999" in t) < titles.index("Give naloxone")
        assert [s.number for s in self.steps.steps if s.gives_dose] == [4, 5]
        assert [s.number for s in self.steps.steps if s.shows_call_words] == [2]

    def test_both_products_are_explained_wherever_a_dose_is_given(self) -> None:
        products = set(codes.load("naloxone_products").keys())
        assert all(set(s.by_product) == products for s in self.steps.steps if s.gives_dose)

    def test_what_to_say_to_999_has_state_breathing_and_place(self) -> None:
        assert [call.title for call in self.steps.call_words] == [
            "What happened",
            "Breathing",
            "Where",
            "What was given",
        ]

    def test_it_is_a_draft_too_and_english_where_a_language_is_missing(self) -> None:
        assert self.steps.approval is None
        assert cards.overdose_steps("cy").language == "en"
