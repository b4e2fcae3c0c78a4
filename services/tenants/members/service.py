"""Writes of members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from services.kit.columns import email_columns
from services.kit.errors import Locale, expect_version, required_text
from services.kit.permissions import Permission, Role
from services.kit.tenancy import Caller, WriteSession
from services.kit.text import email_key, fold
from services.tenants.members import queries
from services.tenants.members.models import Member, MemberState
from services.tenants.members.rules import plain_name, refuse_inactive, refuse_last_owner, refuse_touching_owners

MEMBER_ID: Final = ("input", "memberId")


async def add_member(
    session: WriteSession,
    caller: Caller,
    *,
    name: str,
    role: Role,
    login_id: UUID | None = None,
    email: str | None = None,
    locale: Locale | None = None,
    manager_id: UUID | None = None,
    region: str | None = None,
    at: datetime,
) -> Member:
    """This will add a person to the workspace; without a log-in they only own records (as imported agents do)."""
    caller.require(Permission.MEMBER_MANAGE)
    name = required_text(name, path=("input", "name"))
    member = Member(
        login_id=login_id,
        name=name,
        name_key=fold(name),
        email=email,
        email_key=None if email is None else email_key(email),
        role=role,
        state=MemberState.RECORDED if login_id is None else MemberState.ACTIVE,
        locale=locale,
        manager_id=manager_id,
        region=region,
    )
    session.add(member)
    await session.flush()
    return member


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """This will be one person as an import found them; None says nothing, so it changes nothing.

    A person is known by their e-mail, or else by their name. ``role`` is that of a new member; whoever is here keeps
    theirs, because no file may raise or lower what people may do. ``manager`` is a name.
    """

    name: str
    role: Role = Role.REPRESENTATIVE
    email: str | None = None
    region: str | None = None
    manager: str | None = None


@dataclass(frozen=True, slots=True)
class Upserted:
    """This will say what an import did, by the place of the row.

    ``ambiguous`` names fit several members and were left alone; ``manager_refused`` named a manager who is unknown, not
    the only one of the name, or reports to them.
    """

    added: frozenset[int]
    changed: frozenset[int]
    ambiguous: frozenset[int]
    role_kept: frozenset[int]
    manager_refused: frozenset[int]


async def upsert_members(session: WriteSession, caller: Caller, rows: Sequence[MemberRow], *, at: datetime) -> Upserted:
    """This will add the people who are new, without a log-in, and change those whose region or manager differs.

    The statements are few however many rows there are. The same rows again change nothing, versions included.
    """
    caller.require(Permission.MEMBER_MANAGE)
    names = {fold(name) for row in rows for name in (row.name, row.manager) if name is not None}
    emails = [email_columns(row.email, path=("input", "email")) for row in rows]
    keys = {columns["email_key"] for columns in emails if columns["email_key"] is not None}
    matching = or_(Member.name_key.in_(names), Member.email_key.in_(keys))
    known = (await session.scalars(select(Member).where(matching).with_for_update())).all()
    versions = {member.id: member.version for member in known}
    by_name: dict[str, list[Member]] = {}
    for member in known:
        by_name.setdefault(member.name_key, []).append(member)
    found: dict[int, Member] = {}
    ambiguous: set[int] = set()
    for place, row in enumerate(rows):
        alike = _alike(emails[place]["email_key"], known, by_name.get(fold(row.name), []))
        if len(alike) > 1:
            ambiguous.add(place)
            continue
        member = alike[0] if alike else _recorded(row)
        if not alike:
            session.add(member)
            by_name.setdefault(member.name_key, []).append(member)
        if member.email is None and member.state == MemberState.RECORDED:
            member.email, member.email_key = emails[place]["email"], emails[place]["email_key"]
        if row.region is not None:
            member.region = row.region
        found[place] = member
    await session.flush()
    refused = await _settle_managers(
        session, {place: member for place, member in found.items() if rows[place].manager is not None}, rows, by_name
    )
    await session.flush()
    added = {place for place, member in found.items() if member.id not in versions}
    return Upserted(
        added=frozenset(added),
        changed=frozenset(
            place for place, member in found.items() if place not in added and versions[member.id] != member.version
        ),
        ambiguous=frozenset(ambiguous),
        role_kept=frozenset(place for place, member in found.items() if member.role != rows[place].role),
        manager_refused=frozenset(refused),
    )


def _alike(email: str | None, known: Sequence[Member], named: Sequence[Member]) -> list[Member]:
    """Gives the members that a row may mean: who has its e-mail, else who has its name and no other e-mail."""
    if email is None:
        return list(named)
    return [member for member in known if member.email_key == email] or [
        member for member in named if member.email_key is None
    ]


def _recorded(row: MemberRow) -> Member:
    name = required_text(row.name, path=("input", "name"))
    return Member(name=name, name_key=fold(name), role=row.role, state=MemberState.RECORDED)


async def _settle_managers(
    session: WriteSession,
    found: Mapping[int, Member],
    rows: Sequence[MemberRow],
    by_name: Mapping[str, Sequence[Member]],
) -> set[int]:
    """Sets the managers that the rows name, and gives the rows whose manager cannot be."""
    managers = await session.execute(select(Member.id, Member.manager_id))
    reports_to = {row.id: row.manager_id for row in managers}
    refused: set[int] = set()
    for place, member in found.items():
        named = by_name.get(fold(rows[place].manager or ""), [])
        above = named[0].id if len(named) == 1 else None
        line = above
        while line is not None and line != member.id:
            line = reports_to.get(line)
        if above is None or line is not None:
            refused.add(place)
        else:
            member.manager_id = reports_to[member.id] = above
    return refused


async def admit(
    session: WriteSession,
    caller: Caller,
    *,
    login_id: UUID,
    name: str,
    email: str,
    role: Role,
    locale: Locale | None,
    at: datetime,
) -> Member:
    """This will let a person in who was asked to come.

    Whoever was here under the address already, as an owner of imported records or before they were suspended, comes
    back as the same member.
    """
    caller.require(Permission.MEMBER_MANAGE)
    known = await session.scalar(select(Member).where(Member.email_key == email_key(email)).with_for_update())
    if known is None:
        return await add_member(
            session, caller, name=name, role=role, login_id=login_id, email=email, locale=locale, at=at
        )
    known.login_id, known.state, known.role = login_id, MemberState.ACTIVE, role
    known.name, known.name_key, known.email = name, fold(name), email
    known.locale = locale or known.locale
    await session.flush()
    return known


async def change_role(
    session: WriteSession, caller: Caller, *, member_id: UUID, role: Role, expected_version: int
) -> Member:
    """This will give a member another part to play; it holds from their next request on."""
    caller.require(Permission.MEMBER_MANAGE)
    owners = await _owners(session)
    member = await queries.get(session, member_id, path=MEMBER_ID)
    expect_version(member.version, expected_version)
    refuse_touching_owners(caller.role, member.role, role)
    if role is not Role.OWNER:
        refuse_last_owner(member.id, owners, path=MEMBER_ID)
    member.role = role
    await session.flush()
    return member


async def suspend(session: WriteSession, caller: Caller, *, member_id: UUID, expected_version: int) -> Member:
    """This will mark a member as one who works here no more; ``access`` also ends what they have open."""
    caller.require(Permission.MEMBER_MANAGE)
    owners = await _owners(session)
    member = await queries.get(session, member_id, path=MEMBER_ID)
    expect_version(member.version, expected_version)
    refuse_touching_owners(caller.role, member.role)
    refuse_inactive(member.state, path=MEMBER_ID)
    refuse_last_owner(member.id, owners, path=MEMBER_ID)
    member.state = MemberState.SUSPENDED
    await session.flush()
    return member


async def _owners(session: WriteSession) -> list[UUID]:
    """This will lock the owners who can log in, so that two of them cannot depose each other at once."""
    owners = select(Member).where(Member.role == Role.OWNER, Member.state == MemberState.ACTIVE)
    return [owner.id for owner in await session.scalars(owners.order_by(Member.id).with_for_update())]


async def rename(session: WriteSession, caller: Caller, *, name: str) -> None:
    """This will change the caller's own name."""
    member = await queries.get(session, caller.member, path=())
    member.name = plain_name(name, path=("input", "name"))
    member.name_key = fold(member.name)


async def choose_locale(session: WriteSession, caller: Caller, *, locale: Locale | None) -> None:
    """This will change the language the caller is spoken to in; None is the workspace's."""
    (await queries.get(session, caller.member, path=())).locale = locale
