"""Leads and their touches."""

import sqlalchemy as sa
from alembic import op

from services.kit import ddl

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lead",
        *ddl.key("lead"),
        *ddl.record(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("name_sort", sa.Text(collation="C"), nullable=False),
        sa.Column("company", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("source_key", sa.Text),
        sa.Column("first_touch_at", sa.DateTime(timezone=True)),
        sa.Column("last_source", sa.Text),
        sa.Column("last_touch_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("disqualify_reason", sa.Text),
        sa.Column("owner_id", sa.Uuid),
        sa.Column("assigned_at", sa.DateTime(timezone=True)),
        sa.Column("account_id", sa.Uuid),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("opportunity_id", sa.Uuid),
        sa.Column("converted_at", sa.DateTime(timezone=True)),
        sa.Column("search", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"], ["member.tenant_id", "member.id"], name="fk_lead_tenant_id_owner_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["account.tenant_id", "account.id"], name="fk_lead_tenant_id_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"], ["contact.tenant_id", "contact.id"], name="fk_lead_tenant_id_contact_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"],
            ["opportunity.tenant_id", "opportunity.id"],
            name="fk_lead_tenant_id_opportunity_id",
        ),
        sa.UniqueConstraint("tenant_id", "opportunity_id", name="uq_lead_tenant_id_opportunity_id"),
        sa.CheckConstraint("outcome IN ('OPEN', 'CONVERTED', 'DISQUALIFIED')", name="ck_lead_outcome_known"),
        sa.CheckConstraint("(owner_id IS NULL) = (assigned_at IS NULL)", name="ck_lead_assigned_at_a_moment"),
        sa.CheckConstraint(
            "(outcome = 'DISQUALIFIED') = (disqualify_reason IS NOT NULL)", name="ck_lead_disqualified_for_a_reason"
        ),
        sa.CheckConstraint(
            "(outcome = 'CONVERTED') = (converted_at IS NOT NULL)", name="ck_lead_converted_at_a_moment"
        ),
        sa.CheckConstraint(
            "(outcome = 'CONVERTED') = (opportunity_id IS NOT NULL)", name="ck_lead_converted_to_an_opportunity"
        ),
        sa.CheckConstraint("(outcome = 'CONVERTED') = (contact_id IS NOT NULL)", name="ck_lead_converted_to_a_contact"),
        sa.CheckConstraint("account_id IS NULL OR outcome = 'CONVERTED'", name="ck_lead_converted_to_an_account"),
        sa.CheckConstraint("(first_touch_at IS NULL) = (source IS NULL)", name="ck_lead_first_touch_whole"),
        sa.CheckConstraint("(last_touch_at IS NULL) = (last_source IS NULL)", name="ck_lead_last_touch_whole"),
    )
    op.create_index("ix_lead_name_sort", "lead", ["tenant_id", "name_sort", "id"])
    op.create_index("ix_lead_outcome", "lead", ["tenant_id", "outcome", "id"])
    op.create_index("ix_lead_owner", "lead", ["tenant_id", "owner_id"])
    op.create_index("ix_lead_source", "lead", ["tenant_id", "source_key"])
    op.create_index("ix_lead_email_key", "lead", ["tenant_id", "email_key"])
    ddl.searchable("lead")
    ddl.protect("lead")

    op.create_table(
        "lead_touch",
        *ddl.key("lead_touch"),
        sa.Column("lead_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("campaign", sa.Text),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lead_id"], ["lead.tenant_id", "lead.id"], name="fk_lead_touch_tenant_id_lead_id"
        ),
        sa.CheckConstraint(
            "channel IN ('WEB', 'EMAIL', 'PHONE', 'SOCIAL', 'EVENT', 'REFERRAL', 'ADVERTISEMENT', 'OTHER')",
            name="ck_lead_touch_channel_known",
        ),
    )
    op.create_index("ix_lead_touch_lead", "lead_touch", ["tenant_id", "lead_id", "occurred_at", "id"])
    ddl.protect("lead_touch", writes="INSERT")
