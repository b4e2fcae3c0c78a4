"""The door: the database itself refuses every change of stage that is not a new visit; tried as the application."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from services.kit.ids import new_id
from services.kit.tenancy import read, write
from services.local.provision import Urls, connect
from services.pipeline.opportunities.models import Opportunity
from services.pipeline.opportunities.service import create_opportunity
from services.pipeline.processes import queries, service
from services.pipeline.processes.models import ProcessInstance, RecordType, StageVisit
from services.pipeline.processes.rules import Definition
from tests.support import Workspace


@dataclass
class Deal:
    """A record that went from the first stage to contact and on to presentation, and what attacks need to know."""

    workspace: Workspace
    urls: Urls
    id: UUID
    definition: Definition
    visits: list[StageVisit] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        stages = {stage.key: stage.id for stage in self.definition.stages}
        ways = {way.key: way.id for way in self.definition.transitions}
        return {
            "t": self.workspace.id,
            "deal": self.id,
            "new": new_id(),
            "version": self.definition.version_id,
            "process": self.definition.process_id,
            "first": self.visits[0].id,
            "second": self.visits[1].id,
            "open": self.visits[2].id,
            "first_stage": self.visits[0].stage_id,
            "second_stage": self.visits[1].stage_id,
            "stage": self.visits[2].stage_id,
            "closing": stages["closing"],
            "won": stages["follow_up"],
            "to_closing": ways["presentation_to_closing"],
            "to_won": ways["to_follow_up"],
            "began": self.visits[2].entered_at,
            "later": self.visits[2].entered_at + timedelta(minutes=5),
            "earlier": self.visits[2].entered_at - timedelta(hours=1),
        }

    async def path(self) -> list[tuple[int, UUID, datetime, datetime | None]]:
        async with read(self.workspace.database, self.workspace.owner) as session:
            visits = (await queries.paths(session, [self.id]))[self.id]
            instance = await queries.position(session, self.id, path=())
        assert (instance.visit_seq, instance.stage_id) == (visits[-1].seq, visits[-1].stage_id)
        return [(visit.seq, visit.stage_id, visit.entered_at, visit.left_at) for visit in visits]

    def attempt(self, statements: list[str]) -> str:
        """Runs an attack as the application role in one transaction, commits it, and gives why it was refused."""
        with connect(self.urls.app) as app:
            try:
                with app.transaction():
                    app.execute("SELECT app.set_tenant(%s)", [self.workspace.id])
                    for statement in statements:
                        app.execute(statement.encode(), self.values())
            except (psycopg.errors.IntegrityError, psycopg.errors.InsufficientPrivilege) as error:
                return str(error)
        return "nothing refused it"


@pytest.fixture
async def deal(workspace: Workspace, urls: Urls) -> Deal:
    caller = workspace.owner
    async with write(workspace.database, caller) as (session, at):
        definition = await queries.active_definition(session, RecordType.OPPORTUNITY)
        found = Deal(workspace, urls, new_id(), definition)
        await service.begin(
            session, caller, instance_id=found.id, definition=definition, stage_key=None, at=at - timedelta(days=2)
        )
    for stage, days in (("contact", 1), ("presentation", 0)):
        async with write(workspace.database, caller) as (session, at):
            moment = at - timedelta(days=days)
            await service.advance(
                session, caller, instance_id=found.id, to_stage=stage, transition=None, reason=None, at=moment
            )
    async with read(workspace.database, caller) as session:
        found.visits = (await queries.paths(session, [found.id]))[found.id]
    return found


CLOSE = "UPDATE stage_visit SET left_at = %(later)s, is_open = false WHERE tenant_id = %(t)s AND id = %(open)s"
REOPEN = "UPDATE stage_visit SET left_at = NULL, is_open = true WHERE tenant_id = %(t)s AND id = %(second)s"


def stand(stage: str, seq: int | str = "visit_seq", where: str = "%(deal)s") -> str:
    return (
        f"UPDATE process_instance SET stage_id = %({stage})s, visit_seq = {seq} "
        f"WHERE tenant_id = %(t)s AND id = {where}"
    )


def visit(
    seq: int,
    previous: str = "",
    *,
    stage: str = "closing",
    way: str = "%(to_closing)s",
    at: str = "%(later)s",
    left: str = "NULL",
    channel: str = "GRAPHQL",
) -> str:
    return (
        "INSERT INTO stage_visit (tenant_id, id, instance_id, seq, previous_seq, version_id, stage_id, transition_id, "
        "entered_at, left_at, is_open, channel) VALUES (%(t)s, %(new)s, %(deal)s, "
        f"{seq}, {previous or seq - 1}, %(version)s, %({stage})s, {way}, {at}, {left}, {left} IS NULL, '{channel}')"
    )


def change(assignment: str, row: str = "second", table: str = "stage_visit") -> str:
    return f"UPDATE {table} SET {assignment} WHERE tenant_id = %(t)s AND id = %({row})s"


DENIED = "permission denied"
POSITION = "fk_process_instance_visit"
CHAIN = "fk_stage_visit_previous"
FOLLOWS = "ck_stage_visit_follows_the_one_before"

ATTACKS: dict[str, tuple[list[str], str]] = {
    # the stage without a visit
    "change the stage alone": ([stand("closing")], POSITION),
    "win it alone": ([stand("won")], POSITION),
    "point to an old visit": ([stand("second_stage", 2)], POSITION),
    "point to the first visit": ([stand("first_stage", 1)], POSITION),
    "point to a visit that is not there": ([stand("closing", 4)], POSITION),
    "point to nothing": ([stand("stage", "NULL")], "null value"),
    "stand in no open visit": ([change("visit_open = false", "deal", "process_instance")], DENIED),
    "become another record": ([change("id = %(new)s", "deal", "process_instance")], DENIED),
    "change the kind of record": ([change("record_type = 'LEAD'", "deal", "process_instance")], DENIED),
    "delete the instance": (["DELETE FROM process_instance WHERE tenant_id = %(t)s AND id = %(deal)s"], DENIED),
    # a visit that the instance does not stand in
    "close the open visit": ([CLOSE], POSITION),
    "close it and point to it": ([CLOSE, stand("stage", 3)], POSITION),
    "add a visit and stay": ([CLOSE, visit(4)], POSITION),
    "add a visit and name another stage": ([CLOSE, visit(4), stand("won", 4)], POSITION),
    "add a visit without closing the one before": ([visit(4), stand("closing", 4)], CHAIN),
    # the chain
    "leave a gap in the numbers": ([CLOSE, visit(5), stand("closing", 5)], CHAIN),
    "pretend to follow another": ([CLOSE, visit(5, "3"), stand("closing", 5)], FOLLOWS),
    "follow nothing": ([CLOSE, visit(4, "NULL"), stand("closing", 4)], FOLLOWS),
    "begin a second path": ([visit(1, "NULL", way="NULL"), stand("closing", 1)], "uq_stage_visit"),
    "begin before the beginning": ([visit(0, "NULL"), stand("closing", 0)], FOLLOWS),
    "leave a gap in time": ([CLOSE, visit(4, at="%(later)s + interval '1 second'"), stand("closing", 4)], CHAIN),
    "enter before the one before was left": ([CLOSE, visit(4, at="%(began)s"), stand("closing", 4)], CHAIN),
    "leave before entering": (
        [change("left_at = %(earlier)s, is_open = false", "open"), visit(4, at="%(earlier)s"), stand("closing", 4)],
        "ck_stage_visit_ends_after_it_began",
    ),
    "enter twice": ([CLOSE, visit(4), visit(4).replace("%(new)s", "%(first)s")], "pk_stage_visit"),
    "enter two stages at once": (
        [CLOSE, visit(4), visit(4, stage="won", way="%(to_won)s").replace("%(new)s", "%(version)s")],
        "uq_stage_visit",
    ),
    "have two open visits": ([CLOSE, visit(4), visit(5).replace("%(new)s", "%(version)s")], CHAIN),
    # a move that the process does not know
    "move without a transition": ([CLOSE, visit(4, way="NULL"), stand("closing", 4)], "came_by_a_transition"),
    "move by a transition to elsewhere": ([CLOSE, visit(4, way="%(to_won)s"), stand("closing", 4)], "transition"),
    "move to a stage of no version": ([CLOSE, visit(4, stage="new"), stand("new", 4)], "fk_stage_visit_"),
    "come by an unknown channel": ([CLOSE, visit(4, channel="ELSEWHERE"), stand("closing", 4)], "channel_known"),
    # history
    "reopen an old visit": ([REOPEN], CHAIN),
    "reopen an old visit and stand in it": ([CLOSE, REOPEN, stand("second_stage", 2)], CHAIN),
    "call a left visit open": ([change("is_open = true")], "ck_stage_visit_open_until_left"),
    "call the open visit left": ([change("is_open = false", "open")], "ck_stage_visit_open_until_left"),
    "change when a visit was entered": ([change("entered_at = %(earlier)s")], DENIED),
    "change when a visit was left": ([change("left_at = %(later)s")], CHAIN),
    "change the stage of a visit": ([change("stage_id = %(closing)s", "open"), stand("closing", 3)], DENIED),
    "change the number of a visit": ([change("seq = 9", "open"), stand("stage", 9)], DENIED),
    "change the way of a visit": ([change("transition_id = NULL")], DENIED),
    "change the reason of a visit": ([change("reason = 'never said'")], DENIED),
    "change who did it": ([change("actor_id = NULL")], DENIED),
    "give a visit to another record": ([change("instance_id = %(new)s")], DENIED),
    "delete the open visit": (["DELETE FROM stage_visit WHERE tenant_id = %(t)s AND id = %(open)s"], DENIED),
    "delete an old visit": (["DELETE FROM stage_visit WHERE tenant_id = %(t)s AND id = %(second)s"], DENIED),
    "write over a visit": (
        [
            visit(3).replace("%(new)s", "%(open)s")
            + " ON CONFLICT (tenant_id, id) DO UPDATE SET stage_id = excluded.stage_id"
        ],
        DENIED,
    ),
    "a visit of no record": ([visit(1, "NULL", way="NULL").replace("%(deal)s", "%(new)s")], "instance_id"),
    # the definition under a live record
    "rename a published stage": ([change("name_en = 'Won'", "stage", "stage")], DENIED),
    "call an open stage won": ([change("kind = 'WON'", "stage", "stage")], DENIED),
    "bend a published transition": ([change("to_stage_id = %(won)s", "to_closing", "transition")], DENIED),
    "delete a published transition": (
        ["DELETE FROM transition WHERE tenant_id = %(t)s AND id = %(to_closing)s"],
        DENIED,
    ),
    "unpublish a version": (
        [change("state = 'DRAFT'", "version", "process_version")],
        "ck_process_version_published_is_sealed",
    ),
    "make another process's version active": (
        [change("active_version_id = %(new)s", "process", "process")],
        "fk_process_active_version",
    ),
    # new records
    "begin without a visit": (
        [
            "INSERT INTO process_instance (tenant_id, id, version, created_at, updated_at, record_type, process_id, "
            "version_id, stage_id, visit_seq, visit_open) VALUES (%(t)s, %(new)s, 1, %(began)s, %(began)s, "
            "'OPPORTUNITY', %(process)s, %(version)s, %(closing)s, 1, true)"
        ],
        POSITION,
    ),
    "begin as another kind of record": (
        [
            "INSERT INTO process_instance (tenant_id, id, version, created_at, updated_at, record_type, process_id, "
            "version_id, stage_id, visit_seq, visit_open) VALUES (%(t)s, %(new)s, 1, %(began)s, %(began)s, "
            "'TICKET', %(process)s, %(version)s, %(closing)s, 1, true)"
        ],
        "fk_process_instance_process",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_the_door_holds(attack: str, deal: Deal) -> None:
    statements, refusal = ATTACKS[attack]
    before = await deal.path()
    assert refusal in deal.attempt(statements)
    assert await deal.path() == before


async def test_deferring_every_constraint_does_not_open_the_door(deal: Deal) -> None:
    before = await deal.path()
    assert POSITION in deal.attempt(["SET CONSTRAINTS ALL DEFERRED", stand("won")])
    assert POSITION in deal.attempt(["SET CONSTRAINTS ALL IMMEDIATE", stand("won")])
    assert DENIED in deal.attempt(["SET LOCAL session_replication_role = 'replica'", stand("won")])
    assert await deal.path() == before


async def test_a_move_with_its_visit_goes_through(deal: Deal) -> None:
    """The attacks are refused for what is wrong with them, not because nothing could pass."""
    assert deal.attempt([CLOSE, visit(4), stand("closing", 4)]) == "nothing refused it"
    path = await deal.path()
    assert [seq for seq, *_ in path] == [1, 2, 3, 4]
    assert path[3][1] == deal.values()["closing"]
    assert all(path[number][3] == path[number + 1][2] for number in range(3))


async def test_a_migration_may_move_without_a_transition(deal: Deal) -> None:
    moved = [CLOSE, visit(4, way="NULL", channel="MIGRATION"), stand("closing", 4)]
    assert deal.attempt(moved) == "nothing refused it"


async def test_another_tenant_cannot_stand_in_our_stage(deal: Deal, stranger: Workspace) -> None:
    async with read(stranger.database, stranger.owner) as session:
        theirs = await queries.active_definition(session, RecordType.OPPORTUNITY)
        assert (await session.scalars(select(ProcessInstance))).all() == []
    foreign = theirs.stages[0].id
    before = await deal.path()
    refused = deal.attempt([CLOSE, visit(4).replace("%(closing)s", f"'{foreign}'")])
    assert "fk_stage_visit_" in refused
    assert await deal.path() == before


async def open_opportunity(deal: Deal) -> Opportunity:
    async with write(deal.workspace.database, deal.workspace.owner) as (session, at):
        return await create_opportunity(
            session,
            deal.workspace.owner,
            name="Deal",
            account_id=None,
            owner_id=None,
            amount=None,
            expected_close_on=None,
            at=at,
        )


OPPORTUNITY_ATTACKS: dict[str, tuple[str, str]] = {
    "change the stage": ("stage_id = %(closing)s", "fk_opportunity_position"),
    "win it": ("stage_id = %(won)s, status = 'WON', closed_on = '2020-01-01'", "fk_opportunity_position"),
    "call it won": ("status = 'WON', closed_on = '2020-01-01'", "fk_opportunity_status"),
    "close it": ("closed_on = '2020-01-01'", "ck_opportunity_closed_has_a_day"),
    "live by another version": ("process_version_id = %(new)s", "fk_opportunity_"),
    "become another record": ("id = %(deal)s", DENIED),
    "come from elsewhere": ("external_source = 'x', external_id = 'y'", DENIED),
}


@pytest.mark.parametrize("attack", OPPORTUNITY_ATTACKS)
async def test_an_opportunity_stands_where_its_instance_stands(attack: str, deal: Deal) -> None:
    opportunity = await open_opportunity(deal)
    assignment, refusal = OPPORTUNITY_ATTACKS[attack]
    statement = change(assignment, "row", "opportunity").replace("%(row)s", f"'{opportunity.id}'")
    assert refusal in deal.attempt([statement])


async def test_an_opportunity_does_not_move_with_its_instance_alone(deal: Deal) -> None:
    """Even a proper visit is refused as long as the record of the instance is not told."""
    opportunity = await open_opportunity(deal)
    ways = {way.key: way.id for way in deal.definition.transitions}
    moved = [
        change("left_at = %(later)s, is_open = false", "row").replace("id = %(row)s", "instance_id = '{id}'"),
        visit(2, at="%(later)s").replace("%(deal)s", "'{id}'").replace("%(to_closing)s", "'{way}'"),
        stand("closing", 2, "'{id}'"),
    ]
    told = change("stage_id = %(closing)s", "row", "opportunity").replace("%(row)s", "'{id}'")
    filled = [
        statement.replace("{id}", str(opportunity.id)).replace("{way}", str(ways["lead_generation_to_closing"]))
        for statement in (*moved, told)
    ]
    assert "fk_opportunity_position" in deal.attempt(filled[:3])
    assert deal.attempt(filled) == "nothing refused it"


async def test_an_opportunity_is_never_deleted(deal: Deal) -> None:
    await open_opportunity(deal)
    assert DENIED in deal.attempt(["DELETE FROM opportunity WHERE tenant_id = %(t)s"])
