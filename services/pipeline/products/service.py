"""Writes of products."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack, cast
from uuid import UUID

from sqlalchemy import select

from services.kit.columns import name_columns
from services.kit.db import on_violation
from services.kit.errors import NOT_FOUND, NotFound, expect_version, optional_text
from services.kit.money import Money, refuse_negative
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, WriteSession
from services.kit.text import fold
from services.pipeline.products import rules
from services.pipeline.products.models import Product

on_violation("uq_product_tenant_id_name_key", rules.name_taken)


class ProductFields(TypedDict, total=False):
    """This will be what a person may say about a product; what is absent stays as it is."""

    name: str
    code: str | None
    series: str | None
    price: Money | None
    active: bool


async def create_product(
    session: WriteSession, caller: Caller, *, at: datetime, **fields: Unpack[ProductFields]
) -> Product:
    """This will add a product; its name, however spelt, is unique in the workspace."""
    caller.require(Permission.PRODUCT_WRITE)
    fields.setdefault("name", "")
    product = Product(active=True)
    _set(product, _values(fields))
    session.add(product)
    await session.flush()
    return product


async def update_product(
    session: WriteSession,
    caller: Caller,
    *,
    product_id: UUID,
    expected_version: int,
    at: datetime,
    **fields: Unpack[ProductFields],
) -> Product:
    """This will change what is given of a product, unless it changed since the caller read it."""
    caller.require(Permission.PRODUCT_WRITE)
    product = await session.scalar(select(Product).where(Product.id == product_id).with_for_update())
    if product is None:
        raise NotFound(NOT_FOUND, path=("input", "id"))
    expect_version(product.version, expected_version)
    _set(product, _values(fields))
    await session.flush()
    return product


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """This will be one product as an import found it, known by its name; None says nothing, so it changes nothing."""

    name: str
    code: str | None = None
    series: str | None = None
    price: Money | None = None

    def fields(self) -> ProductFields:
        """This will give what the row says."""
        said = {name: getattr(self, name) for name in ("name", "code", "series", "price")}
        return cast(ProductFields, {name: value for name, value in said.items() if value is not None})


@dataclass(frozen=True, slots=True)
class UpsertedProducts:
    """This will say what an import did, by folded name."""

    ids: dict[str, UUID]
    added: frozenset[str]
    changed: frozenset[str]


async def upsert_products(
    session: WriteSession, caller: Caller, rows: Sequence[ProductRow], *, at: datetime
) -> UpsertedProducts:
    """This will add the products that are new, change those that differ, and leave the others as they are.

    The statements are few however many rows there are. The same rows again change nothing, versions included; of two
    rows with the same name the later one wins.
    """
    caller.require(Permission.PRODUCT_WRITE)
    keys = {fold(row.name) for row in rows}
    known = (await session.scalars(select(Product).where(Product.name_key.in_(keys)).with_for_update())).all()
    found = {product.name_key: product for product in known}
    versions = {key: product.version for key, product in found.items()}
    touched: dict[str, Product] = {}
    for row in rows:
        columns = _values(row.fields())
        key: str = columns["name_key"]
        if key not in found:
            found[key] = Product(active=True)
            session.add(found[key])
        _set(found[key], columns)
        touched[key] = found[key]
    await session.flush()
    return UpsertedProducts(
        ids={key: product.id for key, product in touched.items()},
        added=frozenset(touched.keys() - versions.keys()),
        changed=frozenset(key for key, version in versions.items() if found[key].version != version),
    )


def _values(fields: ProductFields) -> dict[str, Any]:
    """Checks the given fields and gives the columns they are kept in."""
    columns: dict[str, Any] = {}
    if "name" in fields:
        columns |= name_columns(fields["name"], path=("input", "name"))
    if "code" in fields:
        columns["code"] = optional_text(fields["code"], path=("input", "code"), limit=64)
    if "series" in fields:
        columns["series"] = optional_text(fields["series"], path=("input", "series"), limit=100)
    if "price" in fields:
        price = refuse_negative(fields["price"], path=("input", "price"))
        columns |= {"price_minor": price and price.minor, "currency": price and price.currency}
    if "active" in fields:
        columns["active"] = fields["active"] is not False
    return columns


def _set(product: Product, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        setattr(product, name, value)
    product.search = fold(" ".join(text for text in (product.name, product.code, product.series) if text))
