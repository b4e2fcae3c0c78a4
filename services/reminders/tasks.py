"""What a worker does for reminders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.kit.due import PATIENTLY, Work, handles
from services.kit.mail import send
from services.kit.outbox import Listener, listens
from services.kit.settings import settings
from services.kit.tenancy import Caller, WriteSession, read
from services.reminders import queries, service
from services.reminders.models import NotificationKind, SubjectKind


@handles(service.DELIVER)
async def deliver(work: Work) -> None:
    """This will notify the member, once."""
    async with work.done() as (session, at):
        await service.deliver(
            session,
            work.caller,
            reminder_id=work.subject_id,
            generation=work.payload["generation"],
            cause_id=work.id,
            at=at,
        )


@handles(service.MAIL, pauses=PATIENTLY)
async def mail(work: Work) -> None:
    """This will send the mail of a delivered reminder, at least once, and always as the same mail."""
    async with read(work.database, work.caller) as session:
        letter = await queries.mail_of(
            session, work.subject_id, generation=work.payload["generation"], message_id=f"reminder.{work.id}"
        )
    if letter is not None:
        await send(settings(), letter)
    async with work.done():
        pass


def _announce(kind: NotificationKind, subject_kind: SubjectKind) -> Listener:
    async def tell(session: WriteSession, caller: Caller, fact: dict[str, Any], at: datetime) -> None:
        if fact["member_id"] is None or fact["member_id"] == fact["actor_id"]:
            return
        await service.notify(
            session,
            caller,
            member_id=UUID(fact["member_id"]),
            kind=kind,
            title=fact["title"],
            subject_kind=subject_kind,
            subject_id=UUID(fact["subject_id"]),
            cause_id=UUID(fact["fact_id"]),
            at=at,
        )

    return tell


# The rooms of these facts are built on this one, so it knows their topics and not their classes.
for topic, kind, subject_kind in (
    ("lead.assigned", NotificationKind.LEAD_ASSIGNED, SubjectKind.LEAD),
    ("opportunity.assigned", NotificationKind.OPPORTUNITY_ASSIGNED, SubjectKind.OPPORTUNITY),
    ("ticket.assigned", NotificationKind.TICKET_ASSIGNED, SubjectKind.TICKET),
):
    listens(topic)(_announce(kind, subject_kind))
