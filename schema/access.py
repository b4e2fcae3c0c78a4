"""Ways in and out, as GraphQL: sign-up, log-in, sessions, accepted invitations."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema import auth
from schema.context import Info
from schema.errors import Problems, mutation
from schema.tenants import LocaleType, Member, Workspace
from services.tenants.members import queries as members
from services.tenants.workspaces import queries as workspaces


@strawberry.type(description="The request was taken; a mail says how it goes on, whoever the address belongs to.")
class SignUpPayload:
    """This will say that a request to sign up was taken."""

    email: str = strawberry.field(description="The address that the mail goes to.")


@strawberry.type(description="A log-in session: who came in, where, and the tokens that prove it.")
class SessionPayload:
    """This will be a log-in session."""

    access_token: str = strawberry.field(description="Send this as `Authorization: Bearer …`; it is good for minutes.")
    refresh_token: str = strawberry.field(
        description="Change this for a new pair with `refreshSession`, once: a second use ends the session."
    )
    expires_at: datetime = strawberry.field(description="When the access token stops working.")

    @strawberry.field(description="The member who came in.")
    async def member(self, info: Info) -> Member:
        """This will give the caller's own record."""
        return await info.context.fetch(members.member, info.context.caller.member)  # type: ignore[no-any-return] # a Record stands for its type

    @strawberry.field(description="The workspace they are in.")
    async def workspace(self, info: Info) -> Workspace:
        """This will give the caller's workspace."""
        return await info.context.fetch(workspaces.workspace, info.context.caller.tenant_id)  # type: ignore[no-any-return] # a Record stands for its type


@strawberry.type(description="A workspace that a log-in opens.")
class Membership:
    """This will be a workspace that a log-in opens."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace's identity.")
    slug: str = strawberry.field(description="Pass this as `workspaceSlug` to log in there.")
    name: str = strawberry.field(description="The business's name.")


@strawberry.type(description="A log-in session, and where else the same log-in leads.")
class LogInPayload(SessionPayload):
    """This will be a log-in session with the other workspaces of the same person."""

    workspaces: list[Membership] = strawberry.field(description="All workspaces of the log-in, the last used first.")


@strawberry.type(description="The session has ended; its tokens work no more.")
class LogOutPayload:
    """This will say that the session has ended."""

    everywhere: bool = strawberry.field(description="Whether all of the member's sessions in this workspace ended.")


@strawberry.input(description="What signing up takes.")
class SignUpInput:
    """This will be what signing up takes."""

    email: str = strawberry.field(description="The address that will log in; it gets a mail.")
    password: str = strawberry.field(description="10 to 128 characters, in any script.")
    name: str = strawberry.field(description="The person's name.")
    workspace_name: str = strawberry.field(description="The business's name.")
    locale: LocaleType | None = strawberry.field(
        default=None, description="The language of the workspace; that of the request when absent."
    )


@strawberry.input(description="What confirming an e-mail takes.")
class VerifyEmailInput:
    """This will be what confirming an e-mail takes."""

    token: str = strawberry.field(description="The token of the mail's link.")


@strawberry.input(description="What logging in takes.")
class LogInInput:
    """This will be what logging in takes."""

    email: str = strawberry.field(description="The log-in's address.")
    password: str = strawberry.field(description="The log-in's password.")
    workspace_slug: str | None = strawberry.field(
        default=None, description="Where to go, for people of several workspaces; the last used one when absent."
    )


@strawberry.input(description="What staying logged in takes.")
class RefreshSessionInput:
    """This will be what staying logged in takes."""

    refresh_token: str = strawberry.field(description="The session's newest refresh token.")


@strawberry.input(description="How far to log out.")
class LogOutInput:
    """This will say how far to log out."""

    everywhere: bool = strawberry.field(
        default=False, description="End all sessions of the member in this workspace, not only this one."
    )


@strawberry.input(description="What accepting an invitation takes.")
class AcceptInvitationInput:
    """This will be what accepting an invitation takes."""

    token: str = strawberry.field(description="The token of the mail's link.")
    password: str = strawberry.field(
        description="The password of the log-in that the invited address has; a new one when it has none."
    )
    name: str | None = strawberry.field(
        default=None, description="The person's name; that of the invitation if absent."
    )


SignUpResult = Annotated[
    SignUpPayload | Problems, strawberry.union("SignUpResult", description="What came of signing up.")
]
VerifyEmailResult = Annotated[
    SessionPayload | Problems, strawberry.union("VerifyEmailResult", description="What came of confirming an e-mail.")
]
LogInResult = Annotated[
    LogInPayload | Problems, strawberry.union("LogInResult", description="What came of logging in.")
]
RefreshSessionResult = Annotated[
    SessionPayload | Problems, strawberry.union("RefreshSessionResult", description="What came of a refresh token.")
]
LogOutResult = Annotated[
    LogOutPayload | Problems, strawberry.union("LogOutResult", description="What came of logging out.")
]
AcceptInvitationResult = Annotated[
    SessionPayload | Problems,
    strawberry.union("AcceptInvitationResult", description="What came of accepting an invitation."),
]


def _session(opened: auth.Opened) -> SessionPayload:
    return SessionPayload(
        access_token=opened.access_token, refresh_token=opened.refresh_token, expires_at=opened.expires_at
    )


@strawberry.type
class Mutation:
    """This will hold the writes of this module; all but ``logOut`` are open to anonymous callers."""

    @mutation("Asks for a free trial. The answer never tells whether the address is known; a mail says how it goes on.")
    async def sign_up(self, info: Info, input: SignUpInput) -> SignUpResult:
        """This will keep a request to sign up."""
        email = await auth.sign_up(
            info.context,
            email=input.email,
            password=input.password,
            name=input.name,
            workspace_name=input.workspace_name,
            locale=info.context.locale if input.locale is None else input.locale.value,
        )
        return SignUpPayload(email=email)

    @mutation("Confirms the e-mail of a sign-up: opens the workspace on trial and logs its owner in.")
    async def verify_email(self, info: Info, input: VerifyEmailInput) -> VerifyEmailResult:
        """This will open the workspace of a sign-up."""
        return _session(await auth.verify_email(info.context, token=input.token))

    @mutation("Logs in with e-mail and password.")
    async def log_in(self, info: Info, input: LogInInput) -> LogInResult:
        """This will let a person in."""
        opened, memberships = await auth.log_in(
            info.context, email=input.email, password=input.password, workspace_slug=input.workspace_slug
        )
        return LogInPayload(
            access_token=opened.access_token,
            refresh_token=opened.refresh_token,
            expires_at=opened.expires_at,
            workspaces=[
                Membership(workspace_id=strawberry.ID(str(found.workspace_id)), slug=found.slug, name=found.name)
                for found in memberships
            ],
        )

    @mutation("Changes a refresh token for a new pair of tokens.")
    async def refresh_session(self, info: Info, input: RefreshSessionInput) -> RefreshSessionResult:
        """This will keep a session going."""
        return _session(await auth.refresh_session(info.context, token=input.refresh_token))

    @mutation("Ends the caller's session; its tokens stop working at once.")
    async def log_out(self, info: Info, input: LogOutInput) -> LogOutResult:
        """This will end a session."""
        await auth.log_out(info.context, everywhere=input.everywhere)
        return LogOutPayload(everywhere=input.everywhere)

    @mutation("Accepts an invitation and logs the new member in.")
    async def accept_invitation(self, info: Info, input: AcceptInvitationInput) -> AcceptInvitationResult:
        """This will let an invited person in."""
        return _session(
            await auth.accept_invitation(info.context, token=input.token, name=input.name, password=input.password)
        )


TYPES = (Membership,)
