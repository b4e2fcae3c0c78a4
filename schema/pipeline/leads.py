"""Leads, as GraphQL."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.customers import Account, Contact
from schema.errors import Problems, mutation
from schema.inputs import fields_of
from schema.money import MoneyInput
from schema.paging import Connection, listing, many, one, record, single
from schema.pipeline.opportunities import Opportunity
from schema.scalars import Node, as_id, as_optional_id
from schema.tenants import Member
from services.customers.accounts import queries as accounts
from services.customers.contacts import queries as contacts
from services.pipeline.leads import queries, service
from services.pipeline.leads.models import LeadOutcome, TouchChannel
from services.pipeline.leads.service import Touch
from services.pipeline.opportunities import queries as opportunities

strawberry.enum(LeadOutcome, description="What became of a lead.")
strawberry.enum(TouchChannel, description="Through which channel a lead came upon us.")

WHICH = "The lead."
TOUCHED_AT = "When the lead came upon us; without an offset in the workspace's zone, now unless said."
EXPECTED_VERSION = "The version of the lead that this change was decided on."


@strawberry.enum(description="The orders of leads.")
class LeadOrder(Enum):
    """This will name the orders of leads."""

    NEWEST = strawberry.enum_value("NEWEST", description="The newest first.")
    NAME = strawberry.enum_value("NAME", description="By name, in the order of the alphabet.")


@strawberry.enum(description="The orders of a lead's touches.")
class LeadTouchOrder(Enum):
    """This will name the orders of touches."""

    FIRST = strawberry.enum_value("FIRST", description="The first touch first.")
    LAST = strawberry.enum_value("LAST", description="The last touch first.")


@strawberry.input(description="Which leads.")
class LeadFilter:
    """This will say which leads."""

    search: str | None = strawberry.field(
        default=UNSET, description="Words that all occur, however they are spelt; similar ones when there are none."
    )
    outcome: list[LeadOutcome] | None = strawberry.field(default=UNSET, description="With one of these outcomes.")
    owner_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Whose they are.")
    owned: bool | None = strawberry.field(default=UNSET, description="Somebody's, or with false nobody's.")
    source: str | None = strawberry.field(default=UNSET, description="Where the first touch came from.")


@record(queries.lead_touch, "One time that a lead came upon us.")
class LeadTouch(Node):
    """This will be one time that a lead came upon us."""

    source: str = strawberry.field(description="Where the lead came from.")
    channel: TouchChannel | None = strawberry.field(description="Through which channel.")
    campaign: str | None = strawberry.field(description="The campaign that it answers.")
    occurred_at: datetime = strawberry.field(description="When.")


@record(queries.lead, "A person who may become a customer.")
class Lead(Node):
    """This will be a person who may become a customer."""

    name: str = strawberry.field(description="The person's name.")
    company: str | None = strawberry.field(description="The company the person works for.")
    email: str | None = strawberry.field(description="The e-mail address.")
    phone: str | None = strawberry.field(description="The telephone number in international form.")
    title: str | None = strawberry.field(description="The job title.")
    note: str | None = strawberry.field(description="What else is known.")
    source: str | None = strawberry.field(description="Where the first touch came from.")
    first_touch_at: datetime | None = strawberry.field(description="When the first touch was.")
    last_source: str | None = strawberry.field(description="Where the last touch came from.")
    last_touch_at: datetime | None = strawberry.field(description="When the last touch was.")
    touches: Connection[LeadTouch] = many("Each time the lead came upon us.", order=LeadTouchOrder)
    outcome: LeadOutcome = strawberry.field(description="What became of the lead.")
    disqualify_reason: str | None = strawberry.field(description="Why nothing came of the lead.")
    owner: Member | None = one("Who works on the lead.")
    assigned_at: datetime | None = strawberry.field(description="When the owner got it.")
    account: Account | None = one("The company it became.")
    contact: Contact | None = one("The contact it became.")
    opportunity: Opportunity | None = one("The deal it became.")
    converted_at: datetime | None = strawberry.field(description="When it became a customer.")
    version: int = strawberry.field(description="Pass this back as `expectedVersion` when changing the record.")
    created_at: datetime = strawberry.field(description="When the lead was added.")
    updated_at: datetime = strawberry.field(description="When the lead was last changed.")


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    lead: Lead | None = single(queries.lead, "A person who may become a customer.")
    leads: Connection[Lead] = listing(queries.lead, "The leads, the newest first.", filter=LeadFilter, order=LeadOrder)


@strawberry.input(description="A new lead.")
class CreateLeadInput:
    """This will be a new lead."""

    name: str = strawberry.field(description="The person's name.")
    company: str | None = strawberry.field(default=UNSET, description="The company the person works for.")
    email: str | None = strawberry.field(default=UNSET, description="The e-mail address.")
    phone: str | None = strawberry.field(default=UNSET, description="A telephone number, in any usual spelling.")
    title: str | None = strawberry.field(default=UNSET, description="The job title.")
    note: str | None = strawberry.field(default=UNSET, description="What else is known.")
    owner_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who is to work on it.")
    source: str | None = strawberry.field(default=UNSET, description="Where the lead came from: its first touch.")
    channel: TouchChannel | None = strawberry.field(default=UNSET, description="Through which channel.")
    campaign: str | None = strawberry.field(default=UNSET, description="The campaign that it answers.")
    occurred_at: datetime | None = strawberry.field(default=UNSET, description=TOUCHED_AT)


@strawberry.input(description="What changes of an open lead; an absent field stays, null empties it.")
class UpdateLeadInput:
    """This will be what changes of a lead."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(default=UNSET, description="The person's name.")
    company: str | None = strawberry.field(default=UNSET, description="The company the person works for.")
    email: str | None = strawberry.field(default=UNSET, description="The e-mail address.")
    phone: str | None = strawberry.field(default=UNSET, description="A telephone number, in any usual spelling.")
    title: str | None = strawberry.field(default=UNSET, description="The job title.")
    note: str | None = strawberry.field(default=UNSET, description="What else is known.")


@strawberry.input(description="One more time that a lead came upon us.")
class RecordLeadTouchInput:
    """This will be one more touch of a lead."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    source: str = strawberry.field(description="Where the lead came from.")
    channel: TouchChannel | None = strawberry.field(default=UNSET, description="Through which channel.")
    campaign: str | None = strawberry.field(default=UNSET, description="The campaign that it answers.")
    occurred_at: datetime | None = strawberry.field(default=UNSET, description=TOUCHED_AT)


@strawberry.input(description="Who works on a lead.")
class AssignLeadInput:
    """This will say who works on a lead."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    owner_id: strawberry.ID | None = strawberry.field(description="The member; null for nobody.")


@strawberry.input(description="That nothing comes of a lead.")
class DisqualifyLeadInput:
    """This will say that nothing comes of a lead."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    reason: str = strawberry.field(description="Why.")


@strawberry.input(description="What a lead becomes: a contact, an account when there is a company, and a deal.")
class ConvertLeadInput:
    """This will be what a lead becomes."""

    id: strawberry.ID = strawberry.field(description=WHICH)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    account_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The company, when it is known already; it goes before a name."
    )
    account_name: str | None = strawberry.field(
        default=UNSET, description="The company's name, the lead's company unless said; found by name or added."
    )
    contact_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The person, when known already; found by e-mail or added unless said."
    )
    opportunity_name: str = strawberry.field(description="What the deal is called.")
    amount: MoneyInput | None = strawberry.field(default=UNSET, description="What the deal is worth.")
    expected_close_on: date | None = strawberry.field(default=UNSET, description="When it should be won.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Whose deal it is; the lead's owner unless said, or else the caller's."
    )


@strawberry.type(description="The lead as it is now.")
class LeadPayload:
    """This will hold the lead as it is now."""

    lead: Lead = strawberry.field(description="The lead.")


@strawberry.type(description="What the lead became.")
class ConvertLeadPayload:
    """This will hold what the lead became."""

    lead: Lead = strawberry.field(description="The lead.")
    account: Account | None = strawberry.field(description="The company, when the lead had one.")
    contact: Contact = strawberry.field(description="The contact.")
    opportunity: Opportunity = strawberry.field(description="The deal.")


CreateLeadResult = Annotated[
    LeadPayload | Problems, strawberry.union("CreateLeadResult", description="The new lead, or a problem.")
]
UpdateLeadResult = Annotated[
    LeadPayload | Problems, strawberry.union("UpdateLeadResult", description="The lead, or a problem.")
]
RecordLeadTouchResult = Annotated[
    LeadPayload | Problems, strawberry.union("RecordLeadTouchResult", description="The lead, or a problem.")
]
AssignLeadResult = Annotated[
    LeadPayload | Problems, strawberry.union("AssignLeadResult", description="The lead, or a problem.")
]
DisqualifyLeadResult = Annotated[
    LeadPayload | Problems, strawberry.union("DisqualifyLeadResult", description="The lead, or a problem.")
]
ConvertLeadResult = Annotated[
    ConvertLeadPayload | Problems,
    strawberry.union("ConvertLeadResult", description="What the lead became, or a problem."),
]


@strawberry.type
class Mutation:
    """This will hold the writes of this module."""

    @mutation("Adds a person who may become a customer.")
    async def create_lead(self, info: Info, input: CreateLeadInput) -> CreateLeadResult:
        """This will add a lead."""
        async with info.context.write() as (session, caller, at):
            lead = await service.create_lead(
                session,
                caller,
                touch=_touch(input) if any(getattr(input, name) for name in TOUCH) else None,
                at=at,
                **fields_of(input, caller, without=TOUCH),
            )
        return await _payload(info, lead.id)

    @mutation("Changes an open lead.")
    async def update_lead(self, info: Info, input: UpdateLeadInput) -> UpdateLeadResult:
        """This will change a lead."""
        async with info.context.write() as (session, caller, at):
            lead = await service.update_lead(
                session,
                caller,
                lead_id=as_id(input.id, "id"),
                expected_version=input.expected_version,
                at=at,
                **fields_of(input, caller, without=("id", "expected_version")),
            )
        return await _payload(info, lead.id)

    @mutation("Adds one more time that a lead came upon us.")
    async def record_lead_touch(self, info: Info, input: RecordLeadTouchInput) -> RecordLeadTouchResult:
        """This will add a touch."""
        async with info.context.write() as (session, caller, at):
            lead = await service.record_touch(
                session, caller, lead_id=as_id(input.id, "id"), touch=_touch(input), at=at
            )
        return await _payload(info, lead.id)

    @mutation("Gives a lead to a member, or to nobody.")
    async def assign_lead(self, info: Info, input: AssignLeadInput) -> AssignLeadResult:
        """This will give a lead to a member."""
        async with info.context.write() as (session, caller, at):
            lead = await service.assign_lead(
                session,
                caller,
                lead_id=as_id(input.id, "id"),
                owner_id=as_optional_id(input.owner_id, "ownerId"),
                expected_version=input.expected_version,
                at=at,
            )
        return await _payload(info, lead.id)

    @mutation("Says that nothing comes of a lead, and why.")
    async def disqualify_lead(self, info: Info, input: DisqualifyLeadInput) -> DisqualifyLeadResult:
        """This will disqualify a lead."""
        async with info.context.write() as (session, caller, at):
            lead = await service.disqualify_lead(
                session,
                caller,
                lead_id=as_id(input.id, "id"),
                reason=input.reason,
                expected_version=input.expected_version,
                at=at,
            )
        return await _payload(info, lead.id)

    @mutation("Makes an open lead a customer with a deal, whole or not at all.")
    async def convert_lead(self, info: Info, input: ConvertLeadInput) -> ConvertLeadResult:
        """This will convert a lead."""
        async with info.context.write() as (session, caller, at):
            done = await service.convert_lead(
                session, caller, lead_id=as_id(input.id, "id"), at=at, **fields_of(input, caller, without=("id",))
            )
        fetch = info.context.fetch
        return ConvertLeadPayload(
            lead=await fetch(queries.lead, done.lead.id),
            account=None if done.account is None else await fetch(accounts.account, done.account.id),
            contact=await fetch(contacts.contact, done.contact.id),
            opportunity=await fetch(opportunities.opportunity, done.opportunity.id),
        )


TOUCH = ("source", "channel", "campaign", "occurred_at")


def _touch(input: CreateLeadInput | RecordLeadTouchInput) -> Touch:
    """Reads the touch of an input."""
    return Touch(
        source=input.source or "",
        channel=input.channel or None,
        campaign=input.campaign or None,
        occurred_at=input.occurred_at or None,
    )


async def _payload(info: Info, id: Any) -> LeadPayload:
    return LeadPayload(lead=await info.context.fetch(queries.lead, id))


TYPES = (Lead, LeadTouch)
