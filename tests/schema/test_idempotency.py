"""Idempotency keys: the same request again is not carried out again, whatever happens in between."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from schema import gateway
from schema.idempotency import UNDER_WAY
from services.kit.idempotency import MAX_KEY, Claim, Running, claim, fingerprint, keep_answer
from services.kit.permissions import Role
from tests.support import Clock, Workspace

CREATE = """
mutation($name: String!) {
    createAccount(input: { name: $name }) { __typename ... on AccountPayload { account { id name } } }
}
"""


async def send(
    workspace: Workspace, key: str, name: str, *, query: str = CREATE, token: str | None = None
) -> httpx2.Response:
    return await workspace.api.http.post(
        "/graphql",
        json={"query": query, "variables": {"name": name}},
        headers={"authorization": f"Bearer {token or workspace.token}", "idempotency-key": key},
    )


async def accounts(workspace: Workspace) -> int:
    data = await workspace.ask("{ accounts { totalCount } }")
    count: int = data["accounts"]["totalCount"]
    return count


async def test_the_same_request_again_gets_the_same_answer(workspace: Workspace) -> None:
    first = await send(workspace, "one", "Aria")
    again = await send(workspace, "one", "Aria")
    assert first.json()["data"]["createAccount"]["__typename"] == "AccountPayload"
    assert again.content == first.content
    assert [answer.headers["idempotent-replayed"] for answer in (first, again)] == ["false", "true"]
    assert await accounts(workspace) == 1


async def test_a_key_stands_for_one_request_of_one_member(workspace: Workspace, stranger: Workspace) -> None:
    await send(workspace, "mine", "Aria")
    other = await send(workspace, "mine", "Barsin")
    assert (other.status_code, other.json()["errors"][0]["extensions"]["code"]) == (409, "CONFLICT")
    assert await accounts(workspace) == 1
    _, colleague = await workspace.join(Role.MANAGER)
    for who, token in ((workspace, colleague), (stranger, None)):
        answer = await send(who, "mine", "Caspian", token=token)
        assert answer.json()["data"]["createAccount"]["__typename"] == "AccountPayload"


async def test_what_changed_nothing_may_be_sent_again_under_its_key(workspace: Workspace) -> None:
    await send(workspace, "first", "Aria")
    assert (await send(workspace, "second", "Aria")).json()["data"]["createAccount"]["__typename"] == "ConflictProblem"
    corrected = await send(workspace, "second", "Barsin")
    assert corrected.json()["data"]["createAccount"]["__typename"] == "AccountPayload"


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY + 1), "tab\there"])
async def test_a_bad_key_is_refused(workspace: Workspace, key: str) -> None:
    answer = await send(workspace, key, "Aria")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "VALIDATION")
    assert await accounts(workspace) == 0


async def test_a_thousand_at_once_have_one_effect(workspace: Workspace) -> None:
    answers = await asyncio.gather(*(send(workspace, "many", "Aria") for _ in range(1_000)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.headers["idempotent-replayed"] == "false" for answer in answers) == 1
    assert await accounts(workspace) == 1


async def test_two_processes_share_a_key_through_the_database(workspace: Workspace) -> None:
    """What this process knows of its own requests is put aside, as if each came to another process."""
    UNDER_WAY.clear()

    async def elsewhere(number: int) -> httpx2.Response:
        await asyncio.sleep(number / 1000)
        UNDER_WAY.pop((workspace.id, workspace.owner.member, "shared"), None)
        return await send(workspace, "shared", "Aria")

    answers = await asyncio.gather(*(elsewhere(number) for number in range(30)))
    assert len({answer.content for answer in answers}) == 1
    assert await accounts(workspace) == 1


async def test_queries_take_no_notice_of_a_key(workspace: Workspace) -> None:
    asked = "query($name: String!) { accounts(filter: { search: $name }) { totalCount } }"
    for _ in range(2):
        answer = await send(workspace, "asked", "Aria", query=asked)
        assert "idempotent-replayed" not in answer.headers
        await send(workspace, "made", "Aria")
    assert answer.json()["data"]["accounts"]["totalCount"] == 1


async def test_an_answer_lost_after_the_effect_does_not_double_it(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the commit of the mutation and the keeping of its answer."""

    async def dies(*_args: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr("schema.idempotency.keep_answer", dies)
        with pytest.raises(ConnectionResetError):
            await send(workspace, "lost", "Aria")
    clock.advance(timedelta(minutes=2))
    answer = await send(workspace, "lost", "Aria")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (409, "CONFLICT")
    assert await accounts(workspace) == 1


async def test_a_claim_that_was_replaced_carries_nothing_out(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first sender stalls for minutes before its write and a second one takes over: only one changes anything."""
    mark = fingerprint({"query": CREATE, "variables": {"name": "Aria"}, "operationName": None})
    stalled = await claim(workspace.database, workspace.owner, key="slow", print_=mark)
    assert isinstance(stalled, Claim)
    with pytest.raises(Running):
        await claim(workspace.database, workspace.owner, key="slow", print_=mark)
    clock.advance(timedelta(minutes=2))
    assert (await send(workspace, "slow", "Aria")).json()["data"]["createAccount"]["__typename"] == "AccountPayload"
    execute = gateway.execute

    async def late(document: Any, asked: Any, context: Any) -> Any:
        context.claim = stalled
        return await execute(document, asked, context)

    monkeypatch.setattr(gateway, "execute", late)
    answer = await workspace.post(CREATE, {"name": "Barsin"})
    assert answer["data"]["createAccount"]["__typename"] == "ConflictProblem"
    await keep_answer(workspace.database, workspace.owner, stalled, b"{}")
    monkeypatch.undo()
    assert (await send(workspace, "slow", "Aria")).headers["idempotent-replayed"] == "true"
    assert await accounts(workspace) == 1
