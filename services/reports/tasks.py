"""What a worker does for reports."""

import asyncio
from datetime import datetime
from uuid import UUID

from services.kit import files
from services.kit.due import Work, gives_up, handles
from services.kit.errors import AppError
from services.kit.tenancy import Caller, WriteSession, read
from services.reports import rules, service
from services.reports.render import rendered


@handles(service.DUE)
async def render(work: Work) -> None:
    """This will write a report file by file; an attempt that was cut off goes on with the files that are missing."""
    try:
        async with read(work.database, work.caller) as session:
            task = await service.take_up(session, run_id=work.subject_id, request_id=work.caller.request_id)
        if task is None:
            async with work.done():
                return
        acting = work.acting(task.caller)
        async with acting.step() as (writing, at):
            document = await service.reckon(writing, task.caller, run_id=task.run_id, at=at)
        for format in task.missing:
            content = await asyncio.to_thread(rendered, document, format)
            last = format is task.missing[-1]
            async with acting.done() if last else acting.step() as (writing, at):
                await service.keep_file(
                    writing, task.caller, files.store(), run_id=task.run_id, format=format, content=content, at=at
                )
    except AppError as error:
        async with work.done() as (writing, at):
            await service.end_in_failure(writing, run_id=work.subject_id, error=error, at=at)


@gives_up(service.DUE)
async def given_up(session: WriteSession, _caller: Caller, run_id: UUID, _reason: str, at: datetime) -> None:
    """This will let whoever asked for the report see that it cannot be had."""
    await service.end_in_failure(session, run_id=run_id, error=AppError(rules.STOPPED), at=at)
