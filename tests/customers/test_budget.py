"""What a list costs the database: a statement for each level, however many records stand on it."""

from tests.customers.test_accounts import add
from tests.customers.test_contacts import CONTACT, meet
from tests.support import Workspace, statements

ASKED = (
    '{ accounts(first: 20, filter: {search: "acme"}) { totalCount nodes { owner { name } parent { name } '
    "subsidiaries { totalCount nodes { name } } contacts { nodes { role contact { name owner { name } "
    "accounts { nodes { account { name } } } } } } tickets { totalCount nodes { entries { nodes { kind } } } } } } }"
)


async def cost(workspace: Workspace) -> int:
    with statements(workspace.database) as seen:
        await workspace.ask(ASKED)
    return len(seen)


async def grow(workspace: Workspace, numbers: range) -> None:
    me = str(workspace.owner.member)
    for n in numbers:
        parent = await add(workspace, f"Parent {n}")
        account = await add(workspace, f"Acme {n}", ownerId=me, parentId=parent["id"])
        await add(workspace, f"Child {n}", parentId=account["id"])
        contact = await meet(workspace, f"Person {n}", ownerId=me)
        await workspace.must("linkContact", {"accountId": account["id"], "contactId": contact["id"]}, CONTACT)
        ticket = {"subject": "S", "type": "QUESTION", "accountId": account["id"], "body": "Why?"}
        await workspace.must("openTicket", ticket, "TicketPayload { ticket { id } }")


async def test_a_longer_list_takes_no_more_statements(workspace: Workspace) -> None:
    await grow(workspace, range(1))
    alone = await cost(workspace)
    await grow(workspace, range(1, 6))
    assert await cost(workspace) == alone
    assert alone < 20
