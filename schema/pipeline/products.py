"""Products as GraphQL."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.errors import Problems, mutation
from schema.inputs import fields_of
from schema.money import MoneyInput, MoneyType
from schema.paging import Connection, listing, record, single
from schema.scalars import Node, as_id
from services.pipeline.products import queries as products
from services.pipeline.products import service


@strawberry.enum(description="The orders of products.")
class ProductOrder(Enum):
    """This will name the orders of products."""

    NAME = strawberry.enum_value("NAME", description="By name, in the order of the alphabet.")
    NEWEST = strawberry.enum_value("NEWEST", description="The newest first.")


@strawberry.input(description="Which products.")
class ProductFilter:
    """This will say which products."""

    search: str | None = strawberry.field(
        default=UNSET, description="Words that all occur, however they are spelt; similar ones when there are none."
    )
    active: bool | None = strawberry.field(default=UNSET, description="Whether they are sold now.")
    series: str | None = strawberry.field(default=UNSET, description="The series they belong to.")


@record(products.product, "Something that the workspace sells.")
class Product(Node):
    """This will be something that the workspace sells."""

    name: str = strawberry.field(description="The product's name, unique in the workspace.")
    code: str | None = strawberry.field(description="The code it has in a catalogue or a store (SKU).")
    series: str | None = strawberry.field(description="The series it belongs to.")
    price: MoneyType | None = strawberry.field(description="The list price.")
    active: bool = strawberry.field(description="Whether it is sold now.")
    version: int = strawberry.field(description="Pass this back as `expectedVersion` when changing the record.")
    created_at: datetime = strawberry.field(description="When the product was added.")
    updated_at: datetime = strawberry.field(description="When the product was last changed.")


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    product: Product | None = single(products.product, "Something that the workspace sells.")
    products: Connection[Product] = listing(
        products.product, "What the workspace sells, by name.", filter=ProductFilter, order=ProductOrder
    )


@strawberry.input(description="A new product.")
class CreateProductInput:
    """This will be a new product."""

    name: str = strawberry.field(description="The product's name, unique in the workspace.")
    code: str | None = strawberry.field(default=UNSET, description="The code it has in a catalogue (SKU).")
    series: str | None = strawberry.field(default=UNSET, description="The series it belongs to.")
    price: MoneyInput | None = strawberry.field(default=UNSET, description="The list price.")


@strawberry.input(description="What changes of a product; an absent field stays, null empties it.")
class UpdateProductInput:
    """This will be what changes of a product."""

    id: strawberry.ID = strawberry.field(description="The product.")
    expected_version: int = strawberry.field(description="The version of the record that this change was decided on.")
    name: str | None = strawberry.field(default=UNSET, description="The product's name, unique in the workspace.")
    code: str | None = strawberry.field(default=UNSET, description="The code it has in a catalogue (SKU).")
    series: str | None = strawberry.field(default=UNSET, description="The series it belongs to.")
    price: MoneyInput | None = strawberry.field(default=UNSET, description="The list price.")
    active: bool | None = strawberry.field(default=UNSET, description="Whether it is sold now; null is yes.")


@strawberry.type(description="The product as it is now.")
class ProductPayload:
    """This will hold the product as it is now."""

    product: Product = strawberry.field(description="The product.")


CreateProductResult = Annotated[
    ProductPayload | Problems, strawberry.union("CreateProductResult", description="The new product, or a problem.")
]
UpdateProductResult = Annotated[
    ProductPayload | Problems, strawberry.union("UpdateProductResult", description="The product, or a problem.")
]


@strawberry.type
class Mutation:
    """This will hold the writes of this module."""

    @mutation("Adds a product.")
    async def create_product(self, info: Info, input: CreateProductInput) -> CreateProductResult:
        """This will add a product."""
        async with info.context.write() as (session, caller, at):
            product = await service.create_product(session, caller, at=at, **fields_of(input, caller))
        return ProductPayload(product=await info.context.fetch(products.product, product.id))

    @mutation("Changes a product.")
    async def update_product(self, info: Info, input: UpdateProductInput) -> UpdateProductResult:
        """This will change a product."""
        async with info.context.write() as (session, caller, at):
            product = await service.update_product(
                session,
                caller,
                product_id=as_id(input.id, "id"),
                expected_version=input.expected_version,
                at=at,
                **fields_of(input, caller, without=("id", "expected_version")),
            )
        return ProductPayload(product=await info.context.fetch(products.product, product.id))


TYPES = (Product,)
