"""Opportunities and the board, as GraphQL."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.customers import Account, Contact
from schema.errors import Problems, mutation
from schema.inputs import fields_of
from schema.money import MoneyInput, MoneyType, as_money
from schema.paging import Connection, hang, listing, many, one, record, single
from schema.pipeline.processes import Process, ProcessVersion, Stage, StageVisit
from schema.pipeline.products import Product
from schema.scalars import Node, as_id, as_optional_id, identity
from schema.tenants import Member
from services.kit.permissions import Permission
from services.pipeline.opportunities import queries as opportunities
from services.pipeline.opportunities import service
from services.pipeline.processes import queries as processes
from services.pipeline.processes.models import StageKind, TransitionKind
from services.pipeline.processes.rules import Definition, StoredTransition

NOBODY: Final = UUID(int=0)
VERSION = "Pass this back as `expectedVersion` when changing the record."
EXPECTED_VERSION = "The version of the record that this change was decided on."


@strawberry.enum(description="The orders of opportunities.")
class OpportunityOrder(Enum):
    """This will name the orders of opportunities."""

    NEWEST = strawberry.enum_value("NEWEST", description="The newest first.")
    NAME = strawberry.enum_value("NAME", description="By name, in the order of the alphabet.")
    AMOUNT = strawberry.enum_value("AMOUNT", description="The largest first, in minor units of whatever currency.")
    EXPECTED_CLOSE = strawberry.enum_value("EXPECTED_CLOSE", description="Those expected to close soonest first.")
    OPENED = strawberry.enum_value("OPENED", description="The last opened first.")
    CLOSED = strawberry.enum_value("CLOSED", description="The last closed first.")
    STAGE_ENTERED = strawberry.enum_value("STAGE_ENTERED", description="The newest in their stage first.")


@strawberry.input(description="Which opportunities.")
class OpportunityFilter:
    """This will say which opportunities."""

    search: str | None = strawberry.field(
        default=UNSET, description="Words that all occur, however they are spelt; similar ones when there are none."
    )
    stage: list[str] | None = strawberry.field(default=UNSET, description="In any of the stages with these keys.")
    status: list[StageKind] | None = strawberry.field(default=UNSET, description="Of any of these outcomes.")
    owner_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Who looks after them.")
    account_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The company they are with.")
    contact_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The person they are with.")
    product_id: strawberry.ID | None = strawberry.field(default=UNSET, description="What they are about.")
    amount_min: MoneyInput | None = strawberry.field(default=UNSET, description="At least this, in its currency.")
    amount_max: MoneyInput | None = strawberry.field(default=UNSET, description="At most this, in its currency.")
    opened_from: date | None = strawberry.field(default=UNSET, description="Opened on this day or later.")
    opened_to: date | None = strawberry.field(default=UNSET, description="Opened on this day or earlier.")
    closed_from: date | None = strawberry.field(default=UNSET, description="Closed on this day or later.")
    closed_to: date | None = strawberry.field(default=UNSET, description="Closed on this day or earlier.")
    expected_from: date | None = strawberry.field(default=UNSET, description="Expected to close this day or later.")
    expected_to: date | None = strawberry.field(default=UNSET, description="Expected to close this day or earlier.")


@strawberry.type(description="A transition that a record can take now.")
class AvailableTransition:
    """This will be a transition that a record can take now."""

    way: strawberry.Private[StoredTransition]

    @strawberry.field(description="Pass this as `transition` to `advance`.")
    def key(self) -> str:
        """This will give the transition's key."""
        return self.way.key

    @strawberry.field(description="Its name in the caller's language, as on a button.")
    def name(self, info: Info) -> str:
        """This will name the transition."""
        return self.way.name(info.context.locale)

    @strawberry.field(description="Forward, skip, back, reopen, won or lost.")
    def kind(self) -> TransitionKind:
        """This will say what the transition means."""
        return self.way.kind

    @strawberry.field(description="Whether a reason must be given.")
    def needs_reason(self) -> bool:
        """This will tell whether a reason must be given."""
        return self.way.needs_reason

    @strawberry.field(description="Where it leads.")
    async def to_stage(self, info: Info) -> Stage:
        """This will give the stage that the transition leads to."""
        return await info.context.fetch(processes.stage, self.way.to_stage_id)  # type: ignore[no-any-return] # a Record stands for its type


@record(opportunities.opportunity, "A deal on its way through the sales process.")
class Opportunity(Node):
    """This will be a deal."""

    name: str = strawberry.field(description="What the deal is called.")
    amount: MoneyType | None = strawberry.field(description="What it is worth.")
    status: StageKind = strawberry.field(description="Open, won, lost or parked: the kind of its stage.")
    stage: Stage = one("The stage it stands in.")
    stage_entered_at: datetime = strawberry.field(description="When it came into the stage.")
    process_version: ProcessVersion = one("The version of the process it lives by.")
    account: Account | None = one("The company it is with.")
    contact: Contact | None = one("The person it is with.")
    product: Product | None = one("What it is about.")
    owner: Member = one("Who looks after it.")
    opened_on: date | None = strawberry.field(description="The day it was opened, in the workspace's zone.")
    expected_close_on: date | None = strawberry.field(description="The day it is expected to close.")
    closed_on: date | None = strawberry.field(description="The day it was won or lost.")
    close_reason: str | None = strawberry.field(description="Why it was won or lost.")
    external_source: str | None = strawberry.field(description="The system the record was imported from.")
    external_id: str | None = strawberry.field(description="The record's id in that system.")
    visits: Connection[StageVisit] = many("The stages it went through, in order.")
    version: int = strawberry.field(description=VERSION)
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(description="Where the caller can take it now; empty for one who may not move deals.")
    async def available_transitions(root: strawberry.Parent[Any], info: Info) -> list[AvailableTransition]:  # noqa: N805 # the record stands for the type
        """This will give the ways out of the deal's stage."""
        if not info.context.caller.may(Permission.OPPORTUNITY_ADVANCE):
            return []
        loaders = await info.context.loaders()

        async def versions(ids: list[Any]) -> list[Definition]:
            found = await loaders.reader.ask(lambda session: processes.definitions(session, ids))
            return [found[id] for id in ids]

        definition: Definition = await loaders.loader("definitions", versions).load(root.process_version_id)
        return [AvailableTransition(way=way) for way in definition.exits(root.stage_id)]


hang(
    Account,
    "opportunities",
    Connection[Opportunity],
    many("The deals with the company.", filter=OpportunityFilter, order=OpportunityOrder),
)


@strawberry.type(description="A stage with what stands in it.")
class BoardStage:
    """This will be one column of a board."""

    stage: Stage = strawberry.field(description="The stage.")
    count: int = strawberry.field(description="How many deals stand in it.")
    totals: list[MoneyType] = strawberry.field(description="What they are worth together, one amount per currency.")
    cards: list[Opportunity] = strawberry.field(description="The first of them, the newest in the stage first.")


@strawberry.type(description="The stages of a process side by side.")
class Board:
    """This will be a board."""

    process_id: strawberry.Private[UUID]
    stages: list[BoardStage] = strawberry.field(description="The stages in their order.")

    @strawberry.field(description="The process whose stages these are.")
    async def process(self, info: Info) -> Process:
        """This will give the process."""
        return await info.context.fetch(processes.process, self.process_id)  # type: ignore[no-any-return] # a Record stands for its type


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    opportunity: Opportunity | None = single(opportunities.opportunity, "A deal.")
    opportunities: Connection[Opportunity] = listing(
        opportunities.opportunity, "The deals of the workspace.", filter=OpportunityFilter, order=OpportunityOrder
    )

    @strawberry.field(description="Each stage with how many deals stand in it, what they are worth, and the first.")
    async def board(
        self,
        info: Info,
        process_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Of which process; the default one when absent.")
        ] = None,
        owner_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only the deals that this member looks after.")
        ] = None,
        cards: Annotated[int, strawberry.argument(description="How many deals to give per stage, at most 100.")] = 20,
    ) -> Board | None:
        """This will give the board of a process, null when there is no such process."""
        process, owner = _known(process_id), _known(owner_id)
        reader = await info.context.reader()
        found = await opportunities.board(reader, process_id=process, owner_id=owner, cards=cards)
        if found is None:
            return None
        return Board(
            process_id=found.process_id,
            stages=[
                BoardStage(stage=column.stage, count=column.count, totals=column.totals, cards=column.cards)  # type: ignore[arg-type] # Records and Money stand for their types
                for column in found.columns
            ],
        )


def _known(id: strawberry.ID | None) -> UUID | None:
    """Reads an optional id; a text that can be nobody's becomes an id that is nobody's."""
    return None if id is None else identity(id) or NOBODY


@strawberry.input(description="A new deal.")
class CreateOpportunityInput:
    """This will be a new deal."""

    name: str = strawberry.field(description="What the deal is called.")
    account_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The company it is with.")
    contact_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The person it is with.")
    product_id: strawberry.ID | None = strawberry.field(default=UNSET, description="What it is about.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Who looks after it; the caller when absent."
    )
    amount: MoneyInput | None = strawberry.field(default=UNSET, description="What it is worth.")
    expected_close_on: date | None = strawberry.field(default=UNSET, description="The day it is expected to close.")
    opened_on: date | None = strawberry.field(
        default=UNSET, description="The day it was opened, not in the future; today when absent."
    )
    stage: str | None = strawberry.field(
        default=UNSET, description="The key of the open stage it begins in; the first one when absent."
    )


@strawberry.input(description="What changes of a deal, its stage and owner apart; an absent field stays.")
class UpdateOpportunityInput:
    """This will be what changes of a deal."""

    id: strawberry.ID = strawberry.field(description="The deal.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(default=UNSET, description="What the deal is called.")
    account_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The company it is with.")
    contact_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The person it is with.")
    product_id: strawberry.ID | None = strawberry.field(default=UNSET, description="What it is about.")
    amount: MoneyInput | None = strawberry.field(default=UNSET, description="What it is worth.")
    expected_close_on: date | None = strawberry.field(default=UNSET, description="The day it is expected to close.")


@strawberry.input(description="Who is to look after a deal.")
class AssignOpportunityInput:
    """This will say who is to look after a deal."""

    opportunity_id: strawberry.ID = strawberry.field(description="The deal.")
    owner_id: strawberry.ID = strawberry.field(description="The member who is to look after it.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)


@strawberry.input(description="A move of a deal; name either the stage or the transition.")
class AdvanceInput:
    """This will be a move of a deal."""

    opportunity_id: strawberry.ID = strawberry.field(description="The deal.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    to_stage: str | None = strawberry.field(default=UNSET, description="The key of the stage to go to.")
    transition: str | None = strawberry.field(default=UNSET, description="The key of the transition to take.")
    reason: str | None = strawberry.field(
        default=UNSET, description="Why; must be given when the deal is lost. Kept with the visit."
    )
    amount: MoneyInput | None = strawberry.field(default=UNSET, description="What the deal is worth from now on.")
    closed_on: date | None = strawberry.field(
        default=UNSET, description="The day it was won or lost, not in the future; today when absent."
    )


@strawberry.type(description="The deal as it is now.")
class OpportunityPayload:
    """This will hold the deal as it is now."""

    opportunity: Opportunity = strawberry.field(description="The deal.")


@strawberry.type(description="The deal after its move.")
class Advanced:
    """This will hold the deal after its move."""

    opportunity: Opportunity = strawberry.field(description="The deal.")
    visit: StageVisit = strawberry.field(description="The visit that the move began.")


CreateOpportunityResult = Annotated[
    OpportunityPayload | Problems,
    strawberry.union("CreateOpportunityResult", description="The new deal, or a problem."),
]
UpdateOpportunityResult = Annotated[
    OpportunityPayload | Problems, strawberry.union("UpdateOpportunityResult", description="The deal, or a problem.")
]
AssignOpportunityResult = Annotated[
    OpportunityPayload | Problems, strawberry.union("AssignOpportunityResult", description="The deal, or a problem.")
]
AdvanceResult = Annotated[
    Advanced | Problems, strawberry.union("AdvanceResult", description="The deal after its move, or a problem.")
]


@strawberry.type
class Mutation:
    """This will hold the writes of this module."""

    @mutation("Opens a deal.")
    async def create_opportunity(self, info: Info, input: CreateOpportunityInput) -> CreateOpportunityResult:
        """This will open a deal."""
        async with info.context.write() as (session, caller, at):
            opportunity = await service.create_opportunity(
                session,
                caller,
                name=input.name,
                account_id=as_optional_id(input.account_id, "accountId"),
                contact_id=as_optional_id(input.contact_id, "contactId"),
                product_id=as_optional_id(input.product_id, "productId"),
                owner_id=as_optional_id(input.owner_id, "ownerId"),
                amount=as_money(input.amount, caller, "amount"),
                expected_close_on=input.expected_close_on or None,
                opened_on=input.opened_on or None,
                stage_key=input.stage or None,
                at=at,
            )
        return await _payload(info, opportunity.id)

    @mutation("Changes a deal; never its stage or owner.")
    async def update_opportunity(self, info: Info, input: UpdateOpportunityInput) -> UpdateOpportunityResult:
        """This will change a deal."""
        async with info.context.write() as (session, caller, at):
            opportunity = await service.update_opportunity(
                session,
                caller,
                opportunity_id=as_id(input.id, "id"),
                expected_version=input.expected_version,
                at=at,
                **fields_of(input, caller, without=("id", "expected_version")),
            )
        return await _payload(info, opportunity.id)

    @mutation("Has a member look after a deal.")
    async def assign_opportunity(self, info: Info, input: AssignOpportunityInput) -> AssignOpportunityResult:
        """This will have a member look after a deal."""
        async with info.context.write() as (session, caller, at):
            opportunity = await service.assign_opportunity(
                session,
                caller,
                opportunity_id=as_id(input.opportunity_id, "opportunityId"),
                owner_id=as_id(input.owner_id, "ownerId"),
                expected_version=input.expected_version,
                at=at,
            )
        return await _payload(info, opportunity.id)

    @mutation("Takes a deal to another stage: the only way by which its stage changes.")
    async def advance(self, info: Info, input: AdvanceInput) -> AdvanceResult:
        """This will take a deal to another stage."""
        async with info.context.write() as (session, caller, at):
            advanced = await service.advance(
                session,
                caller,
                opportunity_id=as_id(input.opportunity_id, "opportunityId"),
                expected_version=input.expected_version,
                to_stage=input.to_stage or None,
                transition=input.transition or None,
                reason=input.reason or None,
                amount=as_money(input.amount, caller, "amount"),
                closed_on=input.closed_on or None,
                at=at,
            )
        return Advanced(
            opportunity=await info.context.fetch(opportunities.opportunity, advanced.opportunity.id),
            visit=await info.context.fetch(processes.stage_visit, advanced.visit_id),
        )


async def _payload(info: Info, id: UUID) -> OpportunityPayload:
    return OpportunityPayload(opportunity=await info.context.fetch(opportunities.opportunity, id))


TYPES = (Opportunity, Board, BoardStage, AvailableTransition)
