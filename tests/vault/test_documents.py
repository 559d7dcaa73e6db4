"""What can be stored, comes back; what would come back as something else is refused."""

from __future__ import annotations

import decimal
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.vault import JournalDB, ValueRefused
from outreach.vault.documents import DEEPEST, decode, encode

# Hypothesis wants the bounds without a zone, and adds zones itself.
EARLIEST, LATEST = (datetime(year, 1, 1) for year in (2, 9998))  # noqa: DTZ001

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | texts
    | st.binary()
    | st.datetimes(timezones=st.timezones(), min_value=EARLIEST, max_value=LATEST)
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=12)


def in_utc(value: Any) -> Any:
    """The value with every date in UTC: around a clock change Python holds two zones' dates for unequal."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, dict):
        return {name: in_utc(item) for name, item in value.items()}
    return [in_utc(item) for item in value] if isinstance(value, list) else value


@given(st.dictionaries(texts, values))
def test_what_goes_in_comes_out(document: dict[str, Any]) -> None:
    assert decode(encode(document)) == in_utc(document)


def test_a_date_comes_back_as_the_same_instant_in_utc() -> None:
    at = datetime(2026, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=2)))
    back = decode(encode({"at": at}))["at"]
    assert back == at
    assert back.tzinfo is UTC


def test_a_tuple_comes_back_as_a_list() -> None:
    assert decode(encode({"pair": (1, ("a", b"b"))})) == {"pair": [1, ["a", b"b"]]}


class Text(str):
    """Looks like text but would come back as another type."""


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime.min.replace(tzinfo=timezone(timedelta(hours=2))),
        date(2026, 1, 1),
        timedelta(1),
        {1, 2},
        frozenset(),
        decimal.Decimal(1),
        uuid.UUID(int=1),
        1j,
        bytearray(b"x"),
        memoryview(b"x"),
        object(),
        2**64,
        -(2**63) - 1,
        "\ud800",
        {1: "number as a name"},
        {None: 1},
        {b"name": 1},
        [1, [2, {3}]],
        Text("x"),
        print,
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_anything_else_is_refused_before_a_byte_is_written(folder: Path, key: bytes, value: object) -> None:
    with JournalDB(folder, key) as db:
        db.insert({"a": 1})
        before = {file.name: file.read_bytes() for file in folder.iterdir()}
        with pytest.raises(ValueRefused):
            db.insert({"field": value})
        with pytest.raises(ValueRefused):
            db.insert_multiple([{"fine": 1}, {"field": [value]}])
        with pytest.raises(ValueRefused):
            db.update({"field": value})
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
        assert db.all() == [{"a": 1}]
        db.insert({"b": 2})
    with JournalDB(folder, key) as db:
        assert db.all() == [{"a": 1}, {"b": 2}]


def test_too_deep_and_endless_are_refused() -> None:
    deep: Any = 1
    for _ in range(DEEPEST - 1):
        deep = [deep]
    assert decode(encode({"deep": deep})) == {"deep": deep}
    with pytest.raises(ValueRefused):
        encode({"deep": [deep]})
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueRefused):
        encode({"endless": endless})


def test_the_refusal_does_not_tell_what_was_recorded() -> None:
    with pytest.raises(ValueRefused) as caught:
        encode({"Blue Heron": {"secret note": {"Blue Heron"}}})
    assert "Heron" not in str(caught.value)
    assert "note" not in str(caught.value)
