"""The tables of the directory; no role but the owner's may touch them, so they are no mapped classes."""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from services.kit.db import Base


def _moment(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)


KIND = {"kind": "directory"}

login = Table(
    "login",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    _moment("created_at", nullable=False),
    UniqueConstraint("email_key"),
    info=KIND,
)

# One row for each request to sign up. The row of an address that is known holds no more than what the mail needs that
# says so: neither a password nor a token.
sign_up = Table(
    "sign_up",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("name", Text),
    Column("workspace_name", Text),
    Column("password_hash", Text),
    Column("token_digest", Text),
    _moment("created_at", nullable=False),
    _moment("expires_at", nullable=False),
    _moment("used_at"),
    UniqueConstraint("token_digest"),
    CheckConstraint("locale IN ('fa', 'en')", name="locale_known"),
    Index("ix_sign_up_expires_at", "expires_at"),
    info=KIND,
)

workspace_slug = Table(
    "workspace_slug",
    Base.metadata,
    Column("slug", Text, primary_key=True),
    Column("workspace_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    _moment("created_at", nullable=False),
    UniqueConstraint("workspace_id"),
    info=KIND,
)

membership = Table(
    "membership",
    Base.metadata,
    Column("login_id", Uuid, ForeignKey("login.id"), primary_key=True),
    Column("workspace_id", Uuid, primary_key=True),
    Column("member_id", Uuid, nullable=False),
    Column("active", Boolean, nullable=False),
    _moment("last_used_at", nullable=False),
    info=KIND,
)
