"""Writes of reminders."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.kit import due
from services.kit.errors import NOT_FOUND, Invalid, NotFound, expect_version, required_text
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, WriteSession
from services.reminders import rules
from services.reminders.models import Notification, NotificationKind, Reminder, ReminderState, SubjectKind
from services.reminders.queries import locked
from services.reminders.subjects import insist
from services.tenants.members import queries as members
from services.tenants.members.models import Member, MemberState
from services.tenants.workspaces import queries as workspaces
from services.tenants.workspaces.models import WorkspaceState

DELIVER = "reminder.deliver"
MAIL = "reminder.mail"


async def set_reminder(
    session: WriteSession,
    caller: Caller,
    *,
    text: str,
    remind_at: datetime,
    subject_kind: SubjectKind | None = None,
    subject_id: UUID | None = None,
    member_id: UUID | None = None,
    at: datetime,
) -> Reminder:
    """This will remind a member, the caller unless another is named, at a moment; one without an offset is local."""
    caller.require(Permission.REMINDER_USE)
    if member_id is not None and member_id != caller.member_id:
        caller.require(Permission.REMINDER_ASSIGN)
    text = required_text(text, path=("input", "text"), limit=rules.TEXT_LIMIT)
    rules.refuse_half_a_subject(subject_kind, subject_id)
    if subject_kind is not None and subject_id is not None:
        await insist(session, subject_kind, subject_id, path=("input", "subjectId"))
    member = await members.get(session, member_id or caller.member, path=("input", "memberId"))
    if member.state != MemberState.ACTIVE:
        raise Invalid(rules.NOBODY_THERE, path=("input", "memberId"))
    instant, local = rules.promise(remind_at, caller.zone)
    rules.refuse_moment(instant, at, path=("input", "remindAt"))
    reminder = Reminder(
        member_id=member.id,
        created_by=caller.member_id,
        text=text,
        remind_at=instant,
        local_time=local,
        zone=caller.zone,
        subject_kind=subject_kind,
        subject_id=subject_id,
        state=ReminderState.SCHEDULED,
        generation=1,
    )
    session.add(reminder)
    await session.flush()
    _schedule(session, reminder)
    return reminder


async def snooze_reminder(
    session: WriteSession,
    caller: Caller,
    *,
    reminder_id: UUID,
    remind_at: datetime,
    expected_version: int,
    at: datetime,
) -> Reminder:
    """This will move a reminder to a later moment, also one that was delivered already."""
    caller.require(Permission.REMINDER_USE)
    instant, local = rules.promise(remind_at, caller.zone)
    rules.refuse_moment(instant, at, path=("input", "remindAt"))
    reminder = await _called_off(session, caller, reminder_id, at)
    rules.refuse_cancelled(reminder.state)
    expect_version(reminder.version, expected_version)
    reminder.remind_at, reminder.local_time, reminder.zone = instant, local, caller.zone
    reminder.state, reminder.delivered_at = ReminderState.SCHEDULED, None
    reminder.generation += 1
    await session.flush()
    _schedule(session, reminder)
    return reminder


async def cancel_reminder(
    session: WriteSession, caller: Caller, *, reminder_id: UUID, expected_version: int, at: datetime
) -> Reminder:
    """This will call a reminder off that has not been delivered yet."""
    caller.require(Permission.REMINDER_USE)
    reminder = await _called_off(session, caller, reminder_id, at)
    rules.refuse_cancelled(reminder.state)
    rules.refuse_delivered(reminder.state)
    expect_version(reminder.version, expected_version)
    reminder.state = ReminderState.CANCELLED
    await session.flush()
    return reminder


async def _called_off(session: WriteSession, caller: Caller, reminder_id: UUID, at: datetime) -> Reminder:
    """This will lock a reminder and what is scheduled for it, in the order in which a delivery locks them."""
    await due.cancel(session, kind=DELIVER, subject_id=reminder_id, at=at)
    return await locked(session, caller, reminder_id, path=("input", "id"))


def _schedule(session: WriteSession, reminder: Reminder) -> None:
    due.schedule(
        session,
        kind=DELIVER,
        subject_id=reminder.id,
        due_at=reminder.remind_at,
        payload={"generation": reminder.generation},
        key=str(reminder.generation),
    )


async def deliver(
    session: WriteSession, caller: Caller, *, reminder_id: UUID, generation: int, cause_id: UUID, at: datetime
) -> None:
    """This will notify the member and have the mail sent, unless the world has changed since it was scheduled."""
    caller.require(Permission.REMINDER_USE)
    reminder = await session.scalar(select(Reminder).where(Reminder.id == reminder_id).with_for_update())
    if reminder is None or reminder.state != ReminderState.SCHEDULED or reminder.generation != generation:
        return
    told = await notify(
        session,
        caller,
        member_id=reminder.member_id,
        kind=NotificationKind.REMINDER,
        title=reminder.text,
        subject_kind=reminder.subject_kind,
        subject_id=reminder.subject_id,
        cause_id=cause_id,
        at=at,
    )
    if told is None:
        reminder.state = ReminderState.CANCELLED
        return
    reminder.state, reminder.delivered_at = ReminderState.DELIVERED, at
    # A mail cannot be taken back, so it is work of its own: it may go out twice, what was told in the product may not.
    due.schedule(
        session,
        kind=MAIL,
        subject_id=reminder.id,
        due_at=at,
        payload={"generation": generation},
        key=str(generation),
    )


async def notify(
    session: WriteSession,
    caller: Caller,
    *,
    member_id: UUID,
    kind: NotificationKind,
    title: str,
    subject_kind: str | None,
    subject_id: UUID | None,
    cause_id: UUID,
    at: datetime,
) -> Notification | None:
    """This will tell a member something in the product; None when they do not work here any more.

    The same cause cannot be told to a member twice: the database refuses it.
    """
    caller.require(Permission.REMINDER_USE)
    member = await session.scalar(select(Member).where(Member.id == member_id))
    if member is None or member.state != MemberState.ACTIVE:
        return None
    if (await workspaces.current(session)).state == WorkspaceState.CLOSED:
        return None
    notification = Notification(
        member_id=member_id,
        kind=kind,
        title=title,
        subject_kind=subject_kind,
        subject_id=subject_id,
        cause_id=cause_id,
        created_at=at,
    )
    session.add(notification)
    await session.flush()
    return notification


async def mark_read(session: WriteSession, caller: Caller, *, notification_id: UUID, at: datetime) -> Notification:
    """This will note that the caller has seen a notification of theirs; the first time counts."""
    caller.require(Permission.REMINDER_USE)
    asked = select(Notification).where(Notification.id == notification_id, Notification.member_id == caller.member)
    found = await session.scalar(asked)
    if found is None:
        raise NotFound(NOT_FOUND, path=("input", "id"))
    found.read_at = found.read_at or at
    await session.flush()
    return found
