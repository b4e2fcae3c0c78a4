"""Reads of opportunities."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, select

from services.customers.accounts import queries as accounts
from services.kit.errors import NOT_FOUND, NotFound, Path
from services.kit.money import Money
from services.kit.paging import Key, Window
from services.kit.permissions import Permission
from services.kit.reads import (
    Many,
    One,
    Reader,
    ReadModel,
    Record,
    Search,
    amount,
    names,
    open_list,
    read_model,
    shape,
)
from services.kit.tenancy import ReadSession
from services.pipeline.opportunities.models import Opportunity
from services.pipeline.processes.models import Process, ProcessVersion, RecordType, Stage, StageVisit
from services.pipeline.processes.queries import stage as stage_model

# Orders compare values that are never null: what has no day or amount stands at the end.
NEVER: Final = date(9999, 12, 31)
LONG_AGO: Final = date(1, 1, 1)


def _at_least(money: Money) -> ColumnElement[bool]:
    return and_(Opportunity.currency == money.currency, Opportunity.amount_minor >= money.minor)


def _at_most(money: Money) -> ColumnElement[bool]:
    return and_(Opportunity.currency == money.currency, Opportunity.amount_minor <= money.minor)


opportunity = read_model(
    ReadModel(
        name="opportunity",
        table=Opportunity,
        permission=Permission.OPPORTUNITY_READ,
        fields={"amount": amount(Opportunity.amount_minor, Opportunity.currency)},
        links={
            "account": One("account", Opportunity.account_id),
            "contact": One("contact", Opportunity.contact_id),
            "product": One("product", Opportunity.product_id),
            "owner": One("member", Opportunity.owner_id),
            "stage": One("stage", Opportunity.stage_id),
            "process_version": One("process_version", Opportunity.process_version_id),
        },
        filters={
            "search": Search("opportunity"),
            "stage": lambda keys: Opportunity.stage_id.in_(select(Stage.id).where(Stage.key.in_(keys))),
            "status": lambda kinds: Opportunity.status.in_(kinds),
            "owner_id": names(Opportunity.owner_id),
            "account_id": names(Opportunity.account_id),
            "contact_id": names(Opportunity.contact_id),
            "product_id": names(Opportunity.product_id),
            "amount_min": _at_least,
            "amount_max": _at_most,
            "opened_from": lambda day: Opportunity.opened_on >= day,
            "opened_to": lambda day: Opportunity.opened_on <= day,
            "closed_from": lambda day: Opportunity.closed_on >= day,
            "closed_to": lambda day: Opportunity.closed_on <= day,
            "expected_from": lambda day: Opportunity.expected_close_on >= day,
            "expected_to": lambda day: Opportunity.expected_close_on <= day,
        },
        orders={
            "NAME": (Key(Opportunity.name_sort),),
            "AMOUNT": (Key(func.coalesce(Opportunity.amount_minor, literal(-1)), descending=True),),
            "EXPECTED_CLOSE": (Key(func.coalesce(Opportunity.expected_close_on, literal(NEVER))),),
            "OPENED": (Key(func.coalesce(Opportunity.opened_on, literal(LONG_AGO)), descending=True),),
            "CLOSED": (Key(func.coalesce(Opportunity.closed_on, literal(LONG_AGO)), descending=True),),
            "STAGE_ENTERED": (Key(Opportunity.stage_entered_at, descending=True),),
        },
    )
)
open_list(opportunity, "visits", Many("stage_visit", StageVisit.instance_id, order="SEQUENCE"))
open_list(accounts.account, "opportunities", Many("opportunity", Opportunity.account_id))


async def get(session: ReadSession, opportunity_id: UUID, *, path: Path) -> Opportunity:
    """This will give an opportunity of the caller's workspace; a foreign id and a missing one are both not found."""
    found = await session.scalar(select(Opportunity).where(Opportunity.id == opportunity_id))
    if found is None:
        raise NotFound(NOT_FOUND, path=path)
    return found


async def locked(session: ReadSession, opportunity_id: UUID, *, path: Path) -> Opportunity:
    """This will give an opportunity as it is now, locked until the transaction ends."""
    found = await session.scalar(
        select(Opportunity)
        .where(Opportunity.id == opportunity_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(NOT_FOUND, path=path)
    return found


async def fingerprints(
    session: ReadSession, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[UUID, str | None]]:
    """This will give id and fingerprint of the opportunities that other systems call so, by source and external id."""
    sources, ids = {source for source, _ in keys}, {id for _, id in keys}
    rows = await session.execute(
        select(
            Opportunity.id, Opportunity.external_source, Opportunity.external_id, Opportunity.external_checksum
        ).where(Opportunity.external_source.in_(sources), Opportunity.external_id.in_(ids))
    )
    return {
        (source, external_id): (id, checksum)
        for id, source, external_id, checksum in rows
        if source is not None and external_id is not None
    }


async def locked_many(session: ReadSession, ids: Collection[UUID]) -> Sequence[Opportunity]:
    """This will give opportunities as they are now, locked in one order until the transaction ends."""
    rows = await session.scalars(
        select(Opportunity)
        .where(Opportunity.id.in_(set(ids)))
        .order_by(Opportunity.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.all()


@dataclass(slots=True)
class Column:
    """This will be one stage of a board: how many opportunities stand in it, what they are worth, the first of them."""

    stage: Record
    count: int = 0
    totals: list[Money] = field(default_factory=list)
    cards: list[Record] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Board:
    """This will be the stages of a process with what stands in them."""

    process_id: UUID
    columns: tuple[Column, ...]


async def board(
    reader: Reader, *, process_id: UUID | None = None, owner_id: UUID | None = None, cards: int = 20
) -> Board | None:
    """This will give the board of a process (the default one), each stage's newest arrivals first.

    Three statements whatever the number of stages, versions and cards; None when there is no such process. A stage is
    the same stage in every version of the process: records of older versions stand under the same key, and stages that
    the active version no longer has follow at the end.
    """
    reader.caller.require(Permission.OPPORTUNITY_READ)
    window = Window(cards).checked()
    chosen = Process.is_default if process_id is None else Process.id == process_id
    stages = await reader.execute(
        select(Process.id, ProcessVersion.id == Process.active_version_id, *shape(stage_model).columns)
        .join(ProcessVersion, ProcessVersion.process_id == Process.id)
        .join(Stage, Stage.version_id == ProcessVersion.id)
        .where(Process.record_type == RecordType.OPPORTUNITY, chosen)
        .order_by((ProcessVersion.id == Process.active_version_id).desc(), ProcessVersion.number.desc(), Stage.position)
    )
    if not stages:
        return None
    columns: dict[str, Column] = {}
    keys: dict[UUID, str] = {}
    active: set[str] = set()
    for _, is_active, *values in stages:
        stage = Record(stage_model, values, reader.caller.locale)
        keys[stage.id] = stage.key
        columns.setdefault(stage.key, Column(stage))
        if is_active:
            active.add(stage.key)
    mine = [] if owner_id is None else [Opportunity.owner_id == owner_id]
    await _total(reader, columns, keys, mine)
    pages = await reader.pages(
        Many("opportunity", Opportunity.stage_id), list(keys), window, where=mine, order="STAGE_ENTERED"
    )
    for key, page in zip(keys.values(), pages, strict=True):
        columns[key].cards += [record for _, record in page.records]
    for column in columns.values():
        column.cards.sort(key=lambda card: (card.stage_entered_at, card.id), reverse=True)
        del column.cards[cards:]
    shown = (column for key, column in columns.items() if key in active or column.count)
    return Board(stages[0][0], tuple(shown))


async def _total(
    reader: Reader, columns: dict[str, Column], keys: dict[UUID, str], where: list[ColumnElement[bool]]
) -> None:
    """Counts and sums what stands in the stages; bigint sums are numeric in PostgreSQL, so they come back as whole."""
    rows = await reader.execute(
        select(Opportunity.stage_id, Opportunity.currency, func.count(), func.sum(Opportunity.amount_minor))
        .where(Opportunity.stage_id.in_(list(keys)), *where)
        .group_by(Opportunity.stage_id, Opportunity.currency)
        .order_by(Opportunity.currency)
    )
    sums: dict[tuple[str, str], int] = {}
    for stage_id, currency, count, minor in rows:
        columns[keys[stage_id]].count += count
        if currency is not None:
            place = (keys[stage_id], currency)
            sums[place] = sums.get(place, 0) + int(minor)
    for (key, currency), minor in sums.items():
        columns[key].totals.append(Money(minor, currency))
