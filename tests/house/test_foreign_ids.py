"""Every field of the schema that takes an id, tried with another tenant's: it answers as if it were nobody's."""

import re
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLField, GraphQLObjectType, GraphQLUnionType, get_named_type

from schema.root import GRAPHQL_SCHEMA
from services.kit.ids import new_id
from services.kit.settings import Settings
from services.kit.tenancy import Database
from tests.house.arguments import IdArgument, ids_of, put, required
from tests.house.world import furnish
from tests.support import Api, Workspace, open_test_workspace

KINDS = (
    "account",
    "contact",
    "product",
    "opportunity",
    "lead",
    "ticket",
    "reminder",
    "notification",
    "invitation",
    "process",
    "member",
    "importRun",
    "reportRun",
    "upload",
)
# What an id argument of this name always means; others are called after the kind, or after the field they belong to.
NAMES = {
    "ownerId": "member",
    "assigneeId": "member",
    "managerId": "member",
    "parentId": "account",
    "subjectId": "ticket",
}
FIELDS = {"addInternalNote": "ticket", "previewImport": "upload"}


def kind_of(field: str, argument: IdArgument) -> str:
    """Tells what an id argument of a field names."""
    name = argument.path[-1]
    if name in NAMES:
        return NAMES[name]
    if name.endswith("Id") and name[:-2] in KINDS:
        return name[:-2]
    if field in FIELDS:
        return FIELDS[field]
    found = [kind for kind in KINDS if kind.lower() in field.lower()]
    assert found, f"{field}({'.'.join(argument.path)}): say in this test what the id names"
    return max(found, key=len)


def every_id(*verbs: str) -> list[Any]:
    cases = []
    for root, verb in ((GRAPHQL_SCHEMA.query_type, "query"), (GRAPHQL_SCHEMA.mutation_type, "mutation")):
        assert root is not None
        if verbs and verb not in verbs:
            continue
        for name, field in sorted(root.fields.items()):
            for argument in ids_of(field):
                label = f"{name}({'.'.join(argument.path)})"
                cases.append(pytest.param(verb, name, field, argument, id=label))
    return cases


@pytest.fixture(scope="session")
async def ours(settings: Settings, database: Database, api: Api) -> tuple[Workspace, dict[str, str]]:
    workspace = await open_test_workspace(settings, database, api, locale="en")
    return workspace, await furnish(workspace)


@pytest.fixture(scope="session")
async def theirs(settings: Settings, database: Database, api: Api) -> tuple[Workspace, dict[str, str]]:
    workspace = await open_test_workspace(settings, database, api, locale="en")
    return workspace, await furnish(workspace)


def selection(field: GraphQLField) -> str:
    """Selects what shows whether something was found, and nothing that differs by itself."""
    kind = get_named_type(field.type)
    if isinstance(kind, GraphQLUnionType):
        return "{ __typename ... on Problem { code message path } ... on ConflictProblem { currentVersion } }"
    if isinstance(kind, GraphQLObjectType):
        counted = "totalCount" if "totalCount" in kind.fields else "stages { count }" if kind.name == "Board" else ""
        return f"{{ __typename {counted} }}"
    return ""


def written(verb: str, name: str, field: GraphQLField, given: dict[str, Any]) -> str:
    variables = ", ".join(f"${argument}: {field.args[argument].type}" for argument in given)
    arguments = ", ".join(f"{argument}: ${argument}" for argument in given)
    return f"{verb}({variables}) {{ {name}({arguments}) {selection(field)} }}"


def is_empty(found: dict[str, Any]) -> bool:
    """Tells whether a list or a board that was filtered by the id holds nothing."""
    if "stages" in found:
        return not any(column["count"] for column in found["stages"])
    return bool(found["totalCount"] == 0)


@pytest.mark.parametrize(("verb", "name", "field", "argument"), every_id())
async def test_a_foreign_id_answers_like_a_missing_one(
    ours: tuple[Workspace, dict[str, str]],
    theirs: tuple[Workspace, dict[str, str]],
    verb: str,
    name: str,
    field: GraphQLField,
    argument: IdArgument,
) -> None:
    workspace, mine = ours
    kind = kind_of(name, argument)
    names = {each.path[-1]: mine[kind_of(name, each)] for each in ids_of(field)}
    # Arguments that are optional are given only where the tried id needs their company.
    arguments = required(field, names)
    if verb == "mutation" and argument.path[-1] == "subjectId":
        arguments["input"]["subjectKind"] = "TICKET"
    answers = []
    for id in (theirs[1][kind], str(new_id()), str(UUID(int=0)), "nonsense"):
        variables = put(arguments, argument, id)
        answer = await workspace.post(written(verb, name, field, variables), variables)
        for error in answer.get("errors", ()):
            error["extensions"].pop("requestId", None)
            assert error["extensions"]["code"] == "NOT_FOUND", answer
        if id != "nonsense":  # nobody's id at all; it is refused in kind, but may be refused sooner
            answers.append(re.sub(re.escape(id), "the id", str(answer)))
        if verb == "mutation":
            assert answer["data"][name]["__typename"] == "NotFoundProblem", answer
            assert answer["data"][name]["path"][-1] in {*names, argument.path[-1]}, answer
        elif "errors" not in answer:
            found = answer["data"][name]
            assert found is None or is_empty(found), answer
    assert len(set(answers)) == 1, answers


@pytest.mark.parametrize(("verb", "name", "field", "argument"), every_id("query"))
async def test_ones_own_id_is_found(
    ours: tuple[Workspace, dict[str, str]], verb: str, name: str, field: GraphQLField, argument: IdArgument
) -> None:
    """The other half of the test above; that the mutations work is for the tests of their rooms to show."""
    workspace, mine = ours
    names = {each.path[-1]: mine[kind_of(name, each)] for each in ids_of(field)}
    variables = put(required(field, names), argument, mine[kind_of(name, argument)])
    answer = await workspace.post(written(verb, name, field, variables), variables)
    assert "errors" not in answer, answer
    assert answer["data"][name] is not None


def every_id_below() -> list[Any]:
    """Gives every id that a field of a record takes, with the type of the record."""
    return [
        pytest.param(kind, name, field, argument, id=f"{kind.name}.{name}({'.'.join(argument.path)})")
        for kind in GRAPHQL_SCHEMA.type_map.values()
        if isinstance(kind, GraphQLObjectType) and kind not in (GRAPHQL_SCHEMA.query_type, GRAPHQL_SCHEMA.mutation_type)
        for name, field in sorted(kind.fields.items())
        for argument in ids_of(field)
    ]


@pytest.mark.parametrize(("kind", "name", "field", "argument"), every_id_below())
async def test_a_foreign_id_below_a_record_finds_as_little_as_a_missing_one(
    ours: tuple[Workspace, dict[str, str]],
    theirs: tuple[Workspace, dict[str, str]],
    kind: GraphQLObjectType,
    name: str,
    field: GraphQLField,
    argument: IdArgument,
) -> None:
    workspace, mine = ours
    record = f"{kind.name[0].lower()}{kind.name[1:]}"
    for id in (theirs[1][kind_of(name, argument)], str(new_id()), str(UUID(int=0)), "nonsense"):
        given = put({}, argument, id)
        declared = "".join(f", ${each}: {field.args[each].type}" for each in given)
        arguments = ", ".join(f"{each}: ${each}" for each in given)
        query = f"query($record: ID!{declared}) {{ {record}(id: $record) {{ {name}({arguments}) {{ totalCount }} }} }}"
        found = await workspace.ask(query, {"record": mine[record], **given})
        assert found[record][name] == {"totalCount": 0}, id


async def test_the_stranger_is_as_furnished_as_we_are(theirs: tuple[Workspace, dict[str, str]]) -> None:
    assert set(theirs[1]) == set(KINDS)
