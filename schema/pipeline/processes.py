"""Processes, their versions and stages, and the visits of records, as GraphQL."""

from datetime import datetime

import strawberry

from schema.paging import Connection, listing, many, one, record, single
from schema.scalars import Node
from schema.tenants import Member
from services.pipeline.processes import queries as processes
from services.pipeline.processes import service
from services.pipeline.processes.models import (
    Archetype,
    BuyerStage,
    Channel,
    ForecastCategory,
    RecordType,
    StageKind,
    TransitionKind,
    Trigger,
    VersionState,
)

strawberry.enum(RecordType, description="The kinds of records that walk through a process.")
strawberry.enum(VersionState, description="Whether a version is being written, lived by, or kept for older records.")
strawberry.enum(StageKind, description="What being in a stage means for the outcome.")
strawberry.enum(Archetype, description="The seven stages that every sales process is made of, whatever their names.")
strawberry.enum(BuyerStage, description="Where the buyer stands in their own decision.")
strawberry.enum(ForecastCategory, description="How far a forecast counts on a stage.")
strawberry.enum(TransitionKind, description="What a way from one stage to another means.")
strawberry.enum(Trigger, description="Who sets a transition off.")
strawberry.enum(Channel, description="By which way a move came.", name="MoveChannel")


@record(processes.process, "A way of working that records go through, in versions.")
class Process(Node):
    """This will be a process."""

    key: str = strawberry.field(description="A stable name for programs.")
    record_type: RecordType = strawberry.field(description="Which records go through it.")
    name: str = strawberry.field(description="Its name in the caller's language.")
    name_fa: str = strawberry.field(description="Its name in Persian.")
    name_en: str = strawberry.field(description="Its name in English.")
    is_default: bool = strawberry.field(description="Whether new records of its kind go through it.")
    active_version: "ProcessVersion | None" = one("The version that new records live by.")
    versions: Connection["ProcessVersion"] = many("All versions, the newest first.")
    version: int = strawberry.field(description="Pass this back as `expectedVersion` when changing the record.")
    created_at: datetime = strawberry.field(description="When it was added.")


@record(processes.process_version, "One definition of a process; it never changes once it is published.")
class ProcessVersion(Node):
    """This will be a version of a process."""

    number: int = strawberry.field(description="Counts the versions of the process.")
    state: VersionState = strawberry.field(description="Draft, published or retired.")
    checksum: str | None = strawberry.field(description="SHA-256 of the definition once it is published.")
    change_note: str | None = strawberry.field(description="What is new in this version.")
    published_at: datetime | None = strawberry.field(description="When it was published.")
    process: Process = one("The process it defines.")
    base_version: "ProcessVersion | None" = one("The version it was made from.")
    stages: Connection["Stage"] = many("The stages in their order.")
    transitions: Connection["Transition"] = many("The ways between the stages.")


@record(processes.stage, "A stage of a version of a process.")
class Stage(Node):
    """This will be a stage."""

    key: str = strawberry.field(description="A name for programs that stays the same from version to version.")
    name: str = strawberry.field(description="Its name in the caller's language.")
    name_fa: str = strawberry.field(description="Its name in Persian.")
    name_en: str = strawberry.field(description="Its name in English.")
    position: int = strawberry.field(description="Its place in the process, from 1.")
    kind: StageKind = strawberry.field(description="Open, won, lost or parked.")
    archetype: Archetype | None = strawberry.field(description="Which of the seven stages of selling it is.")
    buyer_stage: BuyerStage | None = strawberry.field(description="Where the buyer should stand in this stage.")
    probability: int = strawberry.field(description="How likely a record of this stage is won, in percent.")
    forecast_category: ForecastCategory = strawberry.field(description="How far a forecast counts on it.")
    guidance: str | None = strawberry.field(description="What to do in this stage, in the caller's language.")
    target_working_minutes: int | None = strawberry.field(description="How long a record should stay at most.")


@record(processes.transition, "A way from one stage, or from any open one, to another.")
class Transition(Node):
    """This will be a transition."""

    key: str = strawberry.field(description="A name for programs that stays the same from version to version.")
    name: str = strawberry.field(description="Its name in the caller's language, as on a button.")
    kind: TransitionKind = strawberry.field(description="Forward, skip, back, reopen, won or lost.")
    trigger: Trigger = strawberry.field(description="Who sets it off.")
    needs_reason: bool = strawberry.field(description="Whether a reason must be given.")
    from_stage: Stage | None = one("Where it leads from; null is any open stage.")
    to_stage: Stage = one("Where it leads to.")


@record(processes.stage_visit, "One stay of a record in a stage; never rewritten.")
class StageVisit(Node):
    """This will be a stage visit."""

    seq: int = strawberry.field(description="Counts the visits of the record, from 1.")
    stage: Stage = one("The stage.")
    entered_at: datetime = strawberry.field(description="When the record came in.")
    left_at: datetime | None = strawberry.field(description="When it left; null while it is there.")
    transition: Transition | None = one("The way it came by; null at the beginning and for imported history.")
    actor: Member | None = one("Who moved it; null when the system did.")
    channel: Channel = strawberry.field(description="By which way the move came.")
    reason: str | None = strawberry.field(description="Why it was moved.")


@strawberry.input(description="Conditions on processes.")
class ProcessFilter:
    """This will hold conditions on processes."""

    record_type: list[RecordType] | None = strawberry.field(
        default=strawberry.UNSET, description="Of any of these kinds of records."
    )


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    process: Process | None = single(processes.process, "A process.")
    processes: Connection[Process] = listing(
        processes.process, "The processes of the workspace, by key.", filter=ProcessFilter
    )


# Importing the service is what furnishes a new workspace with its process.
TYPES = (Process, ProcessVersion, Stage, Transition, StageVisit)
__all__ = ["TYPES", "Process", "ProcessVersion", "Query", "Stage", "StageVisit", "Transition", "service"]
