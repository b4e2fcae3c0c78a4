"""Reads of contacts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.customers.accounts.queries import account
from services.customers.contacts.models import AccountContact, Contact
from services.kit.errors import NOT_FOUND, NotFound, Path
from services.kit.paging import Key
from services.kit.permissions import Permission
from services.kit.reads import Many, One, ReadModel, Search, names, open_list, read_model
from services.kit.tenancy import ReadSession

contact = read_model(
    ReadModel(
        name="contact",
        table=Contact,
        permission=Permission.CUSTOMER_READ,
        links={
            "owner": One("member", Contact.owner_id),
            "accounts": Many("account_contact", AccountContact.contact_id, order="OLDEST"),
        },
        filters={
            "search": Search("contact"),
            "owner_id": names(Contact.owner_id),
        },
        orders={"NAME": (Key(Contact.name_sort),)},
        default_order="NAME",
    )
)
account_contact = read_model(
    ReadModel(
        name="account_contact",
        table=AccountContact,
        permission=Permission.CUSTOMER_READ,
        links={
            "account": One("account", AccountContact.account_id),
            "contact": One("contact", AccountContact.contact_id),
        },
        orders={"OLDEST": (Key(AccountContact.created_at),)},
    )
)
open_list(account, "contacts", Many("account_contact", AccountContact.account_id, order="OLDEST"))


async def get(session: ReadSession, contact_id: UUID, *, path: Path) -> Contact:
    """This will give a contact of the caller's workspace; a foreign id and a missing one are both not found."""
    found = await session.scalar(select(Contact).where(Contact.id == contact_id))
    if found is None:
        raise NotFound(NOT_FOUND, path=path)
    return found


async def by_email_key(session: ReadSession, email_key: str) -> Sequence[Contact]:
    """This will give at most two contacts with an e-mail address, enough to know whether there is exactly one."""
    return (await session.scalars(select(Contact).where(Contact.email_key == email_key).limit(2))).all()


async def belonging(session: ReadSession, *, account_id: UUID, contact_id: UUID) -> AccountContact | None:
    """This will give what ties a person to a company, None when nothing does."""
    return await session.scalar(
        select(AccountContact).where(AccountContact.account_id == account_id, AccountContact.contact_id == contact_id)
    )
