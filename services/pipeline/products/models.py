"""The table of products."""

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import RecordTable, search_index


class Product(RecordTable):
    """This will be something the workspace sells; one that is not ``active`` is sold no more but stays on old deals."""

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name_key"),
        CheckConstraint("(price_minor IS NULL) = (currency IS NULL)", name="price_has_currency"),
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        Index("ix_product_name_sort", "tenant_id", "name_sort", "id"),
        search_index("product"),
        {"info": {"kind": "tenant"}},
    )

    name: Mapped[str]
    name_key: Mapped[str]
    name_sort: Mapped[str] = mapped_column(Text(collation="C"))
    code: Mapped[str | None]
    series: Mapped[str | None]
    price_minor: Mapped[int | None]
    currency: Mapped[str | None]
    active: Mapped[bool]
    search: Mapped[str]
