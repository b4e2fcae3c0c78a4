"""Checks of the world around the application: the role it runs as, and whether it can serve."""

from pathlib import Path
from typing import Final

from alembic.script import ScriptDirectory
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

MIGRATIONS: Final = Path(__file__).parents[2] / "deploy" / "migrations"

# What a role could do that would let it see or change another tenant's rows.
ROLE_FINDINGS: Final = """
SELECT finding FROM (
    SELECT 'is a superuser' AS finding FROM pg_roles WHERE rolname = current_user AND rolsuper
    UNION ALL
    SELECT 'bypasses row-level security' FROM pg_roles WHERE rolname = current_user AND rolbypassrls
    UNION ALL
    SELECT 'owns the table ' || c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
        WHERE pg_has_role(current_user, r.oid, 'MEMBER') AND c.relkind IN ('r', 'p')
            AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    UNION ALL
    SELECT 'may become ' || r.rolname FROM pg_roles r
        WHERE r.rolname <> current_user AND (r.rolsuper OR r.rolbypassrls)
            AND pg_has_role(current_user, r.oid, 'MEMBER')
    UNION ALL
    SELECT 'may truncate ' || c.relname FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
            AND has_table_privilege(current_user, c.oid, 'TRUNCATE')
    UNION ALL
    SELECT 'may create tables' WHERE has_schema_privilege(current_user, 'public', 'CREATE')
) findings ORDER BY finding
"""


class UnsafeRole(RuntimeError):
    """This will stop a process whose database role could see past a tenant's walls."""


async def role_findings(engine: AsyncEngine) -> list[str]:
    """This will list what the connected role could do and must not."""
    async with engine.connect() as connection:
        return list((await connection.execute(text(ROLE_FINDINGS))).scalars())


async def refuse_unsafe_role(engine: AsyncEngine) -> None:
    """This will refuse to go on under a role that could bypass row-level security."""
    findings = await role_findings(engine)
    if findings:
        raise UnsafeRole("the database role of the application " + "; ".join(findings))


def migration_head() -> str | None:
    """This will tell the newest migration that this code ships with."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


async def migration(engine: AsyncEngine) -> str | None:
    """This will tell the migration that the database stands at."""
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()


async def readiness(engine: AsyncEngine, redis: "Redis", *, head: str | None) -> dict[str, bool]:
    """This will tell, part by part, whether the application can serve."""
    found = {"database": False, "migrations": False, "valkey": False}
    try:
        found["migrations"] = await migration(engine) == head
        found["database"] = True
    except (SQLAlchemyError, OSError):
        return found | {"valkey": await _answers(redis)}
    return found | {"valkey": await _answers(redis)}


async def _answers(redis: "Redis") -> bool:
    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False
