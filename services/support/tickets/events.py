"""Facts about tickets."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from services.kit.outbox import Fact


@dataclass(frozen=True, kw_only=True)
class TicketAssigned(Fact):
    """This will say that a ticket was given to a member; ``title`` names it for a person."""

    topic: ClassVar[str] = "ticket.assigned"
    member_id: UUID
    title: str
