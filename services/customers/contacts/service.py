"""Writes of contacts."""

from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select

from services.customers.accounts import queries as accounts
from services.customers.contacts import queries, rules
from services.customers.contacts.models import AccountContact, Contact
from services.kit.columns import email_columns, name_columns
from services.kit.db import on_violation
from services.kit.errors import NOT_FOUND, NotFound, expect_version, optional_text
from services.kit.permissions import Permission
from services.kit.phone import national_digits, phone_number
from services.kit.tenancy import Caller, ReadSession, WriteSession
from services.kit.text import fold
from services.reminders.models import SubjectKind
from services.reminders.subjects import remindable
from services.tenants.members import queries as members

on_violation("uq_contact_tenant_id_external_source_external_id", rules.external_id_taken)
on_violation("uq_account_contact_tenant_id_account_id_contact_id", rules.linked_meanwhile)
remindable(SubjectKind.CONTACT, Contact)


class ContactFields(TypedDict, total=False):
    """This will be what a person may say about a contact; what is absent stays as it is."""

    name: str
    email: str | None
    phone: str | None
    title: str | None
    owner_id: UUID | None


async def create_contact(
    session: WriteSession, caller: Caller, *, at: datetime, **fields: Unpack[ContactFields]
) -> Contact:
    """This will add a person to the workspace's contacts."""
    caller.require(Permission.CUSTOMER_WRITE)
    fields.setdefault("name", "")
    contact = Contact()
    _set(contact, await _columns(session, caller, fields))
    session.add(contact)
    await session.flush()
    return contact


async def update_contact(
    session: WriteSession,
    caller: Caller,
    *,
    contact_id: UUID,
    expected_version: int,
    at: datetime,
    **fields: Unpack[ContactFields],
) -> Contact:
    """This will change what is given of a contact, unless it changed since the caller read it."""
    caller.require(Permission.CUSTOMER_WRITE)
    contact = await session.scalar(select(Contact).where(Contact.id == contact_id).with_for_update())
    if contact is None:
        raise NotFound(NOT_FOUND, path=("input", "id"))
    expect_version(contact.version, expected_version)
    _set(contact, await _columns(session, caller, fields))
    await session.flush()
    return contact


async def link_contact(
    session: WriteSession, caller: Caller, *, account_id: UUID, contact_id: UUID, role: str | None, at: datetime
) -> AccountContact:
    """This will say that a person belongs to a company, or as what, when that is known already."""
    caller.require(Permission.CUSTOMER_WRITE)
    account = await accounts.get(session, account_id, path=("input", "accountId"))
    contact = await queries.get(session, contact_id, path=("input", "contactId"))
    role = optional_text(role, path=("input", "role"), limit=100)
    found = await queries.belonging(session, account_id=account.id, contact_id=contact.id)
    if found is None:
        found = AccountContact(account_id=account.id, contact_id=contact.id)
        session.add(found)
    found.role = role
    await session.flush()
    return found


async def unlink_contact(
    session: WriteSession, caller: Caller, *, account_id: UUID, contact_id: UUID, at: datetime
) -> None:
    """This will say that a person belongs to a company no more."""
    caller.require(Permission.CUSTOMER_WRITE)
    found = await queries.belonging(session, account_id=account_id, contact_id=contact_id)
    if found is None:
        raise rules.not_linked()
    await session.delete(found)
    await session.flush()


def search_text(contact: Contact) -> str:
    """This will put together what a contact is found by."""
    texts = [contact.name, contact.email, contact.title, contact.phone]
    if contact.phone is not None:
        texts.append(national_digits(contact.phone))
    return fold(" ".join(text for text in texts if text))


def _set(contact: Contact, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(contact, name, value)
    contact.search = search_text(contact)


async def _columns(session: ReadSession, caller: Caller, fields: ContactFields) -> dict[str, Any]:
    """Checks the given fields and gives the columns they are kept in; the owner must be of this workspace."""
    columns: dict[str, Any] = {}
    if "name" in fields:
        columns |= name_columns(fields["name"], path=("input", "name"))
    if "email" in fields:
        columns |= email_columns(fields["email"], path=("input", "email"))
    if "phone" in fields:
        columns["phone"] = phone_number(fields["phone"], zone=caller.zone, path=("input", "phone"))
    if "title" in fields:
        columns["title"] = optional_text(fields["title"], path=("input", "title"), limit=200)
    if "owner_id" in fields:
        owner = fields["owner_id"]
        columns["owner_id"] = owner and (await members.get(session, owner, path=("input", "ownerId"))).id
    return columns
