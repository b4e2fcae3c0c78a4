"""The whole story against running servers: from an empty home to a deal won, a report in hand and a ticket settled.

`ravand up` is started the way a person starts it; all the rest goes over HTTP, and mails are read from the mail folder.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest

from services.local.postgres import start_postgres
from services.local.processes import free_port
from services.local.runtime import read_running
from services.local.valkey import start_valkey
from tests.imports.steps import ACCOUNTS, MEMBERS, OPPORTUNITIES, PRODUCTS
from tests.local.conftest import CHECKOUT, clean_environment, new_home
from tests.mailbox import letters, token_of

T = TypeVar("T")
PROBLEM = "__typename ... on Problem { code message path }"
PATIENCE = 120.0


def wait_for(look: Callable[[], T | None], what: str, *, seconds: float = PATIENCE) -> T:
    """Looks until something is there; the wait is a bound on a hang, not a claim about speed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come about")


@dataclass
class Product:
    """A running `ravand up` and a client of it."""

    home: Path
    port: int
    process: subprocess.Popen[str]
    http: httpx2.Client
    lines: list[str] = field(default_factory=list)
    token: str = ""

    def post(self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {token or self.token}"} if token or self.token else {}
        body = {"query": query, "variables": variables or {}}
        answer: dict[str, Any] = self.http.post("/graphql", json=body, headers=headers).json()
        return answer

    def ask(self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None) -> dict[str, Any]:
        answer = self.post(query, variables, token=token)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def do(self, mutation: str, input: dict[str, Any], fields: str, *, token: str | None = None) -> dict[str, Any]:
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {PROBLEM} ... on {fields} }} }}"
        answer: dict[str, Any] = self.ask(query, {"input": input}, token=token)[mutation]
        return answer

    def must(self, mutation: str, input: dict[str, Any], fields: str, *, token: str | None = None) -> dict[str, Any]:
        answer = self.do(mutation, input, fields, token=token)
        assert "Problem" not in answer["__typename"], answer
        return answer

    def mails(self, address: str) -> list[EmailMessage]:
        """Gives the mails to an address, the oldest first."""
        return letters(self.home / "mail", address)

    def sign_up(self, address: str, workspace: str, locale: str) -> dict[str, Any]:
        """Signs a stranger up, reads the mail, verifies the address and gives the session."""
        password = "a long enough passphrase"
        self.must(
            "signUp",
            {
                "email": address,
                "password": password,
                "name": "Stranger",
                "workspaceName": workspace,
                "locale": locale,
            },
            "SignUpPayload { email }",
            token="",
        )
        mail = wait_for(lambda: self.mails(address), "the verification mail")[-1]
        token = token_of(mail)
        session = self.must("verifyEmail", {"token": token}, "SessionPayload { accessToken refreshToken }", token="")
        again = self.do("verifyEmail", {"token": token}, "SessionPayload { accessToken }", token="")
        assert again["__typename"] == "UnauthenticatedProblem"
        return session


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    home, port = new_home(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.local", "up"],
            env=clean_environment(
                {
                    "RAVAND_HOME": str(home),
                    "RAVAND_PORT": str(port),
                    "PYTHONPATH": str(CHECKOUT),
                    "RAVAND_LEASE_SECONDS": "3",
                }
            ),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            running = Product(home, port, process, http)
            reader = threading.Thread(target=_keep_lines, args=(running,))
            reader.start()
            try:
                wait_for(lambda: _ready(running), "a ready API")
                yield running
            finally:
                process.send_signal(signal.SIGINT)
                code = process.wait(timeout=60)
                reader.join()
                for server in (start_valkey(home), start_postgres(home)):
                    server.stop()
                assert code == 0, "".join(running.lines)[-4000:]


def _keep_lines(running: Product) -> None:
    assert running.process.stdout is not None
    with running.process.stdout as output:
        running.lines.extend(output)


def _ready(running: Product) -> bool:
    if running.process.poll() is not None:
        raise AssertionError("".join(running.lines)[-4000:])
    try:
        return bool(running.http.get("/readyz").status_code == 200)
    except httpx2.HTTPError:
        return False


IMPORT = (
    "importRun(id: $id) { state failure totals { created updated unchanged failed warnings } progress { percent } }"
)


def bring_in(product: Product, content: bytes, name: str, how: dict[str, Any]) -> dict[str, Any]:
    """Uploads a file, starts its import and waits for its end."""
    announced = product.must(
        "createUpload",
        {"fileName": name, "mediaType": "text/csv", "size": len(content)},
        "UploadPayload { upload { id url } }",
    )["upload"]
    assert product.http.put(announced["url"], content=content).status_code == 200
    started = product.must("startImport", {"uploadId": announced["id"], **how}, "ImportRunPayload { importRun { id } }")

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = product.ask(f"query($id: ID!) {{ {IMPORT} }}", {"id": started["importRun"]["id"]})[
            "importRun"
        ]
        return run if run["state"] not in ("QUEUED", "RUNNING", "WAITING") else None

    run = wait_for(ended, f"the end of importing {name}")
    assert run["failure"] is None, run
    return run


SMALL = {
    "sales_teams.csv": b"sales_agent,manager,regional_office\nMoses Frase,Dustin Brinkmann,Central\n",
    "accounts.csv": b"account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
    b"Cancity,retail,2001,718.62,2448,United States,\n",
    "products.csv": b"product,series,sales_price\nGTX Pro,GTX,4821\n",
    "sales_pipeline.csv": b"opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
    b"AAAA0001,Moses Frase,GTXPro,Cancity,Won,10/20/2016,3/1/2017,1054\n"
    b"AAAA0002,Moses Frase,GTXPro,Cancity,Lost,10/25/2016,3/11/2017,0\n"
    b"AAAA0003,Moses Frase,GTXPro,,Engaging,10/25/2016,,\n"
    b"AAAA0004,Moses Frase,GTXPro,Cancity,Prospecting,,,\n",
}
FIGURES = "won lost open winRate averageCycleDays"


def test_from_an_empty_home_to_a_deal_won(product: Product) -> None:
    # A stranger signs up for a free trial and gets a workspace of seven stages.
    session = product.sign_up("stranger@example.com", "Stranger Ltd", "EN")
    product.token = session["accessToken"]
    viewer = product.ask("{ viewer { member { id role } workspace { state name locale } } }")["viewer"]
    assert viewer["workspace"] == {"state": "TRIAL", "name": "Stranger Ltd", "locale": "EN"}
    assert viewer["member"]["role"] == "OWNER"
    board = product.ask("{ board { stages { stage { key kind } count } } }")["board"]["stages"]
    assert [column["stage"]["key"] for column in board][:7] == [
        "lead_generation",
        "qualification",
        "contact",
        "presentation",
        "objection_handling",
        "closing",
        "follow_up",
    ]
    assert sum(column["count"] for column in board) == 0

    # A real sales history comes in: the worker does it, and is killed while it does.
    folder = CHECKOUT.parent / "shared" / "data" / "crm_sales_opportunities"
    files = {name: (folder / name).read_bytes() if folder.is_dir() else small for name, small in SMALL.items()}
    for name, how in (("sales_teams.csv", MEMBERS), ("accounts.csv", ACCOUNTS), ("products.csv", PRODUCTS)):
        assert bring_in(product, files[name], name, how)["totals"]["failed"] == 0
    running = read_running(product.home)
    assert running is not None
    killer = threading.Timer(1.0, os.kill, (running.children["worker"], signal.SIGKILL))
    killer.start()
    first = bring_in(product, files["sales_pipeline.csv"], "sales_pipeline.csv", OPPORTUNITIES)
    killer.join()
    rows = files["sales_pipeline.csv"].count(b"\n") - 1
    assert sum(first["totals"][part] for part in ("created", "updated", "unchanged")) == rows
    second = bring_in(product, files["sales_pipeline.csv"], "sales_pipeline.csv", OPPORTUNITIES)
    assert second["totals"]["unchanged"] == rows
    assert second["totals"]["created"] == second["totals"]["updated"] == 0
    assert product.ask("{ opportunities { totalCount } }")["opportunities"]["totalCount"] == rows

    # A deal is worked through the stages to "won".
    account = product.must("createAccount", {"name": "Aria Trading"}, "AccountPayload { account { id } }")["account"]
    deal = product.must(
        "createOpportunity",
        {"name": "Twenty servers", "accountId": account["id"], "amount": {"amount": "12500"}},
        "OpportunityPayload { opportunity { id version stage { key } } }",
    )["opportunity"]
    stale = deal["version"]
    for stage in ("qualification", "contact", "presentation", "objection_handling", "closing", "follow_up"):
        moved = product.must(
            "advance",
            {"opportunityId": deal["id"], "toStage": stage, "expectedVersion": deal["version"]},
            "Advanced { opportunity { id version status stage { key } } }",
        )["opportunity"]
        assert moved["stage"]["key"] == stage
        deal = moved
    assert deal["status"] == "WON"
    late = product.do(
        "advance",
        {"opportunityId": deal["id"], "toStage": "closing", "expectedVersion": stale},
        "Advanced { __typename }",
    )
    assert late["__typename"] == "ConflictProblem"
    nowhere = product.do(
        "advance",
        {"opportunityId": deal["id"], "toStage": "nowhere", "expectedVersion": deal["version"]},
        "Advanced { __typename }",
    )
    assert "Problem" in nowhere["__typename"]
    path = product.ask(
        "query($id: ID!) { opportunity(id: $id) { visits(first: 20) { nodes { stage { key } } } } }", {"id": deal["id"]}
    )
    assert len(path["opportunity"]["visits"]["nodes"]) == 7

    # A reminder arrives, in the product and by mail, once.
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    product.must(
        "setReminder",
        {"text": "Call Aria Trading", "remindAt": soon, "subjectKind": "ACCOUNT", "subjectId": account["id"]},
        "ReminderPayload { reminder { id } }",
    )
    asked = "{ notifications { totalCount nodes { title } } }"
    wait_for(lambda: product.ask(asked)["notifications"]["totalCount"], "the notification")
    wait_for(lambda: len(product.mails("stranger@example.com")) > 1, "the mail of the reminder")
    assert product.ask(asked)["notifications"]["totalCount"] == 1

    # A report is rendered by a worker, and its figures are those that GraphQL gives.
    period = {"from": "2016-01-01", "to": "2017-12-31"}
    requested = product.must(
        "requestReport",
        {"kind": "SALES_PERFORMANCE", **period, "formats": ["XLSX", "JSON"]},
        "ReportRunPayload { reportRun { id } }",
    )["reportRun"]

    def rendered() -> dict[str, Any] | None:
        run: dict[str, Any] = product.ask(
            "query($id: ID!) { reportRun(id: $id) { state files { format url size } } }", {"id": requested["id"]}
        )["reportRun"]
        assert run["state"] != "FAILED", run
        return run if run["state"] == "COMPLETED" else None

    report = wait_for(rendered, "the report")
    links = {file["format"]: file for file in report["files"]}
    sheet = product.http.get(links["XLSX"]["url"])
    assert (sheet.status_code, sheet.content[:2], len(sheet.content)) == (200, b"PK", links["XLSX"]["size"])
    figures = json.loads(product.http.get(links["JSON"]["url"]).content)
    asked_figures = product.ask(
        f"query($from: Date!, $to: Date!) {{ salesPerformance(from: $from, to: $to) {{ total {{ {FIGURES} }} }} }}",
        period,
    )["salesPerformance"]["total"]
    assert {name: figures["total"][name] for name in asked_figures} == asked_figures
    if folder.is_dir():
        assert (asked_figures["won"], asked_figures["lost"]) == (4238, 2473)
        assert asked_figures["winRate"] == "63.1501"
    forged = links["JSON"]["url"][:-3] + "AAA"
    assert product.http.get(forged).status_code == 404

    # The customer is looked after: a ticket is opened, answered, assigned, settled and opened again.
    ticket = product.must(
        "openTicket",
        {"subject": "The screen stays dark", "type": "INCIDENT", "accountId": account["id"]},
        "TicketPayload { ticket { id number version state } }",
    )["ticket"]
    assert ticket["number"] == 1
    product.must(
        "replyToTicket", {"id": ticket["id"], "body": "We are looking into it."}, "TicketPayload { ticket { id } }"
    )
    product.must("addInternalNote", {"id": ticket["id"], "body": "Known fault."}, "TicketPayload { ticket { id } }")
    for mutation, state in (("resolveTicket", "RESOLVED"), ("reopenTicket", "OPEN")):
        version = product.ask("query($id: ID!) { ticket(id: $id) { version } }", {"id": ticket["id"]})["ticket"][
            "version"
        ]
        now = product.must(
            mutation, {"id": ticket["id"], "expectedVersion": version}, "TicketPayload { ticket { state } }"
        )["ticket"]
        assert now["state"] == state

    # Another business sees none of it.
    other = product.sign_up("other@example.com", "کسب‌وکار دیگر", "FA")["accessToken"]
    seen = product.ask(
        "query($id: ID!, $deal: ID!) { account(id: $id) { id } opportunity(id: $deal) { id }"
        " accounts { totalCount } tickets { totalCount } }",
        {"id": account["id"], "deal": deal["id"]},
        token=other,
    )
    assert seen == {"account": None, "opportunity": None, "accounts": {"totalCount": 0}, "tickets": {"totalCount": 0}}
    refused = product.do(
        "advance",
        {"opportunityId": deal["id"], "toStage": "closing", "expectedVersion": 1},
        "Advanced { __typename }",
        token=other,
    )
    assert refused["__typename"] == "NotFoundProblem"
    assert re.search("[آ-ی]", refused["message"])
