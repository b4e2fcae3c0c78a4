"""Writes of accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict, Unpack, cast
from uuid import UUID

from sqlalchemy import or_, select

from services.customers.accounts import queries, rules
from services.customers.accounts.models import Account
from services.kit.columns import name_columns
from services.kit.db import on_violation
from services.kit.errors import NOT_FOUND, NotFound, expect_version, optional_text
from services.kit.ids import new_id
from services.kit.money import Money
from services.kit.permissions import Permission
from services.kit.phone import national_digits, phone_number
from services.kit.tenancy import Caller, ReadSession, WriteSession
from services.kit.text import fold
from services.reminders.models import SubjectKind
from services.reminders.subjects import remindable
from services.tenants.members import queries as members

on_violation("uq_account_tenant_id_name_key", rules.name_taken)
on_violation("uq_account_tenant_id_external_source_external_id", rules.external_id_taken)
remindable(SubjectKind.ACCOUNT, Account)


class AccountFields(TypedDict, total=False):
    """This will be what a person may say about an account; what is absent stays as it is."""

    name: str
    sector: str | None
    website: str | None
    phone: str | None
    country: str | None
    city: str | None
    employees: int | None
    revenue: Money | None
    founded_year: int | None
    parent_id: UUID | None
    owner_id: UUID | None


async def create_account(
    session: WriteSession, caller: Caller, *, at: datetime, **fields: Unpack[AccountFields]
) -> Account:
    """This will add a company to the workspace; its name, however spelt, is unique there."""
    caller.require(Permission.CUSTOMER_WRITE)
    fields.setdefault("name", "")
    account = Account()
    _set(account, _values(caller, fields) | await _links(session, fields))
    session.add(account)
    await session.flush()
    return account


async def update_account(
    session: WriteSession,
    caller: Caller,
    *,
    account_id: UUID,
    expected_version: int,
    at: datetime,
    **fields: Unpack[AccountFields],
) -> Account:
    """This will change what is given of an account, unless it changed since the caller read it."""
    caller.require(Permission.CUSTOMER_WRITE)
    parent_id = fields.get("parent_id")
    if parent_id is not None:
        await _lock_line(session, account_id, parent_id)
    account = await _locked(session, account_id)
    expect_version(account.version, expected_version)
    links = await _links(session, fields)
    if parent_id is not None:
        rules.refuse_circle(account.id, await queries.line_above(session, parent_id))
    _set(account, _values(caller, fields) | links)
    await session.flush()
    return account


def search_text(account: Account) -> str:
    """This will put together what an account is found by."""
    texts = [account.name, account.sector, account.website, account.country, account.city, account.phone]
    if account.phone is not None:
        texts.append(national_digits(account.phone))
    return fold(" ".join(text for text in texts if text))


async def _locked(session: WriteSession, account_id: UUID) -> Account:
    found = await session.scalar(select(Account).where(Account.id == account_id).with_for_update())
    if found is None:
        raise NotFound(NOT_FOUND, path=("input", "id"))
    return found


async def _lock_line(session: WriteSession, account_id: UUID, parent_id: UUID) -> None:
    """Two changes that would close a circle together meet at the rows they share, and the second sees the first."""
    line = {account_id, *await queries.line_above(session, parent_id)}
    await session.execute(select(Account.id).where(Account.id.in_(line)).order_by(Account.id).with_for_update())


async def _links(session: ReadSession, fields: AccountFields) -> dict[str, UUID | None]:
    """Looks up the records that the given fields name; they must be of this workspace."""
    columns: dict[str, UUID | None] = {}
    if "parent_id" in fields:
        parent = fields["parent_id"]
        columns["parent_id"] = parent and (await queries.get(session, parent, path=("input", "parentId"))).id
    if "owner_id" in fields:
        owner = fields["owner_id"]
        columns["owner_id"] = owner and (await members.get(session, owner, path=("input", "ownerId"))).id
    return columns


def _values(caller: Caller, fields: AccountFields) -> dict[str, Any]:
    """Checks the given fields that stand for themselves and gives the columns they are kept in."""
    columns: dict[str, Any] = {}
    if "name" in fields:
        columns |= name_columns(fields["name"], path=("input", "name"))
    if "sector" in fields:
        sector = optional_text(fields["sector"], path=("input", "sector"), limit=100)
        columns |= {"sector": sector, "sector_key": sector and fold(sector)}
    if "website" in fields:
        columns["website"] = rules.website(optional_text(fields["website"], path=("input", "website"), limit=300))
    if "phone" in fields:
        columns["phone"] = phone_number(fields["phone"], zone=caller.zone, path=("input", "phone"))
    if "country" in fields:
        columns["country"] = optional_text(fields["country"], path=("input", "country"), limit=100)
    if "city" in fields:
        columns["city"] = optional_text(fields["city"], path=("input", "city"), limit=100)
    if "employees" in fields:
        columns["employees"] = rules.headcount(fields["employees"])
    if "revenue" in fields:
        revenue = fields["revenue"]
        columns |= {"revenue_minor": revenue and revenue.minor, "currency": revenue and revenue.currency}
    if "founded_year" in fields:
        columns["founded_year"] = rules.founded_year(fields["founded_year"])
    return columns


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """This will be one account as an import found it; None says nothing, so it changes nothing.

    ``parent`` is the name of the account it belongs to. An account is known by its external id, or else by its name.
    """

    name: str
    sector: str | None = None
    website: str | None = None
    phone: str | None = None
    country: str | None = None
    city: str | None = None
    employees: int | None = None
    revenue: Money | None = None
    founded_year: int | None = None
    parent: str | None = None
    owner_id: UUID | None = None
    external_source: str | None = None
    external_id: str | None = None

    def fields(self) -> AccountFields:
        """This will give what the row says about the account itself."""
        said = {name: getattr(self, name) for name in VALUES}
        return cast(AccountFields, {name: value for name, value in said.items() if value is not None})


def checked(caller: Caller, row: AccountRow) -> AccountRow:
    """This will give a row back when its values make sense, so that a bad one does not take the others with it."""
    _values(caller, row.fields())
    return row


VALUES: Final = ("name", "sector", "website", "phone", "country", "city", "employees", "revenue", "founded_year")


@dataclass(frozen=True, slots=True)
class Upserted:
    """This will say what an import did, by folded name.

    ``name_taken`` kept their old name, because another account has the new one; ``parent_refused`` named a parent that
    is unknown or stands below them.
    """

    ids: dict[str, UUID]
    added: frozenset[str]
    changed: frozenset[str]
    name_taken: frozenset[str]
    parent_refused: frozenset[str]


async def upsert_accounts(
    session: WriteSession, caller: Caller, rows: Sequence[AccountRow], *, at: datetime
) -> Upserted:
    """This will add the accounts that are new, change those that differ, and leave the others as they are.

    What is new costs a few statements however many rows there are, what differs one each; the same rows again change
    nothing, versions included.
    """
    caller.require(Permission.CUSTOMER_WRITE)
    known = await _known(session, rows)
    by_name = {account.name_key: account for account in known}
    by_external: dict[tuple[str | None, str | None], Account] = {
        (account.external_source, account.external_id): account for account in known if account.external_id
    }
    versions = {account.id: account.version for account in known}
    found: dict[str, Account] = {}
    name_taken: set[str] = set()
    for row in rows:
        columns = _values(caller, row.fields())
        key: str = columns["name_key"]
        external = (row.external_source, row.external_id)
        account = by_external.get(external) or by_name.get(key) or Account(id=new_id())
        if by_name.setdefault(key, account) is not account:
            name_taken.add(key)
            columns = {name: value for name, value in columns.items() if name not in NAMED}
        elif account.name_key not in {None, key}:
            del by_name[account.name_key]
        if row.owner_id is not None:
            columns["owner_id"] = row.owner_id
        if row.external_id is not None and account.external_id is None:
            columns |= {"external_source": row.external_source, "external_id": row.external_id}
            by_external[external] = account
        _set(account, columns)
        found[key] = account
    await session.flush()  # names that were given up are free before others take them
    named = {found[fold(row.name)].id: by_name.get(fold(row.parent)) for row in rows if row.parent is not None}
    wanted = {id: parent.id for id, parent in named.items() if parent is not None}
    parents = rules.settled_parents(await queries.parents(session), wanted)
    refused = {id for id in named if parents.get(id) is None or parents[id] != wanted.get(id)}
    for account in sorted(found.values(), key=lambda account: rules.depth(account.id, parents)):
        account.parent_id = parents.get(account.id)
        session.add(account)  # parents before their children, in as few statements as the rows fit
    await session.flush()
    return Upserted(
        ids={key: account.id for key, account in found.items()},
        added=frozenset(key for key, account in found.items() if account.id not in versions),
        changed=frozenset(
            key for key, account in found.items() if versions.get(account.id, account.version) != account.version
        ),
        name_taken=frozenset(name_taken),
        parent_refused=frozenset(key for key, account in found.items() if account.id in refused),
    )


NAMED: Final = frozenset({"name", "name_key", "name_sort"})


async def _known(session: WriteSession, rows: Sequence[AccountRow]) -> Sequence[Account]:
    names = {fold(name) for row in rows for name in (row.name, row.parent) if name is not None}
    externals = {row.external_id for row in rows if row.external_id is not None}
    matching = or_(Account.name_key.in_(names), Account.external_id.in_(externals))
    return (await session.scalars(select(Account).where(matching).with_for_update())).all()


def _set(account: Account, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        setattr(account, name, value)
    account.search = search_text(account)
