"""`ravand doctor`: every promise the product relies on, checked where it is kept."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Final

import psycopg
import redis
from rich.console import Console
from rich.table import Table

from services.kit.checks import ROLE_FINDINGS
from services.kit.clock import system_clock
from services.kit.lint import catalogue_findings
from services.kit.settings import Settings
from services.local.home import secrets_path
from services.local.migrate import at_head
from services.local.postgres import OLDEST
from services.local.processes import LocalError
from services.local.provision import connect, trigrams_work
from services.local.runtime import read_running, running_path
from services.local.valkey import probe

LARGEST_SKEW: Final = timedelta(seconds=2)
# Beyond what would let a role read other tenants' rows: powers over the server that a plain role has no use for.
POWERS: Final = """
SELECT 'may create databases' FROM pg_roles WHERE rolname = current_user AND rolcreatedb
UNION ALL
SELECT 'may create roles' FROM pg_roles WHERE rolname = current_user AND rolcreaterole
UNION ALL
SELECT 'may replicate' FROM pg_roles WHERE rolname = current_user AND rolreplication
UNION ALL
SELECT 'may create schemas' WHERE has_database_privilege(current_user, current_database(), 'CREATE')
"""


class Failed(Exception):
    """This will carry what a check found wrong."""


@dataclass(frozen=True, slots=True)
class Check:
    """This will be the outcome of one check."""

    name: str
    passed: bool
    detail: str


def examine(settings: Settings) -> list[Check]:
    """This will make every check; where no address is set, against what ``ravand up`` runs on the same data home."""
    found = _running_settings(settings)
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Database answers", lambda: _database(found.database_url)),
        ("Application role is plain", lambda: _plain_role(found.database_url, "ravand_app")),
        ("Dispatch role is plain", lambda: _plain_role(found.dispatch_database_url, "ravand_dispatch")),
        ("Row-level security", lambda: _row_level_security(found.database_url)),
        ("Trigrams see Persian", lambda: _trigrams(found.database_url)),
        ("Migrations at head", lambda: _migrations(found.database_url)),
        ("Valkey keeps messages", lambda: _valkey(found.redis_url)),
        ("Clocks agree", lambda: _clocks(found.database_url)),
        ("Data home", lambda: _home(found.home)),
    ]
    return [_check(name, work) for name, work in checks]


def show(checks: list[Check], console: Console) -> None:
    """This will print the checks as a table."""
    table = Table("", "check", "finding", box=None)
    for check in checks:
        table.add_row("[green]✓[/]" if check.passed else "[red]✗[/]", check.name, check.detail)
    console.print(table)


def _running_settings(settings: Settings) -> Settings:
    if settings.database_url:
        return settings
    running = read_running(settings.home.expanduser().resolve())
    if running is None:
        return settings
    return settings.model_copy(
        update={
            "database_url": running.environment["RAVAND_DATABASE_URL"],
            "dispatch_database_url": running.environment["RAVAND_DISPATCH_DATABASE_URL"],
            "redis_url": running.environment["RAVAND_REDIS_URL"],
        }
    )


def _check(name: str, work: Callable[[], str]) -> Check:
    try:
        return Check(name, True, work())
    except (Failed, LocalError, psycopg.Error, redis.RedisError, OSError) as error:
        return Check(name, False, str(error).strip().splitlines()[0])


def _open(url: str) -> psycopg.Connection:
    if not url:
        raise Failed("no address: start 'ravand up' on this data home, or set the addresses (deploy/env.example)")
    return connect(url)


def _database(url: str) -> str:
    with _open(url) as connection:
        version = connection.info.server_version // 10_000
        if version < OLDEST:
            raise Failed(f"PostgreSQL {version} is too old; {OLDEST} or newer is needed")
        return f"PostgreSQL {version} as {connection.info.user}"


def _plain_role(url: str, expected: str) -> str:
    with _open(url) as connection:
        findings = [str(row[0]) for query in (ROLE_FINDINGS, POWERS) for row in connection.execute(query)]
        if connection.info.user != expected:
            findings.insert(0, f"is not {expected}")
        if findings:
            raise Failed(f"{connection.info.user} {'; '.join(findings)}")
        return f"{expected} owns nothing and bypasses nothing"


def _row_level_security(url: str) -> str:
    with _open(url) as connection:
        findings = catalogue_findings(connection)
    if findings:
        raise Failed("; ".join(findings))
    return "enabled, forced and with a policy on every tenant table"


def _trigrams(url: str) -> str:
    with _open(url) as connection:
        if not trigrams_work(connection):
            raise Failed("none for پارس: the locale of the database must be C.UTF-8, not C")
        return "پارس has trigrams"


def _migrations(url: str) -> str:
    _open(url).close()
    current, newest = at_head(url)
    if current != newest:
        raise Failed(f"the database is at {current or 'none'}, the code at {newest}; run 'ravand migrate'")
    return f"at {newest}"


def _valkey(url: str) -> str:
    if not url:
        raise Failed("no address: start 'ravand up' on this data home, or set REDIS_URL")
    client = probe(url)
    try:
        info = client.info("everything")
    finally:
        client.close()
    wrong = []
    if info["maxmemory_policy"] != "noeviction":
        wrong.append(f"evicts ({info['maxmemory_policy']}); maxmemory-policy must be noeviction")
    if not info["aof_enabled"]:
        wrong.append("has no append-only file; appendonly must be yes")
    if wrong:
        raise Failed("; ".join(wrong))
    return f"{info.get('valkey_version') or info['redis_version']}, append-only file, no eviction"


def _clocks(url: str) -> str:
    with _open(url) as connection:
        before = system_clock()
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        after = system_clock()
    if row is None:
        raise Failed("the database did not tell the time")
    skew = abs(row[0].astimezone(UTC) - (before + (after - before) / 2))
    if skew > LARGEST_SKEW:
        raise Failed(f"this machine and the database differ by {skew.total_seconds():.1f} s")
    return f"{skew.total_seconds() * 1000:.0f} ms apart"


def _home(home: Path) -> str:
    home = home.expanduser().resolve()
    if not home.is_dir() or not os.access(home, os.W_OK | os.X_OK):
        raise Failed(f"{home} is not a folder that can be written to")
    for path in (secrets_path(home), running_path(home)):
        if path.exists() and path.stat().st_mode & 0o077:
            raise Failed(f"{path} can be read by others (mode {path.stat().st_mode & 0o777:o}); it must be 600")
    return str(home)
