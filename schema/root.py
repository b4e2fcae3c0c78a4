"""The one schema of all tenants, put together from the modules."""

from typing import Any

import strawberry
from graphql import GraphQLError, lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from schema import access, customers, imports, reminders, reports, support, tenants
from schema.pipeline import leads, opportunities, processes, products
from schema.scalars import SCALARS, plain

MODULES: tuple[Any, ...] = (
    tenants,
    access,
    customers,
    reminders,
    processes,
    products,
    opportunities,
    leads,
    imports,
    support,
    reports,
)


def _merged(name: str) -> Any:
    return merge_types(name, tuple(getattr(module, name) for module in MODULES if hasattr(module, name)))


class Schema(strawberry.Schema):
    """This will be the schema; failures are logged once, by the gateway, with the request they belong to."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """This will leave the logging of errors to the gateway."""


schema = Schema(
    query=_merged("Query"),
    mutation=_merged("Mutation") if any(hasattr(module, "Mutation") for module in MODULES) else None,
    types=[kind for module in MODULES for kind in module.TYPES],
    config=StrawberryConfig(default_resolver=plain, scalar_map=SCALARS),
)


# What executes; strawberry offers no public name for it.
GRAPHQL_SCHEMA = schema._schema


def export_schema() -> str:
    """This will write the contract as text, sorted, so that a change shows as a difference."""
    return print_schema(lexicographic_sort_schema(GRAPHQL_SCHEMA)) + "\n"
