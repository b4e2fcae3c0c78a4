"""Tickets as a client meets them."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.permissions import Role
from services.kit.tenancy import read, write
from services.support.tickets.models import Ticket
from tests.customers.test_accounts import add
from tests.customers.test_contacts import meet
from tests.support import Workspace

TICKET = (
    "TicketPayload { ticket { id version number subject type priority state reopened firstResponseAt resolvedAt "
    "openedAt lastActivityAt assignee { id } entries { nodes { kind body author { name } contact { name } "
    "assignee { id } } } } }"
)


async def customer(workspace: Workspace) -> str:
    contact = await meet(workspace, "Sara Rad")
    return str(contact["id"])


async def opened(workspace: Workspace, contact_id: str, **fields: Any) -> dict[str, Any]:
    asked = {"subject": "The printer smokes", "type": "INCIDENT", "contactId": contact_id, **fields}
    ticket: dict[str, Any] = (await workspace.must("openTicket", asked, TICKET))["ticket"]
    return ticket


def kinds(ticket: dict[str, Any]) -> list[str]:
    return [entry["kind"] for entry in ticket["entries"]["nodes"]]


async def test_a_ticket_lives_from_opening_to_reopening(workspace: Workspace) -> None:
    contact_id = await customer(workspace)
    agent, token = await workspace.join(Role.SUPPORT_AGENT, name="Ada Agent")
    ticket = await opened(workspace, contact_id, body="It smokes!", priority="URGENT")
    assert (ticket["number"], ticket["state"], ticket["priority"], ticket["type"]) == (1, "NEW", "URGENT", "INCIDENT")
    assert ticket["entries"]["nodes"] == [
        {
            "kind": "CUSTOMER_MESSAGE",
            "body": "It smokes!",
            "author": {"name": "Olivia Owner"},
            "contact": {"name": "Sara Rad"},
            "assignee": None,
        }
    ]

    async def act(mutation: str, **fields: Any) -> dict[str, Any]:
        acted: dict[str, Any] = (await workspace.must(mutation, {"id": ticket["id"], **fields}, TICKET, token=token))[
            "ticket"
        ]
        return acted

    now = await act("assignTicket", assigneeId=str(agent.member), expectedVersion=ticket["version"])
    assert (now["state"], now["assignee"]) == ("OPEN", {"id": str(agent.member)})
    now = await act("addInternalNote", body="Third time this year.")
    assert (now["state"], now["firstResponseAt"]) == ("OPEN", None)
    now = await act("replyToTicket", body="Switch it off, please.")
    assert now["state"] == "WAITING"
    first_response = now["firstResponseAt"]
    assert first_response is not None
    now = await act("replyToTicket", body="Done.", fromCustomer=True)
    assert now["state"] == "OPEN"
    now = await act("replyToTicket", body="We send somebody.")
    assert (now["state"], now["firstResponseAt"]) == ("WAITING", first_response)
    now = await act("resolveTicket", note="Replaced the fuser.", expectedVersion=now["version"])
    assert (now["state"], now["resolvedAt"], now["reopened"]) == ("RESOLVED", now["lastActivityAt"], 0)
    now = await act("reopenTicket", expectedVersion=now["version"])
    assert (now["state"], now["resolvedAt"], now["reopened"]) == ("OPEN", None, 1)
    now = await act("resolveTicket", expectedVersion=now["version"])
    now = await act("replyToTicket", body="It smokes again!", fromCustomer=True)
    assert (now["state"], now["resolvedAt"], now["reopened"]) == ("OPEN", None, 2)
    assert kinds(now) == [
        "CUSTOMER_MESSAGE",
        "ASSIGNED",
        "NOTE",
        "REPLY",
        "CUSTOMER_MESSAGE",
        "REPLY",
        "RESOLVED",
        "REOPENED",
        "RESOLVED",
        "CUSTOMER_MESSAGE",
        "REOPENED",
    ]
    assert now["entries"]["nodes"][1] == {
        "kind": "ASSIGNED",
        "body": None,
        "author": {"name": "Ada Agent"},
        "contact": None,
        "assignee": {"id": str(agent.member)},
    }


async def test_a_hundred_at_once_get_a_hundred_numbers_in_a_row(workspace: Workspace, stranger: Workspace) -> None:
    contact_id, theirs = await customer(workspace), await customer(stranger)
    await opened(stranger, theirs)
    opening = "TicketPayload { ticket { number } }"
    asked = {"subject": "Many", "type": "QUESTION"}
    answers = await asyncio.gather(
        *(workspace.must("openTicket", asked | {"contactId": contact_id}, opening) for _ in range(100)),
        *(stranger.must("openTicket", asked | {"contactId": theirs}, opening) for _ in range(5)),
    )
    numbers = [answer["ticket"]["number"] for answer in answers]
    assert sorted(numbers[:100]) == list(range(1, 101))
    assert sorted(numbers[100:]) == list(range(2, 7))


async def test_a_ticket_that_fails_leaves_no_gap(workspace: Workspace, stranger: Workspace) -> None:
    contact_id = await customer(workspace)
    await opened(workspace, contact_id)
    for bad in (
        {"subject": " ", "type": "QUESTION", "contactId": contact_id},
        {"subject": "From whom?", "type": "QUESTION"},
        {"subject": "Too long", "type": "QUESTION", "contactId": contact_id, "body": "x" * 20_001},
    ):
        answer = await workspace.do("openTicket", bad, TICKET)
        assert answer["__typename"] == "ValidationProblem", bad
    assert (await opened(workspace, contact_id))["number"] == 2


async def test_only_a_resolved_ticket_is_reopened_and_only_an_open_one_resolved(workspace: Workspace) -> None:
    ticket = await opened(workspace, await customer(workspace))
    change = {"id": ticket["id"], "expectedVersion": ticket["version"]}
    answer = await workspace.do("reopenTicket", change, TICKET)
    assert (answer["__typename"], answer["message"]) == ("BlockedProblem", "Only a resolved ticket can be reopened.")
    settled = (await workspace.must("resolveTicket", change, TICKET))["ticket"]
    change["expectedVersion"] = settled["version"]
    assert (await workspace.do("resolveTicket", change, TICKET))["__typename"] == "BlockedProblem"
    assign = change | {"assigneeId": str(workspace.owner.member)}
    assert (await workspace.do("assignTicket", assign, TICKET))["__typename"] == "BlockedProblem"
    data = await workspace.ask(
        "query($id: ID!) { ticket(id: $id) { version entries { totalCount } } }", {"id": ticket["id"]}
    )
    assert data["ticket"] == {"version": settled["version"], "entries": {"totalCount": 1}}


async def test_a_change_decided_on_an_old_version_is_refused(workspace: Workspace) -> None:
    ticket = await opened(workspace, await customer(workspace))
    await workspace.must("replyToTicket", {"id": ticket["id"], "body": "Wait!", "fromCustomer": True}, TICKET)
    change = {"id": ticket["id"], "expectedVersion": ticket["version"]}
    for mutation, more in (("resolveTicket", {}), ("assignTicket", {"assigneeId": str(workspace.owner.member)})):
        answer = await workspace.do(mutation, change | more, TICKET)
        assert (answer["__typename"], answer["path"]) == ("ConflictProblem", ["input", "expectedVersion"])


async def test_resolving_at_once_resolves_once(workspace: Workspace) -> None:
    ticket = await opened(workspace, await customer(workspace))
    change = {"id": ticket["id"], "expectedVersion": ticket["version"]}
    answers = await asyncio.gather(*(workspace.do("resolveTicket", change, TICKET) for _ in range(5)))
    assert sorted(answer["__typename"] for answer in answers) == ["ConflictProblem"] * 4 + ["TicketPayload"]


async def test_an_assignment_is_announced_once(workspace: Workspace) -> None:
    agent, _ = await workspace.join(Role.SUPPORT_AGENT)
    ticket = await opened(workspace, await customer(workspace))
    change = {"id": ticket["id"], "assigneeId": str(agent.member)}
    now = (await workspace.must("assignTicket", change | {"expectedVersion": 1}, TICKET))["ticket"]
    again = (await workspace.must("assignTicket", change | {"expectedVersion": now["version"]}, TICKET))["ticket"]
    assert (again["version"], kinds(again)) == (now["version"], ["ASSIGNED"])
    taken = change | {"assigneeId": None, "expectedVersion": now["version"]}
    free = (await workspace.must("assignTicket", taken, TICKET))["ticket"]
    assert (free["assignee"], kinds(free)) == (None, ["ASSIGNED", "ASSIGNED"])
    async with read(workspace.database, workspace.owner) as session:
        facts = (await session.scalars(select(Outbox).where(Outbox.kind == "ticket.assigned"))).all()
    assert [fact.payload for fact in facts] == [
        facts[0].payload
        | {"subject_id": ticket["id"], "member_id": str(agent.member), "title": "#1 The printer smokes"}
    ]


async def test_who_may_not_assign_takes_what_is_nobodys(workspace: Workspace) -> None:
    representative, token = await workspace.join(Role.REPRESENTATIVE)
    other, _ = await workspace.join(Role.SUPPORT_AGENT)
    ticket = await opened(workspace, await customer(workspace))
    change = {"id": ticket["id"], "expectedVersion": ticket["version"]}
    given = await workspace.do("assignTicket", change | {"assigneeId": str(other.member)}, TICKET, token=token)
    assert given["__typename"] == "ForbiddenProblem"
    taken = change | {"assigneeId": str(representative.member)}
    now = (await workspace.must("assignTicket", taken, TICKET, token=token))["ticket"]
    change["expectedVersion"] = now["version"]
    dropped = await workspace.do("assignTicket", change | {"assigneeId": None}, TICKET, token=token)
    assert dropped["__typename"] == "ForbiddenProblem"


async def test_a_ticket_is_not_given_to_somebody_who_only_looks(workspace: Workspace) -> None:
    viewer, _ = await workspace.join(Role.VIEWER)
    ticket = await opened(workspace, await customer(workspace))
    change = {"id": ticket["id"], "expectedVersion": 1, "assigneeId": str(viewer.member)}
    answer = await workspace.do("assignTicket", change, TICKET)
    assert (answer["__typename"], answer["path"]) == ("ValidationProblem", ["input", "assigneeId"])


async def test_a_viewer_reads_and_does_not_write(workspace: Workspace) -> None:
    contact_id = await customer(workspace)
    ticket = await opened(workspace, contact_id)
    viewer, token = await workspace.join(Role.VIEWER)
    data = await workspace.ask("{ tickets { nodes { number } } }", token=token)
    assert data["tickets"]["nodes"] == [{"number": 1}]
    change = {"id": ticket["id"], "expectedVersion": ticket["version"]}
    for mutation, fields in (
        ("openTicket", {"subject": "S", "type": "QUESTION", "contactId": contact_id}),
        ("replyToTicket", {"id": ticket["id"], "body": "B"}),
        ("addInternalNote", {"id": ticket["id"], "body": "B"}),
        ("assignTicket", change | {"assigneeId": str(viewer.member)}),
        ("resolveTicket", change),
        ("reopenTicket", change),
    ):
        answer = await workspace.do(mutation, fields, TICKET, token=token)
        assert answer["__typename"] == "ForbiddenProblem", mutation


async def test_foreign_and_missing_ids_answer_alike(workspace: Workspace, stranger: Workspace) -> None:
    contact_id = await customer(workspace)
    mine = await opened(workspace, contact_id)
    their_contact = await customer(stranger)
    their_account = await add(stranger, "Theirs")
    theirs = await opened(stranger, their_contact)
    opening = {"subject": "S", "type": "QUESTION"}
    for ticket_id, bad_contact, account_id, member_id in (
        (theirs["id"], their_contact, their_account["id"], str(stranger.owner.member)),
        (str(new_id()),) * 4,
        ("?",) * 4,
    ):
        assert await workspace.ask("query($id: ID!) { ticket(id: $id) { number } }", {"id": ticket_id}) == {
            "ticket": None
        }
        change = {"id": ticket_id, "expectedVersion": 1}
        for mutation, fields, path in (
            ("openTicket", opening | {"contactId": bad_contact}, "contactId"),
            ("openTicket", opening | {"accountId": account_id}, "accountId"),
            ("replyToTicket", {"id": ticket_id, "body": "B"}, "id"),
            ("addInternalNote", {"id": ticket_id, "body": "B"}, "id"),
            ("assignTicket", change | {"assigneeId": str(workspace.owner.member)}, "id"),
            ("assignTicket", {"id": mine["id"], "expectedVersion": 1, "assigneeId": member_id}, "assigneeId"),
            ("resolveTicket", change, "id"),
            ("reopenTicket", change, "id"),
        ):
            answer = await workspace.do(mutation, fields, TICKET)
            assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", path]), mutation
        data = await workspace.ask(
            "query($id: ID!) { tickets(filter: {assigneeId: $id}) { totalCount } }", {"id": member_id}
        )
        assert data["tickets"]["totalCount"] == 0
    data = await stranger.ask("query($id: ID!) { ticket(id: $id) { version state } }", {"id": theirs["id"]})
    assert data["ticket"] == {"version": theirs["version"], "state": "NEW"}


async def test_a_number_finds_the_workspaces_own_ticket(workspace: Workspace, stranger: Workspace) -> None:
    mine = await opened(workspace, await customer(workspace), subject="Mine")
    their_contact = await customer(stranger)
    for subject in ("Theirs", "Theirs too"):
        await opened(stranger, their_contact, subject=subject)
    asked = "query($n: Int!) { ticketByNumber(number: $n) { id subject } }"
    assert (await workspace.ask(asked, {"n": 1}))["ticketByNumber"] == {"id": mine["id"], "subject": "Mine"}
    for number in (0, -1, 2, 2_147_483_647):
        assert (await workspace.ask(asked, {"n": number}))["ticketByNumber"] is None


async def test_tickets_are_filtered_searched_and_ordered(persian_workspace: Workspace) -> None:
    contact_id = await customer(persian_workspace)
    smoke = await opened(persian_workspace, contact_id, subject="چاپگر دود می‌کند", priority="URGENT")
    slow = await opened(persian_workspace, contact_id, subject="شبكه كند است", type="COMPLAINT")
    await persian_workspace.must("resolveTicket", {"id": smoke["id"], "expectedVersion": smoke["version"]}, TICKET)
    me = str(persian_workspace.owner.member)
    change = {"id": slow["id"], "expectedVersion": slow["version"], "assigneeId": me}
    await persian_workspace.must("assignTicket", change, TICKET)
    await persian_workspace.must("addInternalNote", {"id": smoke["id"], "body": "؟"}, TICKET)
    asked = (
        "query($f: TicketFilter, $o: TicketOrder) { tickets(filter: $f, orderBy: $o) { totalCount nodes { number } } }"
    )
    for wanted, order, numbers in (
        (None, None, [2, 1]),
        (None, "OLDEST", [1, 2]),
        (None, "LAST_ACTIVITY", [1, 2]),
        ({"state": ["RESOLVED"]}, None, [1]),
        ({"state": ["OPEN", "RESOLVED"], "priority": ["NORMAL"]}, None, [2]),
        ({"type": ["COMPLAINT"]}, None, [2]),
        ({"assigneeId": me}, None, [2]),
        ({"search": "شبکه"}, None, [2]),
        ({"search": "می کند"}, None, [1]),
        ({"search": "۲"}, None, [2]),
        ({"search": "شبکه", "state": ["RESOLVED"]}, None, []),
    ):
        found = (await persian_workspace.ask(asked, {"f": wanted, "o": order}))["tickets"]
        assert [node["number"] for node in found["nodes"]] == numbers, wanted
        assert found["totalCount"] == len(numbers)


async def test_an_account_and_a_contact_show_their_tickets(workspace: Workspace) -> None:
    contact_id = await customer(workspace)
    account = await add(workspace, "Acme")
    await opened(workspace, contact_id)
    await opened(workspace, contact_id, accountId=account["id"], subject="Second")
    data = await workspace.ask(
        "{ accounts { nodes { tickets { totalCount nodes { number contact { name } } } } } "
        "contacts { nodes { tickets(orderBy: OLDEST, filter: {state: [NEW]}) "
        "{ nodes { number account { name } } } } } }"
    )
    assert data["accounts"]["nodes"] == [
        {"tickets": {"totalCount": 1, "nodes": [{"number": 2, "contact": {"name": "Sara Rad"}}]}}
    ]
    assert data["contacts"]["nodes"] == [
        {"tickets": {"nodes": [{"number": 1, "account": None}, {"number": 2, "account": {"name": "Acme"}}]}}
    ]


@pytest.mark.parametrize("statement", ["UPDATE ticket_entry SET body = 'x'", "DELETE FROM ticket_entry"])
async def test_what_was_said_stays_said(workspace: Workspace, statement: str) -> None:
    await opened(workspace, await customer(workspace), body="It smokes!")
    with pytest.raises(DBAPIError) as refusal:
        async with write(workspace.database, workspace.owner) as (session, _at):
            await session.execute(text(f"{statement} WHERE tenant_id = :mine"), {"mine": workspace.id})
    assert getattr(refusal.value.orig, "sqlstate", None) == "42501"


async def test_the_counter_and_the_tickets_agree(workspace: Workspace) -> None:
    contact_id = await customer(workspace)
    for _ in range(3):
        await opened(workspace, contact_id)
    async with read(workspace.database, workspace.owner) as session:
        assert (await session.execute(select(func.max(Ticket.number), func.count()))).one() == (3, 3)
