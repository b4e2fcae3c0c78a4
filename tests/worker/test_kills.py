"""Nothing is lost and nothing told twice, whatever is killed, emptied or cut off meanwhile."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from services.kit.ids import new_id
from services.kit.permissions import Role
from services.kit.tenancy import Caller, Database, write
from services.local.provision import Urls, connect
from services.local.valkey import Valkey
from services.reminders.service import set_reminder
from services.tenants.members.service import add_member
from services.tenants.workspaces.service import open_workspace
from services.worker.broker import NAMESPACE
from tests.mailbox import letters
from tests.worker.conftest import Desk
from tests.worker.processes import Processes, wait_for

TENANTS, EACH, KILLS, FLUSHES = 6, 40, 22, 2
ALL = TENANTS * EACH
SPREAD_SECONDS = 20
CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name IN ('ravand-worker', 'ravand-relay')
"""


async def furnish(database: Database, start: datetime) -> None:
    """Opens a workspace whose one member has reminders that fall due over some seconds from ``start``."""
    system = Caller(tenant_id=new_id())
    async with write(database, system) as (session, at):
        slug = f"kills-{system.tenant_id.hex}"
        await open_workspace(session, system, name="Kills", slug=slug, locale="en", trial_days=14, at=at)
        address = f"{system.tenant_id.hex}@example.com"
        member = await add_member(
            session, system, name="Mina", role=Role.OWNER, login_id=new_id(), email=address, at=at
        )
        caller = Caller(tenant_id=system.tenant_id, member_id=member.id, role=Role.OWNER)
        for number in range(EACH):
            moment = start + timedelta(seconds=random.uniform(0, SPREAD_SECONDS))
            text = f"reminder {number} of {system.tenant_id}"
            await set_reminder(session, caller, text=text, remind_at=moment, at=at)


@pytest.fixture
def truth(fresh_urls: Urls) -> Iterator[psycopg.Connection]:
    """The database over all tenants, as the server's superuser."""
    with connect(os.environ["RAVAND_TEST_POSTGRES"], database=make_url(fresh_urls.owner).database) as connection:
        yield connection


def count(truth: psycopg.Connection, statement: str) -> int:
    row = truth.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])


async def test_kills_and_an_emptied_valkey_lose_nothing_and_double_nothing(
    desk: Desk, truth: psycopg.Connection, processes: Processes, own_valkey: Valkey
) -> None:
    start = desk.clock() + timedelta(seconds=2)
    for _ in range(TENANTS):
        await furnish(desk.database, start)
    valkey = redis.Redis.from_url(own_valkey.url)

    def delivered() -> int:
        return count(truth, "SELECT count(*) FROM reminder WHERE state = 'DELIVERED'")

    def waiting() -> int:
        return int(valkey.llen(f"{NAMESPACE}:interactive"))

    def happenings() -> str:
        return f"{delivered()} of {ALL} delivered, {processes.kills} kills\n{processes.tail()}"

    for command in ("worker", "worker", "relay", "relay"):
        processes.start(command)
    lost = 0
    for number in range(1, KILLS + 1):
        goal = number * ALL // (KILLS + 4)
        wait_for(lambda: delivered() >= goal, seconds=60, what=happenings)  # noqa: B023 -- called before goal changes
        if number % (KILLS // FLUSHES) == 0:
            # Messages wait while no worker lives; then all of them are gone, and the leases behind them have to end.
            for _ in range(2):
                processes.kill("worker")
            wait_for(lambda: waiting() >= 3, seconds=30, what=happenings)
            lost += waiting()
            valkey.flushall()
            for _ in range(2):
                processes.start("worker")
        else:
            processes.start(processes.kill())
    # What an unreachable database does to everyone at once: every connection of the product is cut off. Those who were
    # just started may have none yet, so it waits until there is one to cut.
    wait_for(lambda: truth.execute(CUT_OFF).fetchall(), seconds=30, what=happenings)

    def unfinished() -> int:
        return count(truth, "SELECT count(*) FROM due WHERE state = 'WAITING'")

    wait_for(lambda: delivered() == ALL and not unfinished(), seconds=60, what=happenings)
    wait_for(lambda: not waiting(), seconds=30, what=happenings)  # messages that came twice or late were looked at too
    assert processes.stop() == [0, 0, 0, 0], processes.tail()

    assert processes.kills >= 20
    assert lost > 0
    told = Counter(row[0] for row in truth.execute("SELECT title FROM notification"))
    wanted = [row[0] for row in truth.execute("SELECT text FROM reminder WHERE state = 'DELIVERED'")]
    assert len(wanted) == ALL
    assert told == Counter(wanted), "each was told once"
    assert count(truth, "SELECT count(*) FROM due WHERE state <> 'DONE'") == 0
    sent = letters(processes.settings.mail_folder)
    assert {str(letter["subject"]) for letter in sent} == {f"Reminder: {text}" for text in wanted}
    assert len({letter["message-id"] for letter in sent}) == ALL, "a mail that went out twice is the same mail"
    valkey.close()
