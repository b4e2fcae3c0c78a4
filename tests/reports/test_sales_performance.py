"""Sales figures: those of the file, those asked for directly, and those a plain script finds are the same."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from python_calamine import CalamineWorkbook

from services.kit.calendar import jalali
from tests.imports.steps import ACCOUNTS, MEMBERS, OPPORTUNITIES, PRODUCTS, run
from tests.support import Workspace
from tests.working import run_due

FIGURES = "won lost open winRate wonRevenue { amount currency } averageCycleDays"
ASKED = f"""
query($from: Date!, $to: Date!, $calendar: Calendar) {{
    salesPerformance(from: $from, to: $to, calendar: $calendar) {{
        from to calendar
        total {{ {FIGURES} }}
        byAgent(first: 100) {{ totalCount nodes {{ agent {{ name }} figures {{ {FIGURES} }} }} }}
        byManager(first: 100) {{ totalCount nodes {{ manager {{ name }} figures {{ {FIGURES} }} }} }}
        byProduct(first: 100) {{ totalCount nodes {{ product {{ name }} figures {{ {FIGURES} }} }} }}
        byQuarter(first: 100) {{ totalCount nodes {{ year quarter label figures {{ {FIGURES} }} }} }}
    }}
}}
"""
RUN = """
id state failure progress { filesTotal filesDone percent } from to calendar locale
files { format name size url expiresAt }
"""


@dataclass
class Script:
    """What a plain script counts in the file, and how it shows it."""

    won: int = 0
    lost: int = 0
    open: int = 0
    revenue: int = 0
    days: list[int] = field(default_factory=list)

    def shown(self, *, dated: bool = False) -> dict[str, Any]:
        closed = self.won + self.lost
        return {
            "won": self.won,
            "lost": self.lost,
            "open": None if dated else self.open,
            "winRate": rounded(100 * self.won, closed, "0.0001"),
            "wonRevenue": [{"amount": f"{self.revenue}.00", "currency": "USD"}] if self.won else [],
            "averageCycleDays": rounded(sum(self.days), len(self.days), "0.001"),
        }


def rounded(above: int, below: int, to: str) -> str | None:
    return str((Decimal(above) / Decimal(below)).quantize(Decimal(to), ROUND_HALF_UP)) if below else None


def american(written: str) -> date:
    return datetime.strptime(written, "%m/%d/%Y").date()  # noqa: DTZ007 # a day, not a moment


def count(deals: Iterable[dict[str, str]], by: Callable[[dict[str, str]], Any]) -> dict[Any, Script]:
    """Counts the deals of the file by a key, with nothing but Python."""
    found: dict[Any, Script] = defaultdict(Script)
    for deal in deals:
        line = found[by(deal)]
        if deal["deal_stage"] == "Won":
            line.won += 1
            line.revenue += int(deal["close_value"])
            line.days.append((american(deal["close_date"]) - american(deal["engage_date"])).days)
        elif deal["deal_stage"] == "Lost":
            line.lost += 1
        else:
            line.open += 1
    return found


@pytest.fixture(scope="module")
def files(shared_data: Path) -> dict[str, bytes]:
    return {file.stem: file.read_bytes() for file in (shared_data / "crm_sales_opportunities").glob("*.csv")}


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


async def test_file_and_graphql_and_a_plain_script_agree_on_every_figure(
    workspace: Workspace, files: dict[str, bytes]
) -> None:
    await run(workspace, files["accounts"], **ACCOUNTS)
    await run(workspace, files["products"], **PRODUCTS)
    await run(workspace, files["sales_teams"], **MEMBERS)
    await run(workspace, files["sales_pipeline"], **OPPORTUNITIES)
    period = {"from": "2016-01-01", "to": "2017-12-31"}
    asked = (await workspace.ask(ASKED, {**period, "calendar": "GREGORIAN"}))["salesPerformance"]

    assert (asked["from"], asked["to"]) == ("2016-01-01", "2017-12-31")
    assert asked["total"] == {
        "won": 4238,
        "lost": 2473,
        "open": 2089,
        "winRate": "63.1501",
        "wonRevenue": [{"amount": "10005534.00", "currency": "USD"}],
        "averageCycleDays": "51.782",
    }
    deals = rows(files["sales_pipeline"])
    managers = {agent["sales_agent"]: agent["manager"] for agent in rows(files["sales_teams"])}
    assert {line["agent"]["name"]: line["figures"] for line in asked["byAgent"]["nodes"]} == {
        name: line.shown() for name, line in count(deals, lambda deal: deal["sales_agent"]).items()
    }
    assert {line["manager"]["name"]: line["figures"] for line in asked["byManager"]["nodes"]} == {
        name: line.shown() for name, line in count(deals, lambda deal: managers[deal["sales_agent"]]).items()
    }
    assert {line["product"]["name"]: line["figures"] for line in asked["byProduct"]["nodes"]} == {
        name: line.shown()
        for name, line in count(deals, lambda deal: {"GTXPro": "GTX Pro"}.get(deal["product"], deal["product"])).items()
    }
    closed = [deal for deal in deals if deal["close_date"]]

    def quarter(deal: dict[str, str]) -> tuple[int, int]:
        day = american(deal["close_date"])
        return day.year, (day.month + 2) // 3

    quarters = [((line["year"], line["quarter"]), line["figures"]) for line in asked["byQuarter"]["nodes"]]
    assert quarters == [(key, line.shown(dated=True)) for key, line in sorted(count(closed, quarter).items())]
    assert [(line["label"], line["figures"]["wonRevenue"][0]["amount"]) for line in asked["byQuarter"]["nodes"]] == [
        ("Q1 2017", "1134672.00"),
        ("Q2 2017", "3086111.00"),
        ("Q3 2017", "2982255.00"),
        ("Q4 2017", "2802496.00"),
    ]

    def season(deal: dict[str, str]) -> tuple[int, int]:
        day = jalali(american(deal["close_date"]))
        return day.year, day.quarter

    seasons = (await workspace.ask(ASKED, {**period, "calendar": "JALALI"}))["salesPerformance"]["byQuarter"]["nodes"]
    assert [((line["year"], line["quarter"]), line["figures"]) for line in seasons] == [
        (key, line.shown(dated=True)) for key, line in sorted(count(closed, season).items())
    ]
    assert seasons[0]["label"] == "Winter 1395"

    spring = {"from": "2017-04-01", "to": "2017-06-30", "calendar": "GREGORIAN"}
    part = (await workspace.ask(ASKED, spring))["salesPerformance"]
    in_spring = [deal for deal in deals if not deal["close_date"] or 4 <= american(deal["close_date"]).month <= 6]
    assert part["total"] == count(in_spring, lambda _: None)[None].shown()

    report = await render(workspace, {**period, "formats": ["XLSX", "JSON"]})
    assert_json_tells_the_same(orjson.loads(report["JSON"]), asked)
    assert_workbook_tells_the_same(report["XLSX"], asked)


async def render(workspace: Workspace, how: dict[str, Any]) -> dict[str, bytes]:
    """Asks for a report, has it made, and fetches its files by their signed addresses."""
    asked = {"kind": "SALES_PERFORMANCE", **how}
    answer = await workspace.must("requestReport", asked, f"ReportRunPayload {{ reportRun {{ {RUN} }} }}")
    queued = answer["reportRun"]
    assert queued["state"] == "QUEUED"
    assert queued["progress"]["percent"] == 0
    assert all(file["url"] is None and file["size"] is None for file in queued["files"])
    assert await run_due(workspace.database, workspace.id, "report.render") == 1
    found = f"query($id: ID!) {{ reportRun(id: $id) {{ {RUN} }} }}"
    made = (await workspace.ask(found, {"id": queued["id"]}))["reportRun"]
    assert made["state"] == "COMPLETED"
    assert made["progress"]["percent"] == 100
    fetched = {}
    for file in made["files"]:
        response = await workspace.api.http.get(file["url"])
        assert response.status_code == 200
        assert len(response.content) == file["size"]
        fetched[file["format"]] = response.content
    return fetched


def assert_json_tells_the_same(written: dict[str, Any], asked: dict[str, Any]) -> None:
    def figures(line: dict[str, Any]) -> dict[str, Any]:
        shown = {key: line[key] for key in ("won", "lost", "open", "winRate", "averageCycleDays")}
        revenue = [{"amount": each["amount"], "currency": each["currency"]} for each in line["wonRevenue"]]
        return {**shown, "wonRevenue": revenue}

    assert figures(written["total"]) == asked["total"]
    for side, of in (("byAgent", "agent"), ("byManager", "manager"), ("byProduct", "product")):
        assert [(line["name"], figures(line)) for line in written[side]] == [
            (line[of]["name"], line["figures"]) for line in asked[side]["nodes"]
        ]
    assert [(line["labels"]["en"], figures(line)) for line in written["byQuarter"]] == [
        (line["label"], line["figures"]) for line in asked["byQuarter"]["nodes"]
    ]


def assert_workbook_tells_the_same(content: bytes, asked: dict[str, Any]) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == ["Summary", "By agent", "By manager", "By product", "By quarter"]

    def figures(cells: list[Any]) -> dict[str, Any]:
        won, lost, still_open, rate, revenue, cycle = cells
        return {
            "won": int(won),
            "lost": int(lost),
            "open": None if still_open == "" else int(still_open),
            "winRate": f"{rate:.4f}",
            "wonRevenue": [{"amount": f"{revenue:.2f}", "currency": "USD"}],
            "averageCycleDays": f"{cycle:.3f}",
        }

    summary = book.get_sheet_by_name("Summary").to_python()
    assert figures([line[1] for line in summary[-6:]]) == asked["total"]
    for sheet, side, of in (
        ("By agent", "byAgent", "agent"),
        ("By manager", "byManager", "manager"),
        ("By product", "byProduct", "product"),
    ):
        lines = book.get_sheet_by_name(sheet).to_python()
        assert lines[0][1:] == ["Won", "Lost", "Open now", "Win rate (%)", "Won revenue ($)", "Average cycle (days)"]
        assert [(line[0], figures(line[1:])) for line in lines[1:]] == [
            (line[of]["name"], line["figures"]) for line in asked[side]["nodes"]
        ]
    lines = book.get_sheet_by_name("By quarter").to_python()
    assert [(line[0], figures(line[1:])) for line in lines[1:]] == [
        (line["label"], line["figures"]) for line in asked["byQuarter"]["nodes"]
    ]
