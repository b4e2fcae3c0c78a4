"""The tables of reports."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Index, Integer, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.calendar import Calendar
from services.kit.db import RecordTable, one_of, tenant_fk


class ReportKind(StrEnum):
    """This will name what a report tells."""

    SALES_PERFORMANCE = "SALES_PERFORMANCE"


class ReportState(StrEnum):
    """This will say how far a report has come."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class ReportFormat(StrEnum):
    """This will name what a report is written as."""

    XLSX = "XLSX"
    JSON = "JSON"


class ReportRun(RecordTable):
    """This will be one report that someone asked for, over the days from ``first_day`` to ``last_day``, both in.

    ``figures`` are kept before the first file is written, so that all files of a run tell the same.
    """

    __tablename__ = "report_run"
    __table_args__ = (
        tenant_fk("requested_by", "member"),
        Index("ix_report_run_requested_by", "tenant_id", "requested_by"),
        CheckConstraint("(state IN ('COMPLETED', 'FAILED')) = (finished_at IS NOT NULL)", name="finished_is_known"),
        CheckConstraint("(state = 'FAILED') = (failure_en IS NOT NULL)", name="failed_for_a_reason"),
        CheckConstraint("(failure_en IS NULL) = (failure_fa IS NULL)", name="reason_in_both_languages"),
        CheckConstraint("files_done BETWEEN 0 AND files_total", name="no_more_than_all"),
        CheckConstraint("first_day <= last_day", name="days_in_order"),
        one_of("kind", ReportKind),
        one_of("state", ReportState),
        one_of("calendar", Calendar),
        one_of("locale", ("fa", "en")),
        {"info": {"kind": "tenant"}},
    )

    kind: Mapped[str]
    state: Mapped[str]
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    calendar: Mapped[str]
    locale: Mapped[str]
    requested_by: Mapped[UUID]
    files_total: Mapped[int] = mapped_column(Integer)
    files_done: Mapped[int] = mapped_column(Integer)
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    failure_en: Mapped[str | None]
    failure_fa: Mapped[str | None]


class ReportFile(RecordTable):
    """This will be one file of a report; ``file_id`` is fixed before it is written, ``size`` is null until then."""

    __tablename__ = "report_file"
    __table_args__ = (
        tenant_fk("run_id", "report_run"),
        UniqueConstraint("tenant_id", "run_id", "format"),
        CheckConstraint("size > 0", name="size_counts"),
        one_of("format", ReportFormat),
        {"info": {"kind": "tenant"}},
    )

    run_id: Mapped[UUID]
    format: Mapped[str]
    file_id: Mapped[UUID]
    name: Mapped[str]
    size: Mapped[int | None]
