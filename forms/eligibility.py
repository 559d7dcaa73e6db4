"""For whom a service is: its rules held against what is known of a person.

`match` answers yes, maybe or no, with the reasons in words. What is not known gives "maybe", never
"no". It informs: a worker can still refer to a place that says no (`forms.matching` has the order of
places and the next best one).

`Facts` live for the length of a question. They are not stored here and show nothing when printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from forms.opening import can_be_chosen
from forms.services import Rule, Service, Session

Verdict = Literal["yes", "maybe", "no"]
WEIGHT: Mapping[str, int] = {"no": 0, "maybe": 1, "yes": 2}

_UNSAID = frozenset({"", "not_asked", "rather_not_say", "not_known", "not_recorded"})
_AGE_BAND = re.compile(r"\d+")

# What to ask when a rule can't be told either way. Offered to the worker, never compulsory.
_QUESTIONS: Mapping[str, str] = {
    "age": "Age is not known yet.",
    "primary_substance": "It is not known yet which drug matters most to them.",
    "any_substance": "It is not known yet if this is part of what they use.",
    "heavy_substance": "It is not known yet how much they use.",
    "route": "It is not known yet how they take it.",
    "ost_history": "It is not known yet if they have been on a script.",
    "ost_stable": "It is not known yet how settled their script is.",
    "alcohol_daily": "It is not known yet if they drink every day.",
    "pregnant": "Pregnancy has not come up.",
    "area": "It is not known yet where they are staying.",
    "gender": "Gender is not known yet.",
    "referral_route": "It is not known yet how they would go there.",
}


@dataclass(frozen=True, slots=True, repr=False)
class Substance:
    """One substance a person uses: list key, how it ranks for them, if a lot, by which routes.

    `place` and `heavy` are None when not known; two substances can both be primary.
    """

    key: str
    place: Literal["primary", "secondary"] | None = None
    heavy: bool | None = None
    routes: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return "Substance(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """What is known of a person for this question. Every field may be left out: None is "not known".

    `age_band` takes the keys of the list age_band, `gender`, `area` and `referral_route` those of
    theirs; "not asked" and its kin count as not known. `substances` is what was mentioned;
    `that_is_all` says that the person uses nothing else, and only then can absence be a "no".
    """

    age: int | None = None
    age_band: str | None = None
    substances: tuple[Substance, ...] = ()
    that_is_all: bool = False
    ost_history: Literal["never", "past", "current"] | None = None
    ost_stable: bool | None = None
    alcohol_daily: bool | None = None
    pregnant: bool | None = None
    area: str | None = None
    gender: str | None = None
    referral_route: str | None = None
    children_with_them: bool | None = None

    def __repr__(self) -> str:
        return "Facts(…)"


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of why. `criterion` is a rule's, or closing, children or setting for what is not a rule.

    A known barrier that stood in the way carries the way round it and whom to ring.
    """

    criterion: str
    verdict: Verdict
    text: str
    known_barrier: bool = False
    workaround: str = ""
    ring: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The answer for one service; reasons with what stands in the way first."""

    service: Service
    verdict: Verdict
    reasons: tuple[Reason, ...]


def match(service: Service, facts: Facts, on: date) -> Match:
    """Hold a service's rules against what is known, on a day (closing counts; see `can_be_chosen`)."""
    reasons = []
    possible, sentence = can_be_chosen(service, on)
    if sentence:
        reasons.append(Reason("closing", "yes" if possible else "no", sentence))
    reasons += _age_reasons(service, facts)
    groups: dict[str, list[Reason]] = {}
    for position, rule in enumerate(service.rules):
        reason = _reason(rule, facts)
        if rule.effect == "include" and rule.group:
            groups.setdefault(rule.group, []).append(reason)
        else:
            groups[f" {position}"] = [reason]
    for alternatives in groups.values():
        reasons += _settle(alternatives)
    reasons += _children_reasons(service, facts)
    if service.separate_from_opiate_clinic:
        reasons.append(Reason("setting", "yes", "Apart from the place where scripts are given."))
    reasons.sort(key=lambda each: WEIGHT[each.verdict])
    return Match(service, reasons[0].verdict if reasons else "yes", tuple(reasons))


def session_suits(session: Session, facts: Facts) -> Verdict:
    """Whether a session is for this person: women-only ones say yes to a woman, no to a man, else maybe."""
    if not session.women_only or said(facts.gender) == "woman":
        return "yes"
    return "no" if said(facts.gender) == "man" else "maybe"


def prompts(facts: Facts) -> tuple[str, ...]:
    """What to keep in mind about anyone with these facts, whatever place is chosen."""
    if may_be_under_18(facts):
        return (
            "Under 18: a young people's service comes first. Your safeguarding lead can talk it through.",
        )
    return ()


def may_be_under_18(facts: Facts) -> bool:
    """True when the known age or band is under 18; an unknown age is not treated as one."""
    ages = _ages(facts)
    return ages is not None and ages[0] < 18


# ── one rule ──


def _reason(rule: Rule, facts: Facts) -> Reason:
    holds = _holds(rule, facts)
    text = f"{rule.explanation} {rule.threshold}".rstrip()
    if holds is None:
        verdict: Verdict = "maybe"
        text = f"{text} {_QUESTIONS[rule.criterion]}"
    elif holds == (rule.effect == "include"):
        verdict = "yes"
        if rule.effect == "exclude":
            text = f"{text} That does not apply here."
    else:
        verdict = "no"
        text = f"Not a match. {text}"
    if verdict == "yes" or not rule.known_barrier:
        return Reason(rule.criterion, verdict, text)
    return Reason(rule.criterion, verdict, text, True, rule.workaround, rule.ring)


def _holds(rule: Rule, facts: Facts) -> bool | None:
    """Whether what a rule asks is so; None when that is not known."""
    value = rule.value
    if isinstance(value, tuple):
        return _CHECKS[rule.criterion](facts, frozenset(value))
    if isinstance(value, bool):
        known = {
            "ost_stable": facts.ost_stable,
            "alcohol_daily": facts.alcohol_daily,
            "pregnant": facts.pregnant,
        }[rule.criterion]
        return None if known is None else known is value
    ages = _ages(facts)
    return _at_least(ages, value) if rule.operator == "at_least" else _at_most(ages, value)


def _primary(facts: Facts, wanted: frozenset[str]) -> bool | None:
    """Two substances can both be the main one, so a mention without a place leaves it open."""
    mentioned = [each for each in facts.substances if each.key in wanted]
    if any(each.place == "primary" for each in mentioned):
        return True
    if _all_named(facts) and len(facts.substances) == 1 and facts.substances[0].place is None:
        return bool(mentioned)
    if any(each.place is None for each in mentioned):
        return None
    if any(each.place == "primary" and each.key not in _UNSAID for each in facts.substances):
        return False
    if _all_named(facts) or wanted <= {each.key for each in mentioned}:
        return False
    return None


def _uses(facts: Facts, wanted: frozenset[str]) -> bool | None:
    if any(each.key in wanted for each in facts.substances):
        return True
    return False if _all_named(facts) else None


def _heavy(facts: Facts, wanted: frozenset[str]) -> bool | None:
    found = [each.heavy for each in facts.substances if each.key in wanted]
    if any(found):
        return True
    return False if (found and None not in found) or (not found and _all_named(facts)) else None


def _route(facts: Facts, wanted: frozenset[str]) -> bool | None:
    if any(each.routes & wanted for each in facts.substances):
        return True
    told = all(each.routes and not each.routes & _UNSAID for each in facts.substances)
    return False if _all_named(facts) and told else None


def _all_named(facts: Facts) -> bool:
    return facts.that_is_all and not any(each.key in _UNSAID for each in facts.substances)


def _member(known: str | None, wanted: frozenset[str]) -> bool | None:
    answer = said(known)
    return None if answer is None else answer in wanted


_CHECKS: Mapping[str, Callable[[Facts, frozenset[str]], bool | None]] = {
    "primary_substance": _primary,
    "any_substance": _uses,
    "heavy_substance": _heavy,
    "route": _route,
    "ost_history": lambda facts, wanted: _member(facts.ost_history, wanted),
    "area": lambda facts, wanted: _member(facts.area, wanted),
    "gender": lambda facts, wanted: _member(facts.gender, wanted),
    "referral_route": lambda facts, wanted: _member(facts.referral_route, wanted),
}


def said(answer: str | None) -> str | None:
    """The answer, or None where it says that nothing was said."""
    return None if answer is None or answer in _UNSAID else answer


def _ages(facts: Facts) -> tuple[int, int] | None:
    """The youngest and oldest a person can be, in years; None when not known."""
    if facts.age is not None:
        return facts.age, facts.age
    band = said(facts.age_band)
    numbers = [int(number) for number in _AGE_BAND.findall(band or "")]
    if len(numbers) == 2:
        return numbers[0], numbers[1]
    if len(numbers) == 1 and band is not None:
        return (0, numbers[0] - 1) if band.startswith("under") else (numbers[0], 150)
    return None


def _at_least(ages: tuple[int, int] | None, years: int) -> bool | None:
    if ages is None or ages[0] < years <= ages[1]:
        return None
    return ages[0] >= years


def _at_most(ages: tuple[int, int] | None, years: int) -> bool | None:
    if ages is None or ages[0] <= years < ages[1]:
        return None
    return ages[1] <= years


def _age_reasons(service: Service, facts: Facts) -> Iterable[Reason]:
    ages = _ages(facts)
    limits = []
    if service.minimum_age is not None:
        limits.append(
            (_at_least(ages, service.minimum_age), f"Sees people aged {service.minimum_age} and over.")
        )
    if service.maximum_age is not None:
        limits.append((_at_most(ages, service.maximum_age), f"Sees people aged up to {service.maximum_age}."))
    for holds, text in limits:
        if holds is None:
            yield Reason("age", "maybe", f"{text} {_QUESTIONS['age']}")
        else:
            told = text if holds else f"Not a match. {text}"
            yield Reason("age", "yes" if holds else "no", told)


_CHILDCARE: Mapping[str, str] = {
    "none": "no childcare",
    "on_site": "childcare on site",
    "by_arrangement": "childcare by arrangement",
    "costs_paid": "childcare costs are paid",
    "unknown": "childcare not known",
}


def _children_reasons(service: Service, facts: Facts) -> Iterable[Reason]:
    """Never a no: a place without room for children can still be rung, or childcare found."""
    if not facts.children_with_them:
        return
    care = _CHILDCARE[service.childcare]
    if service.children_welcome:
        yield Reason("children", "yes", f"Children are welcome; {care}.")
    elif service.children_welcome is None:
        yield Reason(
            "children", "maybe", f"It is not known if children can come along; {care}. Worth a call."
        )
    else:
        solved = service.childcare in ("on_site", "by_arrangement", "costs_paid")
        text = f"Children can't come into the sessions; {care}."
        yield Reason("children", "yes" if solved else "maybe", text)


def _settle(alternatives: list[Reason]) -> list[Reason]:
    """What is told of rules that are alternatives: the one that holds, or what is open, or all."""
    told = max(WEIGHT[each.verdict] for each in alternatives)
    found = [each for each in alternatives if WEIGHT[each.verdict] == told]
    return found[:1] if told == WEIGHT["yes"] else found
