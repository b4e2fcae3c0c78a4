"""The processes of the product under the supervisor: kept alive, heard, and ended."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from services.local.processes import command_of, wait_until
from services.local.runtime import read_running, running_path

GRACE_SECONDS: Final = 15
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 60


@dataclass(slots=True)
class Child:
    """This will be one process of the product: its name, the command of ``ravand`` it runs, and how its lines look."""

    name: str
    command: str
    colour: str
    process: asyncio.subprocess.Process | None = None


async def keep(
    child: Child,
    *,
    environment: Mapping[str, str],
    console: Console,
    stopping: asyncio.Event,
    started: Callable[[], None],
) -> None:
    """This will start a child again whenever it ends, after a pause that grows while it keeps ending early.

    ``started`` is called after each start.
    """
    pause = FIRST_PAUSE
    while not stopping.is_set():
        began = time.monotonic()
        code = await _run(child, environment, console, started)
        if stopping.is_set():
            return
        if time.monotonic() - began > STEADY_SECONDS:
            pause = FIRST_PAUSE
        console.print(f"[red]✗[/] {child.name} ended with code {code}; starting it again in {pause:g} s")
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def end(children: Sequence[Child]) -> None:
    """This will ask every child to finish what it does, and end those that take too long."""
    living = [child.process for child in children if child.process is not None]
    for number in (signal.SIGTERM, signal.SIGKILL):
        living = [process for process in living if process.returncode is None]
        for process in living:
            with suppress(ProcessLookupError):  # it ended by itself meanwhile
                process.send_signal(number)
        if living:
            await asyncio.wait([asyncio.ensure_future(process.wait()) for process in living], timeout=GRACE_SECONDS)


def end_leftovers(home: Path, console: Console) -> None:
    """This will end the children of a supervisor that was killed, where the kernel has not done so already."""
    left = read_running(home)
    if left is None:
        return

    def alive() -> list[int]:
        return [pid for pid in left.children.values() if f"services.local.child {left.supervisor} " in command_of(pid)]

    for number in (signal.SIGTERM, signal.SIGKILL):
        if alive():
            console.print("An earlier supervisor was killed; ending what it left running.")
        for pid in alive():
            with suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(pid, number)
        if wait_until(lambda: not alive(), seconds=GRACE_SECONDS):
            break
    running_path(home).unlink(missing_ok=True)


async def _run(child: Child, environment: Mapping[str, str], console: Console, started: Callable[[], None]) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.local.child", str(os.getpid()), child.command),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C in a terminal must reach the supervisor alone; it stops the others in order
    )
    child.process = process
    started()
    if process.stdout is not None:
        await _show(process.stdout, Text(f"{child.name:>6} │ ", style=child.colour), console)
    return await process.wait()


async def _show(stream: asyncio.StreamReader, prefix: Text, console: Console) -> None:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than the reader's buffer, which readline has emptied
            line = b"(a line that is too long to show)\n"
        if not line:
            return
        console.print(prefix + Text(line.decode(errors="replace").rstrip()), soft_wrap=True)
