"""What a worker does for invitations: their mails."""

from typing import cast

from sqlalchemy import select

from services.kit.due import PATIENTLY, Work, handles
from services.kit.errors import Locale
from services.kit.mail import Mail, send
from services.kit.settings import settings
from services.tenants.invitations.models import Invitation
from services.tenants.invitations.rules import SOMEBODY, SUBJECT, TEXT, is_good, role_name
from services.tenants.invitations.service import MAIL, invitation_token
from services.tenants.members.models import Member
from services.tenants.workspaces.queries import current


@handles(MAIL, pauses=PATIENTLY)
async def mail_invitation(work: Work) -> None:
    """This will send the link of an invitation, unless it was accepted or withdrawn meanwhile.

    A mail cannot be taken back, so it is sent before the work is marked done: at least once, under one Message-ID.
    """
    chosen = settings()
    async with work.step() as (session, at):
        workspace = await current(session)
        invitation = await session.scalar(select(Invitation).where(Invitation.id == work.subject_id))
        inviter = await session.scalar(
            select(Member.name)
            .join(Invitation, Invitation.invited_by_id == Member.id)
            .where(Invitation.id == work.subject_id)
        )
    if invitation is not None and is_good(invitation.state, invitation.expires_at, at):
        locale = cast(Locale, invitation.locale or workspace.locale)
        token = invitation_token(chosen.secret_key, tenant_id=work.caller.tenant_id, invitation_id=work.subject_id)
        words = {"inviter": inviter or SOMEBODY.text(locale), "workspace": workspace.name}
        mail = Mail(
            to=invitation.email,
            subject=SUBJECT.text(locale, **words),
            text=TEXT.text(
                locale,
                **words,
                role=role_name(invitation.role, locale),
                link=f"{chosen.link_url}/accept-invitation?token={token}",
                days=chosen.invitation_token_days,
            ),
            message_id=str(work.id),
            locale=locale,
        )
        await send(chosen, mail)
    async with work.done():
        pass  # the mail was the effect; only the end of the work is left to commit
