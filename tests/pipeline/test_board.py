"""The board: each stage with its count, its worth and its first cards, in a few statements whatever its size."""

from typing import Any

from sqlalchemy import insert, update

from services.kit.ids import new_id
from services.kit.permissions import Role
from services.kit.tenancy import read, write
from services.pipeline.processes import queries
from services.pipeline.processes.models import (
    Process,
    ProcessVersion,
    RecordType,
    Stage,
    VersionState,
)
from services.pipeline.processes.rules import Definition
from tests.pipeline.deals import move, open_deal
from tests.support import Workspace, statements

BOARD = """query($processId: ID, $ownerId: ID, $cards: Int! = 20) {
  board(processId: $processId, ownerId: $ownerId, cards: $cards) { process { key } stages {
    stage { key name kind } count totals { amount currency } cards { id name amount { amount } } } } }"""
# who asks, the stages, the sums, the cards; then what the board is of
BUDGET = 5


async def board(workspace: Workspace, **variables: Any) -> dict[str, dict[str, Any]]:
    data = await workspace.ask(BOARD, variables)
    return {column["stage"]["key"]: column for column in data["board"]["stages"]}


async def test_an_empty_board_shows_every_stage_in_the_callers_language(persian_workspace: Workspace) -> None:
    columns = await board(persian_workspace)
    assert [column["stage"]["name"] for column in columns.values()] == [
        "جذب سرنخ",
        "ارزیابی",
        "برقراری ارتباط",
        "ارائه",
        "رفع اعتراض",
        "بستن فروش",
        "پیگیری پس از فروش",
        "از دست رفته",
    ]
    assert all((column["count"], column["totals"], column["cards"]) == (0, [], []) for column in columns.values())


async def test_stages_are_counted_summed_by_currency_and_show_their_newest(workspace: Workspace) -> None:
    for number in range(5):
        await open_deal(workspace, f"Deal {number}", amount={"amount": str(number)}, stage="contact")
    await open_deal(workspace, "Euros", amount={"amount": "7.5", "currency": "EUR"}, stage="contact")
    await open_deal(workspace, "Unknown worth", stage="contact")
    won = await open_deal(workspace, "Won", amount={"amount": "100"})
    await move(workspace, won, "follow_up")
    columns = await board(workspace, cards=3)
    contact = columns["contact"]
    assert contact["count"] == 7
    assert contact["totals"] == [{"amount": "7.50", "currency": "EUR"}, {"amount": "10.00", "currency": "USD"}]
    assert [card["name"] for card in contact["cards"]] == ["Unknown worth", "Euros", "Deal 4"]
    assert (columns["follow_up"]["count"], columns["follow_up"]["cards"][0]["name"]) == (1, "Won")
    assert columns["lead_generation"]["count"] == 0
    none = await board(workspace, cards=0)
    assert (none["contact"]["count"], none["contact"]["cards"]) == (7, [])


async def test_a_board_of_one_owner(workspace: Workspace) -> None:
    colleague, _ = await workspace.join(Role.REPRESENTATIVE)
    await open_deal(workspace, "Mine", amount={"amount": "1"})
    await open_deal(workspace, "Theirs", amount={"amount": "2"}, ownerId=str(colleague.member_id))
    [first] = [
        column for column in (await board(workspace, ownerId=str(colleague.member_id))).values() if column["count"]
    ]
    assert (first["count"], first["totals"][0]["amount"], first["cards"][0]["name"]) == (1, "2.00", "Theirs")


async def test_unknown_and_foreign_ids_answer_alike(workspace: Workspace, stranger: Workspace) -> None:
    await open_deal(workspace)
    async with read(stranger.database, stranger.owner) as session:
        foreign = await queries.active_definition(session, RecordType.OPPORTUNITY)
    for id in (str(foreign.process_id), str(new_id()), "nonsense"):
        assert await workspace.ask(BOARD, {"processId": id}) == {"board": None}
    for id in (str(stranger.owner.member), str(new_id()), "nonsense"):
        assert not any(column["count"] for column in (await board(workspace, ownerId=id)).values())
    refused = await workspace.post(BOARD, {"cards": 101})
    assert refused["errors"][0]["extensions"]["code"] == "VALIDATION"


async def test_a_board_costs_three_statements_however_full_it_is(workspace: Workspace) -> None:
    with statements(workspace.database) as empty:
        await board(workspace)
    for stage in ("lead_generation", "contact", "closing"):
        for number in range(8):
            await open_deal(workspace, f"Deal {number}", amount={"amount": "1"}, stage=stage)
    with statements(workspace.database) as full:
        columns = await board(workspace, cards=5)
    assert sum(len(column["cards"]) for column in columns.values()) == 15
    assert len(full) == len(empty) <= BUDGET
    assert len([statement for statement in full if "FROM opportunity" in statement]) == 2


async def next_version(workspace: Workspace, *keys: str) -> Definition:
    """Publishes a second version of the default process with only some of its stages, as an administrator will."""
    caller = workspace.owner
    async with write(workspace.database, caller) as (session, at):
        old = await queries.active_definition(session, RecordType.OPPORTUNITY)
        version = ProcessVersion(
            process_id=old.process_id,
            number=2,
            base_version_id=old.version_id,
            state=VersionState.PUBLISHED,
            checksum="0" * 64,
            published_at=at,
        )
        session.add(version)
        await session.flush()
        stages = [
            {
                "tenant_id": caller.tenant_id,
                "id": new_id(),
                "version_id": version.id,
                "key": stage.key,
                "name_fa": stage.name_fa,
                "name_en": f"New {stage.name_en}",
                "position": position,
                "kind": stage.kind,
                "archetype": None,
                "buyer_stage": None,
                "probability": stage.probability,
                "forecast_category": "PIPELINE",
                "guidance_fa": None,
                "guidance_en": None,
                "target_working_minutes": None,
            }
            for position, stage in enumerate((stage for stage in old.stages if stage.key in keys), start=1)
        ]
        await session.execute(insert(Stage), stages)
        await session.execute(update(Process).where(Process.id == old.process_id).values(active_version_id=version.id))
        return await queries.definition(session, version.id)


async def test_records_of_two_versions_stand_on_one_board_by_stage_key(workspace: Workspace) -> None:
    await open_deal(workspace, "Old", stage="contact", amount={"amount": "1"})
    await open_deal(workspace, "Left behind", stage="presentation")
    new = await next_version(workspace, "contact", "closing", "follow_up", "lost")
    await open_deal(workspace, "New", stage="contact", amount={"amount": "2"})
    columns = await board(workspace)
    assert list(columns) == ["contact", "closing", "follow_up", "lost", "presentation"]
    assert columns["contact"]["stage"]["name"] == "New Contact"
    assert [card["name"] for card in columns["contact"]["cards"]] == ["New", "Old"]
    assert (columns["contact"]["count"], columns["contact"]["totals"][0]["amount"]) == (2, "3.00")
    assert [card["name"] for card in columns["presentation"]["cards"]] == ["Left behind"]
    assert new.find("presentation") is None


async def test_sums_beyond_four_bytes_are_exact(workspace: Workspace) -> None:
    for _ in range(3):
        await open_deal(workspace, "Large", amount={"amount": "90,000,000,000,000.01"})
    assert (await board(workspace))["lead_generation"]["totals"] == [
        {"amount": "270000000000000.03", "currency": "USD"}
    ]
