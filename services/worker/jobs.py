"""One job in a worker: begin, do, and end in one of the ways work can end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from services.kit import outbox
from services.kit.due import HANDLERS, Handler, LeaseLost, Work, begin, fail, hand_back, renew
from services.kit.outbox import Outbox
from services.kit.tenancy import Database
from services.worker.broker import Job

log = structlog.get_logger(__name__)


class UnknownKind(LookupError):
    """This will say that no room of this worker handles a kind of work; a newer one may."""


class TookTooLong(TimeoutError):
    """This will say that work was cut off at the limit of its queue."""


async def perform(database: Database, job: Job, *, lease: timedelta, limit: timedelta) -> None:
    """This will do the work of one message, if the message is still good for it.

    A failure of the work is written to its row; only one of the database itself is raised, and then the lease ends by
    itself. When the task is cancelled the work is given back.
    """
    work = await begin(database, job.table, tenant_id=job.tenant_id, id=job.id, token=job.token, lease=lease)
    if work is None:
        return
    with bound_contextvars(
        tenant=str(job.tenant_id), request_id=work.caller.request_id, kind=work.kind, attempt=work.attempt
    ):
        timer = asyncio.timeout(limit.total_seconds())
        try:
            async with timer, _kept(work):
                await _handler(work)(work)
        except LeaseLost:
            log.info("the lease was lost; another worker has the work")
        except asyncio.CancelledError:
            log.info("work was given back")
            with suppress(LeaseLost):
                await hand_back(work)
        except Exception as error:
            log.warning("an attempt failed", exc_info=error)
            with suppress(LeaseLost):
                await fail(work, TookTooLong(f"cut off after {limit}") if timer.expired() else error)


def _handler(work: Work) -> Handler:
    if work.table is Outbox:
        return outbox.deliver
    if work.kind not in HANDLERS:
        raise UnknownKind(f"no room handles {work.kind}")
    return HANDLERS[work.kind]


@asynccontextmanager
async def _kept(work: Work) -> AsyncIterator[None]:
    """This will keep the lease alive while the work goes on, however long that is."""
    keeper = asyncio.create_task(_keep(work))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])


async def _keep(work: Work) -> None:
    while True:
        await asyncio.sleep(work.lease.total_seconds() / 3)
        try:
            if not await renew(work):
                return
        except (SQLAlchemyError, OSError) as error:
            log.warning("the lease could not be extended", exc_info=error)
