"""A shift of forty contacts as events with the audiences they are due to, for measurements.

Deterministic: the same numbers on each machine. Half of the contacts have a note; six lead to
a referral, two of those with details sent ahead to the desk.
"""

import random
from collections.abc import Iterator

from outreach.logbook import events as e

TEAM, AHEAD = ("team",), ("desk:northgate", "team")

NOTES = (
    "Asked about a bed for tonight. Phone is broken, will be by the bakery on Thursday.",
    "Sore on the left forearm, red and warm. Talked about the wound clinic, wants to think about it.",
    "Two friends with him, both asked for foil.",
    "Has not slept for three nights. Came for a hot drink, stayed ten minutes, spoke about her brother "
    "who was taken to hospital on Sunday after the new batch went round.",
    "Dog is poorly; gave the number of the vet van.",
    "Says the pipes crack after a day. Would like the longer ones if they come back.",
    "Wants to see the nurse about a blood test, mornings are no good.",
)


def shift_of(contacts: int = 40, seed: int = 7) -> Iterator[tuple[e.Event, tuple[str, ...]]]:
    """Events in the order in which a shift makes them, each with its audiences."""
    dice = random.Random(seed)
    member, device, boot, shift = (dice.randbytes(n) for n in (8, 8, 8, 12))
    at, counter, monotonic = 1_790_000_000_000, 240, 60_000

    def stamp() -> e.Stamp:
        nonlocal at, counter, monotonic
        step = dice.randrange(20_000, 400_000)
        at, counter, monotonic = at + step, counter + 1, monotonic + step
        return e.Stamp(
            id=dice.randbytes(12),
            member=member,
            device=device,
            counter=counter,
            at=at,
            boot=boot,
            monotonic=monotonic,
            packs="cards@1 lists@1",
        )

    bag = tuple(
        e.StockLine(item=item, quantity=dice.randrange(5, 40))
        for item in ("foil", "pipe", "kit_pack", "nyxoid")
    )
    yield e.ShiftStarted(stamp=stamp(), shift=shift, area="centre", partner="", bag=bag), TEAM
    for number in range(contacts):
        contact, person = dice.randbytes(12), dice.randbytes(12)
        referred = number % 7 == 3
        routes = {
            "heroin": ("smoke_foil", "inject_iv"),
            "crack": ("smoke_pipe", "inject_groin"),
            "alcohol": ("swallow",),
        }
        used = dice.sample(sorted(routes), dice.randrange(0, 3))
        yield (
            e.ContactRecorded(
                stamp=stamp(),
                contact=contact,
                kind=dice.choice(("brief_contact", "kit_only", "welfare_check")),
                minutes=dice.choice(("under_2", "2_to_5", "5_to_15")),
                shift=shift,
                substances=tuple(e.SubstanceUse(substance=s, route=dice.choice(routes[s])) for s in used),
                use_together=dice.choice(("same_hit", "apart", "")) if len(used) > 1 else "",
                advice=tuple(
                    e.AdviceGiven(
                        card=card, step=dice.choice(("offered", "talked_about", "took_copy", "not_today"))
                    )
                    for card in dice.sample(
                        ("foil", "naloxone", "wounds", "crack-own-pipe"), dice.randrange(0, 3)
                    )
                ),
                kit=tuple(
                    e.KitIssued(item=item, quantity=dice.randrange(1, 6))
                    for item in dice.sample(("foil", "pipe", "fixed_1ml", "citric"), dice.randrange(0, 4))
                ),
                naloxone=(
                    e.NaloxoneSupplied(
                        product="nyxoid",
                        kits=1,
                        batch="B2271",
                        expires_on="2028-03",
                        supply_type="first",
                        recipient_type="person_at_risk",
                        training="full",
                    ),
                )
                if number % 6 == 0
                else (),
                practical=("hot_drink",) if number % 3 == 0 else (),
                confidentiality_explained=True if referred else None,
                note=NOTES[number // 2 % len(NOTES)] if number % 2 else "",
                person=person if referred else b"",
            ),
            TEAM,
        )
        if referred:
            referral, token = dice.randbytes(12), dice.randbytes(12)
            service = "northgate-drop-in"
            yield e.PersonMade(stamp=stamp(), person=person, handle="otter lantern"), TEAM
            yield (
                e.ReferralMade(
                    stamp=stamp(),
                    referral=referral,
                    service=service,
                    source="outreach_worker",
                    session=3,
                    contact=contact,
                    person=person,
                    fast_track=True,
                ),
                TEAM,
            )
            yield (
                e.SlipIssued(
                    stamp=stamp(),
                    referral=referral,
                    token=token,
                    service=service,
                    session=3,
                    issued=at // 1000,
                    valid_until=at // 1000 + 14 * 86400,
                    fast_track=True,
                ),
                TEAM,
            )
            if number % 2:
                yield (
                    e.SentAhead(
                        stamp=stamp(),
                        token=token,
                        service=service,
                        permission=dice.randbytes(12),
                        chosen_name="Robin",
                        wait_preference="quiet_room",
                    ),
                    AHEAD,
                )
    left = tuple(e.StockLine(item=line.item, quantity=line.quantity // 2) for line in bag)
    yield e.ShiftEnded(stamp=stamp(), shift=shift, left=left), TEAM
