"""Who calls: access tokens, and the member they stand for."""

from datetime import datetime
from uuid import UUID

from services.kit.errors import Locale, Message, Unauthenticated
from services.kit.settings import Settings
from services.kit.signing import sign, verify
from services.kit.tenancy import Caller, Database, read
from services.tenants.access import queries as access

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
