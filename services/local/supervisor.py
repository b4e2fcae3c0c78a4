"""`ravand up`: the whole product on one machine, from an empty folder to a printed address, and down again."""

import asyncio
import fcntl
import http.client
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console
from rich.table import Table

from services.kit.settings import Settings
from services.local.children import Child, end, end_leftovers, keep
from services.local.demo import seed_demo
from services.local.home import load_secrets, open_home
from services.local.postgres import start_postgres
from services.local.processes import LocalError, port_is_taken
from services.local.resolve import Broker, Database, bring_to_head, resolve_broker, resolve_database
from services.local.runtime import DemoLogin, Environment, Running, running_path, write_running
from services.local.valkey import start_valkey

Result = TypeVar("Result")

READY_SECONDS: Final = 60
WATCH_SECONDS: Final = 1.0


class Stopped(Exception):
    """This will leave the preparation when the operator changed their mind."""


@dataclass(slots=True)
class Run:
    """This will be one run of ``ravand up``: what it has brought up so far, and whether it should go down."""

    home: Path
    console: Console
    stopping: asyncio.Event
    database: Database | None = None
    broker: Broker | None = None
    children: list[Child] = field(
        default_factory=lambda: [
            Child("api", "serve", "cyan"),
            Child("worker", "worker", "magenta"),
            Child("relay", "relay", "yellow"),
        ]
    )


def up(settings: Settings, console: Console) -> None:
    """This will run the product until SIGINT or SIGTERM; what keeps it from running is a LocalError."""
    home = open_home(settings.home)
    with _only_supervisor(home):
        end_leftovers(home, console)
        if port_is_taken(settings.host, settings.port):
            raise LocalError(
                f"Port {settings.port} of {settings.host} is taken by another program. Name another one in RAVAND_PORT."
            )
        asyncio.run(_up(settings, Run(home, console, asyncio.Event())))


@contextmanager
def _only_supervisor(home: Path) -> Iterator[None]:
    descriptor = os.open(home / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode()
            raise LocalError(
                f"Ravand runs already on {home} (process {holder}). Stop it, or name another RAVAND_HOME."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)  # the file stays: if it were deleted, two supervisors could each lock a file of that name


async def _up(settings: Settings, run: Run) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, run.stopping.set)
    try:
        environment = await _prepare(settings, run)
        logins = await _step(run, "Demo", lambda: seed_demo(environment), words=lambda made: f"{len(made)} workspaces")
        await _serve(run, environment, logins)
    except Stopped:
        run.console.print("Stopped before everything was up.")
    finally:
        await _stop_servers(run)


async def _prepare(settings: Settings, run: Run) -> Environment:
    """This will bring up the services and the tables, step by step."""
    secrets = load_secrets(run.home)
    run.database = await _step(
        run, "PostgreSQL", lambda: resolve_database(settings, run.home, secrets), words=_where_it_runs
    )
    urls = run.database.urls
    run.broker = await _step(run, "Valkey", lambda: resolve_broker(settings, run.home), words=_where_it_runs)
    await _step(run, "Migrations", lambda: bring_to_head(urls), words=lambda newest: f"at {newest}")
    return Environment(
        home=run.home,
        host=settings.host,
        port=settings.port,
        kind=settings.environment if "environment" in settings.model_fields_set else "development",
        urls=urls,
        redis_url=run.broker.url,
        secret_key=settings.secret_key.get_secret_value() or secrets.secret_key,
    )


async def _step(run: Run, title: str, work: Callable[[], Result], *, words: Callable[[Result], str]) -> Result:
    """This will do one piece of blocking work in a thread: a signal is heeded before it or after it, never inside."""
    if run.stopping.is_set():
        raise Stopped
    began = time.monotonic()
    with run.console.status(f"{title} …"):
        result = await asyncio.to_thread(work)
    run.console.print(f"[green]✓[/] {title}: {words(result)} [dim]({time.monotonic() - began:.1f} s)[/]")
    return result


def _where_it_runs(found: Database | Broker) -> str:
    if found.server is None:
        return "the one named in the environment"
    return f"{'adopted' if found.server.adopted else 'started'} on 127.0.0.1:{found.server.port}"


async def _serve(run: Run, environment: Environment, logins: Sequence[DemoLogin]) -> None:
    """This will keep the product's processes running until the wish to stop, then end them."""
    inherited = {name: value for name, value in os.environ.items() if name != "RAVAND_OWNER_DATABASE_URL"}
    variables = inherited | environment.variables() | {"PYTHONUNBUFFERED": "1"}

    def note() -> None:
        pids = {child.name: child.process.pid for child in run.children if child.process is not None}
        # The owner's address is for `ravand doctor` and `ravand migrate` beside us; none of the children gets it.
        owner = {"RAVAND_OWNER_DATABASE_URL": environment.urls.owner}
        write_running(run.home, Running(os.getpid(), pids, environment.variables() | owner))

    try:
        async with asyncio.TaskGroup() as tasks:
            for child in run.children:
                tasks.create_task(
                    keep(child, environment=variables, console=run.console, stopping=run.stopping, started=note)
                )
            tasks.create_task(_watch_servers(run))
            tasks.create_task(_announce(run, environment, logins))
            try:
                await run.stopping.wait()
                run.console.print("Stopping …")
            finally:
                await end(run.children)
    except* LocalError as failures:
        raise LocalError("; ".join(str(failure) for failure in failures.exceptions)) from failures
    finally:
        running_path(run.home).unlink(missing_ok=True)


async def _watch_servers(run: Run) -> None:
    """This will start our own PostgreSQL or Valkey again, where clients expect it, when it ends while we run."""
    while not await _stops_within(run, WATCH_SECONDS):
        if run.database and (postgres := run.database.server) and not postgres.is_running():
            run.console.print("[red]✗[/] PostgreSQL ended; starting it again")
            run.database.server = await asyncio.to_thread(start_postgres, run.home, port=postgres.port)
            _insist_on_port("PostgreSQL", postgres.port, run.database.server.port)
        if run.broker and (valkey := run.broker.server) and not valkey.is_running():
            run.console.print("[red]✗[/] Valkey ended; starting it again")
            run.broker.server = await asyncio.to_thread(start_valkey, run.home, port=valkey.port)
            _insist_on_port("Valkey", valkey.port, run.broker.server.port)


def _insist_on_port(name: str, before: int, after: int) -> None:
    if before != after:
        raise LocalError(f"{name} could not be started again on port {before}. Start Ravand again.")


async def _stops_within(run: Run, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(run.stopping.wait(), seconds)
    return run.stopping.is_set()


async def _announce(run: Run, environment: Environment, logins: Sequence[DemoLogin]) -> None:
    """This will wait until the API can serve and tell the operator where."""
    deadline = time.monotonic() + READY_SECONDS
    while not await asyncio.to_thread(_is_ready, environment.host, environment.port):
        if await _stops_within(run, 0.1):
            return
        if time.monotonic() > deadline:
            raise LocalError(f"The API was not ready after {READY_SECONDS} s; its own words are above.")
    _print_welcome(run, environment, logins)


def _is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):  # not listening yet
        return False
    finally:
        connection.close()


def _print_welcome(run: Run, environment: Environment, logins: Sequence[DemoLogin]) -> None:
    console = run.console
    console.print(f"\n[green bold]Ravand is ready[/] · روند آماده است · {environment.base_url}/graphql")
    console.print(f"  health  {environment.base_url}/healthz  {environment.base_url}/readyz")
    console.print(f"  home    {environment.home}", soft_wrap=True)
    if logins:
        table = Table("workspace", "locale", "role", "e-mail", "password", title="Demo logins · ورود آزمایشی", box=None)
        for login in logins:
            table.add_row(login.workspace, login.locale, login.role, login.email, login.password)
        console.print(table)
    console.print("Ctrl-C stops everything.\n")


async def _stop_servers(run: Run) -> None:
    """This will stop the servers that are ours; the words come last, because the terminal may be gone already."""
    ours = [(name, found.server) for name, found in (("Valkey", run.broker), ("PostgreSQL", run.database)) if found]
    for _name, server in ours:
        if server is not None:
            await asyncio.to_thread(server.stop)
    for name, server in ours:
        if server is not None:
            run.console.print(f"[green]✓[/] {name} stopped")
