"""Reminders, and what members are told in the product."""

import sqlalchemy as sa
from alembic import op

from services.kit import ddl

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = "'account', 'contact', 'lead', 'opportunity', 'ticket'"


def upgrade() -> None:
    op.create_table(
        "reminder",
        *ddl.key("reminder"),
        *ddl.record(),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("created_by", sa.Uuid),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_time", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text),
        sa.Column("subject_id", sa.Uuid),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"], ["member.tenant_id", "member.id"], name="fk_reminder_tenant_id_member_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "created_by"], ["member.tenant_id", "member.id"], name="fk_reminder_tenant_id_created_by"
        ),
        sa.CheckConstraint(f"subject_kind IN ({KINDS})", name="ck_reminder_subject_kind_known"),
        sa.CheckConstraint("state IN ('SCHEDULED', 'DELIVERED', 'CANCELLED')", name="ck_reminder_state_known"),
        sa.CheckConstraint("(subject_kind IS NULL) = (subject_id IS NULL)", name="ck_reminder_subject_is_whole"),
        sa.CheckConstraint("(state = 'DELIVERED') = (delivered_at IS NOT NULL)", name="ck_reminder_delivery_is_dated"),
    )
    op.create_index("ix_reminder_member", "reminder", ["tenant_id", "member_id", "remind_at"])
    op.create_index("ix_reminder_creator", "reminder", ["tenant_id", "created_by", "remind_at"])
    op.create_index("ix_reminder_subject", "reminder", ["tenant_id", "subject_id"])
    ddl.protect("reminder")
    op.create_table(
        "notification",
        *ddl.key("notification"),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text),
        sa.Column("subject_id", sa.Uuid),
        sa.Column("cause_id", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"], ["member.tenant_id", "member.id"], name="fk_notification_tenant_id_member_id"
        ),
        sa.UniqueConstraint("tenant_id", "member_id", "cause_id", name="uq_notification_tenant_id_member_id_cause_id"),
        sa.CheckConstraint(
            "kind IN ('REMINDER', 'LEAD_ASSIGNED', 'OPPORTUNITY_ASSIGNED', 'TICKET_ASSIGNED')",
            name="ck_notification_kind_known",
        ),
        sa.CheckConstraint(f"subject_kind IN ({KINDS})", name="ck_notification_subject_kind_known"),
        sa.CheckConstraint("(subject_kind IS NULL) = (subject_id IS NULL)", name="ck_notification_subject_is_whole"),
    )
    op.create_index("ix_notification_newest", "notification", ["tenant_id", "member_id", "id"])
    op.create_index(
        "ix_notification_unread",
        "notification",
        ["tenant_id", "member_id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    ddl.protect("notification", writes="INSERT, UPDATE (read_at)")
