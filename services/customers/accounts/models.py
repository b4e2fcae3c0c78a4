"""The table of accounts."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import RecordTable, search_index, tenant_fk


class Account(RecordTable):
    """This will be a company; ``search`` holds its folded texts, ``external_id`` names it where it came from."""

    __tablename__ = "account"
    __table_args__ = (
        tenant_fk("parent_id", "account"),
        tenant_fk("owner_id", "member"),
        UniqueConstraint("tenant_id", "name_key"),
        UniqueConstraint("tenant_id", "external_source", "external_id"),
        CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="external_whole"),
        CheckConstraint("(revenue_minor IS NULL) = (currency IS NULL)", name="revenue_has_currency"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        Index("ix_account_name_sort", "tenant_id", "name_sort", "id"),
        Index("ix_account_sector", "tenant_id", "sector_key"),
        Index("ix_account_owner", "tenant_id", "owner_id"),
        Index("ix_account_parent", "tenant_id", "parent_id"),
        search_index("account"),
        {"info": {"kind": "tenant"}},
    )

    name: Mapped[str]
    name_key: Mapped[str]
    name_sort: Mapped[str] = mapped_column(Text(collation="C"))
    sector: Mapped[str | None]
    sector_key: Mapped[str | None]
    website: Mapped[str | None]
    phone: Mapped[str | None]
    country: Mapped[str | None]
    city: Mapped[str | None]
    employees: Mapped[int | None]
    revenue_minor: Mapped[int | None]
    currency: Mapped[str | None]
    founded_year: Mapped[int | None] = mapped_column(Integer)
    parent_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    external_source: Mapped[str | None]
    external_id: Mapped[str | None]
    search: Mapped[str]
