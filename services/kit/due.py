"""Rows that fall due, claimed with a lease: how anything happens later.

A row is written in the transaction of its cause. A relay leases it and sends its id to a worker; the worker counts an
attempt, does the work and marks the row done in the same transaction as the effect, guarded by the lease token. A lost
message, worker or broker therefore only costs the rest of the lease.

The token changes hands twice: the relay's is good for one beginning, and every beginning makes a new one. So a message
that a broker delivers twice, or late, finds a token that it does not know, and nothing happens.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TenantTable, one_of
from services.kit.ids import new_id
from services.kit.tenancy import Caller, Database, WriteSession, write

log = structlog.get_logger(__name__)

MAX_ATTEMPTS: Final = 5
LEASE: Final = timedelta(seconds=30)

Pauses = tuple[timedelta, timedelta, timedelta, timedelta]
# How long to wait after each failed attempt: for work of our own, and for work that needs the world outside.
SOON: Final[Pauses] = (timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8), timedelta(seconds=16))
PATIENTLY: Final[Pauses] = (timedelta(seconds=15), timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=2))


class Queue(StrEnum):
    """This will name the lane a piece of work runs in, so that long work never delays short work."""

    INTERACTIVE = "interactive"
    BULK = "bulk"
    REPORTS = "reports"


class State(StrEnum):
    """This will say where a piece of work stands; DEAD is visible and waits for a person."""

    WAITING = "WAITING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    DEAD = "DEAD"


class Leased(TenantTable):
    """This will be a table of work that relays lease and workers finish."""

    __abstract__ = True

    kind: Mapped[str]
    queue: Mapped[str]
    subject_id: Mapped[UUID]
    payload: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=State.WAITING)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    last_error: Mapped[str | None]

    @staticmethod
    def constraints(table: str) -> tuple[Any, ...]:
        """This will give the constraints and the index that the relay's scan needs."""
        return (
            one_of("state", State),
            one_of("queue", Queue),
            CheckConstraint("attempts >= 0", name="attempts_counted"),
            Index(f"ix_{table}_waiting", "due_at", "tenant_id", postgresql_where="state = 'WAITING'"),
            {"info": {"kind": "tenant", "dispatched": True}},
        )


class Due(Leased):
    """This will hold one thing to be done at or after a moment; (kind, subject_id, key) happens once."""

    __tablename__ = "due"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "subject_id", "key", name="uq_due_once"),
        *Leased.constraints("due"),
    )

    key: Mapped[str] = mapped_column(default="")


def schedule(
    session: WriteSession,
    *,
    kind: str,
    subject_id: UUID,
    due_at: datetime,
    queue: Queue = Queue.INTERACTIVE,
    payload: dict[str, Any] | None = None,
    key: str = "",
) -> Due:
    """This will have ``kind`` handled for ``subject_id`` at ``due_at``, if this transaction commits."""
    row = Due(kind=kind, subject_id=subject_id, due_at=due_at, queue=queue, payload=payload or {}, key=key)
    session.add(row)
    return row


async def cancel(session: WriteSession, *, kind: str, subject_id: UUID, at: datetime) -> None:
    """This will call off what still waits for a subject; it waits for a worker that is finishing just now.

    Call it before the subject itself is locked: a worker locks the row first and the subject second.
    """
    await session.execute(
        update(Due)
        .where(Due.kind == kind, Due.subject_id == subject_id, Due.state == State.WAITING)
        .values(state=State.CANCELLED, finished_at=at, lease_token=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


class LeaseLost(Exception):
    """This will say that another worker holds the row now; whatever this one did is rolled back."""


@dataclass(frozen=True, slots=True)
class Work:
    """This will be one leased row in a worker's hands."""

    database: Database
    table: type[Leased]
    caller: Caller
    id: UUID
    kind: str
    subject_id: UUID
    payload: dict[str, Any]
    attempt: int
    token: UUID
    lease: timedelta = LEASE

    @asynccontextmanager
    async def done(self) -> AsyncIterator[tuple[WriteSession, datetime]]:
        """This will open the transaction whose commit makes the effect and the end of the work one thing."""
        async with write(self.database, self.caller) as (session, at):
            row = await self._locked(session)
            yield session, at
            row.state, row.finished_at, row.lease_token, row.lease_until = State.DONE, at, None, None

    @asynccontextmanager
    async def step(self, lease: timedelta | None = None) -> AsyncIterator[tuple[WriteSession, datetime]]:
        """This will open the transaction of one part of long work, and extend the lease when it commits."""
        async with write(self.database, self.caller) as (session, at):
            row = await self._locked(session)
            row.lease_until = at + (lease or self.lease)
            yield session, at

    async def _locked(self, session: WriteSession) -> Leased:
        row = await session.scalar(select(self.table).where(self.table.id == self.id).with_for_update())
        if row is None or not self._holds(row):
            raise LeaseLost(f"{self.kind} {self.id}")
        return row

    def _holds(self, row: Leased) -> bool:
        return row.state == State.WAITING and row.lease_token == self.token

    def acting(self, caller: Caller) -> "Work":
        """This will give the same work, done on a member's behalf."""
        return replace(self, caller=caller)


Handler = Callable[[Work], Awaitable[None]]
HANDLERS: dict[str, Handler] = {}
PAUSES: dict[str, Pauses] = {}


def handles(kind: str, *, pauses: Pauses = SOON) -> Callable[[Handler], Handler]:
    """This will have a function called by a worker for every row of a kind that falls due.

    A failed attempt is repeated after each of ``pauses``; when that does not help either, the row is dead.
    """

    def register(handler: Handler) -> Handler:
        if kind in HANDLERS:
            raise RuntimeError(f"two functions handle {kind}")
        HANDLERS[kind], PAUSES[kind] = handler, pauses
        return handler

    return register


GivenUp = Callable[[WriteSession, Caller, UUID, str, datetime], Awaitable[None]]
GIVEN_UP: dict[str, GivenUp] = {}


def gives_up(kind: str) -> Callable[[GivenUp], GivenUp]:
    """This will have a function called, with the subject and the reason, in the transaction that marks a row dead."""

    def register(listener: GivenUp) -> GivenUp:
        GIVEN_UP[kind] = listener
        return listener

    return register


async def begin(
    database: Database, table: type[Leased], *, tenant_id: UUID, id: UUID, token: UUID, lease: timedelta = LEASE
) -> Work | None:
    """This will count an attempt at a leased row before anything is tried, so that work which kills its worker ends.

    Answers None when the lease is gone (a newer message carries a newer token) or the last attempt is used up.
    """
    caller = _system(tenant_id, id)
    async with write(database, caller) as (session, at):
        row = await session.scalar(select(table).where(table.id == id).with_for_update())
        if row is None or row.state != State.WAITING or row.lease_token != token:
            return None
        if row.attempts >= MAX_ATTEMPTS:
            await _bury(session, caller, row, reason=row.last_error or "the worker ended before the work did", at=at)
            return None
        row.attempts += 1
        row.lease_token, row.lease_until = new_id(), at + lease
        return Work(
            database=database,
            table=table,
            caller=caller,
            id=id,
            kind=row.kind,
            subject_id=row.subject_id,
            payload=row.payload,
            attempt=row.attempts,
            token=row.lease_token,
            lease=lease,
        )


async def renew(work: Work) -> bool:
    """This will extend the lease of work in progress and tell whether it is still this worker's.

    A row that is locked just now is left alone: whoever is finishing it needs no lease.
    """
    async with write(work.database, _system(work.caller.tenant_id, work.id)) as (session, at):
        asked = select(work.table).where(work.table.id == work.id).with_for_update(skip_locked=True)
        row = await session.scalar(asked)
        if row is None:
            return True
        if not work._holds(row):
            return False
        row.lease_until = at + work.lease
        return True


async def fail(work: Work, error: BaseException) -> None:
    """This will keep the reason of a failed attempt and set the next one, or mark the row dead after the last."""
    async with _given_back(work) as (session, row, at):
        reason = f"{type(error).__name__}: {error}"[:2000]
        if row.attempts >= MAX_ATTEMPTS:
            await _bury(session, _system(row.tenant_id, row.id), row, reason=reason, at=at)
        else:
            row.last_error, row.due_at = reason, at + PAUSES.get(row.kind, SOON)[row.attempts - 1]


async def hand_back(work: Work) -> None:
    """This will give unfinished work back at once and uncounted, because the worker was asked to stop."""
    async with _given_back(work) as (_session, row, _at):
        row.attempts -= 1


@asynccontextmanager
async def _given_back(work: Work) -> AsyncIterator[tuple[WriteSession, Leased, datetime]]:
    """This will open the row of work that ends without being done, and take the lease off it; LeaseLost as in done."""
    async with write(work.database, _system(work.caller.tenant_id, work.id)) as (session, at):
        row = await work._locked(session)
        yield session, row, at
        row.lease_token = row.lease_until = None


async def _bury(session: WriteSession, caller: Caller, row: Leased, *, reason: str, at: datetime) -> None:
    row.state, row.finished_at, row.last_error = State.DEAD, at, reason
    row.lease_token = row.lease_until = None
    log.error("work was given up", kind=row.kind, tenant=str(row.tenant_id), id=str(row.id), reason=reason)
    if row.kind not in GIVEN_UP:
        return
    try:
        async with session.begin_nested():
            await GIVEN_UP[row.kind](session, caller, row.subject_id, reason, at)
    except Exception as error:  # a row whose end cannot be told to its room must still end
        log.exception("the end of work could not be told", kind=row.kind, tenant=str(row.tenant_id), id=str(row.id))
        row.last_error = f"{reason}; and then {type(error).__name__}: {error}"[:2000]


def _system(tenant_id: UUID, id: UUID) -> Caller:
    return Caller(tenant_id=tenant_id, channel="WORKER", request_id=str(id))
