"""What a request must look like before anything is parsed."""

from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request

from services.kit.errors import Locale, Message

MAX_NESTING: Final = 64

BODY_TOO_LARGE = Message(
    "body_too_large",
    "The request body must not be larger than {limit} bytes.",
    "بدنهٔ درخواست نباید بزرگ‌تر از {limit} بایت باشد.",
)
BODY_NOT_JSON = Message(
    "body_not_json",
    "The request body must be a JSON object in UTF-8 with a text `query`.",
    "بدنهٔ درخواست باید یک شیء JSON در UTF-8 با متن `query` باشد.",
)
BAD_MEDIA_TYPE = Message(
    "bad_media_type",
    "Send the operation as application/json.",
    "عملیات را با نوع application/json بفرستید.",
)
ONLY_QUERIES = Message(
    "only_queries_by_get",
    "A GET may only ask; send what changes something with POST.",
    "با GET تنها می‌توان پرسید؛ آنچه چیزی را تغییر می‌دهد با POST فرستاده می‌شود.",
)
BAD_MEMBER = Message(
    "bad_request_member",
    "`{member}` has the wrong type.",
    "نوع `{member}` درست نیست.",
)


class BadRequest(Exception):
    """This will refuse a request before it is parsed as GraphQL."""

    def __init__(self, message: Message, *, code: str = "BAD_REQUEST", status: int = 400, **values: object) -> None:
        super().__init__(message.key)
        self.message = message
        self.code = code
        self.status = status
        self.values = values

    def text(self, locale: Locale) -> str:
        """This will word the refusal in the caller's language."""
        return self.message.text(locale, **self.values)


@dataclass(frozen=True, slots=True)
class Operation:
    """This will be what a client asks: the document, its variables, and which of its operations."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


async def body_within(request: Request, limit: int) -> bytes:
    """This will read a body, and stop as soon as it exceeds ``limit`` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise BadRequest(BODY_TOO_LARGE, code="TOO_LARGE", status=413, limit=limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BadRequest(BODY_TOO_LARGE, code="TOO_LARGE", status=413, limit=limit)
        parts.append(part)
    return b"".join(parts)


async def operation(request: Request, limit: int) -> Operation:
    """This will read a GraphQL-over-HTTP request, refusing whatever is not one."""
    return _checked(_from_address(request) if request.method == "GET" else await _from_body(request, limit))


def _from_address(request: Request) -> dict[str, Any]:
    """Reads what a GET carries in its address, where JSON stands as text."""
    asked: dict[str, Any] = {"query": request.query_params.get("query")}
    if "operationName" in request.query_params:
        asked["operationName"] = request.query_params["operationName"]
    for member in ("variables", "extensions"):
        if member in request.query_params:
            try:
                asked[member] = orjson.loads(request.query_params[member])
            except orjson.JSONDecodeError as error:
                raise BadRequest(BAD_MEMBER, member=member) from error
    return asked


async def _from_body(request: Request, limit: int) -> Any:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise BadRequest(BAD_MEDIA_TYPE, status=415)
    raw = await body_within(request, limit)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(BODY_NOT_JSON) from error


def _checked(body: Any) -> Operation:
    if not isinstance(body, dict) or not isinstance(body.get("query"), str) or nesting(body) > MAX_NESTING:
        raise BadRequest(BODY_NOT_JSON)
    variables, name = body.get("variables"), body.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(BAD_MEMBER, member="variables")
    if name is not None and not isinstance(name, str):
        raise BadRequest(BAD_MEMBER, member="operationName")
    extensions = body.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest(BAD_MEMBER, member="extensions")
    return Operation(query=body["query"], variables=variables, operation_name=name)


def nesting(value: Any) -> int:
    """This will tell how deep the objects and lists of a JSON value are nested, without recursion."""
    deepest = 0
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict):
            deepest = max(deepest, depth + 1)
            waiting.extend((child, depth + 1) for child in item.values())
        elif isinstance(item, list):
            deepest = max(deepest, depth + 1)
            waiting.extend((child, depth + 1) for child in item)
    return deepest
