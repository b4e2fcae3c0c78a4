"""Signing up: uniform answers, one mail, one use of its link."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text

from services.kit.ids import new_id
from services.kit.signing import digest
from services.kit.tenancy import SYSTEM_TENANT, Caller, Database, read, write
from services.local.provision import Urls, connect
from services.tenants.access.service import SIGN_UP_MAIL, verification_token
from services.tenants.directory.service import enter_sign_up
from tests.mailbox import letters, plain, token_of
from tests.tenants.people import PASSWORD, Visitor, new_address
from tests.working import run_due


async def test_a_stranger_becomes_the_owner_of_a_workspace_on_trial(visitor: Visitor) -> None:
    email = new_address("sara")
    assert await visitor.sign_up(email) == {"__typename": "SignUpPayload", "email": email}
    mail = await visitor.last_mail(email)
    assert mail["Subject"] == "Confirm your e-mail for Ravand"
    session = await visitor.verify(token_of(mail))
    assert session["member"]["name"] == "Sara Founder"
    assert session["member"]["email"] == email
    assert session["member"]["role"] == "OWNER"
    assert session["workspace"]["name"] == "Pars Trading"
    assert session["workspace"]["slug"].startswith("pars-trading")
    assert session["workspace"]["state"] == "TRIAL"
    viewer = await visitor.api.ask(
        "{ viewer { member { id createdAt } workspace { trialEndsAt } } }", token=session["accessToken"]
    )
    assert viewer["viewer"]["member"]["id"] == session["member"]["id"]


async def test_a_persian_speaker_is_spoken_to_in_persian(visitor: Visitor) -> None:
    email = new_address("سارا")
    await visitor.sign_up(email, locale="FA", name="سارا پارسی", workspaceName="شرکت پارس")
    mail = await visitor.last_mail(email)
    assert mail["Subject"] == "تأیید رایانامه برای روند"
    assert "به روند خوش آمدید" in plain(mail)
    html = mail.get_body(("html",))
    assert html is not None
    assert 'dir="rtl"' in html.get_content()
    session = await visitor.verify(token_of(mail))
    assert session["member"]["name"] == "سارا پارسی"
    assert session["workspace"]["locale"] == "FA"
    assert session["workspace"]["slug"].startswith("shrkt-pars")


async def test_workspaces_of_the_same_name_get_different_slugs(visitor: Visitor) -> None:
    sessions = [await visitor.founded(new_address()) for _ in range(3)]
    assert len({session["workspace"]["slug"] for session in sessions}) == 3


async def test_a_known_address_is_answered_like_an_unknown_one_and_told_by_mail(visitor: Visitor) -> None:
    email = new_address("known")
    await visitor.founded(email)
    shouted = email.upper().replace("EXAMPLE", "Example")
    assert await visitor.sign_up(shouted, password="another good password") == {
        "__typename": "SignUpPayload",
        "email": shouted,
    }
    await run_due(visitor.database, SYSTEM_TENANT, SIGN_UP_MAIL)
    subjects = [mail["Subject"] for mail in letters(visitor.settings.mail_folder, email)]
    told = letters(visitor.settings.mail_folder, shouted.rpartition("@")[0] + "@example.com")
    assert subjects == ["Confirm your e-mail for Ravand"]
    assert [mail["Subject"] for mail in told] == ["You already have a Ravand account"]
    assert "token=" not in plain(told[0])
    assert (await visitor.log_in(email))["__typename"] == "LogInPayload"
    assert (await visitor.log_in(email, "another good password"))["code"] == "UNAUTHENTICATED"


async def test_known_and_unknown_addresses_send_the_same_statements(visitor: Visitor) -> None:
    known, unknown = new_address("known"), new_address("unknown")
    await visitor.founded(known)
    sent: list[str] = []

    def remember(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(visitor.database.engine.sync_engine, "before_cursor_execute", remember)
    await visitor.sign_up(known)
    first, sent[:] = list(sent), []
    await visitor.sign_up(unknown)
    event.remove(visitor.database.engine.sync_engine, "before_cursor_execute", remember)
    assert first == sent
    assert [statement.split("(")[0] for statement in sent[:2]] == ["SELECT app.set_tenant", "SELECT app.sign_up"]


async def test_a_link_works_once(visitor: Visitor) -> None:
    email = new_address()
    await visitor.sign_up(email)
    token = token_of(await visitor.last_mail(email))
    assert (await visitor.verify(token))["__typename"] == "SessionPayload"
    again = await visitor.verify(token)
    assert again["__typename"] == "UnauthenticatedProblem"
    assert again["message"] == "This link has been used already; log in instead."
    assert again["path"] == ["input", "token"]


async def test_of_two_calls_at_once_with_one_link_one_succeeds(visitor: Visitor) -> None:
    email = new_address()
    await visitor.sign_up(email)
    token = token_of(await visitor.last_mail(email))
    answers = await asyncio.gather(*(visitor.verify(token) for _ in range(6)))
    kinds = sorted(answer["__typename"] for answer in answers)
    assert kinds == ["SessionPayload", *["UnauthenticatedProblem"] * 5]
    assert len((await visitor.log_in(email))["workspaces"]) == 1


async def test_two_links_of_one_address_make_one_login(visitor: Visitor) -> None:
    email = new_address()
    await visitor.sign_up(email)
    first = token_of(await visitor.last_mail(email))
    await visitor.sign_up(email, workspaceName="Another Name")
    second = token_of(await visitor.last_mail(email))
    assert first != second
    answers = await asyncio.gather(visitor.verify(first), visitor.verify(second))
    assert sorted(answer["__typename"] for answer in answers) == ["ConflictProblem", "SessionPayload"]


async def test_an_expired_link_says_so(visitor: Visitor) -> None:
    sign_up_id = new_id()
    token = verification_token(visitor.settings.secret_key, sign_up_id)
    email = new_address()
    async with write(visitor.database, Caller(tenant_id=SYSTEM_TENANT)) as (session, at):
        await enter_sign_up(
            session,
            sign_up_id=sign_up_id,
            email=email,
            email_key=email,
            name="Late",
            workspace_name="Too Late",
            locale="en",
            password_hash="unused",
            token_digest=digest(token),
            life=timedelta(seconds=-1),
            at=at,
        )
    answer = await visitor.verify(token)
    assert answer["__typename"] == "UnauthenticatedProblem"
    assert answer["message"] == "This link has expired; sign up again to get a new one."


@pytest.mark.parametrize("token", ["", "rubbish", "%00", "é" * 50, "A" * 86, "a" * 5000])
async def test_a_made_up_link_is_refused(visitor: Visitor, token: str) -> None:
    answer = await visitor.verify(token)
    assert answer["__typename"] == "UnauthenticatedProblem"
    assert answer["message"] == "This link is not valid."


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"email": "nobody"}, "email", "is not an e-mail address"),
        ({"email": ""}, "email", "must not be empty"),
        ({"password": "short"}, "password", "at least 10"),
        ({"password": "گذرواژه۱۲۳"}, "password", "first that others would try"),
        ({"password": "x" * 129}, "password", "at most 128"),
        ({"name": "  "}, "name", "must not be empty"),
        ({"name": "NUL\x00"}, "name", "NUL"),
        ({"workspaceName": "Cheap at https://evil.example"}, "workspaceName", "address of a web page"),
        ({"workspaceName": "ن" * 101}, "workspaceName", "100 characters"),
    ],
)
async def test_bad_input_gets_a_typed_problem(visitor: Visitor, changes: dict[str, Any], path: str, words: str) -> None:
    answer = await visitor.sign_up(new_address(), **changes)
    assert answer["__typename"] == "ValidationProblem"
    assert answer["path"] == ["input", path]
    assert words in answer["message"]


async def test_problems_speak_the_language_of_the_request(visitor: Visitor) -> None:
    asked = {"email": new_address(), "password": "کوتاه", "name": "سارا", "workspaceName": "پارس"}
    answer = await visitor.do("signUp", asked, "SignUpPayload { email }", locale="fa-IR,fa;q=0.9,en;q=0.5")
    assert answer["message"] == "گذرواژه باید دست‌کم 10 نویسه داشته باشد."


async def test_neither_the_token_nor_the_password_can_be_read_in_the_database(visitor: Visitor, urls: Urls) -> None:
    email = new_address()
    await visitor.sign_up(email)
    token = token_of(await visitor.last_mail(email))
    with connect(urls.owner) as connection:
        for table in ("sign_up", "due", "login"):
            rows = str(
                connection.execute(psycopg.sql.SQL("SELECT * FROM {}").format(psycopg.sql.Identifier(table))).fetchall()
            )
            assert token not in rows
            assert PASSWORD not in rows
        kept = connection.execute("SELECT token_digest FROM sign_up WHERE email_key = %s", [email]).fetchone()
        assert kept is not None
        assert kept[0] == digest(token)
        assert (await visitor.verify(token))["__typename"] == "SessionPayload"
        used = connection.execute("SELECT password_hash FROM sign_up WHERE email_key = %s", [email]).fetchone()
        assert used == (None,)


@pytest.mark.parametrize("table", ["login", "sign_up", "workspace_slug", "membership"])
async def test_the_application_cannot_read_the_directory_itself(database: Database, table: str) -> None:
    async with read(database, Caller(tenant_id=SYSTEM_TENANT)) as session:
        with pytest.raises(Exception, match=f"permission denied for table {table}"):
            await session.execute(text(f"SELECT * FROM {table}"))


async def test_a_mail_that_cannot_be_sent_is_tried_again(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    email = new_address()
    await run_due(visitor.database, SYSTEM_TENANT, SIGN_UP_MAIL)
    await visitor.sign_up(email)
    broken = visitor.settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:9"})
    with monkeypatch.context() as patch:
        patch.setattr("services.tenants.access.tasks.settings", lambda: broken)
        with pytest.raises(Exception, match=r"127\.0\.0\.1"):
            await run_due(visitor.database, SYSTEM_TENANT, SIGN_UP_MAIL)
    async with read(visitor.database, Caller(tenant_id=SYSTEM_TENANT)) as session:
        left = (
            await session.execute(
                text(
                    "SELECT attempts, last_error, lease_token FROM due WHERE tenant_id = :tenant AND state = 'WAITING'"
                    " AND kind = :kind ORDER BY id DESC LIMIT 1"
                ),
                {"tenant": SYSTEM_TENANT, "kind": SIGN_UP_MAIL},
            )
        ).one()
    assert left.attempts == 1
    assert left.lease_token is None
    assert "127.0.0.1" in left.last_error
