"""The only place that asks the time."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """This will tell the present moment in UTC."""
    return datetime.now(UTC)


def local_date(moment: datetime, zone: str) -> date:
    """This will tell which day a moment falls on in an IANA time zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def start_of_day(day: date, zone: str) -> datetime:
    """This will give the instant, in UTC, at which a day begins in an IANA time zone."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
