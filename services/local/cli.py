"""The command `ravand`.

Each command imports what it runs when it runs: the product with its libraries takes a second to load, and `--help` or
a typing mistake must not wait for it. The processes of the product are named as text, the way uvicorn names an
application: this package starts them and knows nothing else about them.
"""
# ruff: noqa: PLC0415 -- imports inside functions are the point here, for the reason above

import importlib
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from services.local.processes import LocalError

GRACE_SECONDS: Final = 10
SCHEMA: Final = Path(__file__).parents[2] / "schema" / "schema.graphql"

app = typer.Typer(
    help="Ravand (روند): a multi-tenant CRM backend.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """This will run the command line; what the operator can mend is one line and exit code 1, not a traceback."""
    try:
        app()
    except LocalError as error:
        typer.echo(f"ravand: {error}", err=True)
        sys.exit(1)


@app.command()
def up() -> None:
    """Start everything on this machine: PostgreSQL, Valkey, tables, API, worker, relay. Ctrl-C stops it."""
    from rich.console import Console

    from services.local.configuration import configured
    from services.local.supervisor import up as run

    run(configured(), Console())


@app.command()
def serve() -> None:
    """Serve the API."""
    import uvicorn

    from services.local.configuration import configured

    settings = configured("database_url", "redis_url", "secret_key")
    uvicorn.run(
        "schema.gateway:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        access_log=False,  # the application logs requests itself, with their tenant
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,  # without it one unfinished request holds the shutdown for ever
    )


@app.command()
def worker() -> None:
    """Run the jobs that the relay sends."""
    from services.local.configuration import configured

    configured("database_url", "redis_url", "secret_key")
    _call("services.worker.main", "run")


@app.command()
def relay() -> None:
    """Send what has fallen due to the workers."""
    from services.local.configuration import configured

    configured("database_url", "dispatch_database_url", "redis_url")
    _call("services.worker.relay", "run")


@app.command()
def migrate() -> None:
    """Bring the database to the newest migration, as its owner (RAVAND_OWNER_DATABASE_URL)."""
    from services.local.configuration import configured
    from services.local.migrate import migrate as run

    typer.echo(run(configured("owner_database_url").owner_database_url))


@app.command()
def doctor() -> None:
    """Check everything the product stands on; the exit code is 1 when something is wrong."""
    from rich.console import Console

    from services.local.configuration import configured
    from services.local.doctor import examine, show

    checks = examine(configured())
    show(checks, Console())
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


@app.command()
def schema(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 1 when the file is out of date.")
    ] = False,
) -> None:
    """Write the GraphQL contract to schema/schema.graphql."""
    text: str = _call("schema.root", "export_schema")
    if not check:
        SCHEMA.write_text(text, encoding="utf-8")
    elif not SCHEMA.exists() or SCHEMA.read_text(encoding="utf-8") != text:
        raise LocalError("schema/schema.graphql differs from the code. Run 'ravand schema' and commit it.")


def _call(module: str, function: str) -> Any:
    return getattr(importlib.import_module(module), function)()
