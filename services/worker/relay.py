"""The relay: finds what has fallen due in any tenant, leases it, and sends its ids to the workers.

Any number of relays may run at once; none of them leads. They see what is due over all tenants, and lease rows of one
tenant at a time, which is one shard of a distributed database. Each round gives every tenant the same small share of
each queue, so a tenant with a hundred thousand rows delays nobody else's.
"""

import random
import signal
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from dramatiq.brokers.redis import RedisBroker
from redis.exceptions import RedisError
from sqlalchemy import Engine, Select, Update, Uuid, any_, bindparam, create_engine, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import SQLAlchemyError

from services.kit.clock import Clock, system_clock
from services.kit.due import Leased, Queue, State
from services.kit.ids import new_id
from services.kit.log import configure_logging
from services.kit.settings import Settings
from services.kit.settings import settings as read_settings
from services.worker.broker import TABLES, Job, open_broker, send, waiting

log = structlog.get_logger(__name__)

SHARE: Final = 10
# Messages a queue may hold: leases that end while no worker runs must not fill Valkey with messages about them.
LONGEST_QUEUE: Final = 1000
LONGEST_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Relay:
    """This will hold what a relay opened: the database as ravand_dispatch, the broker, the clock."""

    settings: Settings
    engine: Engine
    broker: RedisBroker
    clock: Clock = field(default=system_clock)


@dataclass(slots=True)
class Lane:
    """This will be what is due of one tenant in one queue: rows that nobody has leased, by table, and leased ones."""

    free: dict[type[Leased], int] = field(default_factory=dict)
    leased: int = 0


def open_relay(settings: Settings, *, clock: Clock = system_clock) -> Relay:
    """This will make a relay; nothing is connected before its first round."""
    engine = create_engine(
        settings.dispatch_database_url,
        pool_size=1,
        max_overflow=0,
        connect_args={
            "prepare_threshold": settings.database_prepare_threshold,
            "application_name": "ravand-relay",
            "connect_timeout": 5,
        },
    )
    return Relay(settings, engine, open_broker(settings), clock)


def cap(settings: Settings, queue: str) -> int:
    """This will tell how many rows of one tenant and queue may be leased at once; long work gets a tenth."""
    return settings.tenant_in_flight if queue == Queue.INTERACTIVE else max(1, settings.tenant_in_flight // 10)


# The three statements of the relay, alike for both tables. It may read and write the columns named here and no others.
def _scan(table: type[Leased]) -> Select[UUID, str, int, int]:
    leased = table.lease_until > bindparam("at")
    return (
        select(table.tenant_id, table.queue, func.count().filter(leased), func.count())
        .where(table.state == State.WAITING, table.due_at <= bindparam("at"))
        .group_by(table.tenant_id, table.queue)
    )


def _choose(table: type[Leased]) -> Select[UUID]:
    return (
        select(table.id)
        .where(table.tenant_id == bindparam("tenant"), table.queue == bindparam("queue"))
        .where(table.state == State.WAITING, table.due_at <= bindparam("at"))
        .where(or_(table.lease_until.is_(None), table.lease_until <= bindparam("at")))
        .order_by(table.due_at, table.id)
        .limit(bindparam("wanted"))
        .with_for_update(skip_locked=True)
    )


def _mark(table: type[Leased]) -> Update:
    return (
        update(table.__table__)  # type: ignore[arg-type] # a mapped class has a Table, whatever its base declares
        .where(table.tenant_id == bindparam("tenant"), table.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
        .values(lease_token=bindparam("token"), lease_until=bindparam("until"))
    )


def _release(table: type[Leased]) -> Update:
    return _mark(table).where(table.lease_token == bindparam("held"))


SCAN: Final = {table: _scan(table) for table in TABLES.values()}
CHOOSE: Final = {table: _choose(table) for table in TABLES.values()}
MARK: Final = {table: _mark(table) for table in TABLES.values()}
RELEASE: Final = {table: _release(table) for table in TABLES.values()}


def scan(relay: Relay, at: datetime) -> dict[UUID, dict[str, Lane]]:
    """This will tell what is due, by tenant and queue."""
    found: dict[UUID, dict[str, Lane]] = defaultdict(lambda: defaultdict(Lane))
    with relay.engine.connect() as connection:
        for table, statement in SCAN.items():
            for tenant_id, queue, leased, due in connection.execute(statement, {"at": at}):
                lane = found[tenant_id][queue]
                lane.leased += leased
                lane.free[table] = due - leased
    return found


def claim(
    relay: Relay, table: type[Leased], *, tenant_id: UUID, queue: str, wanted: int, at: datetime
) -> tuple[UUID, list[UUID]]:
    """This will lease up to ``wanted`` rows of one tenant, oldest first, and give the lease's token and their ids.

    Rows that another relay is leasing, or a worker is finishing, are passed over.
    """
    token = new_id()
    with relay.engine.begin() as connection:
        chosen = {"tenant": tenant_id, "queue": queue, "wanted": wanted, "at": at}
        ids = list(connection.execute(CHOOSE[table], chosen).scalars())
        if ids:
            until = at + timedelta(seconds=relay.settings.lease_seconds)
            connection.execute(MARK[table], {"tenant": tenant_id, "ids": ids, "token": token, "until": until})
    return token, ids


def release(relay: Relay, table: type[Leased], *, tenant_id: UUID, ids: list[UUID], token: UUID) -> None:
    """This will take a lease back whose message could not be sent, unless a worker has begun after all."""
    with relay.engine.begin() as connection:
        freed = {"tenant": tenant_id, "ids": ids, "held": token, "token": None, "until": None}
        connection.execute(RELEASE[table], freed)


def once(relay: Relay) -> float:
    """This will give every tenant its share and tell how many seconds the next round may wait."""
    room = {queue: LONGEST_QUEUE - held for queue, held in waiting(relay.broker).items()}
    found = scan(relay, relay.clock())
    tenants = list(found)
    random.shuffle(tenants)  # so that several relays start at different tenants, and none is always the last
    more = capped = False
    for tenant_id in tenants:
        for queue, lane in found[tenant_id].items():
            allowed = min(cap(relay.settings, queue) - lane.leased, room[Queue(queue)])
            free = sum(lane.free.values())
            sent = _share(relay, tenant_id, queue, lane.free, wanted=min(allowed, SHARE))
            room[Queue(queue)] -= sent
            more = more or 0 < sent < min(allowed, free)
            capped = capped or free > sent
    if more:
        return 0
    return relay.settings.relay_poll_seconds / 5 if capped else relay.settings.relay_poll_seconds


def _share(relay: Relay, tenant_id: UUID, queue: str, free: Mapping[type[Leased], int], *, wanted: int) -> int:
    """This will lease and send up to ``wanted`` rows of one tenant and queue, of both tables alike, and count them."""
    sent = 0
    tables = sorted(free, key=lambda table: free[table])  # what the smaller one does not need is the larger one's
    for left, table in zip(range(len(tables), 0, -1), tables, strict=True):
        part = min(free[table], -((sent - wanted) // left))
        if part <= 0:
            continue
        token, ids = claim(relay, table, tenant_id=tenant_id, queue=queue, wanted=part, at=relay.clock())
        for place, id in enumerate(ids):
            try:
                send(relay.broker, queue, Job(tenant_id, table, id, token))
            except RedisError:
                release(relay, table, tenant_id=tenant_id, ids=ids[place:], token=token)
                raise
        sent += len(ids)
    return sent


def run() -> None:
    """This will send what falls due until SIGTERM or SIGINT, whatever happens to PostgreSQL and Valkey meanwhile."""
    settings = read_settings()
    configure_logging(settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    relay = open_relay(settings)
    log.info("relay is ready")
    keep_sending(relay, stopping)
    relay.engine.dispose()
    relay.broker.client.close()
    log.info("relay has stopped")


def keep_sending(relay: Relay, stopping: threading.Event) -> None:
    """This will go round until the wish to stop, more slowly while PostgreSQL or Valkey does not answer."""
    pause = relay.settings.relay_poll_seconds
    while not stopping.is_set():
        try:
            wait = once(relay)
            pause = relay.settings.relay_poll_seconds
        except (SQLAlchemyError, RedisError, OSError) as error:
            log.warning("a round was cut off", error=f"{type(error).__name__}: {error}")
            wait = pause
            pause = min(pause * 2, LONGEST_PAUSE)
        stopping.wait(wait)
