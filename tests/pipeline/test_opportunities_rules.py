"""Decisions about deals and their ways, on plain values."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.kit.errors import Blocked, Invalid
from services.kit.ids import new_id
from services.pipeline.opportunities.rules import HistoricVisit, Recorded, closing_day, continuation, opening_day
from services.pipeline.processes.models import RecordType, StageKind, TransitionKind, Trigger
from services.pipeline.processes.rules import (
    Definition,
    StoredStage,
    StoredTransition,
    first_stage,
    settled_reason,
    way_out,
)

TODAY = date(2024, 3, 20)
NOON = datetime(2024, 3, 20, 12, tzinfo=UTC)


def stage(key: str, kind: StageKind = StageKind.OPEN) -> StoredStage:
    return StoredStage(new_id(), key, f"{key}-fa", key.title(), kind, 0)


NEW, TALKS = stage("new"), stage("talks")
WON, LOST = stage("won", StageKind.WON), stage("lost", StageKind.LOST)
PARKED = stage("parked", StageKind.PARKED)


def way(
    key: str,
    source: StoredStage | None,
    target: StoredStage,
    kind: TransitionKind = TransitionKind.FORWARD,
    trigger: Trigger = Trigger.MANUAL,
) -> StoredTransition:
    return StoredTransition(new_id(), key, f"{key}-fa", key, source.id if source else None, target.id, kind, trigger)


WAYS = (
    way("talk", NEW, TALKS),
    way("win_early", NEW, WON, TransitionKind.CLOSE_WON),
    way("win", None, WON, TransitionKind.CLOSE_WON),
    way("lose", None, LOST, TransitionKind.CLOSE_LOST),
    way("rest", TALKS, PARKED),
    way("expire", TALKS, NEW, TransitionKind.BACK, Trigger.TIMER),
)
PROCESS = Definition(UUID(int=1), UUID(int=2), RecordType.OPPORTUNITY, (NEW, TALKS, WON, LOST, PARKED), WAYS)


def test_a_way_of_its_own_hides_the_one_from_any_open_stage() -> None:
    assert [found.key for found in PROCESS.exits(NEW.id)] == ["talk", "win_early", "lose"]
    assert [found.key for found in PROCESS.exits(TALKS.id)] == ["rest", "win", "lose"]
    assert [found.key for found in PROCESS.ways(TALKS.id)] == ["rest", "expire", "win", "lose"]


def test_nothing_leads_out_of_stages_that_are_not_open_unless_it_says_so() -> None:
    assert PROCESS.exits(WON.id) == PROCESS.exits(LOST.id) == PROCESS.exits(PARKED.id) == ()


@pytest.mark.parametrize(("to_stage", "transition"), [("new", None), (None, "expire"), (None, "talk"), ("talks", None)])
def test_a_way_that_is_not_there_is_blocked(to_stage: str | None, transition: str | None) -> None:
    with pytest.raises(Blocked) as refused:
        way_out(PROCESS, TALKS.id, to_stage=to_stage, transition=transition, locale="en")
    assert refused.value.text("en").endswith(("Parked, Won, Lost.", "rest, win, lose."))


def test_a_stage_with_no_way_out_says_so_in_words() -> None:
    with pytest.raises(Blocked) as refused:
        way_out(PROCESS, WON.id, to_stage="new", transition=None, locale="fa")
    assert refused.value.text("fa") == "در این فرایند راهی از «won-fa» به «new-fa» نیست؛ مرحله‌های ممکن: هیچ."


def test_only_losing_takes_a_reason() -> None:
    for found in WAYS:
        if found.key == "lose":
            with pytest.raises(Invalid):
                settled_reason(found, None)
        else:
            assert settled_reason(found, None) is None
        assert settled_reason(found, "because") == "because"


def test_a_record_begins_in_the_first_open_stage() -> None:
    assert first_stage(PROCESS, None, "en", path=()) is NEW
    assert first_stage(PROCESS, "talks", "en", path=()) is TALKS
    for key in ("won", "lost", "parked", "nowhere"):
        with pytest.raises(Invalid):
            first_stage(PROCESS, key, "en", path=())


def test_the_closing_day() -> None:
    opened = TODAY - timedelta(days=10)
    assert closing_day(StageKind.OPEN, None, opened_on=opened, today=TODAY) is None
    assert closing_day(StageKind.PARKED, None, opened_on=opened, today=TODAY) is None
    assert closing_day(StageKind.WON, None, opened_on=opened, today=TODAY) == TODAY
    assert closing_day(StageKind.LOST, opened, opened_on=opened, today=TODAY) == opened
    assert closing_day(StageKind.LOST, date(2000, 1, 1), opened_on=None, today=TODAY) == date(2000, 1, 1)
    for kind, day in (
        (StageKind.OPEN, TODAY),
        (StageKind.PARKED, TODAY),
        (StageKind.WON, TODAY + timedelta(days=1)),
        (StageKind.WON, opened - timedelta(days=1)),
    ):
        with pytest.raises(Invalid):
            closing_day(kind, day, opened_on=opened, today=TODAY)


def test_the_opening_day() -> None:
    assert opening_day(None, TODAY) == TODAY
    assert opening_day(date(2000, 1, 1), TODAY) == date(2000, 1, 1)
    with pytest.raises(Invalid):
        opening_day(TODAY + timedelta(days=1), TODAY)


def visits(*stages: tuple[str, int | None]) -> list[HistoricVisit]:
    return [HistoricVisit(key, None if days is None else NOON - timedelta(days=days)) for key, days in stages]


def test_history_continues_a_path_by_the_transitions_there_are() -> None:
    steps, contradicts = continuation(PROCESS, visits(("new", 9), ("talks", 5), ("won", 1)), Recorded(), at=NOON)
    assert not contradicts
    assert [(step.stage_id, step.transition_id) for step in steps] == [
        (NEW.id, None),
        (TALKS.id, WAYS[0].id),
        (WON.id, WAYS[2].id),
    ]
    assert [(NOON - step.at).days for step in steps] == [9, 5, 1]


def test_history_may_take_ways_that_the_process_does_not_have() -> None:
    steps, _ = continuation(PROCESS, visits(("won", 9), ("new", 5)), Recorded(), at=NOON)
    assert [step.transition_id for step in steps] == [None, None]


def test_history_is_never_entered_before_what_is_recorded() -> None:
    recorded = Recorded(("new",), NOON - timedelta(days=3))
    steps, _ = continuation(PROCESS, visits(("new", 9), ("talks", 5), ("won", 1), ("lost", None)), recorded, at=NOON)
    assert [(NOON - step.at).days for step in steps] == [3, 1, 0]


@pytest.mark.parametrize(
    ("told", "recorded", "contradicts"),
    [
        (["new"], ["new"], False),
        (["new"], ["new", "talks"], False),
        (["talks"], ["new"], True),
        (["new", "won"], ["new", "talks"], True),
        (["new", "won"], ["new", "talks", "won"], True),
    ],
)
def test_a_path_that_is_ahead_or_elsewhere_stays(told: list[str], recorded: list[str], contradicts: bool) -> None:
    so_far = Recorded(tuple(recorded), NOON)
    assert continuation(PROCESS, visits(*((key, 1) for key in told)), so_far, at=NOON) == ((), contradicts)
