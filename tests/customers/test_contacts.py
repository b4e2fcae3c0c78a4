"""Contacts as a client meets them, and who belongs where."""

import asyncio
from typing import Any

import pytest

from services.kit.ids import new_id
from services.kit.permissions import Role
from tests.customers.test_accounts import add
from tests.support import Workspace

CONTACT = (
    "ContactPayload { contact { id version name email phone title accounts { nodes { role account { name } } } } }"
)


async def meet(workspace: Workspace, name: str, **fields: Any) -> dict[str, Any]:
    payload = await workspace.must("createContact", {"name": name, **fields}, CONTACT)
    contact: dict[str, Any] = payload["contact"]
    return contact


async def test_a_contact_is_added_and_changed(workspace: Workspace) -> None:
    contact = await meet(workspace, "Sara Rad", email="Sara.Rad@Example.com", phone="+47 22 22 55 55", title="CTO")
    assert contact == {
        "id": contact["id"],
        "version": 1,
        "name": "Sara Rad",
        "email": "Sara.Rad@Example.com",
        "phone": "+4722225555",
        "title": "CTO",
        "accounts": {"nodes": []},
    }
    change = {"id": contact["id"], "expectedVersion": 1, "title": None, "name": "Sara R."}
    changed = (await workspace.must("updateContact", change, CONTACT))["contact"]
    assert (changed["name"], changed["title"], changed["version"]) == ("Sara R.", None, 2)
    answer = await workspace.do("updateContact", change, CONTACT)
    assert answer["__typename"] == "ConflictProblem"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": ""}, ["input", "name"]),
        ({"name": "S", "email": "not an address"}, ["input", "email"]),
        ({"name": "S", "phone": "12"}, ["input", "phone"]),
    ],
)
async def test_what_makes_no_sense_is_refused_where_it_stands(
    workspace: Workspace, fields: dict[str, Any], path: list[str]
) -> None:
    answer = await workspace.do("createContact", fields, CONTACT)
    assert (answer["__typename"], answer["path"]) == ("ValidationProblem", path)


async def test_a_contact_belongs_to_several_accounts_with_a_role(workspace: Workspace) -> None:
    contact = await meet(workspace, "Sara Rad")
    for name, role in (("Acme", "Buyer"), ("Beta", None)):
        account = await add(workspace, name)
        link = {"accountId": account["id"], "contactId": contact["id"], "role": role}
        linked = (await workspace.must("linkContact", link, CONTACT))["contact"]
    assert linked["accounts"]["nodes"] == [
        {"role": "Buyer", "account": {"name": "Acme"}},
        {"role": None, "account": {"name": "Beta"}},
    ]
    again = {"accountId": account["id"], "contactId": contact["id"], "role": "Adviser"}
    linked = (await workspace.must("linkContact", again, CONTACT))["contact"]
    assert linked["accounts"]["nodes"][1] == {"role": "Adviser", "account": {"name": "Beta"}}
    data = await workspace.ask(
        "{ accounts { nodes { name contacts { totalCount nodes { role contact { name } } } } } }"
    )
    assert data["accounts"]["nodes"][1]["contacts"] == {
        "totalCount": 1,
        "nodes": [{"role": "Adviser", "contact": {"name": "Sara Rad"}}],
    }
    unlink = {"accountId": account["id"], "contactId": contact["id"]}
    left = (await workspace.must("unlinkContact", unlink, CONTACT))["contact"]
    assert [node["account"]["name"] for node in left["accounts"]["nodes"]] == ["Acme"]
    answer = await workspace.do("unlinkContact", unlink, CONTACT)
    assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "contactId"])


async def test_linking_at_once_makes_one_link(workspace: Workspace) -> None:
    account, contact = await add(workspace, "Acme"), await meet(workspace, "Sara Rad")
    link = {"accountId": account["id"], "contactId": contact["id"]}
    answers = await asyncio.gather(*(workspace.do("linkContact", link, CONTACT) for _ in range(5)))
    assert {answer["__typename"] for answer in answers} <= {"ContactPayload", "ConflictProblem"}
    data = await workspace.ask(
        "query($id: ID!) { contact(id: $id) { accounts { totalCount } } }", {"id": contact["id"]}
    )
    assert data["contact"]["accounts"]["totalCount"] == 1


async def test_foreign_and_missing_ids_answer_alike(workspace: Workspace, stranger: Workspace) -> None:
    account, contact = await add(workspace, "Mine"), await meet(workspace, "Mine")
    their_account, their_contact = await add(stranger, "Theirs"), await meet(stranger, "Theirs")
    link = {"accountId": their_account["id"], "contactId": their_contact["id"]}
    await stranger.must("linkContact", link, CONTACT)
    for bad_account, bad_contact in ((their_account["id"], their_contact["id"]), (str(new_id()),) * 2, ("?", "?")):
        assert await workspace.ask("query($id: ID!) { contact(id: $id) { name } }", {"id": bad_contact}) == {
            "contact": None
        }
        for mutation in ("linkContact", "unlinkContact"):
            link = {"accountId": account["id"], "contactId": bad_contact}
            answer = await workspace.do(mutation, link, CONTACT)
            assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "contactId"])
        link = {"accountId": bad_account, "contactId": contact["id"]}
        answer = await workspace.do("linkContact", link, CONTACT)
        assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "accountId"])
        assert (await workspace.do("unlinkContact", link, CONTACT))["__typename"] == "NotFoundProblem"
        change = {"id": bad_contact, "expectedVersion": 1, "title": "X"}
        answer = await workspace.do("updateContact", change, CONTACT)
        assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "id"])
    for bad in (str(stranger.owner.member), str(new_id()), "?"):
        answer = await workspace.do("createContact", {"name": "S", "ownerId": bad}, CONTACT)
        assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "ownerId"])


async def test_a_viewer_reads_and_does_not_write(workspace: Workspace) -> None:
    account, contact = await add(workspace, "Acme"), await meet(workspace, "Sara Rad")
    _, token = await workspace.join(Role.VIEWER)
    data = await workspace.ask("{ contacts { nodes { name } } }", token=token)
    assert data["contacts"]["nodes"] == [{"name": "Sara Rad"}]
    link = {"accountId": account["id"], "contactId": contact["id"]}
    for mutation, fields in (
        ("createContact", {"name": "Other"}),
        ("updateContact", {"id": contact["id"], "expectedVersion": 1, "name": "Other"}),
        ("linkContact", link),
        ("unlinkContact", link),
    ):
        answer = await workspace.do(mutation, fields, CONTACT, token=token)
        assert answer["__typename"] == "ForbiddenProblem", mutation
