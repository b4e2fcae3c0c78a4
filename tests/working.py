"""Does a tenant's due work at once, in the test's own process: relay and worker without a broker between them."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select

from services.kit.due import HANDLERS, Due, Leased, State, begin, fail
from services.kit.ids import new_id
from services.kit.tenancy import Caller, Database, write
from services.worker.broker import TABLES, Job
from services.worker.jobs import perform
from services.worker.rooms import __all__ as rooms

assert rooms  # importing them has registered what each of them handles

LEASE = timedelta(seconds=30)
LIMIT = timedelta(seconds=30)


async def lease(database: Database, tenant_id: UUID, table: type[Leased], *, kind: str | None = None) -> list[Job]:
    """Leases every due row of a tenant (of one kind, when named) that nobody has leased, as a relay would."""
    named = [] if kind is None else [table.kind == kind]
    async with write(database, Caller(tenant_id=tenant_id)) as (session, at):
        due = await session.scalars(
            select(table)
            .where(table.state == State.WAITING, table.due_at <= at)
            .where(*named, or_(table.lease_until.is_(None), table.lease_until <= at))
            .order_by(table.due_at, table.id)
        )
        jobs = []
        for row in due:
            row.lease_token, row.lease_until = new_id(), at + LEASE
            jobs.append(Job(tenant_id, table, row.id, row.lease_token))
        return jobs


async def work_off(database: Database, tenant_id: UUID) -> int:
    """Does everything that is due in a tenant, and what becomes due of it, and counts the jobs."""
    done = 0
    while jobs := [job for table in TABLES.values() for job in await lease(database, tenant_id, table)]:
        for job in jobs:
            await perform(database, job, lease=LEASE, limit=LIMIT)
        done += len(jobs)
    return done


async def run_due(database: Database, tenant_id: UUID, kind: str) -> int:
    """Does the work of one kind that is due in a tenant and counts it; one that fails is kept and its error raised."""
    jobs = await lease(database, tenant_id, Due, kind=kind)
    for job in jobs:
        work = await begin(database, job.table, tenant_id=tenant_id, id=job.id, token=job.token)
        assert work is not None
        try:
            await HANDLERS[kind](work)
        except Exception as error:
            await fail(work, error)
            raise
    return len(jobs)
