"""Accounts, contacts and who belongs where, as GraphQL."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.errors import Problems, mutation
from schema.inputs import fields_of
from schema.money import MoneyInput, MoneyType
from schema.paging import Connection, listing, many, one, record, single
from schema.scalars import Node, as_id
from schema.tenants import Member
from services.customers.accounts import queries as accounts
from services.customers.accounts import service as account_service
from services.customers.contacts import queries as contacts
from services.customers.contacts import service as contact_service

SEARCH = "Words that all occur, however they are spelt; similar ones when there are none."
VERSION = "Pass this back as `expectedVersion` when changing the record."
EXPECTED_VERSION = "The version of the record that this change was decided on."


@strawberry.enum(description="The orders of accounts.")
class AccountOrder(Enum):
    """This will name the orders of accounts."""

    NAME = strawberry.enum_value("NAME", description="By name, in the order of the alphabet.")
    NEWEST = strawberry.enum_value("NEWEST", description="The newest first.")


@strawberry.enum(description="The orders of contacts.")
class ContactOrder(Enum):
    """This will name the orders of contacts."""

    NAME = strawberry.enum_value("NAME", description="By name, in the order of the alphabet.")
    NEWEST = strawberry.enum_value("NEWEST", description="The newest first.")


@strawberry.input(description="Which accounts.")
class AccountFilter:
    """This will say which accounts."""

    search: str | None = strawberry.field(default=UNSET, description=SEARCH)
    owner_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who looks after them.")
    sector: str | None = strawberry.field(default=UNSET, description="Their line of business, however it is spelt.")


@strawberry.input(description="Which contacts.")
class ContactFilter:
    """This will say which contacts."""

    search: str | None = strawberry.field(default=UNSET, description=SEARCH)
    owner_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who looks after them.")


@record(accounts.account, "A company that buys, or may.")
class Account(Node):
    """This will be a company."""

    name: str = strawberry.field(description="The company's name, unique in the workspace.")
    sector: str | None = strawberry.field(description="The line of business.")
    website: str | None = strawberry.field(description="The address of the website.")
    phone: str | None = strawberry.field(description="The telephone number in international form.")
    country: str | None = strawberry.field(description="The country of the head office.")
    city: str | None = strawberry.field(description="The city of the head office.")
    employees: int | None = strawberry.field(description="How many people work there.")
    revenue: MoneyType | None = strawberry.field(description="The revenue of a year.")
    founded_year: int | None = strawberry.field(description="The Gregorian year the company was founded.")
    external_source: str | None = strawberry.field(description="The system the record was imported from.")
    external_id: str | None = strawberry.field(description="The record's id in that system.")
    owner: Member | None = one("Who looks after the account.")
    parent: "Account | None" = one("The company it belongs to.")
    subsidiaries: Connection["Account"] = many("The companies that belong to it.", order=AccountOrder)
    contacts: Connection["AccountContact"] = many("The people of the account, the longest known first.")
    version: int = strawberry.field(description=VERSION)
    created_at: datetime = strawberry.field(description="When the account was added.")
    updated_at: datetime = strawberry.field(description="When the account was last changed.")


@record(contacts.contact, "A person outside the workspace.")
class Contact(Node):
    """This will be a person outside the workspace."""

    name: str = strawberry.field(description="The person's name.")
    email: str | None = strawberry.field(description="The e-mail address.")
    phone: str | None = strawberry.field(description="The telephone number in international form.")
    title: str | None = strawberry.field(description="The job title.")
    external_source: str | None = strawberry.field(description="The system the record was imported from.")
    external_id: str | None = strawberry.field(description="The record's id in that system.")
    owner: Member | None = one("Who looks after the contact.")
    accounts: Connection["AccountContact"] = many("The companies the person belongs to, the longest known first.")
    version: int = strawberry.field(description=VERSION)
    created_at: datetime = strawberry.field(description="When the contact was added.")
    updated_at: datetime = strawberry.field(description="When the contact was last changed.")


@record(contacts.account_contact, "That a person belongs to a company, and as what.")
class AccountContact(Node):
    """This will say that a person belongs to a company."""

    role: str | None = strawberry.field(description="What the person is there.")
    account: Account = one("The company.")
    contact: Contact = one("The person.")
    created_at: datetime = strawberry.field(description="When this was recorded.")


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    account: Account | None = single(accounts.account, "A company.")
    accounts: Connection[Account] = listing(
        accounts.account, "The companies, by name.", filter=AccountFilter, order=AccountOrder
    )
    contact: Contact | None = single(contacts.contact, "A person outside the workspace.")
    contacts: Connection[Contact] = listing(
        contacts.contact, "The people outside the workspace, by name.", filter=ContactFilter, order=ContactOrder
    )


@strawberry.input(description="A new company.")
class CreateAccountInput:
    """This will be a new company."""

    name: str = strawberry.field(description="The company's name, unique in the workspace.")
    sector: str | None = strawberry.field(default=UNSET, description="The line of business.")
    website: str | None = strawberry.field(default=UNSET, description="The address of the website.")
    phone: str | None = strawberry.field(default=UNSET, description="A telephone number, in any usual spelling.")
    country: str | None = strawberry.field(default=UNSET, description="The country of the head office.")
    city: str | None = strawberry.field(default=UNSET, description="The city of the head office.")
    employees: int | None = strawberry.field(default=UNSET, description="How many people work there.")
    revenue: MoneyInput | None = strawberry.field(default=UNSET, description="The revenue of a year.")
    founded_year: int | None = strawberry.field(default=UNSET, description="The Gregorian year of the foundation.")
    parent_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The company it belongs to.")
    owner_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who looks after the account.")


@strawberry.input(description="What changes of a company; an absent field stays, null empties it.")
class UpdateAccountInput:
    """This will be what changes of a company."""

    id: strawberry.ID = strawberry.field(description="The company.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(default=UNSET, description="The company's name, unique in the workspace.")
    sector: str | None = strawberry.field(default=UNSET, description="The line of business.")
    website: str | None = strawberry.field(default=UNSET, description="The address of the website.")
    phone: str | None = strawberry.field(default=UNSET, description="A telephone number, in any usual spelling.")
    country: str | None = strawberry.field(default=UNSET, description="The country of the head office.")
    city: str | None = strawberry.field(default=UNSET, description="The city of the head office.")
    employees: int | None = strawberry.field(default=UNSET, description="How many people work there.")
    revenue: MoneyInput | None = strawberry.field(default=UNSET, description="The revenue of a year.")
    founded_year: int | None = strawberry.field(default=UNSET, description="The Gregorian year of the foundation.")
    parent_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The company it belongs to.")
    owner_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who looks after the account.")


@strawberry.input(description="A new person outside the workspace.")
class CreateContactInput:
    """This will be a new person."""

    name: str = strawberry.field(description="The person's name.")
    email: str | None = strawberry.field(default=UNSET, description="The e-mail address.")
    phone: str | None = strawberry.field(default=UNSET, description="A telephone number, in any usual spelling.")
    title: str | None = strawberry.field(default=UNSET, description="The job title.")
    owner_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who looks after the contact.")


@strawberry.input(description="What changes of a person; an absent field stays, null empties it.")
class UpdateContactInput:
    """This will be what changes of a person."""

    id: strawberry.ID = strawberry.field(description="The person.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(default=UNSET, description="The person's name.")
    email: str | None = strawberry.field(default=UNSET, description="The e-mail address.")
    phone: str | None = strawberry.field(default=UNSET, description="A telephone number, in any usual spelling.")
    title: str | None = strawberry.field(default=UNSET, description="The job title.")
    owner_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who looks after the contact.")


@strawberry.input(description="That a person belongs to a company; the role is replaced when they do already.")
class LinkContactInput:
    """This will say that a person belongs to a company."""

    account_id: strawberry.ID = strawberry.field(description="The company.")
    contact_id: strawberry.ID = strawberry.field(description="The person.")
    role: str | None = strawberry.field(default=UNSET, description="What the person is there.")


@strawberry.input(description="That a person belongs to a company no more.")
class UnlinkContactInput:
    """This will say that a person belongs to a company no more."""

    account_id: strawberry.ID = strawberry.field(description="The company.")
    contact_id: strawberry.ID = strawberry.field(description="The person.")


@strawberry.type(description="The account as it is now.")
class AccountPayload:
    """This will hold the account as it is now."""

    account: Account = strawberry.field(description="The account.")


@strawberry.type(description="The contact as it is now.")
class ContactPayload:
    """This will hold the contact as it is now."""

    contact: Contact = strawberry.field(description="The contact.")


CreateAccountResult = Annotated[
    AccountPayload | Problems, strawberry.union("CreateAccountResult", description="The new account, or a problem.")
]
UpdateAccountResult = Annotated[
    AccountPayload | Problems, strawberry.union("UpdateAccountResult", description="The account, or a problem.")
]
CreateContactResult = Annotated[
    ContactPayload | Problems, strawberry.union("CreateContactResult", description="The new contact, or a problem.")
]
UpdateContactResult = Annotated[
    ContactPayload | Problems, strawberry.union("UpdateContactResult", description="The contact, or a problem.")
]
LinkContactResult = Annotated[
    ContactPayload | Problems, strawberry.union("LinkContactResult", description="The contact, or a problem.")
]
UnlinkContactResult = Annotated[
    ContactPayload | Problems, strawberry.union("UnlinkContactResult", description="The contact, or a problem.")
]


@strawberry.type
class Mutation:
    """This will hold the writes of this module."""

    @mutation("Adds a company.")
    async def create_account(self, info: Info, input: CreateAccountInput) -> CreateAccountResult:
        """This will add a company."""
        async with info.context.write() as (session, caller, at):
            account = await account_service.create_account(session, caller, at=at, **fields_of(input, caller))
        return AccountPayload(account=await info.context.fetch(accounts.account, account.id))

    @mutation("Changes a company.")
    async def update_account(self, info: Info, input: UpdateAccountInput) -> UpdateAccountResult:
        """This will change a company."""
        async with info.context.write() as (session, caller, at):
            account = await account_service.update_account(
                session,
                caller,
                account_id=as_id(input.id, "id"),
                expected_version=input.expected_version,
                at=at,
                **fields_of(input, caller, without=("id", "expected_version")),
            )
        return AccountPayload(account=await info.context.fetch(accounts.account, account.id))

    @mutation("Adds a person outside the workspace.")
    async def create_contact(self, info: Info, input: CreateContactInput) -> CreateContactResult:
        """This will add a person."""
        async with info.context.write() as (session, caller, at):
            contact = await contact_service.create_contact(session, caller, at=at, **fields_of(input, caller))
        return ContactPayload(contact=await info.context.fetch(contacts.contact, contact.id))

    @mutation("Changes a person outside the workspace.")
    async def update_contact(self, info: Info, input: UpdateContactInput) -> UpdateContactResult:
        """This will change a person."""
        async with info.context.write() as (session, caller, at):
            contact = await contact_service.update_contact(
                session,
                caller,
                contact_id=as_id(input.id, "id"),
                expected_version=input.expected_version,
                at=at,
                **fields_of(input, caller, without=("id", "expected_version")),
            )
        return ContactPayload(contact=await info.context.fetch(contacts.contact, contact.id))

    @mutation("Says that a person belongs to a company, and as what.")
    async def link_contact(self, info: Info, input: LinkContactInput) -> LinkContactResult:
        """This will link a person to a company."""
        async with info.context.write() as (session, caller, at):
            linked = await contact_service.link_contact(
                session,
                caller,
                account_id=as_id(input.account_id, "accountId"),
                contact_id=as_id(input.contact_id, "contactId"),
                role=input.role or None,
                at=at,
            )
        return ContactPayload(contact=await info.context.fetch(contacts.contact, linked.contact_id))

    @mutation("Says that a person belongs to a company no more.")
    async def unlink_contact(self, info: Info, input: UnlinkContactInput) -> UnlinkContactResult:
        """This will remove the link between a person and a company."""
        contact_id = as_id(input.contact_id, "contactId")
        async with info.context.write() as (session, caller, at):
            await contact_service.unlink_contact(
                session, caller, account_id=as_id(input.account_id, "accountId"), contact_id=contact_id, at=at
            )
        return ContactPayload(contact=await info.context.fetch(contacts.contact, contact_id))


TYPES = (Account, Contact, AccountContact)
