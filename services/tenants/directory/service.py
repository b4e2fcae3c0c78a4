"""What is entered in the directory.

The doors take the workspace from the transaction's tenant, so nobody can enter anything for another one.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast
from uuid import UUID

from sqlalchemy import text

from services.kit.errors import ALREADY_EXISTS, Conflict, Locale
from services.kit.tenancy import WriteSession
from services.kit.text import slugify

SLUG_ATTEMPTS = 10


class Outcome(StrEnum):
    """This will say what came of a verification token."""

    VERIFIED = "VERIFIED"
    UNKNOWN = "UNKNOWN"
    USED = "USED"
    EXPIRED = "EXPIRED"
    TAKEN = "TAKEN"


@dataclass(frozen=True, slots=True)
class Verified:
    """This will be a person whose address is proven and whose log-in has just been made."""

    email: str
    email_key: str
    name: str
    workspace_name: str
    locale: Locale


async def enter_sign_up(
    session: WriteSession,
    *,
    sign_up_id: UUID,
    email: str,
    email_key: str,
    name: str,
    workspace_name: str,
    locale: Locale,
    password_hash: str,
    token_digest: str,
    life: timedelta,
    at: datetime,
) -> None:
    """This will keep a request to sign up; whether the address is known is not told, and costs the same."""
    await session.execute(
        text(
            "SELECT app.sign_up(:id, :email, :email_key, :locale, :name, :workspace_name,"
            " :password_hash, :token_digest, :at, :expires_at)"
        ),
        {
            "id": sign_up_id,
            "email": email,
            "email_key": email_key,
            "locale": locale,
            "name": name,
            "workspace_name": workspace_name,
            "password_hash": password_hash,
            "token_digest": token_digest,
            "at": at,
            "expires_at": at + life,
        },
    )


async def verify_sign_up(
    session: WriteSession, *, token_digest: str, login_id: UUID, at: datetime
) -> tuple[Outcome, Verified | None]:
    """This will turn a sign-up into a log-in, once; of two calls at a time the second waits and finds it used."""
    row = (
        await session.execute(
            text("SELECT * FROM app.verify_sign_up(:token_digest, :login_id, :at)"),
            {"token_digest": token_digest, "login_id": login_id, "at": at},
        )
    ).one()
    outcome = Outcome(row.outcome)
    if outcome is not Outcome.VERIFIED:
        return outcome, None
    return outcome, Verified(row.email, row.email_key, row.name, row.workspace_name, cast(Locale, row.locale))


async def add_login(
    session: WriteSession, *, login_id: UUID, email: str, email_key: str, password_hash: str, at: datetime
) -> bool:
    """This will make a log-in, False when the address has one."""
    added = await session.scalar(
        text("SELECT app.add_login(:id, :email, :email_key, :password_hash, :at)"),
        {"id": login_id, "email": email, "email_key": email_key, "password_hash": password_hash, "at": at},
    )
    return bool(added)


async def take_slug(session: WriteSession, *, name: str, wanted: str | None, at: datetime) -> str:
    """This will give the transaction's workspace a short name that no other has: the wanted one, or one of its name."""
    made = wanted or slugify(name)
    for attempt in range(SLUG_ATTEMPTS if wanted is None else 1):
        slug = made if attempt == 0 else f"{made[:40].rstrip('-')}-{secrets.token_hex(3)}"
        taken = await session.scalar(
            text("SELECT app.take_slug(:slug, :name, :at)"), {"slug": slug, "name": name, "at": at}
        )
        if taken:
            return slug
    raise Conflict(ALREADY_EXISTS, path=("input", "slug"))


async def join(session: WriteSession, *, login_id: UUID, member_id: UUID, at: datetime) -> None:
    """This will note that a log-in opens the transaction's workspace, and that it did so now."""
    await session.execute(
        text("SELECT app.join_workspace(:login_id, :member_id, :at)"),
        {"login_id": login_id, "member_id": member_id, "at": at},
    )


async def leave(session: WriteSession, *, login_id: UUID) -> None:
    """This will note that a log-in opens the transaction's workspace no more."""
    await session.execute(text("SELECT app.leave_workspace(:login_id)"), {"login_id": login_id})
