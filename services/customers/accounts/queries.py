"""Reads of accounts."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from services.customers.accounts.models import Account
from services.kit.errors import NOT_FOUND, NotFound, Path
from services.kit.paging import Key
from services.kit.permissions import Permission
from services.kit.reads import Condition, Many, One, ReadModel, Search, amount, names, read_model
from services.kit.tenancy import ReadSession
from services.kit.text import fold

account = read_model(
    ReadModel(
        name="account",
        table=Account,
        permission=Permission.CUSTOMER_READ,
        fields={"revenue": amount(Account.revenue_minor, Account.currency)},
        links={
            "owner": One("member", Account.owner_id),
            "parent": One("account", Account.parent_id),
            "subsidiaries": Many("account", Account.parent_id),
        },
        filters={
            "search": Search("account"),
            "owner_id": names(Account.owner_id),
            "sector": Condition(lambda key: Account.sector_key == key, prepare=fold),
        },
        orders={"NAME": (Key(Account.name_sort),)},
        default_order="NAME",
    )
)


async def get(session: ReadSession, account_id: UUID, *, path: Path) -> Account:
    """This will give an account of the caller's workspace; a foreign id and a missing one are both not found."""
    found = await session.scalar(select(Account).where(Account.id == account_id))
    if found is None:
        raise NotFound(NOT_FOUND, path=path)
    return found


async def by_name(session: ReadSession, name: str) -> Account | None:
    """This will find the account of a name, however it is spelt."""
    return await session.scalar(select(Account).where(Account.name_key == fold(name)))


async def ids_by_name_key(session: ReadSession, name_keys: Iterable[str]) -> dict[str, UUID]:
    """This will give the ids of the accounts that have one of the folded names, by folded name."""
    rows = await session.execute(select(Account.name_key, Account.id).where(Account.name_key.in_(set(name_keys))))
    return {row.name_key: row.id for row in rows}


async def line_above(session: ReadSession, account_id: UUID) -> set[UUID]:
    """This will give an account with its parent, the parent of that, and so on to the top."""
    line = select(Account.id, Account.parent_id).where(Account.id == account_id).cte("line", recursive=True)
    line = line.union(select(Account.id, Account.parent_id).join(line, Account.id == line.c.parent_id))
    return set((await session.execute(select(line.c.id))).scalars())


async def parents(session: ReadSession) -> dict[UUID, UUID]:
    """This will give the parent of every account that has one."""
    rows = await session.execute(select(Account.id, Account.parent_id).where(Account.parent_id.is_not(None)))
    return {id: parent for id, parent in rows if parent is not None}
