"""Decisions about processes: what a version says, and which way leads from a stage."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from services.kit.errors import REQUIRED, Blocked, Invalid, Locale, Message, Path
from services.pipeline.processes.models import (
    Archetype,
    BuyerStage,
    ForecastCategory,
    StageKind,
    TransitionKind,
    Trigger,
)

NO_SUCH_STAGE = Message(
    "no_such_stage",
    "The process has no stage “{key}”; it has {possible}.",
    "این فرایند مرحله‌ای با کلید «{key}» ندارد؛ مرحله‌های آن: {possible}.",
)
NO_SUCH_TRANSITION = Message(
    "no_such_transition",
    "The process has no transition “{key}” from the stage “{stage}”; possible are {possible}.",
    "در این فرایند گذری با کلید «{key}» از مرحلهٔ «{stage}» نیست؛ گذرهای ممکن: {possible}.",
)
NO_WAY = Message(
    "no_way",
    "The process has no way from “{stage}” to “{target}”; one can go to {possible}.",
    "در این فرایند راهی از «{stage}» به «{target}» نیست؛ مرحله‌های ممکن: {possible}.",
)
ALREADY_THERE = Message(
    "already_there",
    "The record is in the stage “{stage}” already; one can go to {possible}.",
    "این رکورد هم‌اکنون در مرحلهٔ «{stage}» است؛ مرحله‌های ممکن: {possible}.",
)
NOT_OPEN = Message(
    "stage_not_open",
    "A record begins in an open stage; “{stage}” is not one.",
    "هر رکورد از مرحله‌ای باز آغاز می‌شود؛ «{stage}» چنین نیست.",
)
WHERE_TO = Message(
    "where_to",
    "Say either the stage to go to or the transition to take.",
    "یا مرحلهٔ مقصد را بگویید یا گذر را.",
)
NOT_IN_TIME = Message(
    "not_in_time",
    "The stage “{stage}” was entered at {entered}, which is before the stage before it.",
    "زمان ورود به مرحلهٔ «{stage}» ({entered}) پیش از مرحلهٔ قبلی آن است.",
)

NOTHING: dict[Locale, str] = {"fa": "هیچ", "en": "none"}
COMMA: dict[Locale, str] = {"fa": "، ", "en": ", "}


@dataclass(frozen=True, slots=True)
class StagePlan:
    """This will be a stage as a version defines it, free of identities."""

    key: str
    name_fa: str
    name_en: str
    kind: StageKind
    probability: int
    forecast_category: ForecastCategory
    archetype: Archetype | None = None
    buyer_stage: BuyerStage | None = None
    guidance_fa: str | None = None
    guidance_en: str | None = None
    target_working_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class TransitionPlan:
    """This will be a transition as a version defines it; ``from_key`` None stands for any open stage."""

    key: str
    name_fa: str
    name_en: str
    from_key: str | None
    to_key: str
    kind: TransitionKind
    trigger: Trigger = Trigger.MANUAL


@dataclass(frozen=True, slots=True)
class VersionPlan:
    """This will be a whole version, free of identities: its stages in their order, and the ways between them."""

    stages: tuple[StagePlan, ...]
    transitions: tuple[TransitionPlan, ...]


def checksum(plan: VersionPlan) -> str:
    """This will give the SHA-256, in hex, of a version's canonical JSON: sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(asdict(plan), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def every_way(stages: Sequence[StagePlan]) -> tuple[TransitionPlan, ...]:
    """This will let a record go forward, skip, go back, be won or lost from any open stage, and be reopened."""
    opened = [stage for stage in stages if stage.kind is StageKind.OPEN]
    ways: list[TransitionPlan] = []
    for place, stage in enumerate(opened):
        for other, target in enumerate(opened):
            if place == other:
                continue
            kind = TransitionKind.FORWARD if other == place + 1 else TransitionKind.SKIP
            ways.append(_way(stage, target, kind if other > place else TransitionKind.BACK))
    for ended in stages:
        if ended.kind in {StageKind.WON, StageKind.LOST}:
            closes = TransitionKind.CLOSE_WON if ended.kind is StageKind.WON else TransitionKind.CLOSE_LOST
            ways.append(_way(None, ended, closes))
            ways += [_way(ended, target, TransitionKind.REOPEN) for target in opened]
    return tuple(ways)


WORDS: dict[TransitionKind, tuple[str, str]] = {
    TransitionKind.FORWARD: ("رفتن به «{}»", "Go on to {}"),
    TransitionKind.SKIP: ("پرش به «{}»", "Skip to {}"),
    TransitionKind.BACK: ("بازگشت به «{}»", "Go back to {}"),
    TransitionKind.REOPEN: ("گشودن دوباره در «{}»", "Reopen at {}"),
    TransitionKind.CLOSE_WON: ("برد و ورود به «{}»", "Win and enter {}"),
    TransitionKind.CLOSE_LOST: ("بستن به‌عنوان «{}»", "Close as {}"),
}


def _way(source: StagePlan | None, target: StagePlan, kind: TransitionKind) -> TransitionPlan:
    fa, en = WORDS[kind]
    return TransitionPlan(
        key=f"{source.key}_to_{target.key}" if source else f"to_{target.key}",
        name_fa=fa.format(target.name_fa),
        name_en=en.format(target.name_en),
        from_key=source.key if source else None,
        to_key=target.key,
        kind=kind,
    )


@dataclass(frozen=True, slots=True)
class StoredStage:
    """This will be a stage of a stored version, as far as moving a record needs it."""

    id: UUID
    key: str
    name_fa: str
    name_en: str
    kind: StageKind
    probability: int

    def name(self, locale: Locale) -> str:
        """This will name the stage in a language."""
        return self.name_fa if locale == "fa" else self.name_en


@dataclass(frozen=True, slots=True)
class StoredTransition:
    """This will be a transition of a stored version."""

    id: UUID
    key: str
    name_fa: str
    name_en: str
    from_stage_id: UUID | None
    to_stage_id: UUID
    kind: TransitionKind
    trigger: Trigger

    def name(self, locale: Locale) -> str:
        """This will name the transition in a language."""
        return self.name_fa if locale == "fa" else self.name_en

    @property
    def needs_reason(self) -> bool:
        """This will tell whether a reason must be given: nothing is lost without one."""
        return self.kind is TransitionKind.CLOSE_LOST


@dataclass(frozen=True, slots=True)
class Definition:
    """This will be a stored version in memory; stages and transitions are in the order of the process."""

    process_id: UUID
    version_id: UUID
    record_type: str
    stages: tuple[StoredStage, ...]
    transitions: tuple[StoredTransition, ...]

    def stage(self, id: UUID) -> StoredStage:
        """This will give a stage of this version by its id."""
        return next(stage for stage in self.stages if stage.id == id)

    def find(self, key: str) -> StoredStage | None:
        """This will give a stage by its key, None when the version has none."""
        return next((stage for stage in self.stages if stage.key == key), None)

    def ways(self, source: UUID) -> tuple[StoredTransition, ...]:
        """This will give every transition that leads out of a stage; one of its own hides one from any open stage."""
        opened = self.stage(source).kind is StageKind.OPEN
        own = [way for way in self.transitions if way.from_stage_id == source]
        reached = {way.to_stage_id for way in own}
        shared = [
            way
            for way in self.transitions
            if opened and way.from_stage_id is None and way.to_stage_id != source and way.to_stage_id not in reached
        ]
        return (*own, *shared)

    def exits(self, source: UUID) -> tuple[StoredTransition, ...]:
        """This will give the transitions out of a stage that a person may set off."""
        return tuple(way for way in self.ways(source) if way.trigger is Trigger.MANUAL)


@dataclass(frozen=True, slots=True)
class Step:
    """This will be one move to be recorded: into which stage, when, and by which transition (None: it is history)."""

    stage_id: UUID
    at: datetime
    transition_id: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """This will be the moves of one record; ``after`` is the number of the visit it stands in, 0 when it is new."""

    instance_id: UUID
    steps: tuple[Step, ...]
    after: int = 0


def known_stage(definition: Definition, key: str, locale: Locale, *, path: Path) -> StoredStage:
    """This will give the stage of a key, or refuse a key that the version does not have."""
    found = definition.find(key)
    if found is None:
        possible = COMMA[locale].join(stage.key for stage in definition.stages)
        raise Invalid(NO_SUCH_STAGE, path=path, key=key[:64], possible=possible)
    return found


def first_stage(definition: Definition, key: str | None, locale: Locale, *, path: Path) -> StoredStage:
    """This will give the stage that a new record begins in: the first open one, or an open one that was named."""
    if key is None:
        return next(stage for stage in definition.stages if stage.kind is StageKind.OPEN)
    stage = known_stage(definition, key, locale, path=path)
    if stage.kind is not StageKind.OPEN:
        raise Invalid(NOT_OPEN, path=path, stage=stage.name(locale))
    return stage


def way_out(
    definition: Definition, source: UUID, *, to_stage: str | None, transition: str | None, locale: Locale
) -> StoredTransition:
    """This will find the transition that was asked for, by its key or by the stage it leads to.

    Raises ``Invalid`` when neither or both were named or the stage is unknown, ``Blocked`` with what is possible when
    the process has no such way from here.
    """
    if (to_stage is None) == (transition is None):
        raise Invalid(WHERE_TO, path=("input", "toStage"))
    exits, here = definition.exits(source), definition.stage(source).name(locale)
    if transition is not None:
        for way in exits:
            if way.key == transition:
                return way
        keys = COMMA[locale].join(way.key for way in exits) or NOTHING[locale]
        raise Blocked(NO_SUCH_TRANSITION, path=("input", "transition"), key=transition[:64], stage=here, possible=keys)
    target = known_stage(definition, to_stage or "", locale, path=("input", "toStage"))
    for way in exits:
        if way.to_stage_id == target.id:
            return way
    names = COMMA[locale].join(definition.stage(way.to_stage_id).name(locale) for way in exits) or NOTHING[locale]
    if target.id == source:
        raise Blocked(ALREADY_THERE, path=("input", "toStage"), stage=here, possible=names)
    raise Blocked(NO_WAY, path=("input", "toStage"), stage=here, target=target.name(locale), possible=names)


def settled_reason(way: StoredTransition, reason: str | None) -> str | None:
    """This will refuse to lose a record without saying why."""
    if way.needs_reason and reason is None:
        raise Invalid(REQUIRED, path=("input", "reason"))
    return reason


def recorded_way(definition: Definition, source: UUID, target: UUID) -> UUID | None:
    """This will find the transition that history took, None where there is no such way: history is not judged."""
    return next((way.id for way in definition.ways(source) if way.to_stage_id == target), None)
