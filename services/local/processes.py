"""Processes of the operating system: start one, find out who a pid is, wait for it, take turns."""

import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

PROC: Final = Path("/proc")


class LocalError(Exception):
    """This will tell the operator, in one line, what keeps Ravand from running on this machine."""


@dataclass(frozen=True, slots=True)
class Account:
    """This will name the operating-system user a server runs as when we are root."""

    uid: int
    gid: int


def _options(account: Account | None) -> dict[str, Any]:
    # The working directory of root may be closed to the account, and a server started there could not even look around.
    return {"user": account.uid, "group": account.gid, "extra_groups": [], "cwd": "/"} if account else {"cwd": "/"}


def server_environment() -> dict[str, str]:
    """This will give a server nothing but a path: a stray PGDATA, PGPORT or LD_LIBRARY_PATH must not reach it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def run(command: Sequence[str | Path], *, account: Account | None = None) -> subprocess.CompletedProcess[str]:
    """This will run a program to its end and give its exit code and words; a missing program is a LocalError."""
    try:
        return subprocess.run(  # noqa: S603 # the commands are our own, no shell and no foreign text takes part
            [str(part) for part in command],
            env=server_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
            **_options(account),
        )
    except OSError as error:
        raise LocalError(f"{command[0]} could not be run: {error}") from error


def launch(
    command: Sequence[str | Path],
    *,
    log: IO[bytes],
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """This will start a server in a session of its own, so that Ctrl-C in a terminal reaches only the supervisor."""
    try:
        return subprocess.Popen(  # noqa: S603 # the commands are our own, no shell and no foreign text takes part
            [str(part) for part in command],
            env=dict(env or server_environment()),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **_options(account),
        )
    except OSError as error:
        raise LocalError(f"{command[0]} could not be started: {error}") from error


def command_of(pid: int) -> str:
    """This will give the command line of a running process, and nothing for a dead one or a zombie."""
    if PROC.joinpath("self").exists():
        try:
            return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    return run(["ps", "-o", "command=", "-p", str(pid)]).stdout.strip()


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """This will wait for a condition and tell whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def free_port() -> int:
    """This will find a port of the loopback that nobody listens on now; a race for it is the caller's to retry."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_taken(host: str, port: int) -> bool:
    """This will tell whether listening on an address would fail."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
        return False


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """This will let one process at a time through, and the next one after it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def tail(path: Path, lines: int = 5) -> str:
    """This will give the last words of a log, for an error message."""
    return " | ".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if path.exists() else ""
