"""The tour of the README, taken step by step: what it shows is what one gets."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.kit.settings import Settings
from services.kit.tenancy import SYSTEM_TENANT, Database
from services.tenants.access import tasks as access_tasks
from tests.mailbox import letters, token_of
from tests.support import Api
from tests.working import work_off

CHECKOUT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
ANYTHING = "…"


@dataclass(frozen=True)
class Step:
    """One operation of the tour and the answer it shows; a file that is sent before it, if there is one."""

    file: str | None
    operation: str
    answer: Any


def steps(page: Path) -> Iterator[Step]:
    file: str | None = None
    operation: str | None = None
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["language"] == "csv":
            file = block["text"]
        elif block["language"] == "graphql":
            operation = block["text"]
        elif block["language"] == "json" and operation is not None:
            yield Step(file, operation, json.loads(block["text"]))
            file = operation = None


def compare(shown: Any, got: Any, known: dict[str, str], where: str) -> None:
    """Compares an answer with the one shown: `<name>` stands for a value that later steps use, `…` for any value."""
    if shown == ANYTHING:
        return
    if isinstance(shown, str) and (name := re.fullmatch(r"<(\w+)>", shown)):
        assert known.setdefault(name[1], got) == got, where
    elif isinstance(shown, dict):
        assert isinstance(got, dict), f"{where}: {got}"
        assert shown.keys() == got.keys(), f"{where}: {got}"
        for key, value in shown.items():
            compare(value, got[key], known, f"{where}.{key}")
    elif isinstance(shown, list):
        assert isinstance(got, list), f"{where}: {got}"
        assert len(shown) == len(got), f"{where}: {got}"
        for place, value in enumerate(shown):
            compare(value, got[place], known, f"{where}[{place}]")
    else:
        assert shown == got, f"{where}: {got}"


@pytest.mark.parametrize("page", ["README.md", "README.fa.md"])
async def test_the_tour_shows_what_one_gets(
    page: str, settings: Settings, database: Database, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_tasks, "settings", lambda: settings)
    known: dict[str, str] = {}
    tenant = None
    taken = list(steps(CHECKOUT / page))
    assert len(taken) >= 10
    for number, step in enumerate(taken, start=1):
        where = f"{page}, step {number}"
        if step.file is not None:
            sent = await api.http.put(known["uploadUrl"], content=step.file.encode())
            assert sent.status_code == 200, f"{where}: {sent.text}"
        operation = re.sub(r"<(\w+)>", lambda name: known[name[1]], step.operation)
        answer = await api.post(operation, token=known.get("accessToken"))
        compare(step.answer, answer, known, where)
        await work_off(database, SYSTEM_TENANT)
        if "signUp" in step.operation:
            mails = letters(settings.mail_folder, step.answer["data"]["signUp"]["email"])
            known["mailToken"] = token_of(mails[-1])
        if "workspaceId" in known:
            tenant = UUID(known["workspaceId"])
        if tenant is not None:
            await work_off(database, tenant)


def test_both_readmes_take_the_same_tour() -> None:
    english, persian = (
        [fields(step.operation) for step in steps(CHECKOUT / page)] for page in ("README.md", "README.fa.md")
    )
    assert english == persian


def fields(operation: str) -> list[str]:
    """Gives an operation without the texts and the sizes in it."""
    return re.sub(r'"[^"]*"|\b(EN|FA|\d+)\b', "", operation).split()
