"""A report from the request to the file, and what can go wrong on the way."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import orjson
import pytest
from python_calamine import CalamineWorkbook

from services.kit.permissions import Role
from services.reports import service
from tests.imports.steps import run as run_import
from tests.reports.test_sales_performance import RUN, render
from tests.support import Clock, Workspace
from tests.working import run_due

YEAR = {"from": "2025-03-21", "to": "2026-03-20"}
PAYLOAD = f"ReportRunPayload {{ reportRun {{ {RUN} }} }}"
DEALS: dict[str, Any] = {
    "kind": "OPPORTUNITIES",
    "mapping": [
        {"column": "id", "field": "externalId"},
        {"column": "owner", "field": "owner"},
        {"column": "stage", "field": "stage"},
        {"column": "opened", "field": "openedOn"},
        {"column": "closed", "field": "closedOn"},
        {"column": "amount", "field": "amount"},
        {"column": "currency", "field": "currency"},
    ],
}
HISTORY = (
    "id,owner,stage,opened,closed,amount,currency\n"
    "1,Olivia Owner,follow_up,2025-04-01,2025-04-11,100,IRR\n"
    "2,Olivia Owner,follow_up,2025-04-01,2025-06-21,1.50,USD\n"
    "3,Olivia Owner,follow_up,,2025-06-22,250,IRR\n"
    "4,Olivia Owner,lost,2025-04-01,2025-07-01,5,USD\n"
    "5,Olivia Owner,contact,2025-04-01,,5,USD\n"
    "6,Olivia Owner,follow_up,2025-04-01,2026-03-21,7,USD\n"
)
FIGURES = "won lost open winRate wonRevenue { amount currency } averageCycleDays"


async def look(workspace: Workspace, id: str) -> dict[str, Any]:
    data = await workspace.ask(f"query($id: ID!) {{ reportRun(id: $id) {{ {RUN} }} }}", {"id": id})
    found: dict[str, Any] = data["reportRun"]
    return found


async def request(workspace: Workspace, *formats: str, token: str | None = None, **how: Any) -> dict[str, Any]:
    asked = {"kind": "SALES_PERFORMANCE", **YEAR, "formats": list(formats or ["JSON"]), **how}
    return await workspace.do("requestReport", asked, PAYLOAD, token=token)


async def test_currencies_stay_apart_and_days_on_the_edge_count(persian_workspace: Workspace) -> None:
    imported = await run_import(persian_workspace, HISTORY.encode(), **DEALS)
    assert imported["totals"]["created"] == 6
    asked = f"""query($from: Date!, $to: Date!, $calendar: Calendar) {{
        salesPerformance(from: $from, to: $to, calendar: $calendar) {{ calendar total {{ {FIGURES} }}
            byManager {{ nodes {{ manager {{ name }} figures {{ won }} }} }}
            byProduct {{ nodes {{ product {{ name }} figures {{ won }} }} }}
            byQuarter {{ nodes {{ year quarter label figures {{ won lost open }} }} }} }} }}"""
    sold = (await persian_workspace.ask(asked, YEAR))["salesPerformance"]
    assert sold["calendar"] == "JALALI"
    assert sold["total"] == {
        "won": 3,
        "lost": 1,
        "open": 1,
        "winRate": "75.0000",
        "wonRevenue": [{"amount": "350", "currency": "IRR"}, {"amount": "1.50", "currency": "USD"}],
        "averageCycleDays": "45.500",
    }
    assert sold["byManager"]["nodes"] == [{"manager": None, "figures": {"won": 3}}]
    assert sold["byProduct"]["nodes"] == [{"product": None, "figures": {"won": 3}}]
    # 21 June 2025 is the last day of spring, 22 June the first of summer.
    assert sold["byQuarter"]["nodes"] == [
        {"year": 1404, "quarter": 1, "label": "بهار ۱۴۰۴", "figures": {"won": 2, "lost": 0, "open": None}},
        {"year": 1404, "quarter": 2, "label": "تابستان ۱۴۰۴", "figures": {"won": 1, "lost": 1, "open": None}},
    ]
    nothing = {"from": "2020-01-01", "to": "2020-01-01", "calendar": "GREGORIAN"}
    sold = (await persian_workspace.ask(asked, nothing))["salesPerformance"]
    assert sold["total"] == {
        "won": 0,
        "lost": 0,
        "open": 1,
        "winRate": None,
        "wonRevenue": [],
        "averageCycleDays": None,
    }
    assert sold["byQuarter"]["nodes"] == []


async def test_another_workspaces_deals_are_in_no_figure(workspace: Workspace, stranger: Workspace) -> None:
    await run_import(workspace, HISTORY.encode(), **DEALS)
    asked = f"""query($from: Date!, $to: Date!) {{ salesPerformance(from: $from, to: $to) {{
        total {{ {FIGURES} }} byAgent {{ totalCount }} }} }}"""
    sold = (await stranger.ask(asked, YEAR))["salesPerformance"]
    assert (sold["total"]["won"], sold["total"]["open"], sold["byAgent"]["totalCount"]) == (0, 0, 0)


async def test_lists_of_figures_are_paged(workspace: Workspace) -> None:
    people = "name\n" + "".join(f"Agent {number}\n" for number in range(5))
    await run_import(workspace, people.encode(), kind="MEMBERS", mapping=[{"column": "name", "field": "name"}])
    deals = "".join(f"{number},Agent {number},contact,,,,\n" for number in range(5))
    await run_import(workspace, f"{HISTORY.splitlines()[0]}\n{deals}".encode(), **DEALS)
    asked = """query($from: Date!, $to: Date!, $first: Int!, $after: String) { salesPerformance(from: $from, to: $to) {
        byAgent(first: $first, after: $after) { totalCount nodes { agent { name } }
            pageInfo { hasNextPage endCursor } } } }"""
    found: list[str] = []
    page: dict[str, Any] = {"endCursor": None, "hasNextPage": True}
    while page["hasNextPage"]:
        data = await workspace.ask(asked, {**YEAR, "first": 2, "after": page["endCursor"]})
        side = data["salesPerformance"]["byAgent"]
        assert side["totalCount"] == 5
        found += [line["agent"]["name"] for line in side["nodes"]]
        page = side["pageInfo"]
    assert found == [f"Agent {number}" for number in range(5)]
    for wrong in ({"first": 101}, {"first": 2, "after": "elsewhere"}):
        refused = await workspace.post(asked, {**YEAR, **wrong})
        assert refused["errors"][0]["extensions"]["code"] == "VALIDATION"


async def test_a_persian_report_reads_from_right_to_left_in_its_own_calendar(persian_workspace: Workspace) -> None:
    await run_import(persian_workspace, HISTORY.encode(), **DEALS)
    files = await render(persian_workspace, {**YEAR, "formats": ["XLSX", "JSON"]})
    book = CalamineWorkbook.from_filelike(io.BytesIO(files["XLSX"]))
    assert book.sheet_names == ["خلاصه", "به تفکیک کارشناس", "به تفکیک مدیر", "به تفکیک محصول", "به تفکیک فصل"]
    summary = book.get_sheet_by_name("خلاصه").to_python()
    assert summary[1][:2] == ["از", "۱ فروردین ۱۴۰۴"]
    assert summary[2][:2] == ["تا", "۲۹ اسفند ۱۴۰۴"]
    seasons = book.get_sheet_by_name("به تفکیک فصل").to_python()
    assert seasons[0][:6] == ["فصل", "برد", "باخت", "باز (اکنون)", "نرخ برد (٪)", "درآمد برد (ریال)"]
    assert seasons[0][6:] == ["درآمد برد (دلار آمریکا)", "میانگین چرخهٔ فروش (روز)"]
    assert [line[0] for line in seasons[1:]] == ["بهار ۱۴۰۴", "تابستان ۱۴۰۴"]
    agents = book.get_sheet_by_name("به تفکیک کارشناس").to_python()
    assert agents[1] == ["Olivia Owner", 3.0, 1.0, 1.0, 75.0, 350.0, 1.5, 45.5]
    assert book.get_sheet_by_name("به تفکیک مدیر").to_python()[1][0] == "(بدون)"
    with zipfile.ZipFile(io.BytesIO(files["XLSX"])) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    assert len(sheets) == 5
    assert all('rightToLeft="1"' in sheet for sheet in sheets)
    written = orjson.loads(files["JSON"])
    assert written["byQuarter"][0]["labels"] == {"en": "Spring 1404", "fa": "بهار ۱۴۰۴"}


async def test_a_name_that_looks_like_a_formula_stays_a_name(workspace: Workspace) -> None:
    mapping = [{"column": "name", "field": "name"}]
    await run_import(workspace, b'name\n"=1+1"\n', kind="MEMBERS", mapping=mapping)
    await run_import(workspace, f"{HISTORY.splitlines()[0]}\n1,=1+1,contact,,,,\n".encode(), **DEALS)
    files = await render(workspace, {**YEAR, "formats": ["XLSX"]})
    book = CalamineWorkbook.from_filelike(io.BytesIO(files["XLSX"]))
    assert book.get_sheet_by_name("By agent").to_python()[1][0] == "=1+1"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"from": "2026-01-01", "to": "2025-01-01"}, ["input", "from"]),
        ({"from": "1900-01-01"}, ["input", "from"]),
        ({"to": "2200-01-01"}, ["input", "from"]),
        ({"formats": []}, ["input", "formats"]),
    ],
)
async def test_a_report_that_makes_no_sense_is_refused(
    workspace: Workspace, change: dict[str, Any], path: list[str]
) -> None:
    refused = await request(workspace, **change)
    assert (refused["__typename"], refused["path"]) == ("ValidationProblem", path)
    assert (await workspace.ask("{ reportRuns { totalCount } }"))["reportRuns"]["totalCount"] == 0


async def test_who_may_not_read_reports_is_refused(workspace: Workspace, stranger: Workspace) -> None:
    _, token = await workspace.join(Role.SUPPORT_AGENT)
    assert (await request(workspace, token=token))["__typename"] == "ForbiddenProblem"
    asked = "query($from: Date!, $to: Date!) { salesPerformance(from: $from, to: $to) { total { won } } }"
    refused = await workspace.post(asked, YEAR, token=token)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    run = (await request(workspace))["reportRun"]
    foreign = await stranger.ask("query($id: ID!) { reportRun(id: $id) { id } }", {"id": run["id"]})
    assert foreign == {"reportRun": None}


async def test_the_same_format_twice_is_one_file_and_a_link_does_not_last(workspace: Workspace, clock: Clock) -> None:
    run = (await request(workspace, "JSON", "JSON"))["reportRun"]
    assert [file["format"] for file in run["files"]] == ["JSON"]
    assert run["files"][0]["name"] == "sales-performance-2025-03-21-2026-03-20.json"
    await run_due(workspace.database, workspace.id, service.DUE)
    file = (await look(workspace, run["id"]))["files"][0]
    assert (await workspace.api.http.get(file["url"])).headers["content-type"].startswith("application/json")
    tampered = file["url"][:-3] + ("abc" if not file["url"].endswith("abc") else "xyz")
    assert (await workspace.api.http.get(tampered)).status_code == 404
    clock.advance(timedelta(seconds=workspace.settings.link_seconds + 1))
    assert (await workspace.api.http.get(file["url"])).status_code == 404


async def test_a_cut_off_report_goes_on_with_the_missing_file_and_the_same_figures(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_import(workspace, HISTORY.encode(), **DEALS)
    run = (await request(workspace, "XLSX", "JSON"))["reportRun"]
    keep_file = service.keep_file
    written: list[str] = []

    async def killed(*given: Any, format: Any, **named: Any) -> None:
        if len(written) == 1:
            written.append("none")
            raise KeyboardInterrupt
        written.append(format)
        await keep_file(*given, format=format, **named)

    monkeypatch.setattr(service, "keep_file", killed)
    with pytest.raises(KeyboardInterrupt):
        await run_due(workspace.database, workspace.id, service.DUE)
    halfway = await look(workspace, run["id"])
    assert (halfway["state"], halfway["progress"]["percent"]) == ("RUNNING", 50)
    await run_import(workspace, HISTORY.replace("\n1,", "\n100,").encode(), **DEALS)
    clock.advance(timedelta(seconds=31))  # the dead worker's lease
    await run_due(workspace.database, workspace.id, service.DUE)
    made = await look(workspace, run["id"])
    assert (made["state"], made["progress"]["percent"], len(written)) == ("COMPLETED", 100, 3)
    files = {file["format"]: (await workspace.api.http.get(file["url"])).content for file in made["files"]}
    summary = CalamineWorkbook.from_filelike(io.BytesIO(files["XLSX"])).get_sheet_by_name("Summary").to_python()
    assert orjson.loads(files["JSON"])["total"]["won"] == 3
    assert [line[1] for line in summary if line[0] == "Won"] == [3.0]


async def test_a_report_that_cannot_be_made_ends_with_words(
    persian_workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(service, "reckon", broken)
    run = (await request(persian_workspace))["reportRun"]
    for _ in range(5):
        with pytest.raises(RuntimeError):
            await run_due(persian_workspace.database, persian_workspace.id, service.DUE)
        clock.advance(timedelta(seconds=17))
    ended = await look(persian_workspace, run["id"])
    assert (ended["state"], ended["failure"]) == (
        "FAILED",
        "این گزارش به سبب خطایی در سمت ما ساخته نشد. دوباره آن را بخواهید.",
    )
