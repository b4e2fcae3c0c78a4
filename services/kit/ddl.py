"""What every migration does to a new table: isolation, grants, distribution. Run by the owner role."""

from collections.abc import Sequence
from typing import Final

from alembic import op
from sqlalchemy import Column, DateTime, Integer, PrimaryKeyConstraint, Uuid, text
from sqlalchemy.schema import SchemaItem

POLICY: Final = "tenant_id = ANY (ARRAY[nullif(current_setting('app.tenant_id', true), '')::uuid])"


def key(table: str) -> tuple[SchemaItem, ...]:
    """This will give the two columns and the primary key that every tenant table starts with."""
    return (
        Column("tenant_id", Uuid, nullable=False),
        Column("id", Uuid, nullable=False),
        PrimaryKeyConstraint("tenant_id", "id", name=f"pk_{table}"),
    )


def record() -> tuple[SchemaItem, ...]:
    """This will give the columns of a row that people change: its version and its two moments."""
    return (
        Column("version", Integer, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("updated_at", DateTime(timezone=True), nullable=False),
    )


def protect(table: str, *, writes: str = "INSERT, UPDATE, DELETE") -> None:
    """This will put a tenant table behind row-level security and grant the application role what it may do.

    ``writes`` names the verbs besides SELECT; ``"INSERT"`` makes a table append-only, ``"INSERT, UPDATE (a, b)"`` keeps
    every other column as it was first written.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} FOR ALL USING ({POLICY}) WITH CHECK ({POLICY})")
    op.execute(f"GRANT SELECT, {writes} ON {table} TO ravand_app")
    distribute(table)


def searchable(table: str) -> None:
    """This will let ``app.search`` find the rows of a table by the words in its column ``search``."""
    op.create_index(
        f"ix_{table}_search",
        table,
        ["tenant_id", "search"],
        postgresql_using="gin",
        postgresql_ops={"search": "gin_trgm_ops"},
    )


def dispatched(table: str) -> None:
    """This will let the relay see which rows of a work table are due, lease them, and nothing else."""
    seen = "tenant_id, id, kind, queue, due_at, state, attempts, lease_token, lease_until"
    op.execute(f"CREATE POLICY dispatch ON {table} FOR ALL TO ravand_dispatch USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT ({seen}), UPDATE (lease_token, lease_until) ON {table} TO ravand_dispatch")


def distribute(table: str) -> None:
    """This will spread a table over the workers of a Citus cluster by tenant, and do nothing elsewhere."""
    if op.get_bind().scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'citus'")):
        op.execute(f"SELECT create_distributed_table('{table}', 'tenant_id')")


def directory(table: str) -> None:
    """This will keep an installation-wide table from every role but the owner; functions are its only doors."""
    op.execute(f"REVOKE ALL ON {table} FROM PUBLIC, ravand_app, ravand_dispatch")


def door(
    signature: str, body: str, *, returns: str, volatility: str = "VOLATILE", settings: Sequence[str] = ()
) -> None:
    """This will create a SECURITY DEFINER function in schema ``app`` that only the application role may call.

    ``signature`` is ``name(argument type, …)``; ``body`` is PL/pgSQL between BEGIN and END with an optional DECLARE.
    """
    options = "".join(f" SET {setting}" for setting in settings)
    op.execute(
        f"CREATE OR REPLACE FUNCTION app.{signature} RETURNS {returns} LANGUAGE plpgsql {volatility} SECURITY DEFINER "
        f"SET search_path = pg_catalog, public, app, pg_temp{options} AS $door$ {body} $door$"
    )
    name = signature.split("(", 1)[0]
    op.execute(f"REVOKE ALL ON FUNCTION app.{name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION app.{name} TO ravand_app")
