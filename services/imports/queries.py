"""Reads of imports."""

from uuid import UUID

from sqlalchemy import select

from services.imports.models import ImportIssue, ImportRun
from services.imports.rules import Progress, Totals
from services.kit.errors import Locale
from services.kit.paging import Key
from services.kit.permissions import Permission
from services.kit.reads import Made, Many, One, ReadModel, read_model
from services.kit.tenancy import ReadSession


def _worded(locale: Locale, fa: str | None, en: str | None) -> str | None:
    return fa if locale == "fa" else en


import_run = read_model(
    ReadModel(
        name="import_run",
        table=ImportRun,
        permission=Permission.IMPORT_RUN,
        fields={
            "failure": Made(_worded, of=(ImportRun.failure_fa, ImportRun.failure_en)),
            "requested_at": ImportRun.created_at,
            "progress": Made(
                lambda _locale, total, done: Progress(total, done), of=(ImportRun.rows_total, ImportRun.rows_done)
            ),
            "totals": Made(
                lambda _locale, *counts: Totals(*counts),
                of=(ImportRun.created, ImportRun.updated, ImportRun.unchanged, ImportRun.failed, ImportRun.warnings),
            ),
        },
        links={
            "requested_by": One("member", ImportRun.requested_by),
            "errors": Many("import_issue", ImportIssue.run_id, order="ROW"),
        },
        filters={
            "kind": lambda kinds: ImportRun.kind.in_(kinds),
            "state": lambda states: ImportRun.state.in_(states),
        },
    )
)

import_issue = read_model(
    ReadModel(
        name="import_issue",
        table=ImportIssue,
        permission=Permission.IMPORT_RUN,
        fields={
            "row": ImportIssue.row_number,
            "column": ImportIssue.column_name,
            "reason": Made(_worded, of=(ImportIssue.reason_fa, ImportIssue.reason_en)),
        },
        filters={"severity": lambda severity: ImportIssue.severity == severity},
        orders={"ROW": (Key(ImportIssue.row_number),)},
        default_order="ROW",
    )
)


async def unfinished(session: ReadSession) -> UUID | None:
    """This will give the import that has not ended yet, if the workspace has one."""
    found = select(ImportRun.id).where(ImportRun.state.in_(("QUEUED", "RUNNING")))
    return await session.scalar(found)
