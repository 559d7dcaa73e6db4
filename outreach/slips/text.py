"""What is printed on a slip, as plain data: `SlipText`, and how it is made from the directory.

The person keeps this: where to go, when, how to get there, what happens, and that it is fine to
have lost it. It says nothing about them. Two people's slips for one session differ in the random
fields and in times, and in nothing else. Every field is checked for telling words (`discreet`).
"""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from forms.services import Service, Session
from outreach.slips import code, discreet, words
from outreach.slips.errors import ForbiddenWord
from outreach.slips.times import day, times
from outreach.slips.token import Token

SHOW = "Show this, or say the two words."
SHOW_FAST = "Show this at the door, or say the two words: no appointment, a place is kept."
CONFIDENTIAL = (
    "What you say there stays there. The limits: someone in serious danger, or a child at risk of harm."
)
NOT_PRINTED = frozenset({"token_text", "fast_track", "left_out"})


class SlipText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that a slip says, each field a line or a short sentence ready to print.

    Empty fields are left off the paper. `token_text` is what the QR code holds. `left_out` names
    the fields that the directory has words for and that were kept off for being telling.
    Raises `ForbiddenWord`, naming the field, where one holds a word that tells a finder something.
    """

    token_text: str
    code: str
    words: tuple[str, str]
    place: str
    when: str
    valid_until: str
    show: str = SHOW
    fast_track: bool = False
    hours: str = ""
    entrance: str = ""
    address: str = ""
    travel: str = ""
    soonest: str = ""
    happens: str = ""
    length: str = ""
    asks: str = ""
    bring: str = ""
    choices: tuple[str, ...] = ()
    children: str = ""
    meanwhile: str = ""
    ask_for: str = ""
    confidential: str = CONFIDENTIAL
    lost: str = ""
    phone: str = ""
    worker: str = ""
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value in self.printed():
            for telling in discreet.lint(value):
                raise ForbiddenWord(
                    f"The slip was not made: its {_FIELDS.get(name, name)} says “{telling.found}”, and a "
                    "finder would learn what the slip is for. Nothing is lost; the coordinator can put it "
                    "in neutral words."
                )

    def printed(self) -> list[tuple[str, str]]:
        """The fields that people read, as (name, text) pairs; a field of several lines gives several."""
        pairs: list[tuple[str, str]] = []
        for name in self.__struct_fields__:
            value: Any = getattr(self, name)
            if name in NOT_PRINTED:
                continue
            pairs += [(name, value)] if isinstance(value, str) else [(name, line) for line in value]
        return pairs


_FIELDS = {
    "place": "place",
    "when": "day",
    "hours": "time",
    "entrance": "entrance",
    "address": "address",
    "travel": "way there",
    "happens": "line on what happens",
    "length": "line on how long it runs",
    "asks": "line on how often",
    "bring": "line on what to bring",
    "choices": "choices on arrival",
    "children": "line on children",
    "meanwhile": "place for the meantime",
    "ask_for": "person to ask for",
    "phone": "telephone number",
    "worker": "worker's first name",
}


def from_service(
    service: Service,
    session: Session | None,
    token: Token,
    token_text: str,
    *,
    worker: str,
    now: datetime,
    meanwhile: Service | None = None,
) -> SlipText:
    """The slip for a token: what the directory says about its service and session, in words to keep.

    `session` is None where any session will do. `worker` is the first name of the worker. `now` is
    aware. `meanwhile` is an open place for the days until the first talk (`forms.matching.while_you_wait`).
    Lines of the directory with telling words are left out and named in `left_out`; only where the
    place itself has one is `ForbiddenWord` raised.
    """
    zone = ZoneInfo(service.timezone)
    until = datetime.fromtimestamp(token.valid_until, UTC).astimezone(zone)
    today = now.astimezone(zone).date()
    last = day(until.date(), today)
    location = service.location
    lines: dict[str, Any] = {
        "entrance": _sentence(session.entrance) if session else "",
        "address": _joined(location.address, location.landmark),
        "travel": _travel(service),
        "happens": _happens(service, session, token.fast_track),
        "length": _length(service.programme_length),
        # What is monitored is told by the worker, not by a paper in a pocket.
        "asks": _sentence(service.visit_frequency),
        "bring": _bring(service.no_id_needed),
        "choices": _choices(service, session),
        "children": _children(service),
        "meanwhile": _meanwhile(meanwhile, now, until) if meanwhile else "",
        "ask_for": _name(service.champion_name or service.greeting_name),
        "phone": service.phone,
    }
    kept = {name: _discreet(value) for name, value in lines.items()}
    when, hours, soonest = times(service, session, now, until)
    worker = _name(worker)
    asking = worker or kept["ask_for"]
    return SlipText(
        token_text=token_text,
        code=code.code_of(token.id),
        words=words.words_of(token.id),
        place=service.discreet_name.strip(),
        when=when,
        hours=hours,
        soonest=soonest,
        show=SHOW_FAST if token.fast_track else SHOW,
        fast_track=token.fast_track,
        valid_until=f"Good until {last}.",
        lost=(
            "Lost it, or can't make it? You can still come: say the two words"
            + (f", or ask for {asking}." if asking else ".")
        ),
        worker=worker,
        left_out=tuple(name for name in lines if kept[name] != lines[name]),
        **kept,
    )


# ── where and what ──


def _travel(service: Service) -> str:
    location = service.location
    way = location.travel_text or ", then ".join(part for part in (location.bus, location.walking) if part)
    return " ".join(part for part in (_sentence(way), _sentence(location.travel_help)) if part)


def _happens(service: Service, session: Session | None, fast_track: bool) -> str:
    note = _sentence(session.note) if session else ""
    waiting = ""
    if service.waiting_state == "days" and service.waiting_days and not fast_track:
        unit = "day" if service.waiting_days == 1 else "days"
        waiting = f"A first appointment takes about {service.waiting_days} {unit} to come."
    return " ".join(part for part in (note or "A hello and a first talk, about 20 minutes.", waiting) if part)


def _length(length: str) -> str:
    if length.strip().lower() == "open-ended":
        return "It goes on for as long as it helps."
    return _sentence(f"It runs for {length}" if length[:1].isdigit() else length)


def _bring(no_id_needed: bool | None) -> str:
    if no_id_needed:
        return "Nothing to bring: no ID, no papers."
    if no_id_needed is False:
        return "They may ask for ID. Ring first if you have none."
    return ""


def _choices(service: Service, session: Session | None) -> tuple[str, ...]:
    women = session is not None and session.women_only
    quiet = "" if women else service.location.quiet_entrance  # the session has a door of its own
    found = (quiet, service.waiting_arrangement, "Women only at this time" if women else "")
    return tuple(_sentence(line) for line in found if line.strip())


def _children(service: Service) -> str:
    childcare = {
        "on_site": "Childcare is there.",
        "by_arrangement": "Childcare can be arranged: ring first.",
        "costs_paid": "Childcare costs are paid back.",
    }.get(service.childcare, "")
    welcome = ""
    if service.children_welcome:
        welcome = "Children and dogs are welcome." if service.dogs_welcome else "Children are welcome."
    elif service.dogs_welcome:
        welcome = "Dogs are welcome."
    return " ".join(part for part in (welcome, childcare) if part)


def _meanwhile(service: Service, now: datetime, until: datetime) -> str:
    open_to_all = [session for session in service.sessions if not session.women_only]
    if not open_to_all:
        return f"While you wait: {service.discreet_name}."
    when, hours, _ = times(service, open_to_all[0], now, until)
    days = when.split(" until ")[0]
    at = f"{days[:1].lower()}{days[1:]}" if days.startswith("Any") else days
    return _sentence(f"While you wait: {service.discreet_name}, {at}" + (f", {hours}" if hours else ""))


# ── small words ──


def _discreet(value: Any) -> Any:
    """A line, or lines, without those that tell a finder something."""
    if isinstance(value, tuple):
        return tuple(line for line in value if not discreet.lint(line))
    return "" if discreet.lint(value) else value


def _name(name: str) -> str:
    """A first name: the first word of what is given."""
    return (name.split() or [""])[0]


def _sentence(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else f"{text}."


def _joined(address: str, landmark: str) -> str:
    return " ".join(part for part in (_sentence(address), _sentence(landmark)) if part)
