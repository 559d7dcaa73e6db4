"""Makes a dictionary for `sync/content.py` from typical records. Run by hand, once a version.

A dictionary that is out in the world never changes: records that were sealed with it are only
read with the same bytes. A better one gets the next number and a file of its own.

    python -m tests.sync.make_dictionary > sync/dictionary.bin
"""

import sys
import tomllib
from pathlib import Path

import cbor2

from outreach.logbook import codec
from outreach.logbook import events as e

RANDOM = b"\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xf5\xf6\xf1\xf2"

WORDS = """
with a friend, they said he said she said asked about will come back tomorrow next week
near the station under the bridge behind the car park by the river outside the library
wants to see the nurse wound on the leg arm looks sore swollen, hot to the touch, advised to
was cold, gave a blanket and a hot drink sleeping bag not slept not eaten for two days
feeling low, worried about, talked about housing appointment letter phone number no phone
has a dog, partner is, together, moved on by the police, hostel, sleeping out, tent
overdose last week, naloxone used, called the ambulance, stronger than usual, new supplier
pipe foil spoon needles filters citric water bin collected, sharps, usual place
""".replace("\n", " ").encode()


def stamp(**more: object) -> e.Stamp:
    defaults: dict[str, object] = {
        "id": RANDOM,
        "member": RANDOM[:8],
        "device": RANDOM[:8],
        "counter": 24,
        "at": 0x18_00_00_00_00_00,
        "boot": RANDOM[:8],
        "monotonic": 0x1_0000,
        "packs": "cards@1 lists@1 directory@1",
    }
    return e.Stamp(**{**defaults, **more})  # type: ignore[arg-type]


def samples() -> list[e.Event]:
    """Rare ones first: deflate reaches the end of a dictionary most cheaply."""
    advice = [
        e.AdviceGiven(card=card, step=step)
        for card, step in [
            ("wounds", "offered"),
            ("taking-them-apart", "not_today"),
            ("crack-own-pipe", "offered"),
            ("after-a-break", "offered"),
            ("foil", "took_copy"),
            ("nitazenes", "talked_about"),
            ("mixing-downers", "talked_about"),
            ("naloxone", "took_copy"),
        ]
    ]
    return [
        e.ShiftEnded(stamp=stamp(), shift=RANDOM, left=(e.StockLine(item="foil", quantity=1),), debrief=""),
        e.ShiftStarted(stamp=stamp(), shift=RANDOM, area="", route="", partner="", bag=()),
        e.BagCounted(stamp=stamp(), bag=(e.StockLine(item="nyxoid", quantity=1, batch=""),)),
        e.Withdrawn(stamp=stamp(), target=RANDOM),
        e.Merged(stamp=stamp(), relation="same_talk", one=RANDOM, other=RANDOM),
        e.Merged(stamp=stamp(), relation="same_person", one=RANDOM, other=RANDOM),
        e.Corrected(stamp=stamp(), target=RANDOM, changes={"unfinished": False, "note": "", "minutes": ""}),
        e.PermissionWithdrawn(stamp=stamp(), permission=RANDOM),
        e.PermissionGiven(stamp=stamp(), permission=RANDOM, person=RANDOM, what="", to="", why="", until=0),
        e.SentAhead(
            stamp=stamp(), token=RANDOM, service="", permission=RANDOM, chosen_name="x", wait_preference="x"
        ),
        e.DeskOutcome(stamp=stamp(), token=RANDOM, outcome="seen_now", offered_for=0),
        e.Arrived(
            stamp=stamp(), token=RANDOM, service="", session=1, checked="amber", reasons=("",), code="x"
        ),
        e.ReferralMoved(
            stamp=stamp(), referral=RANDOM, to="assessed", on=0, attendance="seen_on_time", source="keyworker"
        ),
        e.ReferralMoved(stamp=stamp(), referral=RANDOM, to="started", on=1),
        e.OfferMade(
            stamp=stamp(), service="", answer="not_today", contact=RANDOM, person=RANDOM, reasons=("",)
        ),
        e.PersonMade(stamp=stamp(), person=RANDOM, handle="otter lantern", chosen_name="x", language="en"),
        e.SlipIssued(
            stamp=stamp(),
            referral=RANDOM,
            token=RANDOM,
            service="",
            session=1,
            issued=1,
            valid_until=0x18_0000_0000,
            fast_track=True,
        ),
        e.ReferralMade(
            stamp=stamp(),
            referral=RANDOM,
            service="",
            source="outreach_worker",
            route="self_with_slip",
            session=1,
            contact=RANDOM,
            person=RANDOM,
            fast_track=True,
        ),
        e.ContactRecorded(
            stamp=stamp(locked=True, late=True),
            contact=RANDOM,
            minutes="under_2",
            shift=RANDOM,
            area="x",
            substances=(
                e.SubstanceUse(substance="cocaine_powder", route="sniff"),
                e.SubstanceUse(substance="alcohol", route="swallow"),
                e.SubstanceUse(substance="heroin", route="smoke_foil"),
                e.SubstanceUse(substance="crack", route="inject_groin"),
            ),
            order_of_use="separate_occasions",
            use_together="same_hit",
            ost_status="on_script",
            advice=tuple(advice),
            practical=("food", "sleeping_bag", "hot_drink"),
            had_to_go=True,
            unfinished=True,
        ),
        e.ContactRecorded(
            stamp=stamp(),
            contact=RANDOM,
            minutes="2_to_5",
            shift=RANDOM,
            substances=(
                e.SubstanceUse(substance="crack", route="smoke_pipe"),
                e.SubstanceUse(substance="heroin", route="inject_iv"),
            ),
            order_of_use="crack_first",
            use_together="same_hit",
            advice=(
                e.AdviceGiven(card="naloxone", step="offered"),
                e.AdviceGiven(card="crack-own-pipe", step="talked_about"),
            ),
            kit=(
                e.KitIssued(item="fixed_1ml", quantity=10),
                e.KitIssued(item="foil", quantity=2, for_others=True),
                e.KitIssued(item="pipe", quantity=1),
            ),
            naloxone=(
                e.NaloxoneSupplied(
                    product="nyxoid",
                    kits=1,
                    batch="AB12",
                    expires_on="2027-06",
                    supply_type="first",
                    resupply_reason="used_on_someone_else",
                    recipient_type="person_at_risk",
                    training="refresher",
                ),
            ),
            confidentiality_explained=True,
            person=RANDOM,
            note="x",
        ),
    ]


LISTS = Path(__file__).parents[2] / "forms" / "lists"
KEYS = (
    "barriers wait_preference travel_help referral_source attendance referral_route offer_answer "
    "naloxone_training recipient_type resupply_reason supply_type naloxone_products area ost_status "
    "use_together order_of_use contact_kind practical_help minutes_band advice_step kit_items "
    "routes substances"
)


def keys() -> bytes:
    """Every key of the lists that records are made of, as CBOR text."""
    found: list[str] = []
    for name in KEYS.split():
        codes = tomllib.loads((LISTS / f"{name}.toml").read_text("utf-8"))["codes"]
        found += [code["key"] for code in codes]
    return b"".join(cbor2.dumps(key) for key in dict.fromkeys(found))


def dictionary() -> bytes:
    whole = b"".join(codec.encode(event) for event in samples())
    for length in (12, 8):
        whole = whole.replace(RANDOM[:length], b"")
    return keys() + WORDS + whole


if __name__ == "__main__":
    sys.stdout.buffer.write(dictionary())
