"""Figures of reports as plain values, and what may be asked for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.kit.calendar import FIRST_DAY, LAST_DAY, Calendar
from services.kit.errors import Invalid, Locale, Message, Path
from services.kit.money import Money
from services.kit.text import persian_digits

DAYS_OUT_OF_ORDER = Message(
    "report_days_out_of_order",
    "The period ends on {last}, before it begins on {first}.",
    "این دوره در {last} پایان می‌یابد، پیش از آنکه در {first} آغاز شود.",
)
DAYS_OUT_OF_RANGE = Message(
    "report_days_out_of_range",
    "A period lies between {first} and {last}.",
    "دوره باید میان {first} و {last} باشد.",
)
NO_FORMAT = Message("report_no_format", "Name at least one format.", "دست‌کم یک قالب را نام ببرید.")
NOBODY_ACTS = Message(
    "report_nobody_acts",
    "The member who asked for the report can no longer work here.",
    "عضوی که این گزارش را خواسته است دیگر نمی‌تواند اینجا کار کند.",
)
STOPPED = Message(
    "report_stopped",
    "The report could not be made because of a fault on our side. Ask for it again.",
    "این گزارش به سبب خطایی در سمت ما ساخته نشد. دوباره آن را بخواهید.",
)


def refuse_period(first: date, last: date, *, path: Path) -> None:
    """This will refuse a period that ends before it begins, or lies outside the calendar table."""
    if first > last:
        raise Invalid(DAYS_OUT_OF_ORDER, path=path, first=first, last=last)
    if first < FIRST_DAY or last > LAST_DAY:
        raise Invalid(DAYS_OUT_OF_RANGE, path=path, first=FIRST_DAY, last=LAST_DAY)


@dataclass(frozen=True, slots=True)
class Progress:
    """This will say how many files of a report are written."""

    files_total: int
    files_done: int

    @property
    def percent(self) -> int:
        """This will give the same in whole percent."""
        return self.files_done * 100 // self.files_total


@dataclass(frozen=True, slots=True)
class Figures:
    """This will be what was sold: deals by outcome, the share won of those closed, revenue, and time to win.

    ``win_rate`` is in percent with four decimals, ``cycle_days`` the mean from opening to closing of the won deals that
    have both days, with three; each is None where there is nothing to divide by, ``open`` where it means nothing.
    """

    won: int
    lost: int
    open: int | None
    win_rate: Decimal | None
    revenue: tuple[Money, ...]
    cycle_days: Decimal | None

    @property
    def closed(self) -> int:
        """This will count the deals that were won or lost."""
        return self.won + self.lost


NOTHING = Figures(0, 0, 0, None, (), None)


@dataclass(frozen=True, slots=True)
class Line:
    """This will be the figures of one record; ``id`` and ``name`` are None for deals that name none."""

    id: UUID | None
    name: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class QuarterLine:
    """This will be the figures of one quarter of a calendar."""

    calendar: Calendar
    year: int
    quarter: int
    figures: Figures

    def label(self, locale: Locale) -> str:
        """This will name the quarter: Q1 2017, or by its season in the Jalali calendar."""
        name = QUARTERS[self.calendar][locale][self.quarter - 1]
        return f"{name} {persian_digits(str(self.year))}" if locale == "fa" else f"{name} {self.year}"


QUARTERS: dict[Calendar, dict[Locale, tuple[str, ...]]] = {
    Calendar.GREGORIAN: {
        "en": ("Q1", "Q2", "Q3", "Q4"),
        "fa": ("سه‌ماههٔ اول", "سه‌ماههٔ دوم", "سه‌ماههٔ سوم", "سه‌ماههٔ چهارم"),
    },
    Calendar.JALALI: {"en": ("Spring", "Summer", "Autumn", "Winter"), "fa": ("بهار", "تابستان", "پاییز", "زمستان")},
}


@dataclass(frozen=True, slots=True)
class SalesPerformance:
    """This will be the sales of the days from ``first_day`` to ``last_day``, both in, seen from five sides."""

    first_day: date
    last_day: date
    calendar: Calendar
    total: Figures
    by_agent: tuple[Line, ...]
    by_manager: tuple[Line, ...]
    by_product: tuple[Line, ...]
    by_quarter: tuple[QuarterLine, ...]

    def to_json(self) -> dict[str, Any]:
        """This will give everything as plain values; decimals and minor units are texts, because they are exact."""
        return {
            "from": self.first_day.isoformat(),
            "to": self.last_day.isoformat(),
            "calendar": self.calendar,
            "total": _figures(self.total),
            "byAgent": [_line(line) for line in self.by_agent],
            "byManager": [_line(line) for line in self.by_manager],
            "byProduct": [_line(line) for line in self.by_product],
            "byQuarter": [
                {"year": line.year, "quarter": line.quarter, "labels": {"en": line.label("en"), "fa": line.label("fa")}}
                | _figures(line.figures)
                for line in self.by_quarter
            ],
        }


def _line(line: Line) -> dict[str, Any]:
    return {"id": None if line.id is None else str(line.id), "name": line.name} | _figures(line.figures)


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "won": figures.won,
        "lost": figures.lost,
        "open": figures.open,
        "winRate": None if figures.win_rate is None else f"{figures.win_rate:f}",
        "wonRevenue": [
            {"currency": money.currency, "minor": str(money.minor), "amount": f"{money.to_decimal():f}"}
            for money in figures.revenue
        ],
        "averageCycleDays": None if figures.cycle_days is None else f"{figures.cycle_days:f}",
    }
