"""The HTTP application: one GraphQL endpoint, signed files, health."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import orjson
import structlog
from graphql import GraphQLError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

from schema import files, health
from schema.auth import authenticate, preferred_locale
from schema.context import Context, Services
from schema.limits import BadRequest, operation
from schema.root import schema
from services.kit.checks import migration_head, refuse_unsafe_role
from services.kit.errors import AppError, Locale, Message
from services.kit.files import FileStore
from services.kit.log import configure_logging
from services.kit.settings import Settings
from services.kit.settings import settings as read_settings
from services.kit.tenancy import open_database

log = structlog.get_logger(__name__)

JSON: Final = "application/json; charset=utf-8"
RESPONSE_JSON: Final = "application/graphql-response+json; charset=utf-8"

INTERNAL = Message(
    "internal",
    "Something went wrong on our side. Request {request_id}.",
    "خطایی در سمت ما رخ داد. شناسهٔ درخواست: {request_id}.",
)
BAD_DOCUMENT = Message(
    "bad_document",
    "The GraphQL document is not valid: {detail}",
    "سند GraphQL معتبر نیست: {detail}",
)


def answer(body: Any, status: int, media_type: str) -> Response:
    """This will write a GraphQL answer as UTF-8 JSON."""
    return Response(orjson.dumps(body), status_code=status, media_type=media_type)


def error(message: str, code: str, **extensions: Any) -> dict[str, Any]:
    """This will be one GraphQL error with its code."""
    return {"message": message, "extensions": {"code": code, **extensions}}


def worded(failure: GraphQLError, locale: Locale, request_id: str) -> dict[str, Any]:
    """This will word one error for the caller: expected failures as they are, faults masked by a request id."""
    shaped: dict[str, Any] = dict(failure.formatted)
    original = failure.original_error
    if isinstance(original, AppError):
        shaped["message"] = original.text(locale)
        shaped["extensions"] = {"code": original.code, "path": [str(part) for part in original.path]}
    elif original is None:
        shaped["message"] = BAD_DOCUMENT.text(locale, detail=failure.message)
        shaped["extensions"] = {"code": "GRAPHQL_VALIDATION_FAILED", "detail": failure.message}
    else:
        log.error("unexpected failure", request_id=request_id, exc_info=original)
        shaped["message"] = INTERNAL.text(locale, request_id=request_id)
        shaped["extensions"] = {"code": "INTERNAL", "requestId": request_id}
    return shaped


async def graphql(request: Request) -> Response:
    """This will answer one GraphQL operation over POST."""
    services: Services = request.app.state.services
    request_id = request.headers.get("x-request-id", "")[:64] or str(uuid7())
    locale = preferred_locale(request.headers.get("accept-language", ""))
    modern = "application/graphql-response+json" in request.headers.get("accept", "")
    media_type = RESPONSE_JSON if modern else JSON
    try:
        asked = await operation(request, services.settings.body_limit_bytes)
    except ClientDisconnect:
        return Response(status_code=400)
    except BadRequest as refusal:
        body = {"errors": [error(refusal.message.text(locale, **refusal.values), refusal.code)]}
        return answer(body, refusal.status, media_type)
    caller = None
    authorization = request.headers.get("authorization")
    if authorization:
        try:
            caller = await authenticate(services.settings, services.database, authorization, request_id=request_id)
        except AppError as refusal:
            return answer({"errors": [error(refusal.text(locale), refusal.code)]}, 401, media_type)
        locale = caller.locale
    context = Context(
        services=services,
        member=caller,
        locale=locale,
        request_id=request_id,
        address=request.client.host if request.client else "",
        idempotency_key=request.headers.get("idempotency-key"),
    )
    try:
        result = await schema.execute(
            asked.query, variable_values=asked.variables, operation_name=asked.operation_name, context_value=context
        )
    finally:
        await context.close()
    shaped: dict[str, Any] = {}
    if result.errors:
        shaped["errors"] = [worded(failure, locale, request_id) for failure in result.errors]
    refused = result.data is None and bool(result.errors) and all(f.original_error is None for f in result.errors or ())
    if not refused:
        shaped["data"] = result.data
    response = answer(shaped, 400 if refused and modern else 200, media_type)
    response.headers["x-request-id"] = request_id
    return response


def create_app(settings: Settings | None = None, *, database: Any = None) -> Starlette:
    """This will build the application; a test may pass the settings and a database with its own clock."""
    chosen = settings or read_settings()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        configure_logging(chosen)
        opened = database or open_database(
            chosen.database_url,
            pool_size=chosen.database_pool_size,
            prepare_threshold=chosen.database_prepare_threshold,
            name="ravand-api",
        )
        await refuse_unsafe_role(opened.engine)
        redis = Redis.from_url(chosen.redis_url, socket_timeout=5, socket_connect_timeout=2)
        app.state.services = Services(
            settings=chosen,
            database=opened,
            files=FileStore.local(chosen.files_folder),
            redis=redis,
            migration_head=migration_head(),
        )
        try:
            yield
        finally:
            with contextlib.suppress(
                RedisError
            ):  # Valkey may be gone before us; nothing is lost by not saying good-bye
                await redis.aclose()
            if database is None:
                await opened.close()

    return Starlette(
        routes=[
            Route("/graphql", graphql, methods=["POST"]),
            Route("/files/{token}", files.download, methods=["GET"]),
            Route("/files/{token}", files.upload, methods=["PUT"]),
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
        ],
        lifespan=lifespan,
    )
