"""The decisions about accounts, alone."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customers.accounts import rules
from services.kit.errors import Invalid

IDS = [UUID(int=n) for n in range(1, 9)]
PARENTS = st.dictionaries(st.sampled_from(IDS), st.sampled_from(IDS), max_size=8)


def circles(parents: dict[UUID, UUID]) -> list[UUID]:
    """Everyone who is above themselves."""
    found = []
    for account in parents:
        above, seen = parents.get(account), set()
        while above is not None and above not in seen and above != account:
            seen.add(above)
            above = parents.get(above)
        if above == account:
            found.append(account)
    return found


@given(PARENTS, PARENTS)
def test_settled_parents_close_no_circle_and_refuse_nothing_else(
    before: dict[UUID, UUID], wanted: dict[UUID, UUID]
) -> None:
    existing = rules.settled_parents({}, before)
    assert not circles(existing)
    settled = rules.settled_parents(existing, wanted)
    assert not circles(settled)
    assert {account: parent for account, parent in settled.items() if account not in wanted} == {
        account: parent for account, parent in existing.items() if account not in wanted
    }
    for account, parent in wanted.items():
        assert settled.get(account) in {parent, existing.get(account), None}
        assert settled.get(account) == parent or circles(settled | {account: parent})


@given(PARENTS, PARENTS)
def test_settling_the_same_wishes_again_changes_nothing(before: dict[UUID, UUID], wanted: dict[UUID, UUID]) -> None:
    settled = rules.settled_parents(rules.settled_parents({}, before), wanted)
    assert rules.settled_parents(settled, wanted) == settled


def test_settled_parents_are_the_wanted_ones_when_they_are_a_tree() -> None:
    tree = {IDS[0]: IDS[1], IDS[1]: IDS[2], IDS[3]: IDS[2]}
    assert rules.settled_parents({}, tree) == tree


@pytest.mark.parametrize("address", ["acme.example", "https://acme.example", "HTTP://a.b/c?d#e", "پارس.ایران"])
def test_addresses_of_websites(address: str) -> None:
    assert rules.website(address) == address


@pytest.mark.parametrize("address", ["acme", "javascript:alert(1)", "ftp://a.b", "https://a b.c", "data:text/html,x.y"])
def test_what_is_no_address_of_a_website(address: str) -> None:
    with pytest.raises(Invalid):
        rules.website(address)


def test_years_and_headcounts_have_bounds() -> None:
    assert rules.founded_year(None) is None
    assert rules.founded_year(1996) == 1996
    assert rules.headcount(0) == 0
    for refused in (999, 2201):
        with pytest.raises(Invalid):
            rules.founded_year(refused)
    for refused in (-1, rules.MOST_EMPLOYEES + 1):
        with pytest.raises(Invalid):
            rules.headcount(refused)
