"""Arguments for any field of the schema, made from its types: what is required, and every id that it takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    get_nullable_type,
    is_required_argument,
    is_required_input_field,
)

# What a field of this name takes, where its type alone does not say what makes sense.
BY_NAME: Final[Mapping[str, Any]] = {
    "email": "someone@example.com",
    "currency": "USD",
    "amount": "12",
    "phone": "+14155550100",
    "zone": "UTC",
    "expectedVersion": 1,
    "first": 5,
    "size": 10,
    "toStage": "qualification",
    "stage": ["qualification"],
    "stageKey": "qualification",
}
SCALARS: Final[Mapping[str, Any]] = {
    "String": "Something",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "Date": "2030-01-01",
    "DateTime": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
}


@dataclass(frozen=True)
class IdArgument:
    """One id that a field takes: where it stands, whether a list holds it, and what it names."""

    path: tuple[str, ...]
    listed: bool


Definition = GraphQLArgument | GraphQLInputField


def ids_of(field: GraphQLField) -> Iterator[IdArgument]:
    """Yields every id among the arguments of a field, however deep it stands."""
    for name, argument in field.args.items():
        yield from _ids(argument.type, (name,), listed=False)


def _ids(kind: GraphQLInputType, path: tuple[str, ...], *, listed: bool) -> Iterator[IdArgument]:
    bare = get_nullable_type(kind)
    if isinstance(bare, GraphQLList):
        yield from _ids(bare.of_type, path, listed=True)
    elif isinstance(bare, GraphQLInputObjectType):
        for name, member in bare.fields.items():
            if name not in path:
                yield from _ids(member.type, (*path, name), listed=False)
    elif getattr(bare, "name", None) == "ID":
        yield IdArgument(path, listed)


def required(field: GraphQLField, ids: Mapping[str, str]) -> dict[str, Any]:
    """Makes the arguments that a field cannot do without; ``ids`` gives an id for each name of an id."""
    return {
        name: value(name, argument.type, ids) for name, argument in field.args.items() if is_required_argument(argument)
    }


def value(name: str, kind: GraphQLInputType, ids: Mapping[str, str]) -> Any:
    """Makes a value of a type that would do under a name."""
    bare = get_nullable_type(kind)
    if isinstance(bare, GraphQLList):
        return [value(name, bare.of_type, ids)]
    if isinstance(bare, GraphQLInputObjectType):
        return {
            inner: value(inner, member.type, ids)
            for inner, member in bare.fields.items()
            if is_required_input_field(member)
        }
    if isinstance(bare, GraphQLEnumType):
        return next(iter(bare.values))
    if bare.name == "ID":
        return ids[name]
    return BY_NAME.get(name, SCALARS.get(bare.name))


def put(arguments: dict[str, Any], place: IdArgument, id: str) -> dict[str, Any]:
    """Gives the arguments with an id at its place, making the objects on the way."""
    head, *rest = place.path
    changed = dict(arguments)
    if rest:
        inner = changed.get(head)
        deeper = IdArgument(tuple(rest), place.listed)
        if isinstance(inner, list):
            changed[head] = [put(inner[0] if inner else {}, deeper, id)]
        else:
            changed[head] = put(inner or {}, deeper, id)
    else:
        changed[head] = [id] if place.listed else id
    return changed
