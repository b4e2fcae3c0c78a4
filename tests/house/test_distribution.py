"""The lint of logged SQL finds what it is there to find."""

import pytest

from tests.house.distribution import findings

GOOD = [
    "SELECT member.id FROM member WHERE member.id = %(id_1)s::UUID AND member.tenant_id = %(tenant_id_1)s::UUID",
    "SELECT m.id FROM member AS m WHERE m.tenant_id = %(t)s",
    "UPDATE member SET name=%(name)s WHERE member.tenant_id = %(member_tenant_id)s::UUID AND member.id = %(id)s::UUID",
    "INSERT INTO member (tenant_id, id, name) VALUES (%(tenant_id)s::UUID, %(id)s::UUID, %(name)s)",
    "SELECT app.set_tenant(%(tenant)s)",
]
BAD = [
    "SELECT member.id FROM member WHERE member.id = %(id_1)s::UUID",
    "SELECT m.id FROM member AS m JOIN workspace AS w ON w.id = m.tenant_id WHERE m.tenant_id = %(t)s",
    "UPDATE member SET name=%(name)s WHERE member.id = %(id)s::UUID",
    "DELETE FROM member WHERE id = %(id)s",
    "INSERT INTO member (id, name) VALUES (%(id)s, %(name)s)",
    "UPDATE member SET updated_at=now() WHERE member.tenant_id = %(t)s",
    "MERGE INTO member USING x ON true",
    "SELECT pg_advisory_lock(1)",
]


@pytest.mark.parametrize("statement", GOOD)
def test_a_good_statement_passes(statement: str) -> None:
    assert list(findings(statement)) == []


@pytest.mark.parametrize("statement", BAD)
def test_a_bad_statement_is_found(statement: str) -> None:
    assert list(findings(statement))
