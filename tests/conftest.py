"""Servers for the whole run, a database for each test process, and a workspace for each test that asks for one."""

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, event, text

from schema.gateway import create_app
from services.kit.settings import Settings
from services.kit.tenancy import Database, open_database
from services.local.migrate import migrate
from services.local.postgres import start_postgres
from services.local.provision import ROLES, Urls, provision
from services.local.valkey import start_valkey
from tests.house.distribution import findings
from tests.support import Api, Clock, Workspace, open_test_workspace

TEMPLATE = "ravand_template"
SERVERS: list[Any] = []
HOMES: list[Path] = []


def pytest_configure(config: pytest.Config) -> None:
    """Starts the servers once, in the process that hands out the tests; the others learn the addresses from it."""
    if "RAVAND_TEST_POSTGRES" in os.environ:
        return
    home = Path(tempfile.mkdtemp(prefix="ravand-tests-"))
    home.chmod(0o711)  # as root the server runs as another user, who must be able to pass through
    HOMES.append(home)
    # A test run may lose its data; waiting for the disk would only make it slower.
    postgres = start_postgres(
        home,
        settings={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"},
    )
    SERVERS.append(postgres)
    valkey = start_valkey(home)
    SERVERS.append(valkey)
    password = secrets.token_hex(16)
    urls = provision(postgres.superuser_url, database=TEMPLATE, passwords=dict.fromkeys(ROLES, password))
    migrate(urls.owner)
    os.environ["RAVAND_TEST_POSTGRES"] = postgres.superuser_url
    os.environ["RAVAND_TEST_PASSWORD"] = password
    os.environ["RAVAND_TEST_VALKEY"] = valkey.url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops what this process started."""
    for server in reversed(SERVERS):
        server.stop()
    for home in HOMES:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return ("asyncio", {"use_uvloop": True})


def clone_database(name: str) -> Urls:
    """Copies the migrated template; the copy has the same roles."""
    superuser = os.environ["RAVAND_TEST_POSTGRES"]
    engine = create_engine(superuser, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" OWNER ravand_owner'))
    engine.dispose()
    return provision(superuser, database=name, passwords=dict.fromkeys(ROLES, os.environ["RAVAND_TEST_PASSWORD"]))


@pytest.fixture(scope="session")
def urls(worker_id: str) -> Urls:
    """The three addresses of this test process's own database."""
    return clone_database(f"ravand_{worker_id}")


@pytest.fixture
def fresh_urls(request: pytest.FixtureRequest) -> Iterator[Urls]:
    """The three addresses of a database that nobody else uses, for tests that run relays or break things."""
    name = f"ravand_{secrets.token_hex(4)}"
    yield clone_database(name)
    engine = create_engine(os.environ["RAVAND_TEST_POSTGRES"], isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


@pytest.fixture(scope="session")
def owner_url(urls: Urls) -> str:
    return urls.owner


@pytest.fixture(scope="session")
def worker_id() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def valkey_url(worker_id: str) -> str:
    """Each test process has a logical database of its own."""
    number = int("".join(filter(str.isdigit, worker_id)) or 0) + 1
    return f"{os.environ['RAVAND_TEST_VALKEY'].rsplit('/', 1)[0]}/{number}"


def make_settings(urls: Urls, valkey_url: str, home: Path) -> Settings:
    return Settings(
        _env_file=None,
        environment="development",
        home=home,
        database_url=urls.app,
        dispatch_database_url=urls.dispatch,
        redis_url=valkey_url,
        secret_key=SecretStr(secrets.token_hex(32)),
        database_pool_size=8,
    )


@pytest.fixture(scope="session", autouse=True)
def distribution_lint() -> Iterator[None]:
    """Reads every distinct statement that the application role sent during the tests; none may cross tenants."""
    seen: set[str] = set()

    def remember(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        if connection.engine.url.username == "ravand_app":
            seen.add(statement)

    event.listen(Engine, "before_cursor_execute", remember)
    yield
    event.remove(Engine, "before_cursor_execute", remember)
    assert [finding for statement in sorted(seen) for finding in findings(statement)] == []


@pytest.fixture(scope="session")
def settings(urls: Urls, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_settings(urls, valkey_url, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def clock() -> Clock:
    """The clock of the whole test process: real time, moved forward by a test that needs it."""
    return Clock()


@pytest.fixture(scope="session")
async def database(settings: Settings, clock: Clock) -> AsyncIterator[Database]:
    """The doors to the database as the application role."""
    opened = open_database(settings.database_url, pool_size=settings.database_pool_size, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def api(settings: Settings, database: Database) -> AsyncIterator[Api]:
    """The application, asked over HTTP without a socket."""
    async with Api.serving(create_app(settings, database=database)) as opened:
        yield opened


@pytest.fixture
async def workspace(settings: Settings, database: Database, api: Api) -> Workspace:
    """A new workspace in English with an owner; every test brings its own."""
    return await open_test_workspace(settings, database, api, locale="en")


@pytest.fixture
async def persian_workspace(settings: Settings, database: Database, api: Api) -> Workspace:
    """A new workspace in Persian with an owner."""
    return await open_test_workspace(settings, database, api, locale="fa")


@pytest.fixture
async def stranger(settings: Settings, database: Database, api: Api) -> Workspace:
    """Another workspace, whose ids must be worth nothing anywhere else."""
    return await open_test_workspace(settings, database, api, locale="en")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real input beside the checkout; tests that need it skip where it is absent."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real input in ../shared/data is not on this machine")
    return folder
