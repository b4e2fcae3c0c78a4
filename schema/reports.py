"""Reports and their figures, as GraphQL."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import strawberry

from schema.context import Info
from schema.errors import Problems, mutation
from schema.files import link
from schema.money import MoneyType
from schema.paging import AFTER, FIRST, Connection, listing, one, record, single
from schema.pipeline.products import Product
from schema.scalars import Node
from schema.tenants import LocaleType, Member
from services.kit.calendar import Calendar
from services.kit.errors import Invalid
from services.kit.paging import BAD_CURSOR, Window
from services.kit.reads import MODELS, Page
from services.reports import queries as reports
from services.reports import rules, service
from services.reports.models import ReportFormat, ReportKind, ReportState

strawberry.enum(ReportKind, description="What a report tells.")
strawberry.enum(ReportState, description="How far a report has come.")
strawberry.enum(ReportFormat, description="What a report is written as.")

FROM = "The first day, in the workspace's time zone."
TO = "The last day, itself included."
CALENDAR = "The calendar of the quarters; Jalali for readers of Persian when absent."


@strawberry.type(description="What was sold. Deals count by the day they were closed on; open ones are those of now.")
class SalesFigures:
    """This will be what was sold."""

    won: int = strawberry.field(description="Deals that were won.")
    lost: int = strawberry.field(description="Deals that were lost.")
    open: int | None = strawberry.field(description="Deals that are open now; null for a quarter.")
    win_rate: Decimal | None = strawberry.field(
        description="The share won of the closed deals, in percent with four decimals; null when none was closed."
    )

    @strawberry.field(description="The amounts of the won deals, by currency.")
    def won_revenue(root: strawberry.Parent[rules.Figures]) -> list[MoneyType]:  # noqa: N805 # the value stands for the type
        """This will give the revenue of every currency."""
        return list(root.revenue)  # type: ignore[arg-type] # Money stands for its type

    @strawberry.field(
        description="The mean days from opening to closing of the won deals, with three decimals; null without any."
    )
    def average_cycle_days(root: strawberry.Parent[rules.Figures]) -> Decimal | None:  # noqa: N805 # as above
        """This will give the mean days of a won deal."""
        return root.cycle_days


async def _named(root: rules.Line, info: Info, model: str) -> Any:
    """Follows a line to the record it is about, together with all other lines."""
    return None if root.id is None else await (await info.context.loaders()).by_id(MODELS[model], root.id)


@strawberry.type(description="What one agent sold.")
class AgentSales:
    """This will be what one agent sold."""

    figures: SalesFigures = strawberry.field(description="The figures.")

    @strawberry.field(description="The agent, who owns the deals.")
    async def agent(root: strawberry.Parent[rules.Line], info: Info) -> Member:  # noqa: N805 # as above
        """This will give the agent."""
        return await _named(root, info, "member")  # type: ignore[no-any-return] # a Record stands for its type


@strawberry.type(description="What the people of one manager sold.")
class ManagerSales:
    """This will be what the people of one manager sold."""

    figures: SalesFigures = strawberry.field(description="The figures.")

    @strawberry.field(description="The manager; null for agents without one.")
    async def manager(root: strawberry.Parent[rules.Line], info: Info) -> Member | None:  # noqa: N805 # as above
        """This will give the manager."""
        return await _named(root, info, "member")  # type: ignore[no-any-return] # a Record stands for its type


@strawberry.type(description="What was sold of one product.")
class ProductSales:
    """This will be what was sold of one product."""

    figures: SalesFigures = strawberry.field(description="The figures.")

    @strawberry.field(description="The product; null for deals about none.")
    async def product(root: strawberry.Parent[rules.Line], info: Info) -> Product | None:  # noqa: N805 # as above
        """This will give the product."""
        return await _named(root, info, "product")  # type: ignore[no-any-return] # a Record stands for its type


@strawberry.type(description="What was sold in one quarter.")
class QuarterSales:
    """This will be what was sold in one quarter."""

    year: int = strawberry.field(description="The year, in the calendar that was asked for.")
    quarter: int = strawberry.field(description="The quarter, 1 to 4.")
    figures: SalesFigures = strawberry.field(description="The figures.")

    @strawberry.field(description="The quarter's name in the caller's language.")
    def label(root: strawberry.Parent[rules.QuarterLine], info: Info) -> str:  # noqa: N805 # as above
        """This will name the quarter for the caller."""
        return root.label(info.context.locale)


T = TypeVar("T")


def _page(lines: Sequence[T], cursor: Callable[[T], str], first: int, after: str | None) -> Any:
    """Gives one page of lines that were worked out together."""
    window = Window(first, after).checked()
    cursors = [cursor(line) for line in lines]
    if after is not None and after not in cursors:
        raise Invalid(BAD_CURSOR, path=("after",))
    start = 0 if after is None else cursors.index(after) + 1
    end = start + window.first
    records: Any = tuple(zip(cursors, lines, strict=True))[start:end]

    async def count() -> int:
        return len(lines)

    return Connection(page=Page(records, end < len(lines)), count=count)


def _line_cursor(line: rules.Line) -> str:
    return str(line.id)


def _quarter_cursor(line: rules.QuarterLine) -> str:
    return f"{line.year}-{line.quarter}"


@strawberry.type(description="The sales of a period, seen from five sides. The same figures as in the report's files.")
class SalesPerformance:
    """This will be the sales of a period."""

    calendar: Calendar = strawberry.field(description="The calendar of the quarters.")
    total: SalesFigures = strawberry.field(description="The whole.")

    @strawberry.field(name="from", description=FROM)
    def from_(root: strawberry.Parent[rules.SalesPerformance]) -> date:  # noqa: N805 # as above
        """This will give the first day."""
        return root.first_day

    @strawberry.field(description=TO)
    def to(root: strawberry.Parent[rules.SalesPerformance]) -> date:  # noqa: N805 # as above
        """This will give the last day."""
        return root.last_day

    @strawberry.field(description="By agent, the most won first.")
    def by_agent(
        root: strawberry.Parent[rules.SalesPerformance],  # noqa: N805 # as above
        first: Annotated[int, FIRST] = 20,
        after: Annotated[str | None, AFTER] = None,
    ) -> Connection[AgentSales]:
        """This will give the figures by agent."""
        return _page(root.by_agent, _line_cursor, first, after)  # type: ignore[no-any-return] # lines stand for types

    @strawberry.field(description="By the agents' manager, the most won first.")
    def by_manager(
        root: strawberry.Parent[rules.SalesPerformance],  # noqa: N805 # as above
        first: Annotated[int, FIRST] = 20,
        after: Annotated[str | None, AFTER] = None,
    ) -> Connection[ManagerSales]:
        """This will give the figures by manager."""
        return _page(root.by_manager, _line_cursor, first, after)  # type: ignore[no-any-return] # lines stand for types

    @strawberry.field(description="By product, the most won first.")
    def by_product(
        root: strawberry.Parent[rules.SalesPerformance],  # noqa: N805 # as above
        first: Annotated[int, FIRST] = 20,
        after: Annotated[str | None, AFTER] = None,
    ) -> Connection[ProductSales]:
        """This will give the figures by product."""
        return _page(root.by_product, _line_cursor, first, after)  # type: ignore[no-any-return] # lines stand for types

    @strawberry.field(description="By quarter, in their order.")
    def by_quarter(
        root: strawberry.Parent[rules.SalesPerformance],  # noqa: N805 # as above
        first: Annotated[int, FIRST] = 20,
        after: Annotated[str | None, AFTER] = None,
    ) -> Connection[QuarterSales]:
        """This will give the figures by quarter."""
        return _page(root.by_quarter, _quarter_cursor, first, after)  # type: ignore[no-any-return] # lines stand for types


@record(reports.report_file, "One file of a report.")
class ReportFile(Node):
    """This will be one file of a report."""

    format: ReportFormat = strawberry.field(description="What it is written as.")
    name: str = strawberry.field(description="Its name.")
    size: int | None = strawberry.field(description="Its size in bytes; null until it is written.")

    @strawberry.field(description="Where to fetch it; null until it is written. Each answer gives a new address.")
    def url(root: strawberry.Parent[Any], info: Info) -> str | None:  # noqa: N805 # as above
        """This will sign an address for the caller."""
        if root.size is None:
            return None
        return link(info.context.services, info.context.caller, "download", root.file_id).url

    @strawberry.field(description="When an address given now stops working.")
    def expires_at(root: strawberry.Parent[Any], info: Info) -> datetime | None:  # noqa: N805 # as above
        """This will tell how long an address is good."""
        if root.size is None:
            return None
        return link(info.context.services, info.context.caller, "download", root.file_id).expires_at


@strawberry.type(description="How many files of a report are written.")
class ReportProgress:
    """This will say how many files of a report are written."""

    files_total: int = strawberry.field(description="Files that were asked for.")
    files_done: int = strawberry.field(description="Files that are written.")
    percent: int = strawberry.field(description="The same in whole percent.")


@record(reports.report_run, "A report that was asked for.")
class ReportRun(Node):
    """This will be a report that was asked for."""

    kind: ReportKind = strawberry.field(description="What it tells.")
    state: ReportState = strawberry.field(description="How far it has come.")
    calendar: Calendar = strawberry.field(description="The calendar of its quarters.")
    locale: LocaleType = strawberry.field(description="Its language.")
    progress: ReportProgress = strawberry.field(description="How many of its files are written.")
    failure: str | None = strawberry.field(description="Why it failed, in the caller's language.")
    requested_by: Member = one("Who asked for it.")
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    started_at: datetime | None = strawberry.field(description="When its figures were worked out.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")

    @strawberry.field(name="from", description=FROM)
    def from_(root: strawberry.Parent[Any]) -> date:  # noqa: N805 # as above
        """This will give the first day."""
        return root.first_day  # type: ignore[no-any-return] # a Record's field

    @strawberry.field(description=TO)
    def to(root: strawberry.Parent[Any]) -> date:  # noqa: N805 # as above
        """This will give the last day."""
        return root.last_day  # type: ignore[no-any-return] # a Record's field

    @strawberry.field(description="Its files, one of each format.")
    async def files(root: strawberry.Parent[Any], info: Info) -> list[ReportFile]:  # noqa: N805 # as above
        """This will list the files, at most as many as there are formats."""
        loaders = await info.context.loaders()
        page = await loaders.list(root, "files", Window(len(ReportFormat)), {}, None)
        return [file for _, file in page.records]  # type: ignore[misc] # a Record stands for its type


@strawberry.type
class Query:
    """This will hold the reads of this module."""

    report_run: ReportRun | None = single(reports.report_run, "A report.")
    report_runs: Connection[ReportRun] = listing(reports.report_run, "The reports, the newest first.")

    @strawberry.field(description="The sales of a period: deals closed in it, and those that are open now.")
    async def sales_performance(
        self,
        info: Info,
        from_: Annotated[date, strawberry.argument(name="from", description=FROM)],
        to: Annotated[date, strawberry.argument(description=TO)],
        calendar: Annotated[Calendar | None, strawberry.argument(description=CALENDAR)] = None,
    ) -> SalesPerformance:
        """This will work out the sales of a period."""
        reader = await info.context.reader()
        chosen = calendar or service.CALENDARS[info.context.locale]
        found: Any = await reader.ask(
            lambda session: reports.sales_performance(
                session, info.context.caller, first_day=from_, last_day=to, calendar=chosen
            )
        )
        return found  # type: ignore[no-any-return] # the figures stand for their type


@strawberry.input(description="A report to make.")
class RequestReportInput:
    """This will say which report to make."""

    kind: ReportKind = strawberry.field(description="What it tells.")
    from_: date = strawberry.field(name="from", description=FROM)
    to: date = strawberry.field(description=TO)
    formats: list[ReportFormat] = strawberry.field(description="What to write it as.")
    locale: LocaleType | None = strawberry.field(default=None, description="Its language; the caller's when absent.")
    calendar: Calendar | None = strawberry.field(default=None, description=CALENDAR)


@strawberry.type(description="The report that was asked for.")
class ReportRunPayload:
    """This will hold the report."""

    report_run: ReportRun = strawberry.field(description="The report; ask again to see its progress.")


RequestReportResult = Annotated[
    ReportRunPayload | Problems,
    strawberry.union("RequestReportResult", description="The report, or why there is none."),
]


@strawberry.type
class Mutation:
    """This will hold the writes of this module."""

    @mutation("Has a report made; a worker does it.")
    async def request_report(self, info: Info, input: RequestReportInput) -> RequestReportResult:
        """This will ask for a report."""
        async with info.context.write() as (session, caller, at):
            run = await service.request_report(
                session,
                caller,
                kind=input.kind,
                first_day=input.from_,
                last_day=input.to,
                formats=input.formats,
                locale=None if input.locale is None else input.locale.value,
                calendar=input.calendar,
                at=at,
            )
        return ReportRunPayload(report_run=await info.context.fetch(reports.report_run, run.id))


TYPES = (ReportRun, ReportFile)
