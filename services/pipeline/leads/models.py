"""The tables of leads."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import RecordTable, TenantTable, one_of, search_index, tenant_fk


class LeadOutcome(StrEnum):
    """This will say what became of a lead."""

    OPEN = "OPEN"
    CONVERTED = "CONVERTED"
    DISQUALIFIED = "DISQUALIFIED"


class TouchChannel(StrEnum):
    """This will say through which channel a lead came upon us."""

    WEB = "WEB"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    SOCIAL = "SOCIAL"
    EVENT = "EVENT"
    REFERRAL = "REFERRAL"
    ADVERTISEMENT = "ADVERTISEMENT"
    OTHER = "OTHER"


class Lead(RecordTable):
    """This will be a person who may become a customer; what became of them is ``outcome`` and nothing else.

    ``source`` and ``last_source`` say where the first and the last touch came from.
    """

    __tablename__ = "lead"
    __table_args__ = (
        tenant_fk("owner_id", "member"),
        tenant_fk("account_id", "account"),
        tenant_fk("contact_id", "contact"),
        tenant_fk("opportunity_id", "opportunity"),
        UniqueConstraint("tenant_id", "opportunity_id"),
        one_of("outcome", LeadOutcome),
        CheckConstraint("(owner_id IS NULL) = (assigned_at IS NULL)", name="assigned_at_a_moment"),
        CheckConstraint(
            "(outcome = 'DISQUALIFIED') = (disqualify_reason IS NOT NULL)", name="disqualified_for_a_reason"
        ),
        CheckConstraint("(outcome = 'CONVERTED') = (converted_at IS NOT NULL)", name="converted_at_a_moment"),
        CheckConstraint("(outcome = 'CONVERTED') = (opportunity_id IS NOT NULL)", name="converted_to_an_opportunity"),
        CheckConstraint("(outcome = 'CONVERTED') = (contact_id IS NOT NULL)", name="converted_to_a_contact"),
        CheckConstraint("account_id IS NULL OR outcome = 'CONVERTED'", name="converted_to_an_account"),
        CheckConstraint("(first_touch_at IS NULL) = (source IS NULL)", name="first_touch_whole"),
        CheckConstraint("(last_touch_at IS NULL) = (last_source IS NULL)", name="last_touch_whole"),
        Index("ix_lead_name_sort", "tenant_id", "name_sort", "id"),
        Index("ix_lead_outcome", "tenant_id", "outcome", "id"),
        Index("ix_lead_owner", "tenant_id", "owner_id"),
        Index("ix_lead_source", "tenant_id", "source_key"),
        Index("ix_lead_email_key", "tenant_id", "email_key"),
        search_index("lead"),
        {"info": {"kind": "tenant"}},
    )

    name: Mapped[str]
    name_key: Mapped[str]
    name_sort: Mapped[str] = mapped_column(Text(collation="C"))
    company: Mapped[str | None]
    email: Mapped[str | None]
    email_key: Mapped[str | None]
    phone: Mapped[str | None]
    title: Mapped[str | None]
    note: Mapped[str | None]
    source: Mapped[str | None]
    source_key: Mapped[str | None]
    first_touch_at: Mapped[datetime | None]
    last_source: Mapped[str | None]
    last_touch_at: Mapped[datetime | None]
    outcome: Mapped[str]
    disqualify_reason: Mapped[str | None]
    owner_id: Mapped[UUID | None]
    assigned_at: Mapped[datetime | None]
    account_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    opportunity_id: Mapped[UUID | None]
    converted_at: Mapped[datetime | None]
    search: Mapped[str]


class LeadTouch(TenantTable):
    """This will be one time that a lead came upon us; touches are added and never changed."""

    __tablename__ = "lead_touch"
    __table_args__ = (
        tenant_fk("lead_id", "lead"),
        one_of("channel", TouchChannel),
        Index("ix_lead_touch_lead", "tenant_id", "lead_id", "occurred_at", "id"),
        {"info": {"kind": "tenant"}},
    )

    lead_id: Mapped[UUID]
    source: Mapped[str]
    channel: Mapped[str | None]
    campaign: Mapped[str | None]
    occurred_at: Mapped[datetime]
