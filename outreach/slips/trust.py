"""Is this one of our slips, and is it good today? Asked at a desk that may be offline.

`Trust` is the list that a desk carries: the teams it knows, their slip keys with dates, their
services, and what was revoked or replaced. It travels as a signed pack; here it is plain data.
`check` judges the text of a QR code, `check_code` what somebody typed.

Three colours:

    green   signed by a known key, for a service of the list, in date
    amber   "see them": it is a slip, and something about it could not be confirmed here. It is
            recorded as unchecked. Nobody who comes with a slip is turned away by software.
    red     the text is not a slip

An altered slip, one that is damaged or of a newer version, and a typing error are amber: whoever
holds it came with a slip. Only a text that is not ours (or far too short to be a slip) is red.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from forms.opening import day_words
from forms.services import Directory
from outreach.slips import code, words
from outreach.slips.errors import CodeTypo, DamagedSlip, NotASlip, NotSigned
from outreach.slips.token import Reading, Token, read, verify

LIST_DAYS = 35
"""A list older than this is out of date: slip keys change monthly."""
KEY_AFTERLIFE = 92 * 86400
"""Seconds that a key's slips are confirmed after the key's last day; slips live 14 days as a rule."""
CLOCK_SLACK = 86400
"""Seconds by which the clocks of two devices may differ before anybody is told."""

LONGEST_TYPED = 12
"""Letters and digits: a code has eight, and with more than this it is a text that was scanned."""
_NEVER_TYPED = frozenset(":/@=#")

Colour = Literal["green", "amber", "red"]
Why = Literal[
    "not_a_slip",
    "damaged",
    "altered",
    "unknown_team",
    "unknown_key",
    "revoked_key",
    "key_dates",
    "old_list",
    "clock",
    "expired",
    "replaced",
    "unknown_service",
    "closed_service",
    "unknown_session",
    "other_place",
    "typo",
    "unknown_code",
]
"""Why a slip is not green: stable keys, for records and counts."""


class SlipKey(msgspec.Struct, frozen=True, rename={"valid_from": "from"}):
    """A team's slip key of a month: 4-byte id, 32-byte Ed25519 public key, seconds since 1970 UTC."""

    kid: bytes
    public: bytes
    valid_from: int
    until: int


class ListedService(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service that slips may name. `sessions` are its session numbers (empty: any);
    `closes_on` is the last day that it is there."""

    id: str
    discreet_name: str
    sessions: tuple[int, ...] = ()
    closes_on: date | None = None


class ListedTeam(msgspec.Struct, frozen=True):
    """A team whose slips are known here. `team` is its id in hex, `name` its neutral public name."""

    team: str
    name: str
    keys: tuple[SlipKey, ...] = ()
    services: tuple[ListedService, ...] = ()


class Trust(msgspec.Struct, frozen=True, omit_defaults=True):
    """The trust list as of a moment (seconds since 1970 UTC).

    `revoked` holds key ids, `replaced` slip ids that a newer slip took the place of. `here` names
    the services of this desk; where it is empty, a slip for any service of the list is for here.
    """

    as_of: int
    teams: tuple[ListedTeam, ...] = ()
    revoked: tuple[bytes, ...] = ()
    replaced: tuple[bytes, ...] = ()
    here: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """As a pack carries it: JSON, bytes in base64, team ids in hex."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)

    @classmethod
    def from_json(cls, data: bytes | str) -> "Trust":
        """Take back what `to_json` gave. Raises `ValueError` with what is wrong with the file."""
        try:
            return msgspec.json.decode(data, type=cls)
        except msgspec.DecodeError as error:
            raise ValueError(
                f"The trust list can't be read: {error}. The list from before stays in use."
            ) from error


def listed(directory: Directory) -> tuple[ListedService, ...]:
    """The services of a directory as a trust list holds them: nothing but id, neutral name and dates."""
    return tuple(
        ListedService(
            service.id,
            service.discreet_name,
            tuple(session.number for session in service.sessions),
            service.closes_on,
        )
        for service in directory.services
    )


class Checked(msgspec.Struct, frozen=True):
    """The judgement: a colour, the reasons as sentences for the desk, and what can be recorded.

    `token` is None where none could be read; `code` is the slip's code as printed, or "" where
    there is nothing to record. `why` has the reasons as keys, in the order of `reasons`.
    """

    colour: Colour
    reasons: tuple[str, ...] = ()
    token: Token | None = None
    code: str = ""
    why: tuple[Why, ...] = ()

    @property
    def unchecked(self) -> bool:
        """Seen all the same, and recorded as unchecked."""
        return self.colour == "amber"


def check(text: str, trust: Trust, now: datetime) -> Checked:
    """Judge the text of a QR code. `now` is an aware time in the desk's zone. Raises for no text."""
    moment = _moment(now)
    try:
        reading = read(text)
    except NotASlip:
        return Checked(
            "red",
            (
                "This is not one of our slips. Nothing was recorded. Whoever came with it is welcome: "
                "ask if there is another card, or go by the two words.",
            ),
            why=("not_a_slip",),
        )
    except DamagedSlip as problem:
        sentence = f"{problem} See them all the same; typing the code from the slip may work."
        return Checked("amber", (sentence,), why=("damaged",))
    doubts = _signature_doubts(reading, trust)
    service = _listed(reading.token, trust)
    token = msgspec.structs.replace(reading.token, service=service.id) if service else reading.token
    doubts += _doubts(token, service, trust, moment, now)
    return _judged(token, doubts)


def check_code(typed: str, trust: Trust, now: datetime, known_tokens: Iterable[Token] = ()) -> Checked:
    """Judge what somebody typed: a code, or the whole text where a scanner types.

    `known_tokens` are the slips this device has heard of (they came sealed and signed, so a code that
    fits one of them is as good as its QR code). A right code that is not among them is amber.
    """
    if words.parse(typed):
        sentence = (
            "The two words find a slip, and the code records that someone came. See them, and type the code."
        )
        return Checked("amber", (sentence,), why=("typo",))
    if sum(map(str.isalnum, typed)) > LONGEST_TYPED or set(typed) & _NEVER_TYPED:
        return check(typed, trust, now)
    moment = _moment(now)
    try:
        prefix = code.parse(typed)
    except CodeTypo as problem:
        return Checked("amber", (str(problem),), why=("typo",))
    found = [token for token in known_tokens if code.matches(prefix, token.id)]
    if len(found) != 1:
        sentence = (
            "The code is right, and this device has not heard of the slip yet. "
            "See them; it is recorded and found at the next sync."
        )
        return Checked("amber", (sentence,), code=code.code_of(prefix), why=("unknown_code",))
    service = _listed(found[0], trust)
    token = msgspec.structs.replace(found[0], service=service.id) if service else found[0]
    return _judged(token, _doubts(token, service, trust, moment, now))


Doubt = tuple[Why, str]


def _judged(token: Token, doubts: list[Doubt]) -> Checked:
    return Checked(
        "amber" if doubts else "green",
        tuple(sentence for _, sentence in doubts),
        token,
        code.code_of(token.id),
        tuple(why for why, _ in doubts),
    )


def _moment(now: datetime) -> int:
    if now.tzinfo is None:
        raise ValueError("now is an aware time")
    return int(now.timestamp())


def _day(on: date, today: date) -> str:
    return day_words(on, year=on.year != today.year)


def _team(token: Token, trust: Trust) -> ListedTeam | None:
    return next((team for team in trust.teams if team.team == token.issuer.hex()), None)


def _listed(token: Token, trust: Trust) -> ListedService | None:
    """The service of the issuing team's list, or else of any team's: teams refer to each other."""
    own = _team(token, trust)
    for team in (own, *trust.teams) if own else trust.teams:
        for service in team.services:
            if token.is_for(service.id):
                return service
    return None


def _signature_doubts(reading: Reading, trust: Trust) -> list[Doubt]:
    token = reading.token
    team = _team(token, trust)
    if team is None:
        return [("unknown_team", "It comes from a team that this desk's list does not have. See them.")]
    keys = [key for key in team.keys if key.kid == reading.kid]
    for key in keys:
        try:
            verify(reading, key.public)
        except NotSigned:
            continue
        return _key_doubts(token, key, team, trust)
    if keys:
        return [("altered", "What it says is not what was signed: altered, or misread. See them.")]
    if reading.kid in trust.revoked:
        return [("revoked_key", f"The key of {team.name} that made it is no longer in use. See them.")]
    return [("unknown_key", f"{team.name} made it with a key that this desk's list does not have. See them.")]


def _key_doubts(token: Token, key: SlipKey, team: ListedTeam, trust: Trust) -> list[Doubt]:
    if key.kid in trust.revoked:
        return [("revoked_key", f"The key of {team.name} that made it is no longer in use. See them.")]
    within = key.valid_from - CLOCK_SLACK <= token.issued <= key.until + CLOCK_SLACK
    if not within or token.valid_until > key.until + KEY_AFTERLIFE:
        return [("key_dates", f"Its dates lie outside those of {team.name}'s key. See them.")]
    return []


def _doubts(
    token: Token, service: ListedService | None, trust: Trust, moment: int, now: datetime
) -> list[Doubt]:
    """Everything but the signature: dates, service, replaced, age of the list."""
    today = now.date()
    zone = now.tzinfo
    doubts: list[Doubt] = []
    if token.id in trust.replaced:
        doubts.append(("replaced", "A newer slip took its place. See them; coming with this one counts."))
    if token.valid_until < moment:
        last = _day(datetime.fromtimestamp(token.valid_until, zone).date(), today)
        doubts.append(("expired", f"It ran until {last}. See them, and offer a fresh slip."))
    if token.issued > moment + CLOCK_SLACK:
        made = _day(datetime.fromtimestamp(token.issued, zone).date(), today)
        doubts.append(("clock", f"It says it was made on {made}: one of the two clocks is wrong. See them."))
    doubts += _service_doubts(token, service, trust, today)
    listed = datetime.fromtimestamp(trust.as_of, zone).date()
    if today - listed > timedelta(days=LIST_DAYS):
        doubts.append(
            ("old_list", f"This desk's list is from {_day(listed, today)}. See them, and sync when you can.")
        )
    elif trust.as_of > moment + CLOCK_SLACK:
        doubts.append(("clock", "The clock of this device is behind its list. See them, and set the clock."))
    return doubts


def _service_doubts(
    token: Token, service: ListedService | None, trust: Trust, today: date
) -> Iterable[Doubt]:
    if service is None:
        yield "unknown_service", "It is for a place that this desk's list does not have. See them."
        return
    if service.closes_on is not None and today > service.closes_on:
        closed = _day(service.closes_on, today)
        yield (
            "closed_service",
            f"{service.discreet_name} closed on {closed}. See them, and find another place.",
        )
    elif trust.here and service.id not in trust.here:
        yield "other_place", f"It is for {service.discreet_name}. See them, or go there together."
    if service.sessions and token.session and token.session not in service.sessions:
        yield "unknown_session", "It is for a session that this desk's list does not have. See them."
