"""Files as tables: the bytes of a CSV or XLSX file become a header and numbered rows, or a refusal that says why."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from typing import Final

from services.imports.workbook import MAX_UNPACKED, WorkbookError, read_workbook
from services.imports.workbook_process import MAX_COLUMNS, MAX_ROWS, Ending
from services.kit.errors import Invalid, Message

Cell = str | int | float | bool | date | datetime | None

SNIFFED_ROWS: Final = 20

EMPTY_FILE = Message("import_empty_file", "The file holds no rows.", "این پرونده هیچ سطری ندارد.")
UNREADABLE_WORKBOOK = Message(
    "import_unreadable_workbook",
    "The file cannot be read as an Excel workbook (.xlsx).",
    "این پرونده به‌عنوان کارنامهٔ اکسل (xlsx) خوانده نمی‌شود.",
)
OLD_WORKBOOK = Message(
    "import_old_workbook",
    "The workbook is in an old format or protected by a password; save it as .xlsx without a password.",
    "این کارنامه قالب قدیمی دارد یا رمزدار است؛ آن را بی رمز و با قالب xlsx ذخیره کنید.",
)
WORKBOOK_TOO_LARGE = Message(
    "import_workbook_too_large",
    "The workbook unpacks to more than {limit} bytes.",
    "این کارنامه پس از باز شدن از {limit} بایت بزرگ‌تر می‌شود.",
)
UNKNOWN_SHEET = Message(
    "import_unknown_sheet",
    "The workbook has no sheet “{sheet}”; it has: {sheets}.",
    "این کارنامه برگه‌ای به نام «{sheet}» ندارد؛ برگه‌هایش: {sheets}.",
)
TOO_MANY_ROWS = Message(
    "import_too_many_rows",
    "A file must not have more than {limit} rows.",
    "پرونده نباید بیش از {limit} سطر داشته باشد.",
)
TOO_MANY_COLUMNS = Message(
    "import_too_many_columns",
    "A file must not have more than {limit} columns.",
    "پرونده نباید بیش از {limit} ستون داشته باشد.",
)
WRONG_ENCODING = Message(
    "import_wrong_encoding",
    "The file is not written in {encoding}: byte {byte}, in line {line}, does not fit. Declare the file's encoding.",
    "این پرونده با {encoding} نوشته نشده است: بایت {byte} در خط {line} با آن نمی‌خواند. کدگذاری پرونده را اعلام کنید.",
)
NOT_TEXT = Message(
    "import_not_text",
    "The file is neither text nor an Excel workbook: line {line} holds bytes that no text has.",
    "این پرونده نه متن است و نه کارنامهٔ اکسل: خط {line} بایت‌هایی دارد که در هیچ متنی نیست.",
)
BAD_QUOTES = Message(
    "import_bad_quotes",
    "Row {row} cannot be split into columns; look for a quotation mark that is not closed.",
    "سطر {row} به ستون‌ها شکسته نمی‌شود؛ دنبال نشانهٔ نقل قولی بگردید که بسته نشده است.",
)


class Encoding(StrEnum):
    """This will name the encodings that a text file may be declared to have; the values are Python's names."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    WINDOWS_1256 = "cp1256"
    WINDOWS_1252 = "cp1252"
    ISO_8859_6 = "iso8859-6"
    ISO_8859_1 = "iso8859-1"


class Delimiter(StrEnum):
    """This will name the marks between the columns of a text file."""

    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"
    PIPE = "|"


@dataclass(frozen=True, slots=True)
class Layout:
    """This will say how to read a file; what is None is found out from the bytes."""

    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """This will be a file's header and its rows, each with the number a spreadsheet shows; blank rows are left out."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    sheets: tuple[str, ...] = ()


def read_table(content: bytes, layout: Layout, *, workbook: bool = False, first: int | None = None) -> Table:
    """This will read a file, or its ``first`` rows; ``workbook`` says that it claims to be one.

    Raises ``Invalid`` for a file that is damaged, in another encoding, or larger than can be taken in.
    """
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid(OLD_WORKBOOK)
    if content.startswith(b"PK\x03\x04"):
        sheets, rows = _workbook_rows(content, layout.sheet)
        return _table(rows, first, sheets)
    if workbook:
        raise Invalid(UNREADABLE_WORKBOOK)
    return _table(_text_rows(decode(content, layout.encoding), layout.delimiter), first)


def _table(rows: Iterable[Iterable[Cell]], first: int | None, sheets: tuple[str, ...] = ()) -> Table:
    numbered = _filled(rows)
    _, names = next(numbered, (0, ()))
    if not names:
        raise Invalid(EMPTY_FILE)
    header = tuple("" if name is None else str(name).strip() for name in names)
    kept = tuple(numbered if first is None else islice(numbered, first))
    if len(kept) > MAX_ROWS:
        raise Invalid(TOO_MANY_ROWS, limit=MAX_ROWS)
    if max([len(header), *(len(cells) for _, cells in kept)]) > MAX_COLUMNS:
        raise Invalid(TOO_MANY_COLUMNS, limit=MAX_COLUMNS)
    return Table(header, kept, sheets)


def _filled(rows: Iterable[Iterable[Cell]]) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    """Numbers the rows from 1, cuts empty cells off their ends, and leaves out those with nothing in them."""
    for number, row in enumerate(rows, start=1):
        cells = [None if isinstance(cell, str) and not cell.strip() else cell for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield number, tuple(cells)


# Text


def decode(content: bytes, declared: Encoding | None) -> str:
    """This will read bytes as text: by their byte order mark, else as declared, else as UTF-8."""
    if content.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = declared or Encoding.UTF_8
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        name = encoding.removesuffix("-sig").upper()
        raise Invalid(WRONG_ENCODING, encoding=name, byte=error.start + 1, line=line) from error
    place = text.find("\0")
    if place >= 0:
        raise Invalid(NOT_TEXT, line=text.count("\n", 0, place) + 1)
    return text


def _text_rows(text: str, declared: Delimiter | None) -> Iterator[list[str]]:
    delimiter = declared or sniff(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):  # noqa: B007 # the number is for the refusal below
            yield row
    except csv.Error as error:
        raise Invalid(BAD_QUOTES, row=number + 1) from error


def sniff(text: str) -> Delimiter:
    """This will find the mark that splits the first rows into the same number of columns, the most of them."""

    def fit(delimiter: Delimiter) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = [len(row) for row in islice(reader, SNIFFED_ROWS) if row]
        except csv.Error:
            return 0, 0
        alike = sum(width == widths[0] for width in widths)
        return (alike, widths[0]) if widths and widths[0] > 1 else (0, 0)

    return max(Delimiter, key=fit)


# Workbooks

ENDINGS: Final[dict[Ending, Message]] = {
    Ending.UNREADABLE: UNREADABLE_WORKBOOK,
    Ending.TOO_LARGE: WORKBOOK_TOO_LARGE,
    Ending.TOO_MANY_ROWS: TOO_MANY_ROWS,
    Ending.TOO_MANY_COLUMNS: TOO_MANY_COLUMNS,
    Ending.UNKNOWN_SHEET: UNKNOWN_SHEET,
}
LIMITS: Final = {
    Ending.TOO_LARGE: MAX_UNPACKED,
    Ending.TOO_MANY_ROWS: MAX_ROWS,
    Ending.TOO_MANY_COLUMNS: MAX_COLUMNS,
}


def _workbook_rows(content: bytes, sheet: str | None) -> tuple[tuple[str, ...], Iterable[Iterable[Cell]]]:
    try:
        return read_workbook(content, sheet)
    except WorkbookError as error:
        sheets = ", ".join(error.sheets)[:400]
        limit = LIMITS.get(error.ending)
        asked = "" if sheet is None else sheet[:100]
        raise Invalid(ENDINGS[error.ending], limit=limit, sheet=asked, sheets=sheets) from error
