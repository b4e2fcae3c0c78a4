"""Our own PostgreSQL and Valkey: started, adopted, stopped."""

import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from services.local.home import load_secrets, secrets_path
from services.local.postgres import Postgres, start_postgres
from services.local.processes import LocalError
from services.local.provision import connect
from services.local.valkey import Valkey, probe, start_valkey
from tests.local.conftest import HASTE


@pytest.fixture
def postgres(home: Path) -> Iterator[Postgres]:
    server = start_postgres(home, settings=HASTE)
    yield server
    server.stop()


@pytest.fixture
def valkey(home: Path) -> Iterator[Valkey]:
    server = start_valkey(home)
    yield server
    server.stop()


def shown(server: Postgres, setting: str) -> str:
    with connect(server.superuser_url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    assert row is not None
    return str(row[0])


def test_a_new_cluster_is_utf8_checked_and_on_the_loopback_only(postgres: Postgres) -> None:
    assert shown(postgres, "listen_addresses") == "127.0.0.1"
    assert shown(postgres, "unix_socket_directories") == ""
    assert shown(postgres, "data_checksums") == "on"
    with connect(postgres.superuser_url) as connection:
        query = "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'postgres'"
        assert connection.execute(query).fetchone() == ("C.UTF-8", "UTF8")


def test_a_cluster_is_closed_without_its_password(postgres: Postgres) -> None:
    with pytest.raises(LocalError, match="password"):
        connect(postgres.superuser_url.replace(postgres.password, "guess"))


def test_a_running_postgres_is_adopted_and_can_be_stopped_by_who_adopted_it(home: Path, postgres: Postgres) -> None:
    adopted = start_postgres(home)
    assert (adopted.adopted, adopted.pid, adopted.port) == (True, postgres.pid, postgres.port)
    adopted.stop()
    assert not adopted.is_running()
    assert not postgres.is_running()


def test_two_starts_at_once_give_one_server(home: Path) -> None:
    with ThreadPoolExecutor(2) as starters:
        servers = list(starters.map(lambda _: start_postgres(home, settings=HASTE), range(2)))
    assert servers[0].pid == servers[1].pid
    assert sorted(server.adopted for server in servers) == [False, True]
    for server in servers:
        server.stop()


def test_a_killed_postgres_starts_again_on_its_port_with_its_data(home: Path, postgres: Postgres) -> None:
    with connect(postgres.superuser_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'روند' AS word")
        connection.execute("CHECKPOINT")  # the tests' servers do not wait for the disk
    os.kill(postgres.pid, signal.SIGKILL)
    assert postgres.process is not None
    postgres.process.wait()
    again = start_postgres(home, port=postgres.port, settings=HASTE)
    try:
        assert (again.adopted, again.port) == (False, postgres.port)
        with connect(again.superuser_url) as connection:
            assert connection.execute("SELECT word FROM kept").fetchone() == ("روند",)
    finally:
        again.stop()


def test_a_note_of_a_dead_server_whose_pid_is_now_another_program_is_cleared_away(home: Path) -> None:
    first = start_postgres(home, settings=HASTE)
    note = first.data / "postmaster.pid"
    lines = note.read_text().splitlines()
    first.stop()
    note.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    second = start_postgres(home, settings=HASTE)
    second.stop()
    assert second.adopted is False
    assert second.pid != os.getpid()


def test_a_cluster_of_another_major_version_is_refused_in_words(home: Path, postgres: Postgres) -> None:
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(LocalError, match="made by PostgreSQL 14"):
        start_postgres(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_keeps_a_cluster_of_a_closed_home_elsewhere_and_opens_nothing(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    umask = os.umask(0o077)  # a careful administrator's; it must not close what the server has to pass through
    try:
        server = start_postgres(closed / "ravand", settings=HASTE)
    finally:
        os.umask(umask)
    try:
        place = (closed / "ravand" / "postgres").readlink()
        assert server.data == place / "data"
        assert server.data.stat().st_uid != 0
        assert closed.stat().st_mode & 0o777 == 0o700
        assert start_postgres(closed / "ravand").pid == server.pid
    finally:
        server.stop()
        shutil.rmtree(server.data.parent)
    assert not place.exists()


def test_a_running_valkey_is_adopted_and_can_be_stopped_by_who_adopted_it(home: Path, valkey: Valkey) -> None:
    adopted = start_valkey(home)
    assert (adopted.adopted, adopted.pid, adopted.port) == (True, valkey.pid, valkey.port)
    adopted.stop()
    assert not adopted.is_running()
    assert not valkey.is_running()


def test_valkey_keeps_what_it_was_given_and_asks_for_its_password(home: Path, valkey: Valkey) -> None:
    with probe(valkey.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
        client.set("word", "روند")
    with probe(f"redis://127.0.0.1:{valkey.port}/0") as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    valkey.stop()
    again = start_valkey(home, port=valkey.port)
    try:
        assert again.port == valkey.port
        with probe(again.url) as client:
            assert client.get("word") == "روند"
    finally:
        again.stop()


def test_a_server_that_cannot_start_says_why(home: Path, postgres: Postgres) -> None:
    postgres.stop()
    with pytest.raises(LocalError, match="no_such_setting"):
        start_postgres(home, settings={"no_such_setting": "1"})


def test_a_taken_port_is_replaced_by_a_free_one(home: Path, postgres: Postgres) -> None:
    valkey = start_valkey(home, port=postgres.port)
    try:
        assert valkey.port != postgres.port
    finally:
        valkey.stop()


def test_secrets_are_made_once_and_closed_to_others(home: Path) -> None:
    first = load_secrets(home)
    assert load_secrets(home) == first
    assert secrets_path(home).stat().st_mode & 0o777 == 0o600
    assert len({*first.role_passwords.values(), first.secret_key, first.valkey_password}) == 5
    assert min(map(len, first.role_passwords.values())) >= 32


def test_unreadable_secrets_are_reported_and_not_replaced(home: Path) -> None:
    secrets_path(home).write_text("{")
    with pytest.raises(LocalError, match="cannot be read"):
        load_secrets(home)
    assert secrets_path(home).read_text() == "{"
