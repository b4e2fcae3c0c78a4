"""Reads of access."""

from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select

from services.kit.errors import Forbidden, Locale, NotFound
from services.kit.permissions import Role
from services.kit.tenancy import Caller, ReadSession
from services.tenants.access.models import LoginSession
from services.tenants.access.rules import NO_WORKSPACE, NOT_YOUR_WORKSPACE
from services.tenants.directory.queries import Login, Membership
from services.tenants.members.models import Member, MemberState
from services.tenants.workspaces.models import Workspace, WorkspaceState

ACTS = (Member.tenant_id, Member.role, Member.locale, Workspace.locale, Workspace.zone, Workspace.currency)


async def caller_of(session: ReadSession, *, member_id: UUID, session_id: UUID, request_id: str) -> Caller | None:
    """This will give the member who acts in a log-in session, None when either has ended or the workspace is closed."""
    found = (
        await session.execute(
            select(*ACTS)
            .join(LoginSession, LoginSession.member_id == Member.id)
            .join(Workspace, Workspace.id == Member.tenant_id)
            .where(Member.id == member_id, Member.state == MemberState.ACTIVE)
            .where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None))
            .where(LoginSession.expires_at > session.info["at"], Workspace.state != WorkspaceState.CLOSED)
        )
    ).first()
    if found is None:
        return None
    caller = _caller(found, member_id=member_id, request_id=request_id)
    return replace(caller, session_id=session_id)


async def acting_member(session: ReadSession, *, member_id: UUID, request_id: str, channel: str) -> Caller | None:
    """This will give the member on whose behalf a worker acts, None when they may act no more."""
    found = (
        await session.execute(
            select(*ACTS)
            .join(Workspace, Workspace.id == Member.tenant_id)
            .where(Member.id == member_id, Member.state == MemberState.ACTIVE)
            .where(Workspace.state != WorkspaceState.CLOSED)
        )
    ).first()
    return None if found is None else _caller(found, member_id=member_id, request_id=request_id).through(channel)


def _caller(found: Any, *, member_id: UUID, request_id: str) -> Caller:
    tenant_id, role, own_locale, workspace_locale, zone, currency = found
    return Caller(
        tenant_id=tenant_id,
        member_id=member_id,
        role=Role(role),
        locale=cast(Locale, own_locale or workspace_locale),
        zone=zone,
        currency=currency,
        request_id=request_id,
    )


def chosen_membership(login: Login, slug: str | None) -> Membership:
    """This will give the workspace that a proven person goes to: the named one, else the one they were in last."""
    if slug is None:
        if not login.memberships:
            raise Forbidden(NO_WORKSPACE)
        return login.memberships[0]
    for membership in login.memberships:
        if membership.slug == slug.strip().lower():
            return membership
    raise NotFound(NOT_YOUR_WORKSPACE, path=("input", "workspaceSlug"))
