"""What the kinds of imports share: how one is declared, and how rows become records of the rooms below."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from services.imports.mapping import Field, FieldType, Row
from services.imports.models import Severity
from services.imports.plan import Shape
from services.kit.errors import Invalid, Message
from services.kit.money import Money, MoneyError, from_decimal
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, ReadSession, WriteSession
from services.kit.text import fold

UNKNOWN_NAME = Message(
    "import_unknown_name",
    "Nothing here is called “{name}”; import it first, or give an alias.",
    "اینجا چیزی به نام «{name}» نیست؛ نخست آن را وارد کنید یا برایش جایگزین بدهید.",
)
AMBIGUOUS_NAME = Message(
    "import_ambiguous_name", "Several here are called “{name}”.", "اینجا چند مورد به نام «{name}» هست."
)
CURRENCY = Message("import_field_currency", "Currency (ISO 4217)", "واحد پول (ISO 4217)")


class Outcome(StrEnum):
    """This will say what storing a row did."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"


Fields = Callable[[ReadSession], Awaitable[Sequence[Field]]]
Store = Callable[[WriteSession, Caller, Sequence[Row], datetime], Awaitable[list[Outcome | None]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """This will be one kind of import: who may, what a row can say, how rows hang together, and how they are stored.

    ``store`` answers what it did with each row, None for one that turned out wrong. It may raise an expected failure;
    then nothing of these rows is kept, and it is called again with fewer.
    """

    permissions: tuple[Permission, ...]
    fields: Fields
    shape: Shape
    store: Store


def text_field(key: str, en: str, fa: str, *, required: bool = False) -> Field:
    """This will be a field that holds a text."""
    return field(key, FieldType.TEXT, en, fa, required=required)


def field(
    key: str, type: FieldType, en: str, fa: str, *, required: bool = False, when_blank: Message | None = None
) -> Field:
    """This will be a field with its label in both languages."""
    return Field(key, type, Message(f"import_field_{key}", en, fa), required, when_blank)


def fixed(*fields: Field) -> Fields:
    """This will give the same fields in every workspace."""

    async def given(_session: ReadSession) -> Sequence[Field]:
        return fields

    return given


def money(row: Row, of: str, caller: Caller) -> Money | None:
    """This will give an amount of a row in the currency the row names, or the workspace's own."""
    amount = row.values.get(of)
    if amount is None:
        return None
    try:
        return from_decimal(amount, str(row.values.get("currency", caller.currency)).upper())
    except MoneyError as error:
        raise Invalid(error.message, path=(of,), **error.values) from error


def linked(row: Row, of: str, found: Mapping[str, Sequence[UUID]]) -> UUID | None:
    """This will give the record that a row names in a field, by folded name, and note a name that fits none or many."""
    name = row.values.get(of)
    if name is None:
        return None
    ids = found.get(fold(name), ())
    if len(ids) != 1:
        row.note(Severity.ERROR, AMBIGUOUS_NAME if ids else UNKNOWN_NAME, of=of, name=name)
        return None
    return ids[0]


def named(rows: Sequence[Row], of: str) -> set[str]:
    """This will give the folded names that rows have in a field."""
    return {fold(row.values[of]) for row in rows if of in row.values}


Item = TypeVar("Item")


def items(rows: Sequence[Row], make: Callable[[Row], Item]) -> list[tuple[int, Item]]:
    """This will make an item of each row that is right, with the row's place; what a row refuses is noted there."""
    made: list[tuple[int, Item]] = []
    for place, row in enumerate(rows):
        try:
            item = make(row)
        except Invalid as error:
            row.refuse(error)
        else:
            if not row.wrong:
                made.append((place, item))
    return made


def outcomes(size: int, of: Mapping[int, Outcome]) -> list[Outcome | None]:
    """This will lay outcomes out by place."""
    return [of.get(place) for place in range(size)]


def outcome(key: Any, added: frozenset[Any], changed: frozenset[Any]) -> Outcome:
    """This will tell what was done with one of many records."""
    if key in added:
        return Outcome.CREATED
    return Outcome.UPDATED if key in changed else Outcome.UNCHANGED
