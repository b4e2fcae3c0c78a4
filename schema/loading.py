"""Batches the reads of one operation: each link and each list is one statement, however many records ask for it."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from services.kit.paging import Window
from services.kit.reads import MODELS, Criteria, Many, One, Page, Reader, ReadModel, Record

Batch = Callable[[list[Any]], Awaitable[list[Any]]]


class Loaders:
    """This will hold one loader for every distinct link, list and argument set of the operation."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    def loader(self, name: Hashable, batch: Batch) -> DataLoader[Any, Any]:
        """This will give the loader of a name, making it at the first call."""
        if name not in self._loaders:
            self._loaders[name] = DataLoader(load_fn=batch)
        return self._loaders[name]

    async def by_id(self, model: ReadModel, id: UUID) -> Record | None:
        """This will read one record, together with all others of its model that are asked for meanwhile."""
        found: Record | None = await self.loader(("one", model.name), lambda ids: self.reader.by_ids(model, ids)).load(
            id
        )
        return found

    async def link(self, record: Record, name: str) -> Record | None:
        """This will follow a to-one link."""
        link = record.model.links[name]
        if not isinstance(link, One):
            raise TypeError(f"{record.model.name}.{name} is a list")
        id = getattr(record, link.key.key)
        return None if id is None else await self.by_id(MODELS[link.to], id)

    async def list(
        self, record: Record, name: str, window: Window, wanted: Mapping[str, Any], order: str | None
    ) -> Page:
        """This will open a page of a to-many list, together with the same list of all sibling records."""
        link = _many(record, name)
        model = MODELS[link.to]
        key = ("list", record.model.name, name, window, repr(sorted(wanted.items())), order)

        async def batch(parents: list[UUID]) -> list[Page]:
            return await self.reader.pages(link, parents, window, where=self._criteria(model, wanted), order=order)

        page: Page = await self.loader(key, batch).load(record.id)
        return page

    async def count(self, record: Record, name: str, wanted: Mapping[str, Any]) -> int:
        """This will count a to-many list, together with the same list of all sibling records."""
        link = _many(record, name)
        model = MODELS[link.to]
        key = ("count", record.model.name, name, repr(sorted(wanted.items())))

        async def batch(parents: list[UUID]) -> list[int]:
            return await self.reader.counts(link, parents, where=self._criteria(model, wanted))

        counted: int = await self.loader(key, batch).load(record.id)
        return counted

    def _criteria(self, model: ReadModel, wanted: Mapping[str, Any]) -> Criteria:
        return model.criteria(wanted, tenant_id=self.reader.caller.tenant_id)


def _many(record: Record, name: str) -> Many:
    link = record.model.links[name]
    if not isinstance(link, Many):
        raise TypeError(f"{record.model.name}.{name} is not a list")
    return link
