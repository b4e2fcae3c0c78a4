"""Workspaces, members and how they get in, as GraphQL."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.errors import Problems, mutation
from schema.paging import Connection, listing, one, record, single
from schema.scalars import Node, as_id
from schema.throttle import INVITATIONS, MAILBOX, admit
from services.kit.errors import Locale
from services.kit.permissions import Role
from services.tenants.access import service as access
from services.tenants.invitations import queries as invitations
from services.tenants.invitations import service as inviting
from services.tenants.invitations.models import InvitationState
from services.tenants.members import queries as members
from services.tenants.members import service as people
from services.tenants.members.models import MemberState
from services.tenants.workspaces import queries as workspaces
from services.tenants.workspaces.models import WorkspaceState

strawberry.enum(Role, description="The part a member plays in a workspace.")
strawberry.enum(MemberState, description="Whether a member works here.")
strawberry.enum(InvitationState, description="What became of an invitation.")
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
    locale: LocaleType | None = strawberry.field(description="The language the person chose; null: the workspace's.")
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


@record(invitations.invitation, "A letter that lets its reader into the workspace, once.")
class Invitation(Node):
    """This will be an invitation."""

    email: str = strawberry.field(description="The address that it was sent to.")
    name: str | None = strawberry.field(description="The person's name as the inviter knows it.")
    role: Role = strawberry.field(description="What the person will be allowed to do.")
    locale: LocaleType | None = strawberry.field(description="The language of the mail; null: the workspace's.")
    state: InvitationState = strawberry.field(description="Open, accepted or withdrawn.")
    expires_at: datetime = strawberry.field(description="When it stops letting anybody in.")
    invited_by: Member | None = one("Who sent it.")
    version: int = strawberry.field(description="How often the record was changed.")
    created_at: datetime = strawberry.field(description="When it was sent.")


@strawberry.input(description="Which people to list.")
class MemberFilter:
    """This will say which people to list."""

    role: list[Role] | None = strawberry.field(default=UNSET, description="Only people with one of these roles.")
    state: list[MemberState] | None = strawberry.field(default=UNSET, description="Only people in these states.")


@strawberry.input(description="Which invitations to list.")
class InvitationFilter:
    """This will say which invitations to list."""

    state: list[InvitationState] | None = strawberry.field(
        default=UNSET, description="Only invitations in these states."
    )


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
    members: Connection[Member] = listing(members.member, "The people of the workspace, by name.", filter=MemberFilter)
    invitations: Connection[Invitation] = listing(
        invitations.invitation, "Who was asked into the workspace, the newest first.", filter=InvitationFilter
    )


@strawberry.type(description="The invitation as it is now.")
class InvitationPayload:
    """This will hold an invitation that was changed."""

    invitation: Invitation = strawberry.field(description="The invitation.")


@strawberry.type(description="The person as they are now.")
class MemberPayload:
    """This will hold a person who was changed."""

    member: Member = strawberry.field(description="The person.")


@strawberry.input(description="Whom to invite.")
class InviteMemberInput:
    """This will say whom to invite."""

    email: str = strawberry.field(description="The address that the mail goes to.")
    role: Role = strawberry.field(description="What the person will be allowed to do; only an owner invites owners.")
    name: str | None = strawberry.field(default=None, description="The person's name, as far as it is known.")
    locale: LocaleType | None = strawberry.field(default=None, description="The language of the mail and the person.")


@strawberry.input(description="Which invitation to withdraw.")
class RevokeInvitationInput:
    """This will say which invitation to withdraw."""

    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.input(description="Whose role to change, and to what.")
class ChangeMemberRoleInput:
    """This will say whose role to change."""

    member_id: strawberry.ID = strawberry.field(description="The person.")
    role: Role = strawberry.field(description="What they may do from now on; only an owner makes and unmakes owners.")
    expected_version: int = strawberry.field(description="The version of the person that the decision was made on.")


@strawberry.input(description="Whom to keep out from now on.")
class SuspendMemberInput:
    """This will say whom to keep out."""

    member_id: strawberry.ID = strawberry.field(description="The person.")
    expected_version: int = strawberry.field(description="The version of the person that the decision was made on.")


@strawberry.input(description="What to change of one's own record; what is absent stays.")
class UpdateProfileInput:
    """This will say what to change of one's own record."""

    name: str | None = strawberry.field(default=UNSET, description="The name that others see.")
    locale: LocaleType | None = strawberry.field(
        default=UNSET, description="The language to be spoken to in; null is the workspace's."
    )


InviteMemberResult = Annotated[
    InvitationPayload | Problems, strawberry.union("InviteMemberResult", description="What came of inviting somebody.")
]
RevokeInvitationResult = Annotated[
    InvitationPayload | Problems,
    strawberry.union("RevokeInvitationResult", description="What came of withdrawing an invitation."),
]
ChangeMemberRoleResult = Annotated[
    MemberPayload | Problems, strawberry.union("ChangeMemberRoleResult", description="What came of changing a role.")
]
SuspendMemberResult = Annotated[
    MemberPayload | Problems, strawberry.union("SuspendMemberResult", description="What came of keeping somebody out.")
]
UpdateProfileResult = Annotated[
    MemberPayload | Problems, strawberry.union("UpdateProfileResult", description="What came of changing oneself.")
]


def _locale(chosen: LocaleType | None) -> Locale | None:
    return None if chosen is None else chosen.value


@strawberry.type
class Mutation:
    """This will hold the writes of this module."""

    @mutation("Invites a person by mail; an earlier invitation to the same address is withdrawn.")
    async def invite_member(self, info: Info, input: InviteMemberInput) -> InviteMemberResult:
        """This will ask a person into the workspace."""
        settings = info.context.services.settings
        async with info.context.write() as (session, caller, at):
            invitation = await inviting.invite(
                session,
                caller,
                secret=settings.secret_key,
                email=input.email,
                role=input.role,
                name=input.name,
                locale=_locale(input.locale),
                life=timedelta(days=settings.invitation_token_days),
                at=at,
            )
            # Counted last, so that only what would be sent counts; a refusal takes the invitation back.
            await admit(info.context, (MAILBOX, invitation.email_key), (INVITATIONS, str(caller.tenant_id)))
        return InvitationPayload(invitation=await info.context.fetch(invitations.invitation, invitation.id))

    @mutation("Withdraws an invitation that was not accepted yet.")
    async def revoke_invitation(self, info: Info, input: RevokeInvitationInput) -> RevokeInvitationResult:
        """This will withdraw an invitation."""
        invitation_id = as_id(input.invitation_id, "invitationId")
        async with info.context.write() as (session, caller, _at):
            await inviting.revoke(session, caller, invitation_id=invitation_id)
        return InvitationPayload(invitation=await info.context.fetch(invitations.invitation, invitation_id))

    @mutation("Gives a person another role.")
    async def change_member_role(self, info: Info, input: ChangeMemberRoleInput) -> ChangeMemberRoleResult:
        """This will give a person another role."""
        member_id = as_id(input.member_id, "memberId")
        async with info.context.write() as (session, caller, _at):
            await people.change_role(
                session, caller, member_id=member_id, role=input.role, expected_version=input.expected_version
            )
        return MemberPayload(member=await info.context.fetch(members.member, member_id))

    @mutation("Keeps a person out from now on; what they have open ends at once, their records stay.")
    async def suspend_member(self, info: Info, input: SuspendMemberInput) -> SuspendMemberResult:
        """This will keep a person out."""
        member_id = as_id(input.member_id, "memberId")
        async with info.context.write() as (session, caller, at):
            await access.suspend_member(
                session, caller, member_id=member_id, expected_version=input.expected_version, at=at
            )
        return MemberPayload(member=await info.context.fetch(members.member, member_id))

    @mutation("Changes the caller's own name and language.")
    async def update_profile(self, info: Info, input: UpdateProfileInput) -> UpdateProfileResult:
        """This will change the caller's own record."""
        async with info.context.write() as (session, caller, _at):
            if input.name is not UNSET and input.name is not None:
                await people.rename(session, caller, name=input.name)
            if input.locale is not UNSET:
                await people.choose_locale(session, caller, locale=_locale(input.locale))
        return MemberPayload(member=await info.context.fetch(members.member, info.context.caller.member))


TYPES = (Member, Workspace, Invitation)
