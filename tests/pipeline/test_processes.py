"""The process that a workspace starts with, and what a version says."""

from typing import Any

from services.pipeline.processes.models import StageKind, TransitionKind
from services.pipeline.processes.rules import checksum, every_way
from services.pipeline.processes.templates import SEVEN_STAGES, STAGES
from tests.support import Workspace

PROCESSES = """{ processes(filter: { recordType: [OPPORTUNITY] }) { totalCount nodes {
  id key name nameFa nameEn isDefault recordType
  activeVersion { number state checksum publishedAt
    stages(first: 20) { totalCount nodes { key name position kind archetype buyerStage probability guidance } }
    transitions(first: 100) { totalCount nodes { key name kind needsReason fromStage { key } toStage { key } } } }
  versions { nodes { number process { key } baseVersion { number } } } } } }"""


async def processes(workspace: Workspace) -> list[dict[str, Any]]:
    data = await workspace.ask(PROCESSES)
    nodes: list[dict[str, Any]] = data["processes"]["nodes"]
    return nodes


async def test_a_new_workspace_has_the_seven_stages_published(workspace: Workspace) -> None:
    [process] = await processes(workspace)
    assert (process["key"], process["name"], process["isDefault"]) == ("sales", "Sales process", True)
    version = process["activeVersion"]
    assert (version["number"], version["state"]) == (1, "PUBLISHED")
    assert version["checksum"] == checksum(SEVEN_STAGES.plan)
    stages = version["stages"]["nodes"]
    assert [stage["key"] for stage in stages] == [
        "lead_generation",
        "qualification",
        "contact",
        "presentation",
        "objection_handling",
        "closing",
        "follow_up",
        "lost",
    ]
    assert [stage["kind"] for stage in stages] == ["OPEN"] * 6 + ["WON", "LOST"]
    assert [stage["archetype"] for stage in stages[:7]] == [stage["key"].upper() for stage in stages[:7]]
    assert [stage["probability"] for stage in stages] == [5, 10, 20, 40, 60, 80, 100, 0]
    assert stages[3]["name"] == "Presentation"
    assert stages[3]["guidance"].startswith("Present the solution")
    assert process["versions"]["nodes"] == [{"number": 1, "process": {"key": "sales"}, "baseVersion": None}]


async def test_a_persian_workspace_sees_it_in_persian(persian_workspace: Workspace) -> None:
    [process] = await processes(persian_workspace)
    assert (process["name"], process["nameEn"]) == ("فرایند فروش", "Sales process")
    stages = process["activeVersion"]["stages"]["nodes"]
    assert (stages[0]["name"], stages[6]["name"]) == ("جذب سرنخ", "پیگیری پس از فروش")
    assert stages[5]["guidance"] == "دربارهٔ قیمت و شرایط به توافق برسید و قرارداد را ببندید."


async def test_the_ways_between_the_stages(workspace: Workspace) -> None:
    [process] = await processes(workspace)
    transitions = process["activeVersion"]["transitions"]
    ways = {way["key"]: way for way in transitions["nodes"]}
    assert transitions["totalCount"] == len(ways) == 44
    assert ways["contact_to_presentation"]["kind"] == "FORWARD"
    assert ways["contact_to_closing"]["kind"] == "SKIP"
    assert ways["contact_to_qualification"]["kind"] == "BACK"
    assert ways["lost_to_contact"] == {
        "key": "lost_to_contact",
        "name": "Reopen at Contact",
        "kind": "REOPEN",
        "needsReason": False,
        "fromStage": {"key": "lost"},
        "toStage": {"key": "contact"},
    }
    assert (ways["to_lost"]["kind"], ways["to_lost"]["needsReason"]) == ("CLOSE_LOST", True)
    assert ways["to_lost"]["fromStage"] is None
    assert (ways["to_follow_up"]["kind"], ways["to_follow_up"]["toStage"]["key"]) == ("CLOSE_WON", "follow_up")


async def test_another_tenants_process_is_not_there(workspace: Workspace, stranger: Workspace) -> None:
    [theirs] = await processes(stranger)
    asked = "query($id: ID!) { process(id: $id) { key } }"
    assert await workspace.ask(asked, {"id": theirs["id"]}) == {"process": None}
    assert await workspace.ask(asked, {"id": "nonsense"}) == {"process": None}
    assert await stranger.ask(asked, {"id": theirs["id"]}) == {"process": {"key": "sales"}}


def test_a_checksum_tells_versions_apart_and_nothing_else() -> None:
    plan = SEVEN_STAGES.plan
    assert checksum(plan) == checksum(SEVEN_STAGES.plan)
    assert len(checksum(plan)) == 64
    from_the_end = type(plan)(stages=plan.stages[::-1], transitions=plan.transitions)
    without_a_way = type(plan)(stages=plan.stages, transitions=plan.transitions[1:])
    assert len({checksum(plan), checksum(from_the_end), checksum(without_a_way)}) == 3


def test_every_open_stage_reaches_every_other_and_both_ends() -> None:
    ways = every_way(STAGES)
    opened = [stage.key for stage in STAGES if stage.kind is StageKind.OPEN]
    between = {(way.from_key, way.to_key) for way in ways if way.from_key in opened}
    assert between == {(one, other) for one in opened for other in opened if one != other}
    assert {way.to_key: way.kind for way in ways if way.from_key is None} == {
        "follow_up": TransitionKind.CLOSE_WON,
        "lost": TransitionKind.CLOSE_LOST,
    }
    reopened = {(way.from_key, way.to_key) for way in ways if way.kind is TransitionKind.REOPEN}
    assert reopened == {(end, stage) for end in ("follow_up", "lost") for stage in opened}
    assert len({way.key for way in ways}) == len(ways)
    assert all(way.name_fa != way.name_en for way in ways)
