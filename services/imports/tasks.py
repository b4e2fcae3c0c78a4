"""What a worker does for imports."""

from datetime import datetime
from uuid import UUID

from services.imports import service
from services.kit import files
from services.kit.due import Work, gives_up, handles
from services.kit.errors import AppError, Conflict
from services.kit.tenancy import Caller, WriteSession, read


@handles(service.DUE)
async def carry_out(work: Work) -> None:
    """This will import a file part by part; an attempt that was cut off goes on where the last part was committed."""
    try:
        async with read(work.database, work.caller) as session:
            assignment = await service.take_up(
                session, run_id=work.subject_id, request_id=work.caller.request_id, at=work.database.clock()
            )
        if assignment is None:
            async with work.done():
                return
        task = await service.lay_out(files.store(), assignment)
        acting = work.acting(task.caller)
        for part in range(task.next_part, task.last_part):
            async with acting.step() as (writing, at):
                await service.import_part(writing, task.caller, task, part=part, at=at)
        async with acting.done() as (writing, at):
            await service.import_part(writing, task.caller, task, part=task.last_part, at=at)
    except Conflict:
        raise  # someone changed the same records just now; the next attempt sees what they are now
    except AppError as error:
        async with work.done() as (writing, at):
            await service.end_in_failure(writing, run_id=work.subject_id, error=error, at=at)


@gives_up(service.DUE)
async def given_up(session: WriteSession, _caller: Caller, run_id: UUID, _reason: str, at: datetime) -> None:
    """This will let whoever started the import see that it stopped."""
    await service.give_up(session, run_id=run_id, at=at)
