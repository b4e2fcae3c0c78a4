"""Read models: what a record shows, and how it is linked, declared once beside the room's queries.

A read model names a table, the fields that are more than a column, the links to other rooms, the lists that open from
it, its filters and its orders. Whatever answers a read is derived from it; nothing about a record is written twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, cast, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute

from services.kit.db import TenantTable, expected_failure
from services.kit.errors import Locale
from services.kit.money import Money
from services.kit.paging import Key, Order, Window
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, ReadSession
from services.kit.text import search_terms

T = TypeVar("T")
Expression = Any  # a mapped attribute or a SQL expression over the model's table
# More than a person pages through: a word that fits more records than this finds the newest of them.
SEARCH_LIMIT: Final = 10_000
# No record has this id.
NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Search:
    """This will be a filter by words, however they are spelt: ``kind`` is a table with a column ``search``."""

    kind: str

    def condition(self, id: InstrumentedAttribute[UUID], words: str, tenant_id: UUID) -> ColumnElement[bool]:
        """This will hold for the records whose ``search`` has all the words, or resembles them when none has."""
        return id.in_(select(func.app.search(tenant_id, self.kind, " ".join(search_terms(words)), SEARCH_LIMIT)))


@dataclass(frozen=True, slots=True)
class Condition:
    """This will be a filter whose SQL is the same for all values; ``prepare`` makes the bound value of a given one."""

    holds: Callable[[Any], ColumnElement[bool]]
    prepare: Callable[[Any], Any]


# A plain function takes the value as it was given, and only compares with it: it never looks inside.
Filter = Callable[[Any], ColumnElement[bool]] | Condition | Search
Criteria = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Made:
    """This will be a field that is made of several expressions: ``make(locale, *values)``."""

    make: Callable[..., Any]
    of: tuple[Expression, ...]


def amount(minor: Expression, currency: Expression) -> Made:
    """This will be a field of money that is kept in two columns; None when there is no amount."""

    def make(_locale: Locale, units: int | None, code: str | None) -> Money | None:
        return None if units is None or code is None else Money(units, code)

    return Made(make, of=(minor, currency))


def written_id(text: str) -> UUID:
    """This will read an id as a caller wrote it; a text that can be nobody's becomes an id that nobody has."""
    try:
        return UUID(text)
    except ValueError:
        return NOBODY


def names(column: InstrumentedAttribute[Any]) -> Condition:
    """This will be a filter by an id as a caller wrote it."""
    return Condition(lambda id: column == id, prepare=written_id)


@dataclass(frozen=True, slots=True)
class One:
    """This will be a link to at most one record of another model, by that record's id."""

    to: str
    key: InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Many:
    """This will be a list that opens from a record: the rows of another model whose ``key`` is this record's id."""

    to: str
    key: InstrumentedAttribute[Any]
    order: str | None = None
    where: Callable[[], ColumnElement[bool]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ReadModel:
    """This will declare how records of one kind are read; every column of the table is a field of its own name.

    ``own`` names the columns that hold members: when there are any, a member sees only rows in which one is theirs.
    """

    name: str
    table: type[TenantTable]
    permission: Permission
    fields: Mapping[str, Expression | Made] = field(default_factory=dict)
    links: dict[str, One | Many] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    orders: Mapping[str, tuple[Key, ...]] = field(default_factory=dict)
    default_order: str = "NEWEST"
    own: tuple[InstrumentedAttribute[Any], ...] = ()

    def order(self, name: str | None = None) -> Order:
        """This will give a named order, made total by the id."""
        chosen = name or self.default_order
        keys = self.orders.get(chosen)
        if keys is None:
            if chosen != "NEWEST":
                raise LookupError(f"{self.name} has no order {chosen}")
            return Order(f"{self.name}.NEWEST", (Key(self.table.id, descending=True),))
        last = keys[-1].descending
        return Order(f"{self.name}.{chosen}", (*keys, Key(self.table.id, descending=last)))

    def criteria(self, wanted: Mapping[str, Any], *, tenant_id: UUID) -> list[ColumnElement[bool]]:
        """This will turn given filters into conditions; an absent, a null and a blank one all mean no condition."""
        return [
            self._condition(self.filters[name], value, tenant_id)
            for name, value in wanted.items()
            if value is not None and not (isinstance(value, str) and not value.strip())
        ]

    def _condition(self, filter: Filter, value: Any, tenant_id: UUID) -> ColumnElement[bool]:
        if isinstance(filter, Search):
            return filter.condition(self.table.id, value, tenant_id)
        return filter.holds(filter.prepare(value)) if isinstance(filter, Condition) else filter(value)


MODELS: dict[str, ReadModel] = {}


def read_model(model: ReadModel) -> ReadModel:
    """This will enter a model in the register, so that links can name it."""
    if model.name in MODELS:
        raise RuntimeError(f"two read models are named {model.name}")
    MODELS[model.name] = model
    return model


def open_list(model: ReadModel, name: str, link: One | Many) -> None:
    """This will let a higher room hang one of its links on a lower room's records."""
    if name in model.links:
        raise RuntimeError(f"{model.name}.{name} exists already")
    model.links[name] = link


@dataclass(frozen=True, slots=True)
class Shape:
    """This will be a model's columns in the order they are selected, and how a field is taken from them."""

    columns: tuple[Any, ...]
    getters: Mapping[str, tuple[int, ...]]
    makers: Mapping[str, Callable[..., Any]]


SHAPES: Final[dict[str, Shape]] = {}


def shape(model: ReadModel) -> Shape:
    """This will lay out a model's fields once."""
    if model.name in SHAPES:
        return SHAPES[model.name]
    columns: list[Any] = []
    getters: dict[str, tuple[int, ...]] = {}
    makers: dict[str, Callable[..., Any]] = {}

    def place(expression: Any) -> int:
        columns.append(expression.label(f"c{len(columns)}"))
        return len(columns) - 1

    for attribute in model.table.__mapper__.column_attrs:
        getters[attribute.key] = (place(getattr(model.table, attribute.key)),)
    for name, declared in model.fields.items():
        if isinstance(declared, Made):
            getters[name] = tuple(place(expression) for expression in declared.of)
            makers[name] = declared.make
        else:
            getters[name] = (place(declared),)
    SHAPES[model.name] = Shape(tuple(columns), getters, makers)
    return SHAPES[model.name]


class Record:
    """This will be one row, read through its model; fields are attributes."""

    __slots__ = ("_locale", "_shape", "_values", "model")

    def __init__(self, model: ReadModel, values: Sequence[Any], locale: Locale) -> None:
        self.model = model
        self._shape = shape(model)
        self._values = values
        self._locale = locale

    def __getattr__(self, name: str) -> Any:
        places = self._shape.getters.get(name)
        if places is None:
            raise AttributeError(f"{self.model.name} has no field {name}")
        maker = self._shape.makers.get(name)
        if maker is None:
            return self._values[places[0]]
        return maker(self._locale, *(self._values[place] for place in places))


@dataclass(frozen=True, slots=True)
class Page:
    """This will be a part of a list, each record with its cursor, and whether more follow."""

    records: tuple[tuple[str, Record], ...] = ()
    has_next: bool = False


async def _rows(session: ReadSession, statement: Any) -> Sequence[Any]:
    return (await session.execute(statement)).all()


class Reader:
    """This will answer reads from one snapshot; a session runs one statement at a time, so callers queue up."""

    def __init__(self, session: ReadSession, caller: Caller) -> None:
        self.session = session
        self.caller = caller
        self._turn = asyncio.Lock()

    async def execute(self, statement: Any) -> Sequence[Any]:
        """This will run a statement in its turn and give all rows."""
        return await self.ask(lambda session: _rows(session, statement))

    async def ask(self, question: Callable[[ReadSession], Awaitable[T]]) -> T:
        """This will put a room's own query to the snapshot in its turn."""
        async with self._turn:
            try:
                return await question(self.session)
            except DBAPIError as error:
                failure = expected_failure(error)
                if failure is None:
                    raise
                raise failure from error

    def _allowed(self, model: ReadModel) -> None:
        self.caller.require(model.permission)

    def _seen(self, model: ReadModel) -> list[ColumnElement[bool]]:
        """This will give the condition that keeps a member from other members' private rows, when the model has one."""
        if not model.own or self.caller.member_id is None:
            return []
        return [or_(*(column == self.caller.member_id for column in model.own))]

    def _record(self, model: ReadModel, values: Sequence[Any]) -> Record:
        return Record(model, values, self.caller.locale)

    async def by_ids(self, model: ReadModel, ids: Sequence[UUID]) -> list[Record | None]:
        """This will give the records of ``ids`` in their order, None for one that is missing (or foreign)."""
        self._allowed(model)
        named = model.table.id.in_(set(ids))
        rows = await self.execute(select(*shape(model).columns).where(named, *self._seen(model)))
        found = {record.id: record for record in (self._record(model, row) for row in rows)}
        return [found.get(id) for id in ids]

    async def page(
        self, model: ReadModel, window: Window, *, where: Sequence[ColumnElement[bool]] = (), order: str | None = None
    ) -> Page:
        """This will give one page of a list in one statement."""
        self._allowed(model)
        statement, ranked = self._windowed(model, window, where=where, order=order)
        return self._paged(model, ranked, window, await self.execute(statement))

    async def pages(
        self,
        link: Many,
        parents: Sequence[UUID],
        window: Window,
        *,
        where: Sequence[ColumnElement[bool]] = (),
        order: str | None = None,
    ) -> list[Page]:
        """This will give the same page of one list of each parent, in one statement for all of them."""
        model = MODELS[link.to]
        self._allowed(model)
        parent = func.unnest(cast(list(parents), ARRAY(Uuid))).table_valued("id", name="parent").render_derived()
        mine = [link.key == parent.c.id, *([link.where()] if link.where else []), *where]
        inner, ranked = self._windowed(model, window, where=mine, order=order or link.order)
        rows = inner.lateral("rows")
        statement = select(parent.c.id, *rows.c).select_from(parent.join(rows, onclause=true()))
        by_parent: dict[UUID, list[Any]] = {}
        for row in await self.execute(statement):
            by_parent.setdefault(row[0], []).append(row[1:])
        return [self._paged(model, ranked, window, by_parent.get(id, [])) for id in parents]

    async def count(self, model: ReadModel, where: Sequence[ColumnElement[bool]] = ()) -> int:
        """This will count the rows of a list."""
        self._allowed(model)
        rows = await self.execute(select(func.count()).select_from(model.table).where(*where, *self._seen(model)))
        return int(rows[0][0])

    async def counts(self, link: Many, parents: Sequence[UUID], where: Sequence[ColumnElement[bool]] = ()) -> list[int]:
        """This will count one list of each parent, in one statement for all of them."""
        model = MODELS[link.to]
        self._allowed(model)
        mine = [link.key.in_(set(parents)), *([link.where()] if link.where else []), *where, *self._seen(model)]
        rows = await self.execute(
            select(link.key, func.count()).select_from(model.table).where(*mine).group_by(link.key)
        )
        found = {row[0]: int(row[1]) for row in rows}
        return [found.get(id, 0) for id in parents]

    def _windowed(
        self, model: ReadModel, window: Window, *, where: Sequence[ColumnElement[bool]], order: str | None
    ) -> tuple[Select[Any], Order]:
        ranked = model.order(order)
        window.checked()
        keys = [key.expression.label(f"k{place}") for place, key in enumerate(ranked.keys)]
        statement = select(*shape(model).columns, *keys).where(*where, *self._seen(model))
        if window.after is not None:
            statement = statement.where(ranked.after(ranked.values(window.after)))
        return statement.order_by(*ranked.columns()).limit(window.first + 1), ranked

    def _paged(self, model: ReadModel, ranked: Order, window: Window, rows: Sequence[Any]) -> Page:
        width = len(shape(model).columns)
        kept = [(ranked.cursor(tuple(row[width:])), self._record(model, row)) for row in rows[: window.first]]
        return Page(tuple(kept), len(rows) > window.first)
