"""One record of every kind in a workspace, made the way people make them, so that walls have something behind them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.kit.ids import new_id
from services.kit.outbox import Fact, emit
from services.kit.permissions import Role
from services.kit.tenancy import write
from services.reminders.models import NotificationKind
from services.reminders.service import notify
from tests.imports.steps import MEMBERS, run, upload
from tests.support import Workspace
from tests.working import work_off


class Something(Fact):
    """A fact that nobody listens to."""

    topic = "test.something"


async def furnish(workspace: Workspace) -> dict[str, str]:
    """Makes one record of every kind and gives their ids by kind; every tenant table has a row afterwards."""
    ids: dict[str, str] = {}

    async def make(kind: str, mutation: str, **input: object) -> None:
        payload = f"{kind[0].upper()}{kind[1:]}Payload {{ {kind} {{ id }} }}"
        ids[kind] = (await workspace.must(mutation, dict(input), payload))[kind]["id"]

    caller, _ = await workspace.join(Role.REPRESENTATIVE, name="Rosa Representative")
    ids["member"] = str(caller.member_id)
    await make("account", "createAccount", name="Walled Ltd", ownerId=ids["member"])
    await make("contact", "createContact", name="Wanda Wall", email="wanda@example.com")
    await make("product", "createProduct", name="Brick", price={"amount": "10"})
    linked = {"accountId": ids["account"], "contactId": ids["contact"], "role": "buyer"}
    await workspace.must("linkContact", linked, "ContactPayload { contact { id } }")
    await make("opportunity", "createOpportunity", name="A wall", accountId=ids["account"], productId=ids["product"])
    await make("lead", "createLead", name="Larry Lead", source="Fair")
    await make("ticket", "openTicket", subject="A crack", type="INCIDENT", accountId=ids["account"], body="Look.")
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await make("reminder", "setReminder", text="Look at the wall", remindAt=soon)
    await make("invitation", "inviteMember", email=f"{new_id().hex}@example.com", role="VIEWER")
    processes = await workspace.ask("{ processes { nodes { id } } }")
    ids["process"] = processes["processes"]["nodes"][0]["id"]
    ids["importRun"] = (
        await run(workspace, b"sales_agent,manager,regional_office\nSam Seller,,North\n,,South\n", **MEMBERS)
    )["id"]
    ids["upload"] = await upload(workspace, b"sales_agent\nSomeone\n")
    period = {"from": "2026-01-01", "to": "2026-12-31"}
    asked = {"kind": "SALES_PERFORMANCE", "formats": ["JSON"], **period}
    requested = await workspace.must("requestReport", asked, "ReportRunPayload { reportRun { id } }")
    ids["reportRun"] = requested["reportRun"]["id"]
    async with write(workspace.database, workspace.owner) as (session, at):
        emit(session, workspace.owner, Something(subject_id=UUID(ids["ticket"])), at=at)
        notification = await notify(
            session,
            workspace.owner,
            member_id=workspace.owner.member,
            kind=NotificationKind.TICKET_ASSIGNED,
            title="A crack",
            subject_kind=None,
            subject_id=None,
            cause_id=new_id(),
            at=at,
        )
        assert notification is not None
        ids["notification"] = str(notification.id)
    await workspace.api.http.post(
        "/graphql",
        json={"query": 'mutation { createAccount(input: { name: "Keyed Ltd" }) { __typename } }'},
        headers={"authorization": f"Bearer {workspace.token}", "idempotency-key": "furnish"},
    )
    await work_off(workspace.database, workspace.id)
    return ids
