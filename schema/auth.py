"""Who calls: access tokens, the member they stand for, and the ways in.

The ways in open their own doors, because nobody is known yet; no connection is held while a password is hashed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from schema.context import Context
from schema.throttle import ADDRESS, MAILBOX, admit, admit_from, network
from services.kit.errors import Locale, Message, Unauthenticated
from services.kit.ids import new_id
from services.kit.settings import Settings
from services.kit.signing import digest, sign, verify
from services.kit.tenancy import SYSTEM_TENANT, Caller, Database, read, write
from services.tenants.access import queries as access
from services.tenants.access import service as entrance
from services.tenants.access.rules import BAD_CREDENTIALS, BAD_REFRESH_TOKEN, check_password
from services.tenants.access.service import Entered, proper_email
from services.tenants.directory.queries import Membership, find_login
from services.tenants.invitations import queries as invitation_queries
from services.tenants.invitations import service as invitations
from services.tenants.invitations.rules import BAD_INVITATION, WRONG_PASSWORD, refuse_spent
from services.tenants.members.rules import plain_name
from services.tenants.workspaces.queries import current
from services.tenants.workspaces.rules import refuse_read_only

BAD_TOKEN = Message(
    "bad_access_token",
    "The access token is expired or not valid; refresh it or log in again.",
    "توکن دسترسی منقضی یا نامعتبر است؛ آن را تازه کنید یا دوباره وارد شوید.",
)


def access_token(settings: Settings, *, tenant_id: UUID, member_id: UUID, session_id: UUID, at: datetime) -> str:
    """This will make the short-lived token that names a member's log-in session."""
    claims = {"tid": str(tenant_id), "mid": str(member_id), "sid": str(session_id)}
    return sign(settings.secret_key, "access", claims, at=at, seconds=settings.access_token_seconds)


async def authenticate(settings: Settings, database: Database, authorization: str, *, request_id: str) -> Caller:
    """This will give the member behind an ``Authorization: Bearer`` header, or refuse it.

    The session, the member and the workspace are looked up each time, so a revoked session ends at once.
    """
    scheme, _, token = authorization.partition(" ")
    claims = (
        verify(settings.secret_key, "access", token.strip(), at=database.clock())
        if scheme.lower() == "bearer"
        else None
    )
    if claims is None:
        raise Unauthenticated(BAD_TOKEN)
    tenant_id, member_id, session_id = UUID(claims["tid"]), UUID(claims["mid"]), UUID(claims["sid"])
    async with read(database, Caller(tenant_id=tenant_id, request_id=request_id)) as session:
        caller = await access.caller_of(session, member_id=member_id, session_id=session_id, request_id=request_id)
    if caller is None:
        raise Unauthenticated(BAD_TOKEN)
    return caller


def preferred_locale(accept_language: str) -> Locale:
    """This will choose the language of an anonymous caller: Persian when it is preferred to English."""
    wanted: list[tuple[float, str]] = []
    for place, part in enumerate(accept_language.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        wanted.append((weight - place / 1000, tag.lower()[:2]))
    for _, language in sorted(wanted, reverse=True):
        if language == "fa":
            return "fa"
        if language == "en":
            return "en"
    return "en"


@dataclass(frozen=True, slots=True)
class Opened:
    """This will be a log-in session as its owner gets it: both tokens, and until when the first is good."""

    access_token: str
    refresh_token: str
    expires_at: datetime


async def _opened(context: Context, entered: Entered, at: datetime) -> Opened:
    """This will go on as the member who came in, and give them their tokens."""
    caller, settings = entered.caller, context.services.settings
    if caller.session_id is None:
        raise LookupError("whoever came in has a session")
    await context.become(caller)
    token = access_token(
        settings, tenant_id=caller.tenant_id, member_id=caller.member, session_id=caller.session_id, at=at
    )
    return Opened(token, entered.refresh_token, at + timedelta(seconds=settings.access_token_seconds))


def _system(context: Context, tenant_id: UUID) -> Caller:
    return Caller(tenant_id=tenant_id, locale=context.locale, request_id=context.request_id)


def _session_life(context: Context) -> timedelta:
    return timedelta(days=context.services.settings.refresh_token_days)


async def sign_up(
    context: Context, *, email: str, password: str, name: str, workspace_name: str, locale: Locale
) -> str:
    """This will keep a request to sign up and give the address back; known and unknown ones take the same path."""
    services = context.services
    address, key = proper_email(email, path=("input", "email"))
    check_password(password, email=address, path=("input", "password"))
    name = plain_name(name, path=("input", "name"))
    workspace_name = plain_name(workspace_name, path=("input", "workspaceName"))
    await admit(context, (ADDRESS, network(context.address)), (MAILBOX, key))
    password_hash = await services.passwords.hashed(password)
    async with write(services.database, _system(context, SYSTEM_TENANT)) as (session, at):
        await entrance.sign_up(
            session,
            secret=services.settings.secret_key,
            email=address,
            email_key=key,
            password_hash=password_hash,
            name=name,
            workspace_name=workspace_name,
            locale=locale,
            life=timedelta(hours=services.settings.verification_token_hours),
            at=at,
        )
    return address


async def verify_email(context: Context, *, token: str) -> Opened:
    """This will open the workspace that a sign-up asked for and let its owner in."""
    services = context.services
    await admit_from(context)
    system = _system(context, new_id())
    async with write(services.database, system) as (session, at):
        entered = await entrance.verify_email(
            session,
            system,
            secret=services.settings.secret_key,
            token=token.strip(),
            trial_days=services.settings.trial_days,
            session_life=_session_life(context),
            at=at,
        )
    return await _opened(context, entered, at)


async def log_in(
    context: Context, *, email: str, password: str, workspace_slug: str | None
) -> tuple[Opened, tuple[Membership, ...]]:
    """This will let a person in who knows their password; an unknown address and a wrong password answer alike."""
    services = context.services
    _, key = proper_email(email, path=("input", "email"))
    await admit_from(context, key)
    async with read(services.database, _system(context, SYSTEM_TENANT)) as directory:
        login = await find_login(directory, email_key=key)
    proven = await services.passwords.match(password, None if login is None else login.password_hash)
    if login is None or not proven:
        raise Unauthenticated(BAD_CREDENTIALS)
    membership = access.chosen_membership(login, workspace_slug)
    system = _system(context, membership.workspace_id)
    async with write(services.database, system) as (session, at):
        entered = await entrance.enter(
            session,
            system,
            login_id=login.id,
            member_id=membership.member_id,
            secret=services.settings.secret_key,
            session_life=_session_life(context),
            at=at,
        )
    return await _opened(context, entered, at), login.memberships


async def refresh_session(context: Context, *, token: str) -> Opened:
    """This will change a refresh token for a new pair; one that was used before ends the session."""
    services = context.services
    token = token.strip()
    tenant_id, session_id = entrance.refreshed_session(services.settings.secret_key, token)
    await admit_from(context)
    system = _system(context, tenant_id)
    async with write(services.database, system) as (session, at):
        entered = await entrance.refresh(
            session,
            system,
            session_id=session_id,
            token=token,
            secret=services.settings.secret_key,
            session_life=_session_life(context),
            at=at,
        )
    if entered is None:
        raise Unauthenticated(BAD_REFRESH_TOKEN, path=("input", "refreshToken"))
    return await _opened(context, entered, at)


async def accept_invitation(context: Context, *, token: str, name: str | None, password: str) -> Opened:
    """This will let an invited person in: a new one chooses a password, one who has a log-in proves it."""
    services = context.services
    secret, token = services.settings.secret_key, token.strip()
    tenant_id, invitation_id = invitations.invited(secret, token)
    await admit_from(context, str(invitation_id))
    system = _system(context, tenant_id)
    async with read(services.database, system) as snapshot:
        invitation = await invitation_queries.of_token(
            snapshot, invitation_id=invitation_id, token_digest=digest(token)
        )
        if invitation is None:
            raise Unauthenticated(BAD_INVITATION, path=("input", "token"))
        refuse_spent(invitation.state, invitation.expires_at, snapshot.info["at"])
        login = await find_login(snapshot, email_key=invitation.email_key)
    known_as = plain_name(name or invitation.name or "", path=("input", "name"))
    password_hash = ""
    if login is None:
        check_password(password, email=invitation.email, path=("input", "password"))
        password_hash = await services.passwords.hashed(password)
    elif not await services.passwords.match(password, login.password_hash):
        raise Unauthenticated(WRONG_PASSWORD, path=("input", "password"))
    async with write(services.database, system) as (session, at):
        workspace = await current(session)
        refuse_read_only(workspace.state, workspace.trial_ends_at, at)
        entered = await invitations.accept(
            session,
            system,
            invitation_id=invitation_id,
            name=known_as,
            login_id=None if login is None else login.id,
            password_hash=password_hash,
            secret=secret,
            session_life=_session_life(context),
            at=at,
        )
    return await _opened(context, entered, at)


async def log_out(context: Context, *, everywhere: bool) -> None:
    """This will end the caller's log-in session; also in a workspace that takes no other changes."""
    caller = context.caller
    async with write(context.services.database, caller) as (session, at):
        await entrance.log_out(session, caller, everywhere=everywhere, at=at)
