"""Writes of reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import select

from services.kit.calendar import Calendar
from services.kit.due import Queue, schedule
from services.kit.errors import NOT_FOUND, AppError, Forbidden, Invalid, Locale, NotFound
from services.kit.files import FileStore, keep
from services.kit.ids import new_id
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, ReadSession, WriteSession
from services.reports import rules
from services.reports.models import ReportFile, ReportFormat, ReportKind, ReportRun, ReportState
from services.reports.queries import sales_performance
from services.reports.render import MEDIA_TYPES, Document
from services.tenants.access.queries import acting_member

DUE: Final = "report.render"
# Whoever reads Persian counts in Jalali quarters unless they ask otherwise.
CALENDARS: Final[dict[Locale, Calendar]] = {"fa": Calendar.JALALI, "en": Calendar.GREGORIAN}


async def request_report(
    session: WriteSession,
    caller: Caller,
    *,
    kind: ReportKind,
    first_day: date,
    last_day: date,
    formats: Sequence[ReportFormat],
    locale: Locale | None,
    calendar: Calendar | None,
    at: datetime,
) -> ReportRun:
    """This will have a worker render a report of a period, in the caller's language unless another is named."""
    caller.require(Permission.REPORT_READ)
    rules.refuse_period(first_day, last_day, path=("input", "from"))
    wanted = list(dict.fromkeys(formats))
    if not wanted:
        raise Invalid(rules.NO_FORMAT, path=("input", "formats"))
    spoken = locale or caller.locale
    run = ReportRun(
        kind=kind,
        state=ReportState.QUEUED,
        first_day=first_day,
        last_day=last_day,
        calendar=calendar or CALENDARS[spoken],
        locale=spoken,
        requested_by=caller.member,
        files_total=len(wanted),
        files_done=0,
    )
    session.add(run)
    await session.flush()
    for format in wanted:
        name = f"{kind.lower().replace('_', '-')}-{first_day}-{last_day}.{format.lower()}"
        session.add(ReportFile(run_id=run.id, format=format, file_id=new_id(), name=name))
    schedule(session, kind=DUE, subject_id=run.id, due_at=at, queue=Queue.REPORTS)
    return run


@dataclass(frozen=True, slots=True)
class Task:
    """This will be a report in a worker's hands: who acts, and which formats are still to be written."""

    run_id: UUID
    caller: Caller
    missing: tuple[ReportFormat, ...]


async def take_up(session: ReadSession, *, run_id: UUID, request_id: str) -> Task | None:
    """This will tell what of a report is still to be done, None when it has ended.

    Raises an expected failure when the member may act no more.
    """
    run = await session.scalar(select(ReportRun).where(ReportRun.id == run_id))
    if run is None or run.finished_at is not None:
        return None
    caller = await acting_member(session, member_id=run.requested_by, request_id=request_id, channel="WORKER")
    if caller is None:
        raise Forbidden(rules.NOBODY_ACTS)
    files = select(ReportFile.format).where(ReportFile.run_id == run_id, ReportFile.size.is_(None))
    formats = (await session.scalars(files.order_by(ReportFile.format))).all()
    return Task(run_id, caller, tuple(ReportFormat(format) for format in formats))


async def reckon(session: WriteSession, caller: Caller, *, run_id: UUID, at: datetime) -> Document:
    """This will work out the figures of a report once, keep them, and give what all its files are made of."""
    caller.require(Permission.REPORT_READ)
    run = await _locked(session, run_id)
    if run.figures is None or run.started_at is None:
        performance = await sales_performance(
            session, caller, first_day=run.first_day, last_day=run.last_day, calendar=Calendar(run.calendar)
        )
        run.figures, run.state, run.started_at = performance.to_json(), ReportState.RUNNING, at
    return Document(run.figures, cast(Locale, run.locale), run.started_at)


async def keep_file(
    session: WriteSession,
    caller: Caller,
    store: FileStore,
    *,
    run_id: UUID,
    format: ReportFormat,
    content: bytes,
    at: datetime,
) -> None:
    """This will keep one file of a report; the last one completes it."""
    run = await _locked(session, run_id)
    file = await session.scalar(
        select(ReportFile).where(ReportFile.run_id == run_id, ReportFile.format == format).with_for_update()
    )
    if file is None or file.size is not None:
        raise NotFound(NOT_FOUND)
    await keep(
        session,
        store,
        caller,
        id=file.file_id,
        name=file.name,
        media_type=MEDIA_TYPES[format],
        content=content,
        at=at,
    )
    file.size = len(content)
    run.files_done += 1
    if run.files_done == run.files_total:
        run.state, run.finished_at = ReportState.COMPLETED, at


async def end_in_failure(session: WriteSession, *, run_id: UUID, error: AppError, at: datetime) -> None:
    """This will end a report that cannot be made, and keep the reason in both languages."""
    run = await _locked(session, run_id)
    if run.finished_at is None:
        run.state, run.finished_at = ReportState.FAILED, at
        run.failure_en, run.failure_fa = error.text("en"), error.text("fa")


async def _locked(session: WriteSession, run_id: UUID) -> ReportRun:
    run: Any = await session.scalar(select(ReportRun).where(ReportRun.id == run_id).with_for_update())
    if run is None:
        raise NotFound(NOT_FOUND)
    return cast(ReportRun, run)
