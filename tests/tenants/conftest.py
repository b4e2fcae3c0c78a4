"""People on their way in: each test asks from a network address of its own, and reads the mails it caused."""

import secrets
from collections.abc import AsyncIterator

import httpx2
import pytest

from services.kit.settings import Settings
from services.kit.tenancy import Database
from services.tenants.access import tasks as access_tasks
from services.tenants.invitations import tasks as invitation_tasks
from tests.support import Api
from tests.tenants.people import Visitor


@pytest.fixture(autouse=True)
def worker_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker reads the environment; here it is given the settings of the test process."""
    monkeypatch.setattr(access_tasks, "settings", lambda: settings)
    monkeypatch.setattr(invitation_tasks, "settings", lambda: settings)


@pytest.fixture
async def visitor(api: Api, settings: Settings, database: Database) -> AsyncIterator[Visitor]:
    """Somebody who is not logged in, at a network address that no other test uses."""
    address = ".".join(["10", *(str(secrets.randbelow(256)) for _ in range(3))])
    transport = httpx2.ASGITransport(app=api.app, client=(address, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://ravand.test") as http:
        yield Visitor(Api(http, api.app), settings, database)
