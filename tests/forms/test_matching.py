"""For whom a place is, in which order places come, and how long a slip lasts."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import codes
from forms.matching import (
    Facts,
    Substance,
    best,
    instead_of,
    match,
    may_be_under_18,
    narrowed,
    places_words,
    prompts,
    session_suits,
    shut,
    soonest_for,
    valid_until,
    waiting_words,
    while_you_wait,
)
from forms.opening import can_be_chosen, instant
from forms.services import Directory, Location, Places, Rule, Service, example

LONDON = ZoneInfo("Europe/London")
DIRECTORY = example()
ON = date(2026, 12, 2)  # a Wednesday
AT = datetime(2026, 12, 2, 10, tzinfo=LONDON)

CRACK = Facts(substances=(Substance("crack", "primary"),), age_band="25_34")
HEROIN_FIRST = Facts(substances=(Substance("heroin", "primary"), Substance("crack", "secondary")), age=40)
HEROIN_AND_A_LOT = Facts(
    substances=(Substance("heroin", "primary"), Substance("crack", "secondary", True)), age=40
)
HEROIN_AND_A_LITTLE = Facts(
    substances=(Substance("heroin", "primary"), Substance("crack", "secondary", False)), age=40
)
HEROIN_ONLY = Facts(substances=(Substance("heroin", "primary"),), that_is_all=True, age=40)


def verdicts(facts: Facts, on: date = ON) -> dict[str, str]:
    return {each.id: match(each, facts, on).verdict for each in DIRECTORY.services}


def with_rule(criterion, operator, value, effect="include", **more) -> Service:
    rule = Rule(
        effect=effect,
        criterion=criterion,
        operator=operator,
        value=value,
        explanation="The rule in words.",
        **more,
    )
    return Service(
        id="place",
        name="The Place",
        discreet_name="The Place",
        status="active",
        description="A place.",
        phone="01632 960190",
        location=Location(),
        crack_offer="none",
        rules=(rule,),
        assured_on=date(2026, 11, 1),
    )


def only(*ids: str, **more) -> Directory:
    services = tuple(msgspec.structs.replace(s, replaced_by=None) for s in DIRECTORY.services if s.id in ids)
    return msgspec.structs.replace(DIRECTORY, services=services, **more)


# ── Table 1 ──


@pytest.mark.requirement("DE01", "DE02", "DE03", "DE04")
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (CRACK, {"north": "yes", "quay": "yes", "mill": "yes", "hill": "yes"}),
        (HEROIN_FIRST, {"north": "no", "quay": "no", "mill": "maybe", "hill": "yes"}),
        (HEROIN_AND_A_LOT, {"north": "no", "quay": "no", "mill": "yes", "hill": "yes"}),
        (HEROIN_AND_A_LITTLE, {"north": "no", "quay": "no", "mill": "no", "hill": "yes"}),
        (HEROIN_ONLY, {"north": "no", "quay": "no", "mill": "no", "hill": "no"}),
        (Facts(), {"north": "maybe", "quay": "maybe", "mill": "maybe", "hill": "maybe"}),
    ],
)
def test_table_1_answers(facts, expected):
    found = verdicts(facts)
    assert {name: found[name] for name in expected} == expected
    assert found["yard"] == "yes"


@pytest.mark.requirement("DE02")
def test_an_exclusion_is_told_apart_and_in_words():
    texts = [r.text for r in match(DIRECTORY.service("quay"), HEROIN_FIRST, ON).reasons if r.verdict == "no"]
    assert texts == [
        "Not a match. Sees people whose main drug is crack.",
        "Not a match. Not set up for people whose main drug is heroin or another opiate.",
    ]


@pytest.mark.requirement("DE03")
def test_not_known_is_worth_asking_and_gives_the_services_own_threshold():
    found = match(DIRECTORY.service("mill"), HEROIN_FIRST, ON)
    assert found.verdict == "maybe"
    text = next(r.text for r in found.reasons if r.criterion == "heavy_substance")
    assert "most days" in text
    assert "not known yet" in text
    settled = match(DIRECTORY.service("mill"), HEROIN_AND_A_LOT, ON)
    assert [r.criterion for r in settled.reasons].count("heavy_substance") == 1
    assert "primary_substance" not in [r.criterion for r in settled.reasons]


def test_two_main_drugs_are_possible():
    both = Facts(substances=(Substance("heroin", "primary"), Substance("crack", "primary")), age=40)
    assert verdicts(both)["mill"] == "yes"
    assert verdicts(both)["north"] == "no"
    unplaced = Facts(substances=(Substance("heroin", "primary"), Substance("crack")), age=40)
    assert verdicts(unplaced)["mill"] == "maybe"
    beside = Facts(substances=(Substance("alcohol", "primary"), Substance("crack")), age=40)
    assert verdicts(beside)["quay"] == "maybe"
    unnamed = Facts(substances=(Substance("not_known", "primary"),), age=40)
    assert verdicts(unnamed)["quay"] == "maybe"
    alone = Facts(substances=(Substance("crack"),), that_is_all=True, age=40)
    assert verdicts(alone)["quay"] == "yes"


def test_one_opiate_in_second_place_leaves_open_if_another_comes_first():
    place = with_rule("primary_substance", "in", ("heroin", "methadone_script"), effect="exclude")
    second = (Substance("heroin", "secondary"),)
    assert match(place, Facts(substances=second), ON).verdict == "maybe"
    both = (*second, Substance("methadone_script", "secondary"))
    assert match(place, Facts(substances=both), ON).verdict == "yes"


def test_what_was_not_mentioned_is_not_known_until_that_is_all():
    mentioned = Facts(substances=(Substance("heroin"),), age=40)
    assert verdicts(mentioned)["hill"] == "maybe"
    whole = Facts(substances=(Substance("heroin"),), that_is_all=True, age=40)
    assert verdicts(whole)["hill"] == "no"
    unsure = Facts(substances=(Substance("heroin"), Substance("not_known")), that_is_all=True, age=40)
    assert verdicts(unsure)["hill"] == "maybe"


# ── each kind of rule: pass, fail, not known ──

INJECTS = Substance("heroin", routes=frozenset({"inject_iv"}))
SMOKES = Substance("crack", routes=frozenset({"smoke_pipe"}))


@pytest.mark.requirement("DE09")
@pytest.mark.parametrize(
    ("criterion", "operator", "value", "holds", "fails"),
    [
        ("age", "at_least", 18, Facts(age=18), Facts(age=17)),
        ("age", "at_least", 18, Facts(age_band="18_24"), Facts(age_band="under_18")),
        ("age", "at_most", 24, Facts(age_band="18_24"), Facts(age_band="55_plus")),
        ("primary_substance", "in", ("crack",), CRACK, HEROIN_FIRST),
        ("any_substance", "in", ("crack",), HEROIN_FIRST, HEROIN_ONLY),
        ("heavy_substance", "in", ("crack",), HEROIN_AND_A_LOT, HEROIN_AND_A_LITTLE),
        (
            "route",
            "in",
            ("inject_iv", "inject_groin"),
            Facts(substances=(INJECTS,)),
            Facts(substances=(SMOKES,), that_is_all=True),
        ),
        ("ost_history", "in", ("past", "current"), Facts(ost_history="past"), Facts(ost_history="never")),
        ("ost_stable", "is", True, Facts(ost_stable=True), Facts(ost_stable=False)),
        ("alcohol_daily", "is", False, Facts(alcohol_daily=False), Facts(alcohol_daily=True)),
        ("pregnant", "is", True, Facts(pregnant=True), Facts(pregnant=False)),
        ("area", "in", ("mill",), Facts(area="mill"), Facts(area="outside_our_areas")),
        ("gender", "in", ("woman",), Facts(gender="woman"), Facts(gender="man")),
        (
            "referral_route",
            "in",
            ("self_with_slip",),
            Facts(referral_route="self_with_slip"),
            Facts(referral_route="sent_ahead"),
        ),
    ],
)
def test_each_kind_of_rule_passes_fails_and_is_left_open(criterion, operator, value, holds, fails):
    include = with_rule(criterion, operator, value)
    assert match(include, holds, ON).verdict == "yes"
    assert match(include, fails, ON).verdict == "no"
    assert match(include, Facts(), ON).verdict == "maybe"
    exclude = with_rule(criterion, operator, value, effect="exclude")
    assert match(exclude, holds, ON).verdict == "no"
    assert match(exclude, fails, ON).verdict == "yes"
    assert match(exclude, Facts(), ON).verdict == "maybe"


@pytest.mark.requirement("DE09")
@pytest.mark.parametrize("said", ["not_asked", "rather_not_say", "not_known", "not_recorded", ""])
def test_an_answer_that_says_nothing_is_not_known(said):
    for criterion, name in (("gender", "gender"), ("area", "area"), ("referral_route", "referral_route")):
        assert match(with_rule(criterion, "in", ("x",)), Facts(**{name: said}), ON).verdict == "maybe"
    assert match(with_rule("age", "at_least", 18), Facts(age_band=said), ON).verdict == "maybe"


@pytest.mark.requirement("DE05")
def test_ages_none_zero_and_bands():
    place = with_rule("area", "in", ("mill",))
    here = {"area": "mill"}
    free = msgspec.structs.replace(place, minimum_age=None, maximum_age=None)
    zero = msgspec.structs.replace(place, minimum_age=0)
    adult = msgspec.structs.replace(place, minimum_age=18)
    young = msgspec.structs.replace(place, maximum_age=20)
    twenty = msgspec.structs.replace(place, minimum_age=20)
    assert match(twenty, Facts(age_band="18_24", **here), ON).verdict == "maybe"
    assert match(free, Facts(**here), ON).verdict == "yes"
    assert match(zero, Facts(**here), ON).verdict == "maybe"
    assert match(adult, Facts(**here), ON).verdict == "maybe"
    assert match(adult, Facts(age_band="under_18", **here), ON).verdict == "no"
    assert match(young, Facts(age_band="18_24", **here), ON).verdict == "maybe"
    assert match(young, Facts(age=20, **here), ON).verdict == "yes"
    assert match(young, Facts(age=21, **here), ON).verdict == "no"
    for band in codes.load("age_band"):  # every band that can be tapped is understood
        known = match(adult, Facts(age_band=band.key, **here), ON).verdict
        assert known == {"not_asked": "maybe", "under_18": "no"}.get(band.key, "yes")


@pytest.mark.requirement("DE05")
def test_someone_under_18_gets_young_peoples_services_first_and_a_prompt():
    youth = msgspec.structs.replace(
        DIRECTORY.service("quay"), id="youth", name="Youth Place", rules=(), maximum_age=24, young_people=True
    )
    directory = msgspec.structs.replace(DIRECTORY, services=(*DIRECTORY.services, youth))
    young = Facts(age_band="under_18")
    assert best(directory, young, AT)[0].service.id == "youth"
    assert "safeguarding" in prompts(young)[0]
    assert best(directory, Facts(age_band="25_34"), AT)[0].service.id == "yard"
    assert not may_be_under_18(Facts())
    assert prompts(Facts()) == ()


def test_a_known_barrier_comes_with_a_way_round_it_and_someone_to_ring():
    dawn = msgspec.structs.replace(DIRECTORY.service("dawn"), status="active", closes_on=None)
    facts = Facts(
        substances=(Substance("heroin", "primary"),),
        age=40,
        area="mill",
        ost_history="past",
        ost_stable=False,
    )
    stopped = [r for r in match(dawn, facts, ON).reasons if r.verdict == "no"]
    assert [r.criterion for r in stopped] == ["ost_stable"]
    assert stopped[0].known_barrier
    assert stopped[0].workaround.startswith("Ring the prescriber")
    assert "01632 960158" in stopped[0].ring
    settled = msgspec.structs.replace(dawn)
    passed = match(settled, Facts(ost_stable=True), ON).reasons
    assert not any(r.known_barrier for r in passed if r.criterion == "ost_stable")


@pytest.mark.requirement("DE14", "DE19")
def test_children_and_setting_are_reasons_and_never_a_no():
    facts = Facts(substances=CRACK.substances, age=30, children_with_them=True)
    told = {
        each.id: next(r for r in match(each, facts, ON).reasons if r.criterion == "children")
        for each in DIRECTORY.services
    }
    assert told["hill"].text == "Children are welcome; childcare on site."
    assert told["quay"].verdict == "yes"  # childcare costs are paid
    assert told["north"].verdict == "maybe"
    assert not any(each.verdict == "no" for each in told.values())
    separate = {each.id for each in DIRECTORY.services if "setting" in str(match(each, CRACK, ON).reasons)}
    assert separate == {"yard", "north", "quay", "hill"}


@pytest.mark.requirement("DE14")
def test_the_list_can_be_narrowed_and_what_is_not_known_stays():
    def ids(*wants):
        return {each.service.id for each in narrowed(best(DIRECTORY, Facts(), AT), wants)}

    assert ids() == {"yard", "north", "quay", "mill", "hill"}
    assert ids("children") == {"yard", "mill", "hill"}
    assert ids("childcare") == {"quay", "mill", "hill"}
    assert ids("children", "childcare") == {"mill", "hill"}
    assert ids("dogs") == {"yard", "north", "quay", "mill"}  # only Hilltop says no
    assert "quay" not in ids("step_free")


# ── order ──


@pytest.mark.requirement("DE07", "RS03")
def test_open_access_first_for_a_fast_track_then_the_soonest():
    assert [each.service.id for each in best(DIRECTORY, CRACK, AT)] == [
        "yard",
        "hill",
        "mill",
        "quay",
        "north",
    ]
    # Thursday 12.10: Hilltop and Quayside are open, the Yard comes back at 6; without a fast track
    # the time alone decides.
    late = datetime(2026, 12, 3, 12, 10, tzinfo=LONDON)
    assert [each.service.id for each in best(DIRECTORY, CRACK, late)][:2] == ["hill", "yard"]
    plain = [each.service.id for each in best(DIRECTORY, CRACK, late, fast_track=False)]
    assert set(plain[:2]) == {"hill", "quay"}
    assert plain.index("quay") < plain.index("yard")


@pytest.mark.requirement("RS03")
def test_at_the_same_time_the_nearer_comes_first():
    far = msgspec.structs.replace(
        DIRECTORY.service("yard"), id="far", name="A Yard", location=Location(area="hilltop")
    )
    near = msgspec.structs.replace(
        far, id="near", name="Z Yard", location=Location(area="hilltop", walking_minutes=2)
    )
    directory = msgspec.structs.replace(only("yard"), services=(far, DIRECTORY.service("yard"), near))
    assert [r.service.id for r in best(directory, Facts(), AT)] == ["near", "yard", "far"]
    assert [r.service.id for r in best(directory, Facts(area="mill"), AT)] == ["yard", "near", "far"]


@pytest.mark.requirement("RS16")
def test_no_match_anywhere_still_offers_the_next_best_place():
    directory = only("north", "quay", "mill", "hill")
    found = best(directory, HEROIN_ONLY, AT)
    assert {each.match.verdict for each in found} == {"no"}
    assert [each.service.id for each in found if each.next_best] == ["hill"]
    assert found[0].why
    assert len(found) == 4  # it informs: every place can still be chosen
    without_open_access = best(only("north", "quay"), HEROIN_ONLY, AT)
    assert without_open_access[0].next_best
    assert "ring 01632" in without_open_access[0].why


@pytest.mark.requirement("DE12", "RS19")
def test_closed_places_are_listed_apart_with_what_took_over():
    assert "dawn" not in [each.service.id for each in best(DIRECTORY, Facts(), AT)]
    closed = shut(DIRECTORY, AT)
    assert [each.service.id for each in closed] == ["dawn"]
    assert closed[0].instead.id == "yard"
    assert "closed on Wednesday 30 November 2022" in closed[0].reason
    assert "The Yard took over" in closed[0].reason
    assert match(DIRECTORY.service("dawn"), Facts(), ON).verdict == "no"
    assert DIRECTORY.service("dawn").name == "Dawn Street HAT Programme"


@pytest.mark.requirement("RS16", "RS19")
def test_instead_of_a_place_comes_what_took_over_from_it():
    found = instead_of(DIRECTORY, "dawn", CRACK, AT)
    assert found[0].service.id == "yard"
    elsewhere = instead_of(only("north", "quay", "hill"), "hill", HEROIN_ONLY, AT)
    assert "hill" not in [each.service.id for each in elsewhere]
    assert elsewhere[0].next_best
    with pytest.raises(KeyError):
        instead_of(DIRECTORY, "nowhere", CRACK, AT)


@pytest.mark.requirement("DE15")
def test_women_only_sessions_are_a_matter_of_the_session():
    yard = DIRECTORY.service("yard")
    women = yard.session(3)
    assert session_suits(women, Facts(gender="woman")) == "yes"
    assert session_suits(women, Facts(gender="man")) == "no"
    for gender in (None, "non_binary", "another_term", "rather_not_say", "not_asked"):
        assert session_suits(women, Facts(gender=gender)) == "maybe"
    assert session_suits(yard.session(1), Facts(gender="man")) == "yes"
    noon = datetime(2026, 12, 2, 12, 30, tzinfo=LONDON)
    assert soonest_for(yard, Facts(gender="woman"), noon).session.number == 3
    assert soonest_for(yard, Facts(gender="man"), noon).session.number == 2
    assert soonest_for(yard, Facts(), noon).session.number == 2
    women_only = msgspec.structs.replace(yard, sessions=(women,))
    assert soonest_for(women_only, Facts(), noon).session.number == 3
    assert soonest_for(women_only, Facts(gender="man"), noon) is None


def test_a_place_for_the_meantime_where_there_is_a_wait():
    assert while_you_wait(DIRECTORY, DIRECTORY.service("north"), AT).service.id == "yard"
    assert while_you_wait(DIRECTORY, DIRECTORY.service("yard"), AT) is None
    assert waiting_words(DIRECTORY.service("north")) == "About 5 days for a first appointment"
    assert waiting_words(DIRECTORY.service("yard")).startswith("Walk in")
    assert waiting_words(with_rule("age", "at_least", 18)) == "Waiting time not known"


@pytest.mark.requirement("DE11")
def test_places_not_known_and_places_gone_stale():
    place = with_rule("age", "at_least", 18)
    assert places_words(place, ON) == ("Places not known", False)
    fresh = msgspec.structs.replace(
        place, places=Places(maximum=15, available=2, as_of=ON - timedelta(days=14))
    )
    stale = msgspec.structs.replace(place, places=Places(maximum=15, as_of=ON - timedelta(days=15)))
    assert places_words(fresh, ON) == ("2 of 15 places free", False)
    assert places_words(stale, ON) == ("15 places; how many are free is not known", True)


# ── how long a slip lasts ──


@pytest.mark.requirement("RS19")
@pytest.mark.parametrize(
    ("days", "session_ends", "closes", "expected"),
    [
        (14, None, None, date(2026, 12, 16)),
        (14, date(2026, 12, 9), None, date(2026, 12, 9)),
        (14, None, date(2026, 12, 4), date(2026, 12, 4)),
        (14, date(2026, 12, 3), date(2026, 12, 4), date(2026, 12, 3)),
        (1, date(2026, 12, 9), date(2026, 12, 4), date(2026, 12, 3)),
        (14, date(2026, 12, 16), date(2026, 12, 17), date(2026, 12, 16)),
        (14, date(2026, 12, 17), date(2026, 12, 17), date(2026, 12, 16)),
        (14, None, ON, ON),
    ],
)
def test_a_slip_ends_with_the_earliest_of_three(days, session_ends, closes, expected):
    yard = msgspec.structs.replace(DIRECTORY.service("yard"), slip_valid_days=days, closes_on=closes)
    session = msgspec.structs.replace(yard.session(1), valid_to=session_ends)
    until = valid_until(yard, session, AT)
    assert until == datetime.combine(expected, time(23, 59, 59), LONDON)


@pytest.mark.requirement("RS19")
def test_on_the_closing_day_a_slip_lasts_to_midnight_and_the_day_after_none_is_made():
    closing = msgspec.structs.replace(DIRECTORY.service("yard"), closes_on=date(2026, 12, 4))
    evening = datetime(2026, 12, 4, 23, 30, tzinfo=LONDON)
    assert can_be_chosen(closing, evening.date())[0]
    until = valid_until(closing, None, evening)
    assert until.date() == date(2026, 12, 4)
    assert until > evening
    assert not can_be_chosen(closing, date(2026, 12, 5))[0]
    directory = msgspec.structs.replace(DIRECTORY, services=(closing, *DIRECTORY.services[1:]))
    assert "yard" in [each.service.id for each in best(directory, Facts(), evening)]
    after = evening + timedelta(hours=1)
    assert "yard" not in [each.service.id for each in best(directory, Facts(), after)]
    assert "yard" in [each.service.id for each in shut(directory, after)]
    old = DIRECTORY.service("dawn")
    assert valid_until(old, old.session(1), AT) < AT


def test_the_day_is_the_services_own_not_utcs():
    midsummer = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # already 2 July in London
    assert valid_until(DIRECTORY.service("yard"), None, midsummer).date() == date(2026, 7, 16)


def test_facts_show_nothing_when_printed():
    shown = repr(HEROIN_AND_A_LOT) + repr(HEROIN_AND_A_LOT.substances)
    assert "heroin" not in shown
    assert "40" not in shown


# ── laws ──

KEYS = ["heroin", "crack", "alcohol", "pregabalin", "not_known", "methadone_script"]
SUBSTANCES = st.builds(
    Substance,
    key=st.sampled_from(KEYS),
    place=st.sampled_from([None, "primary", "secondary"]),
    heavy=st.sampled_from([None, True, False]),
    routes=st.frozensets(st.sampled_from(["inject_iv", "smoke_pipe", "not_known"]), max_size=2),
)
FACTS = st.builds(
    Facts,
    age=st.none() | st.integers(12, 80),
    age_band=st.none() | st.sampled_from(["under_18", "18_24", "55_plus", "not_asked"]),
    substances=st.lists(SUBSTANCES, max_size=3, unique_by=lambda each: each.key).map(tuple),
    that_is_all=st.booleans(),
    ost_history=st.sampled_from([None, "never", "past", "current"]),
    ost_stable=st.sampled_from([None, True, False]),
    alcohol_daily=st.sampled_from([None, True, False]),
    pregnant=st.sampled_from([None, True, False]),
    area=st.sampled_from([None, "mill", "hilltop", "not_recorded", "outside_our_areas"]),
    gender=st.sampled_from([None, "woman", "man", "non_binary", "not_asked"]),
    referral_route=st.sampled_from([None, "self_with_slip", "sent_ahead"]),
    children_with_them=st.sampled_from([None, True, False]),
)
RULES = st.one_of(
    st.tuples(
        st.sampled_from(["primary_substance", "any_substance", "heavy_substance"]),
        st.just("in"),
        st.lists(st.sampled_from(KEYS[:4]), min_size=1, max_size=2, unique=True).map(tuple),
    ),
    st.tuples(st.just("route"), st.just("in"), st.just(("inject_iv",))),
    st.tuples(st.just("age"), st.sampled_from(["at_least", "at_most"]), st.integers(14, 60)),
    st.tuples(st.sampled_from(["ost_stable", "alcohol_daily", "pregnant"]), st.just("is"), st.booleans()),
    st.tuples(st.just("area"), st.just("in"), st.just(("mill",))),
    st.tuples(st.just("gender"), st.just("in"), st.just(("woman",))),
    st.tuples(st.just("ost_history"), st.just("in"), st.just(("past", "current"))),
).map(lambda parts: with_rule(*parts).rules[0])
RULED = st.lists(
    st.builds(
        lambda rule, effect, group: msgspec.structs.replace(rule, effect=effect, group=group),
        RULES,
        st.sampled_from(["include", "exclude"]),
        st.sampled_from(["", "one", "two"]),
    ),
    max_size=5,
).map(lambda rules: msgspec.structs.replace(with_rule("age", "at_least", 1), rules=tuple(rules)))

UNKNOWNS = st.sampled_from(
    [
        "age",
        "age_band",
        "ost_history",
        "ost_stable",
        "alcohol_daily",
        "pregnant",
        "area",
        "gender",
        "referral_route",
    ]
)


@pytest.mark.requirement("DE03", "DE09")
@settings(max_examples=150, deadline=None)
@given(RULED)
def test_nothing_known_is_never_a_no(place):
    assert match(place, Facts(), ON).verdict != "no"
    nothing_said = Facts(
        substances=(Substance("not_known"),),
        that_is_all=True,
        age_band="not_asked",
        area="not_recorded",
        gender="",
    )
    assert match(place, nothing_said, ON).verdict != "no"


@pytest.mark.requirement("DE03")
@settings(max_examples=300, deadline=None)
@given(RULED, FACTS, st.sets(UNKNOWNS, max_size=4), st.booleans())
def test_forgetting_a_fact_never_turns_maybe_or_yes_into_no(place, facts, forgotten, forget_the_rest):
    fields = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
    less = Facts(
        **{**fields, **dict.fromkeys(forgotten)} | ({"that_is_all": False} if forget_the_rest else {}),
    )
    if "age" in forgotten and facts.age is not None:
        less = Facts(**{**{n: getattr(less, n) for n in fields}, "age_band": None})
    if match(place, facts, ON).verdict != "no":
        assert match(place, less, ON).verdict != "no"
    if match(place, facts, ON).verdict == "maybe":
        assert match(place, less, ON).verdict == "maybe"


@settings(max_examples=200, deadline=None)
@given(RULED, FACTS)
def test_the_verdict_is_what_its_reasons_say_and_each_has_words(place, facts):
    found = match(place, facts, ON)
    weights = ["no", "maybe", "yes"]
    assert found.verdict == min((r.verdict for r in found.reasons), key=weights.index, default="yes")
    assert all(r.text.strip() for r in found.reasons)


MOMENTS = st.datetimes(
    AT.replace(month=11, tzinfo=None), AT.replace(year=2027, tzinfo=None), timezones=st.just(LONDON)
)


@pytest.mark.requirement("RS16", "RS03", "DE07")
@settings(max_examples=80, deadline=None)
@given(
    FACTS,
    MOMENTS,
    st.sets(st.sampled_from(["yard", "north", "quay", "mill", "hill"]), min_size=1),
    st.booleans(),
)
def test_the_list_is_never_empty_while_a_place_is_open_and_is_in_order(facts, moment, ids, fast_track):
    directory = only(*ids, "dawn")
    found = best(directory, facts, moment, fast_track=fast_track)
    assert {each.service.id for each in found} == ids
    helpful = [each for each in found if each.match.verdict != "no" or each.next_best]
    assert helpful
    assert list(found[: len(helpful)]) == helpful
    assert any(each.next_best for each in found) == all(each.match.verdict == "no" for each in found)
    if fast_track and not may_be_under_18(facts):
        access = [each.service.tier2_open_access for each in helpful]
        assert access == sorted(access, reverse=True)
    for each in found:
        if each.occurrence:
            assert instant(each.occurrence.last_arrival) >= instant(moment)
            assert session_suits(each.occurrence.session, facts) != "no"


@settings(max_examples=100, deadline=None)
@given(MOMENTS, st.integers(1, 60), st.none() | st.dates(date(2026, 11, 1), date(2028, 1, 1)))
def test_a_slip_never_outlives_its_service_or_its_days(moment, days, closes):
    place = msgspec.structs.replace(DIRECTORY.service("yard"), slip_valid_days=days, closes_on=closes)
    until = valid_until(place, place.session(1), moment)
    assert until.date() <= moment.date() + timedelta(days=days)
    assert closes is None or until.date() <= closes
    if can_be_chosen(place, moment.date())[0]:
        assert instant(until) >= instant(moment.replace(microsecond=0))
