"""Passwords: hashed slowly on purpose, in a few threads of their own, and never waited for without end."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from services.kit.errors import Message, RateLimited

# The floor that OWASP names for argon2id: 19 MiB, two passes, one lane.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
WAITING_PER_THREAD: Final = 64

BUSY: Final = Message(
    "log_in_busy",
    "Too many people are logging in at this moment; try again in a few seconds.",
    "در این لحظه افراد زیادی در حال ورودند؛ چند ثانیهٔ دیگر دوباره تلاش کنید.",
)

R = TypeVar("R")
P = ParamSpec("P")


def normal(password: str) -> bytes:
    """This will give the bytes that are hashed: two ways of composing the same characters are the same password."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


class Passwords:
    """This will hash and check passwords in ``threads`` threads; more than those can work off soon are refused."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._room = threads * WAITING_PER_THREAD
        self._nobodys = HASHER.hash("the password of nobody")

    async def hashed(self, password: str) -> str:
        """This will hash a password with a salt of its own (argon2id, in the PHC format)."""
        return await self._in_turn(HASHER.hash, normal(password))

    async def match(self, password: str, kept: str | None) -> bool:
        """This will tell whether a password is the one whose hash was kept; None takes as long and never is."""
        return await self._in_turn(_matches, kept or self._nobodys, normal(password)) and kept is not None

    async def _in_turn(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if self._room <= 0:
            raise RateLimited(BUSY)
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **kwargs))
        finally:
            self._room += 1

    def close(self) -> None:
        """This will end the threads; hashes that have not begun are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _matches(kept: str, password: bytes) -> bool:
    try:
        return HASHER.verify(kept, password)
    except VerifyMismatchError:
        return False
