"""Bytes in and out over signed links that expire."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from schema.auth import preferred_locale
from schema.context import Services
from schema.limits import BadRequest, body_within
from services.kit.errors import AppError, Locale, Message, NotFound
from services.kit.files import receive, stored
from services.kit.signing import sign, verify
from services.kit.tenancy import Caller, read, write

BAD_LINK = Message("bad_link", "This link is expired or not valid.", "این پیوند منقضی یا نامعتبر است.")


@dataclass(frozen=True, slots=True)
class Link:
    """This will be an address that works until a moment."""

    url: str
    expires_at: datetime


def link(services: Services, caller: Caller, purpose: str, file_id: UUID) -> Link:
    """This will make an expiring link to one file: purpose ``upload`` or ``download``."""
    claims = {"tid": str(caller.tenant_id), "fid": str(file_id), "loc": caller.locale}
    at, seconds = services.database.clock(), services.settings.link_seconds
    token = sign(services.settings.secret_key, purpose, claims, at=at, seconds=seconds)
    return Link(f"{services.settings.base_url}/files/{token}", at + timedelta(seconds=seconds))


def _holder(request: Request, purpose: str) -> tuple[Caller, UUID]:
    services: Services = request.app.state.services
    claims = verify(services.settings.secret_key, purpose, request.path_params["token"], at=services.database.clock())
    if claims is None:
        raise NotFound(BAD_LINK)
    return Caller(tenant_id=UUID(claims["tid"]), locale=claims["loc"], channel="LINK"), UUID(claims["fid"])


def _refusal(error: AppError | BadRequest, locale: Locale, status: int) -> JSONResponse:
    return JSONResponse({"error": {"code": error.code, "message": error.text(locale)}}, status_code=status)


async def download(request: Request) -> Response:
    """This will give the bytes behind a download link."""
    services: Services = request.app.state.services
    locale = preferred_locale(request.headers.get("accept-language", ""))
    try:
        caller, file_id = _holder(request, "download")
        locale = caller.locale  # whoever the link was made for
        async with read(services.database, caller) as session:
            row = await stored(session, file_id)
    except AppError as error:
        return _refusal(error, locale, 404)
    content = await services.files.get(caller.tenant_id, file_id)
    disposition = f"attachment; filename*=UTF-8''{quote(row.name)}"
    headers = {
        "content-disposition": disposition,
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    return Response(content, media_type=row.media_type, headers=headers)


async def upload(request: Request) -> Response:
    """This will take the bytes that an upload link announced."""
    services: Services = request.app.state.services
    locale = preferred_locale(request.headers.get("accept-language", ""))
    try:
        caller, file_id = _holder(request, "upload")
        locale = caller.locale  # whoever the link was made for
        content = await body_within(request, services.settings.upload_limit_bytes)
        async with write(services.database, caller) as (session, _at):
            row = await receive(session, services.files, file_id=file_id, content=content)
    except AppError as error:
        return _refusal(error, locale, 404 if isinstance(error, NotFound) else 422)
    except BadRequest as error:
        return _refusal(error, locale, error.status)
    except ClientDisconnect:
        return Response(status_code=400)
    return JSONResponse({"id": str(row.id), "size": row.size, "sha256": row.sha256})
