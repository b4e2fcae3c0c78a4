"""An import from the first byte to the last row, as a front end sees it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.imports import service
from services.kit.permissions import Role
from services.kit.tenancy import WriteSession
from tests.imports.steps import RUN, look, run, start, totals, upload
from tests.imports.test_sheets import workbook
from tests.support import Clock, Workspace
from tests.working import run_due

NAMES: dict[str, Any] = {"kind": "ACCOUNTS", "mapping": [{"column": "name", "field": "name"}]}
DEALS: dict[str, Any] = {
    "kind": "OPPORTUNITIES",
    "mapping": [
        {"column": "id", "field": "externalId"},
        {"column": "owner", "field": "owner"},
        {"column": "account", "field": "account"},
        {"column": "stage", "field": "stage", "aliases": [{"from": "Won", "to": "follow_up"}]},
        {"column": "opened", "field": "openedOn"},
        {"column": "met", "field": "stageEnteredOn:contact"},
        {"column": "closed", "field": "closedOn"},
        {"column": "amount", "field": "amount"},
    ],
}


async def count(workspace: Workspace, list_: str) -> int:
    data = await workspace.ask(f"{{ {list_} {{ totalCount }} }}")
    counted: int = data[list_]["totalCount"]
    return counted


async def test_a_front_end_learns_what_can_be_mapped_in_the_callers_language(
    workspace: Workspace, persian_workspace: Workspace
) -> None:
    asked = "{ importFields(kind: OPPORTUNITIES) { key label type required choices } }"
    english = {field["key"]: field for field in (await workspace.ask(asked))["importFields"]}
    persian = {field["key"]: field for field in (await persian_workspace.ask(asked))["importFields"]}
    assert english["externalId"] == {
        "key": "externalId",
        "label": "Id in the other system",
        "type": "TEXT",
        "required": True,
        "choices": [],
    }
    assert english["stage"]["choices"][0] == "lead_generation"
    assert english["stageEnteredOn:contact"]["label"] == "Entered the stage “Contact” on"
    assert persian["stageEnteredOn:contact"]["label"] == "تاریخ ورود به مرحلهٔ «برقراری ارتباط»"
    assert english.keys() == persian.keys()
    for kind in ("ACCOUNTS", "PRODUCTS", "MEMBERS"):
        fields = (await workspace.ask(f"{{ importFields(kind: {kind}) {{ key required }} }}"))["importFields"]
        assert [field["key"] for field in fields if field["required"]] == ["name"]


async def test_a_file_is_previewed_before_it_is_mapped(workspace: Workspace, stranger: Workspace) -> None:
    id = await upload(workspace, "نام;شهر\nعلي;قم\n".encode("cp1256"))
    asked = """query($id: ID!) { previewImport(uploadId: $id, encoding: WINDOWS_1256) {
        columns rows { row cells } sheets } }"""
    shown = (await workspace.ask(asked, {"id": id}))["previewImport"]
    assert shown == {"columns": ["نام", "شهر"], "rows": [{"row": 2, "cells": ["علي", "قم"]}], "sheets": []}
    unread = await workspace.post("query($id: ID!) { previewImport(uploadId: $id) { columns } }", {"id": id})
    assert unread["errors"][0]["extensions"]["code"] == "VALIDATION"
    answers = []
    for unknown in (id, str(stranger.id), "nonsense"):
        answer = await stranger.post(asked, {"id": unknown})
        answers.append((answer["data"], answer["errors"][0]["message"], answer["errors"][0]["extensions"]["code"]))
    assert answers == [(None, "Nothing was found under this id.", "NOT_FOUND")] * 3


async def test_what_is_wrong_with_a_row_is_told_and_the_rest_comes_in(workspace: Workspace) -> None:
    content = (
        "name,employees,revenue,founded\n"
        "Alpha,12,1.5,1999\n"
        ",7,2,2000\n"
        "Beta,many,3,2001\n"
        "alpha,3,4,2002\n"
        "Gamma,5,12.345,2003\n"
        "Delta,6,7,99999\n"
        "Epsilon,8,9,2005,surplus\n"
        "Zeta,,,\n"
    )
    done = await run(
        workspace,
        content.encode(),
        kind="ACCOUNTS",
        mapping=[
            {"column": "name", "field": "name"},
            {"column": "employees", "field": "employees"},
            {"column": "revenue", "field": "revenue", "multiplyBy": 1000},
            {"column": "founded", "field": "foundedYear"},
        ],
        constants=[{"field": "currency", "value": "eur"}, {"field": "country", "value": "Iran"}],
    )
    assert done["state"] == "COMPLETED"
    assert done["progress"] == {"rowsTotal": 8, "rowsDone": 8, "percent": 100}
    assert done["totals"] == totals(created=2, failed=6)
    found = [(issue["row"], issue["column"], issue["value"], issue["severity"]) for issue in done["errors"]["nodes"]]
    assert found == [
        (3, "name", "", "ERROR"),
        (4, "employees", "many", "ERROR"),
        (5, "name", "alpha", "ERROR"),
        (6, "revenue", "12.345", "ERROR"),
        (7, "founded", "99999", "ERROR"),
        (8, None, None, "ERROR"),
    ]
    reasons = [issue["reason"] for issue in done["errors"]["nodes"]]
    assert reasons[1] == "“many” cannot be read as a number."
    assert reasons[2] == "Row 2 names the same record already."
    data = await workspace.ask("{ accounts { nodes { name country revenue { amount currency } } } }")
    assert data["accounts"]["nodes"] == [
        {"name": "Alpha", "country": "Iran", "revenue": {"amount": "1500.00", "currency": "EUR"}},
        {"name": "Zeta", "country": "Iran", "revenue": None},
    ]
    paged = """query($id: ID!, $after: String) { importRun(id: $id) { errors(first: 4, after: $after) {
        totalCount nodes { row } pageInfo { hasNextPage endCursor } } } }"""
    page = (await workspace.ask(paged, {"id": done["id"]}))["importRun"]["errors"]
    assert (page["totalCount"], [issue["row"] for issue in page["nodes"]]) == (6, [3, 4, 5, 6])
    rest = await workspace.ask(paged, {"id": done["id"], "after": page["pageInfo"]["endCursor"]})
    assert [issue["row"] for issue in rest["importRun"]["errors"]["nodes"]] == [7, 8]


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"mapping": [{"column": "nome", "field": "name"}]}, ["input", "mapping", "0", "column"], "no column “nome”"),
        ({"mapping": [{"column": "name", "field": "title"}]}, ["input", "mapping", "0", "field"], "no field “title”"),
        (
            {"mapping": [{"column": "name", "field": "name"}, {"column": "day", "field": "name"}]},
            ["input", "mapping", "1", "field"],
            "mapped twice",
        ),
        ({"mapping": [{"column": "name", "field": "city"}]}, ["input", "mapping"], "“name” must be mapped"),
        ({"mapping": [{"column": "twin", "field": "name"}]}, ["input", "mapping", "0", "column"], "several columns"),
        (
            {"mapping": [{"column": "name", "field": "name", "multiplyBy": 2}]},
            ["input", "mapping", "0", "multiplyBy"],
            "Only numbers",
        ),
        (
            {
                "mapping": [
                    {
                        "column": "name",
                        "field": "name",
                        "aliases": [{"from": "a", "to": "b"}, {"from": "A", "to": "c"}],
                    }
                ]
            },
            ["input", "mapping", "0", "aliases", "1", "from"],
            "two aliases",
        ),
        (
            {"mapping": [{"column": "name", "field": "name"}, {"column": "day", "field": "employees"}]},
            ["input", "mapping", "1", "column"],
            "None of the first values of the column “day” can be read.",
        ),
        ({"constants": [{"field": "employees", "value": "x"}]}, ["input", "constants", "0", "value"], "“x”"),
        ({"constants": [{"field": "name", "value": "x"}]}, ["input", "constants", "0", "field"], "mapped twice"),
        ({"uploadId": "nonsense"}, ["input", "uploadId"], "Nothing was found"),
    ],
)
async def test_a_wrong_mapping_is_refused_before_anything_begins(
    workspace: Workspace, change: dict[str, Any], path: list[str], said: str
) -> None:
    id = await upload(workspace, b"name,day,twin,twin\nAlpha,2017-03-01,x,y\n")
    refused = await start(workspace, id, **{**NAMES, "uploadId": id, **change})
    assert refused["code"] in {"VALIDATION", "NOT_FOUND"}
    assert refused["path"] == path
    assert said in refused["message"]
    assert await count(workspace, "importRuns") == 0


async def test_wrong_dates_and_stages_are_refused_when_the_first_rows_show_it(workspace: Workspace) -> None:
    id = await upload(
        workspace, b"id,owner,account,stage,opened,met,closed,amount\n1,Olivia Owner,,Won,3/13/2017,,3/14/2017,5\n"
    )
    refused = await start(workspace, id, **DEALS)
    assert refused["__typename"] == "ValidationProblem"
    assert refused["path"] == ["input", "dateFormat"]
    assert "“3/13/2017” is not a date" in refused["message"]
    wrong = [{**column, "aliases": []} if column["field"] == "stage" else column for column in DEALS["mapping"]]
    refused = await start(workspace, id, **{**DEALS, "dateFormat": "M/D/YYYY", "mapping": wrong})
    assert refused["path"] == ["input", "mapping", "3", "column"]
    assert "“Won” is none of these: lead_generation, " in refused["message"]


@pytest.mark.parametrize(
    ("content", "name", "path", "said"),
    [
        (
            "name\nعلی\n".encode().replace(b"\xdb", b"\xff"),
            "a.csv",
            "encoding",
            "این پرونده با UTF-8 نوشته نشده است",
        ),
        (b"name\n\x00\n", "a.csv", "uploadId", "نه متن است و نه کارنامهٔ اکسل"),
        (b"name\nAlpha\n", "a.xlsx", "uploadId", "به‌عنوان کارنامهٔ اکسل (xlsx) خوانده نمی‌شود"),
        (b"name\n", "a.csv", "uploadId", "هیچ سطری ندارد"),
    ],
)
async def test_an_unreadable_file_is_refused_in_the_callers_language(
    persian_workspace: Workspace, content: bytes, name: str, path: str, said: str
) -> None:
    refused = await start(persian_workspace, await upload(persian_workspace, content, name=name), **NAMES)
    assert refused["__typename"] == "ValidationProblem"
    assert refused["path"] == ["input", path]
    assert said in refused["message"]
    assert await count(persian_workspace, "importRuns") == 0


async def test_a_file_that_was_announced_and_never_sent_cannot_be_imported(workspace: Workspace) -> None:
    announced = await workspace.must(
        "createUpload", {"fileName": "a.csv", "mediaType": "text/csv", "size": 5}, "UploadPayload { upload { id } }"
    )
    refused = await start(workspace, announced["upload"]["id"], **NAMES)
    assert refused["message"] == "The file has not been uploaded yet."
    for size in (0, 21 * 1024 * 1024):
        refused = await workspace.do(
            "createUpload",
            {"fileName": "a.csv", "mediaType": "text/csv", "size": size},
            "UploadPayload { upload { id } }",
        )
        assert refused["path"] == ["input", "size"]


async def test_only_one_import_goes_on_at_a_time(workspace: Workspace, stranger: Workspace) -> None:
    ids = [await upload(workspace, b"name\nAlpha\n") for _ in range(4)]
    answers = await asyncio.gather(*(start(workspace, id, **NAMES) for id in ids))
    kinds = sorted(answer["__typename"] for answer in answers)
    assert kinds == ["ConflictProblem"] * 3 + ["ImportRunPayload"]
    assert "Another import is still going on" in next(a["message"] for a in answers if "message" in a)
    elsewhere = await start(stranger, await upload(stranger, b"name\nAlpha\n"), **NAMES)
    assert elsewhere["__typename"] == "ImportRunPayload"
    await run_due(workspace.database, workspace.id, service.DUE)
    assert (await run(workspace, b"name\nBeta\n", **NAMES))["totals"] == totals(created=1)


async def test_another_workspaces_upload_and_run_are_not_there(workspace: Workspace, stranger: Workspace) -> None:
    id = await upload(workspace, b"name\nAlpha\n")
    foreign, missing = await start(stranger, id, **NAMES), await start(stranger, str(stranger.id), **NAMES)
    assert foreign == missing
    assert foreign["__typename"] == "NotFoundProblem"
    done = await run(workspace, b"name\nAlpha\n", **NAMES)
    asked = "query($id: ID!) { importRun(id: $id) { id } }"
    assert await stranger.ask(asked, {"id": done["id"]}) == {"importRun": None}


async def test_who_may_not_import_is_refused(workspace: Workspace) -> None:
    _, seller = await workspace.join(Role.REPRESENTATIVE)
    _, manager = await workspace.join(Role.MANAGER, name="Manon Manager")
    id = await upload(workspace, b"name\nAlpha\n")
    assert (await start(workspace, id, **NAMES, token=seller))["__typename"] == "ForbiddenProblem"
    hidden = await workspace.post("{ importRuns { totalCount } }", token=seller)
    assert hidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    people = await start(workspace, id, kind="MEMBERS", mapping=NAMES["mapping"], token=manager)
    assert people["__typename"] == "ForbiddenProblem"
    assert (await start(workspace, id, **NAMES, token=manager))["__typename"] == "ImportRunPayload"


async def test_a_cut_off_import_goes_on_where_the_last_part_ended_and_doubles_nothing(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PART", 2)
    content = "name,employees\n" + "".join(f"Company {number},{number or 'x'}\n" for number in range(7))
    mapping = [*NAMES["mapping"], {"column": "employees", "field": "employees"}]
    started = await start(workspace, await upload(workspace, content.encode()), kind="ACCOUNTS", mapping=mapping)
    id, import_part = started["importRun"]["id"], service.import_part

    async def killed(session: WriteSession, *given: Any, part: int, **named: Any) -> None:
        await import_part(session, *given, part=part, **named)
        if part == 2:
            raise KeyboardInterrupt  # after the rows were written, before they were committed

    monkeypatch.setattr(service, "import_part", killed)
    with pytest.raises(KeyboardInterrupt):
        await run_due(workspace.database, workspace.id, service.DUE)
    halfway = await look(workspace, id)
    assert halfway["state"] == "RUNNING"
    assert halfway["progress"] == {"rowsTotal": 7, "rowsDone": 4, "percent": 57}
    assert halfway["totals"] == totals(created=3, failed=1)
    assert await count(workspace, "accounts") == 3

    monkeypatch.setattr(service, "import_part", import_part)
    clock.advance(timedelta(seconds=31))  # the dead worker's lease
    assert await run_due(workspace.database, workspace.id, service.DUE) == 1
    done = await look(workspace, id)
    assert done["state"] == "COMPLETED"
    assert done["totals"] == totals(created=6, failed=1)
    assert done["errors"]["totalCount"] == 1
    assert await count(workspace, "accounts") == 6


async def test_an_import_that_fails_again_and_again_ends_with_words(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(service, "import_part", broken)
    started = await start(workspace, await upload(workspace, b"name\nAlpha\n"), **NAMES)
    for _ in range(5):
        with pytest.raises(RuntimeError):
            await run_due(workspace.database, workspace.id, service.DUE)
        clock.advance(timedelta(seconds=17))
    ended = await look(workspace, started["importRun"]["id"])
    assert ended["state"] == "FAILED"
    assert ended["failure"].startswith("The import stopped after 0 of 1 rows because of a fault on our side.")
    assert (await start(workspace, await upload(workspace, b"name\nA\n"), **NAMES))["__typename"] == "ImportRunPayload"


async def test_an_import_ends_when_the_member_who_began_it_may_act_no_more(workspace: Workspace) -> None:
    manager, token = await workspace.join(Role.MANAGER, name="Manon Manager")
    id = await upload(workspace, b"name\nAlpha\n", token=token)
    started = await start(workspace, id, **NAMES, token=token)
    member = await workspace.ask("query($id: ID!) { member(id: $id) { version } }", {"id": str(manager.member)})
    await workspace.must(
        "suspendMember",
        {"memberId": str(manager.member), "expectedVersion": member["member"]["version"]},
        "MemberPayload { member { state } }",
    )
    await run_due(workspace.database, workspace.id, service.DUE)
    ended = await look(workspace, started["importRun"]["id"])
    assert ended["state"] == "FAILED"
    assert ended["failure"] == "The member who started the import can no longer work here."
    assert await count(workspace, "accounts") == 0


async def test_a_persian_workbook_comes_in_with_jalali_dates(persian_workspace: Workspace) -> None:
    def fill(_book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["شناسه", "مسئول", "حساب", "مرحله", "آغاز", "پایان", "مبلغ"])
        sheet.write_row(1, 0, ["۱", "Olivia Owner", "شرکت پارس", "برد", "۱۴۰۴/۰۱/۱۵", "۱۴۰۴/۰۲/۱", "۱۲٬۵۰۰"])
        sheet.write_row(2, 0, ["۲", "Olivia Owner", "شركت پارس", "ارائه", 45762, "", 700])

    await run(persian_workspace, "name\nشرکت پارس\n".encode(), **NAMES)
    done = await run(
        persian_workspace,
        workbook(fill),
        name="فروش.xlsx",
        kind="OPPORTUNITIES",
        dateFormat="YYYY/MM/DD",
        calendar="JALALI",
        mapping=[
            {"column": "شناسه", "field": "externalId"},
            {"column": "مسئول", "field": "owner"},
            {"column": "حساب", "field": "account"},
            {"column": "مرحله", "field": "stage", "aliases": [{"from": "برد", "to": "follow_up"}]},
            {"column": "آغاز", "field": "openedOn"},
            {"column": "آغاز", "field": "stageEnteredOn:presentation"},
            {"column": "پایان", "field": "closedOn"},
            {"column": "مبلغ", "field": "amount", "multiplyBy": 10},
        ],
    )
    assert done["totals"] == totals(created=2), done["errors"]
    deals = await persian_workspace.ask(
        """{ opportunities { nodes { name account { name } status openedOn closedOn amount { minor currency }
             stage { key } visits { nodes { stage { key } enteredAt } } } } }"""
    )
    by_status = {deal["status"]: deal for deal in deals["opportunities"]["nodes"]}
    won, open_ = by_status["WON"], by_status["OPEN"]
    assert won["account"] == open_["account"] == {"name": "شرکت پارس"}
    assert (won["openedOn"], won["closedOn"]) == ("2025-04-04", "2025-04-21")
    assert won["amount"] == {"minor": "125000", "currency": "IRR"}
    # Midnight in Tehran is half past eight in the evening before, in UTC.
    assert [(visit["stage"]["key"], visit["enteredAt"]) for visit in won["visits"]["nodes"]] == [
        ("presentation", "2025-04-03T20:30:00+00:00"),
        ("follow_up", "2025-04-20T20:30:00+00:00"),
    ]
    assert (open_["stage"]["key"], open_["openedOn"]) == ("presentation", "2025-04-15")


async def test_history_that_cannot_be_right_is_refused_and_what_is_missing_is_said(workspace: Workspace) -> None:
    await run(workspace, b"name\nAlpha\n", **NAMES)
    content = (
        "id,owner,account,stage,opened,met,closed,amount\n"
        "1,Olivia Owner,Alpha,Won,2017-01-01,2017-01-02,2017-02-01,10\n"
        "2,Olivia Owner,Alpha,Won,2017-01-01,2017-03-02,2017-02-01,10\n"
        "3,Olivia Owner,Alpha,Won,2017-03-01,,2017-02-01,10\n"
        "4,Olivia Owner,,contact,,,,\n"
        "5,Nobody Known,Alpha,contact,,2017-01-02,,\n"
        "6,Olivia Owner,Omega,contact,,2017-01-02,,\n"
        "7,Olivia Owner,Alpha,Gone,,2017-01-02,,\n"
        "8,Olivia Owner,Alpha,contact,2017-01-01,2017-01-02,2017-02-01,-10\n"
        "9,Olivia Owner,Alpha,contact,2017-01-01,2017-01-02,2017-02-01,10\n"
    )
    done = await run(workspace, content.encode(), **DEALS)
    assert done["totals"] == totals(created=3, failed=6, warnings=3), done["errors"]
    found = [(issue["row"], issue["column"], issue["severity"]) for issue in done["errors"]["nodes"]]
    assert found == [
        (3, "met", "ERROR"),
        (4, "closed", "ERROR"),
        (5, "account", "WARNING"),
        (5, "met", "WARNING"),
        (6, "owner", "ERROR"),
        (7, "account", "ERROR"),
        (8, "stage", "ERROR"),
        (9, "amount", "ERROR"),
        (10, "closed", "WARNING"),
    ]


async def test_namesakes_are_told_apart_by_their_email_and_nobodys_role_changes(workspace: Workspace) -> None:
    people: dict[str, Any] = {
        "kind": "MEMBERS",
        "mapping": [
            {"column": "name", "field": "name"},
            {"column": "mail", "field": "email"},
            {"column": "role", "field": "role"},
            {"column": "manager", "field": "manager"},
        ],
    }
    content = (
        "name,mail,role,manager\n"
        "Ali Mohammadi,a1@example.ir,,Sara Karimi\n"
        "Ali Mohammadi,a2@example.ir,viewer,Sara Karimi\n"
        "Sara Karimi,,manager,Ali Mohammadi\n"
        "Olivia Owner,,viewer,\n"
        "Reza,not an address,,\n"
        "Mina,,owner,\n"
    )
    done = await run(workspace, content.encode(), **people)
    assert done["totals"] == totals(created=3, unchanged=1, failed=2, warnings=2), done["errors"]
    found = [(issue["row"], issue["column"], issue["severity"]) for issue in done["errors"]["nodes"]]
    assert found == [(4, "manager", "WARNING"), (5, "role", "WARNING"), (6, "mail", "ERROR"), (7, "role", "ERROR")]
    data = await workspace.ask("{ members(first: 10) { nodes { name role state manager { name } } } }")
    shown = [(who["name"], who["role"], who["state"], who["manager"]) for who in data["members"]["nodes"]]
    assert sorted(shown, key=lambda who: who[:2]) == [
        ("Ali Mohammadi", "REPRESENTATIVE", "RECORDED", {"name": "Sara Karimi"}),
        ("Ali Mohammadi", "VIEWER", "RECORDED", {"name": "Sara Karimi"}),
        ("Olivia Owner", "OWNER", "ACTIVE", None),
        ("Sara Karimi", "MANAGER", "RECORDED", None),
    ]
    again = await run(workspace, content.encode(), **people)
    assert again["totals"] == totals(unchanged=4, failed=2, warnings=2)


async def test_runs_are_listed_newest_first_and_by_kind(workspace: Workspace) -> None:
    first = await run(workspace, b"name\nAlpha\n", **NAMES, dryRun=True)
    second = await run(workspace, b"name\nAlpha\n", kind="PRODUCTS", mapping=NAMES["mapping"])
    asked = f"query($filter: ImportRunFilter) {{ importRuns(filter: $filter) {{ nodes {{ {RUN} }} }} }}"
    listed = (await workspace.ask(asked))["importRuns"]["nodes"]
    assert [one["id"] for one in listed] == [second["id"], first["id"]]
    accounts = (await workspace.ask(asked, {"filter": {"kind": ["ACCOUNTS"]}}))["importRuns"]["nodes"]
    assert [(one["id"], one["dryRun"], one["requestedBy"]["name"]) for one in accounts] == [
        (first["id"], True, "Olivia Owner")
    ]


async def test_an_upload_is_refused_in_the_language_of_whoever_announced_it(persian_workspace: Workspace) -> None:
    announced = await persian_workspace.must(
        "createUpload",
        {"fileName": "a.csv", "mediaType": "text/csv", "size": 5},
        "UploadPayload { upload { url } }",
    )
    for content, status in ((b"four", 422), (b"x" * (21 * 1024 * 1024), 413)):
        refused = await persian_workspace.api.http.put(announced["upload"]["url"], content=content)
        assert refused.status_code == status
        assert "بایت" in refused.json()["error"]["message"]
