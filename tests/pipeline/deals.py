"""What the tests of the pipeline share: deals as a client makes and moves them."""

from typing import Any

from tests.support import Workspace

DEAL = "OpportunityPayload { opportunity { id version name status stage { key } } }"
MOVED = "Advanced { opportunity { id version status stage { key } closedOn closeReason } visit { id seq reason } }"
SHOWN = (
    "query($id: ID!) { opportunity(id: $id) { id version name status closedOn closeReason openedOn stage { key name } "
    "amount { amount currency } owner { name } visits(first: 100) { totalCount nodes { seq enteredAt leftAt reason "
    "channel stage { key } transition { key } actor { name } } } availableTransitions { key } } }"
)


async def open_deal(workspace: Workspace, name: str = "A deal", **fields: Any) -> dict[str, Any]:
    """Opens a deal and gives id, version, status and stage."""
    payload = await workspace.must("createOpportunity", {"name": name, **fields}, DEAL)
    deal: dict[str, Any] = payload["opportunity"]
    return deal


async def move(workspace: Workspace, deal: dict[str, Any], to_stage: str, **fields: Any) -> dict[str, Any]:
    """Moves a deal, which must succeed, and gives it as it is then."""
    input = {"opportunityId": deal["id"], "expectedVersion": deal["version"], "toStage": to_stage, **fields}
    payload = await workspace.must("advance", input, MOVED)
    moved: dict[str, Any] = payload["opportunity"]
    return moved


async def show(workspace: Workspace, id: str) -> dict[str, Any]:
    """Reads a deal with its history."""
    data = await workspace.ask(SHOWN, {"id": id})
    deal: dict[str, Any] = data["opportunity"]
    return deal
