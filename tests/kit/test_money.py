"""Amounts: arithmetic that loses nothing, and what people write and read."""

import re
from datetime import date
from decimal import Decimal

import pytest
from babel.core import get_global
from hypothesis import assume, given
from hypothesis import strategies as st

from services.kit.errors import Invalid, Locale
from services.kit.money import (
    EXPONENTS,
    LARGEST,
    SMALLEST,
    TOMAN,
    AmountOutOfRange,
    CurrencyMismatch,
    Money,
    MoneyError,
    UnknownCurrency,
    UnreadableAmount,
    currency_name,
    format_money,
    from_decimal,
    parse_money,
    total,
)
from services.kit.text import ascii_digits, persian_digits

currencies = st.sampled_from(sorted(EXPONENTS))
minors = st.integers(SMALLEST, LARGEST)
ratios = st.lists(
    st.one_of(st.integers(0, 10**6), st.decimals(0, 1000, places=3, allow_nan=False)), min_size=1, max_size=12
).filter(any)


class TestCurrencies:
    def test_every_legal_tender_is_known(self) -> None:
        tenders = {
            currency
            for used in get_global("territory_currencies").values()
            for currency, _, until, is_tender in used
            if is_tender and (until is None or date(*until) > date(2026, 1, 1))
        }
        assert tenders - EXPONENTS.keys() == set()

    def test_exponents_are_those_of_iso_4217_and_none_for_the_rial(self) -> None:
        assert {EXPONENTS[currency] for currency in ("JPY", "KRW", "VND", "XAF", "CLP", "ISK", "IRR")} == {0}
        assert {EXPONENTS[currency] for currency in ("USD", "EUR", "AED", "TRY", "AFN", "HUF", "MGA")} == {2}
        assert {EXPONENTS[currency] for currency in ("KWD", "IQD", "BHD", "OMR", "JOD", "TND", "LYD")} == {3}

    @pytest.mark.parametrize("currency", ["", "usd", "XXX", "TOMAN", "IRT", "HRK"])
    def test_other_codes_are_refused(self, currency: str) -> None:
        with pytest.raises(UnknownCurrency):
            Money(1, currency)

    @pytest.mark.parametrize("currency", sorted(EXPONENTS))
    def test_every_currency_has_a_name_in_both_languages(self, currency: str) -> None:
        assert currency_name(currency, "en")
        assert currency_name(currency, "fa") != currency


class TestArithmetic:
    def test_bounds_are_those_of_a_bigint(self) -> None:
        assert Money(2**63 - 1, "IRR").minor == 9_223_372_036_854_775_807
        assert Money(-(2**63), "IRR").minor == -9_223_372_036_854_775_808
        for minor in (2**63, -(2**63) - 1):
            with pytest.raises(AmountOutOfRange):
                Money(minor, "IRR")

    def test_no_operation_steps_over_the_bounds(self) -> None:
        with pytest.raises(AmountOutOfRange):
            Money(LARGEST, "IRR") + Money(1, "IRR")
        with pytest.raises(AmountOutOfRange):
            Money(SMALLEST, "IRR") - Money(1, "IRR")
        with pytest.raises(AmountOutOfRange):
            -Money(SMALLEST, "IRR")

    def test_two_currencies_are_never_reckoned_together(self) -> None:
        with pytest.raises(CurrencyMismatch):
            Money(1, "IRR") + Money(1, "USD")
        with pytest.raises(CurrencyMismatch):
            Money(1, "IRR") - Money(1, "USD")
        with pytest.raises(CurrencyMismatch):
            total([Money(1, "IRR")], "USD")

    def test_failures_are_value_errors_worded_in_both_languages(self) -> None:
        with pytest.raises(MoneyError) as raised:
            parse_money("abc", "IRR")
        assert isinstance(raised.value, ValueError)
        assert isinstance(raised.value, Invalid)
        assert raised.value.text("en") == "“abc” cannot be read as an amount."
        assert raised.value.text("fa") == "«abc» به‌عنوان مبلغ خوانده نمی‌شود."

    @given(st.integers(-(2**61), 2**61), st.integers(-(2**61), 2**61), currencies)
    def test_subtracting_undoes_adding(self, one: int, other: int, currency: str) -> None:
        left, right = Money(one, currency), Money(other, currency)
        assert left + right - right == left
        assert left - right == left + -right

    def test_a_total_of_nothing_is_zero(self) -> None:
        assert total([], "EUR") == Money(0, "EUR")
        assert total([Money(1, "EUR"), Money(2, "EUR")], "EUR") == Money(3, "EUR")

    @given(minors, currencies)
    def test_decimals_come_back_exactly(self, minor: int, currency: str) -> None:
        money = Money(minor, currency)
        assert from_decimal(money.to_decimal(), currency) == money

    @given(minors)
    def test_toman_decimals_come_back_exactly(self, minor: int) -> None:
        money = Money(minor, "IRR")
        assert money.to_decimal(TOMAN) * 10 == money.to_decimal()
        assert from_decimal(money.to_decimal(TOMAN), "IRR", TOMAN) == money

    def test_decimals_that_do_not_fit_are_refused(self) -> None:
        for amount in ("0.001", "1e-999999", "NaN", "Infinity"):
            with pytest.raises(UnreadableAmount):
                from_decimal(Decimal(amount), "USD")
        with pytest.raises(AmountOutOfRange):
            from_decimal(Decimal("1e999999"), "USD")
        with pytest.raises(AmountOutOfRange):
            from_decimal(Decimal(10**17), "USD")


class TestAllocation:
    @pytest.mark.parametrize(
        ("minor", "shares", "parts"),
        [
            (100, [1, 1, 1], [34, 33, 33]),
            (-100, [1, 1, 1], [-34, -33, -33]),
            (5, [3, 7], [2, 3]),
            (10, [0, 1], [0, 10]),
            (1, [Decimal("0.5"), Decimal("0.5")], [1, 0]),
            (0, [1, 2], [0, 0]),
        ],
    )
    def test_what_is_left_over_goes_to_those_who_lost_most(
        self, minor: int, shares: list[int | Decimal], parts: list[int]
    ) -> None:
        assert [part.minor for part in Money(minor, "USD").allocate(shares)] == parts

    @given(minors, ratios)
    def test_parts_sum_exactly_and_stay_within_one_unit_of_their_share(
        self, minor: int, ratios: list[int | Decimal]
    ) -> None:
        parts = Money(minor, "USD").allocate(ratios)
        assert sum(part.minor for part in parts) == minor
        whole = sum(int(Decimal(ratio) * 1000) for ratio in ratios)
        for part, ratio in zip(parts, ratios, strict=True):
            assert abs(part.minor * whole - minor * int(Decimal(ratio) * 1000)) < whole

    @pytest.mark.parametrize("shares", [[], [0, 0], [1, -1], [Decimal("NaN")], [Decimal("Infinity"), 1]])
    def test_ratios_that_make_no_sense_are_refused(self, shares: list[int | Decimal]) -> None:
        with pytest.raises(MoneyError):
            Money(100, "USD").allocate(shares)


class TestParsing:
    @pytest.mark.parametrize(
        ("text", "currency", "minor"),
        [
            ("1,234.50", "USD", 123450),
            ("۱۲٬۳۴۵٫۶۷", "USD", 1234567),
            ("١٢٬٣٤٥٫٦٧", "USD", 1234567),
            ("۱۲,۳۴۵.۶", "USD", 1234560),
            ("۱۲،۳۴۵", "IRR", 12345),
            ("12 345 678", "IRR", 12345678),
            ("12\u00a0345,678".replace(",", "\u00a0"), "IRR", 12345678),
            ("1,234,567", "IRR", 1234567),
            ("1234567", "IRR", 1234567),
            ("1,234.000", "IRR", 1234),
            ("12.00", "IRR", 12),
            ("0.000", "USD", 0),
            ("0.500", "USD", 50),
            ("1234.500", "USD", 123450),
            ("1.234", "KWD", 1234),
            ("۱٫۲۵۰", "USD", 125),
            (" -20 ", "EUR", -2000),
            ("−20", "EUR", -2000),
            ("\u200e−۲۰", "EUR", -2000),
            ("+20", "EUR", 2000),
            ("007", "IRR", 7),
        ],
    )
    def test_amounts_are_read_in_either_way_of_writing(self, text: str, currency: str, minor: int) -> None:
        assert parse_money(text, currency) == Money(minor, currency)

    @pytest.mark.parametrize(
        "text",
        [
            "", " ", "-", "abc", "12,34", "1,2345", "1,234,56", "1,234٬567", "1.234,50", "1.2.3", "1,", "1.", ".5",
            "1e5", "--1", "1-", "1/234", "$5", "12.345", "1 2345", "1,234.567", "12.000", "٫۵", "1²", "1" * 100, "९",
        ],
    )  # fmt: skip
    def test_what_is_no_amount_or_could_be_two_is_refused(self, text: str) -> None:
        with pytest.raises(UnreadableAmount):
            parse_money(text, "USD")

    def test_a_lone_point_before_three_digits_is_called_ambiguous(self) -> None:
        for text in ("12.000", "12.345", "۱۲.۰۰۰"):
            with pytest.raises(UnreadableAmount) as raised:
                parse_money(text, "IRR")
            assert raised.value.message.key == "ambiguous_amount"

    def test_more_decimals_than_the_currency_has_must_be_zeros(self) -> None:
        assert parse_money("1.2000", "USD") == Money(120, "USD")
        with pytest.raises(UnreadableAmount) as raised:
            parse_money("1.2001", "USD")
        assert raised.value.message.key == "too_many_decimals"

    def test_toman_is_ten_rials(self) -> None:
        assert parse_money("۱۲٬۳۴۵٫۵", "IRR", TOMAN) == Money(123455, "IRR")
        with pytest.raises(UnreadableAmount):
            parse_money("1.25", "IRR", TOMAN)
        with pytest.raises(MoneyError):
            parse_money("1", "USD", TOMAN)

    def test_an_amount_beyond_a_bigint_is_refused(self) -> None:
        with pytest.raises(AmountOutOfRange):
            parse_money("9,223,372,036,854,775,808", "IRR")

    @given(st.text("0123456789۰۹٠٩.,٫٬،- +", max_size=12), currencies)
    def test_any_text_is_read_or_refused_with_a_money_error(self, text: str, currency: str) -> None:
        try:
            money = parse_money(text, currency)
        except MoneyError:
            return
        assert money.currency == currency
        assert str(abs(money.minor)).strip("0") in re.sub("[^0-9]", "", ascii_digits(text))


class TestFormatting:
    @pytest.mark.parametrize(
        ("money", "locale", "shown"),
        [
            (Money(123450, "USD"), "en", "$1,234.50"),
            (Money(-123450, "USD"), "en", "-$1,234.50"),
            (Money(12345, "IRR"), "en", "IRR\u00a012,345"),
            (Money(1234567, "KWD"), "en", "KWD\u00a01,234.567"),
            (Money(12345, "IRR"), "fa", "۱۲٬۳۴۵\u00a0ریال"),
            (Money(-1234567, "EUR"), "fa", "\u200e−۱۲٬۳۴۵٫۶۷\u00a0یورو"),
            (Money(0, "EUR"), "fa", "۰٫۰۰\u00a0یورو"),
        ],
    )
    def test_amounts_are_written_for_the_reader(self, money: Money, locale: Locale, shown: str) -> None:
        assert format_money(money, locale) == shown

    def test_toman_shows_a_decimal_only_when_there_is_one(self) -> None:
        assert format_money(Money(12340, "IRR"), "fa", TOMAN) == "۱٬۲۳۴\u00a0تومان"
        assert format_money(Money(12345, "IRR"), "fa", TOMAN) == "۱٬۲۳۴٫۵\u00a0تومان"
        assert format_money(Money(-12345, "IRR"), "en", TOMAN) == "-1,234.5\u00a0Toman"
        with pytest.raises(MoneyError):
            format_money(Money(1, "USD"), "fa", TOMAN)

    @given(minors, currencies)
    def test_a_written_amount_reads_back_as_itself(self, minor: int, currency: str) -> None:
        money = Money(minor, currency)
        shown = format_money(money, "fa").removesuffix(f"\u00a0{currency_name(currency, 'fa')}")
        assert parse_money(shown, currency) == money
        plain = str(money.to_decimal())
        assume(len(plain.rpartition(".")[2]) != 3)
        assert parse_money(persian_digits(plain), currency) == money
