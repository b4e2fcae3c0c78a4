"""Idempotency keys: a mutation that is sent again is not carried out again, and gets the same answer.

A key belongs to the member who sent it, and remembers what was carried out. The row is claimed before the mutation
runs; the mutation's own transaction marks it, so that effect and mark are one thing; the answer is kept afterwards.
What changed nothing is not remembered: the caller may correct it and send it again under the same key.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import UniqueConstraint, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped

from services.kit.db import TenantTable, one_of
from services.kit.errors import Conflict, Invalid, Message
from services.kit.ids import new_id
from services.kit.tenancy import Caller, Database, WriteSession, read, write

LEASE: Final = timedelta(seconds=60)
MAX_KEY: Final = 200

BAD_KEY = Message(
    "idempotency_key_bad",
    "An idempotency key has 1 to {limit} printable ASCII characters.",
    "کلید یکتایی بین ۱ تا {limit} نویسهٔ چاپی ASCII دارد.",
)
OTHER_BODY = Message(
    "idempotency_key_other_body",
    "This idempotency key was used for another request.",
    "این کلید یکتایی برای درخواست دیگری به کار رفته است.",
)
ANSWER_LOST = Message(
    "idempotency_answer_lost",
    "The request was carried out, but its answer was lost; look at the record.",
    "درخواست انجام شد، ولی پاسخ آن از دست رفت؛ رکورد را ببینید.",
)
STILL_RUNNING = Message(
    "idempotency_still_running",
    "The same request is still being carried out; try again shortly.",
    "همین درخواست هنوز در حال انجام است؛ کمی بعد دوباره تلاش کنید.",
)


class KeyState(StrEnum):
    """This will say how far the request of a key has come."""

    CLAIMED = "CLAIMED"
    CARRIED_OUT = "CARRIED_OUT"
    ANSWERED = "ANSWERED"


class IdempotencyKey(TenantTable):
    """This will remember one key of one member: a fingerprint of what was asked, and what was answered."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        UniqueConstraint("tenant_id", "member_id", "key"),
        one_of("state", KeyState),
        {"info": {"kind": "tenant"}},
    )

    member_id: Mapped[UUID]
    key: Mapped[str]
    fingerprint: Mapped[str]
    state: Mapped[str]
    claim: Mapped[UUID]
    claimed_until: Mapped[datetime]
    created_at: Mapped[datetime]
    answer: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """This will be the right to carry a request out, until another claim replaces it."""

    id: UUID
    token: UUID


@dataclass(frozen=True, slots=True)
class Replay:
    """This will be the answer that the request got the first time, as JSON."""

    answer: bytes


class Running(Exception):
    """This will say that the same request is being carried out at this moment."""


def checked_key(key: str) -> str:
    """This will refuse a key that cannot be told from another at sight."""
    if not 1 <= len(key) <= MAX_KEY or not (key.isascii() and key.isprintable()):
        raise Invalid(BAD_KEY, limit=MAX_KEY)
    return key


def fingerprint(asked: dict[str, Any]) -> str:
    """This will give the SHA-256, in hex, of a request, the same for members in another order."""
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def claim(database: Database, caller: Caller, *, key: str, print_: str) -> Claim | Replay:
    """This will claim a key, or give what its request was answered; ``print_`` is the request's fingerprint.

    Raises ``Running`` while another request holds the claim, ``Conflict`` when the key stands for something else.
    """
    token = new_id()
    async with write(database, caller) as (session, at):
        row = {
            "tenant_id": caller.tenant_id,
            "id": new_id(),
            "member_id": caller.member,
            "key": key,
            "fingerprint": print_,
            "state": KeyState.CLAIMED,
            "claim": token,
            "claimed_until": at + LEASE,
            "created_at": at,
        }
        made = await session.scalar(
            insert(IdempotencyKey)
            .values(row)
            .on_conflict_do_nothing(index_elements=["tenant_id", "member_id", "key"])
            .returning(IdempotencyKey.id)
        )
        if made is not None:
            return Claim(made, token)
        known = await session.scalar(
            select(IdempotencyKey)
            .where(IdempotencyKey.member_id == caller.member, IdempotencyKey.key == key)
            .with_for_update()
        )
        if known is None:  # it changed nothing and was forgotten a moment ago
            raise Running
        if known.fingerprint != print_:
            raise Conflict(OTHER_BODY)
        if known.state == KeyState.ANSWERED:
            return Replay((known.answer or "").encode())
        if known.claimed_until > at:
            raise Running
        if known.state == KeyState.CARRIED_OUT:
            raise Conflict(ANSWER_LOST)
        known.claim, known.claimed_until = token, at + LEASE
        return Claim(known.id, token)


async def settled(database: Database, caller: Caller, *, key: str) -> bool:
    """This will tell whether nobody is carrying the request of a key out any more."""
    async with read(database, caller) as session:
        state = await session.scalar(
            select(IdempotencyKey.state).where(
                IdempotencyKey.member_id == caller.member,
                IdempotencyKey.key == key,
                IdempotencyKey.claimed_until > session.info["at"],
            )
        )
    return state is None or state == KeyState.ANSWERED


async def carry_out(session: WriteSession, held: Claim) -> None:
    """This will mark the key in the transaction of the effect; a claim that was replaced rolls the effect back."""
    marked = await session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.id == held.id, IdempotencyKey.claim == held.token)
        .values(state=KeyState.CARRIED_OUT)
        .returning(IdempotencyKey.id)
        .execution_options(synchronize_session=False)
    )
    if marked.first() is None:
        raise Conflict(STILL_RUNNING)


async def keep_answer(database: Database, caller: Caller, held: Claim, answer: bytes) -> bool:
    """This will keep the answer of a request that was carried out, and forget the key of one that changed nothing.

    Tells which of the two it was.
    """
    mine = (IdempotencyKey.id == held.id, IdempotencyKey.claim == held.token)
    async with write(database, caller) as (session, _at):
        kept = await session.execute(
            update(IdempotencyKey)
            .where(*mine, IdempotencyKey.state == KeyState.CARRIED_OUT)
            .values(state=KeyState.ANSWERED, answer=answer.decode())
            .returning(IdempotencyKey.id)
            .execution_options(synchronize_session=False)
        )
        if kept.first() is not None:
            return True
        await session.execute(
            delete(IdempotencyKey)
            .where(*mine, IdempotencyKey.state == KeyState.CLAIMED)
            .execution_options(synchronize_session=False)
        )
        return False
