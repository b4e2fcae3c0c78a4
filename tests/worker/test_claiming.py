"""What a relay leases, and what it leaves."""

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import orjson
import pytest
from dramatiq.brokers.redis import RedisBroker
from redis.exceptions import ConnectionError as ValkeyAwayError
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from services.kit.due import Due, Queue, schedule
from services.kit.ids import new_id
from services.kit.outbox import Fact, Outbox, emit
from services.kit.tenancy import Caller, write
from services.worker import relay as relays
from services.worker.broker import NAMESPACE, Job, send, waiting
from services.worker.relay import SHARE, Relay, claim, once, open_relay
from tests.worker.conftest import Desk


@dataclass(frozen=True, kw_only=True)
class Happened(Fact):
    """Something that nobody listens to."""

    topic: ClassVar[str] = "test.happened"


def sent(relay: Relay) -> list[Sequence[str]]:
    """Gives what the messages on the broker say."""
    held = [relay.broker.client.hvals(f"{NAMESPACE}:{queue}.msgs") for queue in Queue]
    return [orjson.loads(message)["args"] for messages in held for message in messages]


async def test_a_row_is_sent_when_its_moment_comes_and_the_message_holds_only_ids(desk: Desk, relay: Relay) -> None:
    tenant_id = new_id()
    async with write(desk.database, Caller(tenant_id=tenant_id)) as (session, at):
        later = at + timedelta(hours=1)
        row = schedule(session, kind="test.nothing", subject_id=new_id(), due_at=later, payload={"secret": "no"})
    once(relay)
    assert sent(relay) == []
    desk.clock.advance(timedelta(hours=1))
    once(relay)
    (leased,) = await desk.rows(tenant_id)
    assert sent(relay) == [[str(tenant_id), "due", str(row.id), str(leased.lease_token)]]
    assert leased.attempts == 0


async def test_a_leased_row_is_sent_again_only_when_its_lease_has_ended(desk: Desk, relay: Relay) -> None:
    tenant_id = new_id()
    await desk.put(1, tenant_id=tenant_id)
    once(relay)
    first = (await desk.rows(tenant_id))[0].lease_token
    once(relay)
    assert len(sent(relay)) == 1
    desk.clock.advance(timedelta(seconds=relay.settings.lease_seconds))
    once(relay)
    (row,) = await desk.rows(tenant_id)
    assert len(sent(relay)) == 2
    assert row.lease_token != first
    assert row.attempts == 0, "a message that was lost is no attempt"


async def test_two_relays_at_once_never_lease_the_same_row(desk: Desk, relay: Relay) -> None:
    tenant_id = new_id()
    await desk.put(200, tenant_id=tenant_id)
    other = open_relay(relay.settings, clock=desk.clock)
    start = threading.Barrier(2)

    def take(one: Relay) -> list[UUID]:
        start.wait()
        taken: list[UUID] = []
        while ids := claim(one, Due, tenant_id=tenant_id, queue="interactive", wanted=7, at=one.clock())[1]:
            taken += ids
        return taken

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.submit(take, relay), threads.submit(take, other)
    other.engine.dispose()
    taken = first.result() + second.result()
    assert len(taken) == len(set(taken)) == 200


async def test_a_row_that_somebody_is_working_on_is_passed_over(desk: Desk, relay: Relay) -> None:
    tenant_id = new_id()
    await desk.put(2, tenant_id=tenant_id)
    async with write(desk.database, Caller(tenant_id=tenant_id)) as (session, at):
        held = (await session.scalars(select(Due).order_by(Due.id).limit(1).with_for_update())).one()
        _, ids = claim(relay, Due, tenant_id=tenant_id, queue="interactive", wanted=10, at=at)
        assert len(ids) == 1
        assert held.id not in ids


async def test_each_round_gives_every_tenant_the_same_share(desk: Desk, relay: Relay) -> None:
    large, small = new_id(), new_id()
    await desk.put(300, tenant_id=large)
    await desk.put(3, tenant_id=small)
    assert once(relay) == 0, "more may be sent, so the next round is now"
    assert Counter(tenant for tenant, *_ in sent(relay)) == {str(large): SHARE, str(small): 3}


async def test_a_tenant_has_no_more_leases_than_its_cap(desk: Desk, relay: Relay) -> None:
    tenant_id = new_id()
    await desk.put(50, tenant_id=tenant_id)
    while once(relay) == 0:
        pass
    assert await desk.leased(tenant_id) == relay.settings.tenant_in_flight == 20
    assert once(relay) > 0
    assert await desk.leased(tenant_id) == 20


async def test_long_work_has_a_smaller_cap_and_leaves_short_work_alone(desk: Desk, relay: Relay) -> None:
    tenant_id = new_id()
    await desk.put(30, tenant_id=tenant_id, queue=Queue.BULK)
    await desk.put(5, tenant_id=tenant_id)
    while once(relay) == 0:
        pass
    assert waiting(relay.broker) == {Queue.INTERACTIVE: 5, Queue.BULK: 2, Queue.REPORTS: 0}


async def test_facts_and_due_rows_share_what_a_tenant_gets(desk: Desk, relay: Relay) -> None:
    tenant_id = new_id()
    await desk.put(50, tenant_id=tenant_id)
    async with write(desk.database, Caller(tenant_id=tenant_id)) as (session, at):
        for _ in range(50):
            emit(session, Caller(tenant_id=tenant_id), Happened(subject_id=new_id()), at=at)
    once(relay)
    assert await desk.leased(tenant_id, Due) == await desk.leased(tenant_id, Outbox) == SHARE / 2


async def test_a_queue_that_no_worker_empties_stops_growing(
    desk: Desk, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "LONGEST_QUEUE", 15)
    for _ in range(4):
        await desk.put(10, tenant_id=new_id())
    for _ in range(5):
        once(relay)
        desk.clock.advance(timedelta(seconds=relay.settings.lease_seconds))
    assert waiting(relay.broker)[Queue.INTERACTIVE] == 15


async def test_a_lease_whose_message_cannot_be_sent_is_given_back(
    desk: Desk, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = new_id()
    await desk.put(5, tenant_id=tenant_id)
    left = [2]

    def send_two(broker: RedisBroker, queue: str, job: Job) -> None:
        if not left[0]:
            raise ValkeyAwayError
        left[0] -= 1
        send(broker, queue, job)

    monkeypatch.setattr(relays, "send", send_two)
    with pytest.raises(ValkeyAwayError):
        once(relay)
    assert await desk.leased(tenant_id) == len(sent(relay)) == 2
    monkeypatch.undo()
    once(relay)
    assert await desk.leased(tenant_id) == len(sent(relay)) == 5


async def test_nothing_is_leased_while_valkey_is_away(desk: Desk, relay: Relay) -> None:
    tenant_id = new_id()
    await desk.put(1, tenant_id=tenant_id)
    nowhere = relay.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    lost = replace(open_relay(nowhere, clock=desk.clock), engine=relay.engine)
    with pytest.raises(ValkeyAwayError):
        once(lost)
    assert await desk.leased(tenant_id) == 0


@pytest.mark.parametrize("table", ["due", "outbox"])
@pytest.mark.parametrize(
    "statement", ["SELECT payload FROM {}", "UPDATE {} SET state = 'DONE'", "DELETE FROM {}", "SELECT * FROM member"]
)
async def test_a_relay_may_see_and_lease_and_nothing_else(relay: Relay, statement: str, table: str) -> None:
    with relay.engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement.format(table)))
