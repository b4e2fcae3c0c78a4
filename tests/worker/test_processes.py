"""Workers and relays start before what they need, outlive its absence, and end when they are asked to."""

import asyncio
import time
from pathlib import Path
from uuid import UUID

import pytest
from dramatiq import Worker

from services.kit.due import HANDLERS, Due, Queue, State, Work
from services.kit.ids import new_id
from services.local.provision import Urls
from services.local.valkey import Valkey, start_valkey
from services.worker import main
from services.worker.broker import NAMESPACE, Job, open_broker, receive, send
from services.worker.relay import Relay, once
from tests.conftest import make_settings
from tests.worker.conftest import Desk
from tests.worker.processes import Processes, wait_for


async def put_work(desk: Desk, tenant_id: UUID) -> None:
    """Puts work that is over at once: nobody has the reminders that it is about."""
    await desk.put(3, tenant_id=tenant_id, kind="reminder.deliver", payload={"generation": 1})


async def all_done(desk: Desk, tenant_id: UUID, processes: Processes) -> None:
    """Waits until nothing of a tenant waits any more."""
    deadline = time.monotonic() + 30
    while any(row.state != State.DONE for row in await desk.rows(tenant_id)):
        assert time.monotonic() < deadline, processes.tail()
        await asyncio.sleep(0.05)


def logged(processes: Processes, words: str) -> bool:
    return any(words in log.read_text(encoding="utf-8") for log in processes.folder.glob("*.log"))


async def test_valkey_may_come_late_and_go_and_come_back(desk: Desk, processes: Processes, own_valkey: Valkey) -> None:
    home, port, tenant_id = own_valkey.folder.parent, own_valkey.port, new_id()
    own_valkey.stop()
    processes.start("worker")
    processes.start("relay")
    await put_work(desk, tenant_id)
    wait_for(lambda: logged(processes, "a round was cut off"), seconds=20, what=processes.tail)
    wait_for(lambda: logged(processes, "worker is ready"), seconds=20, what=processes.tail)
    assert await desk.leased(tenant_id) == 0
    server = start_valkey(home, port=port)
    await all_done(desk, tenant_id, processes)
    server.stop()
    await put_work(desk, tenant_id)
    server = start_valkey(home, port=port)
    await all_done(desk, tenant_id, processes)
    assert processes.stop() == [0, 0], processes.tail()
    server.stop()


async def test_a_worker_that_is_asked_to_stop_gives_long_work_back(
    desk: Desk, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopping, tenant_id = asyncio.Event(), asyncio.Event(), new_id()

    async def endless(_work: Work) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setitem(HANDLERS, "test.endless", endless)
    monkeypatch.setattr(main, "DRAIN_SECONDS", 0.1)
    await desk.put(1, tenant_id=tenant_id, kind="test.endless", queue=Queue.REPORTS)
    working = asyncio.create_task(main.work(relay.settings, desk.database, stopping))
    once(relay)
    await asyncio.wait_for(begun.wait(), timeout=20)
    stopping.set()
    await working
    (row,) = await desk.rows(tenant_id)
    assert (row.state, row.attempts, row.lease_token) == (State.WAITING, 0, None)


def test_a_worker_waits_for_its_database_and_can_be_stopped_meanwhile(processes: Processes) -> None:
    nowhere = "postgresql+psycopg://ravand_app:x@127.0.0.1:1/ravand"
    processes.settings = processes.settings.model_copy(update={"database_url": nowhere})
    processes.start("worker")
    wait_for(lambda: logged(processes, "PostgreSQL does not answer yet"), seconds=20, what=processes.tail)
    assert processes.stop() == [0], processes.tail()


def test_a_worker_refuses_a_role_that_sees_past_a_tenants_walls(processes: Processes, fresh_urls: Urls) -> None:
    processes.settings = processes.settings.model_copy(update={"database_url": fresh_urls.owner})
    processes.start("worker")
    ((_, worker),) = processes.running
    assert worker.wait(timeout=20) != 0
    assert logged(processes, "bypasses row-level security"), processes.tail()


def test_what_killed_workers_leave_in_valkey_is_cleared(urls: Urls, own_valkey: Valkey, tmp_path: Path) -> None:
    settings = make_settings(urls, own_valkey.url, tmp_path)
    jobs = [Job(new_id(), Due, new_id(), new_id()) for _ in range(20)]
    sender = open_broker(settings)
    for job in jobs:
        send(sender, "interactive", job)
    for _ in range(3):  # each fetches messages and is never heard of again
        next(open_broker(settings).consume("interactive", prefetch=3))
    assert len(sender.client.keys(f"{NAMESPACE}:__acks__*")) == 3

    taken: list[Job] = []
    living = open_broker(settings)
    living.maintenance_chance, living.heartbeat_timeout = 1_000_000, 0  # at every command, and without a minute's wait
    receive(living, Queue.INTERACTIVE, taken.append)
    worker = Worker(living, worker_threads=1, worker_timeout=50)
    worker.start()
    wait_for(lambda: {job.id for job in taken} == {job.id for job in jobs}, seconds=20, what=lambda: f"{taken}")
    worker.stop()
    assert set(sender.client.keys()) <= {f"{NAMESPACE}:__heartbeats__".encode()}
    sender.client.close()
