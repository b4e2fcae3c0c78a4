"""Facts about leads."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from services.kit.outbox import Fact


@dataclass(frozen=True, kw_only=True)
class LeadAssigned(Fact):
    """This will say that a lead was given to a member; ``title`` names it for a person."""

    topic: ClassVar[str] = "lead.assigned"
    member_id: UUID
    title: str


@dataclass(frozen=True, kw_only=True)
class LeadConverted(Fact):
    """This will say that a lead became a customer with a deal."""

    topic: ClassVar[str] = "lead.converted"
    account_id: UUID | None
    contact_id: UUID
    opportunity_id: UUID
