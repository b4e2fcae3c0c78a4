"""The HTTP application: one GraphQL endpoint, signed files, health."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import orjson
import structlog
from graphql import DocumentNode, ExecutionResult, GraphQLError
from graphql import execute as graphql_execute
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from schema import files, health
from schema.auth import authenticate, preferred_locale
from schema.context import Context, Services
from schema.documents import Documents, Refused, only_asks, only_credentials
from schema.idempotency import answered_once
from schema.limits import ONLY_QUERIES, BadRequest, Operation, operation
from schema.root import GRAPHQL_SCHEMA
from schema.wording import worded
from services.kit.checks import migration_head, refuse_unsafe_role
from services.kit.errors import AppError, Conflict, Locale, Message
from services.kit.files import open_store
from services.kit.idempotency import Claim
from services.kit.ids import new_id
from services.kit.log import configure_logging
from services.kit.passwords import Passwords
from services.kit.settings import Settings
from services.kit.settings import settings as read_settings
from services.kit.tenancy import Caller, open_database

log = structlog.get_logger(__name__)

JSON: Final = "application/json; charset=utf-8"
LOCAL_ORIGIN: Final = r"http://(localhost|127\.0\.0\.1)(:\d+)?"
RESPONSE_JSON: Final = "application/graphql-response+json; charset=utf-8"

INTERNAL = Message(
    "internal",
    "Something went wrong on our side. Request {request_id}.",
    "خطایی در سمت ما رخ داد. شناسهٔ درخواست: {request_id}.",
)


def answer(body: Any, status: int, media_type: str) -> Response:
    """This will write a GraphQL answer as UTF-8 JSON."""
    return Response(orjson.dumps(body), status_code=status, media_type=media_type)


def error(message: str, code: str, **extensions: Any) -> dict[str, Any]:
    """This will be one GraphQL error with its code."""
    return {"message": message, "extensions": {"code": code, **extensions}}


def shaped(failure: GraphQLError, code: str, locale: Locale, request_id: str) -> dict[str, Any]:
    """This will word one error for the caller: expected failures as they are, faults masked by a request id."""
    formatted: dict[str, Any] = dict(failure.formatted)
    original = failure.original_error
    if isinstance(original, AppError):
        formatted["message"] = original.text(locale)
        formatted["extensions"] = {"code": original.code, "inputPath": [str(part) for part in original.path]}
    elif original is None or isinstance(original, GraphQLError):  # one of GraphQL's own, about the request
        formatted["message"] = worded(failure.message, locale)
        formatted["extensions"] = {"code": code, "detail": failure.message}
    else:
        log.error("unexpected failure", request_id=request_id, exc_info=original)
        formatted["message"] = INTERNAL.text(locale, request_id=request_id)
        formatted["extensions"] = {"code": "INTERNAL", "requestId": request_id}
    return formatted


async def graphql(request: Request) -> Response:
    """This will answer one GraphQL operation over HTTP."""
    services: Services = request.app.state.services
    request_id = request.headers.get("x-request-id", "")[:64] or str(new_id())
    locale = preferred_locale(request.headers.get("accept-language", ""))
    modern = "application/graphql-response+json" in request.headers.get("accept", "")
    media_type = RESPONSE_JSON if modern else JSON
    try:
        # The member first: whatever is wrong with the body is said in their language.
        caller, refusal = await _member(request, services, request_id)
        locale = locale if caller is None else caller.locale
        asked = await operation(request, services.settings.body_limit_bytes)
        document = request.app.state.documents.prepare(asked.query)
        if refusal is not None and not only_credentials(document, asked.operation_name):
            raise refusal
        if request.method == "GET" and not only_asks(document, asked.operation_name):
            raise BadRequest(ONLY_QUERIES, status=405)
    except ClientDisconnect:
        return Response(status_code=400)
    except BadRequest as bad:
        return answer({"errors": [error(bad.text(locale), bad.code)]}, bad.status, media_type)
    except AppError as failure:
        return answer({"errors": [error(failure.text(locale), failure.code)]}, 401, media_type)
    except Refused as refused:
        errors = [shaped(failure, refused.code, locale, request_id) for failure in refused.errors]
        return answer({"errors": errors}, 400 if modern else 200, media_type)
    status = 200

    async def run(held: Claim | None) -> bytes:
        nonlocal status
        context = Context(
            services=services,
            member=caller,
            locale=locale,
            request_id=request_id,
            address=request.client.host if request.client else "",
            claim=held,
        )
        try:
            result = await execute(document, asked, context)
        finally:
            await context.close()
        body, was_run = _body(result, locale, request_id)
        status = 400 if modern and not was_run else 200
        return orjson.dumps(body)

    headers = {"x-request-id": request_id}
    key = request.headers.get("idempotency-key")
    changes = not only_asks(document, asked.operation_name) and not only_credentials(document, asked.operation_name)
    if key is not None and caller is not None and changes:
        try:
            content, replayed = await answered_once(services.database, caller, key, asked, run)
        except AppError as failure:
            body = {"errors": [error(failure.text(locale), failure.code)]}
            return answer(body, 409 if isinstance(failure, Conflict) else 400, media_type)
        headers["idempotent-replayed"] = str(replayed).lower()
    else:
        content = await run(None)
    return Response(content, status_code=status, media_type=media_type, headers=headers)


def _body(result: ExecutionResult, locale: Locale, request_id: str) -> tuple[dict[str, Any], bool]:
    """Gives what is answered, and whether anything was executed."""
    errors = result.errors or []
    body: dict[str, Any] = {}
    if errors:
        body["errors"] = [shaped(failure, "BAD_USER_INPUT", locale, request_id) for failure in errors]
    # Without a path an error is about the request itself (a variable of the wrong type), and nothing was executed.
    was_run = result.data is not None or not errors or any(failure.path is not None for failure in errors)
    if was_run:
        body["data"] = result.data
    return body, was_run


async def _member(request: Request, services: Services, request_id: str) -> tuple[Caller | None, AppError | None]:
    """Gives the member who calls, or why the token they sent is refused."""
    authorization = request.headers.get("authorization")
    if not authorization:
        return None, None
    try:
        return await authenticate(services.settings, services.database, authorization, request_id=request_id), None
    except AppError as failure:
        return None, failure


async def execute(document: DocumentNode, asked: Operation, context: Context) -> ExecutionResult:
    """This will run a document that was found good through graphql-core."""
    result = graphql_execute(
        GRAPHQL_SCHEMA,
        document,
        context_value=context,
        variable_values=asked.variables,
        operation_name=asked.operation_name,
        hide_suggestions=context.services.settings.environment == "production",
    )
    return result if isinstance(result, ExecutionResult) else await result


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
        # A refusal is answered at once: what needs Valkey decides by itself what to do without it.
        redis = Redis.from_url(
            chosen.redis_url, socket_timeout=2, socket_connect_timeout=1, retry=Retry(NoBackoff(), retries=1)
        )
        passwords = Passwords(chosen.argon2_threads)
        app.state.services = Services(
            settings=chosen,
            database=opened,
            files=open_store(chosen.files_folder),
            redis=redis,
            passwords=passwords,
            migration_head=migration_head(),
        )
        app.state.documents = Documents(GRAPHQL_SCHEMA, introspection=chosen.environment == "development")
        try:
            yield
        finally:
            passwords.close()
            with contextlib.suppress(
                RedisError
            ):  # Valkey may be gone before us; nothing is lost by not saying good-bye
                await redis.aclose()
            if database is None:
                await opened.close()

    # An address ends up in logs and caches, so asking by GET is for people who develop, not for production.
    methods = ["GET", "POST"] if chosen.environment == "development" else ["POST"]
    return Starlette(
        routes=[
            Route("/graphql", graphql, methods=methods),
            Route("/files/{token}", files.download, methods=["GET"]),
            Route("/files/{token}", files.upload, methods=["PUT"]),
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=chosen.cors_origins,
                allow_origin_regex=LOCAL_ORIGIN if chosen.environment == "development" else None,
                allow_methods=["POST", "GET", "PUT"],
                allow_headers=["authorization", "content-type", "accept-language", "idempotency-key", "x-request-id"],
                expose_headers=["x-request-id", "idempotent-replayed"],
                max_age=600,
            )
        ],
        lifespan=lifespan,
    )
