"""The tables of access."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from services.kit.db import TenantTable, one_of, tenant_fk


class Revoked(StrEnum):
    """This will say why a log-in session ended before its time."""

    LOGGED_OUT = "LOGGED_OUT"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105 # a reason, not a secret
    MEMBER_SUSPENDED = "MEMBER_SUSPENDED"


class LoginSession(TenantTable):
    """This will be one log-in of a member on one device, from log-in to log-out; its refresh tokens are its family.

    ``refresh_digest`` knows the one token of the family that is good now.
    """

    __tablename__ = "login_session"
    __table_args__ = (
        tenant_fk("member_id", "member"),
        Index("ix_login_session_member", "tenant_id", "member_id"),
        one_of("revoked_because", Revoked),
        {"info": {"kind": "tenant"}},
    )

    member_id: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_because: Mapped[str | None]
    refresh_digest: Mapped[str | None]
