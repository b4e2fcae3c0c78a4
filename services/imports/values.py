"""Cells as values: texts, whole numbers, decimals and days, however a spreadsheet or a person wrote them."""

import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from services.imports.sheets import Cell
from services.kit.calendar import FIRST_DAY, LAST_DAY, Calendar, DateError, parse_date
from services.kit.errors import TOO_LONG, Invalid, Message
from services.kit.money import AMBIGUOUS_AMOUNT
from services.kit.text import plain_number

LONGEST_TEXT: Final = 2_000
SHOWN: Final = 100

NOT_A_NUMBER = Message(
    "import_not_a_number", "“{value}” cannot be read as a number.", "«{value}» به‌عنوان عدد خوانده نمی‌شود."
)
NOT_WHOLE = Message("import_not_whole", "“{value}” is not a whole number.", "«{value}» عدد صحیح نیست.")
NOT_A_DATE = Message(
    "import_not_a_date",
    "“{value}” is not a date; the file was said to write them as {format}.",
    "«{value}» تاریخ نیست؛ گفته شده که این پرونده تاریخ را به شکل {format} می‌نویسد.",
)


class DecimalMark(StrEnum):
    """This will name the mark before the decimals of a number."""

    POINT = "POINT"
    COMMA = "COMMA"


def text(cell: Cell) -> str:
    """This will give what a person sees in a cell, without the spaces around it; an empty cell is an empty text."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
    return str(cell).replace("\0", " ").strip()


def bounded(written: str, *, limit: int = LONGEST_TEXT) -> str:
    """This will refuse a text that no field holds."""
    if len(written) > limit:
        raise Invalid(TOO_LONG, limit=limit)
    return written


# Group marks and points as in services.kit.money; a file may declare that its decimal mark is the comma.
_NUMBER: Final = re.compile(
    r"(?P<sign>[-+−]?)"
    r"(?P<whole>[0-9]{1,3}(?P<group>[,،٬'’ \u00a0\u202f])[0-9]{3}(?:(?P=group)[0-9]{3})*|[0-9]{1,20})"
    r"(?:(?P<point>[.٫])(?P<fraction>[0-9]{1,20}))?"
)
_SWAPPED: Final = str.maketrans(",.", ".,")


def decimal(cell: Cell, mark: DecimalMark | None) -> Decimal:
    """This will read a number exactly: ``1,234.50``, ``۱٬۲۳۴٫۵``, or ``1.234,50`` when the mark is the comma.

    While no mark is declared, a lone point or comma before exactly three digits is refused as ambiguous.
    """
    shown = text(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not math.isfinite(cell):
            raise Invalid(NOT_A_NUMBER, value=shown)
        return Decimal(repr(cell))
    plain = plain_number(shown)
    found = _NUMBER.fullmatch(plain.translate(_SWAPPED) if mark is DecimalMark.COMMA else plain)
    if found is None:
        raise Invalid(NOT_A_NUMBER, value=shown[:SHOWN])
    whole, fraction = re.sub(r"[^0-9]", "", found["whole"]), found["fraction"]
    if mark is None and _ambiguous(found):
        raise Invalid(AMBIGUOUS_AMOUNT, text=shown[:SHOWN])
    number = Decimal(whole if fraction is None else f"{whole}.{fraction}")
    return -number if found["sign"] in {"-", "−"} else number


def _ambiguous(found: re.Match[str]) -> bool:
    whole, fraction = found["whole"], found["fraction"]
    return (
        found["point"] == "."
        and found["group"] is None
        and len(fraction) == 3
        and len(whole) <= 3
        and not whole.startswith("0")
    )


def integer(cell: Cell, mark: DecimalMark | None) -> int:
    """This will read a whole number."""
    number = decimal(cell, mark)
    if number != number.to_integral_value():
        raise Invalid(NOT_WHOLE, value=text(cell)[:SHOWN])
    return int(number)


# Day 60 of a workbook is 29 February 1900, which never was; days after it are counted from here.
_SERIAL_EPOCH: Final = date(1899, 12, 30)
_TIME: Final = re.compile(
    r"[T ]\s*[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?\s*(?:Z|[AaPp][Mm]|[+-][0-9]{2}:?[0-9]{2})?$"
)


def day(cell: Cell, format_: str, calendar: Calendar) -> date:
    """This will read a day: a date of a workbook, the number of one, or a text written as ``format_`` says.

    A time of day behind the date is passed over, because the fields of the house that take a date hold days.
    """
    shown = text(cell)
    try:
        if isinstance(cell, datetime):
            return _known(cell.date())
        if isinstance(cell, date):
            return _known(cell)
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            return _known(_SERIAL_EPOCH + timedelta(days=int(cell)))
        return parse_date(_TIME.sub("", plain_number(shown)), format_, calendar)
    except (DateError, OverflowError, ValueError) as error:
        if isinstance(error, DateError) and error.message.key != "unreadable_date":
            raise
        raise Invalid(NOT_A_DATE, value=shown[:SHOWN], format=format_) from error


def _known(found: date) -> date:
    if not FIRST_DAY <= found <= LAST_DAY:
        raise ValueError("a day outside the calendar table")
    return found
