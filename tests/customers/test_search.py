"""Text search: what is found, and that it stops at the tenant."""

from typing import Any

import psycopg
import pytest

from services.kit.text import fold
from services.local.provision import Urls, connect
from tests.customers.test_accounts import add
from tests.customers.test_contacts import meet
from tests.support import Workspace

ASKED = "query($f: AccountFilter) { accounts(filter: $f) { totalCount nodes { name } } }"


async def found(workspace: Workspace, words: str) -> list[str]:
    data = await workspace.ask(ASKED, {"f": {"search": words}})
    names = [node["name"] for node in data["accounts"]["nodes"]]
    assert data["accounts"]["totalCount"] == len(names)
    return names


async def test_persian_words_are_found_however_they_are_typed(persian_workspace: Workspace) -> None:
    for name in ("شرکت کیمیای سبز ۲۰۰۰", "گروه صنعتی یاس", "می‌روم گستر"):
        await add(persian_workspace, name)
    assert await found(persian_workspace, "كيمياي") == ["شرکت کیمیای سبز ۲۰۰۰"]
    assert await found(persian_workspace, "سبز 2000") == ["شرکت کیمیای سبز ۲۰۰۰"]
    assert await found(persian_workspace, "صنعتی گروه") == ["گروه صنعتی یاس"]
    assert await found(persian_workspace, "می روم") == ["می‌روم گستر"]
    assert await found(persian_workspace, "یا") == ["شرکت کیمیای سبز ۲۰۰۰", "گروه صنعتی یاس"]


async def test_similar_words_are_found_when_the_words_are_not(workspace: Workspace) -> None:
    for name in ("Rangreen Technology", "Betatech", "Zumgoity"):
        await add(workspace, name)
    assert await found(workspace, "technolgy") == ["Rangreen Technology"]
    assert await found(workspace, "tech") == ["Betatech", "Rangreen Technology"]
    assert await found(workspace, "quarry") == []


@pytest.mark.parametrize("words", ["%", "_", "\\", "%%%", "a%b", "' OR true --"])
async def test_signs_are_searched_as_signs(workspace: Workspace, words: str) -> None:
    await add(workspace, "axb")
    await add(workspace, "1000")
    assert await found(workspace, words) == []


async def test_signs_inside_words_are_found(workspace: Workspace) -> None:
    await add(workspace, "50%_off\\now")
    await add(workspace, "50xxoffxnow")
    assert await found(workspace, "50%_off\\now") == ["50%_off\\now"]


async def test_a_blank_search_is_no_condition(workspace: Workspace) -> None:
    await add(workspace, "Acme")
    assert await found(workspace, "  ") == ["Acme"]


async def test_search_combines_with_the_other_filters(workspace: Workspace) -> None:
    await add(workspace, "Acme Oslo", sector="Retail")
    await add(workspace, "Acme Bergen", sector="Medical")
    data = await workspace.ask(ASKED, {"f": {"search": "acme", "sector": "retail"}})
    assert [node["name"] for node in data["accounts"]["nodes"]] == ["Acme Oslo"]


async def test_a_changed_name_is_found_by_the_new_one_only(workspace: Workspace) -> None:
    account = await add(workspace, "Oldname")
    change = {"id": account["id"], "expectedVersion": 1, "name": "Brandnew"}
    await workspace.must("updateAccount", change, "AccountPayload { account { id } }")
    assert await found(workspace, "brandnew") == ["Brandnew"]
    assert await found(workspace, "oldname") == []


async def test_a_contact_is_found_by_name_address_and_number(persian_workspace: Workspace) -> None:
    await meet(persian_workspace, "سارا راد", email="sara.rad@pars.ir", phone="۰۹۱۲ ۳۴۵ ۶۷۸۹")
    asked = "query($f: ContactFilter) { contacts(filter: $f) { nodes { name } } }"
    for words in ("سارا", "SARA.RAD@pars.ir", "pars.ir", "09123456789", "+989123456789", "۳۴۵۶۷۸۹"):
        data = await persian_workspace.ask(asked, {"f": {"search": words}})
        assert data["contacts"]["nodes"] == [{"name": "سارا راد"}], words


async def test_nothing_of_another_tenant_is_found(workspace: Workspace, stranger: Workspace) -> None:
    await add(stranger, "Secret Partner")
    assert await found(workspace, "secret") == []
    assert await found(stranger, "secret") == ["Secret Partner"]


def called(urls: Urls, own: Any, *arguments: Any) -> list[Any]:
    with connect(urls.app) as connection, connection.transaction():
        if own is not None:
            connection.execute("SELECT app.set_tenant(%s)", [own])
        return connection.execute("SELECT app.search(%s, %s, %s, %s)", arguments).fetchall()


async def test_the_function_serves_the_tenant_of_the_transaction_and_no_other(
    urls: Urls, workspace: Workspace, stranger: Workspace
) -> None:
    account = await add(stranger, "Secret Partner")
    assert [str(row[0]) for row in called(urls, stranger.id, stranger.id, "account", fold("Secret"), 10)] == [
        account["id"]
    ]
    for own in (workspace.id, None):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            called(urls, own, stranger.id, "account", "secret", 10)
    for tenant in (None, stranger.id):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            called(urls, workspace.id, tenant, "account", "secret", 10)


@pytest.mark.parametrize("kind", ["member", "pg_class", "account; DROP TABLE account", "app.account", ""])
async def test_only_what_can_be_searched_is(urls: Urls, workspace: Workspace, kind: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        called(urls, workspace.id, workspace.id, kind, "acme", 10)


async def test_no_more_than_asked_for_are_found_the_newest_first(urls: Urls, workspace: Workspace) -> None:
    accounts = [await add(workspace, f"Acme {n}") for n in range(4)]
    rows = called(urls, workspace.id, workspace.id, "account", "acme", 2)
    assert [str(row[0]) for row in rows] == [accounts[3]["id"], accounts[2]["id"]]
