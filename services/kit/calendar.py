"""Two calendars over one line of days: Gregorian and Jalali periods, the calendar table, dates as people write them.

Days are ``datetime.date`` everywhere; a calendar only says how they are named and grouped. persiantools converts; over
the years of the calendar table its leap years are those of the equinox at Tehran's meridian, which the tests compute.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from babel.dates import get_month_names
from persiantools.jdatetime import JalaliDate

from services.kit.errors import Invalid, Locale, Message
from services.kit.text import persian_digits, plain_number

# The calendar table holds the Jalali years 1300 to 1499; a date outside them could not be reported on.
FIRST_DAY: Final = date(1921, 3, 21)
LAST_DAY: Final = date(2121, 3, 20)
SATURDAY: Final = 0

UNREADABLE_DATE: Final = Message(
    "unreadable_date",
    "“{text}” is not a date written as {format}.",
    "«{text}» تاریخی به شکل {format} نیست.",
)
NO_SUCH_DAY: Final = Message("no_such_day", "There is no day “{text}”.", "روز «{text}» وجود ندارد.")
DATE_OUT_OF_RANGE: Final = Message(
    "date_out_of_range",
    "“{text}” lies outside the years 1921 to 2121 (1300 to 1499 Jalali); is it in the other calendar?",
    "«{text}» بیرون از سال‌های ۱۳۰۰ تا ۱۴۹۹ شمسی (۱۹۲۱ تا ۲۱۲۱ میلادی) است؛ شاید در تقویم دیگر نوشته شده باشد؟",
)
UNUSABLE_FORMAT: Final = Message(
    "unusable_date_format",
    "“{format}” does not name a way of writing dates; use YYYY, M or MM, D or DD once each, and marks between them.",
    "«{format}» شیوهٔ نوشتن تاریخ را نمی‌گوید؛ YYYY و M یا MM و D یا DD را هر یک یک بار و با نشانه‌ای میانشان بنویسید.",
)


class DateError(Invalid, ValueError):
    """This will say that a text is not a date, or a format not a way of writing one."""


class Calendar(StrEnum):
    """This will say how days are named and grouped."""

    GREGORIAN = "GREGORIAN"
    JALALI = "JALALI"


class PeriodKind(StrEnum):
    """This will say how long a period is."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Season(StrEnum):
    """This will name the Jalali quarters, which are the seasons."""

    SPRING = "SPRING"
    SUMMER = "SUMMER"
    AUTUMN = "AUTUMN"
    WINTER = "WINTER"


class DateStyle(StrEnum):
    """This will say whether a date is written with the month's name or in numbers."""

    LONG = "LONG"
    NUMERIC = "NUMERIC"


@dataclass(frozen=True, slots=True, order=True)
class JalaliDay:
    """This will be a day by its Jalali name; it orders by time."""

    year: int
    month: int
    day: int

    @property
    def quarter(self) -> int:
        """This will tell the quarter, 1 to 4."""
        return (self.month + 2) // 3


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """This will be one row of the table ``calendar_day``, its fields in the order of the columns.

    ``weekday`` counts from Saturday = 0 to Friday = 6. The Jalali fiscal year is the one that begins on 1 Farvardin.
    """

    day: date
    weekday: int
    gregorian_year: int
    gregorian_quarter: int
    gregorian_month: int
    gregorian_day: int
    iso_year: int
    iso_week: int
    jalali_year: int
    jalali_quarter: int
    jalali_month: int
    jalali_day: int
    jalali_season: Season
    jalali_fiscal_year: int
    jalali_fiscal_quarter: int


def jalali(day: date) -> JalaliDay:
    """This will name a day in the Jalali calendar."""
    named = JalaliDate(day)  # type: ignore[no-untyped-call]  # persiantools types its methods, not its constructor
    return JalaliDay(named.year, named.month, named.day)


def from_jalali(year: int, month: int, day: int) -> date:
    """This will find the day of a Jalali date; ``DateError`` when there is no such day."""
    if not JalaliDate.check_date(year, month, day):
        raise DateError(NO_SUCH_DAY, text=f"{year}/{month:02}/{day:02}")
    return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]  # as above


def weekday(day: date) -> int:
    """This will count the days since Saturday: Saturday is 0, Friday is 6."""
    return (day.weekday() + 2) % 7


def week_start(day: date, first_weekday: int = SATURDAY) -> date:
    """This will give the first day of the week that holds ``day``; ``first_weekday`` counts from Saturday = 0."""
    return day - timedelta(days=(weekday(day) - first_weekday) % 7)


def calendar_days(first: date = FIRST_DAY, last: date = LAST_DAY) -> Iterator[CalendarDay]:
    """This will give the rows of the calendar table from ``first`` to ``last``, both included."""
    seasons = tuple(Season)
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        iso, named = day.isocalendar(), jalali(day)
        yield CalendarDay(
            day=day,
            weekday=weekday(day),
            gregorian_year=day.year,
            gregorian_quarter=(day.month + 2) // 3,
            gregorian_month=day.month,
            gregorian_day=day.day,
            iso_year=iso.year,
            iso_week=iso.week,
            jalali_year=named.year,
            jalali_quarter=named.quarter,
            jalali_month=named.month,
            jalali_day=named.day,
            jalali_season=seasons[named.quarter - 1],
            jalali_fiscal_year=named.year,
            jalali_fiscal_quarter=named.quarter,
        )


# fmt: off
_JALALI_MONTHS: Final[dict[Locale, tuple[str, ...]]] = {
    "fa": ("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"),
    "en": ("Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar", "Mehr", "Aban", "Azar", "Dey", "Bahman",
           "Esfand"),
}
# fmt: on
_MONTHS: Final = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}


def period(kind: PeriodKind, calendar: Calendar, containing: date) -> tuple[date, date]:
    """This will give the first and the last day of the month, quarter or year that holds a day, in a calendar."""
    named = jalali(containing) if calendar is Calendar.JALALI else containing
    months = _MONTHS[kind]
    start = (named.month - 1) // months * months
    following_year, following_month = divmod(named.year * 12 + start + months, 12)
    first = _day_of(calendar, named.year, start + 1, 1)
    return first, _day_of(calendar, following_year, following_month + 1, 1) - timedelta(days=1)


def _day_of(calendar: Calendar, year: int, month: int, day: int) -> date:
    """This will find the day of a name in a calendar; ``ValueError`` when there is no such day."""
    return from_jalali(year, month, day) if calendar is Calendar.JALALI else date(year, month, day)


def format_date(day: date, locale: Locale, calendar: Calendar, style: DateStyle = DateStyle.LONG) -> str:
    """This will write a date for a person: ``۱ فروردین ۱۴۰۴``, ``21 March 2025``; or ``۱۴۰۴/۰۱/۰۱``, ``2025-03-21``."""
    named = jalali(day) if calendar is Calendar.JALALI else day
    if style is DateStyle.NUMERIC:
        mark = "/" if locale == "fa" else "-"
        written = f"{named.year:04}{mark}{named.month:02}{mark}{named.day:02}"
    else:
        written = f"{named.day} {month_name(named.month, locale, calendar)} {named.year}"
    return persian_digits(written) if locale == "fa" else written


def month_name(month: int, locale: Locale, calendar: Calendar) -> str:
    """This will name the month with the number ``month`` (1 to 12) of a calendar in a language."""
    if calendar is Calendar.JALALI:
        return _JALALI_MONTHS[locale][month - 1]
    return str(get_month_names("wide", "format", locale)[month])


_FORMAT: Final = re.compile(r"YYYY|MM?|DD?|[^\w%]+")
_PARTS: Final = {"Y": "year", "M": "month", "D": "day"}


@lru_cache(maxsize=64)  # formats come from outside
def _pattern(format_: str) -> re.Pattern[str]:
    """This will turn the name of a date format into an expression with the groups year, month and day."""
    tokens = _FORMAT.findall(format_)
    named = [_PARTS[token[0]] for token in tokens if token[0] in _PARTS]
    if "".join(tokens) != format_ or sorted(named) != ["day", "month", "year"]:
        raise DateError(UNUSABLE_FORMAT, format=format_)
    # Without marks between them the numbers must have their full width; with marks people leave zeros out.
    marked = len(tokens) == 5 and not {token[0] for token in tokens[1::2]}.intersection(_PARTS)
    width = "{1,2}" if marked else "{2}"
    if not marked and {"M", "D"}.intersection(tokens):
        raise DateError(UNUSABLE_FORMAT, format=format_)
    expressions = [
        f"(?P<{_PARTS[token[0]]}>[0-9]{'{4}' if token[0] == 'Y' else width})"
        if token[0] in _PARTS
        else re.escape(token)
        for token in tokens
    ]
    return re.compile("".join(expressions))


def parse_date(text: str, format_: str, calendar: Calendar = Calendar.GREGORIAN) -> date:
    """This will read a date that is written as ``format_`` says: ``M/D/YYYY``, ``YYYY/MM/DD``, ``YYYY-MM-DD``.

    Digits may be Persian, Arabic or ASCII, and months and days may lack their zero. ``DateError`` says what is wrong; a
    date outside the calendar table is refused, which finds Jalali dates read as Gregorian ones and the reverse.
    """
    expression = _pattern(format_)
    found = expression.fullmatch(plain_number(text))
    if found is None:
        raise DateError(UNREADABLE_DATE, text=text[:64], format=format_)
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    try:
        parsed = _day_of(calendar, year, month, day)
    except ValueError as error:
        raise DateError(NO_SUCH_DAY, text=text) from error
    if not FIRST_DAY <= parsed <= LAST_DAY:
        raise DateError(DATE_OUT_OF_RANGE, text=text)
    return parsed
