"""Writes of leads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from services.customers.accounts import queries as accounts
from services.customers.accounts import service as account_service
from services.customers.accounts.models import Account
from services.customers.contacts import queries as contacts
from services.customers.contacts import service as contact_service
from services.customers.contacts.models import Contact
from services.kit.columns import email_columns, name_columns
from services.kit.errors import AppError, expect_version, optional_text, required_text
from services.kit.money import Money
from services.kit.outbox import emit
from services.kit.permissions import Permission, Role, allows
from services.kit.phone import national_digits, phone_number
from services.kit.tenancy import Caller, ReadSession, WriteSession
from services.kit.text import fold
from services.pipeline.leads import queries, rules
from services.pipeline.leads.events import LeadAssigned, LeadConverted
from services.pipeline.leads.models import Lead, LeadOutcome, LeadTouch, TouchChannel
from services.pipeline.leads.rules import Touches
from services.pipeline.opportunities import service as opportunity_service
from services.pipeline.opportunities.models import Opportunity
from services.reminders.models import SubjectKind
from services.reminders.subjects import remindable
from services.tenants.members import queries as members
from services.tenants.members.models import MemberState

remindable(SubjectKind.LEAD, Lead)

ID = ("input", "id")


class LeadFields(TypedDict, total=False):
    """This will be what a person may say about a lead; what is absent stays as it is."""

    name: str
    company: str | None
    email: str | None
    phone: str | None
    title: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """This will be one time that a lead came upon us; ``occurred_at`` None is now, without an offset it is local."""

    source: str
    channel: TouchChannel | None = None
    campaign: str | None = None
    occurred_at: datetime | None = None


async def create_lead(
    session: WriteSession,
    caller: Caller,
    *,
    touch: Touch | None = None,
    owner_id: UUID | None = None,
    at: datetime,
    **fields: Unpack[LeadFields],
) -> Lead:
    """This will add a person who may become a customer, with the touch that brought them."""
    caller.require(Permission.LEAD_WRITE)
    fields.setdefault("name", "")
    lead = Lead(outcome=LeadOutcome.OPEN)
    _set(lead, _columns(caller, fields))
    if owner_id is not None:
        await _give(session, caller, lead, owner_id, at=at)
    if touch is not None:
        reckoned = _touch(caller, lead, touch, at=at)
    session.add(lead)
    await session.flush()
    if touch is not None:
        reckoned.lead_id = lead.id
        session.add(reckoned)
    if owner_id is not None:
        _announce(session, caller, lead, owner_id, at=at)
    await session.flush()
    return lead


async def update_lead(
    session: WriteSession,
    caller: Caller,
    *,
    lead_id: UUID,
    expected_version: int,
    at: datetime,
    **fields: Unpack[LeadFields],
) -> Lead:
    """This will change what is given of an open lead, unless it changed since the caller read it."""
    caller.require(Permission.LEAD_WRITE)
    lead = await _open(session, lead_id, expected_version)
    _set(lead, _columns(caller, fields))
    await session.flush()
    return lead


async def record_touch(session: WriteSession, caller: Caller, *, lead_id: UUID, touch: Touch, at: datetime) -> Lead:
    """This will add one more time that a lead came upon us, whatever has become of it."""
    caller.require(Permission.LEAD_WRITE)
    lead = await queries.locked(session, lead_id, path=ID)
    row = _touch(caller, lead, touch, at=at)
    row.lead_id = lead.id
    session.add(row)
    await session.flush()
    return lead


async def assign_lead(
    session: WriteSession,
    caller: Caller,
    *,
    lead_id: UUID,
    owner_id: UUID | None,
    expected_version: int,
    at: datetime,
) -> Lead:
    """This will give a lead to a member, or to nobody; who may not assign may take one that is nobody's."""
    caller.require(Permission.LEAD_WRITE)
    lead = await queries.locked(session, lead_id, path=ID)
    if lead.owner_id is not None or owner_id is None:
        caller.require(Permission.LEAD_ASSIGN)
    expect_version(lead.version, expected_version)
    rules.refuse_closed(LeadOutcome(lead.outcome))
    if lead.owner_id == owner_id:
        return lead
    if owner_id is None:
        lead.owner_id = lead.assigned_at = None
    else:
        await _give(session, caller, lead, owner_id, at=at)
        _announce(session, caller, lead, owner_id, at=at)
    await session.flush()
    return lead


async def disqualify_lead(
    session: WriteSession, caller: Caller, *, lead_id: UUID, reason: str, expected_version: int, at: datetime
) -> Lead:
    """This will say that nothing comes of a lead, and why."""
    caller.require(Permission.LEAD_WRITE)
    reason = required_text(reason, path=("input", "reason"), limit=500)
    lead = await _open(session, lead_id, expected_version)
    lead.outcome, lead.disqualify_reason = LeadOutcome.DISQUALIFIED, reason
    await session.flush()
    return lead


@dataclass(frozen=True, slots=True)
class Converted:
    """This will be what a lead became; there is no account when it has no company."""

    lead: Lead
    account: Account | None
    contact: Contact
    opportunity: Opportunity


async def convert_lead(
    session: WriteSession,
    caller: Caller,
    *,
    lead_id: UUID,
    expected_version: int,
    opportunity_name: str,
    account_id: UUID | None = None,
    account_name: str | None = None,
    contact_id: UUID | None = None,
    amount: Money | None = None,
    expected_close_on: date | None = None,
    owner_id: UUID | None = None,
    at: datetime,
) -> Converted:
    """This will make an open lead a customer with a deal, whole or not at all.

    The account is the one named by id, or the one of ``account_name`` or else the lead's company, found by name or
    added. The contact is the one named by id, or the one with the lead's e-mail address, or added. The deal belongs to
    ``owner_id``, or else to the lead's owner, or else to the caller.
    """
    caller.require(Permission.LEAD_WRITE)
    await queries.lock_alike(session, lead_id)
    lead = await _open(session, lead_id, expected_version)
    owner = owner_id or lead.owner_id
    account: Account | None = None
    company = optional_text(account_name, path=("input", "accountName"), limit=200) or lead.company
    if account_id is not None:
        account = await accounts.get(session, account_id, path=("input", "accountId"))
    elif company is not None:
        account = await _account_named(session, caller, company, owner_id=owner, at=at)
    contact = await _contact_of(session, caller, lead, contact_id, owner_id=owner, at=at)
    if account is not None and not await contacts.belonging(session, account_id=account.id, contact_id=contact.id):
        await contact_service.link_contact(
            session, caller, account_id=account.id, contact_id=contact.id, role=lead.title, at=at
        )
    with _said_as(name="opportunityName"):
        opportunity = await opportunity_service.create_opportunity(
            session,
            caller,
            name=opportunity_name,
            account_id=None if account is None else account.id,
            contact_id=contact.id,
            owner_id=owner,
            amount=amount,
            expected_close_on=expected_close_on,
            at=at,
        )
    lead.outcome, lead.converted_at = LeadOutcome.CONVERTED, at
    lead.account_id, lead.contact_id = opportunity.account_id, contact.id
    lead.opportunity_id = opportunity.id
    fact = LeadConverted(
        subject_id=lead.id, account_id=lead.account_id, contact_id=contact.id, opportunity_id=opportunity.id
    )
    emit(session, caller, fact, at=at)
    await session.flush()
    return Converted(lead, account, contact, opportunity)


async def _open(session: WriteSession, lead_id: UUID, expected_version: int) -> Lead:
    """Gives a lead for a change; of two who decided on the same version, the second waits here and learns of it."""
    lead = await queries.locked(session, lead_id, path=ID)
    expect_version(lead.version, expected_version)
    rules.refuse_closed(LeadOutcome(lead.outcome))
    return lead


async def _account_named(
    session: WriteSession, caller: Caller, name: str, *, owner_id: UUID | None, at: datetime
) -> Account:
    found = await accounts.by_name(session, name)
    if found is not None:
        return found
    try:
        with _said_as(name="accountName"):
            async with session.begin_nested():
                return await account_service.create_account(session, caller, name=name, owner_id=owner_id, at=at)
    except IntegrityError:  # somebody added an account of this name since we looked; then it is that one
        added = await accounts.by_name(session, name)
        if added is None:
            raise
        return added


async def _contact_of(
    session: WriteSession, caller: Caller, lead: Lead, contact_id: UUID | None, *, owner_id: UUID | None, at: datetime
) -> Contact:
    if contact_id is not None:
        return await contacts.get(session, contact_id, path=("input", "contactId"))
    known = await contacts.by_email_key(session, lead.email_key) if lead.email_key is not None else []
    if len(known) == 1:  # of several people at one address nobody can tell which one it is
        return known[0]
    return await contact_service.create_contact(
        session,
        caller,
        name=lead.name,
        email=lead.email,
        phone=lead.phone,
        title=lead.title,
        owner_id=owner_id,
        at=at,
    )


async def _give(session: ReadSession, caller: Caller, lead: Lead, owner_id: UUID, *, at: datetime) -> None:
    if owner_id != caller.member_id:
        caller.require(Permission.LEAD_ASSIGN)
    member = await members.get(session, owner_id, path=("input", "ownerId"))
    rules.refuse_owner(
        works_here=member.state == MemberState.ACTIVE, may_write=allows(Role(member.role), Permission.LEAD_WRITE)
    )
    lead.owner_id, lead.assigned_at = member.id, at


def _announce(session: WriteSession, caller: Caller, lead: Lead, owner_id: UUID, *, at: datetime) -> None:
    title = lead.name if lead.company is None else f"{lead.name} ({lead.company})"
    emit(session, caller, LeadAssigned(subject_id=lead.id, member_id=owner_id, title=title), at=at)


def _touch(caller: Caller, lead: Lead, touch: Touch, *, at: datetime) -> LeadTouch:
    """Reckons a touch into its lead and gives its row."""
    source = required_text(touch.source, path=("input", "source"), limit=100)
    occurred_at = touch.occurred_at or at
    if occurred_at.tzinfo is None:
        occurred_at = occurred_at.replace(tzinfo=ZoneInfo(caller.zone))
    known = Touches(lead.source, lead.first_touch_at, lead.last_source, lead.last_touch_at)
    now = rules.touched(known, source, occurred_at, at=at)
    lead.source, lead.first_touch_at = now.first_source, now.first_at
    lead.source_key = now.first_source and fold(now.first_source)
    lead.last_source, lead.last_touch_at = now.last_source, now.last_at
    return LeadTouch(
        source=source,
        channel=touch.channel,
        campaign=optional_text(touch.campaign, path=("input", "campaign"), limit=200),
        occurred_at=occurred_at,
    )


def _set(lead: Lead, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(lead, name, value)
    texts = [lead.name, lead.company, lead.email, lead.phone, lead.phone and national_digits(lead.phone)]
    lead.search = fold(" ".join(text for text in texts if text))


def _columns(caller: Caller, fields: LeadFields) -> dict[str, Any]:
    """Checks the given fields and gives the columns they are kept in."""
    columns: dict[str, Any] = {}
    if "name" in fields:
        columns |= name_columns(fields["name"], path=("input", "name"))
    if "company" in fields:
        columns["company"] = optional_text(fields["company"], path=("input", "company"), limit=200)
    if "email" in fields:
        columns |= email_columns(fields["email"], path=("input", "email"))
    if "phone" in fields:
        columns["phone"] = phone_number(fields["phone"], zone=caller.zone, path=("input", "phone"))
    if "title" in fields:
        columns["title"] = optional_text(fields["title"], path=("input", "title"), limit=200)
    if "note" in fields:
        columns["note"] = optional_text(fields["note"], path=("input", "note"), limit=5000)
    return columns


@contextmanager
def _said_as(**names: str) -> Iterator[None]:
    """Points a lower room's failure at the field of this room's input that said it."""
    try:
        yield
    except AppError as error:
        error.path = tuple(names.get(str(part), part) for part in error.path)
        raise
