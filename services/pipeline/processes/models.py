"""The tables of processes: definitions that never change once published, and the path of every record through them.

The door is in the keys, not in the code. A stage visit names the visit before it by number and by the moment at which
that one ended, so a record's visits form one chain without a gap in number or time, of which only the last can be open.
A process instance names its open visit together with the stage (checked at commit), so a stage cannot change without a
new visit in the same transaction. The application role may add visits and close them, and nothing else.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import RecordTable, TenantTable, one_of, tenant_fk


class RecordType(StrEnum):
    """This will name the kinds of records that walk through a process."""

    LEAD = "LEAD"
    OPPORTUNITY = "OPPORTUNITY"
    TICKET = "TICKET"


class VersionState(StrEnum):
    """This will say whether a version is being written, lived by, or kept for what once lived by it."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


class StageKind(StrEnum):
    """This will say what being in a stage means for the outcome of a record."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"
    PARKED = "PARKED"


class Archetype(StrEnum):
    """This will name the seven stages that every sales process is made of, whatever a workspace calls its own."""

    LEAD_GENERATION = "LEAD_GENERATION"
    QUALIFICATION = "QUALIFICATION"
    CONTACT = "CONTACT"
    PRESENTATION = "PRESENTATION"
    OBJECTION_HANDLING = "OBJECTION_HANDLING"
    CLOSING = "CLOSING"
    FOLLOW_UP = "FOLLOW_UP"


class BuyerStage(StrEnum):
    """This will say where the buyer stands in their own decision."""

    NEED_RECOGNITION = "NEED_RECOGNITION"
    EVALUATION = "EVALUATION"
    CHOICE = "CHOICE"
    NEGOTIATION_AND_PURCHASE = "NEGOTIATION_AND_PURCHASE"
    AFTER_PURCHASE = "AFTER_PURCHASE"


class ForecastCategory(StrEnum):
    """This will say how far a forecast counts on the records of a stage."""

    OMITTED = "OMITTED"
    PIPELINE = "PIPELINE"
    BEST_CASE = "BEST_CASE"
    COMMIT = "COMMIT"
    CLOSED = "CLOSED"


class TransitionKind(StrEnum):
    """This will say what a way from one stage to another means."""

    FORWARD = "FORWARD"
    SKIP = "SKIP"
    BACK = "BACK"
    REOPEN = "REOPEN"
    CLOSE_WON = "CLOSE_WON"
    CLOSE_LOST = "CLOSE_LOST"


class Trigger(StrEnum):
    """This will say who sets a transition off: a person, a condition that came true, or time."""

    MANUAL = "MANUAL"
    AUTO = "AUTO"
    TIMER = "TIMER"


class Channel(StrEnum):
    """This will say by which way a move came; IMPORT and MIGRATION record what happened and need no transition."""

    GRAPHQL = "GRAPHQL"
    BULK = "BULK"
    IMPORT = "IMPORT"
    AUTOMATION = "AUTOMATION"
    TIMER = "TIMER"
    WORKER = "WORKER"
    MIGRATION = "MIGRATION"


class Process(RecordTable):
    """This will be one way of working of a workspace; new records live by its active version."""

    __tablename__ = "process"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        UniqueConstraint("tenant_id", "id", "record_type"),
        ForeignKeyConstraint(
            ["tenant_id", "id", "active_version_id"],
            ["process_version.tenant_id", "process_version.process_id", "process_version.id"],
            name="fk_process_active_version",
            use_alter=True,
        ),
        Index("uq_process_default", "tenant_id", "record_type", unique=True, postgresql_where=text("is_default")),
        one_of("record_type", RecordType),
        {"info": {"kind": "tenant"}},
    )

    key: Mapped[str]
    record_type: Mapped[str]
    name_fa: Mapped[str]
    name_en: Mapped[str]
    is_default: Mapped[bool]
    active_version_id: Mapped[UUID | None]


class ProcessVersion(RecordTable):
    """This will be one definition of a process; ``checksum`` is that of its canonical JSON once it is published."""

    __tablename__ = "process_version"
    __table_args__ = (
        tenant_fk("process_id", "process"),
        ForeignKeyConstraint(
            ["tenant_id", "process_id", "base_version_id"],
            ["process_version.tenant_id", "process_version.process_id", "process_version.id"],
            name="fk_process_version_base",
        ),
        UniqueConstraint("tenant_id", "process_id", "number"),
        UniqueConstraint("tenant_id", "process_id", "id"),
        CheckConstraint("number > 0", name="number_counts"),
        CheckConstraint(
            "(state = 'DRAFT') = (checksum IS NULL) AND (state = 'DRAFT') = (published_at IS NULL)",
            name="published_is_sealed",
        ),
        one_of("state", VersionState),
        {"info": {"kind": "tenant"}},
    )

    process_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str]
    base_version_id: Mapped[UUID | None]
    checksum: Mapped[str | None]
    change_note: Mapped[str | None]
    published_at: Mapped[datetime | None]


class Stage(TenantTable):
    """This will be a stage of one version; ``key`` stays the same from version to version."""

    __tablename__ = "stage"
    __table_args__ = (
        tenant_fk("version_id", "process_version"),
        UniqueConstraint("tenant_id", "version_id", "key"),
        UniqueConstraint("tenant_id", "version_id", "position"),
        UniqueConstraint("tenant_id", "version_id", "id"),
        UniqueConstraint("tenant_id", "version_id", "id", "kind"),
        CheckConstraint("position > 0", name="position_counts"),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability_is_percent"),
        CheckConstraint(
            "(kind <> 'WON' OR probability = 100) AND (kind <> 'LOST' OR probability = 0)", name="outcome_is_certain"
        ),
        CheckConstraint("target_working_minutes > 0", name="target_counts"),
        one_of("kind", StageKind),
        one_of("archetype", Archetype),
        one_of("buyer_stage", BuyerStage),
        one_of("forecast_category", ForecastCategory),
        {"info": {"kind": "tenant"}},
    )

    version_id: Mapped[UUID]
    key: Mapped[str]
    name_fa: Mapped[str]
    name_en: Mapped[str]
    position: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    archetype: Mapped[str | None]
    buyer_stage: Mapped[str | None]
    probability: Mapped[int] = mapped_column(SmallInteger)
    forecast_category: Mapped[str]
    guidance_fa: Mapped[str | None]
    guidance_en: Mapped[str | None]
    target_working_minutes: Mapped[int | None] = mapped_column(Integer)


class Transition(TenantTable):
    """This will be a way to a stage, from one other stage or (``from_stage_id`` is null) from any open one."""

    __tablename__ = "transition"
    __table_args__ = (
        tenant_fk("version_id", "process_version"),
        ForeignKeyConstraint(
            ["tenant_id", "version_id", "from_stage_id"],
            ["stage.tenant_id", "stage.version_id", "stage.id"],
            name="fk_transition_from",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "version_id", "to_stage_id"],
            ["stage.tenant_id", "stage.version_id", "stage.id"],
            name="fk_transition_to",
        ),
        UniqueConstraint("tenant_id", "version_id", "key"),
        UniqueConstraint("tenant_id", "version_id", "id", "to_stage_id", name="uq_transition_destination"),
        CheckConstraint("from_stage_id <> to_stage_id", name="goes_somewhere"),
        one_of("kind", TransitionKind),
        one_of("trigger", Trigger),
        {"info": {"kind": "tenant"}},
    )

    version_id: Mapped[UUID]
    key: Mapped[str]
    name_fa: Mapped[str]
    name_en: Mapped[str]
    from_stage_id: Mapped[UUID | None]
    to_stage_id: Mapped[UUID]
    kind: Mapped[str]
    trigger: Mapped[str]


class ProcessInstance(RecordTable):
    """This will be where a record stands: the instance has the record's own id, and names its open visit."""

    __tablename__ = "process_instance"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "process_id", "record_type"],
            ["process.tenant_id", "process.id", "process.record_type"],
            name="fk_process_instance_process",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "process_id", "version_id"],
            ["process_version.tenant_id", "process_version.process_id", "process_version.id"],
            name="fk_process_instance_version",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "id", "visit_seq", "version_id", "stage_id", "visit_open"],
            [
                "stage_visit.tenant_id",
                "stage_visit.instance_id",
                "stage_visit.seq",
                "stage_visit.version_id",
                "stage_visit.stage_id",
                "stage_visit.is_open",
            ],
            name="fk_process_instance_visit",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        # What records of other rooms name to say their own stage.
        UniqueConstraint("tenant_id", "id", "version_id", "stage_id", name="uq_process_instance_position"),
        CheckConstraint("visit_open", name="stands_in_the_open_visit"),
        one_of("record_type", RecordType),
        {"info": {"kind": "tenant"}},
    )

    record_type: Mapped[str]
    process_id: Mapped[UUID]
    version_id: Mapped[UUID]
    stage_id: Mapped[UUID]
    visit_seq: Mapped[int] = mapped_column(Integer)
    visit_open: Mapped[bool]


class StageVisit(TenantTable):
    """This will be one stay of a record in a stage; the chain of a record's visits is its path."""

    __tablename__ = "stage_visit"
    __table_args__ = (
        tenant_fk("instance_id", "process_instance"),
        ForeignKeyConstraint(
            ["tenant_id", "version_id", "stage_id"],
            ["stage.tenant_id", "stage.version_id", "stage.id"],
            name="fk_stage_visit_stage",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "version_id", "transition_id", "stage_id"],
            ["transition.tenant_id", "transition.version_id", "transition.id", "transition.to_stage_id"],
            name="fk_stage_visit_transition",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "instance_id", "previous_seq", "entered_at"],
            ["stage_visit.tenant_id", "stage_visit.instance_id", "stage_visit.seq", "stage_visit.left_at"],
            name="fk_stage_visit_previous",
        ),
        tenant_fk("actor_id", "member"),
        UniqueConstraint("tenant_id", "instance_id", "seq"),
        UniqueConstraint("tenant_id", "instance_id", "seq", "left_at", name="uq_stage_visit_end"),
        UniqueConstraint(
            "tenant_id", "instance_id", "seq", "version_id", "stage_id", "is_open", name="uq_stage_visit_position"
        ),
        Index("ix_stage_visit_stage", "tenant_id", "stage_id", "entered_at"),
        CheckConstraint(
            "CASE WHEN seq = 1 THEN previous_seq IS NULL ELSE seq > 1 AND previous_seq IS NOT NULL "
            "AND previous_seq = seq - 1 END",
            name="follows_the_one_before",
        ),
        CheckConstraint("is_open = (left_at IS NULL)", name="open_until_left"),
        CheckConstraint("left_at >= entered_at", name="ends_after_it_began"),
        CheckConstraint(
            "CASE WHEN seq = 1 THEN transition_id IS NULL "
            "ELSE transition_id IS NOT NULL OR channel IN ('IMPORT', 'MIGRATION') END",
            name="came_by_a_transition",
        ),
        one_of("channel", Channel),
        {"info": {"kind": "tenant"}},
    )

    instance_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(Integer)
    previous_seq: Mapped[int | None] = mapped_column(Integer)
    version_id: Mapped[UUID]
    stage_id: Mapped[UUID]
    transition_id: Mapped[UUID | None]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    is_open: Mapped[bool]
    actor_id: Mapped[UUID | None]
    channel: Mapped[str]
    reason: Mapped[str | None]
