"""Engine, base classes and columns: how every table of the house is shaped."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import psycopg
from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, Index, Integer, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit.errors import ALREADY_EXISTS, NOT_FOUND, UNKEEPABLE, AppError, Conflict, Invalid, NotFound
from services.kit.ids import new_id

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """This will gather every table of the house; ``info["kind"]`` says tenant, reference or directory."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[Mapping[Any, Any]] = {
        str: Text(),
        int: BigInteger(),
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class TenantTable(Base):
    """This will be a table whose rows belong to one workspace each; the doors fill ``tenant_id`` by themselves."""

    __abstract__ = True

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class RecordTable(TenantTable):
    """This will be a tenant table whose rows people change: versioned, and stamped by the door."""

    __abstract__ = True

    version: Mapped[int] = mapped_column(Integer, nullable=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


def tenant_fk(
    columns: str | tuple[str, ...], table: str, *, name: str | None = None, **options: Any
) -> ForeignKeyConstraint:
    """This will tie ``columns`` to the ``id`` of a row of the same tenant; a foreign tenant's row cannot be named."""
    local = (columns,) if isinstance(columns, str) else columns
    return ForeignKeyConstraint(["tenant_id", *local], [f"{table}.tenant_id", f"{table}.id"], name=name, **options)


def one_of(column: str, values: type[Any] | tuple[str, ...]) -> CheckConstraint:
    """This will keep a text column inside a closed list (a check, because the operators of enums are not leakproof)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def search_index(table: str) -> Index:
    """This will index the parts of words in a table's column ``search``, by tenant; ``app.search`` looks there."""
    return Index(
        f"ix_{table}_search", "tenant_id", "search", postgresql_using="gin", postgresql_ops={"search": "gin_trgm_ops"}
    )


def make_engine(
    url: str, *, pool_size: int, prepare_threshold: int | None = 5, application_name: str = "ravand"
) -> AsyncEngine:
    """This will open an asynchronous engine; ``prepare_threshold=None`` for a PgBouncer that cannot prepare."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        connect_args={
            "prepare_threshold": prepare_threshold,
            "application_name": application_name,
            "connect_timeout": 5,
        },
    )


Violation = Callable[[], AppError]
VIOLATIONS: dict[str, Violation] = {}
# Citus workers drop constraint_name and suffix the name with a shard id, so the name is read from the message.
CONSTRAINT: Final = re.compile(r'constraint "(?P<name>\w+?)(?:_\d{6,})?"')


def on_violation(constraint: str, failure: Violation) -> None:
    """This will say which expected failure the breach of a named constraint means."""
    VIOLATIONS[constraint] = failure


def expected_failure(error: DBAPIError) -> AppError | None:
    """This will turn a breach that the database found into the failure it means, or answer None when it is a fault."""
    state = getattr(error.orig, "sqlstate", None)
    found = CONSTRAINT.search(str(error.orig))
    if found and found["name"] in VIOLATIONS:
        return VIOLATIONS[found["name"]]()
    if state == "23505":
        return Conflict(ALREADY_EXISTS)
    if state == "23503":
        return NotFound(NOT_FOUND)
    # Values that no column can hold: class 22 of SQLSTATE, and NUL, which the driver refuses before it is sent.
    if isinstance(error.orig, psycopg.DataError):
        return Invalid(UNKEEPABLE)
    return None
