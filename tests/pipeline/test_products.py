"""Products as a client and an import meet them."""

import asyncio
from typing import Any

import pytest

from services.kit.money import Money
from services.kit.permissions import Role
from services.kit.tenancy import write
from services.pipeline.products.service import ProductRow, UpsertedProducts, upsert_products
from tests.support import Workspace, statements

PRODUCT = "ProductPayload { product { id version name } }"
SHOWN = "query($id: ID!) { product(id: $id) { name code series active version price { amount currency } } }"


async def add(workspace: Workspace, name: str, **fields: Any) -> dict[str, Any]:
    payload = await workspace.must("createProduct", {"name": name, **fields}, PRODUCT)
    product: dict[str, Any] = payload["product"]
    return product


async def names(workspace: Workspace, filter: dict[str, Any]) -> list[str]:
    data = await workspace.ask(
        "query($filter: ProductFilter) { products(filter: $filter) { nodes { name } } }", {"filter": filter}
    )
    return [node["name"] for node in data["products"]["nodes"]]


async def test_a_product_is_added_changed_and_taken_off_the_shelf(workspace: Workspace) -> None:
    product = await add(workspace, " GTX Pro ", code="GTX-2", series="GTX", price={"amount": "4,821"})
    await workspace.must("updateProduct", {"id": product["id"], "expectedVersion": 1, "active": False}, PRODUCT)
    data = await workspace.ask(SHOWN, {"id": product["id"]})
    assert data["product"] == {
        "name": "GTX Pro",
        "code": "GTX-2",
        "series": "GTX",
        "active": False,
        "version": 2,
        "price": {"amount": "4821.00", "currency": "USD"},
    }
    change = {"id": product["id"], "expectedVersion": 2, "price": None, "code": None, "active": None}
    await workspace.must("updateProduct", change, PRODUCT)
    shown = (await workspace.ask(SHOWN, {"id": product["id"]}))["product"]
    assert (shown["price"], shown["code"], shown["active"], shown["series"]) == (None, None, True, "GTX")


async def test_a_name_is_unique_however_it_is_spelt(persian_workspace: Workspace) -> None:
    await add(persian_workspace, "پمپ آب ۲")
    again = await persian_workspace.do("createProduct", {"name": "پمپ\u200cاب 2"}, PRODUCT)
    assert (again["__typename"], again["path"]) == ("ConflictProblem", ["input", "name"])
    assert again["message"] == "در این فضای کاری محصولی به همین نام هست."
    answers = await asyncio.gather(*(persian_workspace.do("createProduct", {"name": "شیر"}, PRODUCT) for _ in range(5)))
    assert sorted(answer["__typename"] for answer in answers) == ["ConflictProblem"] * 4 + ["ProductPayload"]


async def test_products_are_found_and_filtered(workspace: Workspace) -> None:
    old = await add(workspace, "MG Special", series="MG", code="M-1")
    await add(workspace, "GTX Basic", series="GTX")
    await add(workspace, "GTX Plus Pro", series="GTX")
    await workspace.must("updateProduct", {"id": old["id"], "expectedVersion": 1, "active": False}, PRODUCT)
    assert await names(workspace, {}) == ["GTX Basic", "GTX Plus Pro", "MG Special"]
    assert await names(workspace, {"search": "plus gtx"}) == ["GTX Plus Pro"]
    assert await names(workspace, {"search": "m-1"}) == ["MG Special"]
    assert await names(workspace, {"active": True, "series": "GTX"}) == ["GTX Basic", "GTX Plus Pro"]
    assert await names(workspace, {"active": False}) == ["MG Special"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": " "}, ["input", "name"]),
        ({"name": "A", "code": "x" * 65}, ["input", "code"]),
        ({"name": "A", "price": {"amount": "-1"}}, ["input", "price"]),
        ({"name": "A", "price": {"amount": "1.999"}}, ["input", "price"]),
    ],
)
async def test_a_product_that_makes_no_sense_is_refused(
    workspace: Workspace, fields: dict[str, Any], path: list[str]
) -> None:
    refused = await workspace.do("createProduct", fields, PRODUCT)
    assert (refused["__typename"], refused["path"]) == ("ValidationProblem", path)
    assert await names(workspace, {}) == []


async def test_who_may_not_and_what_is_not_ours(workspace: Workspace, stranger: Workspace) -> None:
    _, representative = await workspace.join(Role.REPRESENTATIVE)
    refused = await workspace.do("createProduct", {"name": "A"}, PRODUCT, token=representative)
    assert refused["__typename"] == "ForbiddenProblem"
    theirs = await add(stranger, "Theirs")
    assert await workspace.ask(SHOWN, {"id": theirs["id"]}) == {"product": None}
    change = {"id": theirs["id"], "expectedVersion": 1, "name": "Ours"}
    assert (await workspace.do("updateProduct", change, PRODUCT))["__typename"] == "NotFoundProblem"
    stale = await stranger.do("updateProduct", {**change, "expectedVersion": 9}, PRODUCT)
    assert stale["__typename"] == "ConflictProblem"


async def upsert(workspace: Workspace, *rows: ProductRow) -> UpsertedProducts:
    async with write(workspace.database, workspace.owner) as (session, at):
        return await upsert_products(session, workspace.owner, rows, at=at)


async def test_the_same_rows_again_change_nothing(workspace: Workspace) -> None:
    rows = [
        ProductRow(name="GTX Basic", series="GTX", price=Money(55000, "USD")),
        ProductRow(name="GTK 500", series="GTK", price=Money(2676800, "USD")),
    ]
    first = await upsert(workspace, *rows)
    assert (set(first.added), set(first.changed)) == ({"gtx basic", "gtk 500"}, set())
    again = await upsert(workspace, *rows)
    assert (again.added, again.changed, again.ids) == (frozenset(), frozenset(), first.ids)
    dearer = ProductRow(name=" gtx  BASIC", price=Money(60000, "USD"))
    changed = await upsert(workspace, dearer)
    assert (set(changed.added), set(changed.changed)) == (set(), {"gtx basic"})
    shown = (await workspace.ask(SHOWN, {"id": str(first.ids["gtx basic"])}))["product"]
    assert (shown["price"]["amount"], shown["series"], shown["version"]) == ("600.00", "GTX", 2)


async def test_many_products_take_few_statements(workspace: Workspace) -> None:
    rows = [ProductRow(name=f"Product {number}", code=str(number)) for number in range(500)]
    with statements(workspace.database) as seen:
        assert len((await upsert(workspace, *rows)).added) == 500
    assert len(seen) == 2
