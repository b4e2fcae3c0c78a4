"""The tables of reminders."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from services.kit.db import RecordTable, TenantTable, one_of, tenant_fk


class SubjectKind(StrEnum):
    """This will name what a reminder or a notification can be about; the values are the read models' names."""

    ACCOUNT = "account"
    CONTACT = "contact"
    LEAD = "lead"
    OPPORTUNITY = "opportunity"
    TICKET = "ticket"


class ReminderState(StrEnum):
    """This will say whether a reminder is still to come; a delivered one that is snoozed is SCHEDULED again."""

    SCHEDULED = "SCHEDULED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"


class NotificationKind(StrEnum):
    """This will say why a member is told something; each kind has words of its own."""

    REMINDER = "REMINDER"
    LEAD_ASSIGNED = "LEAD_ASSIGNED"
    OPPORTUNITY_ASSIGNED = "OPPORTUNITY_ASSIGNED"
    TICKET_ASSIGNED = "TICKET_ASSIGNED"


class Reminder(RecordTable):
    """This will be something a member wants to hear of at a moment.

    ``local_time`` and ``zone`` keep the promise as it was given ("9:00 in Tehran"); ``remind_at`` is the instant it
    means. ``generation`` counts how often the moment was set, so that what was scheduled for an earlier one is void.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        tenant_fk("member_id", "member"),
        tenant_fk("created_by", "member"),
        Index("ix_reminder_member", "tenant_id", "member_id", "remind_at"),
        Index("ix_reminder_creator", "tenant_id", "created_by", "remind_at"),
        Index("ix_reminder_subject", "tenant_id", "subject_id"),
        one_of("subject_kind", SubjectKind),
        one_of("state", ReminderState),
        CheckConstraint("(subject_kind IS NULL) = (subject_id IS NULL)", name="subject_is_whole"),
        CheckConstraint("(state = 'DELIVERED') = (delivered_at IS NOT NULL)", name="delivery_is_dated"),
        {"info": {"kind": "tenant"}},
    )

    member_id: Mapped[UUID]
    created_by: Mapped[UUID | None]
    text: Mapped[str]
    remind_at: Mapped[datetime]
    local_time: Mapped[str]
    zone: Mapped[str]
    subject_kind: Mapped[str | None]
    subject_id: Mapped[UUID | None]
    state: Mapped[str]
    delivered_at: Mapped[datetime | None]
    generation: Mapped[int]


class Notification(TenantTable):
    """This will be one thing a member was told in the product; ``cause_id`` is told to each member once."""

    __tablename__ = "notification"
    __table_args__ = (
        tenant_fk("member_id", "member"),
        UniqueConstraint("tenant_id", "member_id", "cause_id"),
        Index("ix_notification_newest", "tenant_id", "member_id", "id"),
        Index("ix_notification_unread", "tenant_id", "member_id", postgresql_where="read_at IS NULL"),
        one_of("kind", NotificationKind),
        one_of("subject_kind", SubjectKind),
        CheckConstraint("(subject_kind IS NULL) = (subject_id IS NULL)", name="subject_is_whole"),
        {"info": {"kind": "tenant"}},
    )

    member_id: Mapped[UUID]
    kind: Mapped[str]
    title: Mapped[str]
    subject_kind: Mapped[str | None]
    subject_id: Mapped[UUID | None]
    cause_id: Mapped[UUID]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
