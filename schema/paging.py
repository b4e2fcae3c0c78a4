"""Relay connections over read models, and the fields that open links and lists."""

import inspect
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar, dataclass_transform

import strawberry
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from schema.context import Info
from schema.money import MoneyInput, money_of
from schema.scalars import identity
from services.kit.paging import Window
from services.kit.reads import Page, ReadModel, Record
from services.kit.tenancy import Caller

T = TypeVar("T")


@strawberry.type(description="Where a page of a list begins and ends.")
class PageInfo:
    """This will say where a page begins and ends."""

    has_next_page: bool = strawberry.field(description="Whether more records follow this page.")
    end_cursor: str | None = strawberry.field(description="Pass this as `after` to get the next page.")


@strawberry.type(description="One record of a list, with its place in it.")
class Edge(Generic[T]):
    """This will be one record of a list with its place."""

    cursor: str = strawberry.field(description="The record's place in the list.")
    node: T = strawberry.field(description="The record.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """This will be a page of a list; the total is counted only when it is asked for."""

    page: strawberry.Private[Page]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="The records with their places.")
    def edges(self) -> list[Edge[T]]:
        """This will give the records with their cursors."""
        return [Edge(cursor=cursor, node=record) for cursor, record in self.page.records]  # type: ignore[arg-type] # a Record stands for its type

    @strawberry.field(description="The records alone.")
    def nodes(self) -> list[T]:
        """This will give the records without cursors."""
        return [record for _, record in self.page.records]  # type: ignore[misc] # a Record stands for its type

    @strawberry.field(description="Where the page ends and whether more follow.")
    def page_info(self) -> PageInfo:
        """This will say whether more follow."""
        last = self.page.records[-1][0] if self.page.records else None
        return PageInfo(has_next_page=self.page.has_next, end_cursor=last)

    @strawberry.field(description="How many records the whole list has under the same filter.")
    async def total_count(self) -> int:
        """This will count the whole list."""
        return await self.count()


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def record(model: ReadModel, description: str) -> Callable[[type[T]], type[T]]:
    """This will make a class the GraphQL type of a read model; its fields are the model's by name."""

    def wrap(cls: type[T]) -> type[T]:
        def is_type_of(_cls: type, value: Any, _info: Any) -> bool:
            return isinstance(value, Record) and value.model is model

        cls.is_type_of = classmethod(is_type_of)  # type: ignore[attr-defined] # strawberry looks for this name
        return strawberry.type(cls, description=description)

    return wrap


def given(value: Any, caller: Caller) -> dict[str, Any]:
    """This will give the fields of a filter that the caller set, amounts as Money; the read model leaves out nulls."""
    if value is None or value is UNSET:
        return {}
    return {
        name: money_of(item, caller, path=("filter", to_camel_case(name))) if isinstance(item, MoneyInput) else item
        for name, item in vars(value).items()
        if item is not UNSET
    }


def _order(order: Enum | None) -> str | None:
    return None if order is None or order is UNSET else str(order.value)


def one(description: str) -> Any:
    """This will be a field that follows the read model's to-one link of the same name."""

    async def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        loaders = await info.context.loaders()
        return await loaders.link(root, info.python_name)

    del resolve.__annotations__["return"]  # the class annotation says the type
    return strawberry.field(resolver=resolve, description=description)


FIRST = strawberry.argument(description="How many records to give, at most 100.")
AFTER = strawberry.argument(description="Begin after this cursor.")
FILTER = strawberry.argument(description="Keep only the records that fit all the given conditions.")
ORDER = strawberry.argument(description="The order of the list.")


def many(description: str, *, filter: type | None = None, order: type | None = None) -> Any:
    """This will be a field that opens the read model's to-many list of the same name as a connection."""

    async def resolve(
        root: Any, info: Info, first: int = 20, after: str | None = None, filter: Any = None, order_by: Any = None
    ) -> Any:
        loaders = await info.context.loaders()
        name, wanted = info.python_name, given(filter, loaders.reader.caller)
        page = await loaders.list(root, name, Window(first, after).checked(), wanted, _order(order_by))
        return Connection(page=page, count=lambda: loaders.count(root, name, wanted))

    return strawberry.field(resolver=_signed(resolve, filter, order, root=True), description=description)


def listing(model: ReadModel, description: str, *, filter: type | None = None, order: type | None = None) -> Any:
    """This will be a root field that opens all records of a model as a connection."""

    async def resolve(
        info: Info, first: int = 20, after: str | None = None, filter: Any = None, order_by: Any = None
    ) -> Any:
        reader = await info.context.reader()
        where = model.criteria(given(filter, reader.caller), tenant_id=reader.caller.tenant_id)
        page = await reader.page(model, Window(first, after), where=where, order=_order(order_by))
        return Connection(page=page, count=lambda: reader.count(model, where))

    return strawberry.field(resolver=_signed(resolve, filter, order, root=False), description=description)


def single(model: ReadModel, description: str) -> Any:
    """This will be a root field that gives the record of an id, null when there is none the caller may see."""

    async def resolve(info: Info, id: strawberry.ID) -> Any:
        found = identity(id)
        return None if found is None else await (await info.context.loaders()).by_id(model, found)

    del resolve.__annotations__["return"]
    return strawberry.field(resolver=resolve, description=description)


def hang(cls: type, name: str, kind: Any, field: Any) -> None:
    """This will add a field to the type of a lower module, as ``open_list`` adds the link to its read model.

    ``kind`` is what the annotation would say: ``Connection[Ticket]`` for ``many(…)``, ``Ticket | None`` for ``one(…)``.
    """
    field.python_name, field.type_annotation, field.origin = name, StrawberryAnnotation(kind), cls
    get_object_definition(cls, strict=True).fields.append(field)


def _signed(resolve: Any, filter: type | None, order: type | None, *, root: bool) -> Any:
    """Gives a resolver the arguments of its list; strawberry reads them from the signature."""
    annotations: dict[str, Any] = {
        "info": Info,
        "first": Annotated[int, FIRST],
        "after": Annotated[str | None, AFTER],
    }
    if root:
        annotations["root"] = strawberry.Parent[Any]  # type: ignore[misc] # a value, no annotation
    keep = ["root"] * root + ["info", "first", "after"]
    if filter is not None:
        annotations["filter"] = Annotated[filter | None, FILTER]
        keep.append("filter")
    if order is not None:
        annotations["order_by"] = Annotated[order | None, ORDER]
        keep.append("order_by")
    signature = inspect.signature(resolve)
    resolve.__signature__ = signature.replace(
        parameters=[signature.parameters[name].replace(annotation=annotations[name]) for name in keep],
        return_annotation=inspect.Signature.empty,
    )
    resolve.__annotations__ = annotations
    return resolve
