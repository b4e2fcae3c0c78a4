"""Decisions about tickets: which state follows what, and who may be given one."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.kit.errors import Blocked, Invalid, Message
from services.support.tickets.models import TicketState

NO_CUSTOMER = Message(
    "ticket_without_customer",
    "Say which contact or account the ticket is from.",
    "بگویید تیکت از کدام مخاطب یا حساب است.",
)
RESOLVED_ALREADY = Message("ticket_resolved_already", "This ticket is resolved already.", "این تیکت پیش‌تر حل شده است.")
NOT_RESOLVED = Message(
    "ticket_not_resolved",
    "Only a resolved ticket can be reopened.",
    "فقط تیکت حل‌شده را می‌توان دوباره باز کرد.",
)
REOPEN_FIRST = Message(
    "ticket_reopen_first",
    "This ticket is resolved; reopen it before assigning it.",
    "این تیکت حل شده است؛ پیش از واگذاری، آن را دوباره باز کنید.",
)
TAKES_NO_TICKETS = Message(
    "takes_no_tickets",
    "This person does not work on tickets.",
    "این شخص روی تیکت‌ها کار نمی‌کند.",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """This will be where a ticket stands; ``resolved_at`` is set exactly while it is resolved."""

    state: TicketState = TicketState.NEW
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    reopened: int = 0


def refuse_without_customer(*, has_contact: bool, has_account: bool) -> None:
    """This will refuse a ticket that is from nobody."""
    if not has_contact and not has_account:
        raise Invalid(NO_CUSTOMER, path=("input", "contactId"))


def answered(standing: Standing, at: datetime) -> Standing:
    """This will be where a ticket stands after a reply to the customer; a settled one stays settled."""
    state = standing.state if standing.state == TicketState.RESOLVED else TicketState.WAITING
    return replace(standing, state=state, first_response_at=standing.first_response_at or at)


def customer_wrote(standing: Standing) -> Standing:
    """This will be where a ticket stands after a message of the customer: it is our turn, a settled one opens again."""
    if standing.state == TicketState.RESOLVED:
        return reopened(standing)
    return replace(standing, state=TicketState.OPEN) if standing.state == TicketState.WAITING else standing


def assigned(standing: Standing, *, to_somebody: bool) -> Standing:
    """This will be where a ticket stands after it was given to somebody, or taken from everybody."""
    if standing.state == TicketState.RESOLVED:
        raise Blocked(REOPEN_FIRST, path=("input", "id"))
    return replace(standing, state=TicketState.OPEN) if to_somebody and standing.state == TicketState.NEW else standing


def resolved(standing: Standing, at: datetime) -> Standing:
    """This will be where a ticket stands once it is settled."""
    if standing.state == TicketState.RESOLVED:
        raise Blocked(RESOLVED_ALREADY, path=("input", "id"))
    return replace(standing, state=TicketState.RESOLVED, resolved_at=at)


def reopened(standing: Standing) -> Standing:
    """This will be where a settled ticket stands once it is not settled after all."""
    if standing.state != TicketState.RESOLVED:
        raise Blocked(NOT_RESOLVED, path=("input", "id"))
    return replace(standing, state=TicketState.OPEN, resolved_at=None, reopened=standing.reopened + 1)


def refuse_assignee(*, works_here: bool, may_write: bool) -> None:
    """This will refuse to give a ticket to somebody who could not work on it."""
    if not (works_here and may_write):
        raise Invalid(TAKES_NO_TICKETS, path=("input", "assigneeId"))
