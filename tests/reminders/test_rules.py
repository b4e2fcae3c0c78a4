"""What a moment means, and how a reminder is worded."""

from datetime import UTC, datetime, timedelta

import pytest

from services.kit.errors import Invalid, Locale
from services.reminders.models import NotificationKind
from services.reminders.rules import FURTHEST, LENIENCE, NOTICES, letter, promise, refuse_moment, worded

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_moment_without_an_offset_is_wall_time_in_the_zone() -> None:
    nine = datetime(2026, 11, 24, 9, 0)  # noqa: DTZ001 -- a wall time
    assert promise(nine, "Asia/Tehran") == (datetime(2026, 11, 24, 5, 30, tzinfo=UTC), "2026-11-24T09:00")


def test_a_moment_with_an_offset_is_told_in_the_zone() -> None:
    assert promise(AT, "Asia/Tehran") == (AT, "2026-11-23T15:30")


def test_the_wall_time_survives_a_change_of_the_clocks() -> None:
    before, after = datetime(2026, 3, 28, 9, 0), datetime(2026, 3, 29, 9, 0)  # noqa: DTZ001 -- wall times
    instants = [promise(moment, "Europe/Berlin")[0].hour for moment in (before, after)]
    assert instants == [8, 7]


@pytest.mark.parametrize("moment", [AT - LENIENCE, AT, AT + FURTHEST])
def test_a_moment_just_passed_is_due_now(moment: datetime) -> None:
    refuse_moment(moment, AT, path=("input", "remindAt"))


@pytest.mark.parametrize("moment", [AT - LENIENCE - timedelta(seconds=1), AT + FURTHEST + timedelta(seconds=1)])
def test_a_moment_that_passed_or_is_too_far_ahead_is_refused(moment: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        refuse_moment(moment, AT, path=("input", "remindAt"))
    assert refusal.value.path == ("input", "remindAt")


@pytest.mark.parametrize(
    ("locale", "subject", "moment"),
    [("en", "Reminder: Call Mina", "24 November 2026 at 09:05"), ("fa", "یادآوری: Call Mina", "۳ آذر ۱۴۰۵ ساعت ۰۹:۰۵")],
)
def test_a_letter_tells_the_promised_wall_time_in_the_readers_calendar(
    locale: Locale, subject: str, moment: str
) -> None:
    written = letter(locale, name="Ali", text="Call Mina", local_time="2026-11-24T09:05", zone="Asia/Tehran")
    assert written[0] == subject
    assert moment in written[1]
    assert "Call Mina" in written[1]


def test_a_text_of_many_lines_is_one_line_in_the_subject() -> None:
    subject, text = letter("en", name="Ali", text="one\ntwo {x}", local_time="2026-11-24T09:05", zone="UTC")
    assert subject == "Reminder: one two {x}"
    assert "one\ntwo {x}" in text


def test_every_notification_has_words_in_both_languages() -> None:
    assert set(NOTICES) == set(NotificationKind)
    assert worded("fa", "LEAD_ASSIGNED", "پارس") == "سرنخ «پارس» به شما سپرده شد."
