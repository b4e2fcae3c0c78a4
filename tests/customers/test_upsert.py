"""Accounts from an import: added, changed, left alone."""

from typing import Any

import pytest

from services.customers.accounts.service import AccountRow, Upserted, checked, upsert_accounts
from services.kit.errors import Forbidden, Invalid
from services.kit.money import Money
from services.kit.permissions import Role
from services.kit.tenancy import Caller, write
from services.kit.text import fold
from tests.customers.test_accounts import add
from tests.support import Workspace, statements

ROWS = (
    AccountRow(name="Acme Corporation", sector="technology", employees=2822, revenue=Money(110004, "USD")),
    AccountRow(name="Bluth Company", sector="technology", parent="Acme corporation", founded_year=1993),
    AccountRow(name="Cheers", sector="entertainment", country="United States", external_source="csv", external_id="7"),
)


async def upsert(workspace: Workspace, *rows: AccountRow, caller: Caller | None = None) -> Upserted:
    async with write(workspace.database, caller or workspace.owner) as (session, at):
        return await upsert_accounts(session, caller or workspace.owner, rows, at=at)


async def accounts(workspace: Workspace) -> dict[str, Any]:
    data = await workspace.ask(
        "{ accounts(first: 100) { nodes { id name version sector employees country externalId parent { name } } } }"
    )
    return {node["name"]: node for node in data["accounts"]["nodes"]}


async def test_the_same_rows_again_change_nothing(workspace: Workspace) -> None:
    first = await upsert(workspace, *ROWS)
    assert first.added == {"acme corporation", "bluth company", "cheers"}
    assert (first.name_taken, first.parent_refused) == (frozenset(), frozenset())
    before = await accounts(workspace)
    assert before["Bluth Company"]["parent"] == {"name": "Acme Corporation"}
    assert {fold(name): account["id"] for name, account in before.items()} == {
        name: str(id) for name, id in first.ids.items()
    }
    second = await upsert(workspace, *ROWS)
    assert (second.added, second.changed, second.ids) == (frozenset(), frozenset(), first.ids)
    assert await accounts(workspace) == before


async def test_only_what_differs_changes_and_what_a_row_leaves_out_stays(workspace: Workspace) -> None:
    await add(workspace, "ACME corporation", sector="Tech", city="Oslo")
    done = await upsert(workspace, *ROWS)
    assert done.added == {"bluth company", "cheers"}
    assert done.changed == {"acme corporation"}
    done = await upsert(workspace, AccountRow(name="Cheers", sector="retail"), AccountRow(name="Bluth Company"))
    assert done.added == frozenset()
    assert done.changed == {"cheers"}
    now = await accounts(workspace)
    assert (now["Cheers"]["sector"], now["Cheers"]["country"], now["Cheers"]["version"]) == (
        "retail",
        "United States",
        2,
    )
    assert now["Bluth Company"]["parent"] == {"name": "Acme Corporation"}


async def test_an_account_is_known_by_its_external_id_when_its_name_changed(workspace: Workspace) -> None:
    first = await upsert(workspace, *ROWS)
    renamed = AccountRow(name="Cheers & Sons", external_source="csv", external_id="7")
    second = await upsert(workspace, renamed)
    assert second.ids["cheers & sons"] == first.ids["cheers"]
    taken = AccountRow(name="Acme Corporation", sector="retail", external_source="csv", external_id="7")
    third = await upsert(workspace, taken)
    assert third.name_taken == {"acme corporation"}
    now = await accounts(workspace)
    assert now["Cheers & Sons"]["sector"] == "retail"
    assert now["Acme Corporation"]["sector"] == "technology"


async def test_a_name_that_one_account_gives_up_another_takes(workspace: Workspace) -> None:
    first = await upsert(workspace, *ROWS)
    renamed = AccountRow(name="Cheers & Sons", external_source="csv", external_id="7")
    second = await upsert(workspace, renamed, AccountRow(name="Cheers", sector="retail"))
    assert second.added == {"cheers"}
    assert second.changed == {"cheers & sons"}
    assert second.ids["cheers & sons"] == first.ids["cheers"]


async def test_one_bad_row_can_be_told_apart(workspace: Workspace) -> None:
    row = AccountRow(name="A", website="acme.example")
    assert checked(workspace.owner, row) is row
    for bad in (AccountRow(name=" "), AccountRow(name="A", phone="12"), AccountRow(name="A", website="nowhere")):
        with pytest.raises(Invalid):
            checked(workspace.owner, bad)


async def test_parents_that_are_unknown_or_close_a_circle_are_reported(workspace: Workspace) -> None:
    done = await upsert(
        workspace,
        AccountRow(name="A", parent="B"),
        AccountRow(name="B", parent="C"),
        AccountRow(name="C", parent="A"),
        AccountRow(name="D", parent="Nobody"),
    )
    assert done.parent_refused == {"c", "d"}
    now = await accounts(workspace)
    assert [now[name]["parent"] for name in "ABCD"] == [{"name": "B"}, {"name": "C"}, None, None]


async def test_rows_are_checked_like_anything_else(workspace: Workspace) -> None:
    with pytest.raises(Invalid):
        await upsert(workspace, AccountRow(name="A"), AccountRow(name="B", founded_year=12))
    viewer, _ = await workspace.join(Role.VIEWER)
    with pytest.raises(Forbidden):
        await upsert(workspace, AccountRow(name="A"), caller=viewer)
    assert await accounts(workspace) == {}


async def test_many_rows_take_few_statements(workspace: Workspace) -> None:
    rows = [AccountRow(name=f"Account {n}", parent=f"Account {n // 2}" if n else None, employees=n) for n in range(500)]
    with statements(workspace.database) as seen:
        done = await upsert(workspace, *rows)
    assert len(done.added) == 500
    assert len(seen) < 12
    with statements(workspace.database) as seen:
        done = await upsert(workspace, *rows)
    assert (done.added, done.changed) == (frozenset(), frozenset())
    assert len(seen) < 6
