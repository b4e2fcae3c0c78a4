"""Reads of processes."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.kit.errors import NOT_FOUND, Locale, NotFound, Path
from services.kit.paging import Key
from services.kit.permissions import Permission
from services.kit.reads import Made, Many, One, ReadModel, read_model
from services.kit.tenancy import ReadSession
from services.pipeline.processes.models import (
    Process,
    ProcessInstance,
    ProcessVersion,
    RecordType,
    Stage,
    StageKind,
    StageVisit,
    Transition,
    TransitionKind,
    Trigger,
    VersionState,
)
from services.pipeline.processes.rules import Definition, StoredStage, StoredTransition


def _localised(locale: Locale, fa: str | None, en: str | None) -> str | None:
    return fa if locale == "fa" else en


process = read_model(
    ReadModel(
        name="process",
        table=Process,
        permission=Permission.PROCESS_READ,
        fields={"name": Made(_localised, of=(Process.name_fa, Process.name_en))},
        links={
            "active_version": One("process_version", Process.active_version_id),
            "versions": Many("process_version", ProcessVersion.process_id, order="NUMBER"),
        },
        filters={"record_type": lambda types: Process.record_type.in_(types)},
        orders={"KEY": (Key(Process.key),)},
        default_order="KEY",
    )
)

process_version = read_model(
    ReadModel(
        name="process_version",
        table=ProcessVersion,
        permission=Permission.PROCESS_READ,
        links={
            "process": One("process", ProcessVersion.process_id),
            "base_version": One("process_version", ProcessVersion.base_version_id),
            "stages": Many("stage", Stage.version_id, order="POSITION"),
            "transitions": Many("transition", Transition.version_id, order="KEY"),
        },
        orders={"NUMBER": (Key(ProcessVersion.number, descending=True),)},
        default_order="NUMBER",
    )
)

stage = read_model(
    ReadModel(
        name="stage",
        table=Stage,
        permission=Permission.PROCESS_READ,
        fields={
            "name": Made(_localised, of=(Stage.name_fa, Stage.name_en)),
            "guidance": Made(_localised, of=(Stage.guidance_fa, Stage.guidance_en)),
        },
        links={"process_version": One("process_version", Stage.version_id)},
        orders={"POSITION": (Key(Stage.position),)},
        default_order="POSITION",
    )
)

transition = read_model(
    ReadModel(
        name="transition",
        table=Transition,
        permission=Permission.PROCESS_READ,
        fields={
            "name": Made(_localised, of=(Transition.name_fa, Transition.name_en)),
            "needs_reason": Made(
                lambda _locale, kind: kind == TransitionKind.CLOSE_LOST,
                of=(Transition.kind,),
            ),
        },
        links={
            "from_stage": One("stage", Transition.from_stage_id),
            "to_stage": One("stage", Transition.to_stage_id),
        },
        orders={"KEY": (Key(Transition.key),)},
        default_order="KEY",
    )
)

stage_visit = read_model(
    ReadModel(
        name="stage_visit",
        table=StageVisit,
        permission=Permission.PROCESS_READ,
        links={
            "stage": One("stage", StageVisit.stage_id),
            "transition": One("transition", StageVisit.transition_id),
            "actor": One("member", StageVisit.actor_id),
        },
        orders={"SEQUENCE": (Key(StageVisit.seq),), "LATEST": (Key(StageVisit.seq, descending=True),)},
        default_order="SEQUENCE",
    )
)

# A published version never changes, so what was read of it once holds for good; the oldest go when the shelf is full.
KEPT: Final = 2048
_DEFINITIONS: Final[OrderedDict[tuple[UUID, UUID], Definition]] = OrderedDict()


async def definitions(session: ReadSession, version_ids: Collection[UUID]) -> dict[UUID, Definition]:
    """This will give versions with their stages and transitions, however many, in at most two statements."""
    tenant_id: UUID = session.info["caller"].tenant_id
    wanted = set(version_ids)
    found = {id: _DEFINITIONS[tenant_id, id] for id in wanted if (tenant_id, id) in _DEFINITIONS}
    missing = wanted - found.keys()
    if missing:
        read = await _read_definitions(session, missing)
        for id, (definition, sealed) in read.items():
            found[id] = definition
            if sealed:
                _DEFINITIONS[tenant_id, id] = definition
        while len(_DEFINITIONS) > KEPT:
            _DEFINITIONS.popitem(last=False)
    return found


async def definition(session: ReadSession, version_id: UUID) -> Definition:
    """This will give one version with its stages and transitions."""
    return (await definitions(session, [version_id]))[version_id]


async def _read_definitions(session: ReadSession, ids: set[UUID]) -> dict[UUID, tuple[Definition, bool]]:
    versions = await session.execute(
        select(ProcessVersion.id, ProcessVersion.state, Process.id, Process.record_type, Stage)
        .join(Process, Process.id == ProcessVersion.process_id)
        .join(Stage, Stage.version_id == ProcessVersion.id)
        .where(ProcessVersion.id.in_(ids))
        .order_by(ProcessVersion.id, Stage.position)
    )
    ways = await session.scalars(
        select(Transition).where(Transition.version_id.in_(ids)).order_by(Transition.version_id, Transition.key)
    )
    heads: dict[UUID, tuple[str, UUID, str]] = {}
    stages: dict[UUID, list[Stage]] = {}
    for id, state, process_id, record_type, row in versions:
        heads[id] = (state, process_id, record_type)
        stages.setdefault(id, []).append(row)
    transitions: dict[UUID, list[Transition]] = {}
    for way in ways:
        transitions.setdefault(way.version_id, []).append(way)
    return {
        id: (_definition(id, process_id, record_type, stages[id], transitions.get(id, [])), state != VersionState.DRAFT)
        for id, (state, process_id, record_type) in heads.items()
    }


def _definition(
    id: UUID, process_id: UUID, record_type: str, stages: list[Stage], transitions: list[Transition]
) -> Definition:
    places = {stage.id: stage.position for stage in stages}
    ordered = sorted(transitions, key=lambda way: (places[way.to_stage_id], way.key))
    return Definition(
        process_id=process_id,
        version_id=id,
        record_type=record_type,
        stages=tuple(
            StoredStage(
                id=stage.id,
                key=stage.key,
                name_fa=stage.name_fa,
                name_en=stage.name_en,
                kind=StageKind(stage.kind),
                probability=stage.probability,
            )
            for stage in stages
        ),
        transitions=tuple(
            StoredTransition(
                id=way.id,
                key=way.key,
                name_fa=way.name_fa,
                name_en=way.name_en,
                from_stage_id=way.from_stage_id,
                to_stage_id=way.to_stage_id,
                kind=TransitionKind(way.kind),
                trigger=Trigger(way.trigger),
            )
            for way in ordered
        ),
    )


async def active_definition(
    session: ReadSession, record_type: RecordType, process_id: UUID | None = None, *, path: Path = ()
) -> Definition:
    """This will give the version that new records of a kind live by: of the default process, or of a named one."""
    chosen = Process.is_default if process_id is None else Process.id == process_id
    version_id = await session.scalar(
        select(Process.active_version_id).where(Process.record_type == record_type, chosen)
    )
    if version_id is None:
        raise NotFound(NOT_FOUND, path=path)
    return await definition(session, version_id)


async def paths(session: ReadSession, instance_ids: Collection[UUID]) -> dict[UUID, list[StageVisit]]:
    """This will give every visit of some records, each record's in their order, in one statement."""
    visits = await session.scalars(
        select(StageVisit)
        .where(StageVisit.instance_id.in_(set(instance_ids)))
        .order_by(StageVisit.instance_id, StageVisit.seq)
    )
    found: dict[UUID, list[StageVisit]] = {}
    for visit in visits:
        found.setdefault(visit.instance_id, []).append(visit)
    return found


async def position(session: ReadSession, instance_id: UUID, *, path: Path) -> ProcessInstance:
    """This will give where a record stands; a foreign id and a missing one are both not found."""
    found = await session.scalar(select(ProcessInstance).where(ProcessInstance.id == instance_id))
    if found is None:
        raise NotFound(NOT_FOUND, path=path)
    return found
