"""The audits of GraphQL over HTTP (npm `graphql-http`), all of them, where Node is there to run them."""

import asyncio
import json
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import uvicorn

from schema.gateway import create_app
from services.kit.settings import Settings
from services.kit.tenancy import Database

AUDITS = Path(__file__).parent / "audits"
TOTAL = 61


@pytest.fixture(scope="session")
def audits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The audits, installed from their lock file."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("the audits need Node, which is not on this machine")
    folder = tmp_path_factory.mktemp("audits")
    shutil.copytree(AUDITS, folder, dirs_exist_ok=True)
    command = [npm, "ci", "--no-audit", "--no-fund"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"the audits could not be installed: {installed.stderr.strip()[-300:]}")
    return folder


async def test_every_audit_passes(audits: Path, settings: Settings, database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
        app = create_app(settings, database=database)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            node = await asyncio.create_subprocess_exec(
                "node", "run.mjs", address, cwd=audits, stdout=asyncio.subprocess.PIPE
            )
            output, _ = await node.communicate()
        finally:
            server.should_exit = True
            await serving
    found = json.loads(output)
    assert found["others"] == {}
    assert len(found["passed"]) == TOTAL
