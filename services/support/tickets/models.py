"""The tables of tickets."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import RecordTable, TenantTable, one_of, search_index, tenant_fk


class TicketType(StrEnum):
    """This will say what a customer wants."""

    REQUEST = "REQUEST"
    COMPLAINT = "COMPLAINT"
    INCIDENT = "INCIDENT"
    QUESTION = "QUESTION"


class TicketPriority(StrEnum):
    """This will say how pressing a ticket is."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class TicketState(StrEnum):
    """This will say whose turn it is: nobody has looked, ours, the customer's, or it is settled."""

    NEW = "NEW"
    OPEN = "OPEN"
    WAITING = "WAITING"
    RESOLVED = "RESOLVED"


class EntryKind(StrEnum):
    """This will say what an entry of a ticket is; the last three are written by the system."""

    CUSTOMER_MESSAGE = "CUSTOMER_MESSAGE"
    REPLY = "REPLY"
    NOTE = "NOTE"
    ASSIGNED = "ASSIGNED"
    RESOLVED = "RESOLVED"
    REOPENED = "REOPENED"


class TicketCounter(TenantTable):
    """This will hold the last ticket number of a workspace; who takes the next one waits for who took the last."""

    __tablename__ = "ticket_counter"
    __table_args__ = (
        CheckConstraint("id = tenant_id", name="one_per_tenant"),
        {"info": {"kind": "tenant"}},
    )

    last_number: Mapped[int]


class Ticket(RecordTable):
    """This will be one thing that a customer wants; ``search`` holds its number and its folded subject."""

    __tablename__ = "ticket"
    __table_args__ = (
        tenant_fk("account_id", "account"),
        tenant_fk("contact_id", "contact"),
        tenant_fk("assignee_id", "member"),
        UniqueConstraint("tenant_id", "number"),
        one_of("type", TicketType),
        one_of("priority", TicketPriority),
        one_of("state", TicketState),
        CheckConstraint("account_id IS NOT NULL OR contact_id IS NOT NULL", name="from_a_customer"),
        CheckConstraint("(state = 'RESOLVED') = (resolved_at IS NOT NULL)", name="resolved_at_a_moment"),
        CheckConstraint("number > 0 AND reopened >= 0", name="counted"),
        Index("ix_ticket_state", "tenant_id", "state", "number"),
        Index("ix_ticket_assignee", "tenant_id", "assignee_id", "number"),
        Index("ix_ticket_account", "tenant_id", "account_id", "number"),
        Index("ix_ticket_contact", "tenant_id", "contact_id", "number"),
        Index("ix_ticket_activity", "tenant_id", "last_activity_at", "id"),
        search_index("ticket"),
        {"info": {"kind": "tenant"}},
    )

    number: Mapped[int]
    subject: Mapped[str]
    type: Mapped[str]
    priority: Mapped[str]
    state: Mapped[str]
    account_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    assignee_id: Mapped[UUID | None]
    opened_at: Mapped[datetime]
    last_activity_at: Mapped[datetime]
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    reopened: Mapped[int] = mapped_column(Integer)
    search: Mapped[str]


class TicketEntry(TenantTable):
    """This will be one thing that was said or done about a ticket; entries are added and never changed.

    ``author_id`` is the member who did it, ``contact_id`` the customer who wrote, ``assignee_id`` who got the ticket.
    """

    __tablename__ = "ticket_entry"
    __table_args__ = (
        tenant_fk("ticket_id", "ticket"),
        tenant_fk("author_id", "member"),
        tenant_fk("contact_id", "contact"),
        tenant_fk("assignee_id", "member"),
        one_of("kind", EntryKind),
        CheckConstraint("kind NOT IN ('CUSTOMER_MESSAGE', 'REPLY', 'NOTE') OR body IS NOT NULL", name="said_something"),
        CheckConstraint("assignee_id IS NULL OR kind = 'ASSIGNED'", name="assigned_to"),
        Index("ix_ticket_entry_ticket", "tenant_id", "ticket_id", "occurred_at", "id"),
        {"info": {"kind": "tenant"}},
    )

    ticket_id: Mapped[UUID]
    kind: Mapped[str]
    body: Mapped[str | None]
    author_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    assignee_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
