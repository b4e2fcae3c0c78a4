"""Reads of leads."""

from uuid import UUID

from sqlalchemy import select

from services.kit.errors import NOT_FOUND, NotFound, Path
from services.kit.paging import Key
from services.kit.permissions import Permission
from services.kit.reads import Condition, Many, One, ReadModel, Search, names, read_model
from services.kit.tenancy import ReadSession, WriteSession
from services.kit.text import fold
from services.pipeline.leads.models import Lead, LeadTouch

lead = read_model(
    ReadModel(
        name="lead",
        table=Lead,
        permission=Permission.LEAD_READ,
        links={
            "owner": One("member", Lead.owner_id),
            "account": One("account", Lead.account_id),
            "contact": One("contact", Lead.contact_id),
            "opportunity": One("opportunity", Lead.opportunity_id),
            "touches": Many("lead_touch", LeadTouch.lead_id),
        },
        filters={
            "search": Search("lead"),
            "outcome": lambda outcomes: Lead.outcome.in_(outcomes),
            "owner_id": names(Lead.owner_id),
            "owned": lambda owned: Lead.owner_id.is_not(None) == owned,
            "source": Condition(lambda key: Lead.source_key == key, prepare=fold),
        },
        orders={"NAME": (Key(Lead.name_sort),)},
    )
)
lead_touch = read_model(
    ReadModel(
        name="lead_touch",
        table=LeadTouch,
        permission=Permission.LEAD_READ,
        orders={
            "FIRST": (Key(LeadTouch.occurred_at),),
            "LAST": (Key(LeadTouch.occurred_at, descending=True),),
        },
        default_order="FIRST",
    )
)


async def locked(session: ReadSession, lead_id: UUID, *, path: Path) -> Lead:
    """This will give a lead as it is now, locked until the transaction ends."""
    found = await session.scalar(select(Lead).where(Lead.id == lead_id).with_for_update())
    if found is None:
        raise NotFound(NOT_FOUND, path=path)
    return found


async def lock_alike(session: WriteSession, lead_id: UUID) -> None:
    """This will lock a lead and those with its e-mail address in one order: converted, they are one contact."""
    email_key = await session.scalar(select(Lead.email_key).where(Lead.id == lead_id))
    if email_key is not None:
        await session.execute(select(Lead.id).where(Lead.email_key == email_key).order_by(Lead.id).with_for_update())
