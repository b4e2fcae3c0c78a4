"""Facts, written in the same transaction as their cause, and whoever listens to them."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
from sqlalchemy.orm import Mapped

from services.kit.due import Leased, Queue, Work
from services.kit.tenancy import Caller, WriteSession


class Outbox(Leased):
    """This will hold the facts that happened, until everyone who listens has acted on them."""

    __tablename__ = "outbox"
    __table_args__ = Leased.constraints("outbox")

    actor_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """This will be something that happened; subclasses add what a listener needs, as plain values."""

    topic: ClassVar[str]
    subject_id: UUID


Listener = Callable[[WriteSession, Caller, dict[str, Any], datetime], Awaitable[None]]
LISTENERS: dict[str, list[Listener]] = {}


def listens(topic: str) -> Callable[[Listener], Listener]:
    """This will have a function called, in one transaction with the delivery, for every fact of a topic.

    What it is given are the fact's own values and three more: ``fact_id``, ``actor_id`` (None: the system itself) and
    ``occurred_at``, as texts.
    """

    def register(listener: Listener) -> Listener:
        LISTENERS.setdefault(topic, []).append(listener)
        return listener

    return register


def emit(session: WriteSession, caller: Caller, fact: Fact, *, at: datetime) -> None:
    """This will write a fact beside its cause; the relay brings it to its listeners after the commit."""
    session.add(
        Outbox(
            kind=fact.topic,
            queue=Queue.INTERACTIVE,
            subject_id=fact.subject_id,
            payload=orjson.loads(orjson.dumps(asdict(fact))),
            due_at=at,
            actor_id=caller.member_id,
            occurred_at=at,
        )
    )


async def deliver(work: Work) -> None:
    """This will bring one fact to everyone who listens to its topic; either all of them have acted or none has."""
    async with work.done() as (session, at):
        row = await session.get_one(Outbox, (work.caller.tenant_id, work.id))  # done() holds it: no statement is run
        fact = {
            **row.payload,
            "fact_id": str(row.id),
            "actor_id": None if row.actor_id is None else str(row.actor_id),
            "occurred_at": row.occurred_at.isoformat(),
        }
        for listener in LISTENERS.get(row.kind, []):
            await listener(session, work.caller, fact, at)
