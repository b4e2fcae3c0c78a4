"""`ravand up` and down again, with everything that may be killed in between."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from services.local.children import end_leftovers
from services.local.postgres import start_postgres
from services.local.processes import command_of, free_port, wait_until
from services.local.runtime import Running, running_path, write_running
from services.local.valkey import start_valkey
from tests.local.conftest import clean_environment, command

Ravand = Callable[..., subprocess.CompletedProcess[str]]


class Up:
    """A running `ravand up` whose lines are kept."""

    def __init__(self, home: Path, port: int, folder: Path) -> None:
        self.home, self.port = home, port
        self.process = subprocess.Popen(
            command("up"),
            env=clean_environment({"RAVAND_HOME": str(home), "RAVAND_PORT": str(port)}),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.lines.extend(output)

    def says(self, words: str) -> bool:
        return wait_until(lambda: words in "".join(self.lines) or self.process.poll() is not None, seconds=60) and (
            words in "".join(self.lines)
        )

    def children(self) -> dict[str, int]:
        children: dict[str, int] = json.loads(running_path(self.home).read_text())["children"]
        return children

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self.reader.join()
        return code


@pytest.fixture
def start(home: Path, tmp_path: Path) -> Iterator[Callable[[], Up]]:
    port = free_port()
    started: list[Up] = []

    def start() -> Up:
        started.append(Up(home, port, tmp_path))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)
    for server in (start_valkey(home), start_postgres(home)):  # those that a killed supervisor left, or new ones
        server.stop()


def test_up_serves_survives_kills_and_goes_down_cleanly(start: Callable[[], Up], ravand: Ravand) -> None:
    first = start()
    assert first.says("Ravand is ready"), first.lines
    assert first.says("PostgreSQL: started")
    with urllib.request.urlopen(f"http://127.0.0.1:{first.port}/readyz") as answer:
        assert json.load(answer)["ready"] is True
    assert ravand("doctor", RAVAND_HOME=str(first.home)).returncode == 0
    second = ravand("up", RAVAND_HOME=str(first.home), RAVAND_PORT=str(free_port()))
    assert (second.returncode, second.stderr.count("\n")) == (1, 1)
    assert "runs already" in second.stderr

    before = first.children()
    os.kill(before["worker"], signal.SIGKILL)
    assert first.says("worker ended with code -9")
    assert wait_until(lambda: first.children()["worker"] != before["worker"], seconds=30)

    left = first.children()
    first.end(signal.SIGKILL)
    assert wait_until(lambda: not any(map(command_of, left.values())), seconds=30)

    again = start()
    assert again.says("Ravand is ready"), again.lines
    assert again.says("PostgreSQL: adopted")
    assert again.says("Valkey: adopted")
    last = again.children()
    postmaster = int((again.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    assert again.end(signal.SIGINT) == 0
    assert not any(map(command_of, [*last.values(), postmaster]))
    assert not running_path(again.home).exists()


def test_children_that_outlived_a_killed_supervisor_are_ended(home: Path) -> None:
    # A process with the command line of a child; the kernel does not end it, as outside Linux.
    script = "print(flush=True); import time; time.sleep(60)"
    argv = [sys.executable, "-c", script, "services.local.child", "999999", "worker"]
    outlived = subprocess.Popen(argv, stdout=subprocess.PIPE)
    stranger = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    for process in (outlived, stranger):
        assert process.stdout is not None
        with process.stdout as output:
            output.readline()
    note = Running(supervisor=999999, children={"worker": outlived.pid, "relay": stranger.pid}, environment={})
    write_running(home, note)
    end_leftovers(home, Console(quiet=True))
    assert outlived.wait(timeout=30) == -signal.SIGTERM
    assert stranger.poll() is None
    assert not running_path(home).exists()
    stranger.kill()
    stranger.wait()
