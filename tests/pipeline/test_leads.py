"""Leads as a client meets them, up to what they become."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.permissions import Role
from services.kit.tenancy import read
from tests.customers.test_accounts import add
from tests.customers.test_contacts import meet
from tests.support import Workspace

LEAD = (
    "LeadPayload { lead { id version name company email phone title note source lastSource outcome disqualifyReason "
    "owner { id } touches { totalCount nodes { source channel campaign } } } }"
)
CONVERTED = (
    "ConvertLeadPayload { lead { id version outcome account { name } contact { name } opportunity { name } } "
    "account { id name } contact { id name email phone accounts { nodes { role account { name } } } } "
    "opportunity { id name amount { amount currency } expectedCloseOn owner { id } "
    "account { name } contact { name } } }"
)
COUNTS = "{ accounts { totalCount } contacts { totalCount } opportunities { totalCount } }"


async def find(workspace: Workspace, name: str = "Sara Rad", **fields: Any) -> dict[str, Any]:
    lead: dict[str, Any] = (await workspace.must("createLead", {"name": name, **fields}, LEAD))["lead"]
    return lead


async def counts(workspace: Workspace) -> list[int]:
    return [part["totalCount"] for part in (await workspace.ask(COUNTS)).values()]


async def test_a_lead_is_added_with_what_brought_it(workspace: Workspace) -> None:
    touch = {"source": "Spring Fair", "channel": "EVENT", "campaign": "fair-26", "occurredAt": "2026-03-01T10:00:00Z"}
    lead = await find(
        workspace, company="Acme", email="sara@acme.example", phone="+47 22 22 55 55", title="CTO", **touch
    )
    assert lead == {
        "id": lead["id"],
        "version": 1,
        "name": "Sara Rad",
        "company": "Acme",
        "email": "sara@acme.example",
        "phone": "+4722225555",
        "title": "CTO",
        "note": None,
        "source": "Spring Fair",
        "lastSource": "Spring Fair",
        "outcome": "OPEN",
        "disqualifyReason": None,
        "owner": None,
        "touches": {"totalCount": 1, "nodes": [{"source": "Spring Fair", "channel": "EVENT", "campaign": "fair-26"}]},
    }


async def test_touches_are_kept_in_order_of_time_whenever_they_are_told(workspace: Workspace) -> None:
    lead = await find(workspace, source="Newsletter", occurredAt="2026-03-05T10:00:00Z")
    for source, moment in (("Website", "2026-03-01T10:00:00"), ("Call", None)):
        touch = {"id": lead["id"], "source": source, "occurredAt": moment}
        lead = (await workspace.must("recordLeadTouch", touch, LEAD))["lead"]
    assert (lead["source"], lead["lastSource"]) == ("Website", "Call")
    data = await workspace.ask(
        "query($id: ID!) { lead(id: $id) { touches(orderBy: LAST, first: 2) { totalCount nodes { source } } } }",
        {"id": lead["id"]},
    )
    assert data["lead"]["touches"] == {"totalCount": 3, "nodes": [{"source": "Call"}, {"source": "Newsletter"}]}
    later = {"id": lead["id"], "source": "Dream", "occurredAt": "2199-01-01T00:00:00Z"}
    answer = await workspace.do("recordLeadTouch", later, LEAD)
    assert (answer["__typename"], answer["path"]) == ("ValidationProblem", ["input", "occurredAt"])


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": " "}, ["input", "name"]),
        ({"name": "S", "email": "nowhere"}, ["input", "email"]),
        ({"name": "S", "phone": "12"}, ["input", "phone"]),
        ({"name": "S", "source": " "}, ["input", "source"]),
        ({"name": "S", "channel": "WEB"}, ["input", "source"]),
    ],
)
async def test_what_makes_no_sense_is_refused_where_it_stands(
    workspace: Workspace, fields: dict[str, Any], path: list[str]
) -> None:
    answer = await workspace.do("createLead", fields, LEAD)
    assert (answer["__typename"], answer["path"]) == ("ValidationProblem", path)
    assert (await workspace.ask("{ leads { totalCount } }"))["leads"]["totalCount"] == 0


async def test_a_change_decided_on_an_old_version_is_refused(workspace: Workspace) -> None:
    lead = await find(workspace)
    change = {"id": lead["id"], "expectedVersion": 1}
    lead = (await workspace.must("updateLead", change | {"company": "Acme", "note": "Call in May"}, LEAD))["lead"]
    assert (lead["company"], lead["name"], lead["version"]) == ("Acme", "Sara Rad", 2)
    for mutation, more in (
        ("updateLead", {"company": "Other"}),
        ("assignLead", {"ownerId": str(workspace.owner.member)}),
        ("disqualifyLead", {"reason": "No budget"}),
        ("convertLead", {"opportunityName": "Deal"}),
    ):
        answer = await workspace.do(mutation, change | more, CONVERTED if mutation == "convertLead" else LEAD)
        assert (answer["__typename"], answer["path"]) == ("ConflictProblem", ["input", "expectedVersion"]), mutation


async def test_a_lead_is_disqualified_for_a_reason_and_is_then_left_alone(workspace: Workspace) -> None:
    lead = await find(workspace)
    change = {"id": lead["id"], "expectedVersion": 1}
    answer = await workspace.do("disqualifyLead", change | {"reason": "  "}, LEAD)
    assert (answer["__typename"], answer["path"]) == ("ValidationProblem", ["input", "reason"])
    lead = (await workspace.must("disqualifyLead", change | {"reason": "No budget"}, LEAD))["lead"]
    assert (lead["outcome"], lead["disqualifyReason"]) == ("DISQUALIFIED", "No budget")
    change["expectedVersion"] = lead["version"]
    for mutation, more in (
        ("updateLead", {"company": "Other"}),
        ("assignLead", {"ownerId": str(workspace.owner.member)}),
        ("disqualifyLead", {"reason": "Again"}),
        ("convertLead", {"opportunityName": "Deal"}),
    ):
        answer = await workspace.do(mutation, change | more, CONVERTED if mutation == "convertLead" else LEAD)
        assert (answer["__typename"], answer["message"]) == ("BlockedProblem", "This lead has been disqualified.")
    assert await counts(workspace) == [0, 0, 0]


async def test_an_assignment_is_announced_and_the_moment_kept(workspace: Workspace) -> None:
    seller, _ = await workspace.join(Role.REPRESENTATIVE)
    lead = await find(workspace, company="Acme")
    change = {"id": lead["id"], "ownerId": str(seller.member)}
    given = (await workspace.must("assignLead", change | {"expectedVersion": 1}, LEAD))["lead"]
    again = (await workspace.must("assignLead", change | {"expectedVersion": given["version"]}, LEAD))["lead"]
    assert (given["owner"], again["version"]) == ({"id": str(seller.member)}, given["version"])
    at_once = await find(workspace, "Kim", ownerId=str(seller.member))
    async with read(workspace.database, workspace.owner) as session:
        facts = (await session.scalars(select(Outbox).where(Outbox.kind == "lead.assigned").order_by(Outbox.id))).all()
    assert [(fact.payload["subject_id"], fact.payload["member_id"], fact.payload["title"]) for fact in facts] == [
        (lead["id"], str(seller.member), "Sara Rad (Acme)"),
        (at_once["id"], str(seller.member), "Kim"),
    ]
    free = change | {"ownerId": None, "expectedVersion": given["version"]}
    assert (await workspace.must("assignLead", free, LEAD))["lead"]["owner"] is None


async def test_who_may_not_assign_takes_what_is_nobodys(workspace: Workspace) -> None:
    seller, token = await workspace.join(Role.REPRESENTATIVE)
    other, other_token = await workspace.join(Role.REPRESENTATIVE)
    lead = await find(workspace)
    change = {"id": lead["id"], "expectedVersion": 1}
    answer = await workspace.do("assignLead", change | {"ownerId": str(other.member)}, LEAD, token=token)
    assert answer["__typename"] == "ForbiddenProblem"
    mine = change | {"ownerId": str(seller.member)}
    lead = (await workspace.must("assignLead", mine, LEAD, token=token))["lead"]
    change["expectedVersion"] = lead["version"]
    for stolen in (str(other.member), None):
        answer = await workspace.do("assignLead", change | {"ownerId": stolen}, LEAD, token=other_token)
        assert answer["__typename"] == "ForbiddenProblem"
    answer = await workspace.do("createLead", {"name": "S", "ownerId": str(other.member)}, LEAD, token=token)
    assert answer["__typename"] == "ForbiddenProblem"
    own = await workspace.must("createLead", {"name": "S", "ownerId": str(seller.member)}, LEAD, token=token)
    assert own["lead"]["owner"] == {"id": str(seller.member)}


async def test_a_lead_is_not_given_to_somebody_who_only_looks(workspace: Workspace) -> None:
    viewer, _ = await workspace.join(Role.VIEWER)
    answer = await workspace.do("createLead", {"name": "S", "ownerId": str(viewer.member)}, LEAD)
    assert (answer["__typename"], answer["path"]) == ("ValidationProblem", ["input", "ownerId"])


async def test_a_lead_becomes_account_contact_and_opportunity(workspace: Workspace) -> None:
    seller, token = await workspace.join(Role.REPRESENTATIVE)
    lead = await find(
        workspace,
        company="Acme",
        email="sara@acme.example",
        phone="+47 22 22 55 55",
        title="CTO",
        ownerId=str(seller.member),
    )
    done = await workspace.must(
        "convertLead",
        {
            "id": lead["id"],
            "expectedVersion": 1,
            "opportunityName": "Acme: 20 seats",
            "amount": {"amount": "12,500.50"},
            "expectedCloseOn": "2027-01-15",
        },
        CONVERTED,
        token=token,
    )
    assert done["lead"] == {
        "id": lead["id"],
        "version": 2,
        "outcome": "CONVERTED",
        "account": {"name": "Acme"},
        "contact": {"name": "Sara Rad"},
        "opportunity": {"name": "Acme: 20 seats"},
    }
    assert done["contact"] == {
        "id": done["contact"]["id"],
        "name": "Sara Rad",
        "email": "sara@acme.example",
        "phone": "+4722225555",
        "accounts": {"nodes": [{"role": "CTO", "account": {"name": "Acme"}}]},
    }
    assert done["opportunity"] == {
        "id": done["opportunity"]["id"],
        "name": "Acme: 20 seats",
        "amount": {"amount": "12500.50", "currency": "USD"},
        "expectedCloseOn": "2027-01-15",
        "owner": {"id": str(seller.member)},
        "account": {"name": "Acme"},
        "contact": {"name": "Sara Rad"},
    }
    again = {"id": lead["id"], "expectedVersion": 2, "opportunityName": "Twice"}
    answer = await workspace.do("convertLead", again, CONVERTED)
    assert (answer["__typename"], answer["message"]) == ("BlockedProblem", "This lead has been converted already.")
    assert await counts(workspace) == [1, 1, 1]


async def test_conversion_finds_who_is_known_already(persian_workspace: Workspace) -> None:
    account = await add(persian_workspace, "شرکت کیمیا")
    contact = await meet(persian_workspace, "سارا راد", email="Sara@Kimia.ir")
    lead = await find(persian_workspace, "سارا", company="شركت  كيميا", email="sara@kimia.IR")
    change = {"id": lead["id"], "expectedVersion": 1, "opportunityName": "معاملهٔ یک"}
    done = await persian_workspace.must("convertLead", change, CONVERTED)
    assert (done["account"]["id"], done["contact"]["id"]) == (account["id"], contact["id"])
    assert done["contact"]["accounts"]["nodes"] == [{"role": None, "account": {"name": "شرکت کیمیا"}}]
    other = await add(persian_workspace, "پارس")
    lead = await find(persian_workspace, "کسی", company="شرکت کیمیا")
    change = {"id": lead["id"], "expectedVersion": 1, "opportunityName": "دو", "accountId": other["id"]}
    done = await persian_workspace.must("convertLead", change | {"contactId": contact["id"]}, CONVERTED)
    assert (done["account"]["id"], done["contact"]["id"]) == (other["id"], contact["id"])
    assert await counts(persian_workspace) == [2, 1, 2]


async def test_a_shared_address_tells_nobody_apart(workspace: Workspace) -> None:
    for name in ("One", "Other"):
        await meet(workspace, name, email="office@acme.example")
    lead = await find(workspace, email="office@acme.example")
    change = {"id": lead["id"], "expectedVersion": 1, "opportunityName": "Deal"}
    done = await workspace.must("convertLead", change, CONVERTED)
    assert done["contact"]["name"] == "Sara Rad"


async def test_a_person_without_a_company_becomes_a_contact_with_a_deal(workspace: Workspace) -> None:
    lead = await find(workspace)
    change = {"id": lead["id"], "expectedVersion": 1, "opportunityName": "Deal"}
    done = await workspace.must("convertLead", change, CONVERTED)
    assert (done["account"], done["opportunity"]["account"]) == (None, None)
    assert done["opportunity"]["owner"] == {"id": str(workspace.owner.member)}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"opportunityName": " "}, ["input", "opportunityName"]),
        ({"opportunityName": "Deal", "accountName": "x" * 201}, ["input", "accountName"]),
        ({"opportunityName": "Deal", "accountName": "ـ"}, ["input", "accountName"]),
        ({"opportunityName": "Deal", "amount": {"amount": "much"}}, ["input", "amount"]),
        ({"opportunityName": "Deal", "amount": {"amount": "-1"}}, ["input", "amount"]),
    ],
)
async def test_a_conversion_that_fails_leaves_nothing_behind(
    workspace: Workspace, fields: dict[str, Any], path: list[str]
) -> None:
    lead = await find(workspace, company="Acme")
    answer = await workspace.do("convertLead", {"id": lead["id"], "expectedVersion": 1, **fields}, CONVERTED)
    assert (answer["__typename"], answer["path"]) == ("ValidationProblem", path)
    assert await counts(workspace) == [0, 0, 0]
    data = await workspace.ask("query($id: ID!) { lead(id: $id) { outcome version } }", {"id": lead["id"]})
    assert data["lead"] == {"outcome": "OPEN", "version": 1}


async def test_of_parallel_conversions_one_succeeds(workspace: Workspace) -> None:
    lead = await find(workspace, company="Acme", email="sara@acme.example")
    change = {"id": lead["id"], "expectedVersion": 1, "opportunityName": "Deal"}
    answers = await asyncio.gather(*(workspace.do("convertLead", change, CONVERTED) for _ in range(8)))
    assert sorted(answer["__typename"] for answer in answers) == ["ConflictProblem"] * 7 + ["ConvertLeadPayload"]
    assert await counts(workspace) == [1, 1, 1]


async def test_leads_of_one_new_company_converted_at_once_share_its_account(workspace: Workspace) -> None:
    leads = [await find(workspace, f"Person {n}", company="Acme") for n in range(6)]
    answers = await asyncio.gather(
        *(
            workspace.must(
                "convertLead", {"id": lead["id"], "expectedVersion": 1, "opportunityName": f"Deal {n}"}, CONVERTED
            )
            for n, lead in enumerate(leads)
        )
    )
    assert len({answer["account"]["id"] for answer in answers}) == 1
    assert await counts(workspace) == [1, 6, 6]


async def test_leads_of_one_person_converted_at_once_share_the_contact(workspace: Workspace) -> None:
    leads = [await find(workspace, f"Lead {number}", email="kim@acme.example") for number in range(6)]
    answers = await asyncio.gather(
        *(
            workspace.must(
                "convertLead", {"id": lead["id"], "expectedVersion": 1, "opportunityName": lead["name"]}, CONVERTED
            )
            for lead in leads
        )
    )
    assert len({answer["contact"]["id"] for answer in answers}) == 1
    assert await counts(workspace) == [0, 1, 6]


async def test_converting_and_disqualifying_at_once_leaves_one_outcome(workspace: Workspace) -> None:
    lead = await find(workspace, company="Acme")
    change = {"id": lead["id"], "expectedVersion": 1}
    answers = await asyncio.gather(
        workspace.do("convertLead", change | {"opportunityName": "Deal"}, CONVERTED),
        workspace.do("disqualifyLead", change | {"reason": "No budget"}, LEAD),
    )
    kinds = sorted(answer["__typename"] for answer in answers)
    assert kinds in (["ConflictProblem", "ConvertLeadPayload"], ["ConflictProblem", "LeadPayload"])
    data = await workspace.ask("{ leads { nodes { outcome } } opportunities { totalCount } }")
    converted = data["leads"]["nodes"][0]["outcome"] == "CONVERTED"
    assert converted == (kinds[1] == "ConvertLeadPayload") == (data["opportunities"]["totalCount"] == 1)


async def test_a_viewer_reads_and_does_not_write(workspace: Workspace) -> None:
    lead = await find(workspace)
    viewer, token = await workspace.join(Role.VIEWER)
    data = await workspace.ask("{ leads { nodes { name } } }", token=token)
    assert data["leads"]["nodes"] == [{"name": "Sara Rad"}]
    change = {"id": lead["id"], "expectedVersion": 1}
    for mutation, fields in (
        ("createLead", {"name": "Other"}),
        ("updateLead", change | {"name": "Other"}),
        ("recordLeadTouch", {"id": lead["id"], "source": "Web"}),
        ("assignLead", change | {"ownerId": str(viewer.member)}),
        ("disqualifyLead", change | {"reason": "R"}),
        ("convertLead", change | {"opportunityName": "Deal"}),
    ):
        selection = CONVERTED if mutation == "convertLead" else LEAD
        answer = await workspace.do(mutation, fields, selection, token=token)
        assert answer["__typename"] == "ForbiddenProblem", mutation


async def test_foreign_and_missing_ids_answer_alike(workspace: Workspace, stranger: Workspace) -> None:
    mine, theirs = await find(workspace), await find(stranger)
    their_account, their_contact = await add(stranger, "Theirs"), await meet(stranger, "Theirs")
    for lead_id, account_id, contact_id, member_id in (
        (theirs["id"], their_account["id"], their_contact["id"], str(stranger.owner.member)),
        (str(new_id()),) * 4,
        ("?",) * 4,
    ):
        assert await workspace.ask("query($id: ID!) { lead(id: $id) { name } }", {"id": lead_id}) == {"lead": None}
        data = await workspace.ask(
            "query($id: ID!) { leads(filter: {ownerId: $id}) { totalCount } }", {"id": member_id}
        )
        assert data["leads"]["totalCount"] == 0
        bad, good = {"id": lead_id, "expectedVersion": 1}, {"id": mine["id"], "expectedVersion": 1}
        deal = {"opportunityName": "Deal"}
        for mutation, fields, path in (
            ("createLead", {"name": "S", "ownerId": member_id}, "ownerId"),
            ("updateLead", bad | {"name": "S"}, "id"),
            ("recordLeadTouch", {"id": lead_id, "source": "Web"}, "id"),
            ("assignLead", bad | {"ownerId": str(workspace.owner.member)}, "id"),
            ("assignLead", good | {"ownerId": member_id}, "ownerId"),
            ("disqualifyLead", bad | {"reason": "R"}, "id"),
            ("convertLead", bad | deal, "id"),
            ("convertLead", good | deal | {"accountId": account_id}, "accountId"),
            ("convertLead", good | deal | {"contactId": contact_id}, "contactId"),
            ("convertLead", good | deal | {"ownerId": member_id}, "ownerId"),
        ):
            answer = await workspace.do(mutation, fields, CONVERTED if mutation == "convertLead" else LEAD)
            assert (answer["__typename"], answer["path"]) == ("NotFoundProblem", ["input", path]), mutation
    data = await stranger.ask("query($id: ID!) { lead(id: $id) { version outcome } }", {"id": theirs["id"]})
    assert data["lead"] == {"version": 1, "outcome": "OPEN"}
    assert await counts(workspace) == [0, 0, 0]


async def test_leads_are_filtered_and_searched(persian_workspace: Workspace) -> None:
    me = str(persian_workspace.owner.member)
    sara = await find(persian_workspace, "سارا راد", company="شرکت کیمیا", source="نمایشگاه", ownerId=me)
    await find(persian_workspace, "آرش", email="arash@pars.ir", phone="09123456789", source="وب")
    change = {"id": sara["id"], "expectedVersion": 1, "reason": "بودجه ندارد"}
    await persian_workspace.must("disqualifyLead", change, LEAD)
    asked = "query($f: LeadFilter, $o: LeadOrder) { leads(filter: $f, orderBy: $o) { totalCount nodes { name } } }"
    for wanted, order, found in (
        (None, None, ["آرش", "سارا راد"]),
        (None, "NAME", ["آرش", "سارا راد"]),
        ({"outcome": ["DISQUALIFIED"]}, None, ["سارا راد"]),
        ({"outcome": ["OPEN"]}, None, ["آرش"]),
        ({"ownerId": me}, None, ["سارا راد"]),
        ({"owned": False}, None, ["آرش"]),
        ({"owned": True}, None, ["سارا راد"]),
        ({"source": "نمايشگاه"}, None, ["سارا راد"]),
        ({"search": "كيميا"}, None, ["سارا راد"]),
        ({"search": "pars.ir"}, None, ["آرش"]),
        ({"search": "۰۹۱۲۳۴۵۶۷۸۹"}, None, ["آرش"]),
    ):
        leads = (await persian_workspace.ask(asked, {"f": wanted, "o": order}))["leads"]
        assert [node["name"] for node in leads["nodes"]] == found, wanted
        assert leads["totalCount"] == len(found)
