"""Which state of a ticket follows what, whatever happens in whatever order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.kit.errors import Blocked, Invalid
from services.support.tickets import rules
from services.support.tickets.models import TicketState
from services.support.tickets.rules import Standing

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


class TicketLife(RuleBasedStateMachine):
    """Everything that can happen to a ticket, beside the plain facts that must come out."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.standing = Standing()
        self.first_reply: datetime | None = None
        self.resolved_at: datetime | None = None
        self.openings = 0

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    @rule()
    def reply(self) -> None:
        at = self.tick()
        self.first_reply = self.first_reply or at
        before = self.standing.state
        self.standing = rules.answered(self.standing, at)
        assert self.standing.state == (TicketState.RESOLVED if self.resolved_at else TicketState.WAITING), before

    @rule()
    def customer_writes(self) -> None:
        before = self.standing.state
        self.standing = rules.customer_wrote(self.standing)
        self.openings += self.resolved_at is not None
        self.resolved_at = None
        assert self.standing.state == (TicketState.NEW if before == TicketState.NEW else TicketState.OPEN)

    @rule()
    def assign(self) -> None:
        if self.resolved_at is not None:
            with pytest.raises(Blocked):
                rules.assigned(self.standing, to_somebody=True)
            return
        before = self.standing.state
        self.standing = rules.assigned(self.standing, to_somebody=True)
        assert self.standing.state == (TicketState.OPEN if before == TicketState.NEW else before)

    @rule()
    def take_away(self) -> None:
        if self.resolved_at is None:
            assert rules.assigned(self.standing, to_somebody=False) == self.standing

    @rule()
    def resolve(self) -> None:
        if self.resolved_at is not None:
            with pytest.raises(Blocked):
                rules.resolved(self.standing, self.now)
            return
        self.resolved_at = self.tick()
        self.standing = rules.resolved(self.standing, self.now)

    @rule()
    def reopen(self) -> None:
        if self.resolved_at is None:
            with pytest.raises(Blocked):
                rules.reopened(self.standing)
            return
        self.standing = rules.reopened(self.standing)
        self.resolved_at = None
        self.openings += 1
        assert self.standing.state == TicketState.OPEN

    @invariant()
    def the_facts_are_kept(self) -> None:
        assert self.standing.first_response_at == self.first_reply
        assert self.standing.resolved_at == self.resolved_at
        assert (self.standing.state == TicketState.RESOLVED) == (self.resolved_at is not None)
        assert self.standing.reopened == self.openings


TestTicketLife = TicketLife.TestCase


def test_a_ticket_is_from_somebody() -> None:
    rules.refuse_without_customer(has_contact=True, has_account=False)
    rules.refuse_without_customer(has_contact=False, has_account=True)
    with pytest.raises(Invalid):
        rules.refuse_without_customer(has_contact=False, has_account=False)


@pytest.mark.parametrize(("works_here", "may_write"), [(False, True), (True, False), (False, False)])
def test_a_ticket_is_given_to_somebody_who_can_work_on_it(works_here: bool, may_write: bool) -> None:
    rules.refuse_assignee(works_here=True, may_write=True)
    with pytest.raises(Invalid):
        rules.refuse_assignee(works_here=works_here, may_write=may_write)
