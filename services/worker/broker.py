"""Dramatiq over Valkey, used for one thing: to bring the ids of leased rows to a worker that has time.

Valkey may lose all of it at any moment. A row whose message is lost is sent again when its lease ends, and a message
that comes twice, or late, carries a token that is good no longer. So nothing of Dramatiq's own memory is used: no
retries, no delays, no results, and no middleware at all.

What Dramatiq leaves behind in Valkey is bounded. A worker that was killed leaves its heartbeat and its unacknowledged
messages; both are cleared by the maintenance that one in a thousand commands of any other process does, a minute after
the last heartbeat. Messages for actors nobody declares are kept a day. The relay stops sending when a queue is long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from dramatiq import Actor, Message
from dramatiq.brokers.redis import RedisBroker
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from services.kit.due import Due, Leased, Queue
from services.kit.outbox import Outbox
from services.kit.settings import Settings

NAMESPACE: Final = "ravand:broker"
ACTOR: Final = "perform"
TABLES: Final[dict[str, type[Leased]]] = {table.__tablename__: table for table in (Due, Outbox)}
DEAD_MESSAGES_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Job:
    """This will be all that a message says: which row of which tenant, and the token of its lease."""

    tenant_id: UUID
    table: type[Leased]
    id: UUID
    token: UUID


def open_broker(settings: Settings) -> RedisBroker:
    """This will make a broker; nothing is connected before the first command."""
    client = Redis.from_url(
        settings.broker_url or settings.redis_url,
        # Long, because a busy Valkey is not a dead one, and the library's own 5 s would cut it off. One more try at
        # once, for a connection that was idle too long; whoever waits longer than that has a loop of their own.
        socket_timeout=30,
        socket_connect_timeout=5,
        health_check_interval=30,
        retry=Retry(ConstantBackoff(0.05), retries=1),
    )
    return RedisBroker(  # type: ignore[no-untyped-call] # Dramatiq types its actors and workers, not this class
        client=client, middleware=[], namespace=NAMESPACE, dead_message_ttl=DEAD_MESSAGES_MS
    )


def send(broker: RedisBroker, queue: str, job: Job) -> None:
    """This will put a job at the end of a queue; the failures of redis-py when Valkey is away."""
    args = (str(job.tenant_id), job.table.__tablename__, str(job.id), str(job.token))
    broker.enqueue(Message(queue_name=queue, actor_name=ACTOR, args=args, kwargs={}, options={}))


def receive(broker: RedisBroker, queue: Queue, take: Callable[[Job], None]) -> None:
    """This will have ``take`` called, in a thread of a Dramatiq worker, for every job of a queue."""

    def perform(tenant_id: str, table: str, id: str, token: str) -> None:
        take(Job(UUID(tenant_id), TABLES[table], UUID(id), UUID(token)))

    Actor(perform, broker=broker, actor_name=ACTOR, queue_name=queue, priority=0, options={})
    # Each queue brings a second one for delayed messages. Nobody sends any, so no worker needs to look there.
    broker.delay_queues.clear()


def waiting(broker: RedisBroker) -> dict[Queue, int]:
    """This will count the messages that no worker has fetched yet."""
    with broker.client.pipeline(transaction=False) as pipeline:
        for queue in Queue:
            pipeline.llen(f"{NAMESPACE}:{queue}")
        return dict(zip(Queue, pipeline.execute(), strict=True))
