"""Ids and the interface that every record implements."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.schema.types.base_scalars import DateTimeDefinition
from strawberry.types.scalar import ScalarDefinition

from services.kit.calendar import Calendar
from services.kit.errors import NOT_FOUND, NotFound

strawberry.enum(Calendar, description="How days are named and grouped into months, quarters and years.")


def plain(record: Any, name: str) -> Any:
    """This will take a field from a record; ids are UUIDs inside and texts outside."""
    value = getattr(record, name)
    return str(value) if isinstance(value, UUID) else value


# Every time zone can tell what a moment of these years is; beyond them the arithmetic of clocks breaks down.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200


def _moment(value: object) -> object:
    parsed = DateTimeDefinition.parse_value(value) if DateTimeDefinition.parse_value else value
    if isinstance(parsed, datetime) and not FIRST_YEAR <= parsed.year <= LAST_YEAR:
        raise StrawberryInputCoercionError(
            f'Value cannot represent a DateTime: "{value}". Its year must be between {FIRST_YEAR} and {LAST_YEAR}.'
        )
    return parsed


SCALARS: Final[dict[object, ScalarDefinition]] = {datetime: replace(DateTimeDefinition, parse_value=_moment)}


def identity(value: str) -> UUID | None:
    """This will read an id, None for a text that can be nobody's."""
    try:
        return UUID(value)
    except ValueError:
        return None


def as_id(value: str, *path: str | int) -> UUID:
    """This will read an id of a mutation's input; a malformed one is not found, like a missing one."""
    found = identity(value)
    if found is None:
        raise NotFound(NOT_FOUND, path=("input", *path))
    return found


def as_optional_id(value: Any, *path: str | int) -> UUID | None:
    """This will read an optional id of an input; null and absent are both None."""
    return as_id(value, *path) if isinstance(value, str) else None


@strawberry.interface(description="Anything with an identity.")
class Node:
    """This will be anything with an identity."""

    id: strawberry.ID = strawberry.field(description="The record's identity, unique in the whole installation.")
