"""Decisions about reminders, and their words."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.kit.calendar import Calendar, format_date
from services.kit.errors import Blocked, Invalid, Locale, Message, Path
from services.kit.text import persian_digits

# A moment that has just passed, because the form was open that long, is due now.
LENIENCE: Final = timedelta(minutes=1)
FURTHEST: Final = timedelta(days=3660)
TEXT_LIMIT: Final = 500
SUBJECT_LIMIT: Final = 80

IN_THE_PAST = Message(
    "reminder_in_the_past", "This moment has passed already.", "این زمان گذشته است؛ زمانی در آینده انتخاب کنید."
)
TOO_FAR = Message(
    "reminder_too_far", "A reminder can be at most ten years ahead.", "یادآوری حداکثر برای ده سال آینده ممکن است."
)
HALF_A_SUBJECT = Message(
    "half_a_subject",
    "Give both the kind and the id of what the reminder is about, or neither.",
    "نوع و شناسهٔ موضوع یادآوری را با هم بدهید یا هیچ‌کدام را ندهید.",
)
NOBODY_THERE = Message(
    "member_cannot_be_reminded",
    "This person does not work here any more or cannot log in, so nobody would see the reminder.",
    "این شخص دیگر عضو فعال نیست یا امکان ورود ندارد، پس یادآوری را نمی‌بیند.",
)
ALREADY_CANCELLED = Message(
    "reminder_cancelled",
    "This reminder was cancelled; set a new one.",
    "این یادآوری لغو شده است؛ یادآوری تازه بگذارید.",
)
ALREADY_DELIVERED = Message(
    "reminder_delivered",
    "This reminder was delivered already; it can only be snoozed.",
    "این یادآوری ارسال شده است و فقط می‌توان آن را به تعویق انداخت.",
)

NOTICES: Final = {
    "REMINDER": Message("notice_reminder", "Reminder: {title}", "یادآوری: {title}"),
    "LEAD_ASSIGNED": Message("notice_lead", "The lead {title} was assigned to you.", "سرنخ «{title}» به شما سپرده شد."),
    "OPPORTUNITY_ASSIGNED": Message(
        "notice_opportunity", "The opportunity {title} was assigned to you.", "فرصت «{title}» به شما سپرده شد."
    ),
    "TICKET_ASSIGNED": Message(
        "notice_ticket", "The ticket {title} was assigned to you.", "تیکت «{title}» به شما سپرده شد."
    ),
}

MAIL_SUBJECT = Message("reminder_mail_subject", "Reminder: {text}", "یادآوری: {text}")
MAIL_BODY = Message(
    "reminder_mail_body",
    "Hello {name},\n\nyou asked to be reminded on {day} at {time} ({zone}):\n\n{text}\n",
    "سلام {name}،\n\nخواسته بودید {day} ساعت {time} ({zone}) به شما یادآوری شود:\n\n{text}\n",
)


def promise(moment: datetime, zone: str) -> tuple[datetime, str]:
    """This will give the instant, in UTC, and the wall time in ``zone`` that a moment means.

    A moment without an offset is wall time in ``zone``. The wall time is ISO 8601 to the minute.
    """
    place = ZoneInfo(zone)
    local = moment.replace(tzinfo=place) if moment.tzinfo is None else moment.astimezone(place)
    return local.astimezone(UTC), local.replace(tzinfo=None).isoformat(timespec="minutes")


def refuse_moment(remind_at: datetime, at: datetime, *, path: Path) -> None:
    """This will refuse a moment that has passed, or one that is more than ten years ahead."""
    if remind_at < at - LENIENCE:
        raise Invalid(IN_THE_PAST, path=path)
    if remind_at > at + FURTHEST:
        raise Invalid(TOO_FAR, path=path)


def refuse_half_a_subject(kind: str | None, subject_id: object | None) -> None:
    """This will refuse a subject of which only the kind or only the id is given."""
    if (kind is None) != (subject_id is None):
        raise Invalid(HALF_A_SUBJECT, path=("input", "subjectKind" if kind is None else "subjectId"))


def refuse_cancelled(state: str) -> None:
    """This will refuse to do anything more with a reminder that was cancelled."""
    if state == "CANCELLED":
        raise Blocked(ALREADY_CANCELLED)


def refuse_delivered(state: str) -> None:
    """This will refuse to call off what has happened already."""
    if state == "DELIVERED":
        raise Blocked(ALREADY_DELIVERED)


def worded(locale: Locale, kind: str, title: str) -> str:
    """This will word a notification in the reader's language."""
    return NOTICES[kind].text(locale, title=title)


def letter(locale: Locale, *, name: str, text: str, local_time: str, zone: str) -> tuple[str, str]:
    """This will write the subject and the words of a reminder's mail, its wall time in the reader's own calendar."""
    moment = datetime.fromisoformat(local_time)  # a wall time: it has no offset, its zone stands beside it
    day = format_date(moment.date(), locale, Calendar.JALALI if locale == "fa" else Calendar.GREGORIAN)
    time = persian_digits(f"{moment:%H:%M}") if locale == "fa" else f"{moment:%H:%M}"
    subject = MAIL_SUBJECT.text(locale, text=" ".join(text.split())[:SUBJECT_LIMIT])
    return subject, MAIL_BODY.text(locale, name=name, day=day, time=time, zone=zone, text=text)
