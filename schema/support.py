"""Tickets, as GraphQL."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.customers import Account, Contact
from schema.errors import Problems, mutation
from schema.inputs import fields_of
from schema.paging import Connection, hang, listing, many, one, record, single
from schema.scalars import Node, as_id, as_optional_id
from schema.tenants import Member
from services.kit.paging import Window
from services.support.tickets import queries, service
from services.support.tickets.models import EntryKind, TicketPriority, TicketState, TicketType

strawberry.enum(TicketType, description="What a customer wants.")
strawberry.enum(TicketPriority, description="How pressing a ticket is.")
strawberry.enum(TicketState, description="Whose turn it is: NEW nobody has looked, OPEN ours, WAITING the customer's.")
strawberry.enum(EntryKind, name="TicketEntryKind", description="What an entry of a ticket is.")

WHICH = "The ticket."
EXPECTED_VERSION = "The version of the ticket that this change was decided on."


@strawberry.enum(description="The orders of tickets.")
class TicketOrder(Enum):
    """This will name the orders of tickets."""

    NEWEST = strawberry.enum_value("NEWEST", description="The highest number first.")
    OLDEST = strawberry.enum_value("OLDEST", description="The lowest number first.")
    LAST_ACTIVITY = strawberry.enum_value("LAST_ACTIVITY", description="What something last happened to first.")


@strawberry.input(description="Which tickets.")
class TicketFilter:
    """This will say which tickets."""

    state: list[TicketState] | None = strawberry.field(default=UNSET, description="In one of these states.")
    type: list[TicketType] | None = strawberry.field(default=UNSET, description="Of one of these types.")
    priority: list[TicketPriority] | None = strawberry.field(default=UNSET, description="Of one of these priorities.")
    assignee_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Whose they are.")
    search: str | None = strawberry.field(
        default=UNSET, description="Words that all occur in number and subject; similar ones when there are none."
    )


@record(queries.ticket_entry, "One thing that was said or done about a ticket.")
class TicketEntry(Node):
    """This will be one thing that was said or done."""

    kind: EntryKind = strawberry.field(description="What it is; notes are never shown to the customer.")
    body: str | None = strawberry.field(description="What was said.")
    author: Member | None = one("The member who did or entered it.")
    contact: Contact | None = one("The customer who wrote it.")
    assignee: Member | None = one("Who got the ticket, when it was assigned.")
    occurred_at: datetime = strawberry.field(description="When it happened.")


@record(queries.ticket, "One thing that a customer wants.")
class Ticket(Node):
    """This will be one thing that a customer wants."""

    number: int = strawberry.field(description="The ticket's number in the workspace.")
    subject: str = strawberry.field(description="What it is about.")
    type: TicketType = strawberry.field(description="What the customer wants.")
    priority: TicketPriority = strawberry.field(description="How pressing it is.")
    state: TicketState = strawberry.field(description="Whose turn it is.")
    account: Account | None = one("The company it is from.")
    contact: Contact | None = one("The person it is from.")
    assignee: Member | None = one("Who works on it.")
    opened_at: datetime = strawberry.field(description="When it was opened.")
    first_response_at: datetime | None = strawberry.field(description="When the customer was first replied to.")
    resolved_at: datetime | None = strawberry.field(description="When it was resolved, while it is.")
    last_activity_at: datetime = strawberry.field(description="When something was last said or done.")
    reopened: int = strawberry.field(description="How many times it was opened again.")
    entries: Connection[TicketEntry] = many("What was said and done, the first thing first.")
    version: int = strawberry.field(description="Pass this back as `expectedVersion` when changing the record.")


hang(
    Account, "tickets", Connection[Ticket], many("The tickets of the account.", filter=TicketFilter, order=TicketOrder)
)
hang(
    Contact, "tickets", Connection[Ticket], many("The tickets of the contact.", filter=TicketFilter, order=TicketOrder)
)


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    ticket: Ticket | None = single(queries.ticket, "A ticket.")
    tickets: Connection[Ticket] = listing(
        queries.ticket, "The tickets, the newest first.", filter=TicketFilter, order=TicketOrder
    )

    @strawberry.field(description="The ticket of a number, null when there is none.")
    async def ticket_by_number(
        self, info: Info, number: Annotated[int, strawberry.argument(description="The ticket's number.")]
    ) -> Ticket | None:
        """This will give the ticket of a number."""
        reader = await info.context.reader()
        where = queries.ticket.criteria({"number": number}, tenant_id=reader.caller.tenant_id)
        page = await reader.page(queries.ticket, Window(first=1), where=where)
        return page.records[0][1] if page.records else None  # type: ignore[return-value] # a Record stands for its type


@strawberry.input(description="A new ticket of a contact, an account, or both.")
class OpenTicketInput:
    """This will be a new ticket."""

    subject: str = strawberry.field(description="What it is about.")
    body: str | None = strawberry.field(default=UNSET, description="What the customer wrote.")
    type: TicketType = strawberry.field(description="What the customer wants.")
    priority: TicketPriority = strawberry.field(default=TicketPriority.NORMAL, description="How pressing it is.")
    account_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The company it is from.")
    contact_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The person it is from.")


@strawberry.input(description="What was written to the customer, or by them.")
class ReplyToTicketInput:
    """This will be what was written."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    body: str = strawberry.field(description="What was written.")
    from_customer: bool = strawberry.field(
        default=False, description="Whether the customer wrote it; that opens a resolved ticket again."
    )


@strawberry.input(description="A note that the customer never sees.")
class AddInternalNoteInput:
    """This will be a note."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    body: str = strawberry.field(description="The note.")


@strawberry.input(description="Who works on a ticket.")
class AssignTicketInput:
    """This will say who works on a ticket."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    assignee_id: strawberry.ID | None = strawberry.field(description="The member; null for nobody.")


@strawberry.input(description="That a ticket is settled.")
class ResolveTicketInput:
    """This will say that a ticket is settled."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    note: str | None = strawberry.field(default=UNSET, description="How it was settled.")


@strawberry.input(description="That a ticket is not settled after all.")
class ReopenTicketInput:
    """This will say that a ticket is not settled after all."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    note: str | None = strawberry.field(default=UNSET, description="Why.")


@strawberry.type(description="The ticket as it is now.")
class TicketPayload:
    """This will hold the ticket as it is now."""

    ticket: Ticket = strawberry.field(description="The ticket.")


OpenTicketResult = Annotated[
    TicketPayload | Problems, strawberry.union("OpenTicketResult", description="The new ticket, or a problem.")
]
ReplyToTicketResult = Annotated[
    TicketPayload | Problems, strawberry.union("ReplyToTicketResult", description="The ticket, or a problem.")
]
AddInternalNoteResult = Annotated[
    TicketPayload | Problems, strawberry.union("AddInternalNoteResult", description="The ticket, or a problem.")
]
AssignTicketResult = Annotated[
    TicketPayload | Problems, strawberry.union("AssignTicketResult", description="The ticket, or a problem.")
]
ResolveTicketResult = Annotated[
    TicketPayload | Problems, strawberry.union("ResolveTicketResult", description="The ticket, or a problem.")
]
ReopenTicketResult = Annotated[
    TicketPayload | Problems, strawberry.union("ReopenTicketResult", description="The ticket, or a problem.")
]


@strawberry.type
class Mutation:
    """This will hold the writes of this module."""

    @mutation("Opens a ticket for a customer, under the workspace's next number.")
    async def open_ticket(self, info: Info, input: OpenTicketInput) -> OpenTicketResult:
        """This will open a ticket."""
        async with info.context.write() as (session, caller, at):
            ticket = await service.open_ticket(session, caller, at=at, **fields_of(input, caller))
        return TicketPayload(ticket=await info.context.fetch(queries.ticket, ticket.id))

    @mutation("Adds what was written to the customer, or by them.")
    async def reply_to_ticket(self, info: Info, input: ReplyToTicketInput) -> ReplyToTicketResult:
        """This will add what was written."""
        async with info.context.write() as (session, caller, at):
            ticket = await service.reply_to_ticket(
                session,
                caller,
                ticket_id=as_id(input.id, "id"),
                body=input.body,
                from_customer=input.from_customer,
                at=at,
            )
        return TicketPayload(ticket=await info.context.fetch(queries.ticket, ticket.id))

    @mutation("Adds a note that the customer never sees.")
    async def add_internal_note(self, info: Info, input: AddInternalNoteInput) -> AddInternalNoteResult:
        """This will add a note."""
        async with info.context.write() as (session, caller, at):
            ticket = await service.add_internal_note(
                session, caller, ticket_id=as_id(input.id, "id"), body=input.body, at=at
            )
        return TicketPayload(ticket=await info.context.fetch(queries.ticket, ticket.id))

    @mutation("Gives a ticket to a member, or to nobody.")
    async def assign_ticket(self, info: Info, input: AssignTicketInput) -> AssignTicketResult:
        """This will give a ticket to a member."""
        async with info.context.write() as (session, caller, at):
            ticket = await service.assign_ticket(
                session,
                caller,
                ticket_id=as_id(input.id, "id"),
                assignee_id=as_optional_id(input.assignee_id, "assigneeId"),
                expected_version=input.expected_version,
                at=at,
            )
        return TicketPayload(ticket=await info.context.fetch(queries.ticket, ticket.id))

    @mutation("Settles a ticket.")
    async def resolve_ticket(self, info: Info, input: ResolveTicketInput) -> ResolveTicketResult:
        """This will settle a ticket."""
        async with info.context.write() as (session, caller, at):
            ticket = await service.resolve_ticket(
                session,
                caller,
                ticket_id=as_id(input.id, "id"),
                expected_version=input.expected_version,
                note=input.note or None,
                at=at,
            )
        return TicketPayload(ticket=await info.context.fetch(queries.ticket, ticket.id))

    @mutation("Opens a resolved ticket again.")
    async def reopen_ticket(self, info: Info, input: ReopenTicketInput) -> ReopenTicketResult:
        """This will open a resolved ticket again."""
        async with info.context.write() as (session, caller, at):
            ticket = await service.reopen_ticket(
                session,
                caller,
                ticket_id=as_id(input.id, "id"),
                expected_version=input.expected_version,
                note=input.note or None,
                at=at,
            )
        return TicketPayload(ticket=await info.context.fetch(queries.ticket, ticket.id))


TYPES = (Ticket, TicketEntry)
