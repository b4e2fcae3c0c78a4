"""Writes of tickets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.customers.accounts import queries as accounts
from services.customers.contacts import queries as contacts
from services.kit.errors import NOT_FOUND, NotFound, expect_version, optional_text, required_text
from services.kit.outbox import emit
from services.kit.permissions import Permission, Role, allows
from services.kit.tenancy import Caller, ReadSession, WriteSession
from services.kit.text import fold
from services.reminders.models import SubjectKind
from services.reminders.subjects import remindable
from services.support.tickets import rules
from services.support.tickets.events import TicketAssigned
from services.support.tickets.models import (
    EntryKind,
    Ticket,
    TicketCounter,
    TicketEntry,
    TicketPriority,
    TicketState,
    TicketType,
)
from services.support.tickets.rules import Standing
from services.tenants.members import queries as members
from services.tenants.members.models import MemberState

LONGEST_BODY = 20_000

remindable(SubjectKind.TICKET, Ticket)


async def open_ticket(
    session: WriteSession,
    caller: Caller,
    *,
    subject: str,
    body: str | None = None,
    type: TicketType,
    priority: TicketPriority = TicketPriority.NORMAL,
    account_id: UUID | None = None,
    contact_id: UUID | None = None,
    at: datetime,
) -> Ticket:
    """This will open a ticket for a customer under the workspace's next number; ``body`` is what they wrote."""
    caller.require(Permission.TICKET_WRITE)
    subject = required_text(subject, path=("input", "subject"), limit=300)
    body = optional_text(body, path=("input", "body"), limit=LONGEST_BODY)
    rules.refuse_without_customer(has_contact=contact_id is not None, has_account=account_id is not None)
    if account_id is not None:
        await accounts.get(session, account_id, path=("input", "accountId"))
    if contact_id is not None:
        await contacts.get(session, contact_id, path=("input", "contactId"))
    standing = Standing()
    number = await _next_number(session, caller)
    ticket = Ticket(
        number=number,
        subject=subject,
        type=type,
        priority=priority,
        state=standing.state,
        account_id=account_id,
        contact_id=contact_id,
        opened_at=at,
        last_activity_at=at,
        reopened=standing.reopened,
        search=fold(f"{number} {subject}"),
    )
    session.add(ticket)
    await session.flush()
    if body is not None:
        _write(session, caller, ticket, EntryKind.CUSTOMER_MESSAGE, at=at, body=body)
    await session.flush()
    return ticket


async def reply_to_ticket(
    session: WriteSession, caller: Caller, *, ticket_id: UUID, body: str, from_customer: bool = False, at: datetime
) -> Ticket:
    """This will add what was written to the customer, or by them; a message of theirs opens a settled ticket again.

    It takes no version: what somebody said is added to whatever was said meanwhile.
    """
    caller.require(Permission.TICKET_WRITE)
    body = required_text(body, path=("input", "body"), limit=LONGEST_BODY)
    ticket = await _locked(session, ticket_id)
    if not from_customer:
        _write(session, caller, ticket, EntryKind.REPLY, at=at, body=body)
        _stand(ticket, rules.answered(_standing(ticket), at))
    else:
        was_resolved = ticket.state == TicketState.RESOLVED
        _write(session, caller, ticket, EntryKind.CUSTOMER_MESSAGE, at=at, body=body)
        _stand(ticket, rules.customer_wrote(_standing(ticket)))
        if was_resolved:
            _write(session, caller, ticket, EntryKind.REOPENED, at=at)
    await session.flush()
    return ticket


async def add_internal_note(
    session: WriteSession, caller: Caller, *, ticket_id: UUID, body: str, at: datetime
) -> Ticket:
    """This will add a note that the customer never sees; the ticket stands where it stood."""
    caller.require(Permission.TICKET_WRITE)
    body = required_text(body, path=("input", "body"), limit=LONGEST_BODY)
    ticket = await _locked(session, ticket_id)
    _write(session, caller, ticket, EntryKind.NOTE, at=at, body=body)
    await session.flush()
    return ticket


async def assign_ticket(
    session: WriteSession,
    caller: Caller,
    *,
    ticket_id: UUID,
    assignee_id: UUID | None,
    expected_version: int,
    at: datetime,
) -> Ticket:
    """This will give a ticket to a member, or to nobody; who may not assign may take one that is nobody's."""
    caller.require(Permission.TICKET_WRITE)
    ticket = await _locked(session, ticket_id)
    if not (ticket.assignee_id is None and assignee_id is not None and assignee_id == caller.member_id):
        caller.require(Permission.TICKET_ASSIGN)
    expect_version(ticket.version, expected_version)
    if assignee_id is not None:
        await _refuse_assignee(session, assignee_id)
    standing = rules.assigned(_standing(ticket), to_somebody=assignee_id is not None)
    if ticket.assignee_id == assignee_id:
        return ticket
    ticket.assignee_id = assignee_id
    _stand(ticket, standing)
    _write(session, caller, ticket, EntryKind.ASSIGNED, at=at, assignee_id=assignee_id)
    if assignee_id is not None:
        title = f"#{ticket.number} {ticket.subject}"
        emit(session, caller, TicketAssigned(subject_id=ticket.id, member_id=assignee_id, title=title), at=at)
    await session.flush()
    return ticket


async def resolve_ticket(
    session: WriteSession,
    caller: Caller,
    *,
    ticket_id: UUID,
    expected_version: int,
    note: str | None = None,
    at: datetime,
) -> Ticket:
    """This will settle a ticket; ``note`` says how."""
    caller.require(Permission.TICKET_WRITE)
    note = optional_text(note, path=("input", "note"), limit=LONGEST_BODY)
    ticket = await _locked(session, ticket_id)
    expect_version(ticket.version, expected_version)
    _stand(ticket, rules.resolved(_standing(ticket), at))
    _write(session, caller, ticket, EntryKind.RESOLVED, at=at, body=note)
    await session.flush()
    return ticket


async def reopen_ticket(
    session: WriteSession,
    caller: Caller,
    *,
    ticket_id: UUID,
    expected_version: int,
    note: str | None = None,
    at: datetime,
) -> Ticket:
    """This will open a settled ticket again; ``note`` says why."""
    caller.require(Permission.TICKET_WRITE)
    note = optional_text(note, path=("input", "note"), limit=LONGEST_BODY)
    ticket = await _locked(session, ticket_id)
    expect_version(ticket.version, expected_version)
    _stand(ticket, rules.reopened(_standing(ticket)))
    _write(session, caller, ticket, EntryKind.REOPENED, at=at, body=note)
    await session.flush()
    return ticket


async def _next_number(session: WriteSession, caller: Caller) -> int:
    """Takes the next number of the workspace; a transaction that fails gives it back, so none is left out."""
    tenant_id = caller.tenant_id
    counting = insert(TicketCounter).values(tenant_id=tenant_id, id=tenant_id, last_number=1)
    taking = counting.on_conflict_do_update(
        index_elements=["tenant_id", "id"], set_={"last_number": TicketCounter.last_number + 1}
    ).returning(TicketCounter.last_number)
    return int((await session.execute(taking)).scalar_one())


async def _locked(session: WriteSession, ticket_id: UUID) -> Ticket:
    found = await session.scalar(select(Ticket).where(Ticket.id == ticket_id).with_for_update())
    if found is None:
        raise NotFound(NOT_FOUND, path=("input", "id"))
    return found


async def _refuse_assignee(session: ReadSession, assignee_id: UUID) -> None:
    member = await members.get(session, assignee_id, path=("input", "assigneeId"))
    rules.refuse_assignee(
        works_here=member.state == MemberState.ACTIVE, may_write=allows(Role(member.role), Permission.TICKET_WRITE)
    )


def _standing(ticket: Ticket) -> Standing:
    return Standing(TicketState(ticket.state), ticket.first_response_at, ticket.resolved_at, ticket.reopened)


def _stand(ticket: Ticket, standing: Standing) -> None:
    ticket.state = standing.state
    ticket.first_response_at, ticket.resolved_at = standing.first_response_at, standing.resolved_at
    ticket.reopened = standing.reopened


def _write(
    session: WriteSession,
    caller: Caller,
    ticket: Ticket,
    kind: EntryKind,
    *,
    at: datetime,
    body: str | None = None,
    assignee_id: UUID | None = None,
) -> None:
    """Adds an entry; ``author_id`` is who entered it, also when the words are the customer's.

    Each entry is a new version of the ticket, so nobody settles it without having seen the last word.
    """
    ticket.last_activity_at = at
    session.add(
        TicketEntry(
            ticket_id=ticket.id,
            kind=kind,
            body=body,
            author_id=caller.member_id,
            contact_id=ticket.contact_id if kind == EntryKind.CUSTOMER_MESSAGE else None,
            assignee_id=assignee_id,
            occurred_at=at,
        )
    )
