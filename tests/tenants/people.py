"""What tests of access share: a visitor who signs up, reads mail, logs in."""

import secrets
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from services.kit.settings import Settings
from services.kit.tenancy import SYSTEM_TENANT, Database
from services.tenants.access.service import SIGN_UP_MAIL
from services.tenants.invitations.service import MAIL as INVITATION_MAIL
from tests.mailbox import letters, token_of
from tests.support import PROBLEM, Api
from tests.working import run_due

PASSWORD = "a long walk by the sea"
SESSION = "{ accessToken refreshToken expiresAt member { id name email role } workspace { id name slug locale state } }"


def new_address(name: str = "someone") -> str:
    """An address that no other test uses."""
    return f"{name}.{secrets.token_hex(6)}@example.com"


@dataclass
class Visitor:
    """Somebody who is not logged in."""

    api: Api
    settings: Settings
    database: Database

    async def do(
        self, mutation: str, input: dict[str, Any], fields: str, *, token: str | None = None, locale: str = "en"
    ) -> dict[str, Any]:
        """Calls one mutation and gives what it answered, payload or problem."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {PROBLEM} ... on {fields} }} }}"
        answer: dict[str, Any] = (await self.api.ask(query, {"input": input}, token=token, locale=locale))[mutation]
        return answer

    async def sign_up(self, email: str, /, **changes: Any) -> dict[str, Any]:
        asked = {
            "email": email,
            "password": PASSWORD,
            "name": "Sara Founder",
            "workspaceName": "Pars Trading",
            "locale": "EN",
        }
        return await self.do("signUp", asked | changes, "SignUpPayload { email }", locale="en")

    async def last_mail(self, email: str) -> EmailMessage:
        """Has the mails of sign-ups sent and gives the newest to an address."""
        await run_due(self.database, SYSTEM_TENANT, SIGN_UP_MAIL)
        return letters(self.settings.mail_folder, email)[-1]

    async def last_invitation(self, email: str, tenant_id: UUID) -> EmailMessage:
        """Has the mails of a workspace's invitations sent and gives the newest to an address."""
        await run_due(self.database, tenant_id, INVITATION_MAIL)
        return letters(self.settings.mail_folder, email)[-1]

    async def verify(self, token: str) -> dict[str, Any]:
        return await self.do("verifyEmail", {"token": token}, f"SessionPayload {SESSION}")

    async def founded(self, email: str, /, **changes: Any) -> dict[str, Any]:
        """Signs up, reads the mail and follows its link: a session of the owner of a new workspace."""
        await self.sign_up(email, **changes)
        session = await self.verify(token_of(await self.last_mail(email)))
        assert session["__typename"] == "SessionPayload", session
        return session

    async def log_in(self, email: str, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
        fields = f"LogInPayload {SESSION[:-1]} workspaces {{ workspaceId slug name }} }}"
        return await self.do("logIn", {"email": email, "password": password, **more}, fields)

    async def refresh(self, token: str) -> dict[str, Any]:
        return await self.do("refreshSession", {"refreshToken": token}, f"SessionPayload {SESSION}")

    async def accept(self, token: str, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
        return await self.do(
            "acceptInvitation", {"token": token, "password": password, **more}, f"SessionPayload {SESSION}"
        )

    async def is_in(self, access_token: str) -> bool:
        """Tells whether an access token still works."""
        answer = await self.api.post("{ viewer { member { id } } }", token=access_token)
        return "errors" not in answer
