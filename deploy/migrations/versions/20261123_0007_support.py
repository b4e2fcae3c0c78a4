"""Tickets, their numbers and their entries."""

import sqlalchemy as sa
from alembic import op

from services.kit import ddl

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_counter",
        *ddl.key("ticket_counter"),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = tenant_id", name="ck_ticket_counter_one_per_tenant"),
    )
    ddl.protect("ticket_counter", writes="INSERT, UPDATE (last_number)")

    op.create_table(
        "ticket",
        *ddl.key("ticket"),
        *ddl.record(),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("account_id", sa.Uuid),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("assignee_id", sa.Uuid),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_response_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["account.tenant_id", "account.id"], name="fk_ticket_tenant_id_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"], ["contact.tenant_id", "contact.id"], name="fk_ticket_tenant_id_contact_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assignee_id"], ["member.tenant_id", "member.id"], name="fk_ticket_tenant_id_assignee_id"
        ),
        sa.UniqueConstraint("tenant_id", "number", name="uq_ticket_tenant_id_number"),
        sa.CheckConstraint("type IN ('REQUEST', 'COMPLAINT', 'INCIDENT', 'QUESTION')", name="ck_ticket_type_known"),
        sa.CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')", name="ck_ticket_priority_known"),
        sa.CheckConstraint("state IN ('NEW', 'OPEN', 'WAITING', 'RESOLVED')", name="ck_ticket_state_known"),
        sa.CheckConstraint("account_id IS NOT NULL OR contact_id IS NOT NULL", name="ck_ticket_from_a_customer"),
        sa.CheckConstraint("(state = 'RESOLVED') = (resolved_at IS NOT NULL)", name="ck_ticket_resolved_at_a_moment"),
        sa.CheckConstraint("number > 0 AND reopened >= 0", name="ck_ticket_counted"),
    )
    op.create_index("ix_ticket_state", "ticket", ["tenant_id", "state", "number"])
    op.create_index("ix_ticket_assignee", "ticket", ["tenant_id", "assignee_id", "number"])
    op.create_index("ix_ticket_account", "ticket", ["tenant_id", "account_id", "number"])
    op.create_index("ix_ticket_contact", "ticket", ["tenant_id", "contact_id", "number"])
    op.create_index("ix_ticket_activity", "ticket", ["tenant_id", "last_activity_at", "id"])
    ddl.searchable("ticket")
    ddl.protect("ticket", writes="INSERT, UPDATE")

    op.create_table(
        "ticket_entry",
        *ddl.key("ticket_entry"),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("author_id", sa.Uuid),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("assignee_id", sa.Uuid),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"], ["ticket.tenant_id", "ticket.id"], name="fk_ticket_entry_tenant_id_ticket_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "author_id"], ["member.tenant_id", "member.id"], name="fk_ticket_entry_tenant_id_author_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["contact.tenant_id", "contact.id"],
            name="fk_ticket_entry_tenant_id_contact_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assignee_id"],
            ["member.tenant_id", "member.id"],
            name="fk_ticket_entry_tenant_id_assignee_id",
        ),
        sa.CheckConstraint(
            "kind IN ('CUSTOMER_MESSAGE', 'REPLY', 'NOTE', 'ASSIGNED', 'RESOLVED', 'REOPENED')",
            name="ck_ticket_entry_kind_known",
        ),
        sa.CheckConstraint(
            "kind NOT IN ('CUSTOMER_MESSAGE', 'REPLY', 'NOTE') OR body IS NOT NULL",
            name="ck_ticket_entry_said_something",
        ),
        sa.CheckConstraint("assignee_id IS NULL OR kind = 'ASSIGNED'", name="ck_ticket_entry_assigned_to"),
    )
    op.create_index("ix_ticket_entry_ticket", "ticket_entry", ["tenant_id", "ticket_id", "occurred_at", "id"])
    ddl.protect("ticket_entry", writes="INSERT")
