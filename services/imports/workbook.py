"""Workbooks, read by a process of their own that may not take much memory or time.

The native reader makes one dense block of everything between a sheet's first cell and its last: a five-kilobyte file
with two cells in opposite corners was seen to abort the process that read it. A hostile file here ends a child.
"""

import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from typing import Any, Final

from services.imports import workbook_process
from services.imports.workbook_process import Ending

# What an archive may grow to when it is unpacked; twenty megabytes can hold twenty gigabytes.
MAX_UNPACKED: Final = 128 * 1024 * 1024
MAX_PARTS: Final = 2_000
CHILD_SECONDS: Final = 60
# What the directory of an archive can be wrong in: its shape, its version, the encoding of a name, a truncated field.
UNREADABLE_ARCHIVE: Final = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error)


class WorkbookError(Exception):
    """This will say how reading ended, and which sheets the workbook has when that is known."""

    def __init__(self, ending: Ending, sheets: tuple[str, ...] = ()) -> None:
        super().__init__(ending.name)
        self.ending = ending
        self.sheets = sheets


def read_workbook(content: bytes, sheet: str | None) -> tuple[tuple[str, ...], Iterator[list[Any]]]:
    """This will give the names of all sheets and the rows of one (the first, when none is named).

    A cell is a text, a number, a boolean, a date, a datetime, or None. Raises ``WorkbookError``.
    """
    _refuse_bomb(content)
    # The name goes with the bytes: an argument of a command holds neither every text nor one of any length.
    wanted = json.dumps(sheet).encode() + b"\n"
    try:
        child = subprocess.run(  # noqa: S603 # our own file, by our own interpreter
            [sys.executable, "-I", workbook_process.__file__],
            input=wanted + content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WorkbookError(Ending.UNREADABLE) from error
    lines = child.stdout.splitlines()
    sheets = tuple(json.loads(lines[0])) if lines else ()
    if child.returncode != Ending.READ:
        known = child.returncode in set(Ending)
        raise WorkbookError(Ending(child.returncode) if known else Ending.UNREADABLE, sheets)
    return sheets, ([_cell(value) for value in json.loads(line)] for line in lines[1:])


def _refuse_bomb(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except UNREADABLE_ARCHIVE as error:
        raise WorkbookError(Ending.UNREADABLE) from error
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise WorkbookError(Ending.TOO_LARGE)


def _cell(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    kind, iso = value
    return (date if kind == "date" else datetime).fromisoformat(iso)
