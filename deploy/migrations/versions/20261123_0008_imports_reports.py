"""Imports and reports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.kit import ddl

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_run",
        *ddl.key("import_run"),
        *ddl.record(),
        sa.Column("file_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("options", JSONB, nullable=False),
        sa.Column("requested_by", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("rows_total", sa.Integer, nullable=False),
        sa.Column("rows_done", sa.Integer, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("warnings", sa.Integer, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("failure_en", sa.Text),
        sa.Column("failure_fa", sa.Text),
        sa.ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["stored_file.tenant_id", "stored_file.id"],
            name="fk_import_run_tenant_id_file_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "requested_by"],
            ["member.tenant_id", "member.id"],
            name="fk_import_run_tenant_id_requested_by",
        ),
        sa.CheckConstraint(
            "(state IN ('COMPLETED', 'FAILED')) = (finished_at IS NOT NULL)", name="ck_import_run_finished_is_known"
        ),
        sa.CheckConstraint("(state = 'FAILED') = (failure_en IS NOT NULL)", name="ck_import_run_failed_for_a_reason"),
        sa.CheckConstraint(
            "(failure_en IS NULL) = (failure_fa IS NULL)", name="ck_import_run_reason_in_both_languages"
        ),
        sa.CheckConstraint(
            "created + updated + unchanged + failed = rows_done", name="ck_import_run_every_row_is_counted"
        ),
        sa.CheckConstraint("rows_done <= rows_total", name="ck_import_run_no_more_than_all"),
        sa.CheckConstraint(
            "kind IN ('ACCOUNTS', 'PRODUCTS', 'MEMBERS', 'OPPORTUNITIES')", name="ck_import_run_kind_known"
        ),
        sa.CheckConstraint("state IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED')", name="ck_import_run_state_known"),
    )
    op.create_index(
        "uq_import_run_unfinished",
        "import_run",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('QUEUED', 'RUNNING')"),
    )
    op.create_index("ix_import_run_file", "import_run", ["tenant_id", "file_id"])
    ddl.protect("import_run", writes="INSERT, UPDATE")
    op.create_table(
        "import_issue",
        *ddl.key("import_issue"),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.Column("column_name", sa.Text),
        sa.Column("value", sa.Text),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("reason_en", sa.Text, nullable=False),
        sa.Column("reason_fa", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["import_run.tenant_id", "import_run.id"],
            name="fk_import_issue_tenant_id_run_id",
        ),
        sa.CheckConstraint("severity IN ('ERROR', 'WARNING')", name="ck_import_issue_severity_known"),
    )
    op.create_index("ix_import_issue_run", "import_issue", ["tenant_id", "run_id", "row_number", "id"])
    ddl.protect("import_issue", writes="INSERT")
    op.create_table(
        "report_run",
        *ddl.key("report_run"),
        *ddl.record(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("calendar", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Uuid, nullable=False),
        sa.Column("files_total", sa.Integer, nullable=False),
        sa.Column("files_done", sa.Integer, nullable=False),
        sa.Column("figures", JSONB),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("failure_en", sa.Text),
        sa.Column("failure_fa", sa.Text),
        sa.ForeignKeyConstraint(
            ["tenant_id", "requested_by"],
            ["member.tenant_id", "member.id"],
            name="fk_report_run_tenant_id_requested_by",
        ),
        sa.CheckConstraint(
            "(state IN ('COMPLETED', 'FAILED')) = (finished_at IS NOT NULL)", name="ck_report_run_finished_is_known"
        ),
        sa.CheckConstraint("(state = 'FAILED') = (failure_en IS NOT NULL)", name="ck_report_run_failed_for_a_reason"),
        sa.CheckConstraint(
            "(failure_en IS NULL) = (failure_fa IS NULL)", name="ck_report_run_reason_in_both_languages"
        ),
        sa.CheckConstraint("files_done BETWEEN 0 AND files_total", name="ck_report_run_no_more_than_all"),
        sa.CheckConstraint("first_day <= last_day", name="ck_report_run_days_in_order"),
        sa.CheckConstraint("kind IN ('SALES_PERFORMANCE')", name="ck_report_run_kind_known"),
        sa.CheckConstraint("state IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED')", name="ck_report_run_state_known"),
        sa.CheckConstraint("calendar IN ('GREGORIAN', 'JALALI')", name="ck_report_run_calendar_known"),
        sa.CheckConstraint("locale IN ('fa', 'en')", name="ck_report_run_locale_known"),
    )
    op.create_index("ix_report_run_requested_by", "report_run", ["tenant_id", "requested_by"])
    ddl.protect("report_run", writes="INSERT, UPDATE")
    op.create_table(
        "report_file",
        *ddl.key("report_file"),
        *ddl.record(),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("file_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["report_run.tenant_id", "report_run.id"], name="fk_report_file_tenant_id_run_id"
        ),
        sa.UniqueConstraint("tenant_id", "run_id", "format", name="uq_report_file_tenant_id_run_id_format"),
        sa.CheckConstraint("format IN ('XLSX', 'JSON')", name="ck_report_file_format_known"),
        sa.CheckConstraint("size > 0", name="ck_report_file_size_counts"),
    )
    ddl.protect("report_file", writes="INSERT, UPDATE")
