"""One answer for one idempotency key, however often and however parallel a mutation is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from schema.limits import Operation
from services.kit.errors import Conflict
from services.kit.idempotency import (
    STILL_RUNNING,
    Claim,
    Replay,
    Running,
    checked_key,
    claim,
    fingerprint,
    keep_answer,
    settled,
)
from services.kit.tenancy import Caller, Database

PATIENCE: Final = 20.0
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0


# Requests that this process is carrying out: who comes with the same key meanwhile waits for the answer, not for a
# connection. Other processes are told apart by the row of the key.
Place = tuple[UUID, UUID, str]
UNDER_WAY: Final[dict[Place, "asyncio.Future[tuple[str, bytes] | None]"]] = {}


async def answered_once(
    database: Database, caller: Caller, key: str, asked: Operation, run: Callable[[Claim], Awaitable[bytes]]
) -> tuple[bytes, bool]:
    """This will run a mutation under its key, or give the answer it got before, and tell which of the two.

    Whoever comes while the same request runs waits for its answer, up to ``PATIENCE`` seconds.
    """
    place = (caller.tenant_id, caller.member, checked_key(key))
    mark = fingerprint({"query": asked.query, "variables": asked.variables, "operationName": asked.operation_name})
    try:
        async with asyncio.timeout(PATIENCE):
            while place in UNDER_WAY:
                known = await asyncio.shield(UNDER_WAY[place])
                if known is not None and known[0] == mark:
                    return known[1], True
    except TimeoutError as error:
        raise Conflict(STILL_RUNNING) from error
    UNDER_WAY[place] = ended = asyncio.get_running_loop().create_future()
    kept = False
    answer = b""
    try:
        held = await _turn(database, caller, key=key, mark=mark)
        if isinstance(held, Replay):
            return held.answer, True
        answer = await run(held)
        kept = await keep_answer(database, caller, held, answer)
        return answer, False
    finally:
        UNDER_WAY.pop(place, None)
        ended.set_result((mark, answer) if kept else None)


async def _turn(database: Database, caller: Caller, *, key: str, mark: str) -> Claim | Replay:
    """Waits until the key can be claimed or has its answer; another process may be carrying the request out."""
    pause = FIRST_PAUSE
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    return await claim(database, caller, key=key, print_=mark)
                except Running:
                    while not await settled(database, caller, key=key):
                        await asyncio.sleep(pause)
                        pause = min(pause * 2, LONGEST_PAUSE)
    except TimeoutError as error:
        raise Conflict(STILL_RUNNING) from error
