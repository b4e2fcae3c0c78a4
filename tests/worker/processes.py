"""Real processes of the product, started and killed by tests."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from services.kit.settings import Settings

ROOT = Path(__file__).parents[2]


def wait_for(condition: Callable[[], object], *, seconds: float, what: Callable[[], str]) -> None:
    """Looks again and again until a condition holds; fails with ``what`` says when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what()}")
        time.sleep(0.02)


@dataclass
class Processes:
    """Workers and relays over the same database and Valkey; all of them are ended with the test."""

    settings: Settings
    folder: Path
    running: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)
    kills: int = 0

    def start(self, command: str) -> None:
        """Starts ``ravand worker`` or ``ravand relay``."""
        chosen = self.settings
        variables = {
            "RAVAND_ENVIRONMENT": "development",
            "RAVAND_HOME": str(chosen.home),
            "RAVAND_DATABASE_URL": chosen.database_url,
            "RAVAND_DISPATCH_DATABASE_URL": chosen.dispatch_database_url,
            "RAVAND_REDIS_URL": chosen.redis_url,
            "RAVAND_SECRET_KEY": chosen.secret_key.get_secret_value(),
            "RAVAND_LEASE_SECONDS": str(chosen.lease_seconds),
            "RAVAND_RELAY_POLL_SECONDS": str(chosen.relay_poll_seconds),
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAVAND_")}
        with (self.folder / f"{command}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.local", command],
                cwd=ROOT,
                env=inherited | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.running.append((command, process))

    def kill(self, command: str | None = None) -> str:
        """Kills one process, of a command or any, with SIGKILL, and tells its command."""
        victim = random.choice([one for one in self.running if command in (None, one[0])])
        self.running.remove(victim)
        assert victim[1].poll() is None, f"the {victim[0]} had ended by itself:\n{self.tail()}"
        victim[1].kill()
        victim[1].wait()
        self.kills += 1
        return victim[0]

    def stop(self) -> list[int]:
        """Asks every process to end and gives their exit codes."""
        for _, process in self.running:
            process.terminate()
        codes = [process.wait(timeout=20) for _, process in self.running]
        self.running.clear()
        return codes

    def end(self) -> None:
        """Ends what a failed test left running."""
        for _, process in self.running:
            process.kill()
            process.wait()

    def tail(self) -> str:
        """Gives the last lines that the processes wrote."""
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])
            for log in sorted(self.folder.glob("*.log"))
        )
