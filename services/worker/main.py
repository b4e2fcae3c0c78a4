"""The worker: one process, one event loop, and a lane of threads for each queue.

Dramatiq's threads wait for messages; the work itself runs on the one event loop, so its database connections are
shared, and whatever computes for long belongs into a thread (``asyncio.to_thread``). Each queue has a broker and a set
of threads of its own, because Dramatiq gives all queues of a worker to the same threads, where a few reports would keep
every reminder waiting.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker
from sqlalchemy.exc import SQLAlchemyError

from services.kit.checks import refuse_unsafe_role
from services.kit.due import Queue
from services.kit.files import open_store
from services.kit.log import configure_logging
from services.kit.settings import Settings
from services.kit.settings import settings as read_settings
from services.kit.tenancy import Database, open_database
from services.worker import rooms
from services.worker.broker import Job, open_broker, receive
from services.worker.jobs import perform

try:
    from uvloop import Loop as EventLoop
except ImportError:  # there is none on Windows
    from asyncio import SelectorEventLoop as EventLoop  # type: ignore[assignment] # either is an event loop

log = structlog.get_logger(__name__)

POLL_MS: Final = 200
LONGEST_PAUSE: Final = 5.0
# Together less than what a supervisor gives a process to end: work may finish, then it is given back.
DRAIN_SECONDS: Final = 8
STOP_MS: Final = 11_000


@dataclass(frozen=True, slots=True)
class Lane:
    """This will say how much of a queue is done at once, how much is fetched ahead, and how long one job may take."""

    queue: Queue
    threads: int
    prefetch: int
    limit: timedelta


def lanes(settings: Settings) -> tuple[Lane, ...]:
    """This will share out the worker: much short work at once, little of what takes long.

    Long work is not fetched ahead: its lease would end while it waits here, when another worker might have time.
    """
    short, bulk, reports = settings.worker_threads, max(1, settings.worker_threads // 2), 1
    return (
        Lane(Queue.INTERACTIVE, short, short * 4, timedelta(minutes=1)),
        Lane(Queue.BULK, bulk, bulk, timedelta(hours=1)),
        Lane(Queue.REPORTS, reports, reports, timedelta(minutes=30)),
    )


def run() -> None:
    """This will do what the relay sends until SIGTERM or SIGINT; work in progress is finished or given back."""
    settings = read_settings()
    configure_logging(settings)
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        runner.run(_run(settings))


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    threads = sum(lane.threads for lane in lanes(settings))
    open_store(settings.files_folder)
    database = open_database(
        settings.database_url,
        # A job may read through one connection while it writes through another, and its lease is kept through a third.
        pool_size=max(settings.database_pool_size, 2 * threads + 2),
        prepare_threshold=settings.database_prepare_threshold,
        name="ravand-worker",
    )
    try:
        if await _database_answers(database, stopping):
            await work(settings, database, stopping)
    finally:
        await database.close()


async def _database_answers(database: Database, stopping: asyncio.Event) -> bool:
    """This will wait for PostgreSQL and refuse a role that could see past a tenant's walls; False when told to stop."""
    pause = 0.25
    while not stopping.is_set():
        try:
            await refuse_unsafe_role(database.engine)
            return True
        except (SQLAlchemyError, OSError) as error:
            log.warning("PostgreSQL does not answer yet", error=str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    return False


async def work(settings: Settings, database: Database, stopping: asyncio.Event) -> None:
    """This will do jobs until the wish to stop, then finish what takes a moment and give the rest back."""
    loop = asyncio.get_running_loop()
    lease = timedelta(seconds=settings.lease_seconds)
    running: set[asyncio.Task[None]] = set()

    async def tracked(job: Job, limit: timedelta) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a job runs as a task")
        running.add(task)
        try:
            await perform(database, job, lease=lease, limit=limit)
        finally:
            running.discard(task)

    def taker(lane: Lane) -> Callable[[Job], None]:
        return lambda job: asyncio.run_coroutine_threadsafe(tracked(job, lane.limit), loop).result()

    brokers = {lane: open_broker(settings) for lane in lanes(settings)}
    workers = [_start(broker, lane, taker(lane)) for lane, broker in brokers.items()]
    log.info("worker is ready", rooms=len(rooms.__all__))
    await stopping.wait()
    log.info("worker is stopping", unfinished=len(running))
    stops = [asyncio.create_task(asyncio.to_thread(worker.stop, STOP_MS)) for worker in workers]
    await asyncio.wait(stops, timeout=DRAIN_SECONDS)
    for task in tuple(running):
        task.cancel()
    await asyncio.gather(*stops)
    for broker in brokers.values():
        broker.client.close()


def _start(broker: RedisBroker, lane: Lane, take: Callable[[Job], None]) -> Worker:
    receive(broker, lane.queue, take)
    worker = Worker(broker, worker_threads=lane.threads, worker_timeout=POLL_MS)
    worker.queue_prefetch = lane.prefetch
    worker.start()
    return worker
