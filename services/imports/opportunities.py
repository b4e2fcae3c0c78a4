"""How rows become opportunities with their history."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from services.customers.accounts import queries as accounts
from services.imports.kinds import (
    CURRENCY,
    Kind,
    Outcome,
    field,
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
from services.kit.clock import start_of_day
from services.kit.errors import Message
from services.kit.permissions import Permission
from services.kit.tenancy import Caller, ReadSession, WriteSession
from services.kit.text import fold
from services.pipeline.opportunities.rules import CLOSED, HistoricOpportunity, HistoricVisit, refuse_unreadable
from services.pipeline.opportunities.service import record_history
from services.pipeline.processes.models import RecordType
from services.pipeline.processes.queries import active_definition
from services.pipeline.processes.rules import Definition, StoredStage
from services.pipeline.products import queries as products
from services.tenants.members import queries as members

SOURCE: Final = "import"
ENTERED: Final = "stageEnteredOn:"

NO_ACCOUNT = Message(
    "import_no_account",
    "The row names no account; the opportunity is imported without one.",
    "این سطر حسابی را نام نمی‌برد؛ فرصت بی حساب وارد می‌شود.",
)
NO_DATE = Message(
    "import_no_date",
    "No date says when the stage “{stage}” was entered; the time of the import is taken.",
    "هیچ تاریخی نمی‌گوید که چه زمانی به مرحلهٔ «{stage}» رسیده است؛ زمان ورود داده در نظر گرفته شد.",
)
CLOSED_WHILE_OPEN = Message(
    "import_closed_while_open",
    "The row has a closing date, but its stage “{stage}” is an open one; the date is left out.",
    "این سطر تاریخ بسته شدن دارد ولی مرحلهٔ آن، «{stage}»، باز است؛ این تاریخ وارد نمی‌شود.",
)
AFTER_THE_LAST = Message(
    "import_after_the_last",
    "The stage “{stage}” was entered on {entered}, after the stage “{last}” that the row says it is in now.",
    "ورود به مرحلهٔ «{stage}» در {entered} است، پس از مرحلهٔ «{last}» که سطر می‌گوید اکنون در آن است.",
)
OTHER_PATH = Message(
    "import_other_path",
    "The opportunity has gone another way here since; its stages stay as they are.",
    "این فرصت در این میان اینجا راه دیگری رفته است؛ مرحله‌هایش همان می‌ماند.",
)

FIELDS: Final = (
    text_field("externalId", "Id in the other system", "شناسه در سامانهٔ دیگر", required=True),
    text_field("externalSource", "Name of the other system", "نام سامانهٔ دیگر"),
    text_field("name", "Name", "نام"),
    field("owner", FieldType.MEMBER, "Owner", "مسئول", required=True),
    field("account", FieldType.ACCOUNT, "Account", "حساب", when_blank=NO_ACCOUNT),
    field("product", FieldType.PRODUCT, "Product", "محصول"),
    field("amount", FieldType.AMOUNT, "Amount", "مبلغ"),
    Field("currency", FieldType.TEXT, CURRENCY),
    field("openedOn", FieldType.DATE, "Opened on", "تاریخ باز شدن"),
    field("expectedCloseOn", FieldType.DATE, "Expected to close on", "تاریخ پیش‌بینی‌شدهٔ بسته شدن"),
    field("closedOn", FieldType.DATE, "Closed on", "تاریخ بسته شدن"),
    text_field("closeReason", "Reason for closing", "دلیل بسته شدن"),
)
STAGE = Message("import_field_stage", "Stage", "مرحله")
STAGE_ENTERED = Message(
    "import_field_stage_entered", "Entered the stage “{name_en}” on", "تاریخ ورود به مرحلهٔ «{name_fa}»"
)


async def fields(session: ReadSession) -> Sequence[Field]:
    """This will give what a row can say, with the stages of the process that new opportunities live by."""
    stages = (await active_definition(session, RecordType.OPPORTUNITY)).stages
    choices = {fold(text): stage.key for stage in stages for text in (stage.name_fa, stage.name_en, stage.key)}
    entered = (
        Field(
            f"{ENTERED}{stage.key}",
            FieldType.DATE,
            STAGE_ENTERED,
            words={"name_fa": stage.name_fa, "name_en": stage.name_en},
        )
        for stage in stages
    )
    return *FIELDS, Field("stage", FieldType.STAGE, STAGE, required=True, choices=choices), *entered


def visits(row: Row, definition: Definition, zone: str) -> tuple[HistoricVisit, ...]:
    """This will tell the path of a row: the open stages that have a date, by date, and last the stage it is in now.

    A won or lost stage is entered on the closing date unless a date of its own is given, and only when it is the last.
    """
    last = next(stage for stage in definition.stages if stage.key == row.values["stage"])
    dated = [
        (row.values[f"{ENTERED}{stage.key}"], stage)
        for stage in definition.stages
        if stage.key != last.key and stage.kind not in CLOSED and f"{ENTERED}{stage.key}" in row.values
    ]
    dated.sort(key=lambda pair: pair[0])
    closing = row.values.get("closedOn")
    entered: date | None = row.values.get(f"{ENTERED}{last.key}", closing if last.kind in CLOSED else None)
    if last.kind not in CLOSED and closing is not None:
        row.note(Severity.WARNING, CLOSED_WHILE_OPEN, of="closedOn", stage=last.key)
    if entered is None:
        row.note(Severity.WARNING, NO_DATE, of=_date_of(row, last), stage=last.key)
    elif dated and dated[-1][0] > entered:
        day, stage = dated[-1]
        of = f"{ENTERED}{stage.key}"
        row.note(Severity.ERROR, AFTER_THE_LAST, of=of, stage=stage.key, entered=day.isoformat(), last=last.key)
    path = [*((stage, day) for day, stage in dated), (last, entered)]
    return tuple(HistoricVisit(stage.key, None if day is None else start_of_day(day, zone)) for stage, day in path)


def _date_of(row: Row, stage: StoredStage) -> str:
    """Names the field that would have said when a stage was entered: one that the file has a column for."""
    own = f"{ENTERED}{stage.key}"
    fallback = "closedOn" if stage.kind in CLOSED else "openedOn"
    return own if own in row.shown else fallback


def title(row: Row) -> str:
    """This will name an opportunity: as the row does, else by account and product, else by its external id."""
    said = row.values.get
    parts = [part for part in (said("account"), said("product")) if part is not None]
    return str(said("name") or " – ".join(parts) or row.values["externalId"])


async def store(session: WriteSession, caller: Caller, rows: Sequence[Row], at: datetime) -> list[Outcome | None]:
    """This will add or change the opportunities of the rows, with the stages they went through."""
    definition = await active_definition(session, RecordType.OPPORTUNITY)
    owners = await members.ids_by_name_key(session, named(rows, "owner"))
    account_ids = await accounts.ids_by_name_key(session, named(rows, "account"))
    product_ids = await products.ids_by_name_key(session, named(rows, "product"))
    companies = {key: (id,) for key, id in account_ids.items()}
    wares = {key: (id,) for key, id in product_ids.items()}

    def item(row: Row) -> HistoricOpportunity | None:
        said = row.values.get
        owner = linked(row, "owner", owners)
        path = visits(row, definition, caller.zone)
        if owner is None:
            return None
        history = HistoricOpportunity(
            external_source=said("externalSource") or SOURCE,
            external_id=row.values["externalId"],
            name=title(row),
            owner_id=owner,
            visits=path,
            account_id=linked(row, "account", companies),
            product_id=linked(row, "product", wares),
            amount=money(row, "amount", caller),
            opened_on=said("openedOn"),
            expected_close_on=said("expectedCloseOn"),
            closed_on=said("closedOn"),
            close_reason=said("closeReason"),
        )
        if not row.wrong:
            refuse_unreadable([history], definition)  # what is wrong with one row must not take the others with it
        return history

    made = [(place, history) for place, history in items(rows, item) if history is not None]
    done = await record_history(session, caller, [history for _, history in made], at=at)
    found: dict[int, Outcome] = {}
    for place, history in made:
        found[place] = outcome(history.external_id, done.created, done.updated)
        if history.external_id in done.diverged:
            rows[place].note(Severity.WARNING, OTHER_PATH, of="stage")
    return outcomes(len(rows), found)


OPPORTUNITIES = Kind(
    permissions=(Permission.OPPORTUNITY_WRITE, Permission.OPPORTUNITY_ADVANCE),
    fields=fields,
    shape=Shape(identities=(("externalId",),)),
    store=store,
)
