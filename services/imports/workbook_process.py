"""The program of the child that reads a workbook; it is run by its path and imports nothing of the house.

    python -I workbook_process.py

It reads a line of JSON, the name of a sheet or null for the first, and then the bytes of the workbook. It writes lines
of JSON, the names of the sheets and then the rows of one of them, and ends with an ``Ending``.
"""

import json
import sys
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from io import BytesIO
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook

if sys.platform != "win32":
    import resource

MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 200
MAX_WRITTEN: Final = 128 * 1024 * 1024
MEMORY: Final = 1024 * 1024 * 1024


class Ending(IntEnum):
    """This will be how the child ended; whatever else it ends with means that the file cannot be read."""

    READ = 0
    UNREADABLE = 20
    TOO_LARGE = 21
    TOO_MANY_ROWS = 22
    TOO_MANY_COLUMNS = 23
    UNKNOWN_SHEET = 24


def written(value: Any) -> Any:
    """This will turn a cell into what JSON knows; a date becomes its kind and its ISO form."""
    if isinstance(value, datetime):
        return ["datetime", value.isoformat()]
    if isinstance(value, date):
        return ["date", value.isoformat()]
    if isinstance(value, time | timedelta):
        return str(value)
    return None if value == "" else value


def main() -> Ending:
    """This will read the workbook on standard input and write its names and rows to standard output."""
    sheet: str | None = json.loads(sys.stdin.buffer.readline())
    if sys.platform != "win32":
        with suppress(ValueError, OSError):  # a stricter limit is set already
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    left = MAX_WRITTEN

    def write(value: Any) -> bool:
        nonlocal left
        line = json.dumps(value, separators=(",", ":")).encode() + b"\n"
        left -= len(line)
        sys.stdout.buffer.write(line if left > 0 else b"")
        return left > 0

    try:
        with CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read())) as workbook:
            names = workbook.sheet_names
            write(names)
            wanted = next(iter(names), "") if sheet is None else sheet
            if wanted not in names:
                return Ending.UNKNOWN_SHEET
            cells = workbook.get_sheet_by_name(wanted)
            if cells.total_height > MAX_ROWS + 1:
                return Ending.TOO_MANY_ROWS
            if cells.total_width > MAX_COLUMNS:
                return Ending.TOO_MANY_COLUMNS
            rows = ([written(cell) for cell in row] for row in cells.iter_rows())
            return Ending.READ if all(map(write, rows)) else Ending.TOO_LARGE
    except CalamineError:
        return Ending.UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
