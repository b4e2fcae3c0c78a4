"""The distribution lint of logged SQL.

Each reference to a tenant table is tied to a tenant, and nothing stands in the way of spreading the tables over many
machines by tenant.
"""

import re
from collections.abc import Iterator
from typing import Final

from services.tables import metadata

TENANT_TABLES: Final = frozenset(table.name for table in metadata.tables.values() if table.info.get("kind") == "tenant")
REFERENCE: Final = re.compile(
    r"\b(?:FROM|JOIN|UPDATE|DELETE FROM|,)\s+(?:ONLY\s+)?(?P<table>\w+)(?:\s+AS\s+(?P<alias>\w+))?"
)
VOLATILE: Final = re.compile(r"\b(random|clock_timestamp|gen_random_uuid|now|nextval)\s*\(", re.IGNORECASE)
FORBIDDEN: Final = {
    "MERGE": re.compile(r"^\s*MERGE\b", re.IGNORECASE),
    "COPY": re.compile(r"^\s*COPY\b", re.IGNORECASE),
    "an advisory lock": re.compile(r"\bpg_(try_)?advisory", re.IGNORECASE),
    "NOTIFY": re.compile(r"\b(NOTIFY|pg_notify)\b", re.IGNORECASE),
}
# A test that attacks the walls with hand-written SQL says so in a comment of the statement.
EXEMPT: Final = "-- unlinted:"


def findings(statement: str) -> Iterator[str]:
    """Yields what is wrong with one statement of the application role."""
    if EXEMPT in statement:
        return
    for name, pattern in FORBIDDEN.items():
        if pattern.search(statement):
            yield f"{name} is used: {statement}"
    changing = re.match(r"\s*(UPDATE|DELETE)\b", statement) or "DO UPDATE SET" in statement
    if changing and VOLATILE.search(statement):
        yield f"a volatile function in a change: {statement}"
    for reference in REFERENCE.finditer(statement):
        table, alias = reference["table"], reference["alias"] or reference["table"]
        if table in TENANT_TABLES and not tied(statement, alias):
            yield f"{alias} is not tied to a tenant: {statement}"
    inserted = re.match(r"\s*INSERT INTO (\w+) \(([^)]*)\)", statement)
    if inserted and inserted[1] in TENANT_TABLES and "tenant_id" not in inserted[2]:
        yield f"rows without a tenant: {statement}"


def tied(statement: str, alias: str) -> bool:
    """Tells whether a table reference has its own bound tenant predicate."""
    own = rf"(?<!\.)\b(?:{alias}\.)?tenant_id\s*=\s*(?:%\(\w+\)s|\$\d+|CAST\(%\(\w+\)s)"
    other = rf"(?:%\(\w+\)s|\$\d+)(?:::UUID)?\s*=\s*{alias}\.tenant_id"
    return bool(re.search(own, statement) or re.search(other, statement))
