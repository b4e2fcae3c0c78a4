"""Caller, read() and write(): the only doors to the database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, event, insert, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction, with_loader_criteria
from sqlalchemy.orm.exc import StaleDataError

from services.kit.clock import Clock, system_clock
from services.kit.db import RecordTable, TenantTable, expected_failure, make_engine
from services.kit.errors import CHANGED_MEANWHILE, FORBIDDEN, Conflict, Forbidden, Locale
from services.kit.permissions import Permission, Role, allows

# Work that belongs to the installation itself (a verification mail before any workspace exists) is done as this tenant.
SYSTEM_TENANT: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Caller:
    """This will say on whose behalf something happens: the workspace, and the member (None: the system itself)."""

    tenant_id: UUID
    member_id: UUID | None = None
    role: Role | None = None
    locale: Locale = "en"
    zone: str = "UTC"
    currency: str = "USD"
    request_id: str = ""
    channel: str = "GRAPHQL"
    session_id: UUID | None = None

    @property
    def member(self) -> UUID:
        """This will give the member who calls; only what members do may ask for it."""
        if self.member_id is None:
            raise LookupError("the system itself is no member")
        return self.member_id

    def may(self, permission: Permission) -> bool:
        """This will tell whether the caller holds a permission; the system itself holds all of them."""
        return self.role is None or allows(self.role, permission)

    def permissions(self) -> list[str]:
        """This will list what the caller may do, by name."""
        return sorted(permission for permission in Permission if self.may(permission))

    def require(self, permission: Permission) -> None:
        """This will refuse a caller who does not hold a permission."""
        if not self.may(permission):
            raise Forbidden(FORBIDDEN)

    def through(self, channel: str) -> "Caller":
        """This will give the same caller, acting through another channel."""
        return replace(self, channel=channel)


class ReadSession(AsyncSession):
    """This will read one snapshot of one tenant."""


class WriteSession(ReadSession):
    """This will change one tenant's rows; services flush, only the door commits."""


class TenantSession(Session):
    """This will carry the tenant into every statement of its transaction."""


@event.listens_for(TenantSession, "after_begin")
def _name_the_tenant(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    connection.execute(text("SELECT app.set_tenant(:tenant)"), {"tenant": session.info["caller"].tenant_id})


@event.listens_for(TenantSession, "do_orm_execute")
def _add_the_tenant_predicate(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    tenant_id = state.session.info["caller"].tenant_id
    state.statement = state.statement.options(
        with_loader_criteria(TenantTable, lambda table: table.tenant_id == tenant_id, include_aliases=True)
    )


@event.listens_for(TenantSession, "before_flush")
def _stamp(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    caller: Caller = session.info["caller"]
    at: datetime = session.info["at"]
    for row in session.new:
        if isinstance(row, TenantTable):
            if row.tenant_id is None:
                row.tenant_id = caller.tenant_id
            if row.tenant_id != caller.tenant_id:
                raise RuntimeError(f"{type(row).__name__} of another tenant was added to this transaction")
        if isinstance(row, RecordTable):
            row.created_at = row.updated_at = at
    for row in session.dirty:
        if isinstance(row, RecordTable) and session.is_modified(row):
            row.updated_at = at


async def add_many(session: WriteSession, table: type[TenantTable], rows: Sequence[Mapping[str, Any]]) -> None:
    """This will add many rows of one table at once, stamped as the door stamps a single one; no rows are no statement.

    A row names every column of the table but those that the door fills (``tenant_id``, ``version`` and the moments);
    an absent ``id`` is made.
    """
    if not rows:
        return
    caller, at = session.info["caller"], session.info["at"]
    stamp: dict[str, Any] = {"tenant_id": caller.tenant_id}
    if issubclass(table, RecordTable):
        stamp |= {"version": 1, "created_at": at, "updated_at": at}
    # Without render_nulls the rows would be sorted into as many statements as there are combinations of nulls.
    await session.execute(insert(table), [{**stamp, **row} for row in rows], execution_options={"render_nulls": True})


@dataclass(frozen=True, slots=True)
class Database:
    """This will hold the pool of the application role and the clock that the doors ask."""

    engine: AsyncEngine
    clock: Clock = field(default=system_clock)

    async def close(self) -> None:
        """This will close every pooled connection."""
        await self.engine.dispose()


def open_database(
    url: str,
    *,
    pool_size: int = 8,
    prepare_threshold: int | None = 5,
    clock: Clock = system_clock,
    name: str = "ravand",
) -> Database:
    """This will open the database as the application role; nothing is connected before the first statement."""
    engine = make_engine(url, pool_size=pool_size, prepare_threshold=prepare_threshold, application_name=name)
    return Database(engine=engine, clock=clock)


async def _leave(session: AsyncSession) -> None:
    """Gives the connection back; one that a cancelled statement broke is thrown away, and nothing is lost with it."""
    try:
        await session.close()
    except OperationalError:
        await session.invalidate()


@asynccontextmanager
async def read(database: Database, caller: Caller) -> AsyncIterator[ReadSession]:
    """This will open one read-only snapshot of the caller's tenant and leave nothing behind."""
    snapshot = database.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    info = {"caller": caller, "at": database.clock()}
    session = ReadSession(snapshot, sync_session_class=TenantSession, autoflush=False, info=info)
    try:
        yield session
    except DBAPIError as error:
        failure = expected_failure(error)
        if failure is None:
            raise
        raise failure from error
    finally:
        await _leave(session)


@asynccontextmanager
async def write(database: Database, caller: Caller) -> AsyncIterator[tuple[WriteSession, datetime]]:
    """This will open one transaction of the caller's tenant, give it the time, and commit when nothing failed.

    Raises the expected failure that a breached constraint or a lost race stands for.
    """
    at = database.clock()
    info = {"caller": caller, "at": at}
    session = WriteSession(database.engine, sync_session_class=TenantSession, expire_on_commit=False, info=info)
    try:
        yield session, at
        await session.commit()
    except StaleDataError as error:
        raise Conflict(CHANGED_MEANWHILE) from error
    except DBAPIError as error:
        failure = expected_failure(error)
        if failure is None:
            raise
        raise failure from error
    finally:
        await _leave(session)
