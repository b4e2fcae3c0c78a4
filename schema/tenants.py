"""Workspaces, members and how they get in, as GraphQL."""

from datetime import datetime
from enum import Enum

import strawberry

from schema.context import Info
from schema.paging import Connection, listing, one, record, single
from schema.scalars import Node
from services.kit.permissions import Role
from services.tenants.members import queries as members
from services.tenants.members.models import MemberState
from services.tenants.workspaces import queries as workspaces
from services.tenants.workspaces.models import WorkspaceState

strawberry.enum(Role, description="The part a member plays in a workspace.")
strawberry.enum(MemberState, description="Whether a member works here.")
strawberry.enum(WorkspaceState, description="How far a workspace has come in its life.")


@strawberry.enum(description="A language of the product.")
class LocaleType(Enum):
    """This will name a language."""

    FA = "fa"
    EN = "en"


@record(members.member, "A person of the workspace.")
class Member(Node):
    """This will be a person of the workspace."""

    name: str = strawberry.field(description="The person's name.")
    email: str | None = strawberry.field(description="The person's e-mail, when they can log in.")
    role: Role = strawberry.field(description="What the person may do.")
    state: MemberState = strawberry.field(description="Whether the person works here.")
    region: str | None = strawberry.field(description="The regional office the person belongs to.")
    manager: "Member | None" = one("Who the person reports to.")
    version: int = strawberry.field(description="Pass this back as `expectedVersion` when changing the record.")
    created_at: datetime = strawberry.field(description="When the person was added.")


@record(workspaces.workspace, "The workspace of the caller: one business, walled off from all others.")
class Workspace(Node):
    """This will be the caller's workspace."""

    name: str = strawberry.field(description="The business's name.")
    slug: str = strawberry.field(description="A short name, unique in the installation.")
    locale: LocaleType = strawberry.field(
        description="The language the workspace speaks unless a member chose another."
    )
    zone: str = strawberry.field(description="The IANA time zone of the workspace.")
    currency: str = strawberry.field(description="The currency (ISO 4217) that figures are kept in.")
    state: WorkspaceState = strawberry.field(description="Trial, active, read-only or closed.")
    trial_ends_at: datetime = strawberry.field(description="When the free trial ends.")


@strawberry.type(description="Who is logged in, and where.")
class Viewer:
    """This will be who is logged in."""

    @strawberry.field(description="The member who is logged in.")
    async def member(self, info: Info) -> Member:
        """This will give the caller's own record."""
        return await info.context.fetch(members.member, info.context.caller.member)  # type: ignore[no-any-return] # a Record stands for its type

    @strawberry.field(description="The workspace that the member is in.")
    async def workspace(self, info: Info) -> Workspace:
        """This will give the caller's workspace."""
        return await info.context.fetch(workspaces.workspace, info.context.caller.tenant_id)  # type: ignore[no-any-return] # a Record stands for its type

    @strawberry.field(description="What the member may do, as permission names.")
    def permissions(self, info: Info) -> list[str]:
        """This will list the caller's permissions."""
        return info.context.caller.permissions()


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    @strawberry.field(description="Who is logged in; null for an anonymous caller.")
    def viewer(self, info: Info) -> Viewer | None:
        """This will say who is logged in."""
        return None if info.context.member is None else Viewer()

    member: Member | None = single(members.member, "A person of the workspace.")
    members: Connection[Member] = listing(members.member, "The people of the workspace, by name.")


TYPES = (Member, Workspace)
