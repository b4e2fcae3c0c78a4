"""Accounts as a client meets them."""

import asyncio
from typing import Any

import pytest

from services.kit.ids import new_id
from services.kit.permissions import Role
from tests.support import Workspace

ACCOUNT = "AccountPayload { account { id version name } }"


async def add(workspace: Workspace, name: str, **fields: Any) -> dict[str, Any]:
    payload = await workspace.must("createAccount", {"name": name, **fields}, ACCOUNT)
    account: dict[str, Any] = payload["account"]
    return account


async def test_an_account_is_added_and_read_whole(workspace: Workspace) -> None:
    parent = await add(workspace, "Acme Holding")
    account = await add(
        workspace,
        "  Acme Corporation ",
        sector="Technology",
        website="https://acme.example/about",
        phone="+98 (21) ۸۸۷۷ ۶۶۵۵",
        country="Iran",
        city="Tehran",
        employees=2822,
        revenue={"amount": "1,100.04"},
        foundedYear=1996,
        parentId=parent["id"],
        ownerId=str(workspace.owner.member),
    )
    data = await workspace.ask(
        "query($id: ID!) { account(id: $id) { name sector website phone country city employees foundedYear version "
        "revenue { minor currency amount formatted } parent { id } owner { name } externalId } }",
        {"id": account["id"]},
    )
    assert data["account"] == {
        "name": "Acme Corporation",
        "sector": "Technology",
        "website": "https://acme.example/about",
        "phone": "+982188776655",
        "country": "Iran",
        "city": "Tehran",
        "employees": 2822,
        "foundedYear": 1996,
        "version": 1,
        "revenue": {"minor": "110004", "currency": "USD", "amount": "1100.04", "formatted": "$1,100.04"},
        "parent": {"id": parent["id"]},
        "owner": {"name": "Olivia Owner"},
        "externalId": None,
    }


async def test_a_persian_workspace_keeps_money_in_rials_and_reads_local_numbers(persian_workspace: Workspace) -> None:
    account = await add(persian_workspace, "شرکت پارس", revenue={"amount": "۱٬۲۰۰٬۰۰۰"}, phone="۰۲۱-۸۸۷۷۶۶۵۵")
    data = await persian_workspace.ask(
        "query($id: ID!) { account(id: $id) { phone revenue { minor currency formatted } } }", {"id": account["id"]}
    )
    assert data["account"] == {
        "phone": "+982188776655",
        "revenue": {"minor": "1200000", "currency": "IRR", "formatted": "۱٬۲۰۰٬۰۰۰\u00a0ریال"},
    }


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": "   "}, ["input", "name"]),
        ({"name": "ـ\u200c"}, ["input", "name"]),
        ({"name": "x" * 201}, ["input", "name"]),
        ({"name": "A", "phone": "not a number"}, ["input", "phone"]),
        ({"name": "A", "phone": "021 88776655"}, ["input", "phone"]),
        ({"name": "A", "website": "javascript:alert(1)"}, ["input", "website"]),
        ({"name": "A", "employees": -1}, ["input", "employees"]),
        ({"name": "A", "foundedYear": 96}, ["input", "foundedYear"]),
        ({"name": "A", "revenue": {"amount": "12.000"}}, ["input", "revenue"]),
        ({"name": "A", "revenue": {"amount": "12", "currency": "XXX"}}, ["input", "revenue"]),
    ],
)
async def test_what_makes_no_sense_is_refused_where_it_stands(
    workspace: Workspace, fields: dict[str, Any], path: list[str]
) -> None:
    answer = await workspace.do("createAccount", fields, ACCOUNT)
    assert (answer["__typename"], answer["path"]) == ("ValidationProblem", path)
    assert (await workspace.ask("{ accounts { totalCount } }"))["accounts"]["totalCount"] == 0


async def test_a_name_is_unique_however_it_is_spelt(persian_workspace: Workspace) -> None:
    await add(persian_workspace, "شرکت کیمیای ۲۰۰۰")
    answer = await persian_workspace.do("createAccount", {"name": "شركت  كيمياي 2000"}, ACCOUNT)
    assert answer["__typename"] == "ConflictProblem"
    assert answer["path"] == ["input", "name"]
    assert answer["message"] == "حسابی با این نام از پیش وجود دارد."


async def test_two_at_once_with_one_name_make_one_account(workspace: Workspace) -> None:
    answers = await asyncio.gather(
        *(workspace.do("createAccount", {"name": "Race Ltd"}, ACCOUNT) for _ in range(6)),
    )
    assert sorted(answer["__typename"] for answer in answers) == ["AccountPayload"] + ["ConflictProblem"] * 5
    assert all(answer["path"] == ["input", "name"] for answer in answers if answer["__typename"] == "ConflictProblem")


async def test_a_change_keeps_what_is_absent_and_empties_what_is_null(workspace: Workspace) -> None:
    account = await add(workspace, "Acme", sector="Retail", city="Oslo")
    answer = await workspace.must(
        "updateAccount",
        {"id": account["id"], "expectedVersion": 1, "city": None, "employees": 12},
        "AccountPayload { account { name sector city employees version } }",
    )
    assert answer["account"] == {"name": "Acme", "sector": "Retail", "city": None, "employees": 12, "version": 2}


async def test_a_change_that_changes_nothing_keeps_the_version(workspace: Workspace) -> None:
    account = await add(workspace, "Acme", sector="Retail")
    answer = await workspace.must(
        "updateAccount", {"id": account["id"], "expectedVersion": 1, "name": "Acme", "sector": "Retail"}, ACCOUNT
    )
    assert answer["account"]["version"] == 1


async def test_a_change_decided_on_an_old_version_is_refused(workspace: Workspace) -> None:
    account = await add(workspace, "Acme")
    first = {"id": account["id"], "expectedVersion": 1, "city": "Oslo"}
    await workspace.must("updateAccount", first, ACCOUNT)
    answer = await workspace.do("updateAccount", first | {"city": "Bergen"}, ACCOUNT)
    assert answer["__typename"] == "ConflictProblem"
    data = await workspace.ask("query($id: ID!) { account(id: $id) { city version } }", {"id": account["id"]})
    assert data["account"] == {"city": "Oslo", "version": 2}


async def test_parallel_changes_of_one_version_leave_one(workspace: Workspace) -> None:
    account = await add(workspace, "Acme")
    answers = await asyncio.gather(
        *(
            workspace.do("updateAccount", {"id": account["id"], "expectedVersion": 1, "city": f"City {n}"}, ACCOUNT)
            for n in range(6)
        )
    )
    assert sorted(answer["__typename"] for answer in answers) == ["AccountPayload"] + ["ConflictProblem"] * 5


async def test_foreign_and_missing_ids_answer_alike(workspace: Workspace, stranger: Workspace) -> None:
    theirs = await add(stranger, "Theirs")
    mine = await add(workspace, "Mine")
    for bad in (theirs["id"], str(new_id()), "nonsense"):
        assert await workspace.ask("query($id: ID!) { account(id: $id) { name } }", {"id": bad}) == {"account": None}
        answer = await workspace.do("updateAccount", {"id": bad, "expectedVersion": 1, "city": "X"}, ACCOUNT)
        assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "id"])
        answer = await workspace.do("createAccount", {"name": "New", "parentId": bad}, ACCOUNT)
        assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "parentId"])
        data = await workspace.ask(
            "query($id: ID!) { accounts(filter: {ownerId: $id}) { totalCount nodes { id } } }", {"id": bad}
        )
        assert data["accounts"] == {"totalCount": 0, "nodes": []}
    for bad in (str(stranger.owner.member), str(new_id()), "nonsense"):
        answer = await workspace.do("updateAccount", {"id": mine["id"], "expectedVersion": 1, "ownerId": bad}, ACCOUNT)
        assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "ownerId"])
    data = await stranger.ask("query($id: ID!) { account(id: $id) { version } }", {"id": theirs["id"]})
    assert data["account"] == {"version": 1}


async def test_a_viewer_reads_and_does_not_write(workspace: Workspace) -> None:
    account = await add(workspace, "Acme")
    _, token = await workspace.join(Role.VIEWER)
    data = await workspace.ask("{ accounts { nodes { name } } }", token=token)
    assert data["accounts"]["nodes"] == [{"name": "Acme"}]
    for mutation, fields in (
        ("createAccount", {"name": "Other"}),
        ("updateAccount", {"id": account["id"], "expectedVersion": 1, "name": "Other"}),
    ):
        answer = await workspace.do(mutation, fields, ACCOUNT, token=token)
        assert answer["__typename"] == "ForbiddenProblem"


async def test_an_account_cannot_stand_below_itself(workspace: Workspace) -> None:
    top = await add(workspace, "Top")
    middle = await add(workspace, "Middle", parentId=top["id"])
    bottom = await add(workspace, "Bottom", parentId=middle["id"])
    for parent in (top, middle, bottom):
        answer = await workspace.do(
            "updateAccount", {"id": top["id"], "expectedVersion": 1, "parentId": parent["id"]}, ACCOUNT
        )
        assert (answer["__typename"], answer["path"]) == ("ValidationProblem", ["input", "parentId"])
    data = await workspace.ask(
        "query($id: ID!) { account(id: $id) { subsidiaries { nodes { name subsidiaries { nodes { name } } } } } }",
        {"id": top["id"]},
    )
    assert data["account"]["subsidiaries"]["nodes"] == [
        {"name": "Middle", "subsidiaries": {"nodes": [{"name": "Bottom"}]}}
    ]


async def test_two_changes_at_once_close_no_circle(workspace: Workspace) -> None:
    one, other = await add(workspace, "One"), await add(workspace, "Other")
    answers = await asyncio.gather(
        workspace.do("updateAccount", {"id": one["id"], "expectedVersion": 1, "parentId": other["id"]}, ACCOUNT),
        workspace.do("updateAccount", {"id": other["id"], "expectedVersion": 1, "parentId": one["id"]}, ACCOUNT),
    )
    assert sorted(answer["__typename"] for answer in answers) == ["AccountPayload", "ValidationProblem"]


async def test_accounts_are_listed_in_the_order_of_the_alphabet_page_by_page(persian_workspace: Workspace) -> None:
    names = ["گلستان", "آسمان", "پارس", "ژاله", "بهار", "یاس", "کیمیا", "Zagros", "Acme"]
    for name in names:
        await add(persian_workspace, name)
    asked = (
        "query($after: String) "
        "{ accounts(first: 4, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } }"
    )
    seen: list[str] = []
    after = None
    more = True
    while more:
        page = (await persian_workspace.ask(asked, {"after": after}))["accounts"]
        seen += [node["name"] for node in page["nodes"]]
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    assert seen == ["آسمان", "بهار", "پارس", "ژاله", "کیمیا", "گلستان", "یاس", "Acme", "Zagros"]


async def test_accounts_are_filtered_by_owner_and_sector(workspace: Workspace) -> None:
    other, _ = await workspace.join(Role.REPRESENTATIVE)
    await add(workspace, "A", sector="Retail", ownerId=str(other.member))
    await add(workspace, "B", sector=" RETAIL ", ownerId=str(workspace.owner.member))
    await add(workspace, "C", sector="Medical", ownerId=str(other.member))
    asked = "query($f: AccountFilter) { accounts(filter: $f, orderBy: NEWEST) { totalCount nodes { name } } }"
    for wanted, names in (
        ({"sector": "retail"}, ["B", "A"]),
        ({"ownerId": str(other.member)}, ["C", "A"]),
        ({"ownerId": str(other.member), "sector": "Retail"}, ["A"]),
        ({"ownerId": None, "sector": "  "}, ["C", "B", "A"]),
    ):
        found = (await workspace.ask(asked, {"f": wanted}))["accounts"]
        assert ([node["name"] for node in found["nodes"]], found["totalCount"]) == (names, len(names))
