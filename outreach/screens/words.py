"""Sentences that several screens say about time and travel. Plain functions of plain data."""

from datetime import UTC, datetime, timedelta


def greeting(name: str, now: datetime) -> str:
    """`Good evening, Sam`, by the clock of the device."""
    if now.hour < 5 or now.hour >= 18:
        part = "evening"
    elif now.hour < 12:
        part = "morning"
    else:
        part = "afternoon"
    return f"Good {part}, {name}"


def clock(moment: datetime) -> str:
    """`23:41`."""
    return moment.strftime("%H:%M")


def when(moment: datetime, now: datetime) -> str:
    """`23:41`, `yesterday 23:41` or `3 Nov 23:41`, seen from `now` (same time zone)."""
    days = (now.date() - moment.date()).days
    if days == 0:
        return clock(moment)
    if days == 1:
        return f"yesterday {clock(moment)}"
    return f"{moment.day} {moment:%b} {clock(moment)}"


def counted(number: int, one: str, many: str) -> str:
    """`1 kit`, `2 kits`."""
    return f"{number} {one if number == 1 else many}"


def status(waiting: int, last_sync: datetime | None, now: datetime) -> str:
    """How much has not left yet, and when the hub was last reached: `3 waiting · last sent 18:02`."""
    left = "all sent" if waiting == 0 else f"{waiting} waiting to send"
    if last_sync is None:
        return "nothing to send" if waiting == 0 else f"{left} · not sent before"
    return f"{left} · last sent {when(last_sync.astimezone(now.tzinfo), now)}"


def stopwatch(elapsed: timedelta) -> str:
    """`2:05` minutes and seconds, as shown beside a dose."""
    seconds = max(0, int(elapsed.total_seconds()))
    return f"{seconds // 60}:{seconds % 60:02d}"


def moment(milliseconds: int) -> datetime:
    """Milliseconds since 1970 as an aware time, UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
