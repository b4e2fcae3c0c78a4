"""What the directory answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import text

from services.kit.errors import Locale
from services.kit.tenancy import ReadSession


@dataclass(frozen=True, slots=True)
class Membership:
    """This will be one workspace that a log-in opens."""

    workspace_id: UUID
    member_id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Login:
    """This will be a person's way in, with the workspaces it opens, the one used last first."""

    id: UUID
    password_hash: str
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, slots=True)
class SignUp:
    """This will be what a mail about a sign-up needs; ``known`` says that the address had a log-in already."""

    email: str
    locale: Locale
    known: bool
    used: bool
    expires_at: datetime


async def find_login(session: ReadSession, *, email_key: str) -> Login | None:
    """This will give the log-in of an address."""
    rows = (await session.execute(text("SELECT * FROM app.find_login(:email_key)"), {"email_key": email_key})).all()
    if not rows:
        return None
    opened = tuple(
        Membership(row.workspace_id, row.member_id, row.slug, row.name) for row in rows if row.workspace_id is not None
    )
    return Login(rows[0].login_id, rows[0].password_hash, opened)


async def sign_up(session: ReadSession, sign_up_id: UUID) -> SignUp | None:
    """This will give what the mail about a sign-up needs, None when the row is gone."""
    row = (await session.execute(text("SELECT * FROM app.sign_up_mail(:id)"), {"id": sign_up_id})).first()
    return None if row is None else SignUp(row.email, cast(Locale, row.locale), row.known, row.used, row.expires_at)
