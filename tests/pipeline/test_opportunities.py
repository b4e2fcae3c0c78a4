"""Deals as a client meets them: opened, changed, moved through the stages, won and lost."""

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.permissions import Role
from services.kit.tenancy import read
from tests.pipeline.deals import DEAL, MOVED, move, open_deal, show
from tests.support import Clock, Workspace, statements


async def facts(workspace: Workspace, id: str) -> list[tuple[str, dict[str, Any]]]:
    async with read(workspace.database, workspace.owner) as session:
        rows = await session.scalars(select(Outbox).order_by(Outbox.id))
        return [(row.kind, row.payload) for row in rows if str(row.subject_id) == id]


async def test_a_deal_is_opened_with_everything_it_is_about(workspace: Workspace) -> None:
    account = await workspace.must("createAccount", {"name": "Cancity"}, "AccountPayload { account { id } }")
    contact = await workspace.must("createContact", {"name": "Cara"}, "ContactPayload { contact { id } }")
    product = await workspace.must("createProduct", {"name": "GTX Pro"}, "ProductPayload { product { id } }")
    deal = await open_deal(
        workspace,
        "  GTX Pro for Cancity ",
        accountId=account["account"]["id"],
        contactId=contact["contact"]["id"],
        productId=product["product"]["id"],
        amount={"amount": "4,821.50", "currency": "usd"},
        expectedCloseOn="2030-05-01",
        openedOn="2020-03-20",
    )
    data = await workspace.ask(
        "query($id: ID!) { opportunity(id: $id) { name status stage { key } amount { minor currency formatted } "
        "account { name opportunities { totalCount nodes { id } } } contact { name } product { name } owner { name } "
        "openedOn expectedCloseOn closedOn processVersion { number process { key } } externalId } }",
        {"id": deal["id"]},
    )
    assert data["opportunity"] == {
        "name": "GTX Pro for Cancity",
        "status": "OPEN",
        "stage": {"key": "lead_generation"},
        "amount": {"minor": "482150", "currency": "USD", "formatted": "$4,821.50"},
        "account": {"name": "Cancity", "opportunities": {"totalCount": 1, "nodes": [{"id": deal["id"]}]}},
        "contact": {"name": "Cara"},
        "product": {"name": "GTX Pro"},
        "owner": {"name": "Olivia Owner"},
        "openedOn": "2020-03-20",
        "expectedCloseOn": "2030-05-01",
        "closedOn": None,
        "processVersion": {"number": 1, "process": {"key": "sales"}},
        "externalId": None,
    }


async def test_a_deal_walks_the_seven_stages_to_won(persian_workspace: Workspace) -> None:
    deal = await open_deal(persian_workspace, "قرارداد پارس")
    stages = ["qualification", "contact", "presentation", "objection_handling", "closing"]
    for stage in stages:
        deal = await move(persian_workspace, deal, stage)
    deal = await move(persian_workspace, deal, "follow_up", reason="  قیمت خوب ", amount={"amount": "۱۲٬۰۰۰"})
    today = persian_workspace.database.clock() + timedelta(hours=3, minutes=30)
    shown = await show(persian_workspace, deal["id"])
    assert (shown["status"], shown["stage"]) == ("WON", {"key": "follow_up", "name": "پیگیری پس از فروش"})
    assert (shown["closedOn"], shown["closeReason"]) == (today.date().isoformat(), "قیمت خوب")
    assert shown["amount"] == {"amount": "12000", "currency": "IRR"}
    visits = shown["visits"]["nodes"]
    assert [visit["stage"]["key"] for visit in visits] == ["lead_generation", *stages, "follow_up"]
    assert [visit["seq"] for visit in visits] == [1, 2, 3, 4, 5, 6, 7]
    assert all(one["leftAt"] == other["enteredAt"] for one, other in pairwise(visits))
    assert visits[-1]["leftAt"] is None
    assert [visit["transition"] and visit["transition"]["key"] for visit in visits] == [
        None,
        "lead_generation_to_qualification",
        "qualification_to_contact",
        "contact_to_presentation",
        "presentation_to_objection_handling",
        "objection_handling_to_closing",
        "to_follow_up",
    ]
    assert {(visit["channel"], visit["actor"]["name"]) for visit in visits} == {("GRAPHQL", "Olivia Owner")}
    assert (visits[-1]["reason"], visits[0]["reason"]) == ("قیمت خوب", None)


async def test_facts_tell_of_moves_assignments_and_the_deal_won(workspace: Workspace) -> None:
    colleague, _ = await workspace.join(Role.REPRESENTATIVE)
    deal = await open_deal(workspace, "Deal", ownerId=str(colleague.member_id), amount={"amount": "10"})
    moved = await move(workspace, deal, "closing")
    await move(workspace, moved, "follow_up")
    told = await facts(workspace, deal["id"])
    assert [topic for topic, _ in told] == [
        "opportunity.assigned",
        "opportunity.stage_changed",
        "opportunity.stage_changed",
        "opportunity.won",
    ]
    assert (told[0][1]["member_id"], told[0][1]["title"]) == (str(colleague.member_id), "Deal")
    assert told[1][1] | {"visit_id": ""} == {
        "subject_id": deal["id"],
        "visit_id": "",
        "from_stage": "lead_generation",
        "to_stage": "closing",
        "transition": "lead_generation_to_closing",
        "status": "OPEN",
    }
    assert (told[3][1]["amount_minor"], told[3][1]["owner_id"]) == (1000, str(colleague.member_id))


async def test_losing_takes_a_reason_and_reopening_clears_the_end(workspace: Workspace) -> None:
    deal = await open_deal(workspace, openedOn="2020-01-01")
    input = {"opportunityId": deal["id"], "expectedVersion": deal["version"], "toStage": "lost"}
    for missing in ({}, {"reason": "  "}):
        refused = await workspace.do("advance", {**input, **missing}, MOVED)
        assert (refused["__typename"], refused["path"]) == ("ValidationProblem", ["input", "reason"])
    lost = await move(workspace, deal, "lost", reason="Too expensive", closedOn="2020-02-03")
    assert (lost["status"], lost["closedOn"], lost["closeReason"]) == ("LOST", "2020-02-03", "Too expensive")
    reopened = await move(workspace, lost, "closing", reason="They came back")
    assert (reopened["status"], reopened["closedOn"], reopened["closeReason"]) == ("OPEN", None, None)
    shown = await show(workspace, deal["id"])
    assert [visit["reason"] for visit in shown["visits"]["nodes"]] == [None, "Too expensive", "They came back"]


async def test_a_transition_can_be_named_instead_of_the_stage(workspace: Workspace) -> None:
    deal = await open_deal(workspace, stage="presentation")
    input = {"opportunityId": deal["id"], "expectedVersion": 1, "transition": "presentation_to_contact"}
    moved = await workspace.must("advance", input, MOVED)
    assert (moved["opportunity"]["stage"]["key"], moved["visit"]["seq"]) == ("contact", 2)


@pytest.mark.parametrize(
    ("fields", "problem", "path"),
    [
        ({}, "ValidationProblem", ["input", "toStage"]),
        ({"toStage": "closing", "transition": "to_lost"}, "ValidationProblem", ["input", "toStage"]),
        ({"toStage": "nowhere"}, "ValidationProblem", ["input", "toStage"]),
        ({"toStage": "lead_generation"}, "BlockedProblem", ["input", "toStage"]),
        ({"transition": "contact_to_closing"}, "BlockedProblem", ["input", "transition"]),
        ({"transition": "nonsense"}, "BlockedProblem", ["input", "transition"]),
        ({"toStage": "contact", "closedOn": "2020-01-01"}, "ValidationProblem", ["input", "closedOn"]),
        ({"toStage": "follow_up", "closedOn": "2999-01-01"}, "ValidationProblem", ["input", "closedOn"]),
        ({"toStage": "follow_up", "closedOn": "2019-12-31"}, "ValidationProblem", ["input", "closedOn"]),
        ({"toStage": "contact", "amount": {"amount": "-1"}}, "ValidationProblem", ["input", "amount"]),
        ({"toStage": "contact", "amount": {"amount": "many"}}, "ValidationProblem", ["input", "amount"]),
        ({"toStage": "contact", "reason": "x" * 2001}, "ValidationProblem", ["input", "reason"]),
        ({"toStage": "contact", "expectedVersion": 7}, "ConflictProblem", ["input", "expectedVersion"]),
        ({"toStage": "contact", "opportunityId": str(new_id())}, "NotFoundProblem", ["input", "opportunityId"]),
        ({"toStage": "contact", "opportunityId": "nonsense"}, "NotFoundProblem", ["input", "opportunityId"]),
    ],
)
async def test_a_move_that_cannot_be_changes_nothing(
    workspace: Workspace, fields: dict[str, Any], problem: str, path: list[str]
) -> None:
    deal = await open_deal(workspace, openedOn="2020-01-01")
    before = await show(workspace, deal["id"])
    refused = await workspace.do("advance", {"opportunityId": deal["id"], "expectedVersion": 1, **fields}, MOVED)
    assert (refused["__typename"], refused["path"]) == (problem, path)
    assert await show(workspace, deal["id"]) == before


async def test_a_blocked_move_says_what_is_possible(persian_workspace: Workspace) -> None:
    deal = await open_deal(persian_workspace)
    input = {"opportunityId": deal["id"], "expectedVersion": 1, "toStage": "lead_generation"}
    refused = await persian_workspace.do("advance", input, MOVED)
    assert refused["code"] == "BLOCKED"
    assert refused["message"] == (
        "این رکورد هم‌اکنون در مرحلهٔ «جذب سرنخ» است؛ مرحله‌های ممکن: ارزیابی، برقراری ارتباط، ارائه، رفع اعتراض، "
        "بستن فروش، پیگیری پس از فروش، از دست رفته."
    )


async def test_available_transitions_are_exactly_what_advance_accepts(workspace: Workspace) -> None:
    deal = await open_deal(workspace, stage="closing")
    data = await workspace.ask(
        "query($id: ID!) { opportunity(id: $id) { availableTransitions { name kind needsReason toStage { key } } } }",
        {"id": deal["id"]},
    )
    ways = data["opportunity"]["availableTransitions"]
    assert [(way["toStage"]["key"], way["kind"], way["needsReason"]) for way in ways] == [
        ("lead_generation", "BACK", False),
        ("qualification", "BACK", False),
        ("contact", "BACK", False),
        ("presentation", "BACK", False),
        ("objection_handling", "BACK", False),
        ("follow_up", "CLOSE_WON", False),
        ("lost", "CLOSE_LOST", True),
    ]
    assert ways[5]["name"] == "Win and enter Follow-up"
    won = await move(workspace, deal, "follow_up")
    shown = await show(workspace, won["id"])
    assert [way["key"] for way in shown["availableTransitions"]] == [
        f"follow_up_to_{stage}"
        for stage in ("lead_generation", "qualification", "contact", "presentation", "objection_handling", "closing")
    ]
    input = {"opportunityId": deal["id"], "expectedVersion": won["version"], "toStage": "lost", "reason": "no"}
    assert (await workspace.do("advance", input, MOVED))["__typename"] == "BlockedProblem"


async def test_fifty_at_once_and_one_moves_the_deal(workspace: Workspace) -> None:
    deal = await open_deal(workspace)
    stages = ["qualification", "contact", "presentation", "objection_handling", "closing"]
    inputs = [
        {"opportunityId": deal["id"], "expectedVersion": 1, "toStage": stages[number % 5]} for number in range(50)
    ]
    moved = "Advanced { opportunity { version } } ... on ConflictProblem { currentVersion }"
    answers = await asyncio.gather(*(workspace.do("advance", input, moved) for input in inputs))
    assert Counter(answer["__typename"] for answer in answers) == {"Advanced": 1, "ConflictProblem": 49}
    assert {answer["currentVersion"] for answer in answers if "currentVersion" in answer} == {2}
    shown = await show(workspace, deal["id"])
    assert (shown["version"], shown["visits"]["totalCount"]) == (2, 2)
    assert shown["visits"]["nodes"][-1]["stage"]["key"] == shown["stage"]["key"]


async def test_a_change_and_a_move_at_once_do_not_overwrite_each_other(workspace: Workspace) -> None:
    deal = await open_deal(workspace)
    advanced, updated = await asyncio.gather(
        workspace.do("advance", {"opportunityId": deal["id"], "expectedVersion": 1, "toStage": "contact"}, MOVED),
        workspace.do("updateOpportunity", {"id": deal["id"], "expectedVersion": 1, "name": "Renamed"}, DEAL),
    )
    assert {advanced["__typename"], updated["__typename"]} & {"ConflictProblem"}
    shown = await show(workspace, deal["id"])
    assert shown["version"] == 2
    assert (shown["stage"]["key"] == "contact") != (shown["name"] == "Renamed")


async def test_a_deal_is_changed_but_not_its_stage(workspace: Workspace) -> None:
    deal = await open_deal(workspace, "Old", amount={"amount": "5"})
    payload = await workspace.must(
        "updateOpportunity",
        {"id": deal["id"], "expectedVersion": 1, "name": "New", "amount": {"amount": "7.25", "currency": "EUR"}},
        DEAL,
    )
    assert payload["opportunity"] == {**deal, "name": "New", "version": 2}
    payload = await workspace.must("updateOpportunity", {"id": deal["id"], "expectedVersion": 2, "amount": None}, DEAL)
    shown = await show(workspace, deal["id"])
    assert (shown["name"], shown["amount"], shown["version"]) == ("New", None, 3)
    stale = await workspace.do("updateOpportunity", {"id": deal["id"], "expectedVersion": 2, "name": "Late"}, DEAL)
    assert stale["__typename"] == "ConflictProblem"
    unknown = await workspace.post(
        "mutation($input: UpdateOpportunityInput!) { updateOpportunity(input: $input) { __typename } }",
        {"input": {"id": deal["id"], "expectedVersion": 3, "stage": "closing"}},
    )
    assert unknown["errors"]


async def test_a_deal_is_given_to_a_colleague(workspace: Workspace) -> None:
    colleague, token = await workspace.join(Role.REPRESENTATIVE, name="Rita Rep")
    deal = await open_deal(workspace)
    input = {"opportunityId": deal["id"], "ownerId": str(colleague.member_id), "expectedVersion": 1}
    await workspace.must("assignOpportunity", input, DEAL)
    assert (await show(workspace, deal["id"]))["owner"] == {"name": "Rita Rep"}
    again = {**input, "expectedVersion": 2}
    await workspace.must("assignOpportunity", again, DEAL, token=token)
    assert [topic for topic, _ in await facts(workspace, deal["id"])] == ["opportunity.assigned"]


async def test_roles_decide_who_may_do_what(workspace: Workspace) -> None:
    _, viewer = await workspace.join(Role.VIEWER)
    deal = await open_deal(workspace)
    id = {"opportunityId": deal["id"], "expectedVersion": 1}
    tries: list[tuple[str, dict[str, Any], str]] = [
        ("createOpportunity", {"name": "No"}, DEAL),
        ("updateOpportunity", {"id": deal["id"], "expectedVersion": 1, "name": "No"}, DEAL),
        ("assignOpportunity", {**id, "ownerId": str(workspace.owner.member)}, DEAL),
        ("advance", {**id, "toStage": "contact"}, MOVED),
    ]
    for mutation, input, fields in tries:
        assert (await workspace.do(mutation, input, fields, token=viewer))["__typename"] == "ForbiddenProblem"
    data = await workspace.ask(
        "query($id: ID!) { opportunity(id: $id) { version availableTransitions { key } } }",
        {"id": deal["id"]},
        token=viewer,
    )
    assert data["opportunity"] == {"version": 1, "availableTransitions": []}


async def test_foreign_ids_are_worth_as_little_as_missing_ones(workspace: Workspace, stranger: Workspace) -> None:
    theirs = await open_deal(stranger)
    account = await stranger.must("createAccount", {"name": "Theirs"}, "AccountPayload { account { id } }")
    product = await stranger.must("createProduct", {"name": "Theirs"}, "ProductPayload { product { id } }")
    contact = await stranger.must("createContact", {"name": "Theirs"}, "ContactPayload { contact { id } }")
    foreign = {
        "accountId": account["account"]["id"],
        "productId": product["product"]["id"],
        "contactId": contact["contact"]["id"],
        "ownerId": str(stranger.owner.member),
    }
    for field, id in foreign.items():
        answers = [
            await workspace.do("createOpportunity", {"name": "Mine", field: tried}, DEAL)
            for tried in (id, str(new_id()), "nonsense")
        ]
        assert answers[0]["__typename"] == "NotFoundProblem"
        assert answers[0] == answers[1] == answers[2]
        listed = await workspace.ask(
            "query($filter: OpportunityFilter) { opportunities(filter: $filter) { totalCount } }",
            {"filter": {field: id}},
        )
        assert listed["opportunities"]["totalCount"] == 0
    assert await workspace.ask("query($id: ID!) { opportunity(id: $id) { id } }", {"id": theirs["id"]}) == {
        "opportunity": None
    }
    move_theirs = {"opportunityId": theirs["id"], "expectedVersion": 1, "toStage": "contact"}
    assert (await workspace.do("advance", move_theirs, MOVED))["__typename"] == "NotFoundProblem"
    assert (await show(stranger, theirs["id"]))["stage"]["key"] == "lead_generation"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": "  "}, ["input", "name"]),
        ({"name": "x" * 201}, ["input", "name"]),
        ({"name": "A", "amount": {"amount": "-3"}}, ["input", "amount"]),
        ({"name": "A", "amount": {"amount": "3", "currency": "XXX"}}, ["input", "amount"]),
        ({"name": "A", "openedOn": "2999-01-01"}, ["input", "openedOn"]),
        ({"name": "A", "stage": "nowhere"}, ["input", "stage"]),
        ({"name": "A", "stage": "follow_up"}, ["input", "stage"]),
        ({"name": "A", "stage": "lost"}, ["input", "stage"]),
    ],
)
async def test_a_deal_that_makes_no_sense_is_refused(
    workspace: Workspace, fields: dict[str, Any], path: list[str]
) -> None:
    refused = await workspace.do("createOpportunity", fields, DEAL)
    assert (refused["__typename"], refused["path"]) == ("ValidationProblem", path)
    assert (await workspace.ask("{ opportunities { totalCount } }"))["opportunities"]["totalCount"] == 0


async def test_time_does_not_run_back_between_two_machines(workspace: Workspace, clock: Clock) -> None:
    """A move by a machine whose clock is behind enters the stage when the one before was entered, not earlier."""
    deal = await open_deal(workspace)
    clock.advance(timedelta(seconds=40))
    deal = await move(workspace, deal, "contact")
    clock.advance(timedelta(seconds=-30))
    await move(workspace, deal, "closing")
    clock.advance(timedelta(seconds=30))
    visits = (await show(workspace, deal["id"]))["visits"]["nodes"]
    assert visits[1]["enteredAt"] == visits[1]["leftAt"] == visits[2]["enteredAt"]


async def test_the_list_is_filtered_ordered_and_paged(workspace: Workspace) -> None:
    colleague, _ = await workspace.join(Role.REPRESENTATIVE)
    small = await open_deal(workspace, "Alpha pumps", amount={"amount": "100"}, openedOn="2020-01-01")
    large = await open_deal(workspace, "Beta pumps", amount={"amount": "900"}, openedOn="2020-02-01", stage="closing")
    euros = await open_deal(workspace, "Gamma tubes", amount={"amount": "500", "currency": "EUR"})
    plain = await open_deal(workspace, "Delta tubes", ownerId=str(colleague.member_id), expectedCloseOn="2030-01-01")
    await move(workspace, small, "lost", reason="Gone", closedOn="2020-03-01")

    async def names(filter: dict[str, Any], order: str = "NAME") -> list[str]:
        data = await workspace.ask(
            "query($filter: OpportunityFilter, $order: OpportunityOrder) { "
            "opportunities(filter: $filter, orderBy: $order) { totalCount nodes { name } } }",
            {"filter": filter, "order": order},
        )
        found = [node["name"].split()[0] for node in data["opportunities"]["nodes"]]
        assert data["opportunities"]["totalCount"] == len(found)
        return found

    assert await names({}) == ["Alpha", "Beta", "Delta", "Gamma"]
    assert await names({"search": "PUMPS"}) == ["Alpha", "Beta"]
    assert await names({"stage": ["closing", "lost"]}) == ["Alpha", "Beta"]
    assert await names({"status": ["OPEN"]}) == ["Beta", "Delta", "Gamma"]
    assert await names({"ownerId": str(colleague.member_id)}) == ["Delta"]
    assert await names({"amountMin": {"amount": "100"}, "amountMax": {"amount": "899.99"}}) == ["Alpha"]
    assert await names({"amountMin": {"amount": "1", "currency": "EUR"}}) == ["Gamma"]
    assert await names({"openedFrom": "2020-02-01", "openedTo": "2020-02-01"}) == ["Beta"]
    assert await names({"closedFrom": "2020-03-01", "closedTo": "2020-03-31"}) == ["Alpha"]
    assert await names({"expectedFrom": "2029-01-01", "expectedTo": "2031-01-01"}) == ["Delta"]
    assert await names({}, "AMOUNT") == ["Beta", "Gamma", "Alpha", "Delta"]
    assert await names({}, "EXPECTED_CLOSE") == ["Delta", "Alpha", "Beta", "Gamma"]
    assert (await names({}, "OPENED"))[2:] == ["Beta", "Alpha"]
    assert (await names({}, "CLOSED"))[0] == "Alpha"
    assert (await names({}, "STAGE_ENTERED"))[0] == "Alpha"
    assert await names({}, "NEWEST") == ["Delta", "Gamma", "Beta", "Alpha"]
    assert {large["name"], euros["name"], plain["name"]} == {"Beta pumps", "Gamma tubes", "Delta tubes"}


@pytest.mark.parametrize("order", ["NEWEST", "NAME", "AMOUNT", "EXPECTED_CLOSE", "OPENED", "CLOSED", "STAGE_ENTERED"])
async def test_pages_join_without_a_gap_in_every_order(workspace: Workspace, order: str) -> None:
    for number in range(7):
        fields = {"amount": {"amount": str(number // 2)}} if number % 3 else {"openedOn": f"2020-01-0{number + 1}"}
        await open_deal(workspace, f"Deal {number % 4}", **fields)
    query = (
        "query($first: Int!, $after: String, $order: OpportunityOrder) { opportunities(first: $first, after: $after, "
        "orderBy: $order) { nodes { id } pageInfo { hasNextPage endCursor } } }"
    )
    whole = await workspace.ask(query, {"first": 100, "order": order})
    paged: list[str] = []
    after = None
    while True:
        page = (await workspace.ask(query, {"first": 2, "after": after, "order": order}))["opportunities"]
        paged += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert paged == [node["id"] for node in whole["opportunities"]["nodes"]]
    assert len(set(paged)) == 7


LIST = """{ opportunities(first: 50) { totalCount nodes {
  id name amount { formatted } account { name } contact { name } product { name } owner { name } stage { key name }
  availableTransitions { key toStage { key } } visits(first: 5) { nodes { seq stage { key } actor { name } } } } } }"""


async def test_a_list_costs_one_statement_per_level_however_long_it_is(workspace: Workspace) -> None:
    account = (await workspace.must("createAccount", {"name": "Acme"}, "AccountPayload { account { id } }"))["account"]
    for number in range(3):
        deal = await open_deal(workspace, f"Deal {number}", accountId=account["id"])
        await move(workspace, deal, "contact")
    await workspace.ask(LIST)
    with statements(workspace.database) as few:
        await workspace.ask(LIST)
    for number in range(9):
        await open_deal(workspace, f"More {number}", accountId=account["id"], stage="closing")
    with statements(workspace.database) as many:
        data = await workspace.ask(LIST)
    assert data["opportunities"]["totalCount"] == 12
    # who asks, the page, its count, accounts, owners, stages, visits with their stages and actors, transitions' stages
    assert len(few) <= 10
    assert len(many) <= len(few)


async def test_one_deal_costs_a_handful_of_statements(workspace: Workspace) -> None:
    deal = await open_deal(workspace)
    deal = await move(workspace, deal, "contact")
    await show(workspace, deal["id"])
    with statements(workspace.database) as seen:
        await show(workspace, deal["id"])
    assert len(seen) <= 10


async def test_a_move_writes_in_a_fixed_number_of_statements(workspace: Workspace) -> None:
    deal = await open_deal(workspace)
    with statements(workspace.database) as seen:
        await move(workspace, deal, "contact")
    written = [statement for statement in seen if not statement.startswith("SELECT")]
    # the old visit closed, the new one, the instance, the deal, the fact
    assert len(written) == 5
    assert len(seen) <= 14
