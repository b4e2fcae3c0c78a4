"""The tables of members."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from services.kit.db import RecordTable, one_of, tenant_fk
from services.kit.permissions import Role


class MemberState(StrEnum):
    """This will say whether a member works here; RECORDED members own imported records and cannot log in."""

    ACTIVE = "ACTIVE"
    RECORDED = "RECORDED"
    SUSPENDED = "SUSPENDED"


class Member(RecordTable):
    """This will be a person of the workspace; ``login_id`` names their log-in in the directory, when they have one."""

    __tablename__ = "member"
    __table_args__ = (
        tenant_fk("manager_id", "member"),
        UniqueConstraint("tenant_id", "login_id"),
        UniqueConstraint("tenant_id", "email_key"),
        Index("ix_member_name_key", "tenant_id", "name_key"),
        one_of("state", MemberState),
        one_of("role", Role),
        one_of("locale", ("fa", "en")),
        {"info": {"kind": "tenant"}},
    )

    login_id: Mapped[UUID | None]
    name: Mapped[str]
    name_key: Mapped[str]
    email: Mapped[str | None]
    email_key: Mapped[str | None]
    role: Mapped[str]
    state: Mapped[str]
    locale: Mapped[str | None]
    manager_id: Mapped[UUID | None]
    region: Mapped[str | None]
