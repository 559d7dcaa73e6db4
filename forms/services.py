"""The service directory: who can see a person, where, when, and for whom.

A `Directory` is plain, frozen data. It is written by a coordinator as a TOML file
(`forms/directory/example.toml` shows every kind of rule and session), read with `load`, and travels
between devices as a signed pack: `to_plain` gives a dict of text, numbers, lists and dicts,
`from_plain` takes it back. Both doors check everything and raise `DirectoryError`, whose sentence
names the file, the service and the field. A caller that gets one keeps the directory it had.

What a service consists of is in `forms.service`; what is told from these data lives in
`forms.opening` (times) and `forms.matching` (for whom, in which order).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from forms.service import (
    DEFAULT_TIMEZONE,
    DayException,
    Location,
    Places,
    Record,
    Rule,
    Service,
    Session,
    Status,
    check_timezone,
)

__all__ = [
    "DEFAULT_TIMEZONE",
    "EXAMPLE",
    "Area",
    "BankHoliday",
    "DayException",
    "Directory",
    "DirectoryError",
    "Location",
    "Organisation",
    "Places",
    "Rule",
    "Service",
    "Session",
    "Status",
    "example",
    "from_plain",
    "load",
    "public",
    "to_plain",
]

EXAMPLE = Path(__file__).parent / "directory" / "example.toml"


class DirectoryError(Exception):
    """A directory that can't be used; the sentence says which file, service and field, and why."""


class Organisation(Record, frozen=True):
    """The team that keeps this directory and issues slips. `neutral_name` is safe to print on one."""

    id: str
    name: str
    neutral_name: str
    phone: str = ""


class Area(Record, frozen=True):
    """A named part of the patch; `key` is what rules and records use."""

    key: str
    name: str


class BankHoliday(Record, frozen=True):
    """A public holiday. On loading it becomes a shut day of every session that does not open on it."""

    on: date
    name: str


class Directory(Record, frozen=True):
    """A whole directory: one version, as of one day, kept by one organisation."""

    version: int
    as_of: date
    organisation: Organisation
    services: tuple[Service, ...]
    areas: tuple[Area, ...] = ()
    bank_holidays: tuple[BankHoliday, ...] = ()
    timezone: str = DEFAULT_TIMEZONE

    def __post_init__(self) -> None:
        ids = {service.id for service in self.services}
        if len(ids) != len(self.services):
            raise ValueError("id is used by two services")
        areas = {area.key for area in self.areas}
        for service in self.services:
            if service.replaced_by is not None and service.replaced_by not in ids - {service.id}:
                raise ValueError(f"replaced_by of “{service.name}” names no other service here")
            named = {*service.areas, *([service.location.area] if service.location.area else [])}
            if areas and named - areas:
                raise ValueError(f"areas of “{service.name}” name an area that is not listed here")
        check_timezone(self.timezone)

    def service(self, service_id: str) -> Service:
        """The service with this id, open or closed; KeyError when there is none."""
        for service in self.services:
            if service.id == service_id:
                return service
        raise KeyError(service_id)


# Never in a published feed: a stranger could wait at a quiet door, or read who is in charge of what.
TEAM_ONLY_SERVICE = frozenset(
    {"champion_name", "greeting_name", "team_note", "places", "fast_track_contact", "funded_until"}
)
TEAM_ONLY_SESSION = frozenset({"entrance", "staff_note", "fast_track_places"})
TEAM_ONLY_LOCATION = frozenset({"quiet_entrance"})


def load(path: Path | str) -> Directory:
    """Read a directory from a TOML file.

    Raises:
        DirectoryError: the file can't be read or something in it is wrong; nothing is half taken in.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DirectoryError(f"{path.name} can't be read as a text file: {error}. {_KEPT}") from error
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DirectoryError(_syntax_sentence(path.name, text, str(error))) from error
    return from_plain(_spread(plain), source=path.name)


def example() -> Directory:
    """The example team's directory that comes with the app; every place and person in it is made up."""
    return load(EXAMPLE)


def to_plain(directory: Directory) -> dict[str, Any]:
    """The directory as text, numbers, lists and dicts (dates as ISO text), for a pack."""
    plain: dict[str, Any] = msgspec.to_builtins(directory)
    return plain


def from_plain(plain: Mapping[str, Any], *, source: str = "the directory") -> Directory:
    """Take back what `to_plain` gave; `source` names it in errors.

    Raises:
        DirectoryError: with the service and the field that are wrong.
    """
    rows = plain.get("services")
    if not isinstance(rows, list | tuple):
        raise DirectoryError(f"{source}: the field services is missing or is not a list. {_KEPT}")
    services = tuple(_service(source, position, row) for position, row in enumerate(rows, start=1))
    try:
        empty = msgspec.convert({**plain, "services": ()}, Directory)
        return msgspec.structs.replace(empty, services=services)
    except (msgspec.ValidationError, ValueError) as error:
        raise DirectoryError(f"{source}: {_sentence(error, plain)}. {_KEPT}") from error


def public(directory: Directory) -> dict[str, Any]:
    """What may be published: no quiet doors, women-only times, names, places or team notes."""
    plain = to_plain(directory)
    for service in plain["services"]:
        for name in TEAM_ONLY_SERVICE:
            service.pop(name, None)
        for name in TEAM_ONLY_LOCATION:
            service["location"].pop(name, None)
        sessions = [row for row in service.get("sessions", ()) if not row.get("women_only")]
        service["sessions"] = [
            {k: v for k, v in row.items() if k not in TEAM_ONLY_SESSION} for row in sessions
        ]
    return plain


# ── reading, field by field ──────────────────────────────────────────────────────────────────────

_KEPT = "Nothing from it was taken in; the services from before stay as they are."
_SHORT_TIME = re.compile(r"^\d\d:\d\d$")
_TIMES = ("opens", "closes", "last_arrival")


def _service(source: str, position: int, row: Any) -> Service:
    try:
        return msgspec.convert(_with_seconds(row), Service)
    except msgspec.ValidationError as error:
        raise DirectoryError(
            f"{source}: {_label(row, position)}: {_sentence(error, row)}. {_KEPT}"
        ) from error


def _label(row: Any, position: int) -> str:
    name = (row.get("name") or row.get("id")) if isinstance(row, Mapping) else None
    return f"the service “{name}”" if name else f"service number {position}"


def _with_seconds(row: Any) -> Any:
    """The same tree with times such as "09:00" written in full; people leave the seconds out."""
    if isinstance(row, list | tuple):
        return [_with_seconds(value) for value in row]
    if not isinstance(row, Mapping):
        return row
    return {
        key: f"{value}:00"
        if key in _TIMES and isinstance(value, str) and _SHORT_TIME.match(value)
        else _with_seconds(value)
        for key, value in row.items()
    }


def _spread(plain: dict[str, Any]) -> dict[str, Any]:
    """Write what a file says once into every row: the time zone, and bank holidays as shut days."""
    holidays = plain.get("bank_holidays", [])
    services = plain.get("services")
    if not isinstance(services, list) or not isinstance(holidays, list):
        return plain
    shut = [
        {"on": row["on"], "note": row["name"]}
        for row in holidays
        if isinstance(row, dict) and isinstance(row.get("on"), date) and isinstance(row.get("name"), str)
    ]
    for service in services:
        if not isinstance(service, dict):
            continue
        if "timezone" in plain:
            service.setdefault("timezone", plain["timezone"])
        sessions = service.get("sessions")
        for session in sessions if isinstance(sessions, list) else []:
            if not isinstance(session, dict) or session.get("open_on_bank_holidays"):
                continue
            own = session.get("exceptions", [])
            if isinstance(own, list):
                said = {row.get("on") for row in own if isinstance(row, dict)}
                session["exceptions"] = own + [row for row in shut if row["on"] not in said]
    return plain


def _sentence(error: Exception, row: Any = None) -> str:
    """What is wrong with which field, in words, from a validation error and the row it is about."""
    what, _, where = str(error).partition(" - at `")
    path = where.rstrip("`").removeprefix("$").lstrip(".")
    spoken = re.sub(r"\[(\d+)\]\.?", lambda found: f" {int(found[1]) + 1}: ", path).rstrip(": ")
    place = f"in {spoken}" if path else ""
    if missing := re.search(r"missing required field `(\w+)`", what):
        return f"the field {missing[1]} is missing {place}".rstrip()
    if unknown := re.search(r"unknown field `(\w+)`", what):
        return f"there is no field called {unknown[1]} {place}".rstrip()
    if "RFC3339 encoded date" in what or "Expected `date" in what:
        return f"{spoken} holds a wrong date, {_found(row, path)}; dates look like 2026-12-04"
    if "RFC3339 encoded time" in what or "Expected `time" in what:
        return f"{spoken} holds a wrong time, {_found(row, path)}; times look like 09:30"
    if what.startswith(("Expected", "Invalid enum")):
        return f"{spoken or 'it'} holds {_found(row, path)}, which does not fit: {what[0].lower()}{what[1:]}"
    return f"{what} ({place})" if place else what


def _found(row: Any, path: str) -> str:
    """What stands at a path such as sessions[0].opens."""
    for step in re.findall(r"[A-Za-z_]\w*|\d+", path):
        try:
            row = row[int(step)] if step.isdigit() else row[step]
        except (KeyError, IndexError, TypeError):
            return "something else"
    return f"“{row}”"


def _syntax_sentence(name: str, text: str, problem: str) -> str:
    """Name line, field and service of a text that is not TOML, such as a date without quotes."""
    lines = text.splitlines()
    found = re.search(r"at line (\d+)", problem)
    number = int(found[1]) if found else len(lines)
    field, _, value = lines[number - 1].partition("=") if 0 < number <= len(lines) else ("", "", "")
    field = field.strip() if re.fullmatch(r"\s*[\w.-]+\s*", field) else ""
    service = ""
    for line in reversed(lines[:number]):
        if named := re.match(r"""\s*(?:name|id)\s*=\s*["'](.+?)["']""", line):
            service = service or named[1]
        if line.strip().startswith("[[services]]"):
            break
        if re.match(r"\s*\[+(?![\[\w]*services\.)\w", line):
            service = ""
            break
    parts = [f"{name}, line {number}"]
    if service:
        parts.append(f"the service “{service}”")
    if field:
        if re.search(r"\d+[-/.:]\d+", value):
            kind, hint = "a wrong date or time", '; dates look like 2026-12-04, times like "09:30"'
        else:
            kind, hint = "something that can't be read", ""
        parts.append(f"{field} holds {kind}, “{value.strip()}”{hint}")
    else:
        parts.append(f"this line can't be read: {problem}")
    return f"{': '.join(parts)}. {_KEPT}"
