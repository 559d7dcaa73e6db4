"""The directory as data: what the example holds, what is refused and in which words, and the round trip."""

import json
import re
from datetime import date, time

import msgspec
import pytest

from forms import codes
from forms.services import (
    EXAMPLE,
    Directory,
    DirectoryError,
    Rule,
    Service,
    Session,
    example,
    from_plain,
    load,
    public,
    to_plain,
)

NOT_ON_A_SLIP = re.compile(
    r"drug|addict|needle|methadone|heroin|crack|treatment|clinic|recovery|probation|nhs|birth", re.IGNORECASE
)


@pytest.fixture(scope="module")
def directory() -> Directory:
    return example()


def broken(tmp_path, old: str, new: str) -> str:
    """The sentence that loading gives when one piece of the example is changed."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "ours.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DirectoryError) as caught:
        load(path)
    sentence = str(caught.value)
    assert sentence.startswith("ours.toml")
    assert "Nothing from it was taken in" in sentence
    return sentence


@pytest.mark.requirement("DE01", "DE02", "DE03", "DE04")
def test_the_four_nectos_services_are_encoded_as_table_1_has_them(directory):
    def lines(service_id: str) -> list[tuple[str, str, str]]:
        return [
            (rule.effect, rule.criterion, "crack" if rule.value == ("crack",) else "opiates")
            for rule in directory.service(service_id).rules
        ]

    for service_id in ("north", "quay"):
        assert lines(service_id) == [
            ("include", "primary_substance", "crack"),
            ("exclude", "primary_substance", "opiates"),
        ]
    assert lines("mill") == [
        ("include", "primary_substance", "crack"),
        ("include", "heavy_substance", "crack"),
    ]
    assert lines("hill") == [("include", "any_substance", "crack")]
    assert len({rule.group for rule in directory.service("mill").rules}) == 1
    assert directory.service("mill").rules[1].threshold


@pytest.mark.requirement("DE05")
def test_no_age_limit_is_none_and_is_not_zero(directory):
    assert directory.service("hill").minimum_age is None
    assert directory.service("north").minimum_age == 18
    newborn = msgspec.structs.replace(directory.service("hill"), minimum_age=0)
    changed = msgspec.structs.replace(
        directory, services=(*directory.services[:-2], newborn, directory.services[-1])
    )
    assert from_plain(to_plain(changed)).service("hill").minimum_age == 0
    assert from_plain(to_plain(directory)).service("hill").minimum_age is None


@pytest.mark.requirement("DE06", "DE07", "DE08", "DE15")
def test_sessions_programmes_and_open_access_of_the_example(directory):
    assert directory.service("north").sessions[0].rule.count(",") == 1  # twice weekly
    assert [s.id for s in directory.services if s.tier2_open_access] == ["yard", "hill"]
    assert directory.service("north").programme_length == "12 weeks"
    assert directory.service("quay").programme_length == "Open-ended"
    afternoon = directory.service("quay").session(2)
    assert afternoon.women_only
    assert afternoon.entrance != directory.service("quay").session(1).entrance
    assert afternoon.staff_note


@pytest.mark.requirement("DE17")
def test_every_service_says_what_people_ask_about(directory):
    for service in directory.services:
        assert service.crack_offer
        assert service.childcare != "unknown"
        assert service.children_welcome is not None
        assert service.separate_from_opiate_clinic is not None
        assert service.waiting_state != "unknown"
        assert service.languages
        assert service.interpreting
        assert service.location.bus
        assert service.location.walking
        assert service.location.step_free is not None
    assert directory.service("yard").slip_languages == ("en", "ar")


@pytest.mark.requirement("DE12")
def test_the_closed_programme_stays_readable(directory):
    dawn = directory.service("dawn")
    assert dawn.closes_on == date(2022, 11, 30)
    assert dawn.closed_reason == "the funding was stopped"
    assert directory.service(dawn.replaced_by).name == "The Yard"
    assert dawn.places.maximum == 15
    assert dawn.visit_frequency
    assert dawn.monitoring_text
    assert dawn.funded_until == date(2022, 11, 30)


@pytest.mark.requirement("RS12")
def test_a_demanding_programme_without_its_cost_in_words_is_refused(tmp_path):
    sentence = broken(tmp_path, "visit_frequency = ", "team_note = ")
    assert "Dawn Street HAT Programme" in sentence
    assert "visit_frequency is empty" in sentence


def test_what_a_slip_prints_gives_nothing_away(directory):
    for service in directory.services:
        said = [service.discreet_name, service.greeting_name, service.location.travel_text]
        said += [service.location.bus, service.location.walking, service.location.quiet_entrance]
        for session in service.sessions:
            said += [session.entrance, session.note]
        said += [directory.organisation.neutral_name]
        for text in said:
            assert not NOT_ON_A_SLIP.search(text), text


def test_telephone_numbers_are_from_the_range_for_stories(directory):
    for number in re.findall(r"\b0\d[\d ]{8,}", EXAMPLE.read_text(encoding="utf-8")):
        assert re.fullmatch(r"01632 960\d{3}", number.strip())


def test_rules_use_keys_of_the_code_lists(directory):
    lists = {
        "primary_substance": "substances",
        "any_substance": "substances",
        "heavy_substance": "substances",
        "route": "routes",
        "gender": "gender",
        "referral_route": "referral_route",
    }
    for service in directory.services:
        for rule in service.rules:
            if rule.criterion in lists:
                assert all(key in codes.load(lists[rule.criterion]) for key in rule.value), rule
            if rule.criterion == "area":
                assert set(rule.value) <= {area.key for area in directory.areas}


def test_the_pack_form_survives_json_and_comes_back_the_same(directory):
    travelled = json.loads(json.dumps(to_plain(directory)))
    assert from_plain(travelled) == directory


def test_a_time_zone_and_bank_holidays_reach_every_session(directory):
    assert {service.timezone for service in directory.services} == {"Europe/London"}
    christmas = date(2026, 12, 25)
    shut = {e.on for e in directory.service("quay").session(1).exceptions if e.opens is None}
    assert christmas in shut
    own = [e for e in directory.service("yard").session(1).exceptions if e.on == christmas]
    assert [e.opens for e in own] == [time(10)]


def test_a_sessions_own_hours_win_over_a_bank_holiday(tmp_path):
    text = EXAMPLE.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line != "open_on_bank_holidays = true"]
    path = tmp_path / "ours.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    morning = load(path).service("yard").session(1)
    assert len({e.on for e in morning.exceptions}) == len(morning.exceptions) == 10
    assert [e.opens for e in morning.exceptions if e.on == date(2026, 12, 25)] == [time(10)]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (
            "closes_on = 2022-11-30",
            "closes_on = 2022-11-31",
            ["Dawn Street", "closes_on", "wrong date", "31"],
        ),
        ("closes_on = 2022-11-30", "closes_on = 30/11/2022", ["Dawn Street", "closes_on", "wrong date"]),
        ("closes_on = 2022-11-30", 'closes_on = "30/11/2022"', ["Dawn Street", "closes_on", "“30/11/2022”"]),
        (
            "closes_on = 2022-11-30",
            "closes_on = 2022-11-30T10:00:00",
            ["Dawn Street", "closes_on", "wrong date"],
        ),
        ("valid_to = 2022-11-30", "valid_to = 2022-13-30", ["Dawn Street", "valid_to", "wrong date"]),
        ('phone = "01632 960152"\n', "", ["Quayside", "phone", "missing"]),
        ('phone = "01632 960152"', 'telephone = "01632 960152"', ["Quayside", "telephone"]),
        ('opens = "22:00"', 'opens = "25:00"', ["Hilltop", "sessions 2: opens", "wrong time"]),
        ('last_arrival = "01:30"', 'last_arrival = "21:00"', ["Hilltop", "last_arrival 21:00", "outside"]),
        ("BYDAY=FR,SA", "BYDAY=FR,XX", ["Hilltop", "BYDAY"]),
        ("FREQ=WEEKLY;BYDAY=FR,SA", "every Friday", ["Hilltop", "rule", "every Friday"]),
        ('status = "defunct"', 'status = "closed"', ["Dawn Street", "status", "“closed”"]),
        ('replaced_by = "yard"', 'replaced_by = "nowhere"', ["Dawn Street", "replaced_by"]),
        ('id = "hill"', 'id = "mill"', ["id", "two services"]),
        ('operator = "is"', 'operator = "in"', ["Dawn Street", "operator", "ost_stable"]),
        ('crack_offer = "none"', 'crack_offer = ""', ["Dawn Street", "crack_offer"]),
        ("number = 3\n", "number = 2\n", ["The Yard", "number", "two sessions"]),
        ("on = 2026-12-28", 'on = "soon"', ["bank_holidays 2: on", "wrong date"]),
        ("as_of = 2026-11-02", "as_of = 2026-11-02T", ["line 6", "as_of"]),
        ('timezone = "Europe/London"', 'timezone = "Europe/Exampleton"', ["timezone"]),
        ("version = 1", "version = ", ["line 5", "version"]),
        ('areas = ["harbour", "mill"]', 'areas = ["the moon"]', ["Dawn Street", "areas"]),
    ],
)
def test_a_mistake_in_the_file_is_named_and_nothing_is_taken_in(tmp_path, old, new, wanted):
    sentence = broken(tmp_path, old, new)
    for piece in wanted:
        assert piece in sentence


def test_a_file_that_is_missing_or_not_text_is_a_sentence(tmp_path):
    with pytest.raises(DirectoryError, match=r"gone\.toml can't be read"):
        load(tmp_path / "gone.toml")
    (tmp_path / "picture.toml").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(DirectoryError, match=r"picture\.toml"):
        load(tmp_path / "picture.toml")


@pytest.mark.parametrize(
    "plain", [{}, {"services": 3}, {"services": [5]}, {"services": [{}]}, {"version": "x"}]
)
def test_a_pack_that_is_not_a_directory_is_refused(plain):
    with pytest.raises(DirectoryError):
        from_plain(plain)


def test_every_kind_of_mistake_in_a_pack_is_a_directory_error(directory):
    """Whatever single value of a pack is replaced by a wrong one, the one exception family comes out."""

    def spots(tree, path=()):
        if isinstance(tree, dict):
            for key, value in tree.items():
                yield from spots(value, (*path, key))
        elif isinstance(tree, list | tuple):
            for position, value in enumerate(tree):
                yield from spots(value, (*path, position))
        else:
            yield path

    small = msgspec.structs.replace(directory, services=(directory.service("yard"),))
    refused = 0
    for path in spots(to_plain(small)):
        plain = json.loads(json.dumps(to_plain(small)))
        row = plain
        for step in path[:-1]:
            row = row[step]
        row[path[-1]] = {"not": ["fitting"]}
        with pytest.raises(DirectoryError):
            from_plain(plain)
        refused += 1
    assert refused > 80


def test_the_published_form_keeps_quiet_doors_and_women_only_times_out(directory):
    feed = json.dumps(public(directory), ensure_ascii=False)
    for secret in ("green door", "garden gate", "Women", "women_only", "Priya", "champion_name", "960146"):
        assert secret not in feed
    assert "The Yard" in feed
    assert "FREQ=WEEKLY;BYDAY=TU,FR" in feed


def test_a_rule_checks_itself():
    with pytest.raises(ValueError, match="workaround"):
        Rule(
            effect="include",
            criterion="ost_stable",
            operator="is",
            value=True,
            explanation="Asks for a settled time.",
            known_barrier=True,
        )
    with pytest.raises(ValueError, match="value"):
        Rule(effect="include", criterion="age", operator="at_least", value=True, explanation="Adults.")
    with pytest.raises(ValueError, match="explanation"):
        Rule(effect="include", criterion="age", operator="at_least", value=18, explanation=" ")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
        "FREQ=WEEKLY;BYDAY=MO;BYDAY=TU",
        "FREQ=WEEKLY;BYDAY=MO;INTERVAL=2",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=WEEKLY;BYMONTHDAY=3",
        "",
    ],
)
def test_a_rule_outside_the_subset_is_refused(rule):
    with pytest.raises(ValueError, match=r"rule|valid_from"):
        Session(number=1, kind="drop_in", rule=rule, opens=time(9), closes=time(12))


def test_lookups_by_id_and_number(directory):
    assert isinstance(directory.service("yard"), Service)
    with pytest.raises(KeyError):
        directory.service("nowhere")
    with pytest.raises(KeyError):
        directory.service("yard").session(99)
