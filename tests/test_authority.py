"""Who may correct, withdraw or merge what; the same on every device, whichever came first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.authority import Authority
from outreach.capture import ContactDraft, ReferralDraft
from outreach.logbook import codec
from outreach.logbook import events as e
from outreach.logbook.views import Logbook
from outreach.opened import NotPossible
from outreach.session import Session
from sync.team import Sender
from tests.logbook.events_for_tests import ANN, BOB, SERVICES, Pen, everything, histories, token
from tests.members import Members

pytestmark = pytest.mark.requirement("CC01")
CYD = b"member-c"


@pytest.fixture
def members(example_team) -> Iterator[Members]:
    with Members(example_team) as opened:
        yield opened


def team(*, coordinators: set[bytes] = frozenset(), desks: set[tuple[bytes, str]] = frozenset()) -> Authority:
    return Authority(frozenset(coordinators), frozenset(desks))


# --- the rule ------------------------------------------------------------------------------------


def test_the_author_and_a_coordinator_correct_and_nobody_else() -> None:
    ann = Pen(ANN)
    talk = ann.contact(area="mill")
    for member, area in ((ANN, "hill"), (BOB, "mill"), (CYD, "hill")):
        change = e.Corrected(
            stamp=Pen(member).stamp(counter=9), target=talk.stamp.id, changes={"area": "hill"}
        )
        book = Logbook([talk, change], may=team(coordinators={CYD}).may)
        (shown,) = book.contacts()
        assert shown.area == area
        assert book.set_aside() == (() if area == "hill" else (change,))


def test_what_a_desk_recorded_is_changed_at_that_desk() -> None:
    north, south = b"member-n", b"member-s"
    rule = team(desks={(ANN, "mill"), (north, "mill"), (south, "quay")})
    came = Pen(ANN).came(token(1, 7), service="mill")
    told = e.DeskOutcome(stamp=Pen(ANN).stamp(counter=5), token=came.token, outcome="seen_now")
    for target in (came, told):
        for member, may in ((ANN, True), (north, True), (south, False), (BOB, False)):
            back = e.Withdrawn(stamp=Pen(member).stamp(counter=9), target=target.stamp.id)
            assert rule.may(back, target) is may
            assert (Logbook([back, target], may=rule.may).event(target.stamp.id) is None) is may
    elsewhere = Pen(BOB).came(token(3, 9), service="mill")  # a worker who was at the door
    back = e.Withdrawn(stamp=Pen(north).stamp(counter=9), target=elsewhere.stamp.id)
    assert rule.may(back, elsewhere)
    assert not rule.may(msgspec.structs.replace(back, stamp=Pen(south).stamp(counter=9)), elsewhere)
    slip = Pen(BOB).slip(token(1, 7), service="mill")
    back = e.Withdrawn(stamp=Pen(north).stamp(counter=9), target=slip.stamp.id)
    assert not rule.may(back, slip), "a slip is its author's, wherever it is for"


def test_a_withdrawal_that_may_not_be_hides_none_that_may() -> None:
    ann, bob = Pen(ANN), Pen(BOB)
    talk = ann.contact()
    wrong, right = bob.withdrawn(talk), ann.withdrawn(talk)
    book = Logbook([wrong, talk], may=team().may)
    assert len(book.contacts()) == 1
    book.add(right)
    assert book.contacts() == ()
    assert Logbook([right, wrong, talk], may=team().may).contacts() == ()


def test_only_whoever_corrected_takes_the_correction_back() -> None:
    ann, bob = Pen(ANN), Pen(BOB)
    talk = ann.contact(area="mill")
    change = ann.corrected(talk, area="hill")
    book = Logbook([bob.withdrawn(change), talk, change], may=team().may)
    assert book.contacts()[0].area == "hill"
    book.add(ann.withdrawn(change))
    assert book.contacts()[0].area == "mill"


def test_a_merge_takes_a_record_of_one_s_own_and_waits_for_it() -> None:
    ann, bob = Pen(ANN), Pen(BOB)
    one, other, third = ann.contact(b"C1"), bob.contact(b"C2"), bob.contact(b"C3")
    own, foreign = ann.merged(b"C1", b"C2"), ann.merged(b"C2", b"C3")
    book = Logbook([own, foreign, other, third], may=team().may)
    assert len(book.contacts()) == 2
    assert set(book.set_aside()) == {own, foreign}
    book.add(one)  # now one of the records is Ann's
    assert [talk.ids for talk in book.contacts()] == [(b"C1", b"C2"), (b"C3",)]
    assert book.set_aside() == (foreign,)
    assert book.refused_with(foreign) == (foreign,)
    people = [
        e.PersonMade(stamp=pen.stamp(), person=person, handle="otter lantern")
        for pen, person in ((ann, b"P1"), (bob, b"P2"), (bob, b"P3"))
    ]
    merges = [ann.merged(b"P2", b"P3", "same_person"), ann.merged(b"P1", b"P2", "same_person")]
    book = Logbook([*merges, *people], may=team().may)
    assert [person.ids for person in book.people()] == [(b"P1", b"P2"), (b"P3",)]


def test_a_locked_device_takes_back_its_own_locked_record_and_nothing_else() -> None:
    rule = team(coordinators={ANN})
    pen = Pen(ANN)

    def stamp(**fields: object) -> e.Stamp:
        return pen.stamp(**{"device": b"phone", **fields})

    locked = pen.contact(stamp=stamp(locked=True))
    other_device = pen.contact(stamp=stamp(locked=True, device=b"other"))
    unlocked = pen.contact(stamp=stamp())
    for target, may in ((locked, True), (other_device, False), (unlocked, False)):
        assert rule.may(e.Withdrawn(stamp=stamp(locked=True), target=target.stamp.id), target) is may
    change = e.Corrected(stamp=stamp(locked=True), target=locked.stamp.id, changes={"note": "x"})
    assert not rule.may(change, locked)
    assert not rule.may(change, None)


def test_roles_are_those_of_people_not_of_devices(example_team) -> None:
    log = example_team.open_device("sam").team
    rule = Authority.of(log)
    roles = {
        role: {c.member for c in log.certificates() if c.role == role} for role in ("coordinator", "desk")
    }
    assert rule.coordinators == roles["coordinator"]
    assert rule.desks == {(member, "yard") for member in roles["desk"]}
    device = next(c for c in log.certificates() if c.role == "coordinator" and c.kind == "installation")
    (person,) = rule.coordinators
    assert device.member == person
    assert rule.may(e.Withdrawn(stamp=Pen(person).stamp(), target=b"x"), None)
    assert not rule.may(e.Withdrawn(stamp=Pen(person).stamp(locked=True), target=b"x"), None)


# --- laws ----------------------------------------------------------------------------------------


@st.composite
def authorities(draw: st.DrawFn) -> Authority:
    pairs = [(member, site) for member in (ANN, BOB) for site in SERVICES]
    return team(
        coordinators=draw(st.sets(st.sampled_from([ANN, BOB]), max_size=1)),
        desks=draw(st.sets(st.sampled_from(pairs), max_size=2)),
    )


def counts(event: e.Event, history: list[e.Event], rule: Authority) -> bool:
    """The rule said once more, over a history that is all there."""
    match event:
        case e.Corrected() | e.Withdrawn():
            targets = [each for each in history if each.stamp.id == event.target]
        case e.Merged(relation="same_talk"):
            ends = {event.one, event.other}
            targets = [h for h in history if isinstance(h, e.ContactRecorded) and h.contact in ends]
        case e.Merged():
            ends = {event.one, event.other}
            targets = [h for h in history if isinstance(h, e.PersonMade) and h.person in ends]
        case _:
            return True
    by = event.stamp
    for target in targets:
        of = target.stamp
        if by.locked:
            if (
                isinstance(event, e.Withdrawn)
                and of.locked
                and (of.member, of.device) == (by.member, by.device)
            ):
                return True
            continue
        sites = {site for member, site in rule.desks if member == by.member}
        theirs = {site for member, site in rule.desks if member == of.member}
        if isinstance(target, e.Arrived):
            theirs.add(target.service)
        at_desk = isinstance(target, e.Arrived | e.DeskOutcome) and bool(sites & theirs)
        if by.member in rule.coordinators or by.member == of.member or at_desk:
            return True
    return by.member in rule.coordinators and not by.locked


def ids(events: Iterable[e.Event]) -> set[bytes]:
    return {event.stamp.id for event in events}


def shown(book: Logbook) -> dict[str, object]:
    views = everything(book)
    views.pop("next")  # what was set aside has been seen
    return views


def unclocked(history: list[e.Event]) -> list[e.Event]:
    """Without boots: also what is set aside tells of clocks, and that is not what this is about."""
    return [
        msgspec.structs.replace(event, stamp=msgspec.structs.replace(event.stamp, boot=b""))
        for event in history
    ]


@given(histories(), authorities(), st.randoms(use_true_random=False), st.booleans())
def test_what_may_not_be_changes_nothing_whatever_the_order(history, rule, chance, look_between) -> None:
    history = unclocked(history)
    expected = shown(Logbook(event for event in history if counts(event, history, rule)))
    again = [*history, *chance.sample(history, len(history) // 2)]
    chance.shuffle(again)
    book = Logbook(may=rule.may)
    for event in again:
        book.add(event)
        if look_between:
            everything(book)
    assert shown(book) == expected
    aside = {event.stamp.id for event in book.set_aside()}
    assert not any(counts(event, history, rule) for event in history if event.stamp.id in aside)


@given(histories(), authorities(), st.randoms(use_true_random=False))
def test_each_refusal_is_told_when_the_second_of_the_two_comes(history, rule, chance) -> None:
    chance.shuffle(history)
    book, told = Logbook(may=rule.may), set()
    for event in history:
        book.add(event)
        told |= {change.stamp.id for change in book.refused_with(event)}
    assert {event.stamp.id for event in book.set_aside()} <= told


# --- on devices ----------------------------------------------------------------------------------


def sign(session: Session, *events: e.Event, sender: Sender | None = None) -> None:
    """What a changed app would do: sign and seal whatever it likes."""
    device = session.device
    signer = sender or session._records._sender
    assert signer is not None
    for event in events:
        device.outbox.record(event.stamp.id, codec.encode(event), ("team",), signer, device.team)


def test_a_colleague_s_record_is_not_changed_from_this_app(members: Members) -> None:
    members.hub()
    sam, jo, alex = (members.session(who) for who in ("sam", "jo", "alex"))
    saved = sam.save_contact(ContactDraft(area="harbour"))
    for session in (sam, jo, alex):
        session.sync()
    before = jo.waiting()
    for attempt in (
        lambda: jo.undo(saved),
        lambda: jo.finish_contact(saved.contact, ContactDraft(note="mine")),
    ):
        with pytest.raises(NotPossible, match="coordinator"):
            attempt()
    assert (jo.waiting(), len(jo.logbook)) == (before, 1)
    alex.finish_contact(saved.contact, ContactDraft(area="mill"))
    for session in (alex, sam, jo):
        session.sync()
        (talk,) = session.contacts_today()
        assert talk.area == "mill"


def test_a_dishonest_colleague_changes_nothing_of_mine(members: Members) -> None:
    members.hub()
    sam, jo, alex = (members.session(who) for who in ("sam", "jo", "alex"))
    mine = sam.save_contact(ContactDraft(area="harbour"))
    also = sam.save_contact(ContactDraft())
    stamp = jo.device.clock.stamp
    forged = [
        e.Corrected(stamp=stamp(), target=mine.event, changes={"area": "mill"}),
        e.Withdrawn(stamp=stamp(), target=also.event),
        e.Merged(stamp=stamp(), relation="same_talk", one=mine.contact, other=also.contact),
    ]
    sign(jo, *forged)
    jo.sync()
    late = members.session("yard")
    alex.sync()  # the changes come before what they change
    sam.sync()
    report = alex.sync()
    assert len([problem for problem in report.problems if "whose record it isn't" in problem]) == 3
    for session in (sam, alex):
        session = members.again(session)
        session.sync()
        assert {talk.area for talk in session.contacts_today()} == {"harbour", ""}
        assert ids(session.logbook.set_aside()) == ids(forged)
    assert late.sync().fetched == 0


def test_the_key_on_a_locked_phone_records_and_changes_nothing(members: Members) -> None:
    members.hub()
    sam, alex = members.session("sam"), members.session("alex")
    saved = sam.save_contact(ContactDraft(area="harbour"))
    slip = sam.refer(ReferralDraft("yard", session=1))
    sam.sync()
    alex.sync()
    device = alex.device  # what a thief has of the coordinator's laptop
    stamp = device.clock.stamp
    sign(
        alex,
        e.ReferralMoved(stamp=stamp(), referral=slip.referral, to="said_no"),
        e.Withdrawn(stamp=stamp(), target=saved.event),
        e.ContactRecorded(stamp=stamp(), contact=b"C" * 12),
        e.Corrected(stamp=stamp(locked=True), target=saved.event, changes={"area": "mill"}),
        e.Withdrawn(stamp=stamp(locked=True), target=saved.event),
        sender=device.installation,
    )
    own = device.save_contact(ContactDraft(area="quay"))
    device.deliver()
    report = sam.sync()
    assert len(report.problems) == 5
    assert {talk.area for talk in sam.contacts_today()} == {"harbour", "quay"}
    referral = sam.logbook.referral(slip.referral)
    assert referral is not None
    assert referral.state == "issued"
    device.undo(own)
    device.deliver()
    sam.sync()
    assert [talk.area for talk in sam.contacts_today()] == ["harbour"]


def test_whoever_recorded_a_talk_too_finishes_their_own_record_of_it(members: Members) -> None:
    members.hub()
    sam, jo = members.session("sam"), members.session("jo")
    one = sam.save_contact(ContactDraft(area="harbour", note="sam"))
    two = jo.save_contact(ContactDraft(area="harbour", note="jo", unfinished=True))
    jo.sync()
    sam.sync()
    sam.record_merge("same_talk", one.contact, two.contact)
    sam.sync()
    jo.sync()
    for session, name in ((sam, "sam"), (jo, "jo")):
        draft = session.draft_of(one.contact)
        assert draft.note == name
        draft.note, draft.unfinished = f"{name} again", False
        session.finish_contact(one.contact, draft)
        session.sync()
    for session in (sam, jo):
        session.sync()
        (talk,) = session.contacts_today()
        assert set(talk.notes) == {"sam again", "jo again"}
        assert session.logbook.set_aside() == ()


# --- who hears of a change -----------------------------------------------------------------------


def test_the_desk_hears_what_a_coordinator_puts_right_there(members: Members) -> None:
    members.hub()
    sam, yard, alex = (members.session(who) for who in ("sam", "yard", "alex"))
    slip = sam.refer(ReferralDraft("yard", session=1))
    view = yard.arrive(yard.check(slip.text))
    yard.desk_outcome(view.token, "left_before_seen")
    for session in (sam, yard, alex):
        session.sync()
    (wrong,) = [event for event in alex.logbook if isinstance(event, e.DeskOutcome)]
    alex._record(e.Withdrawn(stamp=alex.device.clock.stamp(), target=wrong.stamp.id))
    alex.sync()
    assert yard.sync().fetched == 1
    (view,) = yard.arrivals_today()
    assert view.outcome == ""


def test_changes_that_go_round_in_a_circle_end(members: Members) -> None:
    sam = members.session("sam")
    stamp = sam.device.clock.stamp
    one, other = stamp(), stamp()
    circle = [
        e.Corrected(stamp=one, target=other.id, changes={}),
        e.Corrected(stamp=other, target=one.id, changes={}),
    ]
    sam._record(*circle)
    sam._record(e.Withdrawn(stamp=stamp(), target=one.id))
    assert sam._records.audiences(circle[0]) == ("team",)
