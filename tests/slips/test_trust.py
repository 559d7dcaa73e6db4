"""The desk's check: nobody who comes with a slip is turned away, and every amber says why."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import wording
from outreach.slips import Checked, ListedService, Trust, check, check_code, code, issue, words

replace = msgspec.structs.replace


def said(checked: Checked) -> str:
    """The reasons as one text, looked at for tone on the way."""
    text = " ".join(checked.reasons)
    assert not [finding for finding in wording.check(text, "en") if finding.hard]
    assert "invalid" not in text.lower()
    assert all(sentence.endswith(".") for sentence in checked.reasons)
    return text


def amber(checked: Checked, why: str) -> str:
    assert checked.colour == "amber"
    assert checked.unchecked
    assert why in checked.why
    assert len(checked.why) == len(checked.reasons) > 0
    return said(checked)


@pytest.mark.requirement("DA01", "RS04")
def test_a_good_slip_is_green_offline(text, trust, token, now):
    checked = check(text, trust, now)
    assert checked == Checked("green", (), token, code.code_of(token.id))
    assert not checked.unchecked


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "hello",
        "https://example.org/s/abc",
        "WIFI:S:Cafe;T:WPA;P:secret;;",
        "OR1:",
        "OR1:HELLO",
        "7K3M-Q9TX",
        "HC1:" + "6BFOXN" * 40,
        "\0" * 300,
        "OR1:" + "A" * 5000,
        "🙂" * 200,
    ],
)
def test_only_what_is_not_a_slip_is_red(foreign, trust, now):
    checked = check(foreign, trust, now)
    assert checked.colour == "red"
    assert checked.token is None
    assert checked.code == ""
    assert "not one of our slips" in said(checked)
    assert "welcome" in said(checked)


@given(st.text(max_size=400))
def test_no_text_breaks_the_check(anything):
    checked = check(anything, Trust(as_of=0), datetime(2026, 11, 20, tzinfo=UTC))
    assert checked.colour in ("red", "amber")
    assert checked.reasons


def test_an_altered_slip_is_seen_and_recorded_as_unchecked(token, team, other_team, trust, now):
    forged = issue(token, other_team.seed, team.kid)
    checked = check(forged, trust, now)
    assert "altered" in amber(checked, "altered")
    assert checked.token == token
    assert checked.code == code.code_of(token.id)


def test_a_damaged_slip_points_to_the_code(text, trust, now):
    cut = text[:150]
    sentence = amber(check(cut, trust, now), "damaged")
    assert "code" in sentence
    assert "See them" in sentence


def test_a_newer_slip_is_amber(text, trust, now):
    assert "newer version" in amber(check("OR3:" + text[4:], trust, now), "damaged")


def test_a_foreign_teams_slip(token, other_team, trust, directory, now):
    foreign = issue(replace(token, issuer=other_team.id), other_team.seed, other_team.kid)
    assert "does not have" in amber(check(foreign, trust, now), "unknown_team")
    both = replace(trust, teams=(*trust.teams, other_team.listed(directory)))
    assert check(foreign, both, now).colour == "green"


def test_a_key_that_is_new_or_revoked_or_of_another_month(token, text, team, trust, directory, now):
    other_key = issue(token, bytes(range(2, 34)), b"\x09\x09\x09\x09")
    assert "key" in amber(check(other_key, trust, now), "unknown_key")
    revoked = replace(trust, revoked=(team.kid,))
    assert "no longer in use" in amber(check(text, revoked, now), "revoked_key")
    gone = replace(revoked, teams=(replace(trust.teams[0], keys=()),))
    amber(check(text, gone, now), "revoked_key")
    earlier = replace(trust, teams=(team.listed(directory, day=-60),))
    assert "dates" in amber(check(text, earlier, now), "key_dates")
    endless = issue(replace(token, valid_until=token.issued + 500 * 86400), team.seed, team.kid)
    amber(check(endless, trust, now), "key_dates")


def test_a_slip_of_last_months_key_stays_good_for_its_life(token, team, trust, directory, now):
    last_month = replace(trust, teams=(team.listed(directory, day=-11),))
    issued = int(now.timestamp()) - 86400
    late = issue(replace(token, issued=issued, valid_until=issued + 14 * 86400), team.seed, team.kid)
    assert check(late, last_month, now + timedelta(days=10)).colour == "green"


def test_an_expired_slip_names_its_last_day(text, trust, token, now):
    later = now + timedelta(days=15)
    fresh = replace(trust, as_of=int(later.timestamp()))
    sentence = amber(check(text, fresh, later), "expired")
    assert "Friday 4 December" in sentence
    assert "See them" in sentence
    just = datetime.fromtimestamp(token.valid_until, now.tzinfo)
    assert check(text, trust, just).colour == "green"
    assert check(text, trust, just + timedelta(seconds=1)).colour == "amber"


def test_a_list_out_of_date_is_told_with_its_day(text, trust, now):
    old = replace(trust, as_of=int((now - timedelta(days=40)).timestamp()))
    assert "Sunday 11 October" in amber(check(text, old, now), "old_list")
    recent = replace(trust, as_of=int((now - timedelta(days=34)).timestamp()))
    assert check(text, recent, now).colour == "green"


def test_clocks_that_disagree_are_told(text, trust, now):
    early = now - timedelta(days=5)
    assert "clock" in amber(check(text, trust, early), "clock")
    only_the_desk = replace(trust, as_of=int(now.timestamp()) + 5 * 86400)
    assert "clock of this device" in amber(check(text, only_the_desk, now), "clock")


@pytest.mark.requirement("RS19")
def test_a_closed_service(token, team, trust, now):
    for closes_on, colour in ((date(2026, 11, 19), "amber"), (date(2026, 11, 20), "green")):
        closing = ListedService("yard", "The Yard", (1, 2, 3), closes_on)
        listed = replace(trust, teams=(replace(trust.teams[0], services=(closing,)),))
        checked = check(issue(token, team.seed, team.kid), listed, now)
        assert checked.colour == colour, "it is there on its last day"
        if colour == "amber":
            assert "closed on Thursday 19 November" in amber(checked, "closed_service")


def test_another_place_an_unknown_place_and_an_unknown_session(token, team, text, trust, now):
    at_the_quay = replace(trust, here=("quay",))
    assert "The Yard" in amber(check(text, at_the_quay, now), "other_place")
    assert check(text, replace(trust, here=("yard", "quay")), now).colour == "green"
    elsewhere = issue(replace(token, service="elsewhere"), team.seed, team.kid)
    amber(check(elsewhere, trust, now), "unknown_service")
    session = issue(replace(token, session=99), team.seed, team.kid)
    amber(check(session, trust, now), "unknown_session")
    any_session = issue(replace(token, session=0), team.seed, team.kid)
    assert check(any_session, trust, now).colour == "green"


def test_a_replaced_slip_still_counts(text, token, trust, now):
    replaced = replace(trust, replaced=(token.id,))
    assert "counts" in amber(check(text, replaced, now), "replaced")


def test_a_service_with_a_long_id_is_named_in_full_again(token, team, trust, now):
    name = "harbour-street-drop-in"
    service = ListedService(name, "Harbour Street", (1,))
    listed = replace(trust, teams=(replace(trust.teams[0], services=(service,)),), here=(name,))
    checked = check(issue(replace(token, service=name), team.seed, team.kid), listed, now)
    assert checked.colour == "green"
    assert checked.token is not None
    assert checked.token.service == name


def test_several_doubts_are_all_said(text, token, trust, now):
    later = now + timedelta(days=60)
    checked = check(text, replace(trust, here=("quay",), replaced=(token.id,)), later)
    assert set(checked.why) == {"expired", "replaced", "other_place", "old_list"}
    amber(checked, "expired")


def test_a_typed_code_of_a_slip_that_is_known_here(token, trust, now):
    typed = code.code_of(token.id).lower().replace("-", " ")
    assert check_code(typed, trust, now, [token]) == Checked("green", (), token, code.code_of(token.id))
    amber(check_code(typed, trust, now + timedelta(days=15), [token]), "expired")


@pytest.mark.requirement("DA01")
def test_a_typed_code_that_is_not_known_here_is_seen_all_the_same(token, trust, now):
    checked = check_code(code.code_of(token.id), trust, now, [])
    assert "See them" in amber(checked, "unknown_code")
    assert checked.token is None
    assert checked.code == code.code_of(token.id)


def test_two_slips_with_one_code_are_not_guessed_between(token, trust, now):
    twin = replace(token, id=token.id[:5] + bytes(7))
    amber(check_code(code.code_of(token.id), trust, now, [token, twin]), "unknown_code")


def test_a_typo_is_a_sentence_and_records_nothing(token, trust, now):
    right = code.code_of(token.id)
    wrong = ("0" if right[0] != "0" else "1") + right[1:]
    checked = check_code(wrong, trust, now, [token])
    assert "looks different" in amber(checked, "typo")
    assert checked.code == ""
    assert checked.token is None


def test_a_scanner_that_types_the_whole_text_is_understood(text, trust, token, now):
    assert check_code(f"{text}\n", trust, now).token == token
    for foreign in ("https://example.org/something/quite/different", "HTTP://A.B", "OR1:", "5012345678900"):
        assert check_code(foreign, trust, now).colour == "red"


def test_the_two_words_find_and_never_arrive(token, trust, now):
    pair = words.words_of(token.id)
    checked = check_code(words.say(pair), trust, now, [token])
    assert "type the code" in amber(checked, "typo")
    assert checked.token is None
    assert checked.code == ""


def test_the_list_travels_as_json(trust, now, text):
    there = Trust.from_json(trust.to_json())
    assert there == trust
    assert check(text, there, now).colour == "green"
    for broken in (b"", b"{}", b"[]", trust.to_json()[:-20], b'{"as_of":"soon"}'):
        with pytest.raises(ValueError, match="list from before stays in use"):
            Trust.from_json(broken)


def test_a_naive_time_is_a_programming_error(text, trust):
    with pytest.raises(ValueError, match="aware"):
        check(text, trust, datetime(2026, 11, 20))  # noqa: DTZ001
