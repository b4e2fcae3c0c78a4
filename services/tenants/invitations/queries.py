"""Reads of invitations."""

from uuid import UUID

from sqlalchemy import select

from services.kit.errors import NOT_FOUND, NotFound, Path
from services.kit.permissions import Permission
from services.kit.reads import One, ReadModel, read_model
from services.kit.tenancy import ReadSession
from services.tenants.invitations.models import Invitation

invitation = read_model(
    ReadModel(
        name="invitation",
        table=Invitation,
        permission=Permission.MEMBER_MANAGE,
        links={"invited_by": One("member", Invitation.invited_by_id)},
        filters={"state": lambda states: Invitation.state.in_(states)},
    )
)


async def get(session: ReadSession, invitation_id: UUID, *, path: Path) -> Invitation:
    """This will give an invitation of the caller's workspace; a foreign id and a missing one are both not found."""
    found = await session.scalar(select(Invitation).where(Invitation.id == invitation_id))
    if found is None:
        raise NotFound(NOT_FOUND, path=path)
    return found


async def of_token(session: ReadSession, *, invitation_id: UUID, token_digest: str) -> Invitation | None:
    """This will give the invitation that a token was made for."""
    return await session.scalar(
        select(Invitation).where(Invitation.id == invitation_id, Invitation.token_digest == token_digest)
    )
