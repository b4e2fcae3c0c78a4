"""Tenant walls under direct attack: the application role with hand-written SQL, and many tasks over few connections."""

import asyncio
import random
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, text

from services.kit.errors import NotFound
from services.kit.ids import new_id
from services.kit.permissions import Role
from services.kit.settings import Settings
from services.kit.tenancy import Caller, open_database, read, write
from services.local.provision import Urls, connect
from services.tables import metadata
from services.tenants.members.models import Member
from services.tenants.members.service import add_member
from tests.support import Clock, Workspace

TENANT_TABLES = sorted(table.name for table in metadata.tables.values() if table.info.get("kind") == "tenant")


def rows_of(connection: psycopg.Connection, table: str, tenant: UUID) -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(sql.Identifier(table))
    found = connection.execute(query, [tenant]).fetchone()
    assert found is not None
    return int(found[0])


def tries(table: str) -> dict[str, str]:
    """The statements a broken or hostile caller could send about another tenant's rows of a table."""
    columns = ", ".join(column.name for column in metadata.tables[table].columns)
    mine = ", ".join(
        "%(mine)s" if column.name == "tenant_id" else column.name for column in metadata.tables[table].columns
    )
    return {
        "select": f"SELECT * FROM {table} WHERE tenant_id = %(theirs)s",
        "select everything": f"SELECT * FROM {table} WHERE tenant_id <> %(mine)s",
        "update": f"UPDATE {table} SET id = id WHERE tenant_id = %(theirs)s RETURNING 1",
        "take over": f"UPDATE {table} SET tenant_id = %(mine)s WHERE tenant_id = %(theirs)s RETURNING 1",
        "give away": f"UPDATE {table} SET tenant_id = %(theirs)s WHERE tenant_id = %(mine)s RETURNING 1",
        "delete": f"DELETE FROM {table} WHERE tenant_id = %(theirs)s RETURNING 1",
        "copy": f"INSERT INTO {table} ({columns}) SELECT {mine} FROM {table} WHERE tenant_id = %(theirs)s RETURNING 1",
        "insert": f"INSERT INTO {table} (tenant_id, id) VALUES (%(theirs)s, %(new)s) RETURNING 1",
        "upsert": f"INSERT INTO {table} (tenant_id, id) VALUES (%(theirs)s, %(theirs)s) "
        "ON CONFLICT (tenant_id, id) DO UPDATE SET id = excluded.id RETURNING 1",
        "truncate": f"TRUNCATE {table}",
        "disable": f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    }


@pytest.mark.parametrize("table", TENANT_TABLES)
async def test_the_application_role_cannot_touch_another_tenants_rows(
    table: str, urls: Urls, workspace: Workspace, stranger: Workspace
) -> None:
    with connect(urls.owner) as owner:
        before = rows_of(owner, table, stranger.id)
        with connect(urls.app) as app:
            for name, statement in tries(table).items():
                with app.transaction(force_rollback=True):
                    app.execute("SELECT app.set_tenant(%s)", [workspace.id])
                    refused = False
                    try:
                        found = app.execute(
                            statement.encode(), {"mine": workspace.id, "theirs": stranger.id, "new": new_id()}
                        ).fetchall()
                    except psycopg.errors.InsufficientPrivilege:
                        refused = True  # row-level security's own refusal of a written row carries this state too
                    except psycopg.errors.IntegrityError as error:
                        pytest.fail(f"{name} on {table} came as far as a constraint: {error}")
                    assert refused or found == [], f"{name} on {table}"
                    raise_if_lingering(app)
        assert rows_of(owner, table, stranger.id) == before


def raise_if_lingering(connection: psycopg.Connection) -> None:
    """Inside a failed transaction nothing more can be asked; that is checked once it is over."""
    if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
        assert connection.execute("SELECT current_setting('app.tenant_id', true)").fetchone()


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_no_tenant_means_no_rows(table: str, urls: Urls) -> None:
    with connect(urls.app) as app:
        assert app.execute(f"SELECT * FROM {table}".encode()).fetchall() == []
        with app.transaction(force_rollback=True):
            app.execute("SELECT set_config('app.tenant_id', '', true)")
            assert app.execute(f"SELECT * FROM {table}".encode()).fetchall() == []


def foreign_keys() -> list[tuple[str, str]]:
    return sorted(
        (table.name, str(key.name))
        for table in metadata.tables.values()
        for key in table.foreign_key_constraints
        if table.info.get("kind") == "tenant"
    )


@pytest.mark.parametrize(("table", "key"), foreign_keys())
def test_every_foreign_key_carries_the_tenant(table: str, key: str) -> None:
    """With the tenant in the key, a reference to another tenant's row is a reference to nothing."""
    found = next(k for k in metadata.tables[table].foreign_key_constraints if k.name == key)
    first = found.elements[0]
    assert (first.parent.name, first.column.name) == ("tenant_id", "tenant_id")


async def test_a_member_cannot_report_to_another_tenants_manager(workspace: Workspace, stranger: Workspace) -> None:
    """The reference is refused by the database alone, past every check of the services."""
    with pytest.raises(NotFound):
        async with write(workspace.database, workspace.owner) as (session, _at):
            statement = text("UPDATE member SET manager_id = :theirs WHERE tenant_id = :mine AND id = :me")
            await session.execute(
                statement, {"theirs": stranger.owner.member_id, "mine": workspace.id, "me": workspace.owner.member_id}
            )


class InjectedError(Exception):
    """A failure in the middle of a transaction."""


async def test_many_tasks_over_few_connections_never_see_a_foreign_row(
    settings: Settings, workspace: Workspace, stranger: Workspace
) -> None:
    """64 tasks of 8 tenants over 4 connections, with errors and cancellations: no foreign row, no setting left over."""
    database = open_database(settings.database_url, pool_size=4, clock=Clock())
    chance = random.Random(64)
    tenants = [Caller(tenant_id=new_id()) for _ in range(6)] + [workspace.owner, stranger.owner]
    for caller in tenants[:6]:
        async with write(database, caller) as (session, at):
            for number in range(5):
                await add_member(session, caller, name=f"Member {number}", role=Role.VIEWER, at=at)
    foreign: list[str] = []
    outcomes = {"read": 0, "written": 0, "failed": 0, "cancelled": 0}

    async def look(caller: Caller) -> None:
        async with read(database, caller) as session:
            rows = (await session.scalars(select(Member))).all()
            raw = (
                (
                    await session.execute(
                        text("SELECT tenant_id FROM member -- unlinted: asks past the doors' own predicate")
                    )
                )
                .scalars()
                .all()
            )
        foreign.extend(str(row.tenant_id) for row in rows if row.tenant_id != caller.tenant_id)
        foreign.extend(str(tenant) for tenant in raw if tenant != caller.tenant_id)
        assert rows
        assert len(raw) == len(rows)
        outcomes["read"] += 1

    async def change(caller: Caller, *, fail: bool) -> None:
        async with write(database, caller) as (session, at):
            await add_member(session, caller, name="Passing", role=Role.VIEWER, at=at)
            if fail:
                raise InjectedError
        outcomes["written"] += 1

    async def one(number: int) -> None:
        for _ in range(6):
            caller = chance.choice(tenants)
            kind = chance.choice(["read", "read", "write", "fail", "cancel"])
            if kind == "cancel":
                task = asyncio.create_task(change(caller, fail=False) if number % 2 else look(caller))
                await asyncio.sleep(chance.random() / 200)
                task.cancel()
                done = await asyncio.gather(task, return_exceptions=True)
                outcomes["cancelled"] += isinstance(done[0], asyncio.CancelledError)
            elif kind == "read":
                await look(caller)
            else:
                try:
                    await change(caller, fail=kind == "fail")
                except InjectedError:
                    outcomes["failed"] += 1

    try:
        await asyncio.gather(*(one(number) for number in range(64)))
        lingering = []
        for _ in range(8):
            async with database.engine.connect() as connection:
                left = await connection.execute(text("SELECT nullif(current_setting('app.tenant_id', true), '')"))
                lingering.append(left.scalar())
    finally:
        await database.close()
    assert foreign == []
    assert set(lingering) == {None}
    assert min(outcomes.values()) > 0, outcomes
