"""Plans: in which order rows are stored, and which of them name a record twice."""

from hypothesis import given
from hypothesis import strategies as st

from services.imports.accounts import ACCOUNTS
from services.imports.accounts import FIELDS as ACCOUNT_FIELDS
from services.imports.mapping import Column, Mapping, fit
from services.imports.members import FIELDS as MEMBER_FIELDS
from services.imports.members import MEMBERS
from services.imports.plan import Plan, plan
from services.imports.sheets import Table
from services.kit.text import fold


def planned(rows: list[tuple[str, str]], size: int = 500) -> Plan:
    table = Table(("name", "manager"), tuple((number, row) for number, row in enumerate(rows, start=2)))
    mapping = Mapping((Column("name", "name"), Column("manager", "manager")))
    return plan(fit(mapping, MEMBER_FIELDS, table), MEMBERS.shape, table, size=size)


def names(rows: Plan) -> list[list[str]]:
    return [[row.values["name"] for row in part] for part in rows.parts]


def test_whoever_is_above_comes_before_and_named_managers_without_a_row_are_implied() -> None:
    made = planned([("Reza", "Sara"), ("Sara", "Mina"), ("Ali", "Sara")], size=2)
    assert names(made) == [["Mina", "Sara"], ["Reza", "Ali"]]
    assert [row.implied for row in made.parts[0]] == [True, False]
    before = made.before(1)
    assert [row.values for row in before] == [{"name": "Sara"}]
    assert made.before(0) == []


def test_a_circle_does_not_keep_the_rows_from_being_stored() -> None:
    made = planned([("A", "B"), ("B", "C"), ("C", "A"), ("D", "D")])
    assert sorted(name for part in names(made) for name in part) == ["A", "B", "C", "D"]


def test_a_record_that_is_named_twice_is_taken_from_its_first_row() -> None:
    made = planned([("علي", ""), ("علی", ""), ("Mina", "")])
    assert [row.wrong for part in made.parts for row in part] == [False, True, False]


PEOPLE = st.sampled_from(["A", "B", "C", "D", "E", "a", ""])


@given(st.lists(st.tuples(PEOPLE, PEOPLE), max_size=12), st.integers(1, 5))
def test_every_row_is_in_exactly_one_part_and_after_the_one_it_hangs_on(rows: list[tuple[str, str]], size: int) -> None:
    made = planned(rows, size)
    stored = [row for part in made.parts for row in part]
    assert sorted(row.number for row in stored if not row.implied) == list(range(2, len(rows) + 2))
    assert all(len(part) <= size for part in made.parts)
    places = {id(row): place for place, row in enumerate(stored)}
    for row in stored:
        above = made.beneath.get(id(row))
        line = set()
        while above is not None and id(above) not in line:
            line.add(id(above))
            above = made.beneath.get(id(above))
        if above is None:  # no circle above
            assert all(places[over] < places[id(row)] for over in line)
    right = [fold(row.values["name"]) for row in stored if not row.wrong]
    assert len(right) == len(set(right))


def test_a_long_line_of_companies_is_planned_in_one_walk() -> None:
    rows = tuple((number, (f"N{number}", f"N{number - 1}")) for number in range(50_000, 0, -1))
    table = Table(("name", "parent"), rows)
    mapping = Mapping((Column("name", "name"), Column("parent", "parent")))
    made = plan(fit(mapping, ACCOUNT_FIELDS, table), ACCOUNTS.shape, table, size=500)
    assert [part[0].number for part in made.parts[:3]] == [1, 501, 1001]
