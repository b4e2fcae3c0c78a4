"""What every resolver is given: who calls, in which words, and the one snapshot the operation reads."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from strawberry.types import Info as StrawberryInfo

from schema.loading import Loaders
from services.kit.errors import NOT_FOUND, Locale, Message, NotFound, Unauthenticated
from services.kit.files import FileStore
from services.kit.idempotency import Claim, carry_out
from services.kit.passwords import Passwords
from services.kit.reads import Reader, ReadModel, Record
from services.kit.settings import Settings
from services.kit.tenancy import Caller, Database, WriteSession, read, write
from services.tenants.workspaces.queries import current
from services.tenants.workspaces.rules import refuse_read_only

LOG_IN = Message("log_in", "Log in to do this.", "برای این کار وارد شوید.")


@dataclass(frozen=True, slots=True)
class Services:
    """This will hold what the application opened once: configuration, database, files, Valkey."""

    settings: Settings
    database: Database
    files: FileStore
    redis: "Redis"
    passwords: Passwords
    migration_head: str | None


@dataclass(slots=True)
class Context:
    """This will live as long as one GraphQL operation."""

    services: Services
    member: Caller | None
    locale: Locale
    request_id: str
    address: str = ""
    claim: Claim | None = None
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _loaders: Loaders | None = None

    @property
    def caller(self) -> Caller:
        """This will give the member who calls, or refuse an anonymous caller."""
        if self.member is None:
            raise Unauthenticated(LOG_IN)
        return self.member

    async def loaders(self) -> Loaders:
        """This will give the batching readers of the operation's snapshot, opening it at the first call."""
        if self._loaders is None:
            session = await self._open.enter_async_context(read(self.services.database, self.caller))
            self._loaders = Loaders(Reader(session, self.caller))
        return self._loaders

    async def reader(self) -> Reader:
        """This will give the reader of the operation's snapshot."""
        return (await self.loaders()).reader

    async def fetch(self, model: ReadModel, id: UUID) -> Any:
        """This will read one record for a payload; it is there, because the caller has just written it."""
        found = await (await self.loaders()).by_id(model, id)
        if found is None:
            raise NotFound(NOT_FOUND)
        return found

    @asynccontextmanager
    async def write(self) -> AsyncIterator[tuple[WriteSession, Caller, datetime]]:
        """This will open the one write transaction of a mutation; what is read afterwards is a fresh snapshot."""
        async with write(self.services.database, self.caller) as (session, at):
            workspace = await current(session)
            refuse_read_only(workspace.state, workspace.trial_ends_at, at)
            if self.claim is not None:
                await carry_out(session, self.claim)
            yield session, self.caller, at
        await self.refresh()

    async def become(self, caller: Caller) -> None:
        """This will go on as a member who has just come in; what the payload shows is theirs."""
        self.member, self.locale = caller, caller.locale
        await self.refresh()

    async def refresh(self) -> None:
        """This will drop the snapshot, so that the next read sees what was just committed."""
        self._loaders = None
        await self._open.aclose()
        self._open = AsyncExitStack()

    async def close(self) -> None:
        """This will give the snapshot's connection back."""
        self._loaders = None
        await self._open.aclose()


Info = StrawberryInfo[Context, None]
__all__ = ["Context", "Info", "Record", "Services"]
