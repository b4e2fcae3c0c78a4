"""Which PostgreSQL and which Valkey serve this installation: named ones, bundled ones, or those of the machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis
from sqlalchemy import URL

from services.kit.settings import Settings
from services.local.home import Secrets
from services.local.migrate import at_head, migrate
from services.local.postgres import Postgres, start_postgres
from services.local.processes import LocalError
from services.local.provision import ROLES, Urls, connect, provision, with_driver
from services.local.valkey import Valkey, probe, start_valkey

DATABASE: Final = "ravand"


@dataclass(slots=True)
class Database:
    """This will be the database of the installation, and the server when it is ours to stop."""

    urls: Urls
    server: Postgres | None


@dataclass(slots=True)
class Broker:
    """This will be the Valkey of the installation, and the server when it is ours to stop."""

    url: str
    server: Valkey | None


def resolve_database(settings: Settings, home: Path, secrets: Secrets) -> Database:
    """This will give the named database, or else start or adopt a server of our own and provision it."""
    if settings.database_url or settings.owner_database_url:
        return Database(_named(settings, secrets), None)
    server = start_postgres(home)
    return Database(provision(server.superuser_url, database=DATABASE, passwords=secrets.role_passwords), server)


def resolve_broker(settings: Settings, home: Path) -> Broker:
    """This will give the named Valkey or Redis, or else start or adopt a server of our own."""
    if not settings.redis_url:
        server = start_valkey(home)
        return Broker(server.url, server)
    client = probe(settings.redis_url)
    try:
        client.ping()
    except redis.RedisError as error:
        raise LocalError(f"REDIS_URL does not answer: {error}") from error
    finally:
        client.close()
    return Broker(settings.redis_url, None)


def bring_to_head(urls: Urls) -> str:
    """This will migrate as the owner, or, where the owner's address is not known, insist that somebody did."""
    if urls.owner:
        return migrate(urls.owner)
    current, newest = at_head(urls.app)
    if current != newest:
        raise LocalError(
            f"The database is at migration {current or 'none'}, the code at {newest}. Set RAVAND_OWNER_DATABASE_URL, "
            "or run 'ravand migrate' with it."
        )
    return newest


def _named(settings: Settings, secrets: Secrets) -> Urls:
    administrator = with_driver(settings.owner_database_url or settings.database_url)
    entrance = _entrance(administrator)
    if _is_superuser(entrance):
        # A superuser's address is for provisioning only: the product itself never runs as one.
        wanted = {
            url.username: str(url.password)
            for url in map(with_driver, filter(None, (settings.database_url, settings.dispatch_database_url)))
            if url.username in ROLES and url.password
        }
        name = with_driver(settings.database_url).database if settings.database_url else administrator.database
        return provision(
            entrance.render_as_string(hide_password=False),
            database=name if name and name != "postgres" else DATABASE,
            passwords=secrets.role_passwords | wanted,
        )
    if not (settings.database_url and settings.dispatch_database_url):
        raise LocalError(
            "A database whose roles are provisioned needs DATABASE_URL (role ravand_app) and "
            "RAVAND_DISPATCH_DATABASE_URL (role ravand_dispatch); or set RAVAND_OWNER_DATABASE_URL to a superuser's "
            "address, and both are made from it."
        )
    owner = administrator.render_as_string(hide_password=False) if settings.owner_database_url else ""
    return Urls(owner=owner, app=_text(settings.database_url), dispatch=_text(settings.dispatch_database_url))


def _entrance(administrator: URL) -> URL:
    """This will give a database of the server that exists: the named one may be still to be made."""
    try:
        connect(administrator).close()
    except LocalError:
        administrator = administrator.set(database="postgres")
        connect(administrator).close()
    return administrator


def _is_superuser(address: URL) -> bool:
    with connect(address) as connection:
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        return row is not None and bool(row[0])


def _text(url: str) -> str:
    return with_driver(url).render_as_string(hide_password=False)
