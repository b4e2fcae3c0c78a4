"""How rows become members who own records and cannot log in."""

from collections.abc import Sequence
from datetime import datetime

from services.imports.kinds import Kind, Outcome, field, fixed, items, outcome, outcomes, text_field
from services.imports.mapping import Field, FieldType, Row
from services.imports.models import Severity
from services.imports.plan import Shape
from services.kit.columns import email_columns
from services.kit.errors import Message, required_text
from services.kit.permissions import Permission, Role
from services.kit.tenancy import Caller, WriteSession
from services.kit.text import fold
from services.tenants.members.service import MemberRow, upsert_members

# Whoever runs a workspace is invited, never imported.
ROLES = {fold(role): role for role in (Role.MANAGER, Role.REPRESENTATIVE, Role.SUPPORT_AGENT, Role.VIEWER)}

SEVERAL_MEMBERS = Message(
    "import_several_members",
    "Several members are called “{name}”; add their e-mail, so that it is clear who is meant.",
    "چند عضو «{name}» نام دارند؛ رایانامه را بیفزایید تا روشن شود که کدام است.",
)
ROLE_KEPT = Message(
    "import_role_kept",
    "“{name}” is a member already and keeps their role.",
    "«{name}» از پیش عضو است و نقش خود را نگه می‌دارد.",
)
MANAGER_ADDED = Message(
    "import_manager_added",
    "“{name}” is named as a manager and has no row; they were added as one.",
    "«{name}» مدیر نامیده شده است و سطری ندارد؛ به‌عنوان مدیر افزوده شد.",
)
MANAGER_LEFT_OUT = Message(
    "import_manager_left_out",
    "“{name}” cannot be the manager here; the member is imported without.",
    "«{name}» نمی‌تواند مدیر این عضو باشد؛ عضو بی مدیر وارد می‌شود.",
)

FIELDS = (
    text_field("name", "Name", "نام", required=True),
    text_field("email", "E-mail", "رایانامه"),
    Field("role", FieldType.ROLE, Message("import_field_role", "Role", "نقش"), choices=ROLES),
    text_field("region", "Regional office", "دفتر منطقه‌ای"),
    field("manager", FieldType.MEMBER, "Manager", "مدیر"),
)


def named_managers(rows: Sequence[Row]) -> list[Row]:
    """This will give a row for every manager who is named in the file without having one there."""
    present = {fold(row.values["name"]) for row in rows if "name" in row.values}
    found: dict[str, Row] = {}
    for row in rows:
        manager = row.values.get("manager")
        if manager is not None and fold(manager) not in present and not row.wrong:
            values = {"name": manager, "role": Role.MANAGER}
            found.setdefault(fold(manager), Row(row.number, values, {"name": row.shown["manager"]}, implied=True))
    return list(found.values())


def _item(row: Row) -> MemberRow:
    said = row.values.get
    email_columns(said("email"), path=("email",))  # a bad one is this row's fault, not the whole part's
    return MemberRow(
        name=required_text(row.values["name"], path=("name",)),
        role=Role(said("role", Role.REPRESENTATIVE)),
        email=said("email"),
        region=said("region"),
        manager=said("manager"),
    )


async def store(session: WriteSession, caller: Caller, rows: Sequence[Row], at: datetime) -> list[Outcome | None]:
    """This will add or change the members of the rows."""
    made = items(rows, _item)
    done = await upsert_members(session, caller, [member for _, member in made], at=at)
    found: dict[int, Outcome] = {}
    for number, (place, member) in enumerate(made):
        row = rows[place]
        if number in done.ambiguous:
            row.note(Severity.ERROR, SEVERAL_MEMBERS, of="name", name=member.name)
            continue
        found[place] = outcome(number, done.added, done.changed)
        if row.implied and number in done.added:
            row.note(Severity.WARNING, MANAGER_ADDED, of="name", name=member.name)
        if not row.implied and number in done.role_kept and "role" in row.values:
            row.note(Severity.WARNING, ROLE_KEPT, of="role", name=member.name)
        if number in done.manager_refused:
            row.note(Severity.WARNING, MANAGER_LEFT_OUT, of="manager", name=member.manager)
    return outcomes(len(rows), found)


MEMBERS = Kind(
    permissions=(Permission.MEMBER_MANAGE,),
    fields=fixed(*FIELDS),
    shape=Shape(identities=(("email", "name"),), above="manager", implied=named_managers),
    store=store,
)
