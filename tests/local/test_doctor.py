"""The doctor finds what was broken, and only that."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from services.kit.settings import Settings
from services.local.doctor import examine
from services.local.home import secrets_path
from services.local.provision import connect
from services.local.runtime import Running, write_running
from tests.local.conftest import Machine, in_database

Ravand = Callable[..., subprocess.CompletedProcess[str]]


def failures(machine: Machine) -> dict[str, str]:
    return {check.name: check.detail for check in examine(machine.settings) if not check.passed}


@contextmanager
def broken(machine: Machine, statement: str, mended_by: str) -> Iterator[None]:
    """Runs a statement in the database as superuser, and another one afterwards."""
    with connect(machine.postgres.superuser_url, database="ravand") as connection:
        connection.execute(statement.encode())
        try:
            yield
        finally:
            connection.execute(mended_by.encode())


def test_a_sound_installation_passes_every_check(machine: Machine, ravand: Ravand) -> None:
    result = ravand("doctor", **machine.variables)
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("✓") == 9
    assert "✗" not in result.stdout


def test_one_failed_check_is_shown_and_makes_the_exit_code_one(machine: Machine, ravand: Ravand) -> None:
    with broken(machine, "ALTER ROLE ravand_app BYPASSRLS", "ALTER ROLE ravand_app NOBYPASSRLS"):
        result = ravand("doctor", **machine.variables)
    assert result.returncode == 1
    assert result.stdout.count("✗") == 1
    assert "bypasses row-level security" in result.stdout


@pytest.mark.parametrize(
    ("statement", "mended_by", "check"),
    [
        ("ALTER ROLE ravand_app SUPERUSER", "ALTER ROLE ravand_app NOSUPERUSER", "Application role is plain"),
        ("ALTER ROLE ravand_app CREATEROLE", "ALTER ROLE ravand_app NOCREATEROLE", "Application role is plain"),
        ("GRANT ravand_owner TO ravand_app", "REVOKE ravand_owner FROM ravand_app", "Application role is plain"),
        (
            "GRANT CREATE ON SCHEMA public TO ravand_app",
            "REVOKE CREATE ON SCHEMA public FROM ravand_app",
            "Application role is plain",
        ),
        ("ALTER ROLE ravand_dispatch BYPASSRLS", "ALTER ROLE ravand_dispatch NOBYPASSRLS", "Dispatch role is plain"),
        (
            "GRANT TRUNCATE ON due TO ravand_dispatch",
            "REVOKE TRUNCATE ON due FROM ravand_dispatch",
            "Dispatch role is plain",
        ),
        (
            "CREATE TABLE open (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id))",
            "DROP TABLE open",
            "Row-level security",
        ),
        (
            "ALTER TABLE outbox NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE outbox FORCE ROW LEVEL SECURITY",
            "Row-level security",
        ),
        (
            "UPDATE alembic_version SET version_num = 'older-' || version_num",
            "UPDATE alembic_version SET version_num = substr(version_num, 7)",
            "Migrations at head",
        ),
    ],
)
def test_the_doctor_finds(machine: Machine, statement: str, mended_by: str, check: str) -> None:
    with broken(machine, statement, mended_by):
        assert check in failures(machine)
    assert failures(machine) == {}


def test_the_doctor_finds_a_valkey_that_forgets(machine: Machine) -> None:
    with redis.Redis.from_url(machine.valkey.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            found = failures(machine)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert list(found) == ["Valkey keeps messages"]
    assert "allkeys-lru" in found["Valkey keeps messages"]


def test_the_doctor_finds_secrets_that_others_can_read(machine: Machine) -> None:
    secrets_path(machine.home).chmod(0o644)
    try:
        assert list(failures(machine)) == ["Data home"]
    finally:
        secrets_path(machine.home).chmod(0o600)


def test_the_doctor_finds_a_database_under_locale_c(machine: Machine) -> None:
    name = "plain_c"
    with connect(machine.postgres.superuser_url) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'".encode())
    with connect(machine.postgres.superuser_url, database=name) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    settings = machine.settings.model_copy(update={"database_url": in_database(machine.urls.app, name)})
    found = {check.name: check for check in examine(settings)}
    assert not found["Trigrams see Persian"].passed
    assert "C.UTF-8" in found["Trigrams see Persian"].detail


def test_the_doctor_finds_by_itself_what_runs_on_the_home(machine: Machine, home: Path) -> None:
    addresses = {
        "RAVAND_DATABASE_URL": machine.urls.app,
        "RAVAND_DISPATCH_DATABASE_URL": machine.urls.dispatch,
        "RAVAND_REDIS_URL": machine.valkey.url,
    }
    write_running(home, Running(supervisor=1, children={}, environment=addresses))
    assert all(check.passed for check in examine(Settings(_env_file=None, home=home)))


def test_where_nothing_runs_the_doctor_says_how_to_start(ravand: Ravand, home: Path) -> None:
    result = ravand("doctor", RAVAND_HOME=str(home))
    assert result.returncode == 1
    assert "ravand up" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
