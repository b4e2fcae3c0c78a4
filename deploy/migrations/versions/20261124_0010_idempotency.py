"""Idempotency keys of mutations."""

import sqlalchemy as sa
from alembic import op

from services.kit import ddl

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        *ddl.key("idempotency_key"),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("claim", sa.Uuid, nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text),
        sa.UniqueConstraint("tenant_id", "member_id", "key", name="uq_idempotency_key_tenant_id_member_id_key"),
        sa.CheckConstraint("state IN ('CLAIMED', 'CARRIED_OUT', 'ANSWERED')", name="ck_idempotency_key_state_known"),
    )
    ddl.protect("idempotency_key")
