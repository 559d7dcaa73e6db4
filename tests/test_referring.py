"""Referrals and their slips: made offline, shown again, renewed, followed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from forms import wording
from outreach import slips
from outreach.capture import ContactDraft, ReferralDraft
from outreach.example.team import Example
from outreach.logbook.events import PermissionGiven, PersonMade, ReferralMade, SentAhead, SlipIssued
from outreach.logbook.views import Logbook
from outreach.session import NotPossible, Session
from outreach.slips import SlipError
from tests.members import Members

ROBIN = ReferralDraft(
    "yard", session=1, source="health", chosen_name="Robin", wait_preference="outside", travel_help="bus fare"
)


@pytest.fixture
def members(example_team: Example) -> Iterator[Members]:
    with Members(example_team) as opened:
        yield opened


def kinds(session: Session) -> list[type]:
    return [type(event) for event in session.logbook]


def refused(told: pytest.ExceptionInfo[NotPossible]) -> str:
    sentence = str(told.value)
    assert wording.check(sentence, "en") == []
    return sentence


@pytest.mark.requirement("RS04")
def test_a_slip_is_good_at_the_desk_the_moment_it_is_made(members: Members) -> None:
    sam = members.session("sam")
    slip = sam.refer(ROBIN)
    yard = members.device("yard")  # has heard of nothing, and there is no hub
    checked = slips.check(slip.text, yard.trust, sam.now())
    assert (checked.colour, checked.reasons) == ("green", ())
    assert checked.token is not None
    assert checked.token.service == "yard"
    assert checked.code == slip.code
    assert len(slip.text) <= 220
    assert slip.valid_until > sam.now()
    assert sam.waiting() == 3


@pytest.mark.requirement("RS05", "RS06", "RS11", "CC09")
def test_a_slip_says_nothing_of_the_person(members: Members) -> None:
    sam = members.session("sam")
    contact = sam.save_contact(ContactDraft(note="Sat by the fountain.", substances={"heroin": "inject"}))
    slip = sam.refer(ROBIN)
    ids = [event.person for event in sam.logbook if isinstance(event, PersonMade)]
    handle = next(event.handle for event in sam.logbook if isinstance(event, PersonMade))
    printed = "\n".join(text for _, text in slip.slip.printed()).casefold()
    for private in (
        "robin",
        "fountain",
        "heroin",
        "health",
        handle.casefold(),
        handle.replace(" ", "-").casefold(),
    ):
        assert private not in printed, private
    token = slips.read(slip.text).token
    for secret in (*ids, slip.referral, contact.contact, sam.device.profile.member):
        assert secret not in slip.text.encode()
        assert secret not in repr(token).encode()
        assert secret not in token.id
    assert set(token.__struct_fields__) == {
        "issuer",
        "service",
        "session",
        "id",
        "issued",
        "valid_until",
        "fast_track",
    }


def test_the_same_slip_shown_twice_is_the_same_text(members: Members) -> None:
    sam = members.session("sam")
    made = sam.refer(ROBIN)
    shown = sam.slip(made.referral)
    assert (shown.text, shown.code, shown.words) == (made.text, made.code, made.words)
    assert shown.valid_until == made.valid_until
    sam = members.again(sam)
    assert sam.slip(made.referral).text == made.text
    assert len([kind for kind in kinds(sam) if kind is SlipIssued]) == 1, "showing issues nothing"


# --- permission ---------------------------------------------------------------------------------


@pytest.mark.requirement("CC03", "DA03")
def test_nothing_is_sent_ahead_without_permission(members: Members) -> None:
    sam = members.session("sam")
    sam.refer(ROBIN)
    assert kinds(sam) == [PersonMade, ReferralMade, SlipIssued]
    slip = next(event for event in sam.logbook if isinstance(event, SlipIssued))
    assert sam.logbook.sent_ahead(slip.token) is None
    for_desk = [event for event in sam.logbook if "desk:yard" in sam._records.audiences(event)]
    assert for_desk == [slip]


@pytest.mark.requirement("CC03")
def test_what_is_sent_ahead_names_its_permission_with_recipient_purpose_and_end(members: Members) -> None:
    sam = members.session("sam")
    ahead = ReferralDraft(
        "yard", session=1, chosen_name="Robin", wait_preference="outside", send_ahead=True, route="ignored"
    )
    slip = sam.refer(ahead)
    assert kinds(sam) == [PersonMade, ReferralMade, SlipIssued, PermissionGiven, SentAhead]
    given = next(event for event in sam.logbook if isinstance(event, PermissionGiven))
    sent = next(event for event in sam.logbook if isinstance(event, SentAhead))
    person = next(event for event in sam.logbook if isinstance(event, PersonMade))
    made = next(event for event in sam.logbook if isinstance(event, ReferralMade))
    assert sent.permission == given.permission
    assert (given.person, given.to) == (person.person, "yard")
    assert given.what
    assert given.why
    assert given.until == int(slip.valid_until.timestamp() * 1000)
    assert (sent.chosen_name, sent.wait_preference) == ("Robin", "outside")
    assert made.route == "sent_ahead"
    assert sam._records.audiences(given) == ("team",)


@pytest.mark.requirement("CC06")
def test_a_name_is_kept_only_with_a_referral_and_two_words_stand_for_the_rest(members: Members) -> None:
    sam = members.session("sam")
    sam.refer(ReferralDraft("yard", session=1))
    person = next(event for event in sam.logbook if isinstance(event, PersonMade))
    assert person.chosen_name == ""
    assert len(person.handle.replace("-", " ").split()) == 2


# --- renewing -----------------------------------------------------------------------------------


@pytest.mark.requirement("RS20", "FO09")
def test_renewing_keeps_the_clock_and_the_old_slip_still_works(members: Members) -> None:
    sam = members.session("sam")
    start = sam.now()
    first = sam.refer(ROBIN)
    before = sam.logbook.referral(first.referral)
    assert before is not None
    later = int((start + timedelta(days=6)).timestamp() * 1000)
    since_boot = sam.device.clock.monotonic() + 6 * 86_400_000
    sam.device.clock.wall, sam.device.clock.monotonic = lambda: later, lambda: since_boot
    second = sam.renew(first.referral)
    assert second.text != first.text
    assert second.code != first.code
    assert second.valid_until > first.valid_until
    after = sam.logbook.referral(first.referral)
    assert after is not None
    assert after.issued == before.issued
    assert after.began == before.began
    assert after.slips[0].token == before.token
    assert len(sam.referrals()) == 1
    assert sam.slip(first.referral).text == second.text

    yard = members.session("yard")
    yard.device.clock.wall = lambda: later
    arrival = yard.arrive(yard.check(first.text))
    assert (arrival.first, arrival.colour) == (True, "green")


def test_a_slip_of_both_brings_the_same_referral_to_the_seat(members: Members) -> None:
    members.hub()
    sam = members.session("sam")
    first = sam.refer(ROBIN)
    second = sam.renew(first.referral)
    sam.sync()
    yard = members.session("yard")
    yard.sync()
    assert yard.arrive(yard.check(first.text)).first
    assert not yard.arrive(yard.check(second.text)).first, "one person, two slips, one arrival"
    yard.sync()
    sam.sync()
    (referral,) = sam.referrals()
    assert referral.state == "arrived"


# --- what is not possible -----------------------------------------------------------------------


@pytest.mark.requirement("RS19", "DE12")
def test_a_closed_service_cannot_be_chosen(members: Members) -> None:
    sam = members.session("sam")
    with pytest.raises(NotPossible) as told:
        sam.refer(ReferralDraft("dawn"))
    assert "closed" in refused(told)
    assert len(sam.logbook) == 0
    assert sam.waiting() == 0


@pytest.mark.requirement("RS19")
def test_a_slip_for_a_place_that_has_closed_since_is_not_renewed(members: Members) -> None:
    sam = members.session("sam")
    slip = sam.refer(ROBIN)
    packs = sam.device.folder / "packs" / "directory.toml"
    text = packs.read_text(encoding="utf-8")
    place = text.index('id = "yard"')
    packs.write_text(
        text[:place] + text[place:].replace('status = "active"', 'status = "defunct"', 1), encoding="utf-8"
    )
    sam = members.again(sam)
    with pytest.raises(NotPossible) as told:
        sam.renew(slip.referral)
    assert "The Yard" in refused(told)
    assert sam.slip(slip.referral).text == slip.text, "the live slip is still shown"


def test_an_unknown_place_is_a_sentence(members: Members) -> None:
    sam = members.session("sam")
    with pytest.raises(NotPossible) as told:
        sam.refer(ReferralDraft("nowhere"))
    assert "directory" in refused(told)
    assert len(sam.logbook) == 0


def test_a_referral_that_is_not_here_is_a_sentence(members: Members) -> None:
    sam = members.session("sam")
    for ask in (sam.slip, sam.renew, lambda referral: sam.move(referral, "assessed")):
        with pytest.raises(NotPossible) as told:
            ask(b"?" * 12)
        refused(told)
    assert len(sam.logbook) == 0


def test_without_a_slip_key_nothing_is_half_made(members: Members) -> None:
    """A desk issues no slips: it is told so before anything of a person is written down."""
    yard = members.session("yard")
    with pytest.raises(NotPossible) as told:
        yard.refer(ROBIN)
    assert "key" in refused(told)
    assert len(yard.logbook) == 0
    assert yard.waiting() == 0


def test_a_slip_with_a_telling_word_is_refused_and_nothing_is_half_made(members: Members) -> None:
    packs = members.example.folder("sam") / "packs" / "directory.toml"
    text = packs.read_text(encoding="utf-8")
    place = text.index('id = "yard"')
    telling = text[:place] + text[place:].replace(
        'discreet_name = "The Yard"', 'discreet_name = "Methadone clinic"', 1
    )
    packs.write_text(telling, encoding="utf-8")
    sam = members.session("sam")
    with pytest.raises(NotPossible) as told:
        sam.refer(ROBIN)
    assert not isinstance(told.value, SlipError)
    assert "not made" in str(told.value)
    assert len(sam.logbook) == 0
    assert sam.waiting() == 0


# --- following ----------------------------------------------------------------------------------


@pytest.mark.requirement("RS08")
def test_a_referral_is_followed_to_the_seat_and_on(members: Members) -> None:
    sam = members.session("sam")
    slip = sam.refer(ROBIN)
    day = 86_400_000
    at = int(sam.now().timestamp() * 1000)
    for to, on in (("assessed", at + day), ("started", at + 3 * day), ("in_at_30", at + 33 * day)):
        sam.move(slip.referral, to, on=on, attendance="seen_on_time" if to == "assessed" else "")
    (referral,) = members.again(sam).referrals()
    assert referral.state == "in_at_30"
    assert referral.assessed is not None
    assert referral.assessed.at == at + day
    assert [each.code for each in referral.attendance] == ["seen_on_time"]


@pytest.mark.requirement("RS18")
def test_one_contact_has_several_referrals_each_with_its_own_slip(members: Members) -> None:
    sam = members.session("sam")
    contact = sam.save_contact(ContactDraft()).contact
    first = sam.refer(ReferralDraft("yard", session=1, contact=contact))
    person = next(event.person for event in sam.logbook if isinstance(event, PersonMade))
    second = sam.refer(ReferralDraft("hill", contact=contact, person=person))
    assert first.text != second.text
    assert {each.service for each in sam.referrals()} == {"yard", "hill"}
    assert {each.contact for each in sam.referrals()} == {contact}
    assert kinds(sam).count(PersonMade) == 1
    assert len(sam.logbook.referrals_of(person)) == 2


@pytest.mark.requirement("RS16")
def test_a_rule_that_says_no_can_be_overridden_and_that_is_kept(members: Members) -> None:
    sam = members.session("sam")
    sam.refer(ReferralDraft("north", override="They asked for exactly this place."))
    (referral,) = Logbook(sam.logbook).referrals()
    assert referral.override == "They asked for exactly this place."
