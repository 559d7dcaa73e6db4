"""What a screen filled in, as events: anything may be missing, nothing is invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import capture
from outreach.capture import ContactDraft
from outreach.logbook import codec
from outreach.logbook.events import (
    NOTE_LIMIT,
    ContactRecorded,
    Corrected,
    NaloxoneSupplied,
    Stamp,
    SubstanceUse,
)
from outreach.logbook.views import Logbook

SUBSTANCES = ("heroin", "crack", "benzo_street", "alcohol", "pregabalin")
ROUTES = ("", "smoke_foil", "smoke_pipe", "inject")


def stamp(counter: int, *, locked: bool = False) -> Stamp:
    return Stamp(
        id=counter.to_bytes(12, "big"),
        member=b"m" * 8,
        device=b"d" * 8,
        counter=counter,
        at=1000,
        locked=locked,
    )


supplies = st.builds(
    NaloxoneSupplied,
    product=st.sampled_from(["nyxoid", "prenoxad"]),
    kits=st.integers(0, 3),
    batch=st.sampled_from(["", "EX1"]),
)
drafts = st.builds(
    ContactDraft,
    kind=st.sampled_from(["brief_contact", "kit_only"]),
    minutes=st.sampled_from(["", "5-15"]),
    area=st.sampled_from(["", "harbour"]),
    substances=st.dictionaries(st.sampled_from(SUBSTANCES), st.sampled_from(ROUTES)),
    order_of_use=st.sampled_from(["", "crack_first", "heroin_first"]),
    use_together=st.sampled_from(["", "same_hit", "close_together"]),
    ost_status=st.sampled_from(["", "yes"]),
    advice=st.dictionaries(
        st.sampled_from(["card-a", "card-b"]), st.sampled_from(["", "offered", "talked_about"])
    ),
    kit=st.dictionaries(st.sampled_from(["foil", "pipe", "condoms"]), st.integers(0, 9)),
    naloxone=st.lists(supplies, max_size=2),
    practical=st.sets(st.sampled_from(["hot_drink", "blanket", "phone_charge"])),
    confidentiality_explained=st.sampled_from([None, True, False]),
    note=st.text(max_size=NOTE_LIMIT + 40),
    had_to_go=st.booleans(),
    unfinished=st.booleans(),
)


@pytest.mark.requirement("BC02")
def test_an_empty_draft_is_a_whole_record() -> None:
    event = capture.recorded(ContactDraft(), stamp(1))
    assert (event.substances, event.kit, event.advice, event.note) == ((), (), (), "")
    assert len(event.contact) == 12
    assert codec.decode(codec.encode(event)) == event


@pytest.mark.requirement("BC05", "BC07")
def test_two_drugs_are_one_record_with_their_order() -> None:
    draft = ContactDraft(
        substances={"crack": "inject", "heroin": "inject"},
        use_together="same_hit",
        order_of_use="crack_first",
    )
    event = codec.decode(codec.encode(capture.recorded(draft, stamp(1))))
    assert isinstance(event, ContactRecorded)
    assert event.substances == (SubstanceUse("crack", "inject"), SubstanceUse("heroin", "inject"))
    assert (event.use_together, event.order_of_use) == ("same_hit", "crack_first")


def test_steppers_back_at_zero_leave_nothing_behind() -> None:
    draft = ContactDraft(
        kit={"foil": 0, "pipe": 2},
        naloxone=[NaloxoneSupplied("nyxoid", 0), NaloxoneSupplied("prenoxad", 1)],
        advice={"card-a": "", "card-b": "offered"},
    )
    event = capture.recorded(draft, stamp(1))
    assert [(line.item, line.quantity) for line in event.kit] == [("pipe", 2)]
    assert [supply.product for supply in event.naloxone] == ["prenoxad"]
    assert [given.card for given in event.advice] == ["card-b"]


@pytest.mark.requirement("BC12")
def test_a_note_is_short() -> None:
    assert capture.recorded(ContactDraft(note=f"  {'x' * 400}  "), stamp(1)).note == "x" * NOTE_LIMIT


@given(drafts)
def test_a_draft_comes_back_from_its_record(draft: ContactDraft) -> None:
    event = capture.recorded(draft, stamp(1))
    again = capture.recorded(capture.draft_of(event), event.stamp, contact=event.contact)
    assert again == event
    assert capture.changes(event, again) == {}


@pytest.mark.requirement("BC02")
@given(drafts, drafts)
def test_a_correction_turns_one_version_into_the_other(first: ContactDraft, second: ContactDraft) -> None:
    before = capture.recorded(first, stamp(1))
    after = capture.recorded(second, before.stamp, contact=before.contact)
    correction = Corrected(stamp=stamp(2), target=before.stamp.id, changes=capture.changes(before, after))
    assert codec.decode(codec.encode(correction)) == correction
    assert Logbook([correction, before]).event(before.stamp.id) == after


def test_putting_a_contact_right_leaves_whose_it_was() -> None:
    event = ContactRecorded(stamp=stamp(1), contact=b"c" * 12, person=b"p" * 12, kind="brief_contact")
    draft = capture.draft_of(event)
    draft.note = "asked about the drop-in"
    after = capture.recorded(draft, event.stamp, contact=event.contact)
    assert capture.changes(event, after) == {"note": "asked about the drop-in"}


@pytest.mark.requirement("HA13")
def test_cards_are_chosen_by_all_that_was_named() -> None:
    facts = ContactDraft(
        substances={"heroin": "smoke_foil", "crack": "smoke_pipe"},
        use_together="close_together",
        order_of_use="crack_first",
        ost_status="yes",
    ).facts()
    assert set(facts.substances) == {"heroin", "crack"}
    assert (facts.use_together, facts.order_of_use, facts.ost_status) == (
        "close_together",
        "crack_first",
        "yes",
    )
