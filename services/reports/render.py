"""Files of reports: the same figures as a workbook for people and as JSON for programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

import orjson
import xlsxwriter

from services.kit.calendar import Calendar, format_date
from services.kit.errors import Locale, Message
from services.kit.money import currency_name, exponent
from services.reports.models import ReportFormat

MEDIA_TYPES: Final = {
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.JSON: "application/json",
}
# A spreadsheet keeps fifteen digits of a number; longer ones are written as text, so that none is lost.
EXACT_DIGITS: Final = 15

TITLE = Message("report_title", "Sales performance", "عملکرد فروش")
SUMMARY = Message("report_summary", "Summary", "خلاصه")
FROM = Message("report_from", "From", "از")
TO = Message("report_to", "To", "تا")
MADE_AT = Message("report_made_at", "Made at (UTC)", "زمان تهیه (UTC)")
BY_AGENT = Message("report_by_agent", "By agent", "به تفکیک کارشناس")
BY_MANAGER = Message("report_by_manager", "By manager", "به تفکیک مدیر")
BY_PRODUCT = Message("report_by_product", "By product", "به تفکیک محصول")
BY_QUARTER = Message("report_by_quarter", "By quarter", "به تفکیک فصل")
AGENT = Message("report_agent", "Agent", "کارشناس")
MANAGER = Message("report_manager", "Manager", "مدیر")
PRODUCT = Message("report_product", "Product", "محصول")
QUARTER = Message("report_quarter", "Quarter", "فصل")
NONE = Message("report_none", "(none)", "(بدون)")
WON = Message("report_won", "Won", "برد")
LOST = Message("report_lost", "Lost", "باخت")
OPEN = Message("report_open", "Open now", "باز (اکنون)")
WIN_RATE = Message("report_win_rate", "Win rate (%)", "نرخ برد (٪)")
REVENUE = Message("report_revenue", "Won revenue ({currency})", "درآمد برد ({currency})")
CYCLE = Message("report_cycle", "Average cycle (days)", "میانگین چرخهٔ فروش (روز)")


@dataclass(frozen=True, slots=True)
class Document:
    """This will be what a report's files are made of; ``figures`` is what ``SalesPerformance.to_json`` gave."""

    figures: dict[str, Any]
    locale: Locale
    made_at: datetime


def rendered(document: Document, format: ReportFormat) -> bytes:
    """This will write a report as a file."""
    return RENDERERS[format](document)


def as_json(document: Document) -> bytes:
    """This will write a report as JSON in UTF-8."""
    return orjson.dumps(
        {"report": "SALES_PERFORMANCE", "locale": document.locale, "madeAt": document.made_at, **document.figures},
        option=orjson.OPT_INDENT_2,
    )


def as_workbook(document: Document) -> bytes:
    """This will write a report as a workbook: a sheet for the whole, one for each side, right to left in Persian."""
    target = BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"title": TITLE.text(document.locale), "created": document.made_at.replace(tzinfo=None)})
    sheets = _Sheets(book, document)
    sheets.summary()
    sheets.side(BY_AGENT, AGENT, document.figures["byAgent"])
    sheets.side(BY_MANAGER, MANAGER, document.figures["byManager"])
    sheets.side(BY_PRODUCT, PRODUCT, document.figures["byProduct"])
    sheets.side(BY_QUARTER, QUARTER, document.figures["byQuarter"])
    book.close()
    return target.getvalue()


RENDERERS: Final[dict[ReportFormat, Callable[[Document], bytes]]] = {
    ReportFormat.XLSX: as_workbook,
    ReportFormat.JSON: as_json,
}


class _Sheets:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Any, document: Document) -> None:
        self.book = book
        self.figures = document.figures
        self.made_at = document.made_at
        self.locale: Locale = document.locale
        total: list[dict[str, str]] = self.figures["total"]["wonRevenue"]
        self.currencies = [revenue["currency"] for revenue in total]
        self.bold = book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        self.decimals = {places: book.add_format({"num_format": _pattern(places)}) for places in range(5)}

    def summary(self) -> None:
        """Writes the period and the figures of the whole."""
        sheet = self._sheet(SUMMARY)
        calendar = Calendar(self.figures["calendar"])
        days = [
            (message, format_date(date.fromisoformat(self.figures[key]), self.locale, calendar))
            for message, key in ((FROM, "from"), (TO, "to"))
        ]
        made = (MADE_AT, self.made_at.strftime("%Y-%m-%d %H:%M"))
        sheet.write_string(0, 0, TITLE.text(self.locale), self.bold)
        for row, (message, written) in enumerate((*days, made), start=1):
            sheet.write_string(row, 0, message.text(self.locale))
            sheet.write_string(row, 1, written)
        for row, (heading, (value, places)) in enumerate(
            zip(self._headings(), self._cells(self.figures["total"]), strict=True), start=5
        ):
            sheet.write_string(row, 0, heading)
            self._number(sheet, row, 1, value, places)

    def side(self, name: Message, of: Message, lines: Sequence[dict[str, Any]]) -> None:
        """Writes the figures of one side, a line for each record."""
        sheet = self._sheet(name)
        for place, heading in enumerate((of.text(self.locale), *self._headings())):
            sheet.write_string(0, place, heading, self.bold)
        sheet.freeze_panes(1, 1)
        for row, line in enumerate(lines, start=1):
            label = line["labels"][self.locale] if "labels" in line else line["name"]
            sheet.write_string(row, 0, NONE.text(self.locale) if label is None else label)
            for place, (value, places) in enumerate(self._cells(line), start=1):
                self._number(sheet, row, place, value, places)

    def _sheet(self, name: Message) -> Any:
        sheet = self.book.add_worksheet(name.text(self.locale))
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 6 + len(self.currencies), 16)
        if self.locale == "fa":
            sheet.right_to_left()
        return sheet

    def _headings(self) -> list[str]:
        revenue = [REVENUE.text(self.locale, currency=currency_name(code, self.locale)) for code in self.currencies]
        before = [message.text(self.locale) for message in (WON, LOST, OPEN, WIN_RATE)]
        return [*before, *revenue, CYCLE.text(self.locale)]

    def _cells(self, line: dict[str, Any]) -> list[tuple[str | int | None, int]]:
        """Gives the figures of a line in the order of the headings, each with the decimals it shows."""
        earned = {revenue["currency"]: revenue["amount"] for revenue in line["wonRevenue"]}
        revenue = [(earned.get(code, "0"), exponent(code)) for code in self.currencies]
        counts = [(line[key], 0) for key in ("won", "lost", "open")]
        return [*counts, (line["winRate"], 4), *revenue, (line["averageCycleDays"], 3)]

    def _number(self, sheet: Any, row: int, place: int, value: str | int | None, places: int) -> None:
        if value is None:
            return
        number = Decimal(value)
        if len(number.as_tuple().digits) > EXACT_DIGITS:
            sheet.write_string(row, place, f"{number:,f}")
        else:
            sheet.write_number(row, place, float(number), self.decimals[places])


def _pattern(places: int) -> str:
    return "#,##0" + (f".{'0' * places}" if places else "")
