"""What a worker does for access: the mails of a sign-up."""

from services.kit.due import PATIENTLY, Work, handles
from services.kit.mail import Mail, send
from services.kit.settings import settings
from services.tenants.access import rules
from services.tenants.access.service import SIGN_UP_MAIL, verification_token
from services.tenants.directory import queries as directory


@handles(SIGN_UP_MAIL, pauses=PATIENTLY)
async def mail_sign_up(work: Work) -> None:
    """This will send the link of a sign-up, or tell the owner of a known address that they have an account.

    A mail cannot be taken back, so it is sent before the work is marked done: at least once, under one Message-ID.
    """
    chosen = settings()
    async with work.step() as (session, at):
        asked = await directory.sign_up(session, work.subject_id)
    if asked is not None and not asked.used and asked.expires_at > at:
        if asked.known:
            subject, text, link = rules.KNOWN_SUBJECT, rules.KNOWN_TEXT, f"{chosen.link_url}/log-in"
        else:
            token = verification_token(chosen.secret_key, work.subject_id)
            subject, text = rules.VERIFY_SUBJECT, rules.VERIFY_TEXT
            link = f"{chosen.link_url}/verify-email?token={token}"
        mail = Mail(
            to=asked.email,
            subject=subject.text(asked.locale),
            text=text.text(asked.locale, link=link, hours=chosen.verification_token_hours),
            message_id=str(work.id),
            locale=asked.locale,
        )
        await send(chosen, mail)
    async with work.done():
        pass  # the mail was the effect; only the end of the work is left to commit
