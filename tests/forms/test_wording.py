"""The wording check on sentences: what it finds, what it lets pass, and where it says it is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import wording, wordlist
from forms.wording import WordingError, check, check_with

ENGLISH = wordlist.load("en")

# (text, what is found, its term, "hard" or "warn")
HITS = [
    # telling people what to do
    ("You should bring your script.", "should", "should", "hard"),
    ("You shouldn't mix them.", "shouldn't", "should", "hard"),
    ("You shouldn’t mix them.", "shouldn’t", "should", "hard"),
    ("you shouldnt mix them", "shouldnt", "should", "hard"),
    ("You should've rung.", "should've", "should", "hard"),
    ("SHOULD YOU WANT HELP", "SHOULD", "should", "hard"),
    ("It **should** be fine.", "should", "should", "hard"),
    ("It _must_ be today.", "must", "must", "hard"),
    ("You must ring first.", "must", "must", "hard"),
    ("You mustn’t share.", "mustn’t", "must", "hard"),
    ("The drop-in is a must-see.", "must-see", "must", "hard"),
    ("A must for everyone.", "must", "must", "hard"),
    ("You ought to know.", "ought", "ought", "hard"),
    ("You oughtn't go.", "oughtn't", "ought", "hard"),
    ("You have to come back.", "have to", "have to", "hard"),
    ("You have\nto come back.", "have\nto", "have to", "hard"),
    ("You have   to come back.", "have   to", "have to", "hard"),
    ("You have\u00a0to come back.", "have\u00a0to", "have to", "hard"),
    ("Nobody here will have to say.", "have to", "have to", "hard"),
    ("You don't have to say.", "have to", None, None),
    ("She has to wait.", "has to", "have to", "hard"),
    ("You have always to sign.", "have always to", "have to", "hard"),
    ("You've got to come.", "'ve got to", "have to", "hard"),
    ("You’ve really got to come.", "’ve really got to", "have to", "hard"),
    ("You gotta come.", "gotta", "have to", "hard"),
    ("You need to sign here.", "need to", "need to", "hard"),
    ("You need first to sign here.", "need first to", "need to", "hard"),
    ("He needs to sign here.", "needs to", "need to", "hard"),
    ("NEED TO KNOW", "NEED TO", "need to", "hard"),
    ("You'd better go.", "You'd better", "had better", "hard"),
    ("You’d better go.", "You’d better", "had better", "hard"),
    ("You had better go.", "had better", "had better", "hard"),
    ("It is better to smoke it.", "better to", "better to", "hard"),
    ("It's better if you ring.", "better if you", "better to", "hard"),
    ("It is better not to.", "better not to", "better to", "hard"),
    ("Better not go alone.", "Better not", "had better", "hard"),
    ("You are required to attend.", "You are required", "you are required", "hard"),
    ("You're required here.", "You're required", "you are required", "hard"),
    ("It is essential that you come.", "is essential that", "it is essential that you", "hard"),
    ("It's vital you come.", "It's vital you", "it is essential that you", "hard"),
    ("It is imperative that you come.", "is imperative that", "it is essential that you", "hard"),
    ("It’s important that you come.", "It’s important that", "it is essential that you", "hard"),
    ("Make sure you eat.", "Make sure", "make sure", "hard"),
    ("Be sure to eat.", "Be sure to", "make sure", "hard"),
    ("No excuses.", "No excuses", "no excuses", "hard"),
    ("When you had to leave", "you had to", "you had to", "hard"),
    ("They had to go", "had to", "had to", "warn"),
    ("Samples are never handed back.", "never", "never", "warn"),
    ("Always carry two.", "Always", "always", "warn"),
    ("Don’t share pipes.", "Don’t", "don't", "warn"),
    # labels and judgements
    ("He is an addict.", "addict", "addict", "hard"),
    ("Addicts welcome", "Addicts", "addict", "hard"),
    ("addicted to crack", "addicted", "addict", "hard"),
    ("a junkie", "junkie", "junkie", "hard"),
    ("smackheads", "smackheads", "junkie", "hard"),
    ("crack-head", "crack-head", "junkie", "hard"),
    ("druggies", "druggies", "junkie", "hard"),
    ("for drug users", "drug users", "user", "hard"),
    ("service users' views", "service users", "user", "hard"),
    ("service-user group", "service-user", "user", "hard"),
    ("each user", "user", "user", "hard"),
    ("Users", "Users", "user", "hard"),
    ("drug abuse", "drug abuse", "abuse", "hard"),
    ("abusers", "abusers", "abuse", "hard"),
    ("substance misuse team", "substance misuse", "misuse", "hard"),
    ("misusing drugs", "misusing", "misuse", "hard"),
    ("his addiction", "addiction", "addiction", "hard"),
    ("Are you clean?", "clean", "clean", "hard"),
    ("a clean test", "clean", "clean", "hard"),
    ("clean needles", "clean", "clean", "hard"),
    ("six months clean", "clean", "clean", "hard"),
    ("She stayed clean.", "stayed clean", "clean", "hard"),
    ("a dirty sample", "dirty", "dirty", "hard"),
    ("dirty works", "dirty", "dirty", "hard"),
    ("Clean the skin once.", "Clean", "clean", "warn"),
    ("Cleaning helps.", "Cleaning", "cleaning", "warn"),
    ("a £60 habit", "habit", "habit", "hard"),
    ("habitual use", "habitual", "habit", "hard"),
    ("after a relapse", "relapse", "relapse", "hard"),
    ("he relapsed", "relapsed", "relapse", "hard"),
    ("fell off the wagon", "fell off the wagon", "relapse", "hard"),
    ("a lapsed client", "client", None, None),
    ("the overdose victim", "overdose victim", "overdose victim", "hard"),
    ("He OD’d twice.", "OD’d", "overdose victim", "hard"),
    ("chaotic clients", "clients", None, None),
    ("a chaotic life", "chaotic", "chaotic", "hard"),
    ("a difficult patient", "difficult patient", "difficult client", "hard"),
    ("hard to engage", "hard to engage", "difficult client", "hard"),
    ("hard-to-reach groups", "hard-to-reach", "hard to reach", "hard"),
    ("harder to reach", "harder to reach", "hard to reach", "hard"),
    ("hidden populations", "hidden populations", "hard to reach", "hard"),
    ("non-compliant", "non-compliant", "non-compliant", "hard"),
    ("noncompliance", "noncompliance", "non-compliant", "hard"),
    ("failed to attend", "failed to attend", "failed to attend", "hard"),
    ("She DNA'd on us.", "DNA'd", "failed to attend", "hard"),
    ("a breach of the contract", "breach", "breach", "hard"),
    ("sanctions follow", "sanctions", "sanction", "hard"),
    ("he disengaged", "disengaged", "disengaged", "hard"),
    ("early drop-outs", "drop-outs", "drop-out", "hard"),
    ("he dropped out of treatment", "dropped out of treatment", "drop-out", "hard"),
    ("still in denial", "in denial", "in denial", "hard"),
    ("lacks motivation", "lacks motivation", "in denial", "hard"),
    ("drug-seeking", "drug-seeking", "drug-seeking", "hard"),
    ("manipulative", "manipulative", "drug-seeking", "hard"),
    ("vulnerable adults", "vulnerable", "vulnerable", "hard"),
    ("intravenous drug users", "intravenous drug users", "intravenous drug user", "hard"),
    ("12 IVDUs", "IVDUs", "intravenous drug user", "hard"),
    ("help the homeless", "the homeless", "the homeless", "hard"),
    ("homeless and cold", "homeless", "homeless", "warn"),
    ("an ex-offender", "ex-offender", "offender", "hard"),
    ("ex con", "ex con", "offender", "hard"),
    ("prostitutes", "prostitutes", "prostitute", "hard"),
    ("BAME groups", "BAME", "BAME", "hard"),
    ("suffers from COPD", "suffers from", "suffers from", "hard"),
    ("confined to bed", "confined to", "suffers from", "hard"),
    ("elderly people", "elderly", "suffers from", "hard"),
    ("a heroin substitute", "heroin substitute", "substitute", "hard"),
    ("our clients", "clients", "client", "hard"),
    ("a drug-free life", "drug-free", "war on drugs", "hard"),
    ("the war on drugs", "war on drugs", "war on drugs", "hard"),
    ("Why do you use?", "Why do you", "admits", "hard"),
    ("she committed suicide", "committed suicide", "committed suicide", "hard"),
    ("Do you admit using?", "Do you admit", "admits", "hard"),
]

INNOCENT = [
    "the mustard soup",
    "a musty sleeping bag",
    "Mustafa is at the desk on Tuesdays.",
    "on the shoulder or the outer thigh",
    "a thoughtful note",
    "Some people feel better after food.",
    "It can get better.",
    "A better light for the desk.",
    "We had better luck on Thursday.",
    "She has had better days.",
    "feel better to talk",
    "What have you to hand?",
    "The kit you have to hand is fine.",
    "That has to do with the weather.",
    "What we have to offer is short.",
    "whatever you have to say",
    "When we got to the river",
    "you've got to the clinic",
    "No ID needed to come in.",
    "Their access needs to follow.",
    "You could ring ahead.",
    "It's up to you.",
    "One option is smoking it.",
    "Some people start by swapping one hit a day.",
    "Call 999, speaker on.",
    "Stay with them.",
    "No ID required.",
    "We are sure to be there.",
    "a sure sign",
    "made of surety",
    "toughness",
    "brought to the door",
    "They used the side door.",
    "a used needle in the bin",
    "person who uses drugs",
    "people who use heroin",
    "an abrupt stop",
    "Domestic abuse: 0808 2000 247",
    "domestic abuse service",
    "the Misuse of Drugs Act 1971",
    "Advisory Council on the Misuse of Drugs",
    "National Database for Substance Misuse",
    "the city's homeless addiction team",
    "the addiction service in Hill Street",
    "wash the skin, wipe once",
    "a clear night",
    "New kit each time",
    "They inhabit the old mill.",
    "a wetland habitat",
    "a collapsed vein",
    "The slip ran out.",
    "victims' support line",
    "an odd batch",
    "Odd strength tonight",
    "hard to wake",
    "hard to say",
    "easy to reach by bus",
    "the hidden search field",
    "a complaint about the bus",
    "The glass is heat-resistant.",
    "heat resistant glass",
    "a data breach is told within 72 hours",
    "a benefit sanction left them with nothing",
    "the network dropped out",
    "a drop-in on Tuesday",
    "dropped off at the door",
    "It is denied by the bus company.",
    "motivation to walk",
    "looking for a place",
    "an autoinjector",
    "A homelessness service",
    "the homeless health team",
    "criminal justice",
    "on the offensive",
    "no offence meant",
    "a conference about conversation",
    "a bamboo cup",
    "older people",
    "opioid substitution treatment",
    "an http client",
    "drugs are free of charge here",
    "He says he used twice.",
    "admitted to hospital",
    "Tell me about the evening.",
    "What do you get from it?",
    "person sleeping rough",
    "stopped coming",
    "did not come",
    "went back to using",
    "a use for the old van",
    "Ask for Jo at the side door.",
]


@pytest.mark.requirement("LT01", "LT03", "LT05", "LT06", "LT07")
@pytest.mark.parametrize(("text", "found", "term", "severity"), HITS, ids=[hit[0][:40] for hit in HITS])
def test_what_is_found(text: str, found: str, term: str | None, severity: str | None) -> None:
    findings = check(text, "en")
    assert findings, text
    assert any(found in finding.text for finding in findings)
    if term is not None:
        assert [(f.text, f.term, f.severity) for f in findings] == [(found, term, severity)]


@pytest.mark.parametrize("text", INNOCENT)
def test_what_passes(text: str) -> None:
    assert [(f.text, f.term, f.severity) for f in check(text, "en")] == []


def test_there_are_enough_sentences_and_half_of_them_innocent() -> None:
    assert len(HITS) >= 60
    assert len(INNOCENT) >= 60
    assert len(set(INNOCENT)) == len(INNOCENT)


def test_every_term_of_the_list_is_found_by_the_phrases_that_are_said_most() -> None:
    shown = {hit[2] for hit in HITS}
    grave = {term.term for term in ENGLISH.terms if term.severity == "hard"}
    assert grave - shown == set()


@pytest.mark.parametrize("text", ["", " ", "\n\n", "…", "١٢٣", "你好", "a" * 5000])
def test_nothing_to_find(text: str) -> None:
    assert check(text, "en") == []


class TestFinding:
    def test_it_names_place_words_and_what_to_say_instead(self) -> None:
        text = "Before you come, you must\nring the service users' line."
        first, second = check(text, "en")
        assert (first.start, first.end) == (text.index("must"), text.index("must") + 4)
        assert (first.kind, second.kind) == ("modal", "stigma")
        assert first.hard
        assert "could" in first.preferred
        assert "must" in first.message
        assert first.message.endswith(".")
        assert "people we work with" in second.message

    def test_one_slip_gives_one_finding_and_the_longest_phrase_wins(self) -> None:
        assert [f.text for f in check("intravenous drug users", "en")] == ["intravenous drug users"]
        assert [f.text for f in check("you had better not", "en")] == ["had better"]

    def test_two_slips_give_two_in_order(self) -> None:
        assert [f.text for f in check("Users should and must.", "en")] == ["Users", "should", "must"]


class TestDisguise:
    @pytest.mark.parametrize(
        "text",
        [
            "sho\u00aduld",
            "sho\u200buld",
            "ｓｈｏｕｌｄ",
            "Sʰould".replace("ʰ", "h"),
            "ｍｕｓｔ",
            "need‑to",
            "need\t\r\nto",
            "service \u2010 users",
            "has\u2009to",
        ],
    )
    def test_invisible_and_look_alike_characters_hide_nothing(self, text: str) -> None:
        assert [f.hard for f in check(text, "en")] == [True]

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_a_place_is_always_a_place_in_the_text(self, before: str, after: str) -> None:
        text = f"{before} must {after}"
        findings = check(text, "en")
        assert any(f.term == "must" for f in findings)
        for finding in findings:
            assert 0 <= finding.start < finding.end <= len(text)
            assert text[finding.start : finding.end] == finding.text

    @given(
        st.sampled_from(["must", "have to", "you'd better", "service users", "hard to reach", "relapsed"]),
        st.data(),
    )
    def test_case_apostrophe_and_white_space_make_no_difference(
        self, phrase: str, data: st.DataObject
    ) -> None:
        told = "".join(
            data.draw(st.sampled_from(["’", "'", "ʼ"]))
            if letter == "'"
            else data.draw(st.sampled_from([" ", "\n", "  ", "\u00a0", "\n  "]))
            if letter == " "
            else data.draw(st.sampled_from([letter, letter.upper()]))
            for letter in phrase
        )
        assert [f.text for f in check(f"({told})", "en")] == [told]


class TestLanguages:
    @pytest.mark.requirement("LT02")
    def test_a_language_without_a_list_is_refused_not_passed(self) -> None:
        with pytest.raises(WordingError, match=r"no word list for the language 'xx' yet.*: en"):
            check("anything", "xx")

    def test_a_region_uses_its_language(self) -> None:
        assert check("must", "en-GB") == check("must", "en_IE") == check("must", "EN")

    def test_english_is_there(self) -> None:
        assert "en" in wording.languages()

    @pytest.mark.requirement("LT02")
    def test_another_language_has_a_list_of_its_own(self) -> None:
        german = wordlist.parse(
            'language = "de"\nversion = 1\nmessages = { modal = "M.", stigma = "S." }\n'
            '[[terms]]\nterm = "müssen"\nkind = "modal"\nseverity = "hard"\n'
            'match = ["muss", "müssen", "musst"]\nprefer = ["können"]\n'
        )
        assert [f.text for f in check_with(german, "Sie MÜSSEN kommen, you must")] == ["MÜSSEN"]


class TestAllowed:
    BASE = (
        'language = "en"\nversion = 1\nmessages = { modal = "M.", stigma = "S." }\n'
        '[[terms]]\nterm = "must"\nkind = "modal"\nseverity = "hard"\nmatch = ["must"]\nprefer = ["could"]\n'
        '[[terms]]\nterm = "user"\nkind = "stigma"\nseverity = "hard"\nmatch = ["user"]\n'
        'prefer = ["worker"]\n'
    )
    PLACE = (
        '[[places]]\nkey = "forms/a.toml:x.1"\nterm = "must"\nreason = "Emergency."\n'
        'reviewer = "Ada Example"\n'
    )

    def test_one_term_at_one_place(self) -> None:
        words = wordlist.parse(self.BASE, self.PLACE)
        assert [f.term for f in check_with(words, "user must", key="forms/a.toml:x.1")] == ["user"]
        assert [f.term for f in check_with(words, "must", key="/tree/forms/a.toml:x.1")] == []
        assert [f.term for f in check_with(words, "must", key="forms/a.toml:x.2")] == ["must"]
        assert [f.term for f in check_with(words, "must")] == ["must"]

    def test_a_proper_name_passes_only_in_full(self) -> None:
        words = wordlist.parse(
            self.BASE,
            '[[names]]\nname = "Must Farm"\nreason = "Name of a place."\nreviewer = "Ada Example"\n',
        )
        assert check_with(words, "the Must Farm museum") == []
        assert [f.start for f in check_with(words, "Must Farm must open")] == [10]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("Emergency.", " "),
            ("Ada Example", ""),
            ("forms/a.toml:x.1", "*"),
            ("forms/a.toml:x.1", "forms/*"),
            ("forms/a.toml:x.1", ""),
            ('"must"', '"everything"'),
        ],
    )
    def test_no_entry_without_reason_reviewer_term_and_place(self, old: str, new: str) -> None:
        with pytest.raises(WordingError):
            wordlist.parse(self.BASE, self.PLACE.replace(old, new))

    @pytest.mark.parametrize(
        ("terms", "says"),
        [
            ("x", "can't be read"),
            ('language = "en"', "can't be read"),
            (BASE.replace('["must"]', "[]"), "nothing"),
        ],
    )
    def test_a_damaged_list_is_an_error_and_not_a_pass(self, terms: str, says: str) -> None:
        with pytest.raises(WordingError, match=re.escape(says)):
            wordlist.parse(terms)

    def test_the_list_that_ships_has_reasons_and_reviewers(self) -> None:
        assert ENGLISH.names is not None
        assert all(place.reason and place.reviewer for place in ENGLISH.places)
        assert len({term.term for term in ENGLISH.terms}) == len(ENGLISH.terms)


def test_what_is_preferred_passes_itself() -> None:
    """What the list says instead is not on the list."""
    for term in ENGLISH.terms:
        for phrase in term.prefer:
            assert [f.text for f in check(phrase, "en") if f.hard] == [], (term.term, phrase)
