"""A database of its own for every test that lets a relay loose: a relay sees all tenants."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from services.kit.due import Due, Leased, Queue, schedule
from services.kit.ids import new_id
from services.kit.tenancy import Caller, Database, open_database, read, write
from services.local.provision import Urls
from services.local.valkey import Valkey, start_valkey
from services.worker.broker import NAMESPACE
from services.worker.relay import Relay, open_relay
from tests.conftest import make_settings
from tests.support import Clock
from tests.worker.processes import Processes


@dataclass
class Desk:
    """An empty database, entered as the application, with a clock of its own."""

    database: Database
    clock: Clock

    async def put(
        self,
        count: int,
        *,
        tenant_id: UUID,
        kind: str = "test.nothing",
        queue: Queue = Queue.INTERACTIVE,
        **more: object,
    ) -> None:
        """Schedules ``count`` rows that have been due for a minute."""
        async with write(self.database, Caller(tenant_id=tenant_id)) as (session, at):
            for _ in range(count):
                due_at = at - timedelta(minutes=1)
                schedule(session, kind=kind, subject_id=new_id(), due_at=due_at, queue=queue, **more)  # type: ignore[arg-type] # whatever schedule takes

    async def rows(self, tenant_id: UUID, table: type[Leased] = Due) -> list[Leased]:
        """Gives a tenant's rows, the oldest first."""
        async with read(self.database, Caller(tenant_id=tenant_id)) as session:
            return list(await session.scalars(select(table).order_by(table.id)))

    async def leased(self, tenant_id: UUID, table: type[Leased] = Due) -> int:
        """Counts a tenant's live leases."""
        rows = await self.rows(tenant_id, table)
        return sum(row.lease_until is not None and row.lease_until > self.clock() for row in rows)


@pytest.fixture
async def desk(fresh_urls: Urls) -> AsyncIterator[Desk]:
    clock = Clock()
    database = open_database(fresh_urls.app, pool_size=8, clock=clock)
    yield Desk(database, clock)
    await database.close()


@pytest.fixture
def relay(fresh_urls: Urls, desk: Desk, valkey_url: str, tmp_path: Path) -> Iterator[Relay]:
    opened = open_relay(make_settings(fresh_urls, valkey_url, tmp_path), clock=desk.clock)
    yield opened
    for key in opened.broker.client.scan_iter(f"{NAMESPACE}*"):
        opened.broker.client.delete(key)
    opened.broker.client.close()
    opened.engine.dispose()


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    """A Valkey that a test may empty, stop and start."""
    home = Path(tempfile.mkdtemp(prefix="ravand-valkey-"))
    server = start_valkey(home)
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture
def processes(fresh_urls: Urls, own_valkey: Valkey, tmp_path: Path) -> Iterator[Processes]:
    """Workers and relays with short leases, none of them started yet."""
    chosen = make_settings(fresh_urls, own_valkey.url, tmp_path / "home")
    settings = chosen.model_copy(update={"lease_seconds": 2, "relay_poll_seconds": 0.2})
    opened = Processes(settings, tmp_path)
    yield opened
    opened.end()
