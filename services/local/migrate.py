"""Migrations: run them as the owner role, and tell how far a database is."""

from functools import lru_cache
from typing import Final

import psycopg
from alembic import command
from alembic.config import Config

from services.kit.checks import MIGRATIONS, migration_head
from services.local.processes import LocalError
from services.local.provision import LOCK, connect, with_driver

# As today's files are named: date, number, subject.
FILE_NAMES: Final = "%%(year)d%%(month).2d%%(day).2d_%%(rev)s_%%(slug)s"


def configuration(url: str) -> Config:
    """This will give alembic's configuration; ``url`` is the owner's address and reaches env.py as an attribute."""
    config = Config()
    # A percent sign means interpolation to alembic's configuration.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", FILE_NAMES)
    config.attributes["url"] = url
    return config


@lru_cache(maxsize=1)
def head() -> str:
    """This will name the newest migration of the code."""
    newest = migration_head()
    if newest is None:
        raise LocalError(f"{MIGRATIONS} holds no migration.")
    return newest


def migrate(owner_url: str) -> str:
    """This will bring a database to the newest migration and name it; two at once wait for each other."""
    address = with_driver(owner_url)
    with connect(address) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # ends with the connection
        command.upgrade(configuration(address.render_as_string(hide_password=False)), "head")
        # The product asks at start whether the database is as new as its code.
        connection.execute("GRANT SELECT ON alembic_version TO ravand_app, ravand_dispatch")
    return head()


def at_head(url: str) -> tuple[str | None, str]:
    """This will tell the migration a database is at (None: not migrated at all) and the newest one of the code."""
    with connect(url) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            return None, head()
    return (row[0] if row else None), head()
