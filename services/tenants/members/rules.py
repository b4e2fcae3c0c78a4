"""Decisions about members."""

from collections.abc import Collection
from uuid import UUID

from services.kit.errors import FORBIDDEN, Blocked, Conflict, Forbidden, Invalid, Message, Path, required_text
from services.kit.permissions import Permission, Role, allows

LAST_OWNER = Message(
    "last_owner",
    "A workspace keeps at least one owner; make somebody else an owner first.",
    "هر فضای کاری دست‌کم یک مالک دارد؛ نخست کس دیگری را مالک کنید.",
)
NOT_ACTIVE = Message(
    "member_not_active",
    "This person cannot log in anyway.",
    "این شخص همین حالا هم نمی‌تواند وارد شود.",
)
LINK_IN_NAME = Message(
    "link_in_name",
    "A name does not contain the address of a web page.",
    "نام نباید نشانی صفحهٔ وب داشته باشد.",
)


def plain_name(name: str, *, path: Path, limit: int = 100) -> str:
    """This will give a name on one line, and refuse one that is empty, too long, or an advertisement.

    Names of people and workspaces appear in mails to strangers.
    """
    checked = required_text(" ".join(name.split()), path=path, limit=limit)
    if "://" in checked or "www." in checked.lower():
        raise Invalid(LINK_IN_NAME, path=path)
    return checked


def refuse_touching_owners(actor: Role | None, *roles: str) -> None:
    """This will let only owners (and the system itself) make owners, and change what owners are."""
    if Role.OWNER in roles and actor not in {None, Role.OWNER}:
        raise Forbidden(FORBIDDEN)


def may_invite(actor: Role, role: Role) -> bool:
    """This will tell whether a member of one role may ask somebody in to play another."""
    return allows(actor, Permission.MEMBER_MANAGE) and (actor is Role.OWNER or role is not Role.OWNER)


def refuse_last_owner(member_id: UUID, owners: Collection[UUID], *, path: Path) -> None:
    """This will refuse to take away the only owner who can still log in."""
    if set(owners) == {member_id}:
        raise Blocked(LAST_OWNER, path=path)


def refuse_inactive(state: str, *, path: Path) -> None:
    """This will refuse to suspend somebody who cannot log in."""
    if state != "ACTIVE":
        raise Conflict(NOT_ACTIVE, path=path)
