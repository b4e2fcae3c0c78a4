"""Keyset paging: a page begins after the last row seen, so it costs the same anywhere in the list."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, literal, or_, tuple_

from services.kit.errors import Invalid, Message

MAX_PAGE: Final = 100

BAD_CURSOR = Message(
    "bad_cursor", "This cursor does not belong to this list.", "این نشانگر صفحه به این فهرست تعلق ندارد."
)
BAD_PAGE_SIZE = Message(
    "bad_page_size", "A page holds between 0 and {limit} items.", "هر صفحه بین ۰ تا {limit} مورد دارد."
)


@dataclass(frozen=True, slots=True)
class Key:
    """This will be one column of an order; the expression is never null, so that it can be compared."""

    expression: Any  # a mapped attribute or a column expression; both compare, sort and know their type
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """This will be a total order of a list: named, and ended by the row's id."""

    name: str
    keys: tuple[Key, ...]

    def columns(self) -> list[ColumnElement[Any]]:
        """This will give what ORDER BY takes."""
        return [key.expression.desc() if key.descending else key.expression.asc() for key in self.keys]

    def after(self, values: Sequence[Any]) -> ColumnElement[bool]:
        """This will hold for the rows that come after the one whose key values are given."""
        bound = [literal(value, key.expression.type) for key, value in zip(self.keys, values, strict=True)]
        expressions = [key.expression for key in self.keys]
        directions = {key.descending for key in self.keys}
        if directions == {True}:
            return tuple_(*expressions) < tuple_(*bound)
        if directions == {False}:
            return tuple_(*expressions) > tuple_(*bound)
        steps: list[ColumnElement[bool]] = []
        for position, key in enumerate(self.keys):
            same = [expressions[i] == bound[i] for i in range(position)]
            past = (
                expressions[position] < bound[position] if key.descending else expressions[position] > bound[position]
            )
            steps.append(and_(*same, past))
        return or_(*steps)

    def cursor(self, values: Sequence[Any]) -> str:
        """This will write the key values of a row as an opaque text."""
        return base64.urlsafe_b64encode(orjson.dumps([self.name, *values])).decode().rstrip("=")

    def values(self, cursor: str) -> list[Any]:
        """This will read a cursor back, refusing one of another order or one that was tampered with."""
        try:
            raw = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
            if not isinstance(raw, list) or len(raw) != len(self.keys) + 1 or raw[0] != self.name:
                raise ValueError("a cursor of another list")
            return [
                _typed(value, key.expression.type.python_type) for value, key in zip(raw[1:], self.keys, strict=True)
            ]
        except (ValueError, TypeError, binascii.Error, orjson.JSONDecodeError) as error:
            raise Invalid(BAD_CURSOR, path=("after",)) from error


def _typed(value: Any, kind: type[Any]) -> Any:
    if kind in (UUID, datetime, date):
        if not isinstance(value, str):
            raise TypeError("a text was expected")
        return UUID(value) if kind is UUID else kind.fromisoformat(value)
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} was expected")
    return value


@dataclass(frozen=True, slots=True)
class Window:
    """This will say which part of a list is asked for."""

    first: int = 20
    after: str | None = None

    def checked(self) -> "Window":
        """This will refuse a page size outside 0 to ``MAX_PAGE``."""
        if not 0 <= self.first <= MAX_PAGE:
            raise Invalid(BAD_PAGE_SIZE, path=("first",), limit=MAX_PAGE)
        return self
