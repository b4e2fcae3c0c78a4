"""Tokens, languages and the throttle at the gateway's door."""

from datetime import timedelta

import pytest

from schema.auth import access_token, preferred_locale
from schema.gateway import create_app
from schema.throttle import network
from services.kit.ids import new_id
from services.kit.settings import Settings
from services.kit.signing import sign
from services.kit.tenancy import Database
from tests.support import PROBLEM, Api, Workspace, statements

VIEWER = "{ viewer { member { id } } }"
LOG_IN = f"mutation($input: LogInInput!) {{ logIn(input: $input) {{ {PROBLEM} }} }}"


async def test_a_good_token_names_the_member(workspace: Workspace) -> None:
    assert (await workspace.ask(VIEWER))["viewer"]["member"]["id"] == str(workspace.owner.member)


async def test_every_other_token_is_refused(workspace: Workspace, stranger: Workspace, settings: Settings) -> None:
    at = workspace.database.clock()
    session_id = workspace.owner.session_id
    assert session_id is not None
    mine = {"tenant_id": workspace.id, "member_id": workspace.owner.member, "session_id": session_id}
    claims = {"tid": str(workspace.id), "mid": str(workspace.owner.member), "sid": str(session_id)}
    foreign = access_token(settings, **(mine | {"tenant_id": stranger.id}), at=at)
    other_member = access_token(settings, **(mine | {"member_id": new_id()}), at=at)
    other_session = access_token(settings, **(mine | {"session_id": new_id()}), at=at)
    expired = access_token(settings, **mine, at=at - timedelta(seconds=settings.access_token_seconds))
    download = sign(settings.secret_key, "download", claims, at=at, seconds=60)
    for token in (foreign, other_member, other_session, expired, download, "rubbish", workspace.token[:-2]):
        answer = await workspace.post(VIEWER, token=token)
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert "data" not in answer


async def test_authenticating_is_one_round_trip_to_the_tables(workspace: Workspace) -> None:
    with statements(workspace.database) as seen:
        await workspace.post("{ __typename }")
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("header", "locale"),
    [("", "en"), ("fa-IR", "fa"), ("en;q=0.5,fa", "fa"), ("fa;q=0.1,en", "en"), ("de,fr", "en"), ("fa;q=x", "fa")],
)
def test_the_language_of_an_anonymous_caller_is_the_one_they_prefer(header: str, locale: str) -> None:
    assert preferred_locale(header) == locale


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_a_client_cannot_choose_what_it_is_counted_as(address: str, counted: str) -> None:
    assert network(address) == counted


async def test_without_valkey_logging_in_is_closed_politely_and_the_rest_goes_on(
    settings: Settings, database: Database, workspace: Workspace
) -> None:
    alone = settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    async with Api.serving(create_app(alone, database=database)) as api:
        given = {"input": {"email": "a@example.com", "password": "whatever it is"}}
        answer = await api.ask(LOG_IN, given, locale="fa")
        assert answer["logIn"]["__typename"] == "RateLimitedProblem"
        assert "ورود برای لحظه‌ای بسته است" in answer["logIn"]["message"]
        assert "viewer" in await api.ask(VIEWER, token=workspace.token)
