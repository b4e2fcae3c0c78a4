"""The tables of workspaces."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from services.kit.db import RecordTable, one_of


class WorkspaceState(StrEnum):
    """This will say how far a workspace has come in its life."""

    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    READ_ONLY = "READ_ONLY"
    CLOSED = "CLOSED"


class Workspace(RecordTable):
    """This will be the one row that describes a tenant; its id is the tenant's own."""

    __tablename__ = "workspace"
    __table_args__ = (
        CheckConstraint("id = tenant_id", name="one_per_tenant"),
        one_of("state", WorkspaceState),
        one_of("locale", ("fa", "en")),
        {"info": {"kind": "tenant"}},
    )

    name: Mapped[str]
    slug: Mapped[str]
    locale: Mapped[str]
    zone: Mapped[str]
    currency: Mapped[str]
    state: Mapped[str]
    trial_ends_at: Mapped[datetime]
