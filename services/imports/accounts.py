"""How rows become accounts."""

from collections.abc import Sequence
from datetime import datetime

from services.customers.accounts.service import AccountRow, checked, upsert_accounts
from services.imports.kinds import (
    CURRENCY,
    Kind,
    Outcome,
    field,
    fixed,
    items,
    linked,
    money,
    named,
    outcome,
    outcomes,
    text_field,
)
from services.imports.mapping import Field, FieldType, Row
from services.imports.models import Severity
from services.imports.plan import Shape
from services.kit.errors import Message
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, WriteSession
from services.kit.text import fold
from services.tenants.members import queries as members

SOURCE = "import"

NAME_KEPT = Message(
    "import_name_kept",
    "Another account is called “{name}” already; this one keeps its old name.",
    "حساب دیگری از پیش «{name}» نام دارد؛ این حساب نام پیشین خود را نگه می‌دارد.",
)
PARENT_LEFT_OUT = Message(
    "import_parent_left_out",
    "There is no account “{name}” that this one could belong to; it is imported without.",
    "حسابی به نام «{name}» نیست که این حساب زیرمجموعه‌اش شود؛ بی آن وارد می‌شود.",
)

FIELDS = (
    text_field("name", "Name", "نام", required=True),
    text_field("sector", "Sector", "صنعت"),
    text_field("website", "Website", "وب‌گاه"),
    text_field("phone", "Phone", "تلفن"),
    text_field("country", "Country", "کشور"),
    text_field("city", "City", "شهر"),
    field("employees", FieldType.INTEGER, "Employees", "کارکنان"),
    field("revenue", FieldType.AMOUNT, "Yearly revenue", "درآمد سالانه"),
    Field("currency", FieldType.TEXT, CURRENCY),
    field("foundedYear", FieldType.INTEGER, "Year founded", "سال تأسیس"),
    field("parent", FieldType.ACCOUNT, "Parent account", "حساب مادر"),
    field("owner", FieldType.MEMBER, "Owner", "مسئول"),
    text_field("externalId", "Id in the other system", "شناسه در سامانهٔ دیگر"),
    text_field("externalSource", "Name of the other system", "نام سامانهٔ دیگر"),
)


async def store(session: WriteSession, caller: Caller, rows: Sequence[Row], at: datetime) -> list[Outcome | None]:
    """This will add or change the accounts of the rows."""
    owners = await members.ids_by_name_key(session, named(rows, "owner"))

    def item(row: Row) -> AccountRow:
        said = row.values.get
        external = said("externalId")
        account = AccountRow(
            name=row.values["name"],
            sector=said("sector"),
            website=said("website"),
            phone=said("phone"),
            country=said("country"),
            city=said("city"),
            employees=said("employees"),
            revenue=money(row, "revenue", caller),
            founded_year=said("foundedYear"),
            parent=said("parent"),
            owner_id=linked(row, "owner", owners),
            external_source=None if external is None else said("externalSource", SOURCE),
            external_id=external,
        )
        return checked(caller, account)

    made = items(rows, item)
    done = await upsert_accounts(session, caller, [account for _, account in made], at=at)
    for place, account in made:
        key = fold(account.name)
        if key in done.name_taken:
            rows[place].note(Severity.WARNING, NAME_KEPT, of="name", name=account.name)
        if account.parent is not None and key in done.parent_refused:
            rows[place].note(Severity.WARNING, PARENT_LEFT_OUT, of="parent", name=account.parent)
    keys = {place: fold(account.name) for place, account in made}
    return outcomes(len(rows), {place: outcome(key, done.added, done.changed) for place, key in keys.items()})


ACCOUNTS = Kind(
    permissions=(Permission.CUSTOMER_WRITE,),
    fields=fixed(*FIELDS),
    shape=Shape(identities=(("name",), ("externalId",)), above="parent"),
    store=store,
)
