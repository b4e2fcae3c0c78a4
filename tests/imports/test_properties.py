"""What holds of every file: a dry run foretells the real one, and a second run changes nothing."""

import csv
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.imports import service
from services.kit.text import fold
from tests.imports.steps import run, totals
from tests.support import Workspace

MAPPING = [
    {"column": "name", "field": "name"},
    {"column": "employees", "field": "employees"},
    {"column": "parent", "field": "parent"},
    {
        "column": "sector",
        "field": "sector",
        "aliases": [{"from": "technolgy", "to": "technology"}, {"from": "-", "to": ""}],
    },
]
NAMES = st.sampled_from(["Alpha", "Beta", "Gamma", "Delta", "alpha", "شركت پارس", "شرکت پارس", "Zeta", ""])
ROWS = st.lists(
    st.tuples(
        NAMES,
        st.sampled_from(["", "1", "2,822", "۱۲", "-5", "many", "1.5"]),
        NAMES,
        st.sampled_from(["", "-", "technolgy", "retail", "x" * 101]),
    ),
    min_size=1,
    max_size=9,
)


def above(row: tuple[str, ...]) -> tuple[str, ...]:
    """Keeps a parent only when it comes before in the alphabet, so that no circle can arise."""
    name, employees, parent, sector = row
    return name, employees, parent if fold(parent) < fold(name) else "", sector


def written(rows: list[tuple[str, ...]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows(
        [("name", "employees", "parent", "sector", "row"), *((*above(row), "x") for row in rows)]
    )
    return target.getvalue().encode()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of two rows, so that files of a few rows have parts that hang on each other."""
    monkeypatch.setattr(service, "PART", 2)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
@pytest.mark.usefixtures("small_parts")
async def test_a_dry_run_foretells_the_real_one_and_a_second_one_changes_nothing(
    workspace: Workspace, rows: list[tuple[str, ...]]
) -> None:
    # The first row is one that can be read, so that the file as a whole is not refused for its mapping.
    content = written([("Head", "1", "", "retail"), *rows])
    how: dict[str, Any] = {"kind": "ACCOUNTS", "mapping": MAPPING}
    dry = await run(workspace, content, **how, dryRun=True)
    real = await run(workspace, content, **how)
    again = await run(workspace, content, **how)

    def found(run_: dict[str, Any]) -> list[tuple[Any, ...]]:
        return [(one["row"], one["column"], one["value"], one["reason"]) for one in run_["errors"]["nodes"]]

    assert dry["totals"] == real["totals"]
    assert found(dry) == found(real) == found(again)
    right = real["totals"]["created"] + real["totals"]["updated"] + real["totals"]["unchanged"]
    assert again["totals"] == totals(
        unchanged=right, failed=real["totals"]["failed"], warnings=real["totals"]["warnings"]
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.usefixtures("small_parts")
async def test_any_subset_in_any_order_twice_changes_nothing_the_second_time(
    workspace: Workspace, data: st.DataObject
) -> None:
    whole = [
        (str(number), "Olivia Owner", stage, met, closed, "10")
        for number, (stage, met, closed) in enumerate(
            [
                ("contact", "2017-01-02", ""),
                ("follow_up", "2017-01-02", "2017-02-01"),
                ("lost", "2017-01-02", "2017-02-01"),
                ("lead_generation", "", ""),
                ("closing", "2017-01-02", ""),
                ("follow_up", "", "2017-02-01"),
            ]
        )
    ]
    chosen = data.draw(st.permutations(whole).flatmap(lambda rows: st.integers(1, 6).map(lambda size: rows[:size])))
    target = io.StringIO()
    csv.writer(target).writerows([("id", "owner", "stage", "met", "closed", "amount"), *chosen])
    how: dict[str, Any] = {
        "kind": "OPPORTUNITIES",
        "mapping": [
            {"column": "id", "field": "externalId"},
            {"column": "owner", "field": "owner"},
            {"column": "stage", "field": "stage"},
            {"column": "met", "field": "stageEnteredOn:contact"},
            {"column": "closed", "field": "closedOn"},
            {"column": "amount", "field": "amount"},
        ],
    }
    dry = await run(workspace, target.getvalue().encode(), **how, dryRun=True)
    first = await run(workspace, target.getvalue().encode(), **how)
    again = await run(workspace, target.getvalue().encode(), **how)
    assert dry["totals"] == first["totals"]
    assert first["totals"]["created"] + first["totals"]["unchanged"] == len(chosen)
    assert again["totals"] == totals(unchanged=len(chosen), warnings=first["totals"]["warnings"])
