"""The steps of an import, as a front end takes them, and the mappings of the real input."""

from typing import Any

from tests.support import Workspace
from tests.working import run_due

RUN = """
    id kind state dryRun failure
    progress { rowsTotal rowsDone percent }
    totals { created updated unchanged failed warnings }
    requestedBy { name }
"""
ERRORS = "errors(first: 100) { totalCount nodes { row column value severity reason } }"

ACCOUNTS: dict[str, Any] = {
    "kind": "ACCOUNTS",
    "mapping": [
        {"column": "account", "field": "name"},
        {"column": "sector", "field": "sector", "aliases": [{"from": "technolgy", "to": "technology"}]},
        {"column": "year_established", "field": "foundedYear"},
        {"column": "revenue", "field": "revenue", "multiplyBy": 1_000_000},
        {"column": "employees", "field": "employees"},
        {"column": "office_location", "field": "country", "aliases": [{"from": "Philipines", "to": "Philippines"}]},
        {"column": "subsidiary_of", "field": "parent"},
    ],
}
MEMBERS: dict[str, Any] = {
    "kind": "MEMBERS",
    "mapping": [
        {"column": "sales_agent", "field": "name"},
        {"column": "manager", "field": "manager"},
        {"column": "regional_office", "field": "region"},
    ],
}
PRODUCTS: dict[str, Any] = {
    "kind": "PRODUCTS",
    "mapping": [
        {"column": "product", "field": "name"},
        {"column": "series", "field": "series"},
        {"column": "sales_price", "field": "price"},
    ],
}

OPPORTUNITIES: dict[str, Any] = {
    "kind": "OPPORTUNITIES",
    "dateFormat": "M/D/YYYY",
    "mapping": [
        {"column": "opportunity_id", "field": "externalId"},
        {"column": "sales_agent", "field": "owner"},
        {"column": "product", "field": "product", "aliases": [{"from": "GTXPro", "to": "GTX Pro"}]},
        {"column": "account", "field": "account"},
        {
            "column": "deal_stage",
            "field": "stage",
            "aliases": [
                {"from": "Prospecting", "to": "lead_generation"},
                {"from": "Engaging", "to": "contact"},
                {"from": "Won", "to": "follow_up"},
            ],
        },
        {"column": "engage_date", "field": "openedOn"},
        {"column": "engage_date", "field": "stageEnteredOn:contact"},
        {"column": "close_date", "field": "closedOn"},
        {"column": "close_value", "field": "amount"},
    ],
}


async def upload(
    workspace: Workspace,
    content: bytes,
    *,
    name: str = "file.csv",
    media_type: str = "text/csv",
    token: str | None = None,
) -> str:
    """Announces a file, sends its bytes to the signed address, and gives the upload's id."""
    announced = await workspace.must(
        "createUpload",
        {"fileName": name, "mediaType": media_type, "size": len(content)},
        "UploadPayload { upload { id url expiresAt } }",
        token=token,
    )
    sent = await workspace.api.http.put(announced["upload"]["url"], content=content)
    assert sent.status_code == 200, sent.text
    id: str = announced["upload"]["id"]
    return id


async def start(workspace: Workspace, upload_id: str, *, token: str | None = None, **how: Any) -> dict[str, Any]:
    """Asks for an import and gives what was answered, run or problem."""
    return await workspace.do(
        "startImport", {"uploadId": upload_id, **how}, f"ImportRunPayload {{ importRun {{ {RUN} }} }}", token=token
    )


async def look(workspace: Workspace, run_id: str, fields: str = RUN + ERRORS) -> dict[str, Any]:
    """Asks how an import stands."""
    data = await workspace.ask(f"query($id: ID!) {{ importRun(id: $id) {{ {fields} }} }}", {"id": run_id})
    found: dict[str, Any] = data["importRun"]
    return found


async def run(workspace: Workspace, content: bytes, *, name: str = "file.csv", **how: Any) -> dict[str, Any]:
    """Uploads a file, imports it to the end, and gives how the run stands then."""
    started = await start(workspace, await upload(workspace, content, name=name), **how)
    assert started["__typename"] == "ImportRunPayload", started
    assert await run_due(workspace.database, workspace.id, "import.run") == 1
    return await look(workspace, started["importRun"]["id"])


def totals(
    created: int = 0, updated: int = 0, unchanged: int = 0, failed: int = 0, warnings: int = 0
) -> dict[str, int]:
    """What a run's totals are expected to be."""
    return {"created": created, "updated": updated, "unchanged": unchanged, "failed": failed, "warnings": warnings}
