"""Words that tell a finder what a slip is for, and the check that keeps them off it.

A slip is found by a partner, a parent, a landlord or the police, and looks like any appointment
card. So no field of it may hold a word of this list, in any inflection or case: what the slip's
rules name (drug, addict, needle, methadone, heroin, crack, treatment, clinic, recovery, probation,
NHS number, date of birth, surname), and with them the medicines and the words that say the same.
"""

import re
import unicodedata

import msgspec

_NOUN = r"(?:s|es|'s|’s|s'|s’)?"
_TERMS: dict[str, str] = {
    "drug": rf"drug(?:{_NOUN}|ged|ging|gy|gie{_NOUN})",
    "addict": rf"addict(?:{_NOUN}|ed|ing|ion{_NOUN}|ive)",
    "needle": rf"needle(?:{_NOUN}|d|work)",
    "methadone": rf"methadone{_NOUN}",
    "heroin": rf"heroin{_NOUN}",
    "crack": rf"crack(?:{_NOUN}|ed|ing|head{_NOUN})",
    "treatment": rf"treatment{_NOUN}",
    "clinic": rf"(?:poly)?clinic(?:{_NOUN}|al|ally|ian{_NOUN})",
    "recovery": r"recover(?:y|ies|ed|ing|s)?",
    "probation": rf"probation(?:{_NOUN}|ary|er{_NOUN})",
    "NHS number": rf"nhs[ \-]*(?:number|no\.?){_NOUN}",
    "date of birth": r"(?:dates? of births?|birth ?dates?|d\.?o\.?b\.?)",
    "surname": rf"(?:surname|family name|last name){_NOUN}",
    # The same said otherwise; medicines (a slip never names one), substances and offences.
    "detox": r"detox(?:es|ed|ing|ification)?",
    "rehab": rf"rehab(?:{_NOUN}|ilitation)",
    "overdose": r"overdos(?:e|es|ed|ing)",
    "inject": rf"inject(?:s|ed|ing|ion{_NOUN}|or{_NOUN})?",
    "syringe": rf"syringe{_NOUN}",
    "prescription": rf"prescri(?:ption{_NOUN}|be|bes|bed|ber{_NOUN}|bing)",
    "substance misuse": r"(?:substance|drug|alcohol)[ \-]+(?:mis|ab)us(?:e|es|ed|er|ers|ing)",
    "opiate": rf"opi(?:ate|oid|um){_NOUN}",
    "cocaine": rf"cocaine{_NOUN}",
    "amphetamine": rf"(?:meth)?amphetamine{_NOUN}",
    "cannabis": r"cannabis",
    "ketamine": r"ketamine",
    "nitazene": rf"nitazene{_NOUN}",
    "naloxone": r"(?:naloxone|prenoxad|nyxoid)",
    "buprenorphine": r"(?:buprenorphine|subutex|suboxone|espranor|buvidal)",
    "diamorphine": r"(?:dia)?morphine",
    "benzodiazepine": rf"(?:benzo(?:diazepine)?|diazepam|valium){_NOUN}",
    "hepatitis": r"hepatitis",
    "HIV": r"hiv",
    "offender": r"(?:ex-?)?offen(?:der|ders|ding)",
}
_PATTERNS = [
    (term, re.compile(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", re.IGNORECASE))
    for term, pattern in _TERMS.items()
]
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


class Telling(msgspec.Struct, frozen=True):
    """A word found: `term` as the list has it, `found` as the text has it."""

    term: str
    found: str


def terms() -> tuple[str, ...]:
    """What the list is about, one name a pattern."""
    return tuple(_TERMS)


def lint(text: str) -> list[Telling]:
    """Every word of a text that has no place on a slip, in the order of the list."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    plain = re.sub(r"\s+", " ", plain)
    return [Telling(term, found[0]) for term, pattern in _PATTERNS for found in pattern.finditer(plain)]
