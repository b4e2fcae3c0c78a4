"""Writes of processes: the furnishing of a workspace, and the one door through which a record changes stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from services.kit.errors import NOT_FOUND, NotFound, expect_version, optional_text
from services.kit.ids import new_id
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, WriteSession, add_many
from services.pipeline.processes import queries
from services.pipeline.processes.models import (
    Channel,
    Process,
    ProcessInstance,
    ProcessVersion,
    Stage,
    StageVisit,
    Transition,
    VersionState,
)
from services.pipeline.processes.rules import (
    Definition,
    Step,
    StoredStage,
    StoredTransition,
    Walk,
    checksum,
    first_stage,
    settled_reason,
    way_out,
)
from services.pipeline.processes.templates import SEVEN_STAGES, Template
from services.tenants.workspaces.service import furnishes


@furnishes
async def furnish(session: WriteSession, caller: Caller, at: datetime) -> None:
    """This will give a new workspace the process of seven stages, published as its first version."""
    await add_process(session, caller, template=SEVEN_STAGES, is_default=True, at=at)


async def add_process(
    session: WriteSession, caller: Caller, *, template: Template, is_default: bool, at: datetime
) -> Process:
    """This will add a process with version 1 published, as a template says."""
    caller.require(Permission.PROCESS_MANAGE)
    process = Process(
        key=template.key,
        record_type=template.record_type,
        name_fa=template.name_fa,
        name_en=template.name_en,
        is_default=is_default,
    )
    session.add(process)
    await session.flush()
    version = ProcessVersion(
        process_id=process.id,
        number=1,
        state=VersionState.PUBLISHED,
        checksum=checksum(template.plan),
        published_at=at,
    )
    session.add(version)
    await session.flush()
    ids = {stage.key: new_id() for stage in template.plan.stages}
    stages = [
        {
            "version_id": version.id,
            "id": ids[stage.key],
            "key": stage.key,
            "name_fa": stage.name_fa,
            "name_en": stage.name_en,
            "position": position,
            "kind": stage.kind,
            "archetype": stage.archetype,
            "buyer_stage": stage.buyer_stage,
            "probability": stage.probability,
            "forecast_category": stage.forecast_category,
            "guidance_fa": stage.guidance_fa,
            "guidance_en": stage.guidance_en,
            "target_working_minutes": stage.target_working_minutes,
        }
        for position, stage in enumerate(template.plan.stages, start=1)
    ]
    transitions = [
        {
            "version_id": version.id,
            "key": way.key,
            "name_fa": way.name_fa,
            "name_en": way.name_en,
            "from_stage_id": None if way.from_key is None else ids[way.from_key],
            "to_stage_id": ids[way.to_key],
            "kind": way.kind,
            "trigger": way.trigger,
        }
        for way in template.plan.transitions
    ]
    await add_many(session, Stage, stages)
    await add_many(session, Transition, transitions)
    process.active_version_id = version.id
    await session.flush()
    return process


@dataclass(frozen=True, slots=True)
class Entered:
    """This will say which stage a record came into, from which, by which transition, and in which visit."""

    visit_id: UUID
    definition: Definition
    stage: StoredStage
    source: StoredStage
    transition: StoredTransition
    at: datetime
    reason: str | None


async def begin(
    session: WriteSession,
    caller: Caller,
    *,
    instance_id: UUID,
    definition: Definition,
    stage_key: str | None,
    at: datetime,
) -> StoredStage:
    """This will set a new record on its way, in the first open stage or in the open stage of a key, and give that.

    The record has the same id as its instance; the room of the record has checked what the caller may do.
    """
    stage = first_stage(definition, stage_key, caller.locale, path=("input", "stage"))
    walk = Walk(instance_id, (Step(stage.id, at),))
    await walk_through(session, caller, definition=definition, walks=[walk], at=at)
    return stage


async def advance(
    session: WriteSession,
    caller: Caller,
    *,
    instance_id: UUID,
    to_stage: str | None,
    transition: str | None,
    reason: str | None,
    at: datetime,
    expected_version: int | None = None,
) -> Entered:
    """This will take a record through a transition, named by its key or by the stage it leads to.

    The one way by which a stage changes, whoever asks; the room of the record has checked what the caller may do.
    Raises ``Blocked`` when the process has no such way from here, ``Conflict`` when the instance is no longer at
    ``expected_version``.
    """
    instance = await session.scalar(
        select(ProcessInstance)
        .where(ProcessInstance.id == instance_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if instance is None:
        raise NotFound(NOT_FOUND, path=("input", "id"))
    if expected_version is not None:
        expect_version(instance.version, expected_version)
    definition = await queries.definition(session, instance.version_id)
    source = definition.stage(instance.stage_id)
    way = way_out(definition, source.id, to_stage=to_stage, transition=transition, locale=caller.locale)
    settled = settled_reason(way, optional_text(reason, path=("input", "reason")))
    entered = await session.scalar(
        select(StageVisit.entered_at).where(StageVisit.instance_id == instance_id, StageVisit.seq == instance.visit_seq)
    )
    # Another process may have moved the record with a clock that runs ahead of ours; time does not run back for it.
    moment = at if entered is None else max(at, entered)
    walk = Walk(instance_id, (Step(way.to_stage_id, moment, way.id, settled),), after=instance.visit_seq)
    visits = await walk_through(session, caller, definition=definition, walks=[walk], at=at)
    target = definition.stage(way.to_stage_id)
    return Entered(visits[instance_id], definition, target, source, way, moment, settled)


async def walk_through(
    session: WriteSession,
    caller: Caller,
    *,
    definition: Definition,
    walks: Sequence[Walk],
    at: datetime,
    channel: Channel | None = None,
) -> dict[UUID, UUID]:
    """This will write the moves of many records, set-based, and give each record's last visit.

    The door itself: ``advance``, the beginning of a record and the import of history all end here. The records that
    have been on their way before are locked by the caller. All records move along the same version. Without a
    ``channel`` it is the one that the caller came through.
    """
    through = channel or Channel(caller.channel)
    version_id, tenant_id = definition.version_id, caller.tenant_id
    new: list[dict[str, Any]] = []
    closed: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    visits: list[dict[str, Any]] = []
    last: dict[UUID, UUID] = {}
    for walk in walks:
        final, seq = walk.steps[-1], walk.after + len(walk.steps)
        if walk.after:
            here = {"tenant": tenant_id, "instance": walk.instance_id}
            closed.append({**here, "number": walk.after, "moment": walk.steps[0].at})
            moved.append({**here, "number": seq, "moment": at, "stage": final.stage_id})
        else:
            new.append(
                {
                    "version_id": version_id,
                    "id": walk.instance_id,
                    "record_type": definition.record_type,
                    "process_id": definition.process_id,
                    "stage_id": final.stage_id,
                    "visit_seq": seq,
                    "visit_open": True,
                }
            )
        for place, step in enumerate(walk.steps):
            following = walk.steps[place + 1] if place + 1 < len(walk.steps) else None
            number = walk.after + place + 1
            last[walk.instance_id] = id = new_id()
            visits.append(
                {
                    "version_id": version_id,
                    "id": id,
                    "instance_id": walk.instance_id,
                    "seq": number,
                    "previous_seq": number - 1 if number > 1 else None,
                    "stage_id": step.stage_id,
                    "transition_id": step.transition_id,
                    "entered_at": step.at,
                    "left_at": following.at if following else None,
                    "is_open": following is None,
                    "actor_id": caller.member_id,
                    "channel": through,
                    "reason": step.reason,
                }
            )
    await add_many(session, ProcessInstance, new)
    if closed:
        await session.execute(CLOSE, closed)
    await add_many(session, StageVisit, visits)
    if moved:
        await session.execute(MOVE, moved)
    return last


CLOSE = (
    update(StageVisit.__table__)  # type: ignore[arg-type] # typed as any FROM clause, and is a table
    .where(
        StageVisit.tenant_id == bindparam("tenant"),
        StageVisit.instance_id == bindparam("instance"),
        StageVisit.seq == bindparam("number"),
    )
    .values(left_at=bindparam("moment"), is_open=False)
)
MOVE = (
    update(ProcessInstance.__table__)  # type: ignore[arg-type] # as above
    .where(ProcessInstance.tenant_id == bindparam("tenant"), ProcessInstance.id == bindparam("instance"))
    .values(
        stage_id=bindparam("stage"),
        visit_seq=bindparam("number"),
        version=ProcessInstance.version + 1,
        updated_at=bindparam("moment"),
    )
)
