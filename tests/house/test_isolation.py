"""Tenant walls under direct attack: the application role with hand-written SQL, and many tasks over few connections."""

import asyncio
import random
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, text

from services.kit.ids import new_id
from services.kit.permissions import Role
from services.kit.settings import Settings
from services.kit.tenancy import Caller, Database, open_database, read, write
from services.local.provision import Urls, connect
from services.tables import metadata
from services.tenants.members.models import Member
from services.tenants.members.service import add_member
from tests.house.world import furnish
from tests.support import Api, Clock, Workspace, open_test_workspace

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
        "upsert": f"INSERT INTO {table} (tenant_id, id) VALUES (%(theirs)s, %(row)s) "
        "ON CONFLICT (tenant_id, id) DO UPDATE SET id = excluded.id RETURNING 1",
        "truncate": f"TRUNCATE {table}",
        "disable": f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    }


@pytest.fixture(scope="session")
async def furnished(settings: Settings, database: Database, api: Api) -> Workspace:
    """A stranger's workspace with at least one row in every tenant table."""
    workspace = await open_test_workspace(settings, database, api, locale="fa")
    await furnish(workspace)
    return workspace


@pytest.fixture(scope="session")
async def neighbour(settings: Settings, database: Database, api: Api) -> Workspace:
    """Another workspace with as much in it."""
    workspace = await open_test_workspace(settings, database, api, locale="en")
    await furnish(workspace)
    return workspace


@pytest.mark.parametrize("table", TENANT_TABLES)
async def test_the_application_role_cannot_touch_another_tenants_rows(
    table: str, urls: Urls, workspace: Workspace, furnished: Workspace
) -> None:
    with connect(urls.owner) as owner:
        before = rows_of(owner, table, furnished.id)
        assert before, f"nothing of {table} stands behind the wall; tests/house/world.py should make one"
        query = sql.SQL("SELECT id FROM {} WHERE tenant_id = %s LIMIT 1").format(sql.Identifier(table))
        row = owner.execute(query, [furnished.id]).fetchone()
        assert row is not None
        with connect(urls.app) as app:
            for name, statement in tries(table).items():
                with app.transaction(force_rollback=True):
                    app.execute("SELECT app.set_tenant(%s)", [workspace.id])
                    values = {"mine": workspace.id, "theirs": furnished.id, "new": new_id(), "row": row[0]}
                    try:
                        found = app.execute(statement.encode(), values).fetchall()
                    except psycopg.errors.InsufficientPrivilege:
                        continue  # no grant, or row-level security's own refusal of a row that was to be written
                    except psycopg.errors.IntegrityError as error:
                        pytest.fail(f"{name} on {table} came as far as a constraint: {error}")
                    assert found == [], f"{name} on {table}"
        assert rows_of(owner, table, furnished.id) == before


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_no_tenant_means_no_rows(table: str, urls: Urls) -> None:
    with connect(urls.app) as app:
        assert app.execute(f"SELECT * FROM {table}".encode()).fetchall() == []
        with app.transaction(force_rollback=True):
            app.execute("SELECT set_config('app.tenant_id', '', true)")
            assert app.execute(f"SELECT * FROM {table}".encode()).fetchall() == []


def references() -> list[tuple[str, str]]:
    return sorted(
        (table.name, str(key.name))
        for table in metadata.tables.values()
        for key in table.foreign_key_constraints
        if table.info.get("kind") == "tenant"
    )


@pytest.mark.parametrize(("table", "key"), references())
async def test_no_row_can_point_to_another_tenants(
    table: str, key: str, urls: Urls, furnished: Workspace, neighbour: Workspace
) -> None:
    """The keys refuse it by themselves, even from a role that row-level security does not hold back."""
    constraint = next(k for k in metadata.tables[table].foreign_key_constraints if k.name == key)
    assert constraint.elements[0].parent.name == constraint.elements[0].column.name == "tenant_id"
    local = [element.parent.name for element in constraint.elements[1:]]
    remote = [element.column.name for element in constraint.elements[1:]]
    parent = constraint.referred_table.name
    with connect(urls.owner) as owner, owner.transaction(force_rollback=True):
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        target = owner.execute(
            f"SELECT {', '.join(remote)} FROM {parent} WHERE tenant_id = %s".encode(), [neighbour.id]
        ).fetchone()
        assert target is not None, f"nothing of {parent} to point to; tests/house/world.py should make one"
        point = (
            f"UPDATE {table} SET {', '.join(f'{column} = %s' for column in local)} "
            f"WHERE tenant_id = %s AND id = (SELECT id FROM {table} WHERE tenant_id = %s LIMIT 1)"
        )
        with pytest.raises(psycopg.errors.IntegrityError):
            owner.execute(point.encode(), [*target, furnished.id, furnished.id])


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
