"""A real sales history, dirty as it is, imported whole."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.imports.steps import ACCOUNTS, MEMBERS, OPPORTUNITIES, PRODUCTS, run, totals
from tests.support import Workspace


@pytest.fixture(scope="session")
def history(shared_data: Path) -> dict[str, bytes]:
    """The files of the real input, by name."""
    return {file.stem: file.read_bytes() for file in (shared_data / "crm_sales_opportunities").glob("*.csv")}


async def test_accounts_products_and_people_come_in_whole_and_only_once(
    workspace: Workspace, history: dict[str, bytes]
) -> None:
    dry = await run(workspace, history["accounts"], **ACCOUNTS, dryRun=True)
    assert dry["totals"] == totals(created=85)
    assert (await workspace.ask("{ accounts { totalCount } }"))["accounts"]["totalCount"] == 0
    first = await run(workspace, history["accounts"], **ACCOUNTS)
    assert first["state"] == "COMPLETED", first
    assert first["totals"] == totals(created=85)
    assert first["errors"]["totalCount"] == 0
    again = await run(workspace, history["accounts"], **ACCOUNTS)
    assert again["totals"] == totals(unchanged=85)
    products = await run(workspace, history["products"], **PRODUCTS)
    assert products["totals"] == totals(created=7)
    people = await run(workspace, history["sales_teams"], **MEMBERS)
    assert people["totals"] == totals(created=35, warnings=6)
    people = await run(workspace, history["sales_teams"], **MEMBERS)
    assert people["totals"] == totals(unchanged=35)
    data = await workspace.ask(
        """{ accounts(first: 100) { totalCount nodes { name sector foundedYear employees country
             revenue { amount currency } parent { name } } }
             members(first: 100, filter: { state: [RECORDED] }) {
                 totalCount nodes { name role region manager { name } } } }"""
    )
    assert data["accounts"]["totalCount"] == 85
    by_name = {account["name"]: account for account in data["accounts"]["nodes"]}
    assert by_name["Acme Corporation"] == {
        "name": "Acme Corporation",
        "sector": "technology",
        "foundedYear": 1996,
        "employees": 2822,
        "country": "United States",
        "revenue": {"amount": "1100040000.00", "currency": "USD"},
        "parent": None,
    }
    assert by_name["Bioholding"]["country"] == "Philippines"
    assert by_name["Codehow"]["parent"] == {"name": "Acme Corporation"}
    assert sum(account["parent"] is not None for account in by_name.values()) == 15
    assert data["members"]["totalCount"] == 41
    moses = next(member for member in data["members"]["nodes"] if member["name"] == "Moses Frase")
    assert moses == {
        "name": "Moses Frase",
        "role": "REPRESENTATIVE",
        "region": "Central",
        "manager": {"name": "Dustin Brinkmann"},
    }


async def test_the_whole_history_comes_in_with_its_dates_and_only_once(
    workspace: Workspace, history: dict[str, bytes]
) -> None:
    began = time.monotonic()
    await run(workspace, history["accounts"], **ACCOUNTS)
    await run(workspace, history["products"], **PRODUCTS)
    await run(workspace, history["sales_teams"], **MEMBERS)
    first = await run(workspace, history["sales_pipeline"], **OPPORTUNITIES)
    print(f"the whole history came in within {time.monotonic() - began:.1f} s")  # noqa: T201 # read by people
    assert first["state"] == "COMPLETED", first
    assert first["totals"] == totals(created=8_800, warnings=1_425 + 500)
    again = await run(workspace, history["sales_pipeline"], **OPPORTUNITIES)
    assert again["totals"] == totals(unchanged=8_800, warnings=1_425 + 500)

    counted = await workspace.ask(
        """{ won: opportunities(filter: { stage: ["follow_up"], status: [WON] }) { totalCount }
             lost: opportunities(filter: { stage: ["lost"], status: [LOST] }) { totalCount }
             engaging: opportunities(filter: { stage: ["contact"], status: [OPEN] }) { totalCount }
             prospecting: opportunities(filter: { stage: ["lead_generation"], status: [OPEN] }) { totalCount }
             all: opportunities { totalCount } }"""
    )
    assert {name: list_["totalCount"] for name, list_ in counted.items()} == {
        "won": 4_238,
        "lost": 2_473,
        "engaging": 1_589,
        "prospecting": 500,
        "all": 8_800,
    }
    found = await workspace.ask(
        """{ opportunities(filter: { search: "Z063OYW0" }) { nodes { name externalId openedOn closedOn
             amount { amount currency } account { name } product { name } owner { name manager { name } }
             visits { nodes { stage { key } enteredAt leftAt } } } } }"""
    )
    assert found["opportunities"]["nodes"] == [
        {
            "name": "Isdom – GTX Pro",
            "externalId": "Z063OYW0",
            "openedOn": "2016-10-25",
            "closedOn": "2017-03-11",
            "amount": {"amount": "4514.00", "currency": "USD"},
            "account": {"name": "Isdom"},
            "product": {"name": "GTX Pro"},
            "owner": {"name": "Darcel Schlecht", "manager": {"name": "Melvin Marxen"}},
            "visits": {
                "nodes": [
                    {
                        "stage": {"key": "contact"},
                        "enteredAt": "2016-10-25T00:00:00+00:00",
                        "leftAt": "2017-03-11T00:00:00+00:00",
                    },
                    {"stage": {"key": "follow_up"}, "enteredAt": "2017-03-11T00:00:00+00:00", "leftAt": None},
                ]
            },
        }
    ]
    warned = []
    paged = """query($id: ID!, $after: String) { importRun(id: $id) {
        errors(first: 100, after: $after, filter: { severity: WARNING }) {
            nodes { column reason } pageInfo { hasNextPage endCursor } } } }"""
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        answer = await workspace.ask(paged, {"id": first["id"], "after": page["endCursor"]})
        warned += answer["importRun"]["errors"]["nodes"]
        page = answer["importRun"]["errors"]["pageInfo"]
    assert Counter((issue["column"], issue["reason"]) for issue in warned) == {
        ("account", "The row names no account; the opportunity is imported without one."): 1_425,
        (
            "engage_date",
            "No date says when the stage “lead_generation” was entered; the time of the import is taken.",
        ): 500,
    }
