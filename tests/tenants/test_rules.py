"""The rules of access, members and invitations alone."""

from datetime import UTC, datetime, timedelta

import pytest

from services.kit.errors import Blocked, Conflict, Forbidden, Invalid, Unauthenticated
from services.kit.ids import new_id
from services.kit.permissions import Role
from services.tenants.access.rules import (
    PASSWORD_COMMON,
    PASSWORD_IS_EMAIL,
    PASSWORD_TOO_LONG,
    PASSWORD_TOO_SHORT,
    check_password,
)
from services.tenants.invitations.rules import refuse_spent, role_name
from services.tenants.members.rules import plain_name, refuse_inactive, refuse_last_owner, refuse_touching_owners

PATH = ("input", "password")


@pytest.mark.parametrize(
    "password",
    ["abcdefghi1", "x1y2" * 32, "یک گذرواژهٔ خوب", "🦊🐻🐼🐨🦁🐮🐷🐸🐵🐔", "spaces are fine", "  leading too  "],
)
def test_a_long_enough_password_of_any_script_is_taken(password: str) -> None:
    check_password(password, email="sara@example.com", path=PATH)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", PASSWORD_TOO_SHORT),
        ("nine char", PASSWORD_TOO_SHORT),
        ("x1y2" * 32 + "z", PASSWORD_TOO_LONG),
        ("۱۲۳۴۵۶۷۸۹۰", PASSWORD_COMMON),
        ("PassWord123", PASSWORD_COMMON),
        ("ＱＷＥＲＴＹＵＩＯＰ", PASSWORD_COMMON),
        ("aaaaaaaaaaaa", PASSWORD_COMMON),
        ("ababababababab", PASSWORD_COMMON),
        ("ضصثقفغعهخح", PASSWORD_COMMON),
        ("Sara.Founder@Example.com", PASSWORD_IS_EMAIL),
        ("sara.founder", PASSWORD_IS_EMAIL),
        ("e\u0301" * 9, PASSWORD_TOO_SHORT),
    ],
)
def test_a_password_that_others_would_try_is_refused(password: str, reason: object) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(password, email="sara.founder@example.com", path=PATH)
    assert refused.value.message == reason
    assert refused.value.path == PATH


def test_a_name_is_one_line_without_links() -> None:
    assert plain_name(" Sara\n\tFounder ", path=()) == "Sara Founder"
    assert plain_name("نرم‌افزار پارس", path=()) == "نرم‌افزار پارس"
    for name in ("", "\n", "Win at http://x", "WWW.x.y", "x" * 101):
        with pytest.raises(Invalid):
            plain_name(name, path=())


@pytest.mark.parametrize("actor", [role for role in Role if role is not Role.OWNER])
def test_only_owners_and_the_system_touch_owners(actor: Role) -> None:
    with pytest.raises(Forbidden):
        refuse_touching_owners(actor, Role.OWNER, Role.VIEWER)
    with pytest.raises(Forbidden):
        refuse_touching_owners(actor, Role.VIEWER, Role.OWNER)
    refuse_touching_owners(actor, Role.VIEWER, Role.ADMIN)
    refuse_touching_owners(Role.OWNER, Role.OWNER)
    refuse_touching_owners(None, Role.OWNER)


def test_an_owner_may_go_while_another_stays() -> None:
    one, two = new_id(), new_id()
    refuse_last_owner(one, [one, two], path=())
    refuse_last_owner(one, [two], path=())
    with pytest.raises(Blocked):
        refuse_last_owner(one, [one], path=())


def test_only_who_can_log_in_can_be_suspended() -> None:
    refuse_inactive("ACTIVE", path=())
    for state in ("RECORDED", "SUSPENDED"):
        with pytest.raises(Conflict):
            refuse_inactive(state, path=())


def test_an_invitation_is_good_while_open_and_before_its_end() -> None:
    end = datetime(2026, 3, 21, tzinfo=UTC)
    before = end - timedelta(microseconds=1)
    refuse_spent("OPEN", end, before)
    for state, at in (("OPEN", end), ("ACCEPTED", before), ("REVOKED", before)):
        with pytest.raises(Unauthenticated):
            refuse_spent(state, end, at)


@pytest.mark.parametrize("role", Role)
def test_every_role_has_a_name_in_both_languages(role: Role) -> None:
    assert role_name(role, "fa").isascii() is False
    assert role_name(role, "en").isascii() is True
