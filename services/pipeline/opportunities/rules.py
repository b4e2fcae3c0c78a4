"""Decisions about opportunities: when one is closed, and what recorded history adds to what is known."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson

from services.kit.errors import Invalid, Message, Path
from services.kit.money import Money, refuse_negative
from services.pipeline.processes.models import StageKind
from services.pipeline.processes.rules import NOT_IN_TIME, Definition, Step, known_stage, recorded_way

CLOSED: frozenset[str] = frozenset({StageKind.WON, StageKind.LOST})

IN_THE_FUTURE = Message("in_the_future", "This day has not come yet.", "این روز هنوز نرسیده است.")
CLOSED_TOO_EARLY = Message(
    "closed_too_early",
    "An opportunity that was opened on {opened} cannot have been closed before.",
    "فرصتی که در {opened} باز شده نمی‌تواند پیش از آن بسته شده باشد.",
)
NOT_CLOSING = Message(
    "not_closing",
    "A closing date belongs to a move to a won or lost stage.",
    "تاریخ بسته شدن تنها برای رفتن به مرحله‌ای بسته (برد یا باخت) معنا دارد.",
)
NO_VISITS = Message("no_visits", "History has at least one stage.", "تاریخچه دست‌کم یک مرحله دارد.")
EXTERNAL_ID_TAKEN = Message(
    "opportunity_external_id_taken",
    "Another opportunity carries this external id.",
    "فرصت دیگری این شناسهٔ بیرونی را دارد.",
)
SAME_TWICE = Message(
    "same_external_id_twice",
    "The external id “{id}” stands twice in the same batch.",
    "شناسهٔ بیرونی «{id}» دو بار در یک دسته آمده است.",
)


def opening_day(opened_on: date | None, today: date) -> date:
    """This will give the day an opportunity was opened, which is not in the future; today unless another was named."""
    if opened_on is not None and opened_on > today:
        raise Invalid(IN_THE_FUTURE, path=("input", "openedOn"))
    return opened_on or today


def closing_day(kind: StageKind, closed_on: date | None, *, opened_on: date | None, today: date) -> date | None:
    """This will give the day on which a move to a stage of a kind closes an opportunity, None when it does not."""
    path = ("input", "closedOn")
    if kind not in CLOSED:
        if closed_on is not None:
            raise Invalid(NOT_CLOSING, path=path)
        return None
    day = closed_on or today
    if day > today:
        raise Invalid(IN_THE_FUTURE, path=path)
    refuse_closed_too_early(day, opened_on, path=path)
    return day


def refuse_closed_too_early(closed_on: date, opened_on: date | None, *, path: Path) -> None:
    """This will refuse a closing day before the opening day."""
    if opened_on is not None and closed_on < opened_on:
        raise Invalid(CLOSED_TOO_EARLY, path=path, opened=opened_on)


@dataclass(frozen=True, slots=True)
class HistoricVisit:
    """This will be a stage that an opportunity came into; ``entered_at`` None: by the time it is recorded."""

    stage_key: str
    entered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoricOpportunity:
    """This will be an opportunity as another system recorded it; its status follows from the last of its visits.

    (``external_source``, ``external_id``) says which it is. The ids name records of the workspace. ``closed_on`` counts
    only when the last stage is a won or lost one; without it, the day of the last visit is taken.
    """

    external_source: str
    external_id: str
    name: str
    owner_id: UUID
    visits: tuple[HistoricVisit, ...]
    account_id: UUID | None = None
    contact_id: UUID | None = None
    product_id: UUID | None = None
    amount: Money | None = None
    opened_on: date | None = None
    expected_close_on: date | None = None
    closed_on: date | None = None
    close_reason: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """This will say what recording did, by external id; ``diverged`` were not moved.

    They are on a path here that contradicts the recorded one; what else was said of them was taken over.
    """

    created: frozenset[str]
    updated: frozenset[str]
    unchanged: frozenset[str]
    diverged: frozenset[str]
    ids: dict[str, UUID]


def fingerprint(item: HistoricOpportunity) -> str:
    """This will give the SHA-256, in hex, of what another system says, so that the same words again change nothing."""
    return hashlib.sha256(orjson.dumps(item, option=orjson.OPT_SORT_KEYS)).hexdigest()


def refuse_unreadable(items: Sequence[HistoricOpportunity], definition: Definition) -> None:
    """This will refuse history with unknown stages, no stage, times that run backwards or the same record twice.

    ``path`` is ``("items", place, field)``.
    """
    seen: set[tuple[str, str]] = set()
    for place, item in enumerate(items):
        here = ("items", place)
        if (item.external_source, item.external_id) in seen:
            raise Invalid(SAME_TWICE, path=(*here, "external_id"), id=item.external_id)
        seen.add((item.external_source, item.external_id))
        if not item.visits:
            raise Invalid(NO_VISITS, path=(*here, "visits"))
        refuse_negative(item.amount, path=(*here, "amount"))
        if item.closed_on is not None:
            refuse_closed_too_early(item.closed_on, item.opened_on, path=(*here, "closed_on"))
        latest: datetime | None = None
        for visit in item.visits:
            stage = known_stage(definition, visit.stage_key, "en", path=(*here, "visits"))
            if visit.entered_at is not None and latest is not None and visit.entered_at < latest:
                raise Invalid(NOT_IN_TIME, path=(*here, "visits"), stage=stage.key, entered=visit.entered_at)
            latest = visit.entered_at or latest


@dataclass(frozen=True, slots=True)
class Recorded:
    """This will be how far a record has come here: the keys of its stages in order, and the moment of the last."""

    keys: tuple[str, ...] = ()
    latest: datetime | None = None


def continuation(
    definition: Definition, visits: Sequence[HistoricVisit], recorded: Recorded, *, at: datetime
) -> tuple[tuple[Step, ...], bool]:
    """This will give the moves that history adds to a record's path, and whether the two contradict each other.

    What is recorded is never rewritten: a path that is ahead of the history stays, and so does one that went elsewhere.
    Nothing is entered before what is recorded already, nor later than ``at`` for want of a time.
    """
    keys = tuple(visit.stage_key for visit in visits)
    common = min(len(keys), len(recorded.keys))
    if keys[:common] != recorded.keys[:common]:
        return (), True
    steps: list[Step] = []
    latest = recorded.latest
    before = definition.find(recorded.keys[-1]) if recorded.keys else None
    for visit in visits[len(recorded.keys) :]:
        stage = known_stage(definition, visit.stage_key, "en", path=("visits",))
        moment = visit.entered_at or at
        latest = moment if latest is None else max(latest, moment)
        way = None if before is None else recorded_way(definition, before.id, stage.id)
        steps.append(Step(stage.id, latest, way))
        before = stage
    return tuple(steps), False
