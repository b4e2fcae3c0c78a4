"""Random moves against a small model: what the model allows happens, what it does not changes nothing."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.kit.errors import AppError, Blocked, Conflict, Invalid
from services.kit.tenancy import read, write
from services.pipeline.opportunities import queries as opportunities
from services.pipeline.opportunities import rules, service
from services.pipeline.opportunities.rules import HistoricOpportunity, HistoricVisit
from services.pipeline.processes import queries
from tests.support import Workspace

OPEN = ("lead_generation", "qualification", "contact", "presentation", "objection_handling", "closing")
ENDS = ("follow_up", "lost")
STATUS = {"follow_up": "WON", "lost": "LOST"}


@dataclass(frozen=True)
class Move:
    """One attempt: where to, by naming the stage or the transition, with or without a reason, on which version."""

    to: str
    by_transition: bool
    reason: str | None
    stale: bool


@dataclass
class Model:
    """What a deal must look like: the stages it went through, and how often it was changed."""

    path: list[str] = field(default_factory=lambda: ["lead_generation"])
    version: int = 1

    def refusal(self, move: Move) -> type[AppError] | None:
        here = self.path[-1]
        if move.stale:
            return Conflict
        if move.to not in (*OPEN, *ENDS):
            return Blocked if move.by_transition else Invalid
        if move.to == here or (here in ENDS and move.to in ENDS):
            return Blocked
        if move.to == "lost" and move.reason is None:
            return Invalid
        return None

    def key(self, to: str) -> str:
        return f"to_{to}" if to in ENDS else f"{self.path[-1]}_to_{to}"


moves = st.lists(
    st.builds(
        Move,
        to=st.sampled_from((*OPEN, *ENDS, "nowhere")),
        by_transition=st.booleans(),
        reason=st.sampled_from((None, "because")),
        stale=st.sampled_from((False, False, False, True)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves)
async def test_the_path_is_what_the_model_says(workspace: Workspace, moves: list[Move]) -> None:
    caller, model = workspace.owner, Model()
    async with write(workspace.database, caller) as (session, at):
        deal = await service.create_opportunity(
            session,
            caller,
            name="Deal",
            account_id=None,
            owner_id=None,
            amount=None,
            expected_close_on=None,
            at=at,
        )
    for move in moves:
        refusal = None
        try:
            async with write(workspace.database, caller) as (session, at):
                await service.advance(
                    session,
                    caller,
                    opportunity_id=deal.id,
                    expected_version=model.version + move.stale,
                    to_stage=None if move.by_transition else move.to,
                    transition=model.key(move.to) if move.by_transition else None,
                    reason=move.reason,
                    at=at,
                )
        except AppError as error:
            refusal = type(error)
        assert refusal == model.refusal(move)
        if refusal is None:
            model.path.append(move.to)
            model.version += 1
    async with read(workspace.database, caller) as session:
        visits = (await queries.paths(session, [deal.id]))[deal.id]
        instance = await queries.position(session, deal.id, path=())
        now = await opportunities.get(session, deal.id, path=())
        definition = await queries.definition(session, now.process_version_id)
    assert [definition.stage(visit.stage_id).key for visit in visits] == model.path
    assert [visit.seq for visit in visits] == list(range(1, len(model.path) + 1))
    assert all(one.left_at == other.entered_at for one, other in pairwise(visits))
    assert [visit.is_open for visit in visits] == [False] * (len(visits) - 1) + [True]
    assert all((visit.transition_id is None) == (visit.seq == 1) for visit in visits)
    assert instance.stage_id == now.stage_id == visits[-1].stage_id
    assert (instance.visit_seq, now.version) == (len(visits), model.version)
    assert now.status == STATUS.get(model.path[-1], "OPEN")
    assert (now.closed_on is not None) == (now.status != "OPEN")
    assert now.stage_entered_at == visits[-1].entered_at


paths = st.lists(st.sampled_from((*OPEN, *ENDS)), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tellings=st.lists(paths, min_size=1, max_size=5))
async def test_recorded_history_only_ever_grows(workspace: Workspace, tellings: list[list[str]]) -> None:
    """Whatever a source says about a deal, time after time: the path grows by what continues it, and keeps the rest."""
    caller = workspace.owner
    id = None
    known: list[str] = []
    external_id = str(workspace.database.clock().timestamp())
    for number, telling in enumerate(tellings):
        moments = [workspace.database.clock() - timedelta(days=30 - place) for place in range(len(telling))]
        item = HistoricOpportunity(
            external_source="crm",
            external_id=external_id,
            name=f"Told {number} times",
            owner_id=caller.member,
            visits=tuple(HistoricVisit(key, moment) for key, moment in zip(telling, moments, strict=True)),
        )
        async with write(workspace.database, caller) as (session, at):
            result = await service.record_history(session, caller, [item], at=at)
        id = result.ids[external_id]
        common = min(len(known), len(telling))
        contradicts = known[:common] != telling[:common]
        assert bool(result.diverged) == contradicts
        if not contradicts and len(telling) > len(known):
            known = telling
        async with read(workspace.database, caller) as session:
            visits = (await queries.paths(session, [id]))[id]
            now = await opportunities.get(session, id, path=())
            definition = await queries.definition(session, now.process_version_id)
        assert [definition.stage(visit.stage_id).key for visit in visits] == known
        assert all(one.left_at == other.entered_at for one, other in pairwise(visits))
        assert now.stage_id == visits[-1].stage_id
        assert (now.closed_on is not None) == (now.status in rules.CLOSED)
