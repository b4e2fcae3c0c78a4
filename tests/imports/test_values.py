"""Cells as values."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.imports import values
from services.imports.values import DecimalMark, day, decimal, integer, text
from services.kit.calendar import FIRST_DAY, LAST_DAY, Calendar, jalali
from services.kit.errors import Invalid
from services.kit.text import persian_digits

GREGORIAN, JALALI = Calendar.GREGORIAN, Calendar.JALALI


@pytest.mark.parametrize(
    ("cell", "mark", "number"),
    [
        ("1,234.50", None, "1234.50"),
        ("1234", None, "1234"),
        ("۱۲٬۳۴۵٫۶", None, "12345.6"),
        ("-20", None, "-20"),
        ("1.234,50", DecimalMark.COMMA, "1234.50"),
        ("1.234", DecimalMark.POINT, "1.234"),
        ("1.234", DecimalMark.COMMA, "1234"),
        (1100.04, None, "1100.04"),
        (7, None, "7"),
        ("0.125", None, "0.125"),
    ],
)
def test_a_number_is_read_exactly(cell: Any, mark: DecimalMark | None, number: str) -> None:
    assert decimal(cell, mark) == Decimal(number)


@pytest.mark.parametrize("cell", ["twelve", "", "1,23", "1.2.3", "--1", float("nan"), float("inf"), True, "$5", "1e5"])
def test_what_is_no_number_is_refused(cell: Any) -> None:
    with pytest.raises(Invalid) as caught:
        decimal(cell, None)
    assert caught.value.message is values.NOT_A_NUMBER


def test_a_number_that_could_be_two_is_refused_until_the_mark_is_declared() -> None:
    with pytest.raises(Invalid):
        decimal("12.345", None)
    assert decimal("12.345", DecimalMark.POINT) == Decimal("12.345")


@given(
    st.decimals(-(10**9), 10**9, allow_nan=False, places=2), st.sampled_from([None, DecimalMark.POINT]), st.booleans()
)
def test_a_number_survives_being_written_for_people(number: Decimal, mark: DecimalMark | None, persian: bool) -> None:
    written = f"{number:,f}"
    if persian:
        written = persian_digits(written.replace(",", "٬").replace(".", "٫"))
    assert decimal(written, mark) == number


def test_a_whole_number_has_no_rest() -> None:
    assert integer("2,822", None) == 2822
    assert integer(1996.0, None) == 1996
    with pytest.raises(Invalid):
        integer("1.5", None)


@pytest.mark.parametrize(
    ("cell", "format_", "calendar", "found"),
    [
        ("3/1/2017", "M/D/YYYY", GREGORIAN, date(2017, 3, 1)),
        ("2017-03-01", "YYYY-MM-DD", GREGORIAN, date(2017, 3, 1)),
        ("2017-03-01T09:30:00Z", "YYYY-MM-DD", GREGORIAN, date(2017, 3, 1)),
        ("2017-03-01 09:30", "YYYY-MM-DD", GREGORIAN, date(2017, 3, 1)),
        ("۱۳۹۵/۱۲/۱۱", "YYYY/MM/DD", JALALI, date(2017, 3, 1)),
        (42795, "YYYY-MM-DD", GREGORIAN, date(2017, 3, 1)),
        (42795.75, "M/D/YYYY", JALALI, date(2017, 3, 1)),
        (date(2017, 3, 1), "M/D/YYYY", JALALI, date(2017, 3, 1)),
        (datetime(2017, 3, 1, 9), "M/D/YYYY", GREGORIAN, date(2017, 3, 1)),  # noqa: DTZ001 # a workbook knows no zones
    ],
)
def test_a_day_is_read_however_it_is_kept(cell: Any, format_: str, calendar: Calendar, found: date) -> None:
    assert day(cell, format_, calendar) == found


@pytest.mark.parametrize(
    "cell", ["13/45/2017", "soon", "", "2017-13-01", "2017-02-30", 10**9, float("nan"), float("inf"), -1e300, True, 12]
)
def test_what_is_no_day_is_refused(cell: Any) -> None:
    with pytest.raises(Invalid) as caught:
        day(cell, "YYYY-MM-DD", GREGORIAN)
    assert caught.value.text("en")
    assert caught.value.text("fa")


@given(st.dates(FIRST_DAY, LAST_DAY), st.booleans())
def test_a_day_survives_being_written_in_either_calendar(given_day: date, persian: bool) -> None:
    named = jalali(given_day)
    written = f"{named.year}/{named.month}/{named.day}"
    assert day(persian_digits(written) if persian else written, "YYYY/M/D", JALALI) == given_day
    assert day(given_day.isoformat(), "YYYY-MM-DD", GREGORIAN) == given_day


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, ""),
        ("  a ", "a"),
        (12.0, "12"),
        (12.5, "12.5"),
        (True, "TRUE"),
        (date(2017, 3, 1), "2017-03-01"),
        ("a\0b", "a b"),
    ],
)
def test_a_cell_shows_what_a_person_sees(cell: Any, shown: str) -> None:
    assert text(cell) == shown
