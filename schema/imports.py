"""Imports of files, as GraphQL."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.errors import Problems, mutation
from schema.files import link
from schema.paging import Connection, listing, many, one, record, single
from schema.scalars import Node, as_id, identity
from schema.tenants import Member
from services.imports import queries as imports
from services.imports import service
from services.imports.mapping import Column, Constant, Field, FieldType, Mapping
from services.imports.models import ImportKind, ImportState, Severity
from services.imports.sheets import Delimiter, Encoding, Layout, Table
from services.imports.values import DecimalMark, text
from services.kit.calendar import Calendar
from services.kit.errors import NOT_FOUND, NotFound
from services.kit.tenancy import read

strawberry.enum(ImportKind, description="What the rows of a file are.")
strawberry.enum(ImportState, description="How far an import has come.")
strawberry.enum(Severity, name="ImportSeverity", description="Whether a row was left out or imported all the same.")
strawberry.enum(FieldType, name="ImportFieldType", description="What a field holds, and so how its cells are read.")
strawberry.enum(Encoding, name="FileEncoding", description="How a text file writes its letters.")
strawberry.enum(Delimiter, name="FileDelimiter", description="The mark between the columns of a text file.")
strawberry.enum(DecimalMark, description="The mark before the decimals of a number.")

ENCODING = "The encoding of a text file; a byte order mark decides, then this, then UTF-8."
DELIMITER = "The mark between the columns of a text file; found out when absent."
SHEET = "The sheet of a workbook; the first when absent."


@strawberry.type(description="How far an import has come.")
class ImportProgress:
    """This will say how far an import has come."""

    rows_total: int = strawberry.field(description="Rows in the file, without the header and blank ones.")
    rows_done: int = strawberry.field(description="Rows that have been dealt with.")
    percent: int = strawberry.field(description="The same in whole percent.")


@strawberry.type(description="What became of the rows; created, updated, unchanged and failed add up to the rows done.")
class ImportTotals:
    """This will say what became of the rows."""

    created: int = strawberry.field(description="Rows that made a new record.")
    updated: int = strawberry.field(description="Rows that changed a record.")
    unchanged: int = strawberry.field(description="Rows whose record was as they say already.")
    failed: int = strawberry.field(description="Rows that were left out; `errors` says why.")
    warnings: int = strawberry.field(description="What was found odd with rows that were imported all the same.")


@record(imports.import_issue, "Something that was found wrong with a row of an imported file.")
class ImportIssue(Node):
    """This will be something that was found wrong with a row."""

    row: int = strawberry.field(description="The row's number as a spreadsheet shows it; the header is usually 1.")
    column: str | None = strawberry.field(description="The column, unless it is about the whole row.")
    value: str | None = strawberry.field(description="What the cell holds, shortened.")
    severity: Severity = strawberry.field(description="ERROR: the row was left out. WARNING: it was imported.")
    reason: str = strawberry.field(description="What is wrong, in the caller's language.")


@strawberry.input(description="Which findings.")
class ImportIssueFilter:
    """This will say which findings."""

    severity: Severity | None = strawberry.field(default=UNSET, description="Only errors, or only warnings.")


@record(imports.import_run, "One import of one file.")
class ImportRun(Node):
    """This will be one import of one file."""

    kind: ImportKind = strawberry.field(description="What the rows are.")
    state: ImportState = strawberry.field(description="How far it has come.")
    dry_run: bool = strawberry.field(description="Whether everything is found out and nothing kept.")
    progress: ImportProgress = strawberry.field(description="How much of the file has been dealt with.")
    totals: ImportTotals = strawberry.field(description="What became of the rows so far.")
    failure: str | None = strawberry.field(description="Why it failed, in the caller's language.")
    requested_by: Member = one("Who started it.")
    requested_at: datetime = strawberry.field(description="When it was started.")
    started_at: datetime | None = strawberry.field(description="When a worker began.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    errors: Connection[ImportIssue] = many(
        "What was found wrong, errors and warnings, by row.", filter=ImportIssueFilter
    )


@strawberry.input(description="Which imports.")
class ImportRunFilter:
    """This will say which imports."""

    kind: list[ImportKind] | None = strawberry.field(default=UNSET, description="Of one of these kinds.")
    state: list[ImportState] | None = strawberry.field(default=UNSET, description="In one of these states.")


@strawberry.type(description="A field that a column of a file can be mapped to.")
class ImportField:
    """This will be a field that a column can be mapped to."""

    key: str = strawberry.field(description="What a mapping calls the field.")
    type: FieldType = strawberry.field(description="What the field holds.")
    required: bool = strawberry.field(description="Whether every row must say it.")

    @strawberry.field(description="The values it takes, for aliases to point to; empty when it takes any.")
    def choices(root: strawberry.Parent[Field]) -> list[str]:  # noqa: N805 # the value stands for the type
        """This will list the values that the field takes."""
        return list(dict.fromkeys(root.choices.values()))

    @strawberry.field(description="The field's name in the caller's language.")
    def label(root: strawberry.Parent[Field], info: Info) -> str:  # noqa: N805 # the value stands for the type
        """This will name the field for the caller."""
        return root.label.text(info.context.locale, **root.words)


@strawberry.type(description="One of the first rows of a file.")
class ImportPreviewRow:
    """This will be one of the first rows of a file."""

    row: int = strawberry.field(description="The row's number as a spreadsheet shows it.")
    cells: list[str] = strawberry.field(description="What its cells show, in the order of the columns.")


@strawberry.type(description="How a file looks before it is imported.")
class ImportPreview:
    """This will be how a file looks."""

    columns: list[str] = strawberry.field(description="The header.")
    rows: list[ImportPreviewRow] = strawberry.field(description="The first rows, at most 20.")
    sheets: list[str] = strawberry.field(description="The sheets of a workbook.")


def _preview(table: Table) -> ImportPreview:
    rows = [ImportPreviewRow(row=number, cells=[text(cell) for cell in cells]) for number, cells in table.rows]
    return ImportPreview(columns=list(table.header), rows=rows, sheets=list(table.sheets))


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    import_run: ImportRun | None = single(imports.import_run, "One import.")
    import_runs: Connection[ImportRun] = listing(
        imports.import_run, "The imports of the workspace, the newest first.", filter=ImportRunFilter
    )

    @strawberry.field(description="The fields that the columns of a file can be mapped to.")
    async def import_fields(
        self, info: Info, kind: Annotated[ImportKind, strawberry.argument(description="What the rows are.")]
    ) -> list[ImportField]:
        """This will list the fields of a kind."""
        reader = await info.context.reader()
        found = await reader.ask(lambda session: service.fields_of(session, info.context.caller, kind))
        return list(found)  # type: ignore[arg-type] # a Field stands for its type

    @strawberry.field(description="The columns and first rows of an uploaded file.")
    async def preview_import(
        self,
        info: Info,
        upload_id: Annotated[strawberry.ID, strawberry.argument(description="The upload.")],
        encoding: Annotated[Encoding | None, strawberry.argument(description=ENCODING)] = None,
        delimiter: Annotated[Delimiter | None, strawberry.argument(description=DELIMITER)] = None,
        sheet: Annotated[str | None, strawberry.argument(description=SHEET)] = None,
    ) -> ImportPreview:
        """This will show how a file looks."""
        id = identity(upload_id)
        if id is None:
            raise NotFound(NOT_FOUND, path=("uploadId",))
        layout = Layout(encoding, delimiter, sheet)
        files = info.context.services.files
        async with read(info.context.services.database, info.context.caller) as session:
            file = await service.uploaded(session, info.context.caller, id, path=("uploadId",))
        return _preview(await service.read_upload(files, file, layout, first=service.PREVIEWED))


@strawberry.type(description="Where the bytes of a file go.")
class Upload:
    """This will be where the bytes of a file go."""

    id: strawberry.ID = strawberry.field(description="Names the upload when it is imported.")
    url: str = strawberry.field(description="PUT the bytes here, once.")
    expires_at: datetime = strawberry.field(description="When the address stops working.")


@strawberry.input(description="A file that is about to be uploaded.")
class CreateUploadInput:
    """This will announce a file."""

    file_name: str = strawberry.field(description="The file's name with its ending.")
    media_type: str = strawberry.field(description="Its media type, such as text/csv.")
    size: int = strawberry.field(description="Its size in bytes.")


@strawberry.type(description="The upload that was announced.")
class UploadPayload:
    """This will hold the upload."""

    upload: Upload = strawberry.field(description="Where the bytes go.")


CreateUploadResult = Annotated[
    UploadPayload | Problems, strawberry.union("CreateUploadResult", description="The upload, or why there is none.")
]


@strawberry.input(description="What is written in a file, and what is meant by it.")
class ImportAliasInput:
    """This will be a value and its meaning."""

    from_: str = strawberry.field(name="from", description="What is written, however it is spelt.")
    to: str = strawberry.field(description="What is meant; empty for nothing.")


@strawberry.input(description="Which column of the file is which field.")
class ImportColumnInput:
    """This will say which column is which field."""

    column: str = strawberry.field(description="The column by its header. A column may feed several fields.")
    field: str = strawberry.field(description="The field by its key; `importFields` lists them.")
    aliases: list[ImportAliasInput] = strawberry.field(
        default_factory=list, description="Values that stand for others in this column."
    )
    multiply_by: int = strawberry.field(
        default=1, description="For numbers and amounts: 1000000 when the file counts in millions."
    )


@strawberry.input(description="A value that every row has.")
class ImportConstantInput:
    """This will be a value that every row has."""

    field: str = strawberry.field(description="The field by its key.")
    value: str = strawberry.field(description="The value, written as in a file.")


@strawberry.input(description="A file to import, and how to read it.")
class StartImportInput:
    """This will say what to import and how."""

    upload_id: strawberry.ID = strawberry.field(description="The upload.")
    kind: ImportKind = strawberry.field(description="What the rows are.")
    mapping: list[ImportColumnInput] = strawberry.field(description="Which column is which field.")
    constants: list[ImportConstantInput] = strawberry.field(
        default_factory=list, description="Values that every row has."
    )
    dry_run: bool = strawberry.field(default=False, description="Find out everything, keep nothing.")
    date_format: str = strawberry.field(
        default="YYYY-MM-DD", description="How dates are written as text, such as M/D/YYYY."
    )
    calendar: Calendar = strawberry.field(
        default=Calendar.GREGORIAN, description="The calendar that dates are written in as text."
    )
    decimal_mark: DecimalMark | None = strawberry.field(
        default=None, description="The mark before decimals; while absent, ambiguous numbers are refused."
    )
    encoding: Encoding | None = strawberry.field(default=None, description=ENCODING)
    delimiter: Delimiter | None = strawberry.field(default=None, description=DELIMITER)
    sheet: str | None = strawberry.field(default=None, description=SHEET)


@strawberry.type(description="The import that was started.")
class ImportRunPayload:
    """This will hold the import."""

    import_run: ImportRun = strawberry.field(description="The import; ask again to see its progress.")


StartImportResult = Annotated[
    ImportRunPayload | Problems, strawberry.union("StartImportResult", description="The import, or why there is none.")
]


def _mapping(input: Any) -> Mapping:
    return Mapping(
        columns=tuple(
            Column(
                column=each.column,
                field=each.field,
                aliases=tuple((alias.from_, alias.to) for alias in each.aliases),
                multiply_by=each.multiply_by,
            )
            for each in input.mapping
        ),
        constants=tuple(Constant(each.field, each.value) for each in input.constants),
        date_format=input.date_format,
        calendar=input.calendar,
        decimal_mark=input.decimal_mark,
    )


@strawberry.type
class Mutation:
    """This will hold the writes of this module."""

    @mutation("Announces a file to upload, and says where its bytes go.")
    async def create_upload(self, info: Info, input: CreateUploadInput) -> CreateUploadResult:
        """This will announce a file."""
        limit = info.context.services.settings.upload_limit_bytes
        async with info.context.write() as (session, caller, at):
            file = service.announce_upload(
                session,
                caller,
                name=input.file_name,
                media_type=input.media_type,
                size=input.size,
                limit=limit,
                at=at,
            )
        place = link(info.context.services, caller, "upload", file.id)
        return UploadPayload(upload=Upload(id=strawberry.ID(str(file.id)), url=place.url, expires_at=place.expires_at))

    @mutation("Starts to import an uploaded file; a worker does it, one import of a workspace at a time.")
    async def start_import(self, info: Info, input: StartImportInput) -> StartImportResult:
        """This will start an import."""
        upload_id, layout = as_id(input.upload_id, "uploadId"), Layout(input.encoding, input.delimiter, input.sheet)
        async with read(info.context.services.database, info.context.caller) as session:
            file = await service.prepare(session, info.context.caller, upload_id=upload_id, kind=input.kind)
        # No transaction waits while the file is read.
        table = await service.read_upload(info.context.services.files, file, layout, inside=("input",))
        async with info.context.write() as (session, caller, at):
            run = await service.start_import(
                session,
                caller,
                file_id=file.id,
                table=table,
                kind=input.kind,
                mapping=_mapping(input),
                layout=layout,
                dry_run=input.dry_run,
                at=at,
            )
        return ImportRunPayload(import_run=await info.context.fetch(imports.import_run, run.id))


TYPES = (ImportRun, ImportIssue)
