"""How rows become products."""

from collections.abc import Sequence
from datetime import datetime

from services.imports.kinds import (
    CURRENCY,
    Kind,
    Outcome,
    field,
    fixed,
    items,
    money,
    outcome,
    outcomes,
    text_field,
)
from services.imports.mapping import Field, FieldType, Row
from services.imports.plan import Shape
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, WriteSession
from services.kit.text import fold
from services.pipeline.products.service import ProductRow, upsert_products

FIELDS = (
    text_field("name", "Name", "نام", required=True),
    text_field("code", "Code", "کد"),
    text_field("series", "Series", "سری"),
    field("price", FieldType.AMOUNT, "List price", "قیمت فهرست"),
    Field("currency", FieldType.TEXT, CURRENCY),
)


async def store(session: WriteSession, caller: Caller, rows: Sequence[Row], at: datetime) -> list[Outcome | None]:
    """This will add or change the products of the rows."""

    def item(row: Row) -> ProductRow:
        said = row.values.get
        return ProductRow(
            name=row.values["name"], code=said("code"), series=said("series"), price=money(row, "price", caller)
        )

    made = items(rows, item)
    done = await upsert_products(session, caller, [product for _, product in made], at=at)
    found = {place: outcome(fold(product.name), done.added, done.changed) for place, product in made}
    return outcomes(len(rows), found)


PRODUCTS = Kind(
    permissions=(Permission.PRODUCT_WRITE,),
    fields=fixed(*FIELDS),
    shape=Shape(identities=(("name",),)),
    store=store,
)
