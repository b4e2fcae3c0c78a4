"""The table of opportunities."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import RecordTable, one_of, search_index, tenant_fk
from services.pipeline.processes.models import StageKind


class Opportunity(RecordTable):
    """This will be a deal; its stage is that of its process instance (checked at commit), its status the stage's kind.

    ``opened_on`` and ``closed_on`` are days of the workspace's zone. ``external_checksum`` is the fingerprint of what
    the system of ``external_source`` last said about it.
    """

    __tablename__ = "opportunity"
    __table_args__ = (
        tenant_fk("account_id", "account"),
        tenant_fk("contact_id", "contact"),
        tenant_fk("product_id", "product"),
        tenant_fk("owner_id", "member"),
        ForeignKeyConstraint(
            ["tenant_id", "id", "process_version_id", "stage_id"],
            [
                "process_instance.tenant_id",
                "process_instance.id",
                "process_instance.version_id",
                "process_instance.stage_id",
            ],
            name="fk_opportunity_position",
            deferrable=True,
            initially="DEFERRED",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "process_version_id", "stage_id", "status"],
            ["stage.tenant_id", "stage.version_id", "stage.id", "stage.kind"],
            name="fk_opportunity_status",
        ),
        UniqueConstraint("tenant_id", "external_source", "external_id", name="uq_opportunity_external_id"),
        CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="external_whole"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="amount_has_currency"),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        CheckConstraint("(status IN ('WON', 'LOST')) = (closed_on IS NOT NULL)", name="closed_has_a_day"),
        one_of("status", StageKind),
        Index("ix_opportunity_stage", "tenant_id", "stage_id", "stage_entered_at", "id"),
        Index("ix_opportunity_owner", "tenant_id", "owner_id"),
        Index("ix_opportunity_account", "tenant_id", "account_id"),
        Index("ix_opportunity_closed", "tenant_id", "closed_on"),
        Index("ix_opportunity_name_sort", "tenant_id", "name_sort", "id"),
        search_index("opportunity"),
        {"info": {"kind": "tenant"}},
    )

    name: Mapped[str]
    name_sort: Mapped[str] = mapped_column(Text(collation="C"))
    account_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    product_id: Mapped[UUID | None]
    owner_id: Mapped[UUID]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    process_version_id: Mapped[UUID]
    stage_id: Mapped[UUID]
    status: Mapped[str]
    stage_entered_at: Mapped[datetime]
    opened_on: Mapped[date | None]
    expected_close_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]
    external_source: Mapped[str | None]
    external_id: Mapped[str | None]
    external_checksum: Mapped[str | None]
    search: Mapped[str]
