"""Reads of reminders."""

from typing import cast
from uuid import UUID

from sqlalchemy import func, select

from services.kit.errors import NOT_FOUND, Locale, NotFound, Path
from services.kit.mail import Mail
from services.kit.paging import Key
from services.kit.permissions import Permission
from services.kit.reads import Made, One, ReadModel, names, read_model
from services.kit.tenancy import Caller, ReadSession, WriteSession
from services.reminders.models import Notification, Reminder, ReminderState
from services.reminders.rules import letter, worded
from services.tenants.members.models import Member, MemberState
from services.tenants.workspaces.models import Workspace, WorkspaceState

reminder = read_model(
    ReadModel(
        name="reminder",
        table=Reminder,
        permission=Permission.REMINDER_USE,
        own=(Reminder.member_id, Reminder.created_by),
        links={"member": One("member", Reminder.member_id), "creator": One("member", Reminder.created_by)},
        filters={
            "state": lambda states: Reminder.state.in_(states),
            "member_id": names(Reminder.member_id),
            "subject_id": names(Reminder.subject_id),
        },
        orders={"REMIND_AT": (Key(Reminder.remind_at),)},
        default_order="REMIND_AT",
    )
)

notification = read_model(
    ReadModel(
        name="notification",
        table=Notification,
        permission=Permission.REMINDER_USE,
        own=(Notification.member_id,),
        fields={"message": Made(worded, of=(Notification.kind, Notification.title))},
        filters={"unread": lambda unread: Notification.read_at.is_(None) == unread},
    )
)


async def mail_of(session: ReadSession, reminder_id: UUID, *, generation: int, message_id: str) -> Mail | None:
    """This will write the mail of a delivered reminder; None when it was snoozed since, or nobody can get it."""
    asked = (
        select(Reminder, Member.name, Member.email, func.coalesce(Member.locale, Workspace.locale))
        .join(Member, Member.id == Reminder.member_id)
        .join(Workspace, Workspace.id == Reminder.tenant_id)
        .where(Reminder.id == reminder_id, Reminder.generation == generation)
        .where(Reminder.state == ReminderState.DELIVERED, Member.state == MemberState.ACTIVE)
        .where(Member.email.is_not(None), Workspace.state != WorkspaceState.CLOSED)
    )
    found = (await session.execute(asked)).first()
    if found is None:
        return None
    reminder, name, email, locale = cast(tuple[Reminder, str, str, Locale], found)
    subject, text = letter(locale, name=name, text=reminder.text, local_time=reminder.local_time, zone=reminder.zone)
    return Mail(to=email, subject=subject, text=text, message_id=message_id, locale=locale)


async def locked(session: WriteSession, caller: Caller, reminder_id: UUID, *, path: Path) -> Reminder:
    """This will give a reminder of the caller's, locked against a delivery; someone else's is not found."""
    asked = select(Reminder).where(Reminder.id == reminder_id).with_for_update()
    found = await session.scalar(asked)
    if found is None or caller.member not in (found.member_id, found.created_by):
        raise NotFound(NOT_FOUND, path=path)
    return found
