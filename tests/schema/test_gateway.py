"""The gateway's own manners: what is refused, how it is worded, and that nothing internal shows."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import orjson
import pytest
from graphql import get_introspection_query
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from schema.documents import MAX_ALIASES, MAX_DEPTH
from schema.gateway import create_app
from schema.limits import MAX_NESTING, nesting
from schema.wording import PERSIAN, worded
from services.kit.checks import UnsafeRole
from services.kit.errors import NOT_FOUND, NotFound
from services.kit.reads import Reader
from services.kit.settings import Settings
from services.kit.tenancy import Database, open_database
from services.local.provision import Urls
from tests.support import Api, Workspace, mint

PERSIAN_LETTERS = "اآبپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"


def persian(text: str) -> bool:
    return any(letter in text for letter in PERSIAN_LETTERS)


async def raw(api: Api, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    response = await api.http.post("/graphql", content=body, headers={"content-type": "application/json"} | headers)
    return response.status_code, response.json()


BODIES = {
    "empty": b"",
    "not JSON": b"{",
    "a list": b"[]",
    "a text": b'"query"',
    "no query": b"{}",
    "a query that is a number": b'{"query": 1}',
    "a query that is null": b'{"query": null}',
    "variables that are a list": b'{"query": "{ __typename }", "variables": []}',
    "an operation name that is a number": b'{"query": "{ __typename }", "operationName": 1}',
    "extensions that are a text": b'{"query": "{ __typename }", "extensions": ""}',
    "not UTF-8": b'{"query": "\xff"}',
    "too deep": b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 70 + b"1" + b"}" * 70 + b"}",
    "deeper than a parser's stack": b"[" * 100_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_malformed_body_is_refused_in_both_languages(api: Api, body: bytes) -> None:
    for locale in ("en", "fa"):
        status, answer = await raw(api, body, **{"accept-language": locale})
        assert status == 400
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
        assert persian(answer["errors"][0]["message"]) == (locale == "fa")
        assert "data" not in answer


async def test_an_oversize_body_is_refused(api: Api) -> None:
    body = orjson.dumps({"query": "{ __typename }", "variables": {"x": "x" * 300_000}})
    status, answer = await raw(api, body)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (413, "TOO_LARGE")


async def test_another_media_type_is_refused(api: Api) -> None:
    response = await api.http.post("/graphql", content=b"{}", headers={"content-type": "text/plain"})
    assert response.status_code == 415


DOCUMENTS = {
    "an unknown field": ("{ viewer { nonsense } }", "GRAPHQL_VALIDATION_FAILED"),
    "an unknown argument": ("{ viewer(x: 1) { permissions } }", "GRAPHQL_VALIDATION_FAILED"),
    "a wrong type": ('{ members(first: "ten") { totalCount } }', "GRAPHQL_VALIDATION_FAILED"),
    "a missing selection": ("{ viewer }", "GRAPHQL_VALIDATION_FAILED"),
    "a syntax error": ("{ viewer {", "GRAPHQL_PARSE_FAILED"),
    "a missing variable": ("query($id: ID!) { member(id: $id) { id } }", "BAD_USER_INPUT"),
    "an unknown operation": ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
}


@pytest.mark.parametrize(("document", "code"), DOCUMENTS.values(), ids=DOCUMENTS)
async def test_a_wrong_document_is_refused_in_the_callers_language(
    workspace: Workspace, persian_workspace: Workspace, document: str, code: str
) -> None:
    for place in (workspace, persian_workspace):
        answer = await place.post(document)
        assert answer["errors"][0]["extensions"]["code"] == code
        assert persian(answer["errors"][0]["message"]) == (place.locale == "fa")
        assert answer.get("data") is None


QUOTED = (
    "{",
    "{ account }",
    "{ accounts(first: null) { totalCount } }",
    '{ accounts(orderBy: "NAME") { totalCount } }',
    "{ accounts(filter: {x: 1}) { totalCount } }",
    "{ accounts(filter: 5) { totalCount } }",
    "query A { viewer { member { id } } } query A { viewer { member { id } } }",
    "fragment X on Account { id } { __typename }",
    "{ viewer { ... on Account { id } } }",
    "{ viewer @nope { member { id } } }",
    "query($a: String) { accounts(first: $a) { totalCount } }",
    "{ a: viewer { member { id } } a: __typename }",
    'mutation { setReminder(input: {text: "x", remindAt: "0001-01-01T00:00:00Z"}) { __typename } }',
    'mutation { setReminder(input: {text: "x"}) { __typename } }',
    "{ " + "viewer { member { id } } " * 1_000 + "}",
    "{ accounts(filter: " + "{a: " * 300 + "1" + "}" * 300 + ") { totalCount } }",
    "{ " + " ".join(f"a{number}: __typename" for number in range(25)) + " }",
    "{ " + " ".join(f"a{number}: __typename" for number in range(35)) + " }",
)


@pytest.mark.parametrize("document", QUOTED, ids=range(len(QUOTED)))
async def test_no_english_sentence_stands_in_a_persian_answer(persian_workspace: Workspace, document: str) -> None:
    for error in (await persian_workspace.post(document))["errors"]:
        assert persian(error["message"])
        assert not re.search(r"[a-z]{2,} [a-z]{2,}|نوع Value", error["message"]), error["message"]


async def test_a_members_own_language_is_spoken_before_their_body_is_read(persian_workspace: Workspace) -> None:
    for body in (b"{", b'{"query": "' + b"x" * 300_000 + b'"}'):
        _, answer = await raw(persian_workspace.api, body, authorization=f"Bearer {persian_workspace.token}")
        assert persian(answer["errors"][0]["message"])


@pytest.mark.parametrize("message", ["Cannot query field 'x' on type 'Y'.", "Something nobody translated"])
def test_every_message_has_persian_words(message: str) -> None:
    assert persian(worded(message, "fa"))
    assert worded(message, "en") == message
    assert all(persian(words) for _, words in PERSIAN)


async def test_media_types_decide_the_status_of_a_refused_document(api: Api) -> None:
    body = orjson.dumps({"query": "{ nonsense }"})
    assert (await raw(api, body, accept="application/json"))[0] == 200
    assert (await raw(api, body, accept="application/graphql-response+json"))[0] == 400


async def test_an_anonymous_caller_gets_a_coded_error(api: Api) -> None:
    answer = await api.post("{ members { totalCount } }")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_bad_tokens_are_refused(api: Api, workspace: Workspace) -> None:
    old = mint(workspace.settings, workspace.owner, workspace.database.clock() - timedelta(hours=1))
    head, body, tail = workspace.token.split(".")
    for token in ("", "nonsense", old, f"{head}.{body}.{tail[:-4]}AAAA", f"{head}.{body}."):
        response = await api.http.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"authorization": f"Bearer {token}"}
        )
        assert response.status_code == 401
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


FAN_OUT = "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(100))
HOSTILE = {
    "fragments that fan out": FAN_OUT + " fragment f100 on Query { __typename }",
    "a cycle of fragments": "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
    "a fragment in itself": "{ ...a } fragment a on Query { ...a }",
    "many aliases": "{" + " ".join(f"a{n}: __typename" for n in range(MAX_ALIASES + 1)) + "}",
    "many directives": "{ __typename " + "@skip(if: false) " * 51 + "}",
    "deep nesting": "{ member(id: 1) " + "{ manager " * (MAX_DEPTH + 1) + "{ id }" + " }" * (MAX_DEPTH + 1) + " }",
    "many root fields": "{" + " __typename" * 21 + "}",
    "many log-ins": "mutation { a: logIn(input: {}) { __typename } b: logIn(input: {}) { __typename } }",
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_document_is_refused(api: Api, document: str) -> None:
    answer = await api.post(document)
    assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED", answer
    assert persian((await api.post(document, locale="fa"))["errors"][0]["message"])


async def test_a_document_of_endless_tokens_is_refused(api: Api) -> None:
    answer = await api.post("{" + " __typename" * 5_000 + "}")
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"


def nested(depth: int) -> Any:
    value: Any = 1
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


@given(st.integers(min_value=0, max_value=2 * MAX_NESTING))
def test_nesting_counts_objects_and_lists(depth: int) -> None:
    assert nesting(nested(depth)) == depth


async def test_the_standard_introspection_query_is_answered_in_development(api: Api) -> None:
    data = await api.ask(get_introspection_query())
    assert data["__schema"]["queryType"]["name"] == "Query"


async def test_health(api: Api) -> None:
    assert (await api.http.get("/healthz")).json() == {"status": "ok"}
    ready = await api.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"ready": True, "database": True, "migrations": True, "valkey": True},
    )


async def test_the_application_refuses_a_role_that_sees_past_a_tenants_walls(settings: Settings, urls: Urls) -> None:
    opened = open_database(urls.owner, pool_size=1)
    app = create_app(settings, database=opened)
    with pytest.raises(UnsafeRole, match="bypasses row-level security"):
        async with app.router.lifespan_context(app):
            pass
    await opened.close()


async def test_a_fault_is_masked_by_a_request_id(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("services.kit.reads.Reader.page", broken)
    answer = await workspace.post("{ members { totalCount } }")
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert answer["errors"][0]["extensions"]["requestId"] in answer["errors"][0]["message"]
    assert "secret" not in str(answer)


@pytest.mark.parametrize(("origin", "allowed"), [("http://localhost:5173", True), ("https://elsewhere.example", False)])
async def test_a_front_end_of_this_machine_may_ask_in_development(api: Api, origin: str, allowed: bool) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    answer = await api.http.options("/graphql", headers=asked)
    assert (answer.headers.get("access-control-allow-origin") == origin) == allowed


async def test_an_expired_token_does_not_stand_in_the_way_of_coming_in(api: Api, workspace: Workspace) -> None:
    """A front end sends its old token with everything, also with the request for a new one."""
    old = mint(workspace.settings, workspace.owner, workspace.database.clock() - timedelta(hours=1))
    refresh = 'refreshSession(input: { refreshToken: "used" }) { __typename }'
    answer = await api.ask(f"mutation {{ {refresh} }}", token=old)
    assert answer["refreshSession"]["__typename"] == "UnauthenticatedProblem"
    both = await api.post(f"mutation {{ {refresh} logOut(input: {{}}) {{ __typename }} }}", token=old)
    assert "data" not in both
    assert both["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_one_field_that_fails_does_not_hide_why(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """GraphQL cancels the siblings of a failed field in the middle of their statements; the connection may break."""

    async def slow(reader: Reader, *_args: object, **_options: object) -> None:
        await reader.execute(text("SELECT pg_sleep(2) -- unlinted: waits to be cancelled"))

    async def refused(*_args: object, **_options: object) -> None:
        await asyncio.sleep(0.2)
        raise NotFound(NOT_FOUND)

    monkeypatch.setattr(Reader, "page", slow)
    monkeypatch.setattr(Reader, "by_ids", refused)
    answer = await workspace.post("{ members { totalCount } viewer { member { name } } }")
    assert "NOT_FOUND" in {error["extensions"]["code"] for error in answer["errors"]}, answer
    monkeypatch.undo()
    assert (await workspace.ask("{ members { totalCount } }"))["members"]["totalCount"] == 1


async def test_a_query_may_be_asked_by_address_in_development(api: Api, workspace: Workspace) -> None:
    headers = {"authorization": f"Bearer {workspace.token}"}
    asked = {"query": "query Q($first: Int!) { members(first: $first) { totalCount } }", "variables": '{"first": 1}'}
    answer = await api.http.get("/graphql", params={**asked, "operationName": "Q"}, headers=headers)
    assert answer.json() == {"data": {"members": {"totalCount": 1}}}
    changing = 'mutation { createAccount(input: { name: "By address" }) { __typename } }'
    refused = await api.http.get("/graphql", params={"query": changing}, headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (405, "BAD_REQUEST")
    assert (await workspace.ask("{ accounts { totalCount } }"))["accounts"]["totalCount"] == 0
    for params in ({}, {"query": "{ __typename }", "variables": "[]"}, {"query": "{ __typename }", "variables": "{"}):
        assert (await api.http.get("/graphql", params=params)).status_code == 400


async def test_production_answers_neither_get_nor_introspection(settings: Settings, database: Database) -> None:
    strict = settings.model_copy(update={"environment": "production"})
    async with Api.serving(create_app(strict, database=database)) as production:
        assert (await production.http.get("/graphql", params={"query": "{ __typename }"})).status_code == 405
        answer = await production.post("{ __schema { queryType { name } } }")
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        misspelt = await production.post("{ memberz { totalCount } }")
        assert "Did you mean" not in str(misspelt)


UNKEEPABLE = {
    "NUL in a filter": '{ opportunities(filter: { stage: ["\\u0000"] }) { totalCount } }',
    "NUL in a search": '{ accounts(filter: { sector: "\\u0000" }) { totalCount } }',
}


@pytest.mark.parametrize("document", UNKEEPABLE.values(), ids=UNKEEPABLE)
async def test_a_value_that_no_column_holds_is_no_fault_of_ours(persian_workspace: Workspace, document: str) -> None:
    answer = await persian_workspace.post(document)
    for failure in answer.get("errors", ()):
        assert failure["extensions"]["code"] == "VALIDATION", answer
        assert persian(failure["message"])
    assert "errors" in answer or next(iter(answer["data"].values()))["totalCount"] == 0


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1899-12-31T23:59:59+03:30"])
async def test_a_moment_beyond_all_clocks_is_refused(persian_workspace: Workspace, moment: str) -> None:
    asked = 'mutation($at: DateTime!) { setReminder(input: { text: "Look", remindAt: $at }) { __typename } }'
    answer = await persian_workspace.post(asked, {"at": moment})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
