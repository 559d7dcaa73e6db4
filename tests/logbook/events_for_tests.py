"""Short ways to make events, and a Hypothesis strategy for whole histories out of a few ids."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from hypothesis import strategies as st

from outreach.logbook import events as e
from outreach.logbook.views import Logbook

NOON = 1_783_000_000_000  # 2 July 2026
HOUR = 3_600_000
DAY = 24 * HOUR
ANN, BOB = b"member-a", b"member-b"


class Pen:
    """Writes events, one after the other."""

    def __init__(self, member: bytes = ANN, at: int = NOON) -> None:
        self.member, self.at, self.counter = member, at, 0

    def stamp(self, **fields: Any) -> e.Stamp:
        self.counter = fields.pop("counter", self.counter + 1)
        member = fields.pop("member", self.member)
        known = {
            "id": member + b"%04d" % self.counter,
            "member": member,
            "device": b"phone-" + member[-1:],
            "counter": self.counter,
            "at": self.at,
        }
        return e.Stamp(**(known | fields))

    def referral(self, name: bytes = b"R1", **fields: Any) -> e.ReferralMade:
        known = {"service": "dropin", "source": "self"} | fields
        return e.ReferralMade(stamp=known.pop("stamp", None) or self.stamp(), referral=name, **known)

    def slip(self, token: bytes, name: bytes = b"R1", **fields: Any) -> e.SlipIssued:
        known = {"service": "dropin"} | fields
        return e.SlipIssued(
            stamp=known.pop("stamp", None) or self.stamp(), referral=name, token=token, **known
        )

    def came(self, token: bytes, **fields: Any) -> e.Arrived:
        known = {"service": "dropin"} | fields
        return e.Arrived(stamp=known.pop("stamp", None) or self.stamp(), token=token, **known)

    def moved(self, to: str, name: bytes = b"R1", **fields: Any) -> e.ReferralMoved:
        return e.ReferralMoved(
            stamp=fields.pop("stamp", None) or self.stamp(), referral=name, to=to, **fields
        )

    def contact(self, name: bytes = b"C1", **fields: Any) -> e.ContactRecorded:
        return e.ContactRecorded(stamp=fields.pop("stamp", None) or self.stamp(), contact=name, **fields)

    def counted(self, **items: int) -> e.BagCounted:
        return e.BagCounted(stamp=self.stamp(), bag=tuple(e.StockLine(i, n) for i, n in items.items()))

    def corrected(self, target: e.Event, **changes: Any) -> e.Corrected:
        return e.Corrected(stamp=self.stamp(), target=target.stamp.id, changes=changes)

    def withdrawn(self, target: e.Event) -> e.Withdrawn:
        return e.Withdrawn(stamp=self.stamp(), target=target.stamp.id)

    def merged(self, one: bytes, other: bytes, relation: str = "same_talk") -> e.Merged:
        return e.Merged(stamp=self.stamp(), relation=relation, one=one, other=other)


def token(number: int, code: int = 0) -> bytes:
    """A token whose code is `code` and whose rest is `number`."""
    return (code << 5).to_bytes(5, "big") + number.to_bytes(7, "big")


def everything(book: Logbook) -> dict[str, Any]:
    """All that a logbook shows."""
    days = [date(2026, 7, day) for day in range(1, 8)]
    return {
        "contacts": book.contacts(),
        "days": [book.contacts(day) for day in days],
        "of a member": [book.contacts(member=member) for member in (ANN, BOB)],
        "unfinished": book.unfinished(),
        "people": book.people(),
        "open people": book.people_of_open_referrals(),
        "referrals": book.referrals(),
        "open": book.open_referrals(),
        "by person": [book.referrals_of(person) for person in PEOPLE],
        "contacts of": [book.contacts_of(person) for person in PEOPLE],
        "by token": [book.referral_of_token(each) for each in TOKENS],
        "by code": [book.by_code(each) for each in TOKENS],
        "arrivals": book.arrivals(),
        "arrival": [book.arrival(each) for each in TOKENS],
        "bags": [book.bag(member) for member in (ANN, BOB)],
        "offers": book.offers(),
        "sent ahead": [book.sent_ahead(each) for each in TOKENS],
        "permissions": [book.permissions(person) for person in PEOPLE],
        "shifts": [book.open_shift(member) for member in (ANN, BOB)],
        "tokens": book.tokens(),
        "next": book.next_counter(),
    }


def shuffled(events: Iterable[e.Event]) -> st.SearchStrategy[list[e.Event]]:
    return st.permutations(list(events))


CONTACTS = [b"C1", b"C2", b"C3"]
PEOPLE = [b"P1", b"P2", b"P3"]
REFERRALS = [b"R1", b"R2"]
TOKENS = [token(1, 7), token(2, 7), token(3, 9), token(1, 7)[:5], token(3, 9)[:5]]
SERVICES = ["dropin", "clinic"]
ITEMS = ["foil", "kit_pack"]

_few = st.integers(1, 4)


@st.composite
def histories(draw: st.DrawFn, most: int = 24) -> list[e.Event]:
    """A history with few ids, so that its events meet; corrections and withdrawals among them."""
    made: list[e.Event] = []
    for number in range(draw(st.integers(1, most))):
        member = draw(st.sampled_from([ANN, BOB]))
        stamp = e.Stamp(
            id=b"event-%06d" % draw(st.integers(0, 9)) + b"%02d" % number,
            member=member,
            device=draw(st.sampled_from([b"phone-1", b"phone-2"])),
            counter=draw(st.integers(1, 12)),
            at=NOON + draw(st.integers(-48, 48)) * HOUR,
            boot=draw(st.sampled_from([b"", b"boot-1"])),
            monotonic=draw(st.integers(0, 5)) * HOUR,
            locked=draw(st.booleans()),
            late=draw(st.sampled_from([False, False, True])),
        )
        made.append(draw(_event(stamp, made)))
    return made


@st.composite
def _event(draw: st.DrawFn, stamp: e.Stamp, made: list[e.Event]) -> e.Event:
    def pick(choices: list[Any]) -> Any:
        return draw(st.sampled_from(choices))

    targets = [event.stamp.id for event in made] + [b"not-there-yet"]
    kinds = (
        "contact contact bag shift end person correct correct withdraw merge merge offer referral slip slip"
    )
    match pick((kinds + " came came outcome moved moved permission back ahead").split()):
        case "contact":
            return e.ContactRecorded(
                stamp=stamp,
                contact=pick(CONTACTS),
                area=pick(["", "mill", "harbour"]),
                kit=tuple(e.KitIssued(pick(ITEMS), draw(_few)) for _ in range(draw(st.integers(0, 2)))),
                naloxone=tuple(
                    e.NaloxoneSupplied("prenoxad", draw(_few), batch=pick(["", "L1", "L2"]))
                    for _ in range(draw(st.integers(0, 2)))
                ),
                note=pick(["", "back Thursday"]),
                person=pick([b"", *PEOPLE]),
                unfinished=draw(st.booleans()),
                confidentiality_explained=pick([None, True, False]),
            )
        case "bag":
            return e.BagCounted(
                stamp=stamp,
                bag=tuple(e.StockLine(pick([*ITEMS, "prenoxad"]), 9, pick(["", "L1"])) for _ in range(2)),
            )
        case "shift":
            return e.ShiftStarted(
                stamp=stamp, shift=pick([b"S1", b"S2"]), bag=pick([(), (e.StockLine("foil", 5),)])
            )
        case "end":
            return e.ShiftEnded(stamp=stamp, shift=pick([b"S1", b"S2"]))
        case "person":
            return e.PersonMade(
                stamp=stamp,
                person=pick(PEOPLE),
                handle=pick(["otter lantern", "heron kettle"]),
                chosen_name=pick(["", "Jo"]),
            )
        case "correct":
            changes = {
                "area": pick(["mill", "hill", 7]),
                "note": pick(["", "x" * 281, "new"]),
                "unfinished": False,
                "kit": [{"item": pick(ITEMS), "quantity": draw(_few)}],
                "contact": b"C9",
                "person": pick(PEOPLE),
                "source": pick(["gp", "self"]),
                "valid_until": NOON // 1000,
                "nothing": 1,
            }
            names = draw(st.sets(st.sampled_from(sorted(changes)), max_size=4))
            return e.Corrected(
                stamp=stamp, target=pick(targets), changes={name: changes[name] for name in names}
            )
        case "withdraw":
            return e.Withdrawn(stamp=stamp, target=pick(targets))
        case "merge":
            relation = pick(["same_talk", "same_person"])
            ids = CONTACTS if relation == "same_talk" else PEOPLE
            return e.Merged(stamp=stamp, relation=relation, one=pick(ids), other=pick(ids))
        case "offer":
            return e.OfferMade(stamp=stamp, service=pick(SERVICES), answer="not_today", person=pick(PEOPLE))
        case "referral":
            return e.ReferralMade(
                stamp=stamp,
                referral=pick(REFERRALS),
                service=pick(SERVICES),
                source="gp",
                person=pick([b"", *PEOPLE]),
            )
        case "slip":
            return e.SlipIssued(
                stamp=stamp, referral=pick(REFERRALS), token=pick(TOKENS[:3]), service=pick(SERVICES)
            )
        case "came":
            return e.Arrived(stamp=stamp, token=pick(TOKENS), service=pick(SERVICES))
        case "outcome":
            outcome = pick(["seen_now", "time_given", "left_before_seen"])
            return e.DeskOutcome(stamp=stamp, token=pick(TOKENS), outcome=outcome)
        case "moved":
            to = pick(
                ["offered", "assessed", "started", "in_at_30", "not_seen", "said_no", "resting", "reopened"]
            )
            return e.ReferralMoved(
                stamp=stamp,
                referral=pick(REFERRALS),
                to=to,
                on=pick([0, NOON]),
                reasons=pick([(), ("too_far",)]),
            )
        case "permission":
            return e.PermissionGiven(
                stamp=stamp,
                permission=pick([b"A1", b"A2"]),
                person=pick(PEOPLE),
                what="name",
                to="dropin",
                why="x",
            )
        case "back":
            return e.PermissionWithdrawn(stamp=stamp, permission=pick([b"A1", b"A2"]))
        case _:
            return e.SentAhead(
                stamp=stamp,
                token=pick(TOKENS[:3]),
                service="dropin",
                permission=pick([b"A1", b"A2"]),
                chosen_name="Jo",
            )
