"""How work begins, and the ways it can end."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest

from services.kit import due
from services.kit.due import MAX_ATTEMPTS, SOON, Due, Leased, State, Work, begin, cancel, gives_up, handles, schedule
from services.kit.ids import new_id
from services.kit.outbox import LISTENERS, Fact, Outbox, emit, listens
from services.kit.tenancy import Caller, Database, WriteSession, write
from services.worker.broker import Job
from services.worker.jobs import perform
from tests.support import Clock
from tests.worker.conftest import Desk
from tests.working import LEASE, LIMIT, lease, work_off


@dataclass(frozen=True, kw_only=True)
class Happened(Fact):
    """Something that the tests listen to."""

    topic: ClassVar[str] = "test.happened"
    name: str


@pytest.fixture
def desk(database: Database) -> Desk:
    """The desk of the shared database: no relay runs here, and each test has its own tenant and its own clock."""
    clock = Clock()
    return Desk(Database(database.engine, clock), clock)


@pytest.fixture
def tenant_id() -> UUID:
    return new_id()


@pytest.fixture(autouse=True)
def registers() -> Iterator[None]:
    """Forgets what a test registered."""
    registers: tuple[dict[str, Any], ...] = (due.HANDLERS, due.PAUSES, due.GIVEN_UP, LISTENERS)
    kept = [(register, dict(register)) for register in registers]
    yield
    for register, before in kept:
        register.clear()
        register.update(before)


async def follow_up(session: WriteSession, at: datetime) -> None:
    """The effect that the handlers of these tests have."""
    schedule(session, kind="test.effect", subject_id=new_id(), due_at=at + timedelta(days=1))


async def only_row(desk: Desk, tenant_id: UUID, kind: str = "test.work") -> Leased:
    (row,) = [row for row in await desk.rows(tenant_id) if row.kind == kind]
    return row


async def effects(desk: Desk, tenant_id: UUID) -> int:
    return sum(row.kind == "test.effect" for row in await desk.rows(tenant_id))


async def leased_job(desk: Desk, tenant_id: UUID) -> Job:
    (job,) = await lease(desk.database, tenant_id, Due)
    return job


async def simple(work: Work) -> None:
    async with work.done() as (session, at):
        await follow_up(session, at)


async def test_an_effect_and_the_end_of_its_work_are_one_thing(desk: Desk, tenant_id: UUID) -> None:
    handles("test.work")(simple)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    assert await work_off(desk.database, tenant_id) == 1
    row = await only_row(desk, tenant_id)
    assert (row.state, row.attempts, row.lease_token, row.last_error) == (State.DONE, 1, None, None)
    assert await effects(desk, tenant_id) == 1


async def test_a_message_that_comes_twice_is_good_once(desk: Desk, tenant_id: UUID) -> None:
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    job = await leased_job(desk, tenant_id)
    first = await begin(desk.database, Due, tenant_id=tenant_id, id=job.id, token=job.token)
    again = await begin(desk.database, Due, tenant_id=tenant_id, id=job.id, token=job.token)
    assert first is not None
    assert again is None
    assert (await only_row(desk, tenant_id)).attempts == 1


async def test_what_a_worker_does_after_it_lost_its_lease_is_undone(desk: Desk, tenant_id: UUID) -> None:
    async def slow(work: Work) -> None:
        if work.attempt == 1:
            desk.clock.advance(LEASE)
            await perform(desk.database, await leased_job(desk, tenant_id), lease=LEASE, limit=LIMIT)
        await simple(work)

    handles("test.work")(slow)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    await work_off(desk.database, tenant_id)
    assert (await only_row(desk, tenant_id)).attempts == 2
    assert await effects(desk, tenant_id) == 1


async def test_a_failure_is_written_down_and_repeated_after_a_pause(desk: Desk, tenant_id: UUID) -> None:
    async def broken(work: Work) -> None:
        async with work.done() as (session, at):
            await follow_up(session, at)
            raise ValueError("no such thing")

    handles("test.work")(broken)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    for pause in SOON:
        assert await work_off(desk.database, tenant_id) == 1
        assert await work_off(desk.database, tenant_id) == 0
        row = await only_row(desk, tenant_id)
        assert (row.state, row.last_error) == (State.WAITING, "ValueError: no such thing")
        desk.clock.advance(pause)
    assert await work_off(desk.database, tenant_id) == 1
    row = await only_row(desk, tenant_id)
    assert (row.state, row.attempts, row.last_error) == (State.DEAD, MAX_ATTEMPTS, "ValueError: no such thing")
    assert await effects(desk, tenant_id) == 0


async def test_work_that_kills_its_worker_ends_too(desk: Desk, tenant_id: UUID) -> None:
    told: list[str] = []

    async def tell(_session: WriteSession, _caller: Caller, _subject: UUID, reason: str, _at: datetime) -> None:
        told.append(reason)

    gives_up("test.work")(tell)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    for _ in range(MAX_ATTEMPTS):
        job = await leased_job(desk, tenant_id)
        assert await begin(desk.database, Due, tenant_id=tenant_id, id=job.id, token=job.token) is not None
        desk.clock.advance(LEASE)
    await work_off(desk.database, tenant_id)
    row = await only_row(desk, tenant_id)
    assert (row.state, row.attempts) == (State.DEAD, MAX_ATTEMPTS)
    assert told == [row.last_error]


async def test_the_end_of_work_that_cannot_be_told_is_an_end_all_the_same(desk: Desk, tenant_id: UUID) -> None:
    async def broken(_work: Work) -> None:
        raise ValueError("no such thing")

    async def tell(session: WriteSession, _caller: Caller, _subject: UUID, _reason: str, at: datetime) -> None:
        await follow_up(session, at)
        await session.flush()
        raise LookupError("nobody to tell")

    handles("test.work")(broken)
    gives_up("test.work")(tell)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    for pause in (*SOON, timedelta()):
        await work_off(desk.database, tenant_id)
        desk.clock.advance(pause)
    row = await only_row(desk, tenant_id)
    assert row.state == State.DEAD
    assert row.last_error == "ValueError: no such thing; and then LookupError: nobody to tell"
    assert await effects(desk, tenant_id) == 0


async def test_work_that_no_room_handles_fails_where_it_can_be_seen(desk: Desk, tenant_id: UUID) -> None:
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    await work_off(desk.database, tenant_id)
    assert (await only_row(desk, tenant_id)).last_error == "UnknownKind: no room handles test.work"


async def test_work_that_takes_too_long_is_cut_off(desk: Desk, tenant_id: UUID) -> None:
    async def endless(_work: Work) -> None:
        await asyncio.Event().wait()

    handles("test.work")(endless)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    limit = timedelta(seconds=0.05)
    await perform(desk.database, await leased_job(desk, tenant_id), lease=LEASE, limit=limit)
    row = await only_row(desk, tenant_id)
    assert row.last_error == "TookTooLong: cut off after 0:00:00.050000"
    assert row.lease_token is None


async def test_the_lease_of_long_work_is_kept(desk: Desk, tenant_id: UUID) -> None:
    ends: list[datetime | None] = []

    async def long(work: Work) -> None:
        first = (await only_row(desk, tenant_id)).lease_until
        while (now := (await only_row(desk, tenant_id)).lease_until) == first:  # noqa: ASYNC110 -- a row has no event
            await asyncio.sleep(0.01)
        ends.extend([first, now])
        await simple(work)

    handles("test.work")(long)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    await perform(desk.database, await leased_job(desk, tenant_id), lease=timedelta(seconds=0.3), limit=LIMIT)
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0] < ends[1]
    assert (await only_row(desk, tenant_id)).state == State.DONE


async def test_the_parts_of_long_work_stay_when_a_later_one_fails(desk: Desk, tenant_id: UUID) -> None:
    async def in_parts(work: Work) -> None:
        async with work.step() as (session, at):
            await follow_up(session, at)
        raise ValueError("the second part")

    handles("test.work")(in_parts)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    await work_off(desk.database, tenant_id)
    assert await effects(desk, tenant_id) == 1
    assert (await only_row(desk, tenant_id)).state == State.WAITING


async def test_work_of_a_worker_that_stops_is_given_back_uncounted(desk: Desk, tenant_id: UUID) -> None:
    begun = asyncio.Event()

    async def endless(_work: Work) -> None:
        begun.set()
        await asyncio.Event().wait()

    handles("test.work")(endless)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    task = asyncio.create_task(perform(desk.database, await leased_job(desk, tenant_id), lease=LEASE, limit=LIMIT))
    await begun.wait()
    task.cancel()
    await task
    row = await only_row(desk, tenant_id)
    assert (row.state, row.attempts, row.lease_token, row.lease_until) == (State.WAITING, 0, None, None)


async def test_work_that_was_called_off_is_not_done(desk: Desk, tenant_id: UUID) -> None:
    handles("test.work")(simple)
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    job = await leased_job(desk, tenant_id)
    subject_id = (await only_row(desk, tenant_id)).subject_id
    async with write(desk.database, Caller(tenant_id=tenant_id)) as (session, at):
        await cancel(session, kind="test.work", subject_id=subject_id, at=at)
    await perform(desk.database, job, lease=LEASE, limit=LIMIT)
    assert (await only_row(desk, tenant_id)).state == State.CANCELLED
    assert await effects(desk, tenant_id) == 0


async def test_a_fact_reaches_all_who_listen_or_none(desk: Desk, tenant_id: UUID) -> None:
    heard: list[dict[str, Any]] = []
    broken = [True]

    async def first(session: WriteSession, _caller: Caller, fact: dict[str, Any], at: datetime) -> None:
        heard.append(fact)
        await follow_up(session, at)

    async def second(_session: WriteSession, _caller: Caller, _fact: dict[str, Any], _at: datetime) -> None:
        if broken[0]:
            raise ValueError("not now")

    listens("test.happened")(first)
    listens("test.happened")(second)
    actor, subject = new_id(), new_id()
    async with write(desk.database, Caller(tenant_id=tenant_id)) as (session, at):
        emit(session, Caller(tenant_id=tenant_id, member_id=actor), Happened(subject_id=subject, name="x"), at=at)
    await work_off(desk.database, tenant_id)
    assert await effects(desk, tenant_id) == 0
    broken[0] = False
    desk.clock.advance(SOON[0])
    await work_off(desk.database, tenant_id)
    assert await effects(desk, tenant_id) == 1
    (row,) = await desk.rows(tenant_id, Outbox)
    assert (row.state, row.attempts) == (State.DONE, 2)
    assert heard[-1] == {
        "subject_id": str(subject),
        "name": "x",
        "fact_id": str(row.id),
        "actor_id": str(actor),
        "occurred_at": at.isoformat(),
    }


async def test_another_tenants_work_cannot_be_begun(desk: Desk, tenant_id: UUID) -> None:
    await desk.put(1, tenant_id=tenant_id, kind="test.work")
    job = await leased_job(desk, tenant_id)
    assert await begin(desk.database, Due, tenant_id=new_id(), id=job.id, token=job.token) is None
