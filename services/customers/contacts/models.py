"""The tables of contacts."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import RecordTable, search_index, tenant_fk


class Contact(RecordTable):
    """This will be a person outside the workspace; ``phone`` is E.164, ``search`` holds the folded texts."""

    __tablename__ = "contact"
    __table_args__ = (
        tenant_fk("owner_id", "member"),
        UniqueConstraint("tenant_id", "external_source", "external_id"),
        CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="external_whole"),
        Index("ix_contact_name_sort", "tenant_id", "name_sort", "id"),
        Index("ix_contact_email_key", "tenant_id", "email_key"),
        Index("ix_contact_phone", "tenant_id", "phone"),
        Index("ix_contact_owner", "tenant_id", "owner_id"),
        search_index("contact"),
        {"info": {"kind": "tenant"}},
    )

    name: Mapped[str]
    name_key: Mapped[str]
    name_sort: Mapped[str] = mapped_column(Text(collation="C"))
    email: Mapped[str | None]
    email_key: Mapped[str | None]
    phone: Mapped[str | None]
    title: Mapped[str | None]
    owner_id: Mapped[UUID | None]
    external_source: Mapped[str | None]
    external_id: Mapped[str | None]
    search: Mapped[str]


class AccountContact(RecordTable):
    """This will say that a person belongs to a company, and as what."""

    __tablename__ = "account_contact"
    __table_args__ = (
        tenant_fk("account_id", "account"),
        tenant_fk("contact_id", "contact"),
        UniqueConstraint("tenant_id", "account_id", "contact_id"),
        Index("ix_account_contact_contact", "tenant_id", "contact_id"),
        {"info": {"kind": "tenant"}},
    )

    account_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    role: Mapped[str | None]
