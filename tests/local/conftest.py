"""A machine of its own for tests that loosen roles or kill servers: nothing here touches the servers of the run."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from services.kit.settings import Settings
from services.local.home import load_secrets
from services.local.migrate import migrate
from services.local.postgres import Postgres, start_postgres
from services.local.provision import Urls, provision
from services.local.valkey import Valkey, start_valkey

CHECKOUT = Path(__file__).parents[2]
HASTE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def in_database(url: str, name: str) -> str:
    """Gives an address of another database of the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def new_home() -> Path:
    """Makes an empty folder that the server's own account can pass through when the tests run as root."""
    home = Path(tempfile.mkdtemp(prefix="ravand-local-"))
    home.chmod(0o711)
    return home


@dataclass
class Machine:
    """A home with running servers, a provisioned and migrated database."""

    home: Path
    postgres: Postgres
    valkey: Valkey
    urls: Urls

    def provision(self) -> Urls:
        passwords = load_secrets(self.home).role_passwords
        return provision(self.postgres.superuser_url, database="ravand", passwords=passwords)

    @property
    def settings(self) -> Settings:
        return Settings(
            _env_file=None,
            home=self.home,
            database_url=self.urls.app,
            dispatch_database_url=self.urls.dispatch,
            redis_url=self.valkey.url,
            secret_key=SecretStr("s" * 32),
        )

    @property
    def variables(self) -> dict[str, str]:
        return {
            "RAVAND_HOME": str(self.home),
            "DATABASE_URL": self.urls.app,
            "RAVAND_DISPATCH_DATABASE_URL": self.urls.dispatch,
            "REDIS_URL": self.valkey.url,
        }


@pytest.fixture
def home() -> Iterator[Path]:
    folder = new_home()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    folder = new_home()
    postgres = start_postgres(folder, settings=HASTE)
    valkey = start_valkey(folder)
    machine = Machine(folder, postgres, valkey, Urls("", "", ""))
    machine.urls = machine.provision()
    migrate(machine.urls.owner)
    yield machine
    valkey.stop()
    postgres.stop()
    shutil.rmtree(folder)


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Gives this process's environment without any setting of Ravand, and the given ones."""
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("RAVAND_")}
    foreign = {name: value for name, value in foreign.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    path = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH"))))
    return foreign | {"PYTHONPATH": path} | dict(variables)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "services.local", *arguments]


@pytest.fixture
def ravand(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command `ravand` in an empty folder (no .env) with nothing set but what the test gives."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            env=clean_environment(variables),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run
