"""The decisions about leads, alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.errors import Blocked, Invalid
from services.pipeline.leads import rules
from services.pipeline.leads.models import LeadOutcome
from services.pipeline.leads.rules import Touches

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TOLD = st.lists(st.tuples(st.sampled_from(["web", "fair", "friend"]), st.integers(0, 5)), max_size=8)


@given(TOLD)
def test_first_and_last_are_those_of_the_touches_in_order_of_time(told: list[tuple[str, int]]) -> None:
    touches = Touches()
    for source, days_ago in told:
        touches = rules.touched(touches, source, NOW - timedelta(days=days_ago), at=NOW)
    if not told:
        assert touches == Touches()
        return
    in_time = sorted(told, key=lambda touch: -touch[1])  # stable: of two at one moment, the one told first
    first, last = in_time[0], in_time[-1]
    assert (touches.first_source, touches.first_at) == (first[0], NOW - timedelta(days=first[1]))
    assert (touches.last_source, touches.last_at) == (last[0], NOW - timedelta(days=last[1]))


def test_a_touch_has_happened() -> None:
    with pytest.raises(Invalid):
        rules.touched(Touches(), "web", NOW + timedelta(seconds=1), at=NOW)


def test_only_an_open_lead_goes_on() -> None:
    rules.refuse_closed(LeadOutcome.OPEN)
    for outcome, reason in (
        (LeadOutcome.CONVERTED, "lead_converted"),
        (LeadOutcome.DISQUALIFIED, "lead_disqualified"),
    ):
        with pytest.raises(Blocked) as refusal:
            rules.refuse_closed(outcome)
        assert refusal.value.message.key == reason


@pytest.mark.parametrize(("works_here", "may_write"), [(False, True), (True, False), (False, False)])
def test_a_lead_is_given_to_somebody_who_can_work_on_it(works_here: bool, may_write: bool) -> None:
    rules.refuse_owner(works_here=True, may_write=True)
    with pytest.raises(Invalid):
        rules.refuse_owner(works_here=works_here, may_write=may_write)
