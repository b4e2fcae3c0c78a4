"""Logging in, staying in, going out."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.kit.ids import new_id
from services.kit.settings import Settings
from services.kit.signing import digest, seal
from services.kit.tenancy import Database, write
from services.tenants.access.models import LoginSession
from services.tenants.access.service import REFRESH
from tests.support import Api, Workspace
from tests.tenants.people import PASSWORD, Visitor, new_address


async def test_a_person_logs_in_with_any_spelling_of_their_address(visitor: Visitor) -> None:
    email = new_address("sara")
    founded = await visitor.founded(email)
    session = await visitor.log_in(email.upper())
    assert session["member"] == founded["member"]
    assert session["workspaces"] == [
        {
            "workspaceId": founded["workspace"]["id"],
            "slug": founded["workspace"]["slug"],
            "name": "Pars Trading",
        }
    ]
    assert await visitor.is_in(session["accessToken"])


async def test_an_unknown_address_and_a_wrong_password_answer_alike(visitor: Visitor) -> None:
    email = new_address()
    await visitor.founded(email)
    wrong = await visitor.log_in(email, "not the password")
    unknown = await visitor.log_in(new_address(), "not the password")
    assert wrong == unknown
    assert wrong["__typename"] == "UnauthenticatedProblem"


async def test_an_unknown_address_costs_a_hash_too(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = visitor.api.app.state.services.passwords
    asked: list[str | None] = []
    real = passwords.match

    async def counted(password: str, kept: str | None) -> bool:
        asked.append(kept)
        return bool(await real(password, kept))

    monkeypatch.setattr(passwords, "match", counted)
    await visitor.log_in(new_address())
    assert asked == [None]


async def test_a_workspace_that_is_not_ones_own_is_not_found(visitor: Visitor) -> None:
    email, other = new_address(), new_address()
    await visitor.founded(email)
    foreign = (await visitor.founded(other))["workspace"]["slug"]
    for slug in (foreign, "there-is-none", "nul\x00"):
        answer = await visitor.log_in(email, workspaceSlug=slug)
        assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", "workspaceSlug"])


async def test_tokens_rotate_and_the_session_goes_on(visitor: Visitor) -> None:
    session = await visitor.founded(new_address())
    tokens = [session["refreshToken"]]
    for _ in range(3):
        following = await visitor.refresh(tokens[-1])
        assert following["member"] == session["member"]
        assert await visitor.is_in(following["accessToken"])
        tokens.append(following["refreshToken"])
    assert len(set(tokens)) == 4


async def test_a_used_refresh_token_ends_the_whole_session(visitor: Visitor) -> None:
    session = await visitor.founded(new_address())
    following = await visitor.refresh(session["refreshToken"])
    reused = await visitor.refresh(session["refreshToken"])
    assert reused["__typename"] == "UnauthenticatedProblem"
    assert not await visitor.is_in(following["accessToken"])
    assert (await visitor.refresh(following["refreshToken"]))["__typename"] == "UnauthenticatedProblem"


async def test_of_a_hundred_uses_at_once_one_succeeds_and_the_session_ends(visitor: Visitor) -> None:
    email = new_address()
    session = await visitor.founded(email)
    answers = await asyncio.gather(*(visitor.refresh(session["refreshToken"]) for _ in range(100)))
    won = [answer for answer in answers if answer["__typename"] == "SessionPayload"]
    assert len(won) == 1
    assert {answer["__typename"] for answer in answers} == {"SessionPayload", "UnauthenticatedProblem"}
    assert not await visitor.is_in(won[0]["accessToken"])
    assert (await visitor.refresh(won[0]["refreshToken"]))["__typename"] == "UnauthenticatedProblem"
    assert (await visitor.log_in(email))["__typename"] == "LogInPayload"


async def test_a_made_up_refresh_token_is_refused_and_ends_nothing(
    visitor: Visitor, workspace: Workspace, settings: Settings
) -> None:
    session = await visitor.founded(new_address())
    good: str = session["refreshToken"]
    unknown = seal(settings.secret_key, REFRESH, workspace.id.bytes + new_id().bytes + bytes(32))
    other_purpose = seal(settings.secret_key, "invitation", bytes(64))
    altered = good[:60] + ("A" if good[60] != "A" else "B") + good[61:]
    for token in ("", "rubbish", "é", altered, good + "A", good[:-1], unknown, other_purpose):
        assert (await visitor.refresh(token))["__typename"] == "UnauthenticatedProblem"
    assert (await visitor.refresh(good))["__typename"] == "SessionPayload"


async def test_an_expired_session_cannot_be_refreshed_nor_used(
    visitor: Visitor, workspace: Workspace, settings: Settings, database: Database
) -> None:
    session_id = new_id()
    token = seal(settings.secret_key, REFRESH, workspace.id.bytes + session_id.bytes + bytes(32))
    async with write(database, workspace.owner) as (session, at):
        session.add(
            LoginSession(
                id=session_id,
                member_id=workspace.owner.member,
                created_at=at - timedelta(days=31),
                expires_at=at - timedelta(seconds=1),
                refresh_digest=digest(token),
            )
        )
    assert (await visitor.refresh(token))["__typename"] == "UnauthenticatedProblem"


async def test_logging_out_ends_the_access_token_at_once(visitor: Visitor) -> None:
    email = new_address()
    session = await visitor.founded(email)
    elsewhere = await visitor.log_in(email)
    answer = await visitor.do("logOut", {}, "LogOutPayload { everywhere }", token=session["accessToken"])
    assert answer == {"__typename": "LogOutPayload", "everywhere": False}
    assert not await visitor.is_in(session["accessToken"])
    assert (await visitor.refresh(session["refreshToken"]))["__typename"] == "UnauthenticatedProblem"
    assert await visitor.is_in(elsewhere["accessToken"])


async def test_logging_out_everywhere_ends_all_sessions(visitor: Visitor) -> None:
    email = new_address()
    first, second = await visitor.founded(email), await visitor.log_in(email)
    await visitor.do("logOut", {"everywhere": True}, "LogOutPayload { everywhere }", token=first["accessToken"])
    assert not await visitor.is_in(second["accessToken"])


async def test_an_anonymous_caller_cannot_log_out(visitor: Visitor) -> None:
    answer = await visitor.do("logOut", {}, "LogOutPayload { everywhere }")
    assert answer["__typename"] == "UnauthenticatedProblem"


async def test_guessing_at_an_account_is_slowed_for_the_guesser_only(visitor: Visitor, api: Api) -> None:
    email = new_address()
    await visitor.founded(email)
    answers = [await visitor.log_in(email, "not the password") for _ in range(11)]
    assert [answer["code"] for answer in answers] == ["UNAUTHENTICATED"] * 10 + ["RATE_LIMITED"]
    assert "seconds" in answers[-1]["message"]
    assert (await visitor.log_in(email, PASSWORD))["code"] == "RATE_LIMITED"
    elsewhere = replace(visitor, api=api)
    assert (await elsewhere.log_in(email, PASSWORD))["__typename"] == "LogInPayload"


async def test_a_mailbox_is_not_flooded(visitor: Visitor) -> None:
    email = new_address()
    answers = [await visitor.sign_up(email) for _ in range(6)]
    assert [answer.get("code") for answer in answers] == [None] * 5 + ["RATE_LIMITED"]
    assert (await visitor.sign_up(new_address()))["__typename"] == "SignUpPayload"
