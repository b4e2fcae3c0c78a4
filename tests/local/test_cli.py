"""The command line: quick, and clear about what is missing."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.local.cli import SCHEMA
from tests.local.conftest import clean_environment

Ravand = Callable[..., subprocess.CompletedProcess[str]]


def test_help_names_every_command(ravand: Ravand) -> None:
    result = ravand("--help")
    assert result.returncode == 0
    for command in ("up", "serve", "worker", "relay", "migrate", "doctor", "schema"):
        assert command in result.stdout


def test_the_command_line_loads_no_product_before_it_is_asked_to() -> None:
    heavy = "{'sqlalchemy', 'uvicorn', 'strawberry', 'pydantic_settings', 'alembic', 'psycopg'}"
    script = f"import sys, services.local.cli; sys.exit(str({heavy} & set(sys.modules) or '') or 0)"
    result = subprocess.run(
        [sys.executable, "-c", script], env=clean_environment({}), capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("command", "variables", "words"),
    [
        ("serve", {}, "DATABASE_URL and REDIS_URL and RAVAND_SECRET_KEY must be set"),
        ("worker", {"DATABASE_URL": "postgresql://x"}, "REDIS_URL and RAVAND_SECRET_KEY must be set"),
        ("relay", {}, "RAVAND_DISPATCH_DATABASE_URL"),
        ("migrate", {}, "RAVAND_OWNER_DATABASE_URL must be set"),
        ("migrate", {"RAVAND_OWNER_DATABASE_URL": "postgresql://x:y@127.0.0.1:1/z"}, "127.0.0.1:1/z refused role x"),
        (
            "serve",
            {"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "RAVAND_SECRET_KEY": "short"},
            "RAVAND_SECRET_KEY must have 32 characters",
        ),
        ("up", {"RAVAND_PORT": "eighty"}, "RAVAND_PORT: Input should be a valid integer"),
        ("up", {"RAVAND_HOME": "/dev/null/home"}, "Name another one in RAVAND_HOME"),
    ],
)
def test_what_is_missing_is_one_line_and_exit_code_one(
    ravand: Ravand, command: str, variables: dict[str, str], words: str
) -> None:
    result = ravand(command, **variables)
    assert result.returncode == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_taken_port_is_said_before_anything_starts(ravand: Ravand, home: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        result = ravand("up", RAVAND_HOME=str(home), RAVAND_PORT=port)
    assert result.returncode == 1
    assert f"Port {port} of 127.0.0.1 is taken" in result.stderr
    assert not (home / "postgres").exists()


def test_the_exported_contract_is_the_one_of_the_code(ravand: Ravand) -> None:
    assert SCHEMA.exists()
    result = ravand("schema", "--check")
    assert result.returncode == 0, result.stderr
