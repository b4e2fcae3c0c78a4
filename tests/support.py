"""What tests share: a clock that can be moved, a client that speaks GraphQL, a workspace with people."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import event
from starlette.applications import Starlette

from schema.auth import access_token
from services.kit.errors import Locale
from services.kit.ids import new_id
from services.kit.permissions import Role
from services.kit.settings import Settings
from services.kit.tenancy import Caller, Database, write
from services.tenants.access.models import LoginSession
from services.tenants.members.service import add_member
from services.tenants.workspaces.service import open_workspace


@dataclass
class Clock:
    """A clock that runs with the real one, ahead of it by what a test added."""

    ahead: timedelta = field(default=timedelta())

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, by: timedelta) -> None:
        self.ahead += by


class ProblemError(AssertionError):
    """A mutation answered a problem where a test expected its payload."""


@dataclass
class Api:
    """A client of the gateway."""

    http: httpx2.AsyncClient
    app: Starlette

    @classmethod
    @asynccontextmanager
    async def serving(cls, app: Starlette) -> AsyncIterator["Api"]:
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://ravand.test") as http:
                yield cls(http, app)

    async def post(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None, locale: str = "en"
    ) -> dict[str, Any]:
        """Sends one operation and gives the whole answer, errors and all."""
        headers = {"accept-language": locale} | ({"authorization": f"Bearer {token}"} if token else {})
        response = await self.http.post(
            "/graphql", json={"query": query, "variables": variables or {}}, headers=headers
        )
        answer: dict[str, Any] = response.json()
        return answer

    async def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None, locale: str = "en"
    ) -> dict[str, Any]:
        """Sends one operation that must succeed and gives its data."""
        answer = await self.post(query, variables, token=token, locale=locale)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data


PROBLEM = " __typename ... on Problem { code message path } "


@dataclass
class Workspace:
    """A workspace with an owner, asked as that owner or as another of its people."""

    api: Api
    settings: Settings
    database: Database
    id: UUID
    locale: Locale
    owner: Caller
    token: str

    async def post(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        return await self.api.post(query, variables, token=token or self.token)

    async def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        return await self.api.ask(query, variables, token=token or self.token)

    async def do(
        self, mutation: str, input: dict[str, Any], fields: str, *, token: str | None = None
    ) -> dict[str, Any]:
        """Calls one mutation with ``input`` and gives what it answered, payload or problem.

        ``fields`` is the payload's selection with its type: ``AccountPayload { account { id } }``.
        """
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {PROBLEM} ... on {fields} }} }}"
        data = await self.ask(query, {"input": input}, token=token)
        answer: dict[str, Any] = data[mutation]
        return answer

    async def must(
        self, mutation: str, input: dict[str, Any], fields: str, *, token: str | None = None
    ) -> dict[str, Any]:
        """Calls one mutation that must succeed."""
        answer = await self.do(mutation, input, fields, token=token)
        if "Problem" in answer["__typename"]:
            raise ProblemError(answer)
        return answer

    async def join(self, role: Role, *, name: str = "Someone Else") -> tuple[Caller, str]:
        """Adds a person with a role and gives them as a caller, with a token."""
        async with write(self.database, self.owner) as (session, at):
            member = await add_member(session, self.owner, name=name, role=role, login_id=new_id(), at=at)
            log_in = LoginSession(member_id=member.id, created_at=at, expires_at=at + timedelta(days=30))
            session.add(log_in)
        caller = Caller(tenant_id=self.id, member_id=member.id, role=role, locale=self.locale, session_id=log_in.id)
        return caller, mint(self.settings, caller, self.database.clock())


def mint(settings: Settings, caller: Caller, at: datetime) -> str:
    """Makes an access token for a caller whose log-in session is in the database."""
    if caller.session_id is None:
        raise LookupError("the caller has no session")
    return access_token(
        settings, tenant_id=caller.tenant_id, member_id=caller.member, session_id=caller.session_id, at=at
    )


async def open_test_workspace(settings: Settings, database: Database, api: Api, *, locale: Locale) -> Workspace:
    """Opens a furnished workspace with an owner, the way a verified sign-up does."""
    system = Caller(tenant_id=new_id(), locale=locale)
    async with write(database, system) as (session, at):
        await open_workspace(
            session, system, name="Test", slug=f"test-{system.tenant_id.hex}", locale=locale, trial_days=14, at=at
        )
        member = await add_member(session, system, name="Olivia Owner", role=Role.OWNER, login_id=new_id(), at=at)
        log_in = LoginSession(member_id=member.id, created_at=at, expires_at=at + timedelta(days=30))
        session.add(log_in)
    zone, currency = ("Asia/Tehran", "IRR") if locale == "fa" else ("UTC", "USD")
    owner = Caller(
        tenant_id=system.tenant_id,
        member_id=member.id,
        role=Role.OWNER,
        locale=locale,
        zone=zone,
        currency=currency,
        session_id=log_in.id,
    )
    token = mint(settings, owner, database.clock())
    return Workspace(api, settings, database, owner.tenant_id, locale, owner, token)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Gathers the SQL that goes through the doors meanwhile; naming the tenant of a transaction does not count."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "app.set_tenant" not in statement:
            seen.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
