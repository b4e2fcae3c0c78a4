"""Reads of members."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from services.kit.errors import NOT_FOUND, NotFound, Path
from services.kit.paging import Key
from services.kit.permissions import Permission
from services.kit.reads import One, ReadModel, read_model
from services.kit.tenancy import ReadSession
from services.tenants.members.models import Member

member = read_model(
    ReadModel(
        name="member",
        table=Member,
        permission=Permission.MEMBER_READ,
        links={"manager": One("member", Member.manager_id)},
        filters={
            "role": lambda roles: Member.role.in_(roles),
            "state": lambda states: Member.state.in_(states),
        },
        orders={"NAME": (Key(Member.name_key),)},
        default_order="NAME",
    )
)


async def get(session: ReadSession, member_id: UUID, *, path: Path) -> Member:
    """This will give a member of the caller's workspace; a foreign id and a missing one are both not found."""
    found = await session.scalar(select(Member).where(Member.id == member_id))
    if found is None:
        raise NotFound(NOT_FOUND, path=path)
    return found


async def ids_by_name_key(session: ReadSession, name_keys: Iterable[str]) -> dict[str, list[UUID]]:
    """This will give the ids of the members who have one of the folded names, by folded name; namesakes are several."""
    rows = await session.execute(select(Member.name_key, Member.id).where(Member.name_key.in_(set(name_keys))))
    found: dict[str, list[UUID]] = {}
    for name_key, id in rows:
        found.setdefault(name_key, []).append(id)
    return found
