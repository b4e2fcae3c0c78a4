"""Inviting people, their roles, and their leaving."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.kit.ids import new_id
from services.kit.permissions import Role
from services.kit.signing import digest
from services.kit.tenancy import write
from services.tenants.invitations.models import Invitation, InvitationState
from services.tenants.invitations.service import MAIL, invitation_token
from services.tenants.members.service import add_member
from services.tenants.workspaces.queries import current
from tests.mailbox import letters, plain, token_of
from tests.support import Workspace
from tests.tenants.people import PASSWORD, Visitor, new_address
from tests.working import run_due

INVITATION = "InvitationPayload { invitation { id email name role locale state version invitedBy { name } } }"
MEMBER = "MemberPayload { member { id name role state locale version } }"


async def invite(workspace: Workspace, email: str, role: str = "MANAGER", **more: Any) -> dict[str, Any]:
    return await workspace.do("inviteMember", {"email": email, "role": role, **more}, INVITATION)


async def test_an_invited_person_comes_in_with_the_given_role(visitor: Visitor, workspace: Workspace) -> None:
    email = new_address("reza")
    answer = await invite(workspace, email, "REPRESENTATIVE", name="Reza", locale="FA")
    assert answer["invitation"]["state"] == "OPEN"
    assert answer["invitation"]["invitedBy"] == {"name": "Olivia Owner"}
    mail = await visitor.last_invitation(email, workspace.id)
    assert mail["Subject"] == "Olivia Owner شما را به Test دعوت کرده است"
    assert "کارشناس فروش" in plain(mail)
    session = await visitor.accept(token_of(mail), name="رضا")
    assert session["member"]["name"] == "رضا"
    assert session["member"]["role"] == "REPRESENTATIVE"
    assert session["workspace"]["id"] == str(workspace.id)
    assert (await visitor.log_in(email))["member"] == session["member"]
    again = await visitor.accept(token_of(mail), name="رضا")
    assert (again["__typename"], again["path"]) == ("UnauthenticatedProblem", ["input", "token"])
    listed = await workspace.ask("{ invitations { nodes { email state expiresAt invitedBy { name } } totalCount } }")
    assert listed["invitations"]["totalCount"] == 1
    assert listed["invitations"]["nodes"][0]["state"] == "ACCEPTED"


async def test_known_and_unknown_addresses_are_invited_alike(visitor: Visitor, workspace: Workspace) -> None:
    known, unknown = new_address("known"), new_address("unknown")
    await visitor.founded(known)
    answers = [await invite(workspace, email) for email in (known, unknown)]
    mails = [await visitor.last_invitation(email, workspace.id) for email in (known, unknown)]
    for answer in answers:
        answer["invitation"].pop("id")
        answer["invitation"].pop("email")
    assert answers[0] == answers[1]
    assert mails[0]["Subject"] == mails[1]["Subject"]


async def test_a_person_with_a_log_in_proves_it_and_then_has_two_workspaces(
    visitor: Visitor, workspace: Workspace
) -> None:
    email = new_address()
    own = await visitor.founded(email)
    await invite(workspace, email)
    token = token_of(await visitor.last_invitation(email, workspace.id))
    wrong = await visitor.accept(token, "some other password", name="Sara")
    assert (wrong["__typename"], wrong["path"]) == ("UnauthenticatedProblem", ["input", "password"])
    session = await visitor.accept(token, PASSWORD, name="Sara Elsewhere")
    assert session["workspace"]["id"] == str(workspace.id)
    latest = await visitor.log_in(email)
    assert latest["workspace"]["id"] == str(workspace.id)
    assert [found["slug"] for found in latest["workspaces"]] == [
        f"test-{workspace.id.hex}",
        own["workspace"]["slug"],
    ]
    named = await visitor.log_in(email, workspaceSlug=own["workspace"]["slug"])
    assert named["workspace"]["id"] == own["workspace"]["id"]
    assert (await visitor.log_in(email))["workspace"]["id"] == own["workspace"]["id"]


async def test_a_second_invitation_withdraws_the_first(visitor: Visitor, workspace: Workspace) -> None:
    email = new_address()
    await invite(workspace, email)
    first = token_of(await visitor.last_invitation(email, workspace.id))
    await invite(workspace, email, "VIEWER")
    second = token_of(await visitor.last_invitation(email, workspace.id))
    assert (await visitor.accept(first, name="X"))["__typename"] == "UnauthenticatedProblem"
    assert (await visitor.accept(second, name="X"))["member"]["role"] == "VIEWER"
    open_ones = await workspace.ask("{ invitations(filter: {state: [OPEN]}) { totalCount } }")
    assert open_ones["invitations"]["totalCount"] == 0


async def test_of_two_acceptances_at_once_one_succeeds(visitor: Visitor, workspace: Workspace) -> None:
    email = new_address()
    await invite(workspace, email)
    token = token_of(await visitor.last_invitation(email, workspace.id))
    answers = await asyncio.gather(*(visitor.accept(token, name=f"Twin {n}") for n in range(4)))
    assert sorted(answer["__typename"] for answer in answers) == ["SessionPayload", *["UnauthenticatedProblem"] * 3]
    people = await workspace.ask("{ members { totalCount } }")
    assert people["members"]["totalCount"] == 2


async def test_a_revoked_invitation_sends_no_mail_and_opens_nothing(visitor: Visitor, workspace: Workspace) -> None:
    email = new_address()
    answer = await invite(workspace, email)
    invitation_id = answer["invitation"]["id"]
    revoked = await workspace.must("revokeInvitation", {"invitationId": invitation_id}, INVITATION)
    assert revoked["invitation"]["state"] == "REVOKED"
    assert await run_due(workspace.database, workspace.id, MAIL) == 1
    assert letters(workspace.settings.mail_folder, email) == []
    token = invitation_token(workspace.settings.secret_key, tenant_id=workspace.id, invitation_id=UUID(invitation_id))
    assert (await visitor.accept(token, name="X"))["__typename"] == "UnauthenticatedProblem"
    again = await workspace.do("revokeInvitation", {"invitationId": invitation_id}, INVITATION)
    assert again["__typename"] == "ConflictProblem"


async def test_an_expired_invitation_opens_nothing(visitor: Visitor, workspace: Workspace) -> None:
    invitation_id = new_id()
    token = invitation_token(workspace.settings.secret_key, tenant_id=workspace.id, invitation_id=invitation_id)
    email = new_address()
    async with write(workspace.database, workspace.owner) as (session, at):
        session.add(
            Invitation(
                id=invitation_id,
                email=email,
                email_key=email,
                role=Role.VIEWER,
                token_digest=digest(token),
                state=InvitationState.OPEN,
                expires_at=at - timedelta(seconds=1),
            )
        )
    assert (await visitor.accept(token, name="X"))["__typename"] == "UnauthenticatedProblem"


async def test_nobody_new_comes_into_a_workspace_that_only_reads(visitor: Visitor, workspace: Workspace) -> None:
    email = new_address()
    await invite(workspace, email)
    token = token_of(await visitor.last_invitation(email, workspace.id))
    async with write(workspace.database, workspace.owner) as (session, at):
        (await current(session)).trial_ends_at = at
    assert (await visitor.accept(token, name="Late"))["__typename"] == "ForbiddenProblem"
    assert (await visitor.log_in(email))["__typename"] == "UnauthenticatedProblem"


async def test_an_invited_colleague_takes_over_the_records_kept_under_their_address(
    visitor: Visitor, workspace: Workspace
) -> None:
    email = new_address()
    async with write(workspace.database, workspace.owner) as (session, at):
        recorded = await add_member(
            session, workspace.owner, name="Imported", role=Role.REPRESENTATIVE, email=email, at=at
        )
    await invite(workspace, email, "MANAGER")
    session_of = await visitor.accept(token_of(await visitor.last_invitation(email, workspace.id)), name="Real Name")
    assert session_of["member"] == {
        "id": str(recorded.id),
        "name": "Real Name",
        "email": email,
        "role": "MANAGER",
    }


async def test_a_new_persons_password_is_checked(visitor: Visitor, workspace: Workspace) -> None:
    email = new_address()
    await invite(workspace, email)
    token = token_of(await visitor.last_invitation(email, workspace.id))
    weak = await visitor.accept(token, "1234567890", name="X")
    assert (weak["__typename"], weak["path"]) == ("ValidationProblem", ["input", "password"])
    unnamed = await visitor.accept(token)
    assert (unnamed["__typename"], unnamed["path"]) == ("ValidationProblem", ["input", "name"])


async def test_somebody_who_is_here_is_not_invited(visitor: Visitor, workspace: Workspace) -> None:
    email = new_address()
    await invite(workspace, email)
    await visitor.accept(token_of(await visitor.last_invitation(email, workspace.id)), name="Here")
    answer = await invite(workspace, email.upper())
    assert (answer["__typename"], answer["path"]) == ("ConflictProblem", ["input", "email"])


async def test_only_who_manages_people_invites_and_only_owners_make_owners(workspace: Workspace) -> None:
    _, viewer = await workspace.join(Role.VIEWER)
    _, admin = await workspace.join(Role.ADMIN)
    asked = {"email": new_address(), "role": "OWNER"}
    assert (await workspace.do("inviteMember", asked, INVITATION, token=viewer))["__typename"] == "ForbiddenProblem"
    assert (await workspace.do("inviteMember", asked, INVITATION, token=admin))["__typename"] == "ForbiddenProblem"
    assert (await workspace.do("inviteMember", asked, INVITATION))["__typename"] == "InvitationPayload"
    listed = await workspace.post("{ invitations { totalCount } }", token=viewer)
    assert listed["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_another_workspaces_ids_are_worth_nothing(workspace: Workspace, stranger: Workspace) -> None:
    foreign = (await invite(stranger, new_address()))["invitation"]["id"]
    for invitation_id in (foreign, str(new_id()), "nonsense"):
        answer = await workspace.do("revokeInvitation", {"invitationId": invitation_id}, INVITATION)
        assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "invitationId"])
    for member_id in (str(stranger.owner.member), str(new_id()), "nonsense"):
        who = {"memberId": member_id, "expectedVersion": 1}
        for answer in (
            await workspace.do("suspendMember", who, MEMBER),
            await workspace.do("changeMemberRole", who | {"role": "VIEWER"}, MEMBER),
        ):
            assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "memberId"])


async def test_a_changed_role_holds_from_the_next_request_on(workspace: Workspace) -> None:
    member, token = await workspace.join(Role.VIEWER)
    who = {"memberId": str(member.member), "expectedVersion": 1}
    answer = await workspace.must("changeMemberRole", who | {"role": "ADMIN"}, MEMBER)
    assert (answer["member"]["role"], answer["member"]["version"]) == ("ADMIN", 2)
    viewer = await workspace.ask("{ viewer { permissions } }", token=token)
    assert "member.manage" in viewer["viewer"]["permissions"]
    stale = await workspace.do("changeMemberRole", who | {"role": "VIEWER"}, MEMBER)
    assert stale["__typename"] == "ConflictProblem"


async def test_an_administrator_does_not_touch_owners(workspace: Workspace) -> None:
    _, admin = await workspace.join(Role.ADMIN)
    member, _ = await workspace.join(Role.VIEWER)
    await workspace.join(Role.OWNER)
    owner = {"memberId": str(workspace.owner.member), "expectedVersion": 1}
    promoted = {"memberId": str(member.member), "expectedVersion": 1, "role": "OWNER"}
    for answer in (
        await workspace.do("changeMemberRole", owner | {"role": "VIEWER"}, MEMBER, token=admin),
        await workspace.do("suspendMember", owner, MEMBER, token=admin),
        await workspace.do("changeMemberRole", promoted, MEMBER, token=admin),
    ):
        assert answer["__typename"] == "ForbiddenProblem"
    assert (await workspace.must("changeMemberRole", promoted, MEMBER))["member"]["role"] == "OWNER"


async def test_the_last_owner_stays(workspace: Workspace) -> None:
    owner = {"memberId": str(workspace.owner.member), "expectedVersion": 1}
    for answer in (
        await workspace.do("changeMemberRole", owner | {"role": "VIEWER"}, MEMBER),
        await workspace.do("suspendMember", owner, MEMBER),
    ):
        assert (answer["__typename"], answer["code"]) == ("BlockedProblem", "BLOCKED")


async def test_two_owners_cannot_depose_each_other_at_once(workspace: Workspace) -> None:
    other, token = await workspace.join(Role.OWNER)
    one = {"memberId": str(other.member), "expectedVersion": 1}
    two = {"memberId": str(workspace.owner.member), "expectedVersion": 1}
    answers = await asyncio.gather(
        workspace.do("suspendMember", one, MEMBER), workspace.do("suspendMember", two, MEMBER, token=token)
    )
    assert sorted(answer["__typename"] for answer in answers) == ["BlockedProblem", "MemberPayload"]


async def test_a_suspended_member_is_out_at_once_and_can_be_asked_back(visitor: Visitor, workspace: Workspace) -> None:
    email = new_address()
    await invite(workspace, email)
    session = await visitor.accept(token_of(await visitor.last_invitation(email, workspace.id)), name="Gone")
    who = {"memberId": session["member"]["id"], "expectedVersion": 1}
    answer = await workspace.must("suspendMember", who, MEMBER)
    assert answer["member"]["state"] == "SUSPENDED"
    assert not await visitor.is_in(session["accessToken"])
    assert (await visitor.refresh(session["refreshToken"]))["__typename"] == "UnauthenticatedProblem"
    assert (await visitor.log_in(email))["__typename"] == "ForbiddenProblem"
    assert (await visitor.log_in(email, "not the password"))["__typename"] == "UnauthenticatedProblem"
    again = await workspace.do("suspendMember", who | {"expectedVersion": 2}, MEMBER)
    assert again["__typename"] == "ConflictProblem"
    await invite(workspace, email, "VIEWER")
    back = await visitor.accept(token_of(await visitor.last_invitation(email, workspace.id)))
    assert back["__typename"] == "ValidationProblem"
    back = await visitor.accept(token_of(await visitor.last_invitation(email, workspace.id)), name="Back")
    assert back["member"]["id"] == session["member"]["id"]
    assert not await visitor.is_in(session["accessToken"])


@pytest.mark.parametrize("change", [{"role": "MANAGER"}, None], ids=["lowered", "suspended"])
async def test_an_invitation_is_worth_nothing_when_its_sender_may_invite_no_more(
    visitor: Visitor, workspace: Workspace, change: dict[str, Any] | None
) -> None:
    admin, token = await workspace.join(Role.ADMIN)
    email = new_address("alias")
    invitation = {"email": email, "role": "ADMIN"}
    await workspace.must("inviteMember", invitation, "InvitationPayload { invitation { id } }", token=token)
    mailed = token_of(await visitor.last_invitation(email, workspace.id))
    who = {"memberId": str(admin.member), "expectedVersion": 1}
    await workspace.must("suspendMember" if change is None else "changeMemberRole", who | (change or {}), MEMBER)
    assert (await visitor.accept(mailed, name="Alias"))["__typename"] == "UnauthenticatedProblem"


async def test_an_admin_does_not_bring_an_owner_back_as_something_else(visitor: Visitor, workspace: Workspace) -> None:
    email = new_address("owner")
    await invite(workspace, email, "OWNER")
    session = await visitor.accept(token_of(await visitor.last_invitation(email, workspace.id)), name="Owner")
    who = {"memberId": session["member"]["id"], "expectedVersion": 1}
    await workspace.must("suspendMember", who, MEMBER)
    _, admin = await workspace.join(Role.ADMIN)
    asked = {"email": email, "role": "VIEWER"}
    answer = await workspace.do("inviteMember", asked, "InvitationPayload { invitation { id } }", token=admin)
    assert answer["__typename"] == "ForbiddenProblem"
    await invite(workspace, email, "VIEWER")


async def test_people_change_their_own_name_and_language(workspace: Workspace) -> None:
    _, token = await workspace.join(Role.VIEWER)
    changed = await workspace.must("updateProfile", {"name": "  کاوه   آهنگر ", "locale": "FA"}, MEMBER, token=token)
    assert (changed["member"]["name"], changed["member"]["locale"]) == ("کاوه آهنگر", "FA")
    refused = await workspace.do("updateProfile", {"name": " "}, MEMBER, token=token)
    assert refused["message"] == "این مقدار نباید خالی باشد."
    kept = await workspace.must("updateProfile", {"locale": None}, MEMBER, token=token)
    assert (kept["member"]["name"], kept["member"]["locale"]) == ("کاوه آهنگر", None)


@pytest.mark.parametrize(
    ("mutation", "input"),
    [
        ("inviteMember", {"email": "a@example.com", "role": "VIEWER"}),
        ("revokeInvitation", {"invitationId": "x"}),
        (
            "changeMemberRole",
            {"memberId": "00000000-0000-0000-0000-000000000001", "role": "VIEWER", "expectedVersion": 1},
        ),
        ("suspendMember", {"memberId": "00000000-0000-0000-0000-000000000001", "expectedVersion": 1}),
        ("updateProfile", {"name": "X"}),
    ],
)
async def test_an_anonymous_caller_manages_nobody(visitor: Visitor, mutation: str, input: dict[str, Any]) -> None:
    fields = INVITATION if "nvit" in mutation else MEMBER
    answer = await visitor.do(mutation, input, fields)
    assert answer["__typename"] in {"UnauthenticatedProblem", "NotFoundProblem"}
