"""Products and opportunities."""

import sqlalchemy as sa
from alembic import op

from services.kit import ddl

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
# What may change of an opportunity; what it is and where it came from never does.
CHANGING = (
    "version, updated_at, name, name_sort, account_id, contact_id, product_id, owner_id, amount_minor, currency, "
    "process_version_id, stage_id, status, stage_entered_at, opened_on, expected_close_on, closed_on, close_reason, "
    "external_checksum, search"
)


def upgrade() -> None:
    op.create_table(
        "product",
        *ddl.key("product"),
        *ddl.record(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("name_sort", sa.Text(collation="C"), nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("series", sa.Text),
        sa.Column("price_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.UniqueConstraint("tenant_id", "name_key", name="uq_product_tenant_id_name_key"),
        sa.CheckConstraint("(price_minor IS NULL) = (currency IS NULL)", name="ck_product_price_has_currency"),
        sa.CheckConstraint("price_minor >= 0", name="ck_product_price_not_negative"),
    )
    op.create_index("ix_product_name_sort", "product", ["tenant_id", "name_sort", "id"])
    ddl.searchable("product")
    ddl.protect("product", writes="INSERT, UPDATE")
    op.create_table(
        "opportunity",
        *ddl.key("opportunity"),
        *ddl.record(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_sort", sa.Text(collation="C"), nullable=False),
        sa.Column("account_id", sa.Uuid),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("product_id", sa.Uuid),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("process_version_id", sa.Uuid, nullable=False),
        sa.Column("stage_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("stage_entered_at", MOMENT, nullable=False),
        sa.Column("opened_on", sa.Date),
        sa.Column("expected_close_on", sa.Date),
        sa.Column("closed_on", sa.Date),
        sa.Column("close_reason", sa.Text),
        sa.Column("external_source", sa.Text),
        sa.Column("external_id", sa.Text),
        sa.Column("external_checksum", sa.Text),
        sa.Column("search", sa.Text, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["tenant_id", column],
                [f"{table}.tenant_id", f"{table}.id"],
                name=f"fk_opportunity_tenant_id_{column}",
            )
            for column, table in (
                ("account_id", "account"),
                ("contact_id", "contact"),
                ("product_id", "product"),
                ("owner_id", "member"),
            )
        ),
        # The stage is that of the process instance, which is that of its open visit: checked at commit.
        sa.ForeignKeyConstraint(
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
        sa.ForeignKeyConstraint(
            ["tenant_id", "process_version_id", "stage_id", "status"],
            ["stage.tenant_id", "stage.version_id", "stage.id", "stage.kind"],
            name="fk_opportunity_status",
        ),
        sa.UniqueConstraint("tenant_id", "external_source", "external_id", name="uq_opportunity_external_id"),
        sa.CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="ck_opportunity_external_whole"),
        sa.CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="ck_opportunity_amount_has_currency"),
        sa.CheckConstraint("amount_minor >= 0", name="ck_opportunity_amount_not_negative"),
        sa.CheckConstraint(
            "(status IN ('WON', 'LOST')) = (closed_on IS NOT NULL)", name="ck_opportunity_closed_has_a_day"
        ),
        sa.CheckConstraint("status IN ('OPEN', 'WON', 'LOST', 'PARKED')", name="ck_opportunity_status_known"),
    )
    op.create_index("ix_opportunity_stage", "opportunity", ["tenant_id", "stage_id", "stage_entered_at", "id"])
    op.create_index("ix_opportunity_owner", "opportunity", ["tenant_id", "owner_id"])
    op.create_index("ix_opportunity_account", "opportunity", ["tenant_id", "account_id"])
    op.create_index("ix_opportunity_closed", "opportunity", ["tenant_id", "closed_on"])
    op.create_index("ix_opportunity_name_sort", "opportunity", ["tenant_id", "name_sort", "id"])
    ddl.searchable("opportunity")
    ddl.protect("opportunity", writes=f"INSERT, UPDATE ({CHANGING})")
