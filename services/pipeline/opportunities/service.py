"""Writes of opportunities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import bindparam, update

from services.customers.accounts import queries as accounts
from services.customers.contacts import queries as contacts
from services.kit.clock import local_date
from services.kit.columns import name_columns
from services.kit.db import on_violation
from services.kit.errors import Conflict, Path, expect_version
from services.kit.ids import new_id
from services.kit.money import Money, refuse_negative
from services.kit.outbox import emit
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, ReadSession, WriteSession, add_many
from services.kit.text import fold
from services.pipeline.opportunities import queries, rules
from services.pipeline.opportunities.events import OpportunityAssigned, OpportunityStageChanged, OpportunityWon
from services.pipeline.opportunities.models import Opportunity
from services.pipeline.opportunities.rules import HistoricOpportunity, HistoryResult, Recorded
from services.pipeline.processes import queries as processes
from services.pipeline.processes import service as door
from services.pipeline.processes.models import Channel, RecordType, StageKind
from services.pipeline.processes.rules import Definition, Step, Walk
from services.pipeline.products import queries as products
from services.reminders.models import SubjectKind
from services.reminders.subjects import remindable
from services.tenants.members import queries as members

remindable(SubjectKind.OPPORTUNITY, Opportunity)
on_violation("uq_opportunity_external_id", lambda: Conflict(rules.EXTERNAL_ID_TAKEN, path=("input", "externalId")))


async def create_opportunity(
    session: WriteSession,
    caller: Caller,
    *,
    name: str,
    account_id: UUID | None,
    owner_id: UUID | None,
    amount: Money | None,
    expected_close_on: date | None,
    at: datetime,
    contact_id: UUID | None = None,
    product_id: UUID | None = None,
    stage_key: str | None = None,
    opened_on: date | None = None,
) -> Opportunity:
    """This will open a deal in the default process, in its first stage or in the open one of a key.

    Without an owner it belongs to the caller. ``opened_on`` None is today in the workspace's zone.
    """
    caller.require(Permission.OPPORTUNITY_WRITE)
    definition = await processes.active_definition(session, RecordType.OPPORTUNITY)
    said = OpportunityFields(
        name=name,
        account_id=account_id,
        contact_id=contact_id,
        product_id=product_id,
        amount=amount,
        expected_close_on=expected_close_on,
    )
    columns = await _columns(session, said)
    owner = caller.member if owner_id is None else owner_id
    await members.get(session, owner, path=("input", "ownerId"))
    opened = rules.opening_day(opened_on, local_date(at, caller.zone))
    id = new_id()
    stage = await door.begin(session, caller, instance_id=id, definition=definition, stage_key=stage_key, at=at)
    opportunity = Opportunity(
        id=id,
        **columns,
        owner_id=owner,
        process_version_id=definition.version_id,
        stage_id=stage.id,
        status=stage.kind,
        stage_entered_at=at,
        opened_on=opened,
    )
    session.add(opportunity)
    if owner != caller.member_id:
        emit(session, caller, OpportunityAssigned(subject_id=id, member_id=owner, title=opportunity.name), at=at)
    await session.flush()
    return opportunity


class OpportunityFields(TypedDict, total=False):
    """This will be what a person may say about a deal, its stage and owner apart; what is absent stays as it is."""

    name: str
    account_id: UUID | None
    contact_id: UUID | None
    product_id: UUID | None
    amount: Money | None
    expected_close_on: date | None


async def update_opportunity(
    session: WriteSession,
    caller: Caller,
    *,
    opportunity_id: UUID,
    expected_version: int,
    at: datetime,
    **fields: Unpack[OpportunityFields],
) -> Opportunity:
    """This will change what is given of a deal, unless it changed since the caller read it; never its stage."""
    caller.require(Permission.OPPORTUNITY_WRITE)
    opportunity = await queries.locked(session, opportunity_id, path=("input", "id"))
    expect_version(opportunity.version, expected_version)
    for name, value in (await _columns(session, fields)).items():
        setattr(opportunity, name, value)
    opportunity.search = search_text(opportunity.name, opportunity.external_id)
    await session.flush()
    return opportunity


async def assign_opportunity(
    session: WriteSession,
    caller: Caller,
    *,
    opportunity_id: UUID,
    owner_id: UUID,
    expected_version: int,
    at: datetime,
) -> Opportunity:
    """This will have another member look after a deal, and say so as a fact when it is another one."""
    caller.require(Permission.OPPORTUNITY_WRITE)
    opportunity = await queries.locked(session, opportunity_id, path=("input", "opportunityId"))
    expect_version(opportunity.version, expected_version)
    owner = await members.get(session, owner_id, path=("input", "ownerId"))
    if owner.id != opportunity.owner_id:
        opportunity.owner_id = owner.id
        fact = OpportunityAssigned(subject_id=opportunity.id, member_id=owner.id, title=opportunity.name)
        emit(session, caller, fact, at=at)
    await session.flush()
    return opportunity


@dataclass(frozen=True, slots=True)
class Advanced:
    """This will be a deal after its move, and the visit that the move began."""

    opportunity: Opportunity
    visit_id: UUID


async def advance(
    session: WriteSession,
    caller: Caller,
    *,
    opportunity_id: UUID,
    at: datetime,
    to_stage: str | None = None,
    transition: str | None = None,
    reason: str | None = None,
    amount: Money | None = None,
    closed_on: date | None = None,
    expected_version: int | None = None,
) -> Advanced:
    """This will take a deal to another stage by a transition of its process, named by key or by where it leads.

    ``amount`` replaces the deal's own; ``closed_on`` (a day of the workspace's zone, not in the future) belongs to a
    move that wins or loses and is today unless named. Raises ``Conflict`` when the deal is no longer at
    ``expected_version``, ``Blocked`` with what is possible when the process has no such way.
    """
    caller.require(Permission.OPPORTUNITY_ADVANCE)
    opportunity = await queries.locked(session, opportunity_id, path=("input", "opportunityId"))
    if expected_version is not None:
        expect_version(opportunity.version, expected_version)
    entered = await door.advance(
        session,
        caller,
        instance_id=opportunity.id,
        to_stage=to_stage,
        transition=transition,
        reason=reason,
        at=at,
    )
    kind = entered.stage.kind
    opportunity.closed_on = rules.closing_day(
        kind, closed_on, opened_on=opportunity.opened_on, today=local_date(at, caller.zone)
    )
    opportunity.close_reason = entered.reason if kind in rules.CLOSED else None
    opportunity.stage_id, opportunity.status = entered.stage.id, kind
    opportunity.process_version_id, opportunity.stage_entered_at = entered.definition.version_id, entered.at
    if amount is not None:
        _set_amount(opportunity, refuse_negative(amount, path=("input", "amount")))
    _announce(session, caller, opportunity, entered, at=at)
    await session.flush()
    return Advanced(opportunity, entered.visit_id)


def _announce(
    session: WriteSession, caller: Caller, opportunity: Opportunity, entered: door.Entered, *, at: datetime
) -> None:
    changed = OpportunityStageChanged(
        subject_id=opportunity.id,
        visit_id=entered.visit_id,
        from_stage=entered.source.key,
        to_stage=entered.stage.key,
        transition=entered.transition.key,
        status=opportunity.status,
    )
    emit(session, caller, changed, at=at)
    if entered.stage.kind is StageKind.WON:
        won = OpportunityWon(
            subject_id=opportunity.id,
            title=opportunity.name,
            owner_id=opportunity.owner_id,
            account_id=opportunity.account_id,
            amount_minor=opportunity.amount_minor,
            currency=opportunity.currency,
        )
        emit(session, caller, won, at=at)


async def record_history(
    session: WriteSession,
    caller: Caller,
    items: Sequence[HistoricOpportunity],
    *,
    at: datetime,
    process_id: UUID | None = None,
) -> HistoryResult:
    """This will record deals as another system tells them, with the stages they went through, set-based.

    The same items again change nothing. An item that says something new changes the deal, and adds visits when its
    path goes on from the recorded one; recorded visits are never rewritten. New deals enter the default process, or the
    one named. History is no news: no facts are emitted. Raises ``Invalid`` with the path ``("items", place, field)``
    before anything is written; ids that are not of this workspace are refused by the database.
    """
    caller.require(Permission.IMPORT_RUN)
    definition = await processes.active_definition(session, RecordType.OPPORTUNITY, process_id, path=("processId",))
    rules.refuse_unreadable(items, definition)
    said = {(item.external_source, item.external_id): (item, rules.fingerprint(item)) for item in items}
    known = await queries.fingerprints(session, said.keys())
    fresh = {key: told for key, told in said.items() if key not in known}
    ids = await _record_new(session, caller, list(fresh.values()), definition=definition, at=at)
    news = {known[key][0]: told for key, told in said.items() if key in known and known[key][1] != told[1]}
    diverged = await _record_news(session, caller, news, at=at)
    updated = frozenset(item.external_id for item, _ in news.values())
    created = frozenset(item.external_id for item, _ in fresh.values())
    return HistoryResult(
        created=created,
        updated=updated,
        unchanged=frozenset(item.external_id for item in items) - created - updated,
        diverged=diverged,
        ids=ids | {external_id: id for (_, external_id), (id, _) in known.items()},
    )


Told = tuple[HistoricOpportunity, str]  # an item and its fingerprint


async def _record_new(
    session: WriteSession, caller: Caller, told: Sequence[Told], *, definition: Definition, at: datetime
) -> dict[str, UUID]:
    ids: dict[str, UUID] = {}
    rows: list[dict[str, Any]] = []
    walks: list[Walk] = []
    for item, fingerprint in told:
        ids[item.external_id] = id = new_id()
        steps, _ = rules.continuation(definition, item.visits, Recorded(), at=at)
        walks.append(Walk(id, steps))
        rows.append(
            {
                "id": id,
                **_told_columns(item, fingerprint),
                **_standing(definition, steps[-1], item, zone=caller.zone),
                "external_source": item.external_source,
                "external_id": item.external_id,
            }
        )
    await door.walk_through(session, caller, definition=definition, walks=walks, channel=Channel.IMPORT, at=at)
    await add_many(session, Opportunity, rows)
    return ids


async def _record_news(
    session: WriteSession, caller: Caller, news: Mapping[UUID, Told], *, at: datetime
) -> frozenset[str]:
    if not news:
        return frozenset()
    opportunities = await queries.locked_many(session, news.keys())
    recorded = await processes.paths(session, news.keys())
    versions = {visit.version_id for visits in recorded.values() for visit in visits}
    versions.update(opportunity.process_version_id for opportunity in opportunities)
    definitions = await processes.definitions(session, versions)
    walks: dict[UUID, list[Walk]] = {}
    diverged: set[str] = set()
    changed: list[dict[str, Any]] = []
    for opportunity in opportunities:
        item, fingerprint = news[opportunity.id]
        visits, definition = recorded[opportunity.id], definitions[opportunity.process_version_id]
        keys = tuple(definitions[visit.version_id].stage(visit.stage_id).key for visit in visits)
        so_far = Recorded(keys, visits[-1].entered_at)
        steps, contradicts = rules.continuation(definition, item.visits, so_far, at=at)
        columns = _told_columns(item, fingerprint)
        if contradicts:
            diverged.add(item.external_id)
        elif steps:
            walks.setdefault(definition.version_id, []).append(Walk(opportunity.id, steps, after=visits[-1].seq))
            columns |= _standing(definition, steps[-1], item, zone=caller.zone)
        elif len(keys) == len(item.visits):
            last = Step(opportunity.stage_id, opportunity.stage_entered_at)
            columns |= _standing(definition, last, item, zone=caller.zone)
        values = {f"new_{name}": columns.get(name, getattr(opportunity, name)) for name in RECORDED}
        changed.append({"tenant": caller.tenant_id, "opportunity": opportunity.id, "moment": at, **values})
    for version_id, moved in walks.items():
        await door.walk_through(
            session, caller, definition=definitions[version_id], walks=moved, channel=Channel.IMPORT, at=at
        )
    # As single objects they would be updated one statement at a time, because each would check its version; the rows
    # are locked, so there is nothing to check.
    await session.execute(RECORD, changed)
    for opportunity in opportunities:
        session.expunge(opportunity)
    return frozenset(diverged)


RECORDED: Final = (
    "name",
    "name_sort",
    "search",
    "account_id",
    "contact_id",
    "product_id",
    "owner_id",
    "amount_minor",
    "currency",
    "opened_on",
    "expected_close_on",
    "external_checksum",
    "process_version_id",
    "stage_id",
    "status",
    "stage_entered_at",
    "closed_on",
    "close_reason",
)
RECORD: Final = (
    update(Opportunity.__table__)  # type: ignore[arg-type] # typed as any FROM clause, and is a table
    .where(Opportunity.tenant_id == bindparam("tenant"), Opportunity.id == bindparam("opportunity"))
    .values(
        **{name: bindparam(f"new_{name}") for name in RECORDED},
        version=Opportunity.version + 1,
        updated_at=bindparam("moment"),
    )
)


def _told_columns(item: HistoricOpportunity, fingerprint: str) -> dict[str, Any]:
    """Gives the columns of what a system says of a deal, its stage apart."""
    name = named(item.name, path=("items", "name"))
    return {
        **name,
        "search": search_text(name["name"], item.external_id),
        "account_id": item.account_id,
        "contact_id": item.contact_id,
        "product_id": item.product_id,
        "owner_id": item.owner_id,
        "amount_minor": item.amount and item.amount.minor,
        "currency": item.amount and item.amount.currency,
        "opened_on": item.opened_on,
        "expected_close_on": item.expected_close_on,
        "external_checksum": fingerprint,
    }


def _standing(definition: Definition, last: Step, item: HistoricOpportunity, *, zone: str) -> dict[str, Any]:
    """Gives the columns of where a deal stands after its last step, with the closing day that a system told."""
    kind = definition.stage(last.stage_id).kind
    closed = kind in rules.CLOSED
    return {
        "process_version_id": definition.version_id,
        "stage_id": last.stage_id,
        "status": kind,
        "stage_entered_at": last.at,
        "closed_on": (item.closed_on or local_date(last.at, zone)) if closed else None,
        "close_reason": item.close_reason if closed else None,
    }


def search_text(name: str, external_id: str | None = None) -> str:
    """This will put together what a deal is found by."""
    return fold(" ".join(text for text in (name, external_id) if text))


def _set_amount(opportunity: Opportunity, amount: Money | None) -> None:
    opportunity.amount_minor = None if amount is None else amount.minor
    opportunity.currency = None if amount is None else amount.currency


async def _columns(session: ReadSession, fields: OpportunityFields) -> dict[str, Any]:
    """Checks the given fields, looks up the records they name, and gives the columns they are kept in."""
    columns: dict[str, Any] = {}
    if "name" in fields:
        columns |= named(fields["name"], path=("input", "name"))
        columns["search"] = search_text(columns["name"])
    if "account_id" in fields:
        account = fields["account_id"]
        columns["account_id"] = account and (await accounts.get(session, account, path=("input", "accountId"))).id
    if "contact_id" in fields:
        contact = fields["contact_id"]
        columns["contact_id"] = contact and (await contacts.get(session, contact, path=("input", "contactId"))).id
    if "product_id" in fields:
        product = fields["product_id"]
        columns["product_id"] = product and (await products.get(session, product, path=("input", "productId"))).id
    if "amount" in fields:
        amount = refuse_negative(fields["amount"], path=("input", "amount"))
        columns |= {"amount_minor": amount and amount.minor, "currency": amount and amount.currency}
    if "expected_close_on" in fields:
        columns["expected_close_on"] = fields["expected_close_on"]
    return columns


def named(name: str, *, path: Path) -> dict[str, str]:
    """This will give a deal's name and the column it is ordered by; names of deals are not unique, so no more."""
    columns = name_columns(name, path=path)
    return {"name": columns["name"], "name_sort": columns["name_sort"]}
