"""Reads of products."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from services.kit.errors import NOT_FOUND, NotFound, Path
from services.kit.paging import Key
from services.kit.permissions import Permission
from services.kit.reads import ReadModel, Search, amount, read_model
from services.kit.tenancy import ReadSession
from services.kit.text import fold
from services.pipeline.products.models import Product

product = read_model(
    ReadModel(
        name="product",
        table=Product,
        permission=Permission.PRODUCT_READ,
        fields={"price": amount(Product.price_minor, Product.currency)},
        filters={
            "search": Search("product"),
            "active": lambda active: Product.active == active,
            "series": lambda series: Product.series == series,
        },
        orders={"NAME": (Key(Product.name_sort),)},
        default_order="NAME",
    )
)


async def get(session: ReadSession, product_id: UUID, *, path: Path) -> Product:
    """This will give a product of the caller's workspace; a foreign id and a missing one are both not found."""
    found = await session.scalar(select(Product).where(Product.id == product_id))
    if found is None:
        raise NotFound(NOT_FOUND, path=path)
    return found


async def by_name(session: ReadSession, name: str) -> Product | None:
    """This will find the product of a name, however it is spelt."""
    return await session.scalar(select(Product).where(Product.name_key == fold(name)))


async def ids_by_name_key(session: ReadSession, name_keys: Iterable[str]) -> dict[str, UUID]:
    """This will give the ids of the products that have one of the folded names, by folded name."""
    rows = await session.execute(select(Product.name_key, Product.id).where(Product.name_key.in_(set(name_keys))))
    return {row.name_key: row.id for row in rows}
