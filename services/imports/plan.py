"""Plans: all rows of a file in the order they are stored, cut into the parts that are committed one by one."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass

from services.imports.mapping import Reading, Row
from services.imports.models import Severity
from services.imports.sheets import Table
from services.kit.errors import Message
from services.kit.text import fold

SAME_RECORD = Message(
    "import_same_record",
    "Row {row} names the same record already.",
    "سطر {row} پیش‌تر همین رکورد را نام برده است.",
)

Implied = Callable[[Sequence[Row]], list[Row]]


@dataclass(frozen=True, slots=True)
class Shape:
    """This will say how the rows of a kind hang together.

    Each of ``identities`` tells a record apart by the first of its fields that the row has. ``above`` is the field that
    names another record of the same kind. ``implied`` finds records that are named but have no row.
    """

    identities: tuple[tuple[str, ...], ...]
    above: str | None = None
    implied: Implied | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """This will be the parts of an import; the same file, mapping and shape always make the same parts.

    ``beneath`` tells which row of the file a row hangs on, by the identities of the two objects.
    """

    parts: tuple[tuple[Row, ...], ...]
    shape: Shape
    beneath: Mapping[int, Row]

    def before(self, number: int) -> list[Row]:
        """This will give copies of the rows outside a part that rows of the part hang on.

        A dry run keeps nothing, so it has to store these again for the part to find them. (It therefore cannot see a
        circle that closes over several parts; the real run refuses the row that closes it.)
        """
        here = {id(row) for row in self.parts[number]}
        found = {id(above): above for row in self.parts[number] if (above := self.beneath.get(id(row))) is not None}
        return [_alone(row, self.shape.above) for identity, row in found.items() if identity not in here]


def plan(reading: Reading, shape: Shape, table: Table, *, size: int) -> Plan:
    """This will read every row of a file, note the ones that name a record twice, and put them in order.

    A record stands after the one it hangs on. Within a level rows keep the order of the file.
    """
    rows = [reading.row(number, cells) for number, cells in table.rows]
    for identity in shape.identities:
        _note_doubles(rows, identity)
    if shape.implied is not None:
        rows = [*shape.implied(rows), *rows]
    beneath = {} if shape.above is None else _beneath(rows, shape.above)
    levels = _levels(rows, beneath)
    rows.sort(key=lambda row: levels[id(row)])
    parts = tuple(tuple(rows[start : start + size]) for start in range(0, len(rows), size))
    return Plan(parts, shape, beneath)


def _note_doubles(rows: Sequence[Row], identity: Sequence[str]) -> None:
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        of = next((field for field in identity if field in row.values), None)
        if of is None:
            continue
        found = first.setdefault((of, fold(str(row.values[of]))), row.number)
        if found != row.number:
            row.note(Severity.ERROR, SAME_RECORD, of=of, row=found)


def _beneath(rows: Sequence[Row], above: str) -> dict[int, Row]:
    named: dict[str, list[Row]] = {}
    for row in rows:
        if "name" in row.values and not row.wrong:
            named.setdefault(fold(str(row.values["name"])), []).append(row)
    beneath: dict[int, Row] = {}
    for row in rows:
        over = named.get(fold(str(row.values[above])), []) if above in row.values else []
        if len(over) == 1 and over[0] is not row:  # namesakes cannot be told apart by their name
            beneath[id(row)] = over[0]
    return beneath


def _levels(rows: Sequence[Row], beneath: Mapping[int, Row]) -> dict[int, int]:
    """Counts the rows above each row, walking every line once; a circle ends where it closes."""
    levels: dict[int, int] = {}
    for row in rows:
        line = []
        here: Row | None = row
        while here is not None and id(here) not in levels:
            levels[id(here)] = -1  # being walked
            line.append(here)
            here = beneath.get(id(here))
        level = -1 if here is None else levels[id(here)]
        for passed in reversed(line):
            level += 1
            levels[id(passed)] = level
    return levels


def _alone(row: Row, above: str | None) -> Row:
    again = copy(row)
    again.issues = []
    again.values = {field: value for field, value in row.values.items() if field != above}
    return again
