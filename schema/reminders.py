"""Reminders and notifications, as GraphQL."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.errors import Problems, mutation
from schema.inputs import fields_of
from schema.paging import Connection, listing, one, record, single
from schema.scalars import Node, as_id
from schema.tenants import Member
from services.reminders import queries, service
from services.reminders.models import NotificationKind, ReminderState, SubjectKind

strawberry.enum(SubjectKind, description="What a reminder or a notification can be about.")
strawberry.enum(ReminderState, description="Whether a reminder is still to come.")
strawberry.enum(NotificationKind, description="Why a member is told something.")

ABOUT = "The kind of record it is about."
ABOUT_WHICH = "The record it is about."
MOMENT = "When; a moment without an offset is wall time in the workspace's zone."
EXPECTED_VERSION = "The version of the reminder that this change was decided on."


@strawberry.enum(description="The orders of reminders.")
class ReminderOrder(Enum):
    """This will name the orders of reminders."""

    REMIND_AT = strawberry.enum_value("REMIND_AT", description="By their moment, the earliest first.")
    NEWEST = strawberry.enum_value("NEWEST", description="The last one set first.")


@strawberry.input(description="Which reminders.")
class ReminderFilter:
    """This will say which reminders."""

    state: list[ReminderState] | None = strawberry.field(default=UNSET, description="In one of these states.")
    member_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Whom they are for.")
    subject_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The record they are about.")


@strawberry.input(description="Which notifications.")
class NotificationFilter:
    """This will say which notifications."""

    unread: bool | None = strawberry.field(default=UNSET, description="Unread ones, or with false those read already.")


@record(queries.reminder, "Something a member wants to hear of at a moment.")
class Reminder(Node):
    """This will be a reminder."""

    text: str = strawberry.field(description="What to remember.")
    remind_at: datetime = strawberry.field(description="The instant.")
    local_time: str = strawberry.field(description="The wall time that was promised (ISO 8601, no offset).")
    zone: str = strawberry.field(description="The IANA time zone of that wall time.")
    subject_kind: SubjectKind | None = strawberry.field(description=ABOUT)
    subject_id: strawberry.ID | None = strawberry.field(description=ABOUT_WHICH)
    state: ReminderState = strawberry.field(description="Whether it is still to come.")
    delivered_at: datetime | None = strawberry.field(description="When it was delivered.")
    member: Member | None = one("Whom it is for.")
    creator: Member | None = one("Who set it.")
    version: int = strawberry.field(description="Pass this back as `expectedVersion` when changing the record.")
    created_at: datetime = strawberry.field(description="When it was set.")


@record(queries.notification, "Something the member was told in the product.")
class Notification(Node):
    """This will be a notification."""

    kind: NotificationKind = strawberry.field(description="Why the member is told.")
    title: str = strawberry.field(description="The reminder's text, or the name of the record it is about.")
    message: str = strawberry.field(description="The whole sentence, in the reader's language.")
    subject_kind: SubjectKind | None = strawberry.field(description=ABOUT)
    subject_id: strawberry.ID | None = strawberry.field(description=ABOUT_WHICH)
    created_at: datetime = strawberry.field(description="When the member was told.")
    read_at: datetime | None = strawberry.field(description="When the member saw it; null while unread.")


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    reminder: Reminder | None = single(queries.reminder, "A reminder for the caller, or one the caller set.")
    reminders: Connection[Reminder] = listing(
        queries.reminder,
        "The reminders for the caller and those the caller set, by their moment.",
        filter=ReminderFilter,
        order=ReminderOrder,
    )
    notifications: Connection[Notification] = listing(
        queries.notification, "What the caller was told, the newest first.", filter=NotificationFilter
    )


@strawberry.input(description="A new reminder.")
class SetReminderInput:
    """This will be a new reminder."""

    text: str = strawberry.field(description="What to remember.")
    remind_at: datetime = strawberry.field(description=MOMENT)
    subject_kind: SubjectKind | None = strawberry.field(default=UNSET, description=ABOUT)
    subject_id: strawberry.ID | None = strawberry.field(default=UNSET, description=ABOUT_WHICH)
    member_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Whom it is for; else the caller.")


@strawberry.input(description="A later moment for a reminder.")
class SnoozeReminderInput:
    """This will be a later moment for a reminder."""

    id: strawberry.ID = strawberry.field(description="The reminder.")
    remind_at: datetime = strawberry.field(description=MOMENT)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)


@strawberry.input(description="Which reminder to call off.")
class CancelReminderInput:
    """This will say which reminder to call off."""

    id: strawberry.ID = strawberry.field(description="The reminder.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)


@strawberry.input(description="Which notification was seen.")
class MarkNotificationReadInput:
    """This will say which notification was seen."""

    id: strawberry.ID = strawberry.field(description="The notification.")


@strawberry.type(description="The reminder as it is now.")
class ReminderPayload:
    """This will hold the reminder as it is now."""

    reminder: Reminder = strawberry.field(description="The reminder.")


@strawberry.type(description="The notification as it is now.")
class NotificationPayload:
    """This will hold the notification as it is now."""

    notification: Notification = strawberry.field(description="The notification.")


SetReminderResult = Annotated[
    ReminderPayload | Problems, strawberry.union("SetReminderResult", description="The new reminder, or a problem.")
]
SnoozeReminderResult = Annotated[
    ReminderPayload | Problems, strawberry.union("SnoozeReminderResult", description="The reminder, or a problem.")
]
CancelReminderResult = Annotated[
    ReminderPayload | Problems, strawberry.union("CancelReminderResult", description="The reminder, or a problem.")
]
MarkNotificationReadResult = Annotated[
    NotificationPayload | Problems,
    strawberry.union("MarkNotificationReadResult", description="The notification, or a problem."),
]


@strawberry.type
class Mutation:
    """This will hold the writes of this module."""

    @mutation("Reminds a member at a moment, in the product and by e-mail.")
    async def set_reminder(self, info: Info, input: SetReminderInput) -> SetReminderResult:
        """This will set a reminder."""
        async with info.context.write() as (session, caller, at):
            made = await service.set_reminder(session, caller, at=at, **fields_of(input, caller))
        return ReminderPayload(reminder=await info.context.fetch(queries.reminder, made.id))

    @mutation("Moves a reminder to a later moment, also one that was delivered already.")
    async def snooze_reminder(self, info: Info, input: SnoozeReminderInput) -> SnoozeReminderResult:
        """This will move a reminder to a later moment."""
        async with info.context.write() as (session, caller, at):
            moved = await service.snooze_reminder(
                session,
                caller,
                reminder_id=as_id(input.id, "id"),
                remind_at=input.remind_at,
                expected_version=input.expected_version,
                at=at,
            )
        return ReminderPayload(reminder=await info.context.fetch(queries.reminder, moved.id))

    @mutation("Calls a reminder off that has not been delivered yet.")
    async def cancel_reminder(self, info: Info, input: CancelReminderInput) -> CancelReminderResult:
        """This will call a reminder off."""
        async with info.context.write() as (session, caller, at):
            ended = await service.cancel_reminder(
                session,
                caller,
                reminder_id=as_id(input.id, "id"),
                expected_version=input.expected_version,
                at=at,
            )
        return ReminderPayload(reminder=await info.context.fetch(queries.reminder, ended.id))

    @mutation("Notes that the caller has seen a notification.")
    async def mark_notification_read(self, info: Info, input: MarkNotificationReadInput) -> MarkNotificationReadResult:
        """This will note that a notification was seen."""
        async with info.context.write() as (session, caller, at):
            seen = await service.mark_read(session, caller, notification_id=as_id(input.id, "id"), at=at)
        return NotificationPayload(notification=await info.context.fetch(queries.notification, seen.id))


TYPES = (Reminder, Notification)
