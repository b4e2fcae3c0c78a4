"""Jalali and Gregorian days: leap years against the sky, periods, the calendar table, and dates as text."""

from collections.abc import Iterator
from dataclasses import astuple, fields
from datetime import UTC, date, datetime, timedelta
from itertools import product
from math import cos, radians
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit import calendar as kit_calendar
from services.kit.calendar import (
    FIRST_DAY,
    LAST_DAY,
    Calendar,
    CalendarDay,
    DateError,
    DateStyle,
    JalaliDay,
    PeriodKind,
    Season,
    calendar_days,
    format_date,
    from_jalali,
    jalali,
    month_name,
    parse_date,
    period,
    week_start,
    weekday,
)
from services.kit.errors import Locale

days = st.dates(FIRST_DAY, LAST_DAY)
calendars = st.sampled_from(Calendar)

Connection = psycopg.Connection[tuple[Any, ...]]

# Periodic terms of an equinox (amplitude, phase, speed): J. Meeus, Astronomical Algorithms, 2nd edition, table 27.C.
EQUINOX_TERMS = (
    (485, 324.96, 1934.136), (203, 337.23, 32964.467), (199, 342.08, 20.186), (182, 27.85, 445267.112),
    (156, 73.14, 45036.886), (136, 171.52, 22518.443), (77, 222.54, 65928.934), (74, 296.72, 3034.906),
    (70, 243.58, 9037.513), (58, 119.81, 33718.147), (52, 297.17, 150.678), (50, 21.02, 2281.226),
    (45, 247.54, 29929.562), (44, 325.15, 31555.956), (29, 60.93, 4443.417), (18, 155.12, 67555.328),
    (17, 288.79, 4562.452), (16, 198.04, 62894.029), (14, 199.76, 31436.921), (12, 95.39, 14577.848),
    (12, 287.11, 31931.756), (12, 320.81, 34777.259), (9, 227.73, 1222.114), (8, 15.45, 16859.074),
)  # fmt: skip
# Equinoxes nearer to noon than the clock of this computation is sure of; 1309 is a leap year that was lived through.
TOO_CLOSE_TO_CALL = {1309}


def equinox_in_tehran(gregorian_year: int) -> datetime:
    """The moment of the March equinox in Iran's standard time, right to about two minutes over 1921 to 2121."""
    millennia = (gregorian_year - 2000) / 1000
    mean = 2451623.80984 + 365242.37404 * millennia + 0.05169 * millennia**2 - 0.00411 * millennia**3
    centuries = (mean - 2451545.0) / 36525
    argument = radians(35999.373 * centuries - 2.47)
    stretch = 1 + 0.0334 * cos(argument) + 0.0007 * cos(2 * argument)
    waves = sum(size * cos(radians(phase + speed * centuries)) for size, phase, speed in EQUINOX_TERMS)
    terrestrial = datetime(2000, 1, 1, 12, tzinfo=UTC) + timedelta(days=mean + 0.00001 * waves / stretch - 2451545.0)
    return terrestrial - timedelta(seconds=70) + timedelta(hours=3, minutes=30)


class TestJalali:
    @pytest.mark.parametrize(
        ("named", "day"),
        [
            ((1300, 1, 1), date(1921, 3, 21)),
            ((1357, 11, 22), date(1979, 2, 11)),
            ((1399, 12, 30), date(2021, 3, 20)),
            ((1400, 1, 1), date(2021, 3, 21)),
            ((1403, 12, 30), date(2025, 3, 20)),
            ((1404, 1, 1), date(2025, 3, 21)),
            ((1404, 6, 31), date(2025, 9, 22)),
            ((1408, 12, 30), date(2030, 3, 20)),
            ((1500, 1, 1), date(2121, 3, 21)),
        ],
    )
    def test_known_days(self, named: tuple[int, int, int], day: date) -> None:
        assert from_jalali(*named) == day
        assert jalali(day) == JalaliDay(*named)

    def test_a_year_begins_on_the_day_whose_noon_follows_the_equinox(self) -> None:
        surprising = {}
        for year in range(1300, 1501):
            equinox = equinox_in_tehran(year + 621)
            expected = equinox.date() + timedelta(days=equinox.hour >= 12)
            if from_jalali(year, 1, 1) != expected:
                surprising[year] = equinox
            noon = equinox.replace(hour=12, minute=0, second=0, microsecond=0)
            assert abs(equinox - noon) > timedelta(minutes=5) or year in TOO_CLOSE_TO_CALL
        assert surprising.keys() <= TOO_CLOSE_TO_CALL

    def test_leap_years_are_those_that_were_lived_and_are_printed(self) -> None:
        leap = {
            year for year in range(1300, 1410) if (from_jalali(year + 1, 1, 1) - from_jalali(year, 1, 1)).days == 366
        }
        assert leap == {
            1300, 1304, 1309, 1313, 1317, 1321, 1325, 1329, 1333, 1337, 1342, 1346, 1350, 1354, 1358, 1362, 1366, 1370,
            1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408,
        }  # fmt: skip

    @pytest.mark.parametrize(
        "named", [(1404, 12, 30), (1403, 7, 31), (1403, 0, 1), (1403, 13, 1), (1403, 1, 0), (0, 1, 1)]
    )
    def test_days_that_do_not_exist_are_refused(self, named: tuple[int, int, int]) -> None:
        with pytest.raises(DateError):
            from_jalali(*named)

    @given(days)
    def test_a_name_leads_back_to_its_day(self, day: date) -> None:
        named = jalali(day)
        assert from_jalali(named.year, named.month, named.day) == day


class TestWeeks:
    def test_a_week_begins_on_saturday(self) -> None:
        nowruz = date(2025, 3, 21)  # a Friday
        assert weekday(nowruz) == 6
        assert week_start(nowruz) == date(2025, 3, 15)
        assert week_start(date(2025, 3, 22)) == date(2025, 3, 22)

    def test_a_week_may_begin_on_another_day(self) -> None:
        assert week_start(date(2025, 3, 21), first_weekday=2) == date(2025, 3, 17)  # a Monday

    @given(days, st.integers(0, 6))
    def test_a_week_holds_its_day(self, day: date, first_weekday: int) -> None:
        start = week_start(day, first_weekday)
        assert weekday(start) == first_weekday
        assert 0 <= (day - start).days < 7


class TestPeriods:
    @pytest.mark.parametrize(
        ("kind", "calendar", "containing", "expected"),
        [
            (PeriodKind.MONTH, Calendar.JALALI, date(2025, 3, 20), (date(2025, 2, 19), date(2025, 3, 20))),
            (PeriodKind.MONTH, Calendar.JALALI, date(2025, 3, 21), (date(2025, 3, 21), date(2025, 4, 20))),
            (PeriodKind.QUARTER, Calendar.JALALI, date(2025, 5, 1), (date(2025, 3, 21), date(2025, 6, 21))),
            (PeriodKind.QUARTER, Calendar.JALALI, date(2025, 1, 1), (date(2024, 12, 21), date(2025, 3, 20))),
            (PeriodKind.YEAR, Calendar.JALALI, date(2025, 1, 1), (date(2024, 3, 20), date(2025, 3, 20))),
            (PeriodKind.MONTH, Calendar.GREGORIAN, date(2024, 2, 10), (date(2024, 2, 1), date(2024, 2, 29))),
            (PeriodKind.QUARTER, Calendar.GREGORIAN, date(2025, 12, 31), (date(2025, 10, 1), date(2025, 12, 31))),
            (PeriodKind.YEAR, Calendar.GREGORIAN, date(2025, 3, 21), (date(2025, 1, 1), date(2025, 12, 31))),
        ],
    )
    def test_known_periods(
        self, kind: PeriodKind, calendar: Calendar, containing: date, expected: tuple[date, date]
    ) -> None:
        assert period(kind, calendar, containing) == expected

    @given(days, st.sampled_from(PeriodKind), calendars)
    def test_periods_follow_each_other_without_gap_or_overlap(
        self, day: date, kind: PeriodKind, calendar: Calendar
    ) -> None:
        first, last = period(kind, calendar, day)
        assert first <= day <= last
        assert period(kind, calendar, first) == period(kind, calendar, last) == (first, last)
        assert period(kind, calendar, last + timedelta(days=1))[0] == last + timedelta(days=1)


@pytest.fixture(scope="module")
def table(owner_url: str) -> Iterator[Connection]:
    """The table as its file makes it, with every row, in a schema that is rolled back."""
    script = Path(kit_calendar.__file__).parent / "sql" / "calendar.sql"
    with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE SCHEMA calendar_trial")
        connection.execute("SET LOCAL search_path TO calendar_trial")
        connection.execute(script.read_bytes())
        with connection.cursor().copy("COPY calendar_day FROM STDIN") as copy:
            for row in calendar_days():
                copy.write_row(astuple(row))
        yield connection
        connection.rollback()


class TestCalendarTable:
    def test_a_row_says_everything_about_its_day(self) -> None:
        assert list(calendar_days(date(2025, 3, 21), date(2025, 3, 21))) == [
            CalendarDay(date(2025, 3, 21), 6, 2025, 1, 3, 21, 2025, 12, 1404, 1, 1, 1, Season.SPRING, 1404, 1)
        ]

    def test_the_table_covers_the_years_1300_to_1499_without_a_gap(self) -> None:
        rows = list(calendar_days())
        assert (rows[0].jalali_year, rows[0].jalali_month, rows[0].jalali_day) == (1300, 1, 1)
        assert rows[-1].jalali_year == 1499
        assert len(rows) == (date(2121, 3, 21) - date(1921, 3, 21)).days == 73_049

    def test_relabelled_gregorian_months_would_be_wrong_on_a_third_of_the_days(self) -> None:
        rows = list(calendar_days(date(2025, 3, 21), date(2026, 3, 20)))
        relabelled = sum((row.gregorian_month - 3) % 12 + 1 != row.jalali_month for row in rows)
        assert relabelled > len(rows) * 0.3

    def test_columns_are_the_fields_of_a_row(self, table: Connection) -> None:
        columns = table.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'calendar_day'::regclass AND attnum > 0 ORDER BY attnum"
        ).fetchall()
        assert [column for (column,) in columns] == [field.name for field in fields(CalendarDay)]

    def test_every_row_passes_what_the_database_computes(self, table: Connection) -> None:
        row = table.execute(
            """
            SELECT count(*), max(days), min(days) FROM (
                SELECT count(*) AS days FROM calendar_day GROUP BY jalali_fiscal_year
            ) AS years
            """
        ).fetchone()
        assert row == (200, 366, 365)

    @pytest.mark.parametrize(
        "change",
        [
            "weekday = 0", "gregorian_quarter = 2", "iso_week = 1", "jalali_quarter = 2", "jalali_month = 13",
            "jalali_day = 2", "jalali_season = 'WINTER'", "jalali_fiscal_quarter = 5", "day = '2025-03-22'",
        ],
    )  # fmt: skip
    def test_a_wrong_row_cannot_be_stored(self, table: Connection, change: str) -> None:
        with pytest.raises(psycopg.errors.IntegrityError), table.transaction():
            table.execute(f"UPDATE calendar_day SET {change} WHERE day = '2025-03-21'".encode())

    def test_every_constraint_has_a_name_of_ours(self, table: Connection) -> None:
        names = table.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'calendar_day'::regclass AND contype <> 'n'"
        ).fetchall()
        assert names
        assert all(name.split("_calendar_day")[0] in {"pk", "uq", "ck"} for (name,) in names)


class TestDatesAsText:
    @pytest.mark.parametrize(
        ("locale", "calendar", "style", "written"),
        [
            ("fa", Calendar.JALALI, DateStyle.LONG, "۱ فروردین ۱۴۰۴"),
            ("en", Calendar.JALALI, DateStyle.LONG, "1 Farvardin 1404"),
            ("fa", Calendar.GREGORIAN, DateStyle.LONG, "۲۱ مارس ۲۰۲۵"),
            ("en", Calendar.GREGORIAN, DateStyle.LONG, "21 March 2025"),
            ("fa", Calendar.JALALI, DateStyle.NUMERIC, "۱۴۰۴/۰۱/۰۱"),
            ("en", Calendar.JALALI, DateStyle.NUMERIC, "1404-01-01"),
            ("fa", Calendar.GREGORIAN, DateStyle.NUMERIC, "۲۰۲۵/۰۳/۲۱"),
            ("en", Calendar.GREGORIAN, DateStyle.NUMERIC, "2025-03-21"),
        ],
    )
    def test_a_day_is_written_for_the_reader(
        self, locale: Locale, calendar: Calendar, style: DateStyle, written: str
    ) -> None:
        assert format_date(date(2025, 3, 21), locale, calendar, style) == written

    def test_months_have_names_in_both_calendars_and_languages(self) -> None:
        locales: list[Locale] = ["fa", "en"]
        for locale, calendar in product(locales, Calendar):
            assert len({month_name(month, locale, calendar) for month in range(1, 13)}) == 12

    @pytest.mark.parametrize(
        ("text", "format_", "calendar"),
        [
            ("2025-03-21", "YYYY-MM-DD", Calendar.GREGORIAN),
            ("3/21/2025", "M/D/YYYY", Calendar.GREGORIAN),
            ("03/21/2025", "M/D/YYYY", Calendar.GREGORIAN),
            ("21.3.2025", "DD.MM.YYYY", Calendar.GREGORIAN),
            ("20250321", "YYYYMMDD", Calendar.GREGORIAN),
            ("1404/01/01", "YYYY/MM/DD", Calendar.JALALI),
            ("1404/1/1", "YYYY/MM/DD", Calendar.JALALI),
            ("۱۴۰۴/۰۱/۰۱", "YYYY/MM/DD", Calendar.JALALI),
            (" \u200f١٤٠٤-١-١ ", "YYYY-M-D", Calendar.JALALI),
        ],
    )
    def test_a_date_is_read_in_the_order_that_its_format_names(
        self, text: str, format_: str, calendar: Calendar
    ) -> None:
        assert parse_date(text, format_, calendar) == date(2025, 3, 21)

    @pytest.mark.parametrize(
        ("text", "format_", "calendar", "key"),
        [
            ("", "YYYY-MM-DD", Calendar.GREGORIAN, "unreadable_date"),
            ("2025/03/21", "YYYY-MM-DD", Calendar.GREGORIAN, "unreadable_date"),
            ("25-03-21", "YYYY-MM-DD", Calendar.GREGORIAN, "unreadable_date"),
            ("2025-03-21 10:00", "YYYY-MM-DD", Calendar.GREGORIAN, "unreadable_date"),
            ("२०२५-०३-२१", "YYYY-MM-DD", Calendar.GREGORIAN, "unreadable_date"),
            ("21/3/2025", "M/D/YYYY", Calendar.GREGORIAN, "no_such_day"),
            ("2025-02-29", "YYYY-MM-DD", Calendar.GREGORIAN, "no_such_day"),
            ("0000-01-01", "YYYY-MM-DD", Calendar.GREGORIAN, "no_such_day"),
            ("1404/12/30", "YYYY/MM/DD", Calendar.JALALI, "no_such_day"),
            ("2025/03/21", "YYYY/MM/DD", Calendar.JALALI, "date_out_of_range"),
            ("1404/01/01", "YYYY/MM/DD", Calendar.GREGORIAN, "date_out_of_range"),
        ],
    )
    def test_what_is_wrong_with_a_date_is_said(self, text: str, format_: str, calendar: Calendar, key: str) -> None:
        with pytest.raises(DateError) as raised:
            parse_date(text, format_, calendar)
        assert raised.value.message.key == key
        assert isinstance(raised.value, ValueError)
        assert raised.value.text("fa") != raised.value.text("en")

    @pytest.mark.parametrize(
        "format_", ["", "YY-MM-DD", "YYYY-MM", "YYYY-MM-DD-DD", "YYYY-MM-DD HH", "%Y-%m-%d", "YYYYMD", "/YYYY/MD"]
    )
    def test_a_format_that_names_no_date_is_refused(self, format_: str) -> None:
        with pytest.raises(DateError) as raised:
            parse_date("2025-03-21", format_)
        assert raised.value.message.key == "unusable_date_format"

    @given(days, calendars, st.sampled_from(["fa", "en"]))
    def test_a_date_written_in_numbers_reads_back_as_itself(
        self, day: date, calendar: Calendar, locale: Locale
    ) -> None:
        format_ = "YYYY/MM/DD" if locale == "fa" else "YYYY-MM-DD"
        assert parse_date(format_date(day, locale, calendar, DateStyle.NUMERIC), format_, calendar) == day
