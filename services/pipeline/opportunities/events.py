"""Facts about opportunities."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from services.kit.outbox import Fact


@dataclass(frozen=True, kw_only=True)
class OpportunityAssigned(Fact):
    """This will say that somebody is to look after an opportunity."""

    topic: ClassVar[str] = "opportunity.assigned"
    member_id: UUID
    title: str


@dataclass(frozen=True, kw_only=True)
class OpportunityStageChanged(Fact):
    """This will say that an opportunity came into a stage; stages and transition are named by key."""

    topic: ClassVar[str] = "opportunity.stage_changed"
    visit_id: UUID
    from_stage: str
    to_stage: str
    transition: str
    status: str


@dataclass(frozen=True, kw_only=True)
class OpportunityWon(Fact):
    """This will say that an opportunity was won."""

    topic: ClassVar[str] = "opportunity.won"
    title: str
    owner_id: UUID
    account_id: UUID | None
    amount_minor: int | None
    currency: str | None
