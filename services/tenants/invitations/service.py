"""Writes of invitations."""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select

from services.kit.db import on_violation
from services.kit.due import schedule
from services.kit.errors import Conflict, Locale, Unauthenticated
from services.kit.ids import new_id
from services.kit.permissions import Permission, Role
from services.kit.signing import digest, seal, unseal
from services.kit.tenancy import Caller, WriteSession
from services.tenants.access.service import Entered, enter, proper_email
from services.tenants.directory import service as directory
from services.tenants.invitations import queries
from services.tenants.invitations.models import Invitation, InvitationState
from services.tenants.invitations.rules import ALREADY_INVITED, ALREADY_MEMBER, BAD_INVITATION, NOT_OPEN, refuse_spent
from services.tenants.members import service as members
from services.tenants.members.models import Member, MemberState
from services.tenants.members.rules import may_invite, plain_name, refuse_touching_owners

MAIL = "invitations.mail"
PURPOSE = "invitation"
TOKEN = ("input", "token")

on_violation("uq_invitation_open", lambda: Conflict(ALREADY_INVITED, path=("input", "email")))


def invitation_token(secret: SecretStr, *, tenant_id: UUID, invitation_id: UUID) -> str:
    """This will give the token of an invitation's mail; it can be made again, so it is never kept."""
    return seal(secret, PURPOSE, tenant_id.bytes + invitation_id.bytes)


def invited(secret: SecretStr, token: str) -> tuple[UUID, UUID]:
    """This will tell the tenant and the invitation that a token was made for, before either is looked up."""
    body = unseal(secret, PURPOSE, token)
    if body is None:
        raise Unauthenticated(BAD_INVITATION, path=TOKEN)
    return UUID(bytes=body[:16]), UUID(bytes=body[16:])


async def invite(
    session: WriteSession,
    caller: Caller,
    *,
    secret: SecretStr,
    email: str,
    role: Role,
    name: str | None,
    locale: Locale | None,
    life: timedelta,
    at: datetime,
) -> Invitation:
    """This will ask a person into the workspace by mail; an earlier invitation to the same address is withdrawn.

    Nothing in it depends on whether the address has a log-in anywhere.
    """
    caller.require(Permission.MEMBER_MANAGE)
    refuse_touching_owners(caller.role, role)
    address, key = proper_email(email, path=("input", "email"))
    known = (await session.execute(select(Member.role, Member.state).where(Member.email_key == key))).first()
    if known is not None:
        if known.state == MemberState.ACTIVE:
            raise Conflict(ALREADY_MEMBER, path=("input", "email"))
        refuse_touching_owners(caller.role, known.role)  # who comes back gets the invitation's role
    earlier = select(Invitation).where(Invitation.email_key == key, Invitation.state == InvitationState.OPEN)
    for open_one in await session.scalars(earlier.with_for_update()):
        open_one.state = InvitationState.REVOKED
    await session.flush()
    invitation_id = new_id()
    token = invitation_token(secret, tenant_id=caller.tenant_id, invitation_id=invitation_id)
    invitation = Invitation(
        id=invitation_id,
        email=address,
        email_key=key,
        name=None if name is None else plain_name(name, path=("input", "name")),
        role=role,
        locale=locale,
        invited_by_id=caller.member_id,
        token_digest=digest(token),
        state=InvitationState.OPEN,
        expires_at=at + life,
    )
    session.add(invitation)
    schedule(session, kind=MAIL, subject_id=invitation_id, due_at=at)
    await session.flush()
    return invitation


async def revoke(session: WriteSession, caller: Caller, *, invitation_id: UUID) -> Invitation:
    """This will withdraw an invitation that was not accepted yet."""
    caller.require(Permission.MEMBER_MANAGE)
    path = ("input", "invitationId")
    await session.execute(select(Invitation.id).where(Invitation.id == invitation_id).with_for_update())
    invitation = await queries.get(session, invitation_id, path=path)
    refuse_touching_owners(caller.role, invitation.role)
    if invitation.state != InvitationState.OPEN:
        raise Conflict(NOT_OPEN, path=path, current_version=invitation.version)
    invitation.state = InvitationState.REVOKED
    await session.flush()
    return invitation


async def accept(
    session: WriteSession,
    caller: Caller,
    *,
    invitation_id: UUID,
    name: str,
    login_id: UUID | None,
    password_hash: str,
    secret: SecretStr,
    session_life: timedelta,
    at: datetime,
) -> Entered:
    """This will let an invited person in: under the log-in they proved to be theirs, or under a new one.

    The caller is the system itself in the invitation's workspace; of two calls at a time the second finds it accepted.
    """
    caller.require(Permission.MEMBER_MANAGE)
    invitation = await session.scalar(select(Invitation).where(Invitation.id == invitation_id).with_for_update())
    if invitation is None:
        raise Unauthenticated(BAD_INVITATION, path=TOKEN)
    refuse_spent(invitation.state, invitation.expires_at, at)
    if not await _is_backed(session, invitation):
        raise Unauthenticated(BAD_INVITATION, path=TOKEN)
    email, key = invitation.email, invitation.email_key
    if login_id is None:
        login_id = new_id()
        added = await directory.add_login(
            session, login_id=login_id, email=email, email_key=key, password_hash=password_hash, at=at
        )
        if not added:  # the address signed up between the proof and now; the next try asks for that password
            raise Unauthenticated(BAD_INVITATION, path=TOKEN)
    member = await members.admit(
        session,
        caller,
        login_id=login_id,
        name=name,
        email=email,
        role=Role(invitation.role),
        locale=cast(Locale | None, invitation.locale),
        at=at,
    )
    invitation.state = InvitationState.ACCEPTED
    return await enter(
        session,
        caller,
        login_id=login_id,
        member_id=member.id,
        secret=secret,
        session_life=session_life,
        at=at,
    )


async def _is_backed(session: WriteSession, invitation: Invitation) -> bool:
    """Tells whether whoever invited may still do so; who was sent away does not come back under another address."""
    if invitation.invited_by_id is None:
        return True
    role = await session.scalar(
        select(Member.role).where(Member.id == invitation.invited_by_id, Member.state == MemberState.ACTIVE)
    )
    return role is not None and may_invite(Role(role), Role(invitation.role))
