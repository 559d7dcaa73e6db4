"""Milliseconds since 1970-01-01 UTC, the only form in which time travels."""

from datetime import UTC, datetime

LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999; larger values are refused wherever they are read."""


def milliseconds(moment: datetime) -> int:
    """An aware datetime as milliseconds since 1970 UTC. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("A time without its time zone can't be sent.")
    return int(moment.timestamp() * 1000)


def moment(value: int) -> datetime:
    """The aware datetime (UTC) of milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)
