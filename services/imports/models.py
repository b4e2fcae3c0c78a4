"""The tables of imports."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import RecordTable, TenantTable, one_of, tenant_fk


class ImportKind(StrEnum):
    """This will name what the rows of a file are."""

    ACCOUNTS = "ACCOUNTS"
    PRODUCTS = "PRODUCTS"
    MEMBERS = "MEMBERS"
    OPPORTUNITIES = "OPPORTUNITIES"


class ImportState(StrEnum):
    """This will say how far an import has come."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class Severity(StrEnum):
    """This will say whether a row was left out (ERROR) or imported all the same (WARNING)."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class ImportRun(RecordTable):
    """This will be one import of one file; ``position`` is the number of parts that are done, where the next begins."""

    __tablename__ = "import_run"
    __table_args__ = (
        tenant_fk("file_id", "stored_file"),
        tenant_fk("requested_by", "member"),
        Index(
            "uq_import_run_unfinished",
            "tenant_id",
            unique=True,
            postgresql_where=text("state IN ('QUEUED', 'RUNNING')"),
        ),
        Index("ix_import_run_file", "tenant_id", "file_id"),
        CheckConstraint("(state IN ('COMPLETED', 'FAILED')) = (finished_at IS NOT NULL)", name="finished_is_known"),
        CheckConstraint("(state = 'FAILED') = (failure_en IS NOT NULL)", name="failed_for_a_reason"),
        CheckConstraint("(failure_en IS NULL) = (failure_fa IS NULL)", name="reason_in_both_languages"),
        CheckConstraint("created + updated + unchanged + failed = rows_done", name="every_row_is_counted"),
        CheckConstraint("rows_done <= rows_total", name="no_more_than_all"),
        one_of("kind", ImportKind),
        one_of("state", ImportState),
        {"info": {"kind": "tenant"}},
    )

    file_id: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str]
    dry_run: Mapped[bool]
    options: Mapped[dict[str, Any]]
    requested_by: Mapped[UUID]
    position: Mapped[int] = mapped_column(Integer)
    rows_total: Mapped[int] = mapped_column(Integer)
    rows_done: Mapped[int] = mapped_column(Integer)
    created: Mapped[int] = mapped_column(Integer)
    updated: Mapped[int] = mapped_column(Integer)
    unchanged: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    warnings: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    failure_en: Mapped[str | None]
    failure_fa: Mapped[str | None]


class ImportIssue(TenantTable):
    """This will be what was found wrong with one row of a file; ``row_number`` is the number a spreadsheet shows."""

    __tablename__ = "import_issue"
    __table_args__ = (
        tenant_fk("run_id", "import_run"),
        Index("ix_import_issue_run", "tenant_id", "run_id", "row_number", "id"),
        one_of("severity", Severity),
        {"info": {"kind": "tenant"}},
    )

    run_id: Mapped[UUID]
    row_number: Mapped[int] = mapped_column(Integer)
    column_name: Mapped[str | None]
    value: Mapped[str | None]
    severity: Mapped[str]
    reason_en: Mapped[str]
    reason_fa: Mapped[str]
