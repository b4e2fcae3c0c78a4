"""Writes of imports."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from services.imports import queries, rules
from services.imports.accounts import ACCOUNTS
from services.imports.kinds import Kind, Outcome
from services.imports.mapping import Field, Mapping, Row, fit
from services.imports.members import MEMBERS
from services.imports.models import ImportIssue, ImportKind, ImportRun, ImportState, Severity
from services.imports.opportunities import OPPORTUNITIES
from services.imports.plan import Plan, plan
from services.imports.products import PRODUCTS
from services.imports.sheets import (
    EMPTY_FILE,
    UNKNOWN_SHEET,
    WRONG_ENCODING,
    Delimiter,
    Encoding,
    Layout,
    Table,
    read_table,
)
from services.kit.db import expected_failure, on_violation
from services.kit.due import Queue, schedule
from services.kit.errors import NOT_FOUND, AppError, Forbidden, Invalid, NotFound, Path
from services.kit.files import FileStore, StoredFile, expect_file, stored
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, ReadSession, WriteSession
from services.tenants.access.queries import acting_member
from services.tenants.workspaces.queries import current
from services.tenants.workspaces.rules import refuse_read_only

DUE: Final = "import.run"
PREVIEWED: Final = 20
PART = 500  # rows that are committed together

KINDS: Final[dict[ImportKind, Kind]] = {
    ImportKind.ACCOUNTS: ACCOUNTS,
    ImportKind.PRODUCTS: PRODUCTS,
    ImportKind.MEMBERS: MEMBERS,
    ImportKind.OPPORTUNITIES: OPPORTUNITIES,
}

on_violation("uq_import_run_unfinished", rules.another_runs)


def announce_upload(
    session: WriteSession, caller: Caller, *, name: str, media_type: str, size: int, limit: int, at: datetime
) -> StoredFile:
    """This will announce a file to import; its bytes follow over a signed link."""
    caller.require(Permission.IMPORT_RUN)
    return expect_file(session, caller, name=name, media_type=media_type, size=size, limit=limit, at=at)


async def fields_of(session: ReadSession, caller: Caller, kind: ImportKind) -> Sequence[Field]:
    """This will give the fields that the columns of a file can be mapped to."""
    caller.require(Permission.IMPORT_RUN)
    return await KINDS[kind].fields(session)


async def uploaded(session: ReadSession, caller: Caller, upload_id: UUID, *, path: Path) -> StoredFile:
    """This will give an upload whose bytes have arrived."""
    caller.require(Permission.IMPORT_RUN)
    return await stored(session, upload_id, path=path)


async def prepare(session: ReadSession, caller: Caller, *, upload_id: UUID, kind: ImportKind) -> StoredFile:
    """This will give the upload to import, if the caller may import it now."""
    _require(caller, KINDS[kind])
    if await queries.unfinished(session):
        raise rules.another_runs()
    return await uploaded(session, caller, upload_id, path=("input", "uploadId"))


async def read_upload(
    files: FileStore, file: StoredFile, layout: Layout, *, inside: Path = (), first: int | None = None
) -> Table:
    """This will read an upload, or its ``first`` rows; ``inside`` is where the input that it is asked for with stands.

    It takes no session, because it may take longer than a transaction is allowed to wait.
    """
    workbook = file.name.lower().endswith((".xlsx", ".xlsm"))
    content = await files.get(file.tenant_id, file.id)
    try:
        return await asyncio.to_thread(read_table, content, layout, workbook=workbook, first=first)
    except Invalid as error:
        error.path = (*inside, BLAMED.get(error.message.key, "uploadId"))
        raise


BLAMED: Final = {WRONG_ENCODING.key: "encoding", UNKNOWN_SHEET.key: "sheet"}


async def start_import(
    session: WriteSession,
    caller: Caller,
    *,
    file_id: UUID,
    table: Table,
    kind: ImportKind,
    mapping: Mapping,
    layout: Layout,
    dry_run: bool,
    at: datetime,
) -> ImportRun:
    """This will begin to import a file that was read, if the mapping fits it and no other import is going on.

    A worker does the rest; ``dry_run`` has it find out everything and keep nothing.
    """
    _require(caller, KINDS[kind])
    if not table.rows:
        raise Invalid(EMPTY_FILE, path=("input", "uploadId"))
    fit(mapping, await KINDS[kind].fields(session), table)
    run = ImportRun(
        file_id=file_id,
        kind=kind,
        state=ImportState.QUEUED,
        dry_run=dry_run,
        options={"mapping": mapping.to_json(), "layout": _layout_to_json(layout)},
        requested_by=caller.member,
        position=0,
        rows_total=len(table.rows),
        rows_done=0,
        created=0,
        updated=0,
        unchanged=0,
        failed=0,
        warnings=0,
    )
    session.add(run)
    await session.flush()
    schedule(session, kind=DUE, subject_id=run.id, due_at=at, queue=Queue.BULK)
    return run


def _require(caller: Caller, kind: Kind) -> None:
    for permission in (Permission.IMPORT_RUN, *kind.permissions):
        caller.require(permission)


def _layout_to_json(layout: Layout) -> dict[str, Any]:
    return {"encoding": layout.encoding, "delimiter": layout.delimiter, "sheet": layout.sheet}


def _layout_from_json(written: dict[str, Any]) -> Layout:
    encoding, delimiter = written["encoding"], written["delimiter"]
    return Layout(
        encoding=None if encoding is None else Encoding(encoding),
        delimiter=None if delimiter is None else Delimiter(delimiter),
        sheet=written["sheet"],
    )


@dataclass(frozen=True, slots=True)
class Assignment:
    """This will be an import that a worker has taken up: who acts, and everything it takes to read the file."""

    run_id: UUID
    caller: Caller
    kind: Kind
    fields: Sequence[Field]
    file: StoredFile
    mapping: Mapping
    layout: Layout
    next_part: int
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Task:
    """This will be an import whose file is read: what is to be stored, and which part is next."""

    run_id: UUID
    caller: Caller
    kind: Kind
    plan: Plan
    next_part: int
    dry_run: bool

    @property
    def last_part(self) -> int:
        """This will tell the number of the part that ends the import."""
        return len(self.plan.parts) - 1


async def take_up(session: ReadSession, *, run_id: UUID, request_id: str, at: datetime) -> Assignment | None:
    """This will find out what an import needs; None when it has ended.

    Raises an expected failure when it cannot go on: the member may act no more, or the workspace reads only.
    """
    run = await session.scalar(select(ImportRun).where(ImportRun.id == run_id))
    if run is None or run.finished_at is not None:
        return None
    kind = KINDS[ImportKind(run.kind)]
    caller = await acting_member(session, member_id=run.requested_by, request_id=request_id, channel="IMPORT")
    if caller is None:
        raise Forbidden(rules.NOBODY_ACTS)
    _require(caller, kind)
    workspace = await current(session)
    refuse_read_only(workspace.state, workspace.trial_ends_at, at)
    return Assignment(
        run_id=run.id,
        caller=caller,
        kind=kind,
        fields=await kind.fields(session),
        file=await stored(session, run.file_id),
        mapping=Mapping.from_json(run.options["mapping"]),
        layout=_layout_from_json(run.options["layout"]),
        next_part=run.position,
        dry_run=run.dry_run,
    )


async def lay_out(files: FileStore, assignment: Assignment) -> Task:
    """This will read the file of an import and plan its parts; outside of any transaction, for it may take long."""
    table = await read_upload(files, assignment.file, assignment.layout)
    reading = fit(assignment.mapping, assignment.fields, table)
    parts = await asyncio.to_thread(plan, reading, assignment.kind.shape, table, size=PART)
    return Task(assignment.run_id, assignment.caller, assignment.kind, parts, assignment.next_part, assignment.dry_run)


async def import_part(session: WriteSession, caller: Caller, task: Task, *, part: int, at: datetime) -> None:
    """This will store one part of an import, with what was found and how far it has come, in one transaction."""
    _require(caller, task.kind)
    rows = task.plan.parts[part]
    if task.dry_run:
        nested = await session.begin_nested()
        await _store(session, caller, task.kind, task.plan.before(part), at)
        done = await _store_right(session, caller, task.kind, rows, at)
        await nested.rollback()
    else:
        done = await _store_right(session, caller, task.kind, rows, at)
    run = await _locked(session, task.run_id)
    run.state = ImportState.RUNNING
    run.started_at = run.started_at or at
    run.position = part + 1
    counted = [outcome for row, outcome in zip(rows, done, strict=True) if not row.implied]
    run.rows_done += len(counted)
    run.created += counted.count(Outcome.CREATED)
    run.updated += counted.count(Outcome.UPDATED)
    run.unchanged += counted.count(Outcome.UNCHANGED)
    run.failed += counted.count(None)
    issues = sorted((issue for row in rows for issue in row.told()), key=lambda issue: issue.row)
    run.warnings += sum(issue.severity is Severity.WARNING for issue in issues)
    session.add_all(
        ImportIssue(
            run_id=run.id,
            row_number=issue.row,
            column_name=issue.column,
            value=issue.value,
            severity=issue.severity,
            reason_en=issue.reason_en,
            reason_fa=issue.reason_fa,
        )
        for issue in issues
    )
    if part == task.last_part:
        run.state, run.finished_at = ImportState.COMPLETED, at
    await session.flush()


async def _store_right(
    session: WriteSession, caller: Caller, kind: Kind, rows: Sequence[Row], at: datetime
) -> list[Outcome | None]:
    """Stores the rows that are right, and answers for all of them."""
    right = [place for place, row in enumerate(rows) if not row.wrong]
    done = dict(zip(right, await _store(session, caller, kind, [rows[place] for place in right], at), strict=True))
    return [done.get(place) for place in range(len(rows))]


async def _store(
    session: WriteSession, caller: Caller, kind: Kind, rows: Sequence[Row], at: datetime
) -> list[Outcome | None]:
    """Stores rows together; when a room refuses them, halves them until the one that is refused stands alone."""
    if not rows:
        return []
    known = [len(row.issues) for row in rows]
    try:
        async with session.begin_nested():
            return await kind.store(session, caller, rows, at)
    except (AppError, DBAPIError) as error:
        failure = error if isinstance(error, AppError) else expected_failure(error)
        if failure is None:
            raise
    for row, count in zip(rows, known, strict=True):
        del row.issues[count:]
    if len(rows) == 1:
        rows[0].refuse(failure)
        return [None]
    middle = len(rows) // 2
    return [
        *await _store(session, caller, kind, rows[:middle], at),
        *await _store(session, caller, kind, rows[middle:], at),
    ]


async def end_in_failure(session: WriteSession, *, run_id: UUID, error: AppError, at: datetime) -> None:
    """This will end an import that cannot go on, and keep the reason in both languages."""
    run = await _locked(session, run_id)
    if run.finished_at is None:
        run.state, run.finished_at = ImportState.FAILED, at
        run.failure_en, run.failure_fa = error.text("en"), error.text("fa")


async def give_up(session: WriteSession, *, run_id: UUID, at: datetime) -> None:
    """This will end an import whose worker failed again and again."""
    run = await _locked(session, run_id)
    stopped = AppError(rules.STOPPED, done=run.rows_done, total=run.rows_total)
    await end_in_failure(session, run_id=run_id, error=stopped, at=at)


async def _locked(session: WriteSession, run_id: UUID) -> ImportRun:
    run = await session.scalar(select(ImportRun).where(ImportRun.id == run_id).with_for_update())
    if run is None:
        raise NotFound(NOT_FOUND)
    return run
