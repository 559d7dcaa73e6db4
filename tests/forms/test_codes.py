"""Code lists: whole, sound, readable for old records, mapped only where a code was read."""

import datetime
import re
import tomllib
from pathlib import Path

import pytest

from forms import codes

LISTS = Path(codes.__file__).parent / "lists"

FOUNDING = {
    "substances": (
        "heroin crack cocaine_powder methadone_script methadone_street buprenorphine_script "
        "buprenorphine_street lab_injection diamorphine_hat other_opioid nitazene_suspected "
        "street_tablets_unknown diazepam_or_sold_as alprazolam_or_sold_as zopiclone pregabalin "
        "gabapentin alcohol cannabis synthetic_cannabinoids amphetamine methamphetamine ketamine "
        "ghb_gbl steroids_ipeds tobacco other not_known"
    ),
    "routes": (
        "inject_iv inject_groin inject_muscle inject_other smoke_pipe smoke_foil smoke_joint sniff "
        "swallow under_tongue rectal other"
    ),
    "order_of_use": "crack_first heroin_first same_hit separate_occasions varies not_asked",
    "use_together": "same_hit close_together apart varies not_asked",
    "contact_kind": (
        "brief_contact brief_intervention welfare_check kit_only naloxone_supply overdose_response "
        "practical_help accompanied_visit attempted_not_found group_contact phone_or_text"
    ),
    "advice_step": "offered talked_about took_copy not_today",
    "referral_source": (
        "self family_friend outreach_worker peer_worker nsp pharmacy gp hospital_ed mental_health "
        "drug_service arrest_referral probation prison court_order housing_homeless "
        "social_care_adult social_care_children sex_work_project domestic_abuse jobcentre education "
        "other not_known"
    ),
    "referral_route": "self_with_slip sent_ahead accompanied",
    "travel_help": "bus_ticket_given taxi_account lift walk_together none_needed not_sorted",
    "offer_answer": "yes not_today no_thanks",
    "accommodation": (
        "rough_sleeping night_shelter hostel sofa_surfing staying_in_return_for_drugs_or_favours "
        "temporary_bnb own_tenancy_at_risk settled leaving_prison leaving_hospital not_asked "
        "rather_not_say"
    ),
    "ost_status": "none on_script missed_1_2 missed_3_plus stopped not_asked",
    "bbv_offer": "offered accepted had_one_lately not_today",
    "roles": "worker peer desk coordinator safeguarding",
}

NHS = {
    "seen_on_time": "5",
    "seen_late": "6",
    "came_late_not_seen": "7",
    "came_left_before_seen": "7",
    "came_not_safe_today": "7",
    "turned_away_not_eligible": "4",
    "told_us_cannot_make_it": "2",
    "not_seen_no_word": "3",
    "service_cancelled": "4",
    "service_shut_when_came": "4",
    "in_custody": "2",
    "in_hospital": "2",
    "well_not_needing_now": "2",
    "future": "0",
    "not_known": None,
}


@pytest.mark.parametrize("name", codes.names())
def test_every_list_that_ships_is_sound(name: str) -> None:
    codes.load.cache_clear()
    found = codes.load(name)
    assert found.name == name
    assert found.version >= 1
    assert len(found) > 0
    for code in found.every:
        assert code.label == code.label.strip()
        assert found.label(code.key) == code.label
        assert found[code.key] is code
        assert code.key in found


@pytest.mark.parametrize("name", codes.names())
def test_labels_fit_a_chip(name: str) -> None:
    for code in codes.load(name).every:
        assert len(code.label) <= 38, code.label


@pytest.mark.parametrize("name", codes.names())
def test_a_list_can_not_be_changed(name: str) -> None:
    found = codes.load(name)
    assert codes.load(name) is found
    with pytest.raises((AttributeError, TypeError)):
        found.version = 9  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.groups["x"] = "y"  # type: ignore[index]
    with pytest.raises(TypeError):
        found.every[0].maps["ndtms"] = "1"  # type: ignore[index]


@pytest.mark.parametrize(("name", "keys"), FOUNDING.items())
def test_the_keys_that_others_store_are_there_in_order(name: str, keys: str) -> None:
    assert [code.key for code in codes.load(name).every] == keys.split()


@pytest.mark.requirement("BC07")
def test_order_of_use_has_every_answer() -> None:
    assert set(codes.load("order_of_use").keys()) == {
        "crack_first",
        "heroin_first",
        "same_hit",
        "separate_occasions",
        "varies",
        "not_asked",
    }


@pytest.mark.requirement("BC20")
def test_heroin_and_crack_are_one_tap() -> None:
    picks = codes.load("substances").quick_picks
    assert [(p.label, p.codes) for p in picks] == [("Heroin + crack", ("heroin", "crack"))]


@pytest.mark.requirement("BC18")
def test_unknown_street_tablets_are_an_answer_and_export_as_an_unknown_sedative() -> None:
    substances = codes.load("substances")
    assert "street_tablets_unknown" in [code.key for code in substances]
    assert substances.to_national("export", "street_tablets_unknown") == "unknown sedative"
    assert substances.to_national("ndtms", "street_tablets_unknown") is None


@pytest.mark.parametrize(
    ("name", "scheme", "key", "national"),
    [
        ("substances", "ndtms", "crack", "3201"),
        ("substances", "ndtms", "cocaine_powder", "3200"),
        ("substances", "ndtms", "methadone_street", "1105"),
        ("substances", "ndtms", "alcohol", "7000"),
        ("substances", "ndtms", "cannabis", "5000"),
        ("substances", "ndtms", "heroin", None),
        ("substances", "ndtms", "ketamine", None),
        ("routes", "ndtms", "inject_groin", "1"),
        ("routes", "ndtms", "sniff", "2"),
        ("routes", "ndtms", "smoke_foil", "3"),
        ("routes", "ndtms", "swallow", "4"),
        ("routes", "ndtms", "rectal", "5"),
        ("injecting_status", "ndtms", "previously", "P"),
        ("injecting_status", "ndtms", "currently", "C"),
        ("injecting_status", "ndtms", "never", "N"),
        ("injecting_status", "ndtms", "rather_not_say", "Z"),
        ("injecting_status", "ndtms", "not_asked", None),
        ("accommodation", "ndtms", "rough_sleeping", "1"),
        ("accommodation", "ndtms", "settled", "3"),
        ("accommodation", "ndtms", "leaving_prison", None),
        ("referral_source", "ndtms", "self", "4"),
        ("referral_source", "ndtms", "gp", "3"),
        ("referral_source", "ndtms", "prison", "13"),
        ("referral_source", "ndtms", "peer_worker", None),
        ("referral_state", "fhir_task", "resting", "on-hold"),
        ("referral_state", "fhir_business", "in_at_90", "in-at-90"),
    ],
)
def test_mappings_that_were_read_and_no_others(
    name: str, scheme: str, key: str, national: str | None
) -> None:
    assert codes.load(name).to_national(scheme, key) == national


def test_an_unknown_scheme_or_key_maps_to_nothing() -> None:
    substances = codes.load("substances")
    assert substances.to_national("elsewhere", "crack") is None
    assert substances.to_national("ndtms", "not_there") is None


def test_a_mapping_holds_only_within_its_days() -> None:
    substances = codes.load("substances")
    assert substances.to_national("ndtms", "crack", on=datetime.date(2024, 5, 1)) == "3201"
    assert substances.to_national("ndtms", "crack", on=datetime.date(2001, 5, 1)) is None


def test_attendance_codes_and_what_counts_against_whom() -> None:
    attendance = codes.load("attendance")
    assert {c.key: attendance.to_national("nhs_attended", c.key) for c in attendance.every} == NHS
    assert [c.key for c in attendance if c.counts_against == "attendance"] == ["not_seen_no_word"]
    assert {c.key for c in attendance if c.counts_against == "service"} == {
        "turned_away_not_eligible",
        "service_shut_when_came",
        "service_cancelled",
    }
    assert {c.counts_against for c in attendance.every} == {"", "service", "attendance"}


@pytest.mark.requirement("HA08")
def test_not_safe_today_counts_as_having_come() -> None:
    attendance = codes.load("attendance")
    assert attendance.group("came_not_safe_today") == "came"
    assert attendance["came_not_safe_today"].counts_against == ""
    outcome = codes.load("desk_outcome").to_national("attendance", "not_safe_today")
    assert outcome == "came_not_safe_today"


@pytest.mark.requirement("FO14")
def test_being_well_is_its_own_reason() -> None:
    attendance = codes.load("attendance")
    assert attendance["well_not_needing_now"].counts_against == ""
    assert len({"well_not_needing_now", "not_seen_no_word", "not_known"} & set(attendance.keys())) == 3
    assert "well_not_needing_now" in codes.load("barriers")


@pytest.mark.requirement("RS15")
def test_one_list_of_barriers_and_no_entry_is_about_the_person() -> None:
    barriers = codes.load("barriers")
    declines = {"sounds_like_methadone", "on_it_for_years", "might_lose_funding", "too_far", "who_id_meet"}
    assert declines | {"hurdles", "no_reason"} <= set(barriers.keys())
    assert {"rule_age", "rule_ost_stable", "place_shut"} <= set(barriers.keys())
    blame = re.compile(r"motivat|attitude|behav|engag|willing|ready", re.IGNORECASE)
    assert not [c.label for c in barriers.every if blame.search(c.label)]


def test_staying_in_return_brings_up_two_offers() -> None:
    prompts = codes.load("accommodation")["staying_in_return_for_drugs_or_favours"].prompts
    assert [p.key for p in prompts] == ["offer_housing_referral", "offer_safety_talk"]
    assert all(p.text.strip() for p in prompts)


def test_practical_help_has_what_people_ask_for() -> None:
    wanted = {"food", "phone_charge", "sleeping_bag", "id_documents", "benefits", "bank_account"}
    assert wanted | {"gp_registration", "pets"} <= set(codes.load("practical_help").keys())


def test_travel_help_says_where_nothing_is_sorted_yet() -> None:
    assert {"none_needed", "not_sorted"} <= set(codes.load("travel_help").keys())


@pytest.mark.requirement("CC04")
def test_there_is_no_police_role() -> None:
    roles = codes.load("roles")
    told = " ".join(f"{c.key} {c.label}" for c in roles.every).lower()
    assert not re.search(r"police|officer|probation|landlord|benefit|immigration|commissioner", told)


@pytest.mark.requirement("FO05")
def test_no_list_asks_about_offences() -> None:
    """Referral sources name where a referral came from, which is no conduct of the person."""
    asked = re.compile(r"\b(crime|offen[cd]\w*|theft|shoplift\w*|arrest(ed)?|convict\w*|steal\w*)\b", re.I)
    for name in set(codes.names()) - {"referral_source", "kit_items"}:
        for code in codes.load(name).every:
            assert not asked.search(f"{code.key.replace('_', ' ')} {code.label} {code.note}"), code


def test_funnel_groups_of_the_sources() -> None:
    source = codes.load("referral_source")
    assert list(source.groups) == [
        "self",
        "peers_outreach",
        "health",
        "drug_services",
        "criminal_justice",
        "housing_social",
        "other",
    ]
    assert all(code.group for code in source.every)
    assert source.in_group("self") == {"self"}
    assert source.group_label("probation") == "Criminal justice"


def test_states_show_the_words_of_the_vocabulary() -> None:
    state = codes.load("referral_state")
    assert state.group_label("issued") == "Waiting"
    assert state.group_label("assessed") == "Seen"
    assert state.group_label("resting") == "Resting"
    assert state.group_label("said_no") == "Said no today"
    assert state.group_label("service_closed") == "Place closed"
    assert state.group_label("redirected") == "Went somewhere else"


class TestKit:
    kit = codes.load("kit_items")

    def test_every_item_says_on_what_footing_it_is_given(self) -> None:
        assert all(code.lawful_supply_basis for code in self.kit.every)

    def test_pipes_mouthpieces_and_tourniquets_are_off_until_switched_on(self) -> None:
        off = {c.key for c in self.kit.every if c.off_by_default}
        assert off == {"pipe", "pipe_mouthpiece", "tourniquet"}
        assert not off & set(self.kit.keys())
        assert {c.key for c in self.kit.offered(switched_on={"pipe"})} - set(self.kit.keys()) == {"pipe"}
        assert self.kit.label("pipe") == "Pipe"  # an old record stays readable

    def test_foil_asks_one_question_and_no_other_item_does(self) -> None:
        assert [c.key for c in self.kit.every if c.prompts] == ["foil"]
        assert self.kit["foil"].prompts[0].text == "Treatment options talked about?"

    def test_what_the_customary_minimum_counts_is_there(self) -> None:
        minimum = {"swabs", "citric", "vitamin_c", "filters", "spoons", "water", "foil", "fixed_1ml"}
        minimum |= {"condoms", "lube", "wound_dressings", "lip_balm", "hot_drink", "food", "leaflet"}
        assert minimum <= set(self.kit.keys())
        assert len(self.kit.in_group("bins")) >= 3
        assert len([c for c in self.kit if c.key.startswith("needle_")]) >= 5


@pytest.mark.requirement("BC19")
class TestChange:
    """A coordinator's newer list leaves older records readable."""

    newer = codes.parse(
        "routes",
        'title = "Route"\nversion = 2\n'
        'codes = [{ key = "foil", label = "Foil" }, { key = "pipe", label = "Pipe", retired = true }]',
    )

    def test_a_retired_code_is_no_longer_offered_and_still_has_its_label(self) -> None:
        assert self.newer.keys() == ("foil",)
        assert len(self.newer) == 1
        assert "pipe" in self.newer
        assert self.newer.label("pipe") == "Pipe"

    @pytest.mark.parametrize(
        ("key", "shown"),
        [("smoke_under_glass", "Smoke under glass"), ("x", "X"), ("", "Not known"), ("a-b_c", "A b c")],
    )
    def test_a_key_of_another_version_is_shown_as_its_own_words(self, key: str, shown: str) -> None:
        assert self.newer.label(key) == shown
        assert self.newer.get(key) is None
        assert self.newer.group(key) == ""
        assert self.newer.group_label(key) == ""

    def test_devices_can_say_which_version_they_carry(self) -> None:
        assert (codes.load("routes").version, self.newer.version) == (1, 2)


class TestSearch:
    substances = codes.load("substances")

    @pytest.mark.parametrize(
        ("words", "key"),
        [("gear", "heroin"), ("vallies", "diazepam_or_sold_as"), ("spice", "synthetic_cannabinoids")],
    )
    def test_street_words_find(self, words: str, key: str) -> None:
        assert key in [c.key for c in self.substances.search(words)]

    def test_nothing_typed_is_everything_and_nonsense_is_nothing(self) -> None:
        assert self.substances.search("  ") == self.substances.offered()
        assert self.substances.search("zzzz") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "can't be read"),
        ("title = [", "can't be read"),
        ('title = "x"\nversion = "1"\ncodes = []', "version"),
        ('title = "x"\nversion = 1\ncodes = [{ key = "A b", label = "x" }]', "small letters"),
        ('title = "x"\nversion = 1\ncodes = [{ key = "a", label = " " }]', "empty"),
        (
            'title = "x"\nversion = 1\ncodes = [{ key = "a", label = "x" }, { key = "a", label = "y" }]',
            "twice",
        ),
        ('title = "x"\nversion = 1\ncodes = [{ key = "a", label = "x", group = "g" }]', "group"),
        ('title = "x"\nversion = 1\ncodes = [{ key = "a", label = "x", maps = { n = "1" } }]', "scheme"),
        ('title = "x"\nversion = 1\ncodes = [{ key = "a", label = "x", lable = "y" }]', "lable"),
        (
            'title = "x"\nversion = 1\ncodes = [{ key = "a", label = "x" }]\n'
            '[[quick_picks]]\nkey = "p"\nlabel = "P"\ncodes = ["b"]',
            "no code called b",
        ),
    ],
)
def test_a_list_that_contradicts_itself_is_refused_with_the_place(text: str, says: str) -> None:
    with pytest.raises(codes.CodeListError, match=re.escape(says)):
        codes.parse("example", text)


@pytest.mark.parametrize("name", ["", "nowhere", "../advice/foil", "Substances"])
def test_an_unknown_list_is_refused_by_name(name: str) -> None:
    with pytest.raises(codes.CodeListError, match=r"There are: .*substances"):
        codes.load(name)


def test_no_two_files_tell_the_same_list_differently() -> None:
    assert {path.stem for path in LISTS.glob("*.toml")} == set(codes.names())
    for path in LISTS.glob("*.toml"):
        assert tomllib.loads(path.read_text("utf-8"))["version"] == codes.load(path.stem).version
