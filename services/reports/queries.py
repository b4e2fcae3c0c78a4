"""Reads of reports: their runs, and the figures themselves, the same for a file and for whoever asks directly."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, Integer, Numeric, SmallInteger, and_, cast, column, func, or_, select, table, text, tuple_

from services.kit.calendar import Calendar
from services.kit.errors import Locale
from services.kit.money import Money
from services.kit.permissions import Permission
from services.kit.reads import Made, Many, One, ReadModel, read_model
from services.kit.tenancy import Caller, ReadSession
from services.pipeline.opportunities.models import Opportunity
from services.pipeline.opportunities.rules import CLOSED
from services.pipeline.processes.models import StageKind
from services.pipeline.products.models import Product
from services.reports.models import ReportFile, ReportRun
from services.reports.rules import NOTHING, Figures, Line, Progress, QuarterLine, SalesPerformance, refuse_period
from services.tenants.members.models import Member


def _worded(locale: Locale, fa: str | None, en: str | None) -> str | None:
    return fa if locale == "fa" else en


report_run = read_model(
    ReadModel(
        name="report_run",
        table=ReportRun,
        permission=Permission.REPORT_READ,
        fields={
            "failure": Made(_worded, of=(ReportRun.failure_fa, ReportRun.failure_en)),
            "requested_at": ReportRun.created_at,
            "progress": Made(
                lambda _locale, total, done: Progress(total, done), of=(ReportRun.files_total, ReportRun.files_done)
            ),
        },
        links={
            "requested_by": One("member", ReportRun.requested_by),
            "files": Many("report_file", ReportFile.run_id),
        },
    )
)

report_file = read_model(
    ReadModel(name="report_file", table=ReportFile, permission=Permission.REPORT_READ),
)

CALENDAR_DAY: Final = table(
    "calendar_day",
    column("day", Date),
    column("gregorian_year", SmallInteger),
    column("gregorian_quarter", SmallInteger),
    column("jalali_year", SmallInteger),
    column("jalali_quarter", SmallInteger),
)


async def sales_performance(
    session: ReadSession,
    caller: Caller,
    *,
    first_day: date,
    last_day: date,
    calendar: Calendar,
) -> SalesPerformance:
    """This will give the sales figures of a period: deals closed in it, and those that are open now.

    All figures are one statement's, so they are of one moment and add up; ratios are made there, in exact decimals.
    """
    caller.require(Permission.REPORT_READ)
    refuse_period(first_day, last_day, path=("from",))
    rows = (await session.execute(_figures_by_side(first_day, last_day, calendar))).all()
    sides: dict[int, dict[tuple[Any, ...], list[Any]]] = {}
    for row in rows:
        sides.setdefault(row.side, {}).setdefault(tuple(row[:5]), []).append(row)
    agents, managers = _side(sides, AGENT, 0), _side(sides, MANAGER, 1)
    products = _side(sides, PRODUCT, 2)
    people = await _names(session, Member, {id for id, _ in (*agents, *managers)})
    wares = await _names(session, Product, {id for id, _ in products})
    quarters = sorted((key[3], key[4], found) for key, found in sides.get(QUARTER, {}).items() if key[3] is not None)
    return SalesPerformance(
        first_day=first_day,
        last_day=last_day,
        calendar=calendar,
        total=_figures(sides[TOTAL][(None,) * 5]) if TOTAL in sides else NOTHING,
        by_agent=_lines(agents, people),
        by_manager=_lines(managers, people),
        by_product=_lines(products, wares),
        by_quarter=tuple(
            QuarterLine(calendar, year, quarter, _figures(found, dated=True)) for year, quarter, found in quarters
        ),
    )


# What GROUPING() answers for each side: a bit for every column of (owner, manager, product, year, quarter) that the row
# is *not* grouped by.
AGENT, MANAGER, PRODUCT, QUARTER, TOTAL = 0b01111, 0b10111, 0b11011, 0b11100, 0b11111


def _figures_by_side(first_day: date, last_day: date, calendar: Calendar) -> Any:
    year = CALENDAR_DAY.c.jalali_year if calendar is Calendar.JALALI else CALENDAR_DAY.c.gregorian_year
    quarter = CALENDAR_DAY.c.jalali_quarter if calendar is Calendar.JALALI else CALENDAR_DAY.c.gregorian_quarter
    owner, manager, product, currency = (
        Opportunity.owner_id,
        Member.manager_id,
        Opportunity.product_id,
        Opportunity.currency,
    )
    sides = ((), (owner,), (manager,), (product,), (year, quarter))
    sets = [tuple_(*side, *more) for side in sides for more in ((), (currency,))]
    is_won, is_lost = Opportunity.status == StageKind.WON, Opportunity.status == StageKind.LOST
    won, lost = func.count().filter(is_won), func.count().filter(is_lost)
    timed = and_(is_won, Opportunity.opened_on.is_not(None))
    days = func.sum(Opportunity.closed_on - Opportunity.opened_on).filter(timed)
    rate = func.round(cast(won * 100, Numeric) / func.nullif(won + lost, 0), 4)
    cycle = func.round(cast(days, Numeric) / func.nullif(func.count().filter(timed), 0), 3)
    return (
        select(
            owner,
            manager,
            product,
            year,
            quarter,
            currency,
            cast(func.grouping(owner, manager, product, year, quarter), Integer).label("side"),
            cast(func.grouping(currency), Integer).label("whole"),
            won.label("won"),
            lost.label("lost"),
            func.count().filter(Opportunity.status.not_in(CLOSED)).label("open"),
            func.sum(Opportunity.amount_minor).filter(is_won).label("revenue"),
            rate.label("rate"),
            cycle.label("cycle"),
        )
        .join(Member, Member.id == owner)
        .outerjoin(CALENDAR_DAY, CALENDAR_DAY.c.day == Opportunity.closed_on)
        .where(or_(Opportunity.status.not_in(CLOSED), Opportunity.closed_on.between(first_day, last_day)))
        .group_by(func.grouping_sets(*sets))
        .order_by(text("currency"))
    )


def _figures(rows: Sequence[Any], *, dated: bool = False) -> Figures:
    """Puts the rows of one line together: one for the whole of it, and one for each currency."""
    whole = next(row for row in rows if row.whole)
    return Figures(
        won=whole.won,
        lost=whole.lost,
        open=None if dated else whole.open,
        win_rate=whole.rate,
        revenue=tuple(
            Money(int(row.revenue), row.currency) for row in rows if not row.whole and row.revenue is not None
        ),
        cycle_days=whole.cycle,
    )


Side = list[tuple[UUID | None, Figures]]


def _side(sides: dict[int, dict[tuple[Any, ...], list[Any]]], side: int, place: int) -> Side:
    return [(key[place], _figures(found)) for key, found in sides.get(side, {}).items()]


def _lines(side: Side, names: dict[UUID, str]) -> tuple[Line, ...]:
    """Names the lines, the most won first, then by name."""
    lines = [Line(id, None if id is None else names[id], figures) for id, figures in side]
    return tuple(sorted(lines, key=lambda line: (-line.figures.won, line.name or "", str(line.id))))


async def _names(
    session: ReadSession, named: type[Member] | type[Product], ids: Collection[UUID | None]
) -> dict[UUID, str]:
    rows = await session.execute(select(named.id, named.name).where(named.id.in_(set(ids) - {None})))
    return {row.id: row.name for row in rows}
