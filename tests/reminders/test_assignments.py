"""Who is told when a record is given to them."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import pytest

from services.kit.ids import new_id
from services.kit.outbox import Fact, emit
from services.kit.permissions import Role
from services.kit.tenancy import Caller, write
from tests.support import Workspace
from tests.working import work_off

NOTIFICATIONS = "{ notifications { nodes { kind title message subjectKind subjectId } } }"


@dataclass(frozen=True, kw_only=True)
class LeadAssigned(Fact):
    """A lead was given to a member, as the room of leads says it."""

    topic: ClassVar[str] = "lead.assigned"
    member_id: UUID | None
    title: str


@dataclass(frozen=True, kw_only=True)
class TicketAssigned(Fact):
    """A ticket was given to a member, as the room of tickets says it."""

    topic: ClassVar[str] = "ticket.assigned"
    member_id: UUID | None
    title: str


@pytest.mark.parametrize(
    ("fact", "kind", "subject", "message"),
    [
        (LeadAssigned, "LEAD_ASSIGNED", "LEAD", "The lead Pars was assigned to you."),
        (TicketAssigned, "TICKET_ASSIGNED", "TICKET", "The ticket Pars was assigned to you."),
    ],
)
async def test_the_new_owner_of_a_record_is_told_once(
    workspace: Workspace, fact: type[LeadAssigned] | type[TicketAssigned], kind: str, subject: str, message: str
) -> None:
    seller, token = await workspace.join(Role.REPRESENTATIVE)
    subject_id = new_id()
    async with write(workspace.database, workspace.owner) as (session, at):
        told = fact(subject_id=subject_id, member_id=seller.member, title="Pars")
        emit(session, workspace.owner, told, at=at)
    await work_off(workspace.database, workspace.id)
    await work_off(workspace.database, workspace.id)
    (notification,) = (await workspace.ask(NOTIFICATIONS, token=token))["notifications"]["nodes"]
    assert notification == {
        "kind": kind,
        "title": "Pars",
        "message": message,
        "subjectKind": subject,
        "subjectId": str(subject_id),
    }
    assert (await workspace.ask(NOTIFICATIONS))["notifications"]["nodes"] == []


async def test_who_takes_a_record_is_not_told(workspace: Workspace) -> None:
    async with write(workspace.database, workspace.owner) as (session, at):
        for member_id in (workspace.owner.member, None):
            emit(session, workspace.owner, LeadAssigned(subject_id=new_id(), member_id=member_id, title="Pars"), at=at)
    assert await work_off(workspace.database, workspace.id) == 2
    assert (await workspace.ask(NOTIFICATIONS))["notifications"]["nodes"] == []


async def test_who_the_system_gives_a_record_to_is_told(workspace: Workspace) -> None:
    system = Caller(tenant_id=workspace.id)
    async with write(workspace.database, system) as (session, at):
        told = LeadAssigned(subject_id=new_id(), member_id=workspace.owner.member, title="Pars")
        emit(session, system, told, at=at)
    await work_off(workspace.database, workspace.id)
    assert len((await workspace.ask(NOTIFICATIONS))["notifications"]["nodes"]) == 1
