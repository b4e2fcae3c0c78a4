"""History as an import records it: every stage a visit, the same words twice nothing new, nothing rewritten."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.kit.errors import Conflict, Forbidden, Invalid, NotFound
from services.kit.ids import new_id
from services.kit.money import Money
from services.kit.permissions import Role
from services.kit.tenancy import Caller, write
from services.pipeline.opportunities import service
from services.pipeline.opportunities.rules import HistoricOpportunity, HistoricVisit, HistoryResult, fingerprint
from tests.pipeline.deals import MOVED, move, open_deal, show
from tests.support import Workspace, statements

ENGAGED = datetime(2016, 10, 20, tzinfo=UTC)
CLOSED = datetime(2017, 3, 1, tzinfo=UTC)


def told(
    workspace: Workspace, id: str, *stages: str | tuple[str, datetime | None], **fields: Any
) -> HistoricOpportunity:
    visits = tuple(HistoricVisit(*stage) if isinstance(stage, tuple) else HistoricVisit(stage) for stage in stages)
    values: dict[str, Any] = {"name": f"Deal {id}", "owner_id": workspace.owner.member, **fields}
    return HistoricOpportunity(external_source="crm", external_id=id, visits=visits, **values)


async def record(workspace: Workspace, *items: HistoricOpportunity, caller: Caller | None = None) -> HistoryResult:
    by = caller or workspace.owner
    async with write(workspace.database, by) as (session, at):
        return await service.record_history(session, by, items, at=at)


def said(result: HistoryResult) -> dict[str, set[str]]:
    """What recording did, without what it did not."""
    parts = {
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "diverged": result.diverged,
    }
    return {name: set(ids) for name, ids in parts.items() if ids}


async def path(workspace: Workspace, id: UUID) -> list[str]:
    return [visit["stage"]["key"] for visit in (await show(workspace, str(id)))["visits"]["nodes"]]


def won(workspace: Workspace, id: str = "A1") -> HistoricOpportunity:
    return told(
        workspace,
        id,
        ("contact", ENGAGED),
        ("follow_up", CLOSED),
        amount=Money(105400, "USD"),
        opened_on=ENGAGED.date(),
        closed_on=CLOSED.date(),
    )


async def test_a_won_deal_keeps_its_dates_and_its_stages(workspace: Workspace) -> None:
    result = await record(workspace, won(workspace))
    assert said(result) == {"created": {"A1"}}
    shown = await show(workspace, str(result.ids["A1"]))
    assert (shown["status"], shown["openedOn"], shown["closedOn"]) == ("WON", "2016-10-20", "2017-03-01")
    assert shown["amount"] == {"amount": "1054.00", "currency": "USD"}
    first, last = shown["visits"]["nodes"]
    assert (first["enteredAt"], first["leftAt"]) == ("2016-10-20T00:00:00+00:00", "2017-03-01T00:00:00+00:00")
    assert (last["enteredAt"], last["leftAt"]) == ("2017-03-01T00:00:00+00:00", None)
    assert (first["channel"], last["channel"], last["transition"]["key"]) == ("IMPORT", "IMPORT", "to_follow_up")


async def test_the_same_words_again_change_nothing(workspace: Workspace) -> None:
    items = [won(workspace, f"A{number}") for number in range(20)] + [told(workspace, "B", "lead_generation")]
    first = await record(workspace, *items)
    before = [await show(workspace, str(id)) for id in first.ids.values()]
    with statements(workspace.database) as seen:
        again = await record(workspace, *items)
    assert (len(again.created), len(again.updated), len(again.unchanged)) == (0, 0, 21)
    assert again.ids == first.ids
    assert [await show(workspace, str(id)) for id in first.ids.values()] == before
    assert [statement for statement in seen if not statement.startswith("SELECT")] == []


async def test_a_further_stage_adds_visits_and_rewrites_none(workspace: Workspace) -> None:
    started = told(workspace, "A", ("contact", ENGAGED), amount=Money(100, "USD"))
    id = (await record(workspace, started)).ids["A"]
    before = (await show(workspace, str(id)))["visits"]["nodes"]
    further = told(workspace, "A", ("contact", CLOSED), ("closing", CLOSED), ("lost", CLOSED), close_reason="Price")
    result = await record(workspace, further)
    assert said(result) == {"updated": {"A"}}
    shown = await show(workspace, str(id))
    assert await path(workspace, id) == ["contact", "closing", "lost"]
    assert shown["visits"]["nodes"][0] == {**before[0], "leftAt": CLOSED.isoformat()}
    assert (shown["status"], shown["closedOn"], shown["closeReason"]) == ("LOST", "2017-03-01", "Price")
    assert (shown["amount"], shown["version"]) == (None, 2)
    reopened = replace(further, visits=(*further.visits, HistoricVisit("presentation", CLOSED + timedelta(days=1))))
    await record(workspace, reopened)
    shown = await show(workspace, str(id))
    assert (shown["status"], shown["closedOn"], shown["closeReason"]) == ("OPEN", None, None)


async def test_a_deal_that_went_on_here_is_not_moved_back(workspace: Workspace) -> None:
    item = told(workspace, "A", ("contact", ENGAGED))
    id = str((await record(workspace, item)).ids["A"])
    await move(workspace, {"id": id, "version": 1}, "closing")
    ahead = await record(workspace, replace(item, name="Renamed there"))
    assert said(ahead) == {"updated": {"A"}}
    assert await path(workspace, UUID(id)) == ["contact", "closing"]
    assert (await show(workspace, id))["name"] == "Renamed there"
    elsewhere = replace(item, visits=(*item.visits, HistoricVisit("presentation", CLOSED)))
    contradicting = await record(workspace, elsewhere)
    assert said(contradicting) == {"updated": {"A"}, "diverged": {"A"}}
    assert await path(workspace, UUID(id)) == ["contact", "closing"]
    assert len((await record(workspace, elsewhere)).unchanged) == 1
    deal = await show(workspace, id)
    joined = replace(item, visits=(*item.visits, HistoricVisit("closing"), HistoricVisit("follow_up", CLOSED)))
    await record(workspace, joined)
    shown = await show(workspace, id)
    assert (shown["status"], shown["closedOn"]) == ("WON", shown["visits"]["nodes"][-1]["enteredAt"][:10])
    assert shown["visits"]["nodes"][:1] == deal["visits"]["nodes"][:1]


async def test_what_a_person_changed_here_stays_while_the_source_says_nothing_new(workspace: Workspace) -> None:
    item = won(workspace)
    id = str((await record(workspace, item)).ids["A1"])
    await workspace.must(
        "updateOpportunity",
        {"id": id, "expectedVersion": 1, "name": "Better name"},
        "OpportunityPayload { opportunity { id } }",
    )
    assert (await record(workspace, item)).unchanged == {"A1"}
    assert (await show(workspace, id))["name"] == "Better name"


async def test_days_are_those_of_the_workspace(persian_workspace: Workspace) -> None:
    evening = datetime(2024, 3, 19, 21, 0, tzinfo=UTC)  # half past midnight in Tehran
    result = await record(persian_workspace, told(persian_workspace, "A", ("closing", ENGAGED), ("lost", evening)))
    assert (await show(persian_workspace, str(result.ids["A"])))["closedOn"] == "2024-03-20"


async def test_a_stage_without_a_time_was_entered_by_now(workspace: Workspace) -> None:
    before = workspace.database.clock()
    result = await record(workspace, told(workspace, "A", "lead_generation", opened_on=None))
    shown = await show(workspace, str(result.ids["A"]))
    assert shown["openedOn"] is None
    assert before <= datetime.fromisoformat(shown["visits"]["nodes"][0]["enteredAt"]) <= workspace.database.clock()


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"visits": ()}, ("items", 1, "visits")),
        ({"visits": (HistoricVisit("nowhere"),)}, ("items", 1, "visits")),
        ({"visits": (HistoricVisit("contact", CLOSED), HistoricVisit("lost", ENGAGED))}, ("items", 1, "visits")),
        ({"external_id": "A1"}, ("items", 1, "external_id")),
        ({"closed_on": date(2016, 1, 1)}, ("items", 1, "closed_on")),
        ({"amount": Money(-1, "USD")}, ("items", 1, "amount")),
        ({"name": "  "}, ("items", "name")),
    ],
)
async def test_history_that_makes_no_sense_is_refused_whole(
    workspace: Workspace, fields: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        await record(workspace, won(workspace), replace(won(workspace, "A2"), **fields))
    assert refused.value.path == path
    assert (await workspace.ask("{ opportunities { totalCount } }"))["opportunities"]["totalCount"] == 0


async def test_foreign_ids_and_weak_roles_record_nothing(workspace: Workspace, stranger: Workspace) -> None:
    for field, id in {"owner_id": stranger.owner.member, "account_id": new_id(), "product_id": new_id()}.items():
        with pytest.raises(NotFound):
            await record(workspace, told(workspace, "A", "contact", **{field: id}))
    representative, _ = await workspace.join(Role.REPRESENTATIVE)
    with pytest.raises(Forbidden):
        await record(workspace, won(workspace), caller=representative)
    assert (await workspace.ask("{ opportunities { totalCount } }"))["opportunities"]["totalCount"] == 0


async def test_two_imports_of_the_same_deals_at_once_record_them_once(workspace: Workspace) -> None:
    items = [won(workspace, f"A{number}") for number in range(40)]
    answers = await asyncio.gather(record(workspace, *items), record(workspace, *items), return_exceptions=True)
    kinds = {type(answer) for answer in answers}
    # the later one either sees what the earlier one wrote, or is refused as a whole by the unique external id
    assert HistoryResult in kinds <= {HistoryResult, Conflict}
    assert (await workspace.ask("{ opportunities { totalCount } }"))["opportunities"]["totalCount"] == 40


async def test_history_and_a_person_at_once_leave_one_path(workspace: Workspace) -> None:
    item = told(workspace, "A", ("contact", ENGAGED))
    id = str((await record(workspace, item)).ids["A"])
    further = replace(item, visits=(*item.visits, HistoricVisit("lost", CLOSED)))
    move_it = {"opportunityId": id, "expectedVersion": 1, "toStage": "closing"}
    recorded, moved = await asyncio.gather(record(workspace, further), workspace.do("advance", move_it, MOVED))
    was_moved = moved["__typename"] == "Advanced"
    assert await path(workspace, UUID(id)) == ["contact", "closing" if was_moved else "lost"]
    assert bool(recorded.diverged) == was_moved


async def test_many_deals_take_few_statements(workspace: Workspace) -> None:
    await open_deal(workspace)
    with statements(workspace.database) as seen:
        result = await record(workspace, *(won(workspace, f"A{number}") for number in range(500)))
    assert len(result.created) == 500
    assert len(seen) <= 8
    moved = [
        replace(item, visits=(*item.visits, HistoricVisit("closing")))
        for item in (won(workspace, f"A{number}") for number in range(500))
    ]
    with statements(workspace.database) as seen:
        assert len((await record(workspace, *moved)).updated) == 500
    assert len(seen) <= 12


def test_a_fingerprint_tells_every_word_apart() -> None:
    item = HistoricOpportunity(
        external_source="crm", external_id="A", name="Deal", owner_id=UUID(int=1), visits=(HistoricVisit("contact"),)
    )
    others = [
        replace(item, name="Other"),
        replace(item, owner_id=UUID(int=2)),
        replace(item, account_id=UUID(int=1)),
        replace(item, amount=Money(1, "USD")),
        replace(item, amount=Money(1, "EUR")),
        replace(item, closed_on=date(2020, 1, 1)),
        replace(item, visits=(HistoricVisit("contact", ENGAGED),)),
        replace(item, visits=(HistoricVisit("contact"), HistoricVisit("closing"))),
    ]
    assert len({fingerprint(item) for item in (item, *others)}) == len(others) + 1
    assert fingerprint(replace(item)) == fingerprint(item)
