"""Mappings: which column of a file is which field, and how a row is read by one."""

import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from services.imports import values
from services.imports.models import Severity
from services.imports.sheets import Cell, Table
from services.imports.values import DecimalMark
from services.kit.calendar import Calendar
from services.kit.errors import REQUIRED, AppError, Invalid, Message, Path
from services.kit.text import fold

MAX_COLUMNS: Final = 100
MAX_ALIASES: Final = 2_000
LARGEST_FACTOR: Final = 1_000_000_000
HEAD: Final = 50
_SNAKE: Final = re.compile(r"_([a-z])")

UNKNOWN_COLUMN = Message(
    "import_unknown_column",
    "The file has no column “{column}”; it has: {columns}.",
    "این پرونده ستونی به نام «{column}» ندارد؛ ستون‌هایش: {columns}.",
)
AMBIGUOUS_COLUMN = Message(
    "import_ambiguous_column",
    "The file has several columns named “{column}”.",
    "این پرونده چند ستون به نام «{column}» دارد.",
)
UNKNOWN_FIELD = Message(
    "import_unknown_field", "There is no field “{field}” to import.", "فیلدی به نام «{field}» برای ورود داده نیست."
)
FIELD_TWICE = Message(
    "import_field_twice", "The field “{field}” is mapped twice.", "فیلد «{field}» دو بار نگاشته شده است."
)
FIELD_MISSING = Message(
    "import_field_missing",
    "The field “{field}” must be mapped.",
    "فیلد «{field}» باید به ستونی نگاشته شود.",
)
ALIAS_TWICE = Message(
    "import_alias_twice",
    "The value “{value}” has two aliases.",
    "برای مقدار «{value}» دو جایگزین داده شده است.",
)
TOO_MANY = Message("import_too_many", "No more than {limit} can be given.", "بیش از {limit} مورد نمی‌توان داد.")
NO_FACTOR = Message(
    "import_no_factor",
    "Only numbers and amounts can be multiplied, by a whole number from 1 to {limit}.",
    "فقط عدد و مبلغ را می‌توان ضرب کرد، آن هم در عددی صحیح از ۱ تا {limit}.",
)
NOTHING_FITS = Message(
    "import_nothing_fits",
    "None of the first values of the column “{column}” can be read. {reason}",
    "هیچ‌یک از نخستین مقدارهای ستون «{column}» خوانده نمی‌شود. {reason}",
)
UNKNOWN_CHOICE = Message(
    "import_unknown_choice",
    "“{value}” is none of these: {choices}. An alias can say which of them it means.",
    "«{value}» هیچ‌یک از این‌ها نیست: {choices}. با جایگزین می‌توان گفت که کدام است.",
)
TOO_WIDE = Message(
    "import_row_too_wide",
    "The row has more cells than the header; look for a separator inside a value.",
    "این سطر خانه‌هایی بیش از سرستون‌ها دارد؛ دنبال جداکننده‌ای درون یکی از مقدارها بگردید.",
)


class FieldType(StrEnum):
    """This will say what a field holds, and so how its cells are read."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    AMOUNT = "AMOUNT"
    DATE = "DATE"
    MEMBER = "MEMBER"
    ACCOUNT = "ACCOUNT"
    PRODUCT = "PRODUCT"
    STAGE = "STAGE"
    ROLE = "ROLE"


@dataclass(frozen=True, slots=True)
class Field:
    """This will be something that a row can say about a record.

    ``when_blank`` is the warning for leaving it out, ``words`` fill the placeholders of the label, ``choices`` are the
    values it takes, by every folded text that means them; none when it takes any.
    """

    key: str
    type: FieldType
    label: Message
    required: bool = False
    when_blank: Message | None = None
    words: AnyMapping[str, str] = field(default_factory=dict)
    choices: AnyMapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """This will say that a column is a field; ``aliases`` are pairs of what is written and what is meant."""

    column: str
    field: str
    aliases: tuple[tuple[str, str], ...] = ()
    multiply_by: int = 1


@dataclass(frozen=True, slots=True)
class Constant:
    """This will be a value that every row has."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """This will say how the rows of a file are to be read."""

    columns: tuple[Column, ...]
    constants: tuple[Constant, ...] = ()
    date_format: str = "YYYY-MM-DD"
    calendar: Calendar = Calendar.GREGORIAN
    decimal_mark: DecimalMark | None = None

    def to_json(self) -> dict[str, Any]:
        """This will give the mapping as plain values."""
        return asdict(self)

    @staticmethod
    def from_json(stored: AnyMapping[str, Any]) -> "Mapping":
        """This will read a mapping back."""
        return Mapping(
            columns=tuple(
                Column(**{**column, "aliases": tuple((before, after) for before, after in column["aliases"])})
                for column in stored["columns"]
            ),
            constants=tuple(Constant(**constant) for constant in stored["constants"]),
            date_format=stored["date_format"],
            calendar=Calendar(stored["calendar"]),
            decimal_mark=None if stored["decimal_mark"] is None else DecimalMark(stored["decimal_mark"]),
        )


@dataclass(frozen=True, slots=True)
class Issue:
    """This will be what is wrong with a row, in both languages."""

    row: int
    severity: Severity
    reason_en: str
    reason_fa: str
    column: str | None = None
    value: str | None = None


@dataclass(slots=True)
class Row:
    """This will be a row as it was read: the values of its fields (those that are not blank), and what was found.

    An ``implied`` row is not in the file: a manager who is only named beside others, say. It is not counted.
    """

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, tuple[str, str]] = field(default_factory=dict)
    implied: bool = False
    issues: list[Issue] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        """This will tell whether the row must be left out."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)

    def told(self) -> list[Issue]:
        """This will give what is worth telling: of a row that is left out, only why it is."""
        return [issue for issue in self.issues if issue.severity is Severity.ERROR or not self.wrong]

    def note(self, severity: Severity, message: Message, *, of: str | None = None, **words: object) -> None:
        """This will keep what was found; ``of`` is the field, whose column and cell are shown beside it."""
        column, value = self.shown.get(of or "", (None, None))
        reasons = message.text("en", **words), message.text("fa", **words)
        self.issues.append(Issue(self.number, severity, *reasons, column, value))

    def refuse(self, error: AppError) -> None:
        """This will keep an expected failure; the last part of its path may name the field, in either spelling."""
        of = _SNAKE.sub(lambda found: found[1].upper(), str(error.path[-1])) if error.path else None
        self.note(Severity.ERROR, error.message, of=of, **error.values)


@dataclass(frozen=True, slots=True)
class Reading:
    """This will be a mapping that fits a file: where each field stands, and what each alias means."""

    mapping: Mapping
    fields: AnyMapping[str, Field]
    places: tuple[tuple[Column, Field, int, AnyMapping[str, str]], ...]
    constants: AnyMapping[str, Any]
    width: int

    def row(self, number: int, cells: Sequence[Cell]) -> Row:
        """This will read one row; whatever is wrong with it is noted, nothing is raised."""
        row = Row(number, dict(self.constants))
        if len(cells) > self.width:
            row.note(Severity.ERROR, TOO_WIDE)
        for column, field_, place, aliases in self.places:
            cell = cells[place] if place < len(cells) else None
            row.shown[field_.key] = column.column, values.text(cell)[: values.SHOWN]
            cell = meant(cell, aliases)
            if cell is None:
                if field_.required:
                    row.note(Severity.ERROR, REQUIRED, of=field_.key)
                elif field_.when_blank is not None:
                    row.note(Severity.WARNING, field_.when_blank, of=field_.key)
                continue
            try:
                row.values[field_.key] = read_cell(cell, field_, self.mapping, column.multiply_by)
            except Invalid as error:
                row.note(Severity.ERROR, error.message, of=field_.key, **error.values)
        return row


def meant(cell: Cell, aliases: AnyMapping[str, str]) -> Cell:
    """This will give what a cell stands for; one that says nothing, or has an alias that does, is None."""
    shown = values.text(cell)
    if not shown:
        return None
    alias = aliases.get(fold(shown))
    return cell if alias is None else alias or None


def read_cell(cell: Cell, field_: Field, mapping: Mapping, multiply_by: int = 1) -> Any:
    """This will read a cell as what its field holds; links stay the names that were written."""
    if field_.type is FieldType.DATE:
        return values.day(cell, mapping.date_format, mapping.calendar)
    if field_.type is FieldType.AMOUNT:
        return values.decimal(cell, mapping.decimal_mark) * multiply_by
    if field_.type is FieldType.INTEGER:
        return values.integer(cell, mapping.decimal_mark) * multiply_by
    written = values.bounded(values.text(cell))
    if not field_.choices:
        return written
    chosen = field_.choices.get(fold(written))
    if chosen is None:
        choices = ", ".join(dict.fromkeys(field_.choices.values()))
        raise Invalid(UNKNOWN_CHOICE, value=written[: values.SHOWN], choices=choices)
    return chosen


def fit(mapping: Mapping, fields: Sequence[Field], table: Table) -> Reading:
    """This will lay a mapping over a file, refusing what can be known to be wrong from its header and first rows.

    Raises ``Invalid`` whose path points into the input of ``startImport``.
    """
    _refuse_many(mapping.columns, MAX_COLUMNS, ("input", "mapping"))
    _refuse_many(mapping.constants, MAX_COLUMNS, ("input", "constants"))
    known = {each.key: each for each in fields}
    taken: set[str] = set()

    def claim(key: str, path: Path) -> Field:
        if key not in known:
            raise Invalid(UNKNOWN_FIELD, path=path, field=key[:100])
        if key in taken:
            raise Invalid(FIELD_TWICE, path=path, field=key)
        taken.add(key)
        return known[key]

    places = []
    for number, column in enumerate(mapping.columns):
        path: Path = ("input", "mapping", number)
        place = _place(column.column, table.header, (*path, "column"))
        field_ = claim(column.field, (*path, "field"))
        numeric = field_.type in {FieldType.AMOUNT, FieldType.INTEGER}
        if not 1 <= column.multiply_by <= (LARGEST_FACTOR if numeric else 1):
            raise Invalid(NO_FACTOR, path=(*path, "multiplyBy"), limit=LARGEST_FACTOR)
        places.append((column, field_, place, _aliases(column, (*path, "aliases"))))
    constants = {}
    for number, constant in enumerate(mapping.constants):
        field_ = claim(constant.field, ("input", "constants", number, "field"))
        try:
            if not constant.value.strip():
                raise Invalid(REQUIRED)
            constants[field_.key] = read_cell(constant.value.strip(), field_, mapping)
        except Invalid as error:
            raise Invalid(error.message, path=("input", "constants", number, "value"), **error.values) from error
    for each in fields:
        if each.required and each.key not in taken:
            raise Invalid(FIELD_MISSING, path=("input", "mapping"), field=each.key)
    reading = Reading(mapping, known, tuple(places), constants, len(table.header))
    _try_head(reading, table)
    return reading


def _refuse_many(given: Sequence[Any], limit: int, path: Path) -> None:
    if len(given) > limit:
        raise Invalid(TOO_MANY, path=path, limit=limit)


def _place(column: str, header: Sequence[str], path: Path) -> int:
    found = [place for place, name in enumerate(header) if name == column.strip() and name]
    if not found:
        raise Invalid(UNKNOWN_COLUMN, path=path, column=column[:100], columns=", ".join(header)[:400])
    if len(found) > 1:
        raise Invalid(AMBIGUOUS_COLUMN, path=path, column=column)
    return found[0]


def _aliases(column: Column, path: Path) -> dict[str, str]:
    _refuse_many(column.aliases, MAX_ALIASES, path)
    meant: dict[str, str] = {}
    for number, (before, after) in enumerate(column.aliases):
        key = fold(before)
        if meant.setdefault(key, after.strip()) != after.strip():
            raise Invalid(ALIAS_TWICE, path=(*path, number, "from"), value=before[:100])
    return meant


def _try_head(reading: Reading, table: Table) -> None:
    """Refuses a mapping when none of a column's first values can be read: then the mapping is wrong, not the rows."""
    for number, (column, field_, place, aliases) in enumerate(reading.places):
        head = (meant(cells[place], aliases) for _, cells in table.rows[:HEAD] if place < len(cells))
        first: Invalid | None = None
        for cell in head:
            try:
                if cell is not None:
                    read_cell(cell, field_, reading.mapping)
            except Invalid as error:
                first = first or error
            else:
                break
        else:
            if first is not None:
                dates = field_.type is FieldType.DATE
                path: Path = ("input", "dateFormat") if dates else ("input", "mapping", number, "column")
                raise _nothing_fits(first, column.column, path)


def _nothing_fits(first: Invalid, column: str, path: Path) -> Invalid:
    reason = Message(
        NOTHING_FITS.key,
        NOTHING_FITS.en.replace("{reason}", first.message.en),
        NOTHING_FITS.fa.replace("{reason}", first.message.fa),
    )
    return Invalid(reason, path=path, **{**first.values, "column": column})
