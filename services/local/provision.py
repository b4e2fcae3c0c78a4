"""Database, extensions and roles: what a superuser prepares once and the product then lives without."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from services.local.processes import LocalError

ROLES_SQL: Final = Path(__file__).parents[2] / "deploy" / "postgres" / "roles.sql"
ROLES: Final = ("ravand_owner", "ravand_app", "ravand_dispatch")
DRIVER: Final = "postgresql+psycopg"
BUILTIN_LOCALES: Final = 170_000
# The key of the lock that provisioning and migrating take, so that two starts at once do them one after the other.
LOCK: Final = 0x5241_5641


@dataclass(frozen=True, slots=True)
class Urls:
    """This will hold the address of one database for each of its three roles."""

    owner: str
    app: str
    dispatch: str


def with_driver(url: str) -> URL:
    """This will read an address written in any of the usual ways and name our driver in it."""
    return make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername=DRIVER)


def connect(url: str | URL, *, database: str | None = None) -> psycopg.Connection:
    """This will open a plain connection, each statement its own transaction; a failure is a LocalError in one line."""
    address = with_driver(url) if isinstance(url, str) else url
    if database is not None:
        address = address.set(database=database)
    text = address.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        return psycopg.connect(text, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        where = f"{address.host or 'socket'}:{address.port or 5432}/{address.database or ''}"
        reason = str(error).strip().splitlines()[-1]
        raise LocalError(f"PostgreSQL at {where} refused role {address.username}: {reason}") from error


def provision(superuser_url: str, *, database: str, passwords: Mapping[str, str]) -> Urls:
    """This will create what is missing of a database, its extensions and its roles, and give the three addresses.

    ``superuser_url`` names an existing database of the server, usually ``postgres``; ``passwords`` has an entry for
    each of ROLES. Running it again, or several times at once, changes nothing.
    """
    server = with_driver(superuser_url)
    with connect(server) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # ends with the connection
        _create_database(connection, database)
        with connect(server, database=database) as inside:
            inside.execute(ROLES_SQL.read_text(encoding="utf-8"))
            for role in ROLES:
                _set_password(inside, role, passwords[role])
            _check_trigrams(inside)
    address = {role: _address(server, database, role, passwords[role]) for role in ROLES}
    return Urls(owner=address["ravand_owner"], app=address["ravand_app"], dispatch=address["ravand_dispatch"])


def _create_database(connection: psycopg.Connection, name: str) -> None:
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None:
        return
    statement = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"
    if connection.info.server_version >= BUILTIN_LOCALES:
        statement += " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
    connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def _set_password(connection: psycopg.Connection, role: str, password: str) -> None:
    # Encrypted here, so that the password itself reaches neither the wire nor the server's log.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _check_trigrams(connection: psycopg.Connection) -> None:
    if not trigrams_work(connection):
        raise LocalError("Trigram search does not see Persian letters: the database's locale must be C.UTF-8, not C.")


def trigrams_work(connection: psycopg.Connection) -> bool:
    """This will tell whether trigram search sees Persian letters, which it silently does not under locale C."""
    row = connection.execute("SELECT cardinality(show_trgm('پارس')) > 0").fetchone()
    return row is not None and bool(row[0])


def _address(server: URL, database: str, role: str, password: str) -> str:
    return server.set(username=role, password=password, database=database).render_as_string(hide_password=False)
