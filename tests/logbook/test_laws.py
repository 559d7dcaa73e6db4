"""What holds of every history, in whatever order, however often and with whatever holes it comes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.logbook import codec
from outreach.logbook import events as e
from outreach.logbook.referral import ASIDE, STAGES
from outreach.logbook.views import Logbook
from tests.logbook.events_for_tests import ANN, BOB, CONTACTS, PEOPLE, Pen, everything, histories

pace = settings(max_examples=60, deadline=None)


@pace
@given(histories(), st.randoms(use_true_random=False), st.booleans())
def test_order_and_duplicates_change_nothing(history, chance, look_between):
    expected = everything(Logbook(history))
    again = [*history, *chance.sample(history, len(history) // 2)]
    chance.shuffle(again)
    book = Logbook()
    for event in again:
        book.add(event)
        if look_between:  # views are kept until an event touches them
            everything(book)
    assert everything(book) == expected


@pace
@given(histories(), st.randoms(use_true_random=False))
def test_what_was_missing_and_comes_later_leaves_no_trace(history, chance):
    missing = chance.sample(history, len(history) // 2)
    book = Logbook(event for event in history if event not in missing)
    everything(book)
    chance.shuffle(missing)
    book.add_all(missing)
    assert everything(book) == everything(Logbook(history))


@pace
@given(histories(), st.randoms(use_true_random=False))
def test_any_part_of_a_history_can_be_read(history, chance):
    everything(Logbook(chance.sample(history, len(history) // 2)))


@pace
@given(histories())
def test_events_that_travelled_as_bytes_give_the_same_views(history):
    travelled = [codec.decode(codec.encode(event)) for event in history]
    assert everything(Logbook(travelled)) == everything(Logbook(history))


@pace
@given(histories(), st.sampled_from(["same_talk", "same_person"]), st.integers(0, 2), st.integers(0, 2))
def test_merges_undo(history, relation, one, other):
    book = Logbook(history)
    before = everything(book)
    ids = CONTACTS if relation == "same_talk" else PEOPLE
    pen = Pen()
    pen.counter = 100
    merge = pen.merged(ids[one], ids[other], relation)
    undo = pen.withdrawn(merge)
    book.add(merge)
    everything(book)
    book.add(undo)
    after = everything(book)
    before.pop("next"), after.pop("next")
    assert after == before


@pace
@given(histories())
def test_stock_is_what_was_counted_less_what_was_given(history):
    book = Logbook(history)
    talks = book.contacts()
    standing = [event for known in history if (event := book.event(known.stamp.id)) is not None]
    for member in (ANN, BOB):
        counts = [
            event
            for event in standing
            if event.stamp.member == member
            and (isinstance(event, e.BagCounted) or (isinstance(event, e.ShiftStarted) and event.bag))
        ]
        if not counts:
            assert book.bag(member) == ()
            continue
        last = max(counts, key=lambda event: event.stamp.order)
        left: dict[str, int] = {}
        for line in last.bag:
            left[line.item] = left.get(line.item, 0) + line.quantity
        for talk in talks:
            for given_out in talk.given:
                if given_out.member == member and given_out.order > last.stamp.order:
                    left[given_out.item] = left.get(given_out.item, 0) - given_out.quantity
        shown: dict[str, int] = {}
        for line in book.bag(member):
            shown[line.item] = shown.get(line.item, 0) + line.quantity
        assert shown == left


@pace
@given(histories())
def test_a_talk_gives_each_thing_out_once_however_many_recorded_it(history):
    book = Logbook(history)
    for talk in book.contacts():
        records = [record for event in talk.records if (record := book.event(event)) is not None]
        for item in {given_out.item for given_out in talk.given}:
            given_out = sum(each.quantity for each in talk.given if each.item == item)
            kit = [sum(line.quantity for line in r.kit if line.item == item) for r in records]
            kits = [sum(line.kits for line in r.naloxone if line.product == item) for r in records]
            if any(kit):
                assert given_out == max(kit)
            else:  # different batches are different packs
                assert max(kits) <= given_out <= sum(kits)
                if not any(line.batch for r in records for line in r.naloxone):
                    assert given_out == max(kits)


@pace
@given(histories())
def test_every_referral_is_in_one_state_and_its_first_arrival_counts(history):
    book = Logbook(history)
    for referral in book.referrals():
        assert referral.state in (*STAGES, *ASIDE)
        assert [arrival.counts for arrival in referral.arrivals] == [
            place == 0 for place in range(len(referral.arrivals))
        ]
        if referral.arrivals:
            assert referral.arrived == referral.arrivals[0].moment
            assert referral.reached("arrived")
