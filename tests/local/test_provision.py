"""What a superuser prepares: roles that can do their work and nothing that would open the walls."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from services.kit.settings import Settings
from services.local.home import load_secrets
from services.local.migrate import at_head, head
from services.local.processes import LocalError
from services.local.provision import connect
from services.local.resolve import bring_to_head, resolve_broker, resolve_database
from tests.local.conftest import Machine, in_database

FORBIDDEN = (
    "CREATE TABLE public.mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    "CREATE EXTENSION dblink",
    "SET ROLE ravand_owner",
    "TRUNCATE outbox",
    "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY",
    "ALTER ROLE ravand_app BYPASSRLS",
    "DROP TABLE outbox",
    "COPY outbox TO PROGRAM 'cat'",
    "DELETE FROM alembic_version",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
@pytest.mark.parametrize("role", ["app", "dispatch"])
def test_a_plain_role_may_not(machine: Machine, role: str, statement: str) -> None:
    with connect(getattr(machine.urls, role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize("role", ["app", "dispatch"])
def test_a_plain_role_is_held_to_short_statements(machine: Machine, role: str) -> None:
    with connect(getattr(machine.urls, role)) as connection:
        settings = ("statement_timeout", "idle_in_transaction_session_timeout", "citus.propagate_set_commands")
        query = "SELECT ARRAY(SELECT current_setting(name) FROM unnest(%s::text[]) name)"
        assert connection.execute(query, [list(settings)]).fetchone() == (["5s", "10s", "local"],)


def test_the_owner_owns_the_database_and_bypasses_row_level_security(machine: Machine) -> None:
    with connect(machine.urls.owner) as connection:
        owners = """
            SELECT pg_get_userbyid(datdba), pg_get_userbyid(nspowner) FROM pg_database, pg_namespace
            WHERE datname = current_database() AND nspname = 'public'
        """
        assert connection.execute(owners).fetchone() == ("ravand_owner", "ravand_owner")
        powers = "SELECT rolbypassrls, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(powers).fetchone() == (True, False, False)


def test_provisioning_again_changes_no_address_and_takes_back_what_was_loosened(machine: Machine) -> None:
    with connect(machine.postgres.superuser_url) as connection:
        connection.execute("ALTER ROLE ravand_dispatch CREATEDB BYPASSRLS")
        assert machine.provision() == machine.urls
        query = "SELECT rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = 'ravand_dispatch'"
        assert connection.execute(query).fetchone() == (False, False)


def test_an_administrator_who_is_no_superuser_can_run_the_roles_again(machine: Machine) -> None:
    roles = Path(__file__).parents[2] / "deploy" / "postgres" / "roles.sql"
    with connect(machine.postgres.superuser_url) as connection:
        connection.execute("CREATE ROLE administrator LOGIN CREATEROLE CREATEDB BYPASSRLS PASSWORD 'a'")
        connection.execute(
            "GRANT ravand_owner, ravand_app, ravand_dispatch TO administrator WITH ADMIN OPTION, INHERIT TRUE"
        )
        connection.execute("CREATE DATABASE managed OWNER administrator TEMPLATE template0")
    address = make_url(machine.urls.app).set(username="administrator", password="a", database="managed")
    with connect(address) as connection:
        connection.execute(roles.read_text(encoding="utf-8").encode())
        query = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'managed'"
        assert connection.execute(query).fetchone() == ("ravand_owner",)


def test_a_refused_log_in_is_one_line_without_the_password(machine: Machine) -> None:
    wrong = machine.urls.app.replace("ravand_app:", "ravand_app:not")
    with pytest.raises(LocalError) as refusal:
        connect(wrong)
    assert "ravand_app" in str(refusal.value)
    assert wrong.split(":")[2].split("@")[0] not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_migrated_database_is_at_head_for_every_role(machine: Machine) -> None:
    assert {at_head(url) for url in (machine.urls.owner, machine.urls.app, machine.urls.dispatch)} == {(head(), head())}


def test_a_superusers_address_is_provisioned_and_not_used_by_the_product(machine: Machine) -> None:
    named = in_database(machine.postgres.superuser_url, "not_there_yet")
    settings = Settings(_env_file=None, database_url=named)
    found = resolve_database(settings, machine.home, load_secrets(machine.home))
    assert found.server is None
    assert at_head(found.urls.app) == (None, head())
    with connect(found.urls.app) as connection:
        assert (connection.info.user, connection.info.dbname) == ("ravand_app", "not_there_yet")


def test_a_provisioned_database_needs_both_addresses(machine: Machine) -> None:
    settings = Settings(_env_file=None, database_url=machine.urls.app)
    with pytest.raises(LocalError, match="RAVAND_DISPATCH_DATABASE_URL"):
        resolve_database(settings, machine.home, load_secrets(machine.home))


def test_an_old_database_whose_owner_is_not_known_is_refused(machine: Machine) -> None:
    with connect(machine.postgres.superuser_url) as connection:
        connection.execute("CREATE DATABASE empty OWNER ravand_owner")
    settings = Settings(
        _env_file=None,
        database_url=in_database(machine.urls.app, "empty"),
        dispatch_database_url=in_database(machine.urls.dispatch, "empty"),
    )
    found = resolve_database(settings, machine.home, load_secrets(machine.home))
    with pytest.raises(LocalError, match="RAVAND_OWNER_DATABASE_URL"):
        bring_to_head(found.urls)


def test_a_named_valkey_must_answer(machine: Machine) -> None:
    named = Settings(_env_file=None, redis_url=machine.valkey.url)
    assert resolve_broker(named, machine.home).server is None
    silent = Settings(_env_file=None, redis_url="redis://127.0.0.1:1/0")
    with pytest.raises(LocalError, match="REDIS_URL"):
        resolve_broker(silent, machine.home)
