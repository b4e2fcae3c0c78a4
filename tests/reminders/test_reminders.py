"""Reminders as members set, move and call them off, and as a worker delivers them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.kit.due import Due, State
from services.kit.ids import new_id
from services.kit.permissions import Role
from services.kit.settings import Settings
from services.kit.tenancy import Caller, read, write
from services.reminders import tasks
from services.reminders.models import Reminder, SubjectKind
from services.tenants.members.models import Member, MemberState
from tests.mailbox import letters
from tests.support import Clock, Workspace
from tests.working import work_off

REMINDER = """ReminderPayload { reminder {
    id text remindAt localTime zone subjectKind subjectId state deliveredAt version member { name } creator { name }
} }"""
NOTIFICATIONS = "{ notifications { totalCount nodes { id kind title message subjectKind subjectId readAt } } }"


@pytest.fixture(autouse=True)
def mail_folder(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails land in the home of the test run; a worker reads its settings from the environment."""
    monkeypatch.setattr(tasks, "settings", lambda: settings)


def ahead(clock: Clock, **by: float) -> str:
    """Gives a moment; those of these tests lie close, because access tokens live for ten minutes."""
    return (clock() + timedelta(**by)).isoformat()


async def set_one(workspace: Workspace, clock: Clock, **more: Any) -> dict[str, Any]:
    wanted = {"text": "Call Mina", "remindAt": ahead(clock, minutes=1), **more}
    made: dict[str, Any] = (await workspace.must("setReminder", wanted, REMINDER))["reminder"]
    return made


async def with_address(workspace: Workspace) -> str:
    """Gives the owner an e-mail address."""
    address = f"{workspace.id.hex}@example.com"
    async with write(workspace.database, workspace.owner) as (session, _at):
        (await session.scalars(select(Member).where(Member.id == workspace.owner.member))).one().email = address
    return address


async def test_a_reminder_is_set_for_the_caller(workspace: Workspace, clock: Clock) -> None:
    made = await set_one(workspace, clock)
    assert made["text"] == "Call Mina"
    assert made["state"] == "SCHEDULED"
    assert made["member"] == made["creator"] == {"name": "Olivia Owner"}
    assert (made["subjectKind"], made["subjectId"], made["deliveredAt"]) == (None, None, None)


async def test_a_wall_time_is_kept_as_it_was_given(persian_workspace: Workspace) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT09:00:00")
    wanted = {"text": "تماس", "remindAt": tomorrow}
    made = (await persian_workspace.must("setReminder", wanted, REMINDER))["reminder"]
    assert (made["localTime"], made["zone"]) == (tomorrow[:16], "Asia/Tehran")
    assert datetime.fromisoformat(made["remindAt"]).astimezone(UTC).strftime("%H:%M") == "05:30"


SUBJECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "account": ("createAccount", {"name": "Aria Trading"}),
    "contact": ("createContact", {"name": "Mina Aria"}),
    "lead": ("createLead", {"name": "Mina Aria", "source": "Fair"}),
    "opportunity": ("createOpportunity", {"name": "Twenty servers"}),
    "ticket": ("openTicket", {"subject": "It stays dark", "type": "INCIDENT"}),
}


@pytest.mark.parametrize("kind", SubjectKind)
async def test_a_reminder_can_be_about_a_record(
    workspace: Workspace, stranger: Workspace, clock: Clock, kind: SubjectKind
) -> None:
    async def make(place: Workspace, kind: str, **more: Any) -> str:
        mutation, given = SUBJECTS[kind]
        answer = await place.must(mutation, given | more, f"{kind.capitalize()}Payload {{ {kind} {{ id }} }}")
        id: str = answer[kind]["id"]
        return id

    mine, foreign = [
        await make(place, kind, **({"accountId": await make(place, "account")} if kind == "ticket" else {}))
        for place in (workspace, stranger)
    ]
    about = {"subjectKind": kind.name, "subjectId": mine}
    made = await set_one(workspace, clock, **about)
    assert (made["subjectKind"], made["subjectId"]) == (kind.name, mine)
    asked = "query($id: ID!) { reminders(filter: {subjectId: $id}) { nodes { id } } }"
    assert (await workspace.ask(asked, {"id": mine}))["reminders"]["nodes"] == [{"id": made["id"]}]
    assert (await workspace.ask(asked, {"id": "nonsense"}))["reminders"]["nodes"] == []
    wanted = {"text": "Call Mina", "remindAt": ahead(clock, hours=1), "subjectKind": kind.name, "subjectId": foreign}
    refused = await workspace.do("setReminder", wanted, REMINDER)
    assert (refused["__typename"], refused["path"]) == ("NotFoundProblem", ["input", "subjectId"])


@pytest.mark.parametrize(
    ("wrong", "kind", "path"),
    [
        ({"text": "  "}, "ValidationProblem", ["input", "text"]),
        ({"text": "x" * 501}, "ValidationProblem", ["input", "text"]),
        ({"remindAt": "2020-01-01T00:00:00Z"}, "ValidationProblem", ["input", "remindAt"]),
        ({"remindAt": "2120-01-01T00:00:00Z"}, "ValidationProblem", ["input", "remindAt"]),
        ({"subjectKind": "ACCOUNT"}, "ValidationProblem", ["input", "subjectId"]),
        ({"subjectId": str(new_id())}, "ValidationProblem", ["input", "subjectKind"]),
        ({"subjectKind": "ACCOUNT", "subjectId": str(new_id())}, "NotFoundProblem", ["input", "subjectId"]),
        ({"subjectKind": "ACCOUNT", "subjectId": "nonsense"}, "NotFoundProblem", ["input", "subjectId"]),
        ({"memberId": str(new_id())}, "NotFoundProblem", ["input", "memberId"]),
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(
    workspace: Workspace, clock: Clock, wrong: dict[str, Any], kind: str, path: list[str]
) -> None:
    wanted = {"text": "Call Mina", "remindAt": ahead(clock, hours=1), **wrong}
    answer = await workspace.do("setReminder", wanted, REMINDER)
    assert (answer["__typename"], answer["path"]) == (kind, path)
    assert await workspace.ask("{ reminders { totalCount } }") == {"reminders": {"totalCount": 0}}


async def test_managers_remind_others_and_representatives_only_themselves(workspace: Workspace, clock: Clock) -> None:
    seller, token = await workspace.join(Role.REPRESENTATIVE, name="Sam Seller")
    made = await set_one(workspace, clock, memberId=str(seller.member))
    assert (made["member"], made["creator"]) == ({"name": "Sam Seller"}, {"name": "Olivia Owner"})
    wanted = {"text": "Call", "remindAt": ahead(clock, hours=1), "memberId": str(workspace.owner.member)}
    assert (await workspace.do("setReminder", wanted, REMINDER, token=token))["__typename"] == "ForbiddenProblem"


async def test_nobody_sees_or_moves_a_reminder_between_others(
    workspace: Workspace, stranger: Workspace, clock: Clock
) -> None:
    _, token = await workspace.join(Role.ADMIN)
    made = await set_one(workspace, clock)
    asked = "query($id: ID!) { reminder(id: $id) { id } reminders { totalCount } }"
    assert (await workspace.ask(asked, {"id": made["id"]}))["reminder"] == {"id": made["id"]}
    for answer in (
        await workspace.ask(asked, {"id": made["id"]}, token=token),
        await stranger.ask(asked, {"id": made["id"]}),
    ):
        assert answer == {"reminder": None, "reminders": {"totalCount": 0}}
    change = {"id": made["id"], "expectedVersion": made["version"]}
    for answer in (
        await workspace.do("cancelReminder", change, REMINDER, token=token),
        await stranger.do("cancelReminder", change, REMINDER),
        await stranger.do("snoozeReminder", {**change, "remindAt": ahead(clock, hours=2)}, REMINDER),
    ):
        assert answer["__typename"] == "NotFoundProblem"
    assert await pending(workspace) == 1


async def pending(workspace: Workspace) -> int:
    async with read(workspace.database, workspace.owner) as session:
        rows = await session.scalars(select(Due).where(Due.kind == "reminder.deliver", Due.state == State.WAITING))
        return len(rows.all())


async def test_a_reminder_is_delivered_in_the_product_and_by_mail(
    workspace: Workspace, clock: Clock, settings: Settings
) -> None:
    address = await with_address(workspace)
    made = await set_one(workspace, clock)
    assert await work_off(workspace.database, workspace.id) == 0
    clock.advance(timedelta(minutes=1))
    assert await work_off(workspace.database, workspace.id) == 2
    told = (await workspace.ask(NOTIFICATIONS))["notifications"]
    assert told["totalCount"] == 1
    assert told["nodes"][0] | {"id": ""} == {
        "id": "",
        "kind": "REMINDER",
        "title": "Call Mina",
        "message": "Reminder: Call Mina",
        "subjectKind": None,
        "subjectId": None,
        "readAt": None,
    }
    (letter,) = letters(settings.mail_folder, address)
    assert letter["subject"] == "Reminder: Call Mina"
    states = await workspace.ask("{ reminders(filter: {state: [DELIVERED]}) { nodes { id deliveredAt } } }")
    assert [node["id"] for node in states["reminders"]["nodes"]] == [made["id"]]


async def test_a_mail_that_goes_out_again_is_the_same_mail(
    workspace: Workspace, clock: Clock, settings: Settings
) -> None:
    address = await with_address(workspace)
    await set_one(workspace, clock, remindAt=ahead(clock, seconds=-1))
    await work_off(workspace.database, workspace.id)
    (first,) = letters(settings.mail_folder, address)
    async with write(workspace.database, Caller(tenant_id=workspace.id)) as (session, _at):
        # As if the worker had died between the mail and the commit.
        row = (await session.scalars(select(Due).where(Due.kind == "reminder.mail"))).one()
        row.state, row.finished_at = State.WAITING, None
    for path in settings.mail_folder.glob("*.eml"):
        path.unlink()
    await work_off(workspace.database, workspace.id)
    (again,) = letters(settings.mail_folder, address)
    assert again["message-id"] == first["message-id"]


async def test_a_snoozed_reminder_comes_at_its_new_moment_only(workspace: Workspace, clock: Clock) -> None:
    made = await set_one(workspace, clock)
    change = {"id": made["id"], "expectedVersion": made["version"], "remindAt": ahead(clock, minutes=3)}
    moved = (await workspace.must("snoozeReminder", change, REMINDER))["reminder"]
    assert moved["version"] == made["version"] + 1
    assert await pending(workspace) == 1
    clock.advance(timedelta(minutes=2))
    assert await work_off(workspace.database, workspace.id) == 0
    clock.advance(timedelta(minutes=1))
    await work_off(workspace.database, workspace.id)
    assert (await workspace.ask(NOTIFICATIONS))["notifications"]["totalCount"] == 1


async def test_a_delivered_reminder_can_be_snoozed_and_comes_again(workspace: Workspace, clock: Clock) -> None:
    made = await set_one(workspace, clock, remindAt=ahead(clock, seconds=-1))
    await work_off(workspace.database, workspace.id)
    asked = "query($id: ID!) { reminder(id: $id) { version state } }"
    now = (await workspace.ask(asked, {"id": made["id"]}))["reminder"]
    assert now["state"] == "DELIVERED"
    change = {"id": made["id"], "expectedVersion": now["version"], "remindAt": ahead(clock, minutes=5)}
    moved = (await workspace.must("snoozeReminder", change, REMINDER))["reminder"]
    assert (moved["state"], moved["deliveredAt"]) == ("SCHEDULED", None)
    clock.advance(timedelta(minutes=5))
    await work_off(workspace.database, workspace.id)
    assert (await workspace.ask(NOTIFICATIONS))["notifications"]["totalCount"] == 2


async def test_a_cancelled_reminder_is_not_delivered_and_stays_cancelled(workspace: Workspace, clock: Clock) -> None:
    made = await set_one(workspace, clock)
    change = {"id": made["id"], "expectedVersion": made["version"]}
    ended = (await workspace.must("cancelReminder", change, REMINDER))["reminder"]
    assert ended["state"] == "CANCELLED"
    again = {"id": made["id"], "expectedVersion": ended["version"]}
    for mutation, more in (("cancelReminder", {}), ("snoozeReminder", {"remindAt": ahead(clock, hours=2)})):
        assert (await workspace.do(mutation, again | more, REMINDER))["__typename"] == "BlockedProblem"
    clock.advance(timedelta(minutes=2))
    assert await work_off(workspace.database, workspace.id) == 0
    assert (await workspace.ask(NOTIFICATIONS))["notifications"]["totalCount"] == 0


async def test_a_change_decided_on_an_older_version_is_a_conflict(workspace: Workspace, clock: Clock) -> None:
    made = await set_one(workspace, clock)
    change = {"id": made["id"], "expectedVersion": made["version"] + 1}
    assert (await workspace.do("cancelReminder", change, REMINDER))["__typename"] == "ConflictProblem"
    assert await pending(workspace) == 1, "what was scheduled for it still is"


async def test_nobody_is_told_who_does_not_work_here_any_more(
    workspace: Workspace, clock: Clock, settings: Settings
) -> None:
    address = await with_address(workspace)
    made = await set_one(workspace, clock)
    async with write(workspace.database, workspace.owner) as (session, _at):
        member = (await session.scalars(select(Member).where(Member.id == workspace.owner.member))).one()
        member.state = MemberState.SUSPENDED
    clock.advance(timedelta(minutes=1))
    assert await work_off(workspace.database, workspace.id) == 1
    assert letters(settings.mail_folder, address) == []
    async with read(workspace.database, workspace.owner) as session:
        reminder = (await session.scalars(select(Reminder).where(Reminder.id == UUID(made["id"])))).one()
        assert reminder.state == "CANCELLED"


async def test_a_notification_is_marked_as_read_by_its_reader_only(
    workspace: Workspace, stranger: Workspace, clock: Clock
) -> None:
    _, token = await workspace.join(Role.ADMIN)
    await set_one(workspace, clock, remindAt=ahead(clock, seconds=-1))
    await work_off(workspace.database, workspace.id)
    (told,) = (await workspace.ask(NOTIFICATIONS))["notifications"]["nodes"]
    seen, fields = {"id": told["id"]}, "NotificationPayload { notification { readAt } }"
    for answer in (
        await workspace.do("markNotificationRead", seen, fields, token=token),
        await stranger.do("markNotificationRead", seen, fields),
    ):
        assert answer["__typename"] == "NotFoundProblem"
    first = await workspace.must("markNotificationRead", seen, fields)
    clock.advance(timedelta(minutes=1))
    assert await workspace.must("markNotificationRead", seen, fields) == first
    counted = "query($unread: Boolean) { notifications(filter: {unread: $unread}) { totalCount } }"
    counts = [(await workspace.ask(counted, {"unread": unread}))["notifications"] for unread in (True, False, None)]
    assert counts == [{"totalCount": 0}, {"totalCount": 1}, {"totalCount": 1}]


async def test_notifications_are_worded_in_the_readers_language(persian_workspace: Workspace, clock: Clock) -> None:
    wanted = {"text": "تماس با مینا", "remindAt": ahead(clock, seconds=-1)}
    await persian_workspace.must("setReminder", wanted, REMINDER)
    await work_off(persian_workspace.database, persian_workspace.id)
    (told,) = (await persian_workspace.ask(NOTIFICATIONS))["notifications"]["nodes"]
    assert told["message"] == "یادآوری: تماس با مینا"
