"""Whether this process lives, and whether it can serve."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from schema.context import Services
from services.kit.checks import readiness


async def healthz(_request: Request) -> JSONResponse:
    """This will answer as long as the process runs."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> JSONResponse:
    """This will say whether the database, its migrations and Valkey are there; 503 until they are."""
    services: Services = request.app.state.services
    findings = await readiness(services.database.engine, services.redis, head=services.migration_head)
    ready = all(findings.values())
    return JSONResponse({"ready": ready, **findings}, status_code=200 if ready else 503)
