"""Writes of access: signing up, coming in, going out."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select, update

from services.kit.columns import email_columns
from services.kit.due import schedule
from services.kit.errors import REQUIRED, Conflict, Forbidden, Invalid, Locale, Message, Path, Unauthenticated
from services.kit.ids import new_id
from services.kit.permissions import Permission, Role
from services.kit.signing import digest, seal, unseal
from services.kit.tenancy import Caller, WriteSession
from services.tenants.access import queries
from services.tenants.access.models import LoginSession, Revoked
from services.tenants.access.rules import (
    BAD_REFRESH_TOKEN,
    EMAIL_TAKEN,
    NO_WORKSPACE,
    TOKEN_EXPIRED,
    TOKEN_UNKNOWN,
    TOKEN_USED,
)
from services.tenants.directory import service as directory
from services.tenants.directory.service import Outcome
from services.tenants.members import service as members
from services.tenants.members.models import Member
from services.tenants.workspaces.service import open_workspace

SIGN_UP_MAIL = "access.mail_sign_up"
REFRESH = "refresh"
VERIFY = "verify-email"

REFUSED: dict[Outcome, Message] = {
    Outcome.UNKNOWN: TOKEN_UNKNOWN,
    Outcome.USED: TOKEN_USED,
    Outcome.EXPIRED: TOKEN_EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Entered:
    """This will be a member who has just come in, with the token that keeps them in."""

    caller: Caller
    refresh_token: str


def proper_email(email: str, *, path: Path) -> tuple[str, str]:
    """This will give an address as it was written and as it is compared; what is no address is refused."""
    columns = email_columns(email, path=path)
    written, key = columns["email"], columns["email_key"]
    if written is None or key is None:
        raise Invalid(REQUIRED, path=path)
    return written, key


def verification_token(secret: SecretStr, sign_up_id: UUID) -> str:
    """This will give the token of a sign-up's mail; it can be made again, so it is never kept."""
    return seal(secret, VERIFY, sign_up_id.bytes)


async def sign_up(
    session: WriteSession,
    *,
    secret: SecretStr,
    email: str,
    email_key: str,
    password_hash: str,
    name: str,
    workspace_name: str,
    locale: Locale,
    life: timedelta,
    at: datetime,
) -> None:
    """This will keep a request to sign up and have a mail sent; the caller learns nothing about the address."""
    sign_up_id = new_id()
    await directory.enter_sign_up(
        session,
        sign_up_id=sign_up_id,
        email=email,
        email_key=email_key,
        name=name,
        workspace_name=workspace_name,
        locale=locale,
        password_hash=password_hash,
        token_digest=digest(verification_token(secret, sign_up_id)),
        life=life,
        at=at,
    )
    schedule(session, kind=SIGN_UP_MAIL, subject_id=sign_up_id, due_at=at)


async def verify_email(
    session: WriteSession,
    caller: Caller,
    *,
    secret: SecretStr,
    token: str,
    trial_days: int,
    session_life: timedelta,
    at: datetime,
) -> Entered:
    """This will open the workspace that a sign-up asked for, in the caller's new tenant, and let its owner in."""
    login_id = new_id()
    outcome, person = await directory.verify_sign_up(session, token_digest=digest(token), login_id=login_id, at=at)
    if person is None:
        path = ("input", "token")
        raise (
            Conflict(EMAIL_TAKEN, path=path)
            if outcome is Outcome.TAKEN
            else Unauthenticated(REFUSED[outcome], path=path)
        )
    founder = Caller(caller.tenant_id, locale=person.locale, request_id=caller.request_id, channel=caller.channel)
    await open_workspace(
        session, founder, name=person.workspace_name, locale=person.locale, trial_days=trial_days, at=at
    )
    owner = await members.add_member(
        session, founder, name=person.name, role=Role.OWNER, login_id=login_id, email=person.email, at=at
    )
    return await enter(
        session, caller, login_id=login_id, member_id=owner.id, secret=secret, session_life=session_life, at=at
    )


async def enter(
    session: WriteSession,
    caller: Caller,
    *,
    login_id: UUID,
    member_id: UUID,
    secret: SecretStr,
    session_life: timedelta,
    at: datetime,
) -> Entered:
    """This will open a log-in session for a member whose identity is proven; suspended ones are refused."""
    log_in = LoginSession(id=new_id(), member_id=member_id, created_at=at, expires_at=at + session_life)
    token = _refresh_token(secret, caller.tenant_id, log_in.id)
    log_in.refresh_digest = digest(token)
    session.add(log_in)
    await session.flush()
    await directory.join(session, login_id=login_id, member_id=member_id, at=at)
    entered = await queries.caller_of(session, member_id=member_id, session_id=log_in.id, request_id=caller.request_id)
    if entered is None:
        raise Forbidden(NO_WORKSPACE)
    return Entered(entered, token)


def _refresh_token(secret: SecretStr, tenant_id: UUID, session_id: UUID) -> str:
    """This will make a refresh token: whose it is, 32 random bytes, and the seal by which a used one is known again."""
    return seal(secret, REFRESH, tenant_id.bytes + session_id.bytes + secrets.token_bytes(32))


def refreshed_session(secret: SecretStr, token: str) -> tuple[UUID, UUID]:
    """This will tell the tenant and the log-in session that a refresh token belongs to, before either is looked up."""
    body = unseal(secret, REFRESH, token)
    if body is None:
        raise Unauthenticated(BAD_REFRESH_TOKEN, path=("input", "refreshToken"))
    return UUID(bytes=body[:16]), UUID(bytes=body[16:32])


async def refresh(
    session: WriteSession,
    caller: Caller,
    *,
    session_id: UUID,
    token: str,
    secret: SecretStr,
    session_life: timedelta,
    at: datetime,
) -> Entered | None:
    """This will change a good refresh token for the next one, and end the session when a used one comes back.

    The token bears our seal, so if it is not the one that is good now, it was once: two parties hold it. None means
    refused; it is no exception, because the end of the session must be committed.
    """
    log_in = await session.scalar(select(LoginSession).where(LoginSession.id == session_id).with_for_update())
    if log_in is None or log_in.revoked_at is not None or log_in.expires_at <= at:
        return None
    if not hmac.compare_digest(log_in.refresh_digest or "", digest(token)):
        log_in.revoked_at, log_in.revoked_because = at, Revoked.REFRESH_TOKEN_REUSED
        return None
    entered = await queries.caller_of(
        session, member_id=log_in.member_id, session_id=session_id, request_id=caller.request_id
    )
    if entered is None:
        return None
    following = _refresh_token(secret, caller.tenant_id, session_id)
    log_in.refresh_digest, log_in.expires_at = digest(following), at + session_life
    return Entered(entered, following)


async def log_out(session: WriteSession, caller: Caller, *, everywhere: bool, at: datetime) -> None:
    """This will end the caller's log-in session, or all of theirs in this workspace; their tokens stop working now."""
    mine = LoginSession.member_id == caller.member
    which = mine if everywhere else mine & (LoginSession.id == caller.session_id)
    await session.execute(
        update(LoginSession)
        .where(which, LoginSession.revoked_at.is_(None))
        .values(revoked_at=at, revoked_because=Revoked.LOGGED_OUT)
        .execution_options(synchronize_session=False)
    )


async def suspend_member(
    session: WriteSession, caller: Caller, *, member_id: UUID, expected_version: int, at: datetime
) -> Member:
    """This will keep a member out of the workspace from now on; their sessions end at once, their records stay."""
    caller.require(Permission.MEMBER_MANAGE)
    member = await members.suspend(session, caller, member_id=member_id, expected_version=expected_version)
    if member.login_id is not None:
        await directory.leave(session, login_id=member.login_id)
    await session.execute(
        update(LoginSession)
        .where(LoginSession.member_id == member.id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=at, revoked_because=Revoked.MEMBER_SUSPENDED)
        .execution_options(synchronize_session=False)
    )
    return member
