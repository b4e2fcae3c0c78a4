"""Documents: parsed, limited and validated once, then kept.

The limits are one linear pass over the document: each fragment is measured once and its measure added wherever it is
spread, so a document of a few hundred bytes that fans out exponentially costs as little to refuse as any other.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)

from schema.limits import BadRequest
from services.kit.errors import Message

MAX_TOKENS: Final = 2_000
MAX_DEPTH: Final = 12
MAX_ALIASES: Final = 30
MAX_DIRECTIVES: Final = 50
MAX_FIELDS: Final = 1_000
MAX_ROOT_FIELDS: Final = 20
MAX_CREDENTIAL_FIELDS: Final = 1
CREDENTIAL_FIELDS: Final = frozenset({"signUp", "verifyEmail", "logIn", "refreshSession", "acceptInvitation"})
KEPT: Final = 1_000
MAX_ERRORS: Final = 20
INTROSPECTION_DEPTH: Final = 16

TOO_BIG = Message(
    "document_too_big",
    "The document is too big: {what} {found}, at most {limit} are allowed.",
    "سند بیش از اندازه بزرگ است: {what_fa} {found}؛ حداکثر {limit} مجاز است.",
)
TOO_DEEP = Message(
    "document_too_deep",
    "The document is nested too deeply: at most {limit} levels are allowed.",
    "سند بیش از اندازه تودرتو است؛ حداکثر {limit} سطح مجاز است.",
)
MEASURES: Final = {
    "depth": "عمق",
    "fields": "شمار فیلدها",
    "aliases": "شمار نام‌های مستعار",
    "directives": "شمار راهنماها",
    "root fields": "شمار فیلدهای ریشه",
    "credential fields": "شمار فیلدهای ورود",
}
CYCLE = Message(
    "fragment_cycle",
    "The fragment {name} contains itself.",
    "قطعهٔ {name} خودش را در بر دارد.",
)


class Refused(Exception):
    """This will refuse a document with the errors that say why."""

    def __init__(self, code: str, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


class LimitExceeded(BadRequest):
    """This will refuse a document for its size before it is validated."""

    def __init__(self, message: Message, **values: object) -> None:
        super().__init__(message, code="LIMIT_EXCEEDED", status=400, **values)


def _too_big(what: str, found: int, limit: int) -> LimitExceeded:
    return LimitExceeded(TOO_BIG, what=what, what_fa=MEASURES[what], found=found, limit=limit)


@dataclass(frozen=True, slots=True)
class Measure:
    """This will hold the size of a selection with every fragment written out in place."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def beside(self, other: "Measure") -> "Measure":
        """This will add a selection that stands beside this one."""
        return Measure(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
        )


def check_limits(document: DocumentNode) -> None:
    """This will refuse a document that is larger than any front end needs."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measured = _measure_fragments(fragments)
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode):
            continue
        total = _measure(node.selection_set, measured).beside(Measure(directives=len(node.directives or ())))
        depth_limit = INTROSPECTION_DEPTH if _introspects(node) else MAX_DEPTH
        for what, found, limit in (
            ("depth", total.depth, depth_limit),
            ("fields", total.fields, MAX_FIELDS),
            ("aliases", total.aliases, MAX_ALIASES),
            ("directives", total.directives, MAX_DIRECTIVES),
        ):
            if found > limit:
                # An exponential document has a number of fields that nobody wants to read in full.
                raise _too_big(what, min(found, 10**9), limit)
        _check_roots(node, fragments)


def _introspects(operation: OperationDefinitionNode) -> bool:
    """Tells whether an operation only asks about the schema, whose standard query is deep by nature."""
    roots = operation.selection_set.selections
    return all(isinstance(field, FieldNode) and field.name.value.startswith("__") for field in roots)


def _measure_fragments(fragments: dict[str, FragmentDefinitionNode]) -> dict[str, Measure]:
    """Measures each fragment once, the ones it spreads first; iterative, so that no chain is too long for the stack."""
    measured: dict[str, Measure] = {}
    under_way: set[str] = set()
    for start in fragments:
        waiting = [start]
        while waiting:
            name = waiting[-1]
            if name in measured:
                waiting.pop()
                continue
            node = fragments[name]
            missing = [
                spread for spread in _spreads(node.selection_set) if spread in fragments and spread not in measured
            ]
            if not missing:
                measured[name] = _measure(node.selection_set, measured)
                under_way.discard(name)
                waiting.pop()
                continue
            under_way.add(name)
            for spread in missing:
                if spread in under_way:
                    raise LimitExceeded(CYCLE, name=spread)
            waiting.extend(missing)
    return measured


def _spreads(selections: SelectionSetNode) -> list[str]:
    found: list[str] = []
    waiting = [selections]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FragmentSpreadNode):
                found.append(node.name.value)
            elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
                waiting.append(node.selection_set)
    return found


def _measure(selections: SelectionSetNode, fragments: dict[str, Measure]) -> Measure:
    """Measures one selection; its own nesting is bounded by the number of tokens, and parsed recursively already."""
    total = Measure()
    for node in selections.selections:
        directives = Measure(directives=len(node.directives or ()))
        if isinstance(node, FragmentSpreadNode):
            total = total.beside(fragments.get(node.name.value, Measure())).beside(directives)
        elif isinstance(node, InlineFragmentNode):
            total = total.beside(_measure(node.selection_set, fragments)).beside(directives)
        elif isinstance(node, FieldNode):
            inner = _measure(node.selection_set, fragments) if node.selection_set else Measure()
            own = Measure(inner.depth + 1, inner.fields + 1, inner.aliases + (node.alias is not None), inner.directives)
            total = total.beside(own).beside(directives)
    return total


def _check_roots(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> None:
    names = _root_fields(operation.selection_set, fragments)
    if len(names) > MAX_ROOT_FIELDS:
        raise _too_big("root fields", len(names), MAX_ROOT_FIELDS)
    if operation.operation is OperationType.MUTATION:
        credentials = sum(name in CREDENTIAL_FIELDS for name in names)
        if credentials > MAX_CREDENTIAL_FIELDS:
            raise _too_big("credential fields", credentials, MAX_CREDENTIAL_FIELDS)


def _root_fields(selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> list[str]:
    """Lists the root fields with fragments written out; the measure has already bounded how many there are."""
    names: list[str] = []
    waiting = [selections]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                names.append(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
                waiting.append(fragments[node.name.value].selection_set)
    return names


def only_asks(document: DocumentNode, operation_name: str | None) -> bool:
    """This will tell whether the operation that would run changes nothing."""
    return all(node.operation is OperationType.QUERY for node in _chosen(document, operation_name))


def _chosen(document: DocumentNode, operation_name: str | None) -> list[OperationDefinitionNode]:
    return [
        node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
        and (operation_name is None or (node.name is not None and node.name.value == operation_name))
    ]


def only_credentials(document: DocumentNode, operation_name: str | None) -> bool:
    """This will tell whether an operation only lets someone in, for which an expired token is no obstacle."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = _chosen(document, operation_name)
    return len(operations) == 1 and all(
        name in CREDENTIAL_FIELDS for name in _root_fields(operations[0].selection_set, fragments)
    )


class Documents:
    """This will keep the documents that were found good, the least recently asked dropped first."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool) -> None:
        self._schema = schema
        self._rules = [*specified_rules] if introspection else [*specified_rules, NoSchemaIntrospectionCustomRule]
        self._hints = introspection
        self._kept: OrderedDict[str, DocumentNode] = OrderedDict()

    def prepare(self, text: str) -> DocumentNode:
        """This will give the document of a text, or refuse it with every reason found (at most ``MAX_ERRORS``)."""
        if text in self._kept:
            self._kept.move_to_end(text)
            return self._kept[text]
        try:
            document = parse(text, max_tokens=MAX_TOKENS)
        except GraphQLError as error:
            raise Refused("GRAPHQL_PARSE_FAILED", [error]) from error
        except RecursionError as error:
            raise LimitExceeded(TOO_DEEP, limit=MAX_DEPTH) from error
        check_limits(document)
        errors = validate(self._schema, document, self._rules, max_errors=MAX_ERRORS, hide_suggestions=not self._hints)
        if errors:
            raise Refused("GRAPHQL_VALIDATION_FAILED", errors)
        self._kept[text] = document
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return document
