"""The days that a report is about."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def spoken(day: date, *, year: bool = True) -> str:
    """A day as people write it: `30 September 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")


@dataclass(frozen=True)
class Period:
    """From `first` to `last`, both included, in a time zone.

    What is handed out is best a calendar quarter (`quarter`): two overlapping periods printed one
    after the other tell the difference between them, and a difference can be one person.

    Raises:
        ValueError: the last day comes before the first.
    """

    first: date
    last: date
    tz: tzinfo = UTC

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("This period ends before it begins. Swap the two days and try again.")

    @classmethod
    def quarter(cls, day: date, tz: tzinfo = UTC) -> "Period":
        """The calendar quarter that a day is in."""
        month = (day.month - 1) // 3 * 3 + 1
        after = date(day.year + (month == 10), (month + 3 - 1) % 12 + 1, 1)
        return cls(date(day.year, month, 1), after - timedelta(days=1), tz)

    @property
    def words(self) -> str:
        """As `1 July to 30 September 2026`."""
        if self.first == self.last:
            return spoken(self.first)
        return f"{spoken(self.first, year=self.first.year != self.last.year)} to {spoken(self.last)}"

    @property
    def begin(self) -> int:
        """Its first millisecond."""
        return _milliseconds(self.first, self.tz)

    @property
    def end(self) -> int:
        """The first millisecond after it."""
        return _milliseconds(self.last + timedelta(days=1), self.tz)

    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def _milliseconds(day: date, tz: tzinfo) -> int:
    return int(datetime.combine(day, time(), tz).timestamp() * 1000)
