"""Decisions about leads: what may still be done with one, who may be given one, which touch was first and last."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.kit.errors import Blocked, Invalid, Message
from services.pipeline.leads.models import LeadOutcome

CONVERTED = Message("lead_converted", "This lead has been converted already.", "این سرنخ پیش‌تر به مشتری تبدیل شده است.")
DISQUALIFIED = Message("lead_disqualified", "This lead has been disqualified.", "این سرنخ رد صلاحیت شده است.")
TAKES_NO_LEADS = Message("takes_no_leads", "This person does not work on leads.", "این شخص روی سرنخ‌ها کار نمی‌کند.")
IN_THE_FUTURE = Message("touch_in_the_future", "This moment has not come yet.", "این زمان هنوز نرسیده است.")


@dataclass(frozen=True, slots=True)
class Touches:
    """This will be what is kept of a lead's touches: where and when the first and the last came from."""

    first_source: str | None = None
    first_at: datetime | None = None
    last_source: str | None = None
    last_at: datetime | None = None


def touched(touches: Touches, source: str, occurred_at: datetime, *, at: datetime) -> Touches:
    """This will reckon in one more touch, whenever it is told; of two at one moment the one told first is the first."""
    if occurred_at > at:
        raise Invalid(IN_THE_FUTURE, path=("input", "occurredAt"))
    if touches.first_at is None or occurred_at < touches.first_at:
        touches = replace(touches, first_source=source, first_at=occurred_at)
    if touches.last_at is None or occurred_at >= touches.last_at:
        touches = replace(touches, last_source=source, last_at=occurred_at)
    return touches


def refuse_closed(outcome: LeadOutcome) -> None:
    """This will refuse to go on with a lead of which it is decided what became."""
    if outcome != LeadOutcome.OPEN:
        reason = CONVERTED if outcome == LeadOutcome.CONVERTED else DISQUALIFIED
        raise Blocked(reason, path=("input", "id"))


def refuse_owner(*, works_here: bool, may_write: bool) -> None:
    """This will refuse to give a lead to somebody who could not work on it."""
    if not (works_here and may_write):
        raise Invalid(TAKES_NO_LEADS, path=("input", "ownerId"))
