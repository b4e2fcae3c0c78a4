"""The tables of invitations."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from services.kit.db import RecordTable, one_of, tenant_fk
from services.kit.permissions import Role


class InvitationState(StrEnum):
    """This will say what became of an invitation; an open one past its ``expires_at`` opens nothing."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REVOKED = "REVOKED"


class Invitation(RecordTable):
    """This will be one letter that lets its reader into the workspace, once."""

    __tablename__ = "invitation"
    __table_args__ = (
        tenant_fk("invited_by_id", "member"),
        Index("uq_invitation_open", "tenant_id", "email_key", unique=True, postgresql_where="state = 'OPEN'"),
        one_of("state", InvitationState),
        one_of("role", Role),
        one_of("locale", ("fa", "en")),
        {"info": {"kind": "tenant"}},
    )

    email: Mapped[str]
    email_key: Mapped[str]
    name: Mapped[str | None]
    role: Mapped[str]
    locale: Mapped[str | None]
    invited_by_id: Mapped[UUID | None]
    token_digest: Mapped[str]
    state: Mapped[str]
    expires_at: Mapped[datetime]
