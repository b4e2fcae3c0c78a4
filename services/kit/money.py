"""Money: whole minor units and a currency, read from and written for people in Persian and English."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Final, Literal

from babel.numbers import get_currency_name, get_currency_symbol

from services.kit.errors import Invalid, Locale, Message, Path
from services.kit.text import persian_digits, plain_number

# ISO 4217 as of January 2026 without funds, metals and test codes; BGN stays, because deals were made in it until then.
_BY_EXPONENT: Final = {
    # ISO gives IRR two decimals that nobody can pay: the house counts it in whole Rials.
    0: "BIF CLP DJF GNF IRR ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY "
    "COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
    "SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR "
    "ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
EXPONENTS: Final[Mapping[str, int]] = {
    currency: exponent for exponent, currencies in _BY_EXPONENT.items() for currency in currencies.split()
}
SMALLEST: Final = -(2**63)
LARGEST: Final = 2**63 - 1

Unit = Literal["TOMAN"]
TOMAN: Final[Unit] = "TOMAN"

UNKNOWN_CURRENCY: Final = Message(
    "unknown_currency", "“{currency}” is not a currency code.", "«{currency}» کد هیچ واحد پولی نیست."
)
UNIT_OF_RIAL: Final = Message(
    "unit_of_rial",
    "Toman is a way of writing Rials; {currency} has no Toman.",
    "تومان شیوه‌ای برای نوشتن ریال است؛ {currency} تومان ندارد.",
)
OUT_OF_RANGE: Final = Message(
    "amount_out_of_range", "This amount is larger than can be kept.", "این مبلغ بزرگ‌تر از آن است که نگه داشته شود."
)
CURRENCY_MISMATCH: Final = Message(
    "currency_mismatch",
    "Amounts in {one} and {other} cannot be reckoned together.",
    "مبلغ‌های {one} و {other} را نمی‌توان با هم حساب کرد.",
)
UNREADABLE_AMOUNT: Final = Message(
    "unreadable_amount", "“{text}” cannot be read as an amount.", "«{text}» به‌عنوان مبلغ خوانده نمی‌شود."
)
AMBIGUOUS_AMOUNT: Final = Message(
    "ambiguous_amount",
    "“{text}” could mean thousands or decimals; write the decimals in full, or use “,” between thousands.",
    "«{text}» هم هزارگان می‌تواند باشد و هم اعشار؛ اعشار را کامل بنویسید یا هزارگان را با «٬» جدا کنید.",
)
TOO_MANY_DECIMALS: Final = Message(
    "too_many_decimals",
    "“{text}” has more decimals than the {allowed} that the currency has.",
    "«{text}» بیش از {allowed} رقم اعشار این واحد پول دارد.",
)
NEGATIVE: Final = Message("negative_amount", "An amount must not be less than zero.", "مبلغ نباید کمتر از صفر باشد.")
UNUSABLE_RATIOS: Final = Message(
    "unusable_ratios",
    "The ratios must not be negative, and at least one must be more than zero.",
    "نسبت‌ها نباید منفی باشند و دست‌کم یکی باید بیش از صفر باشد.",
)


class MoneyError(Invalid, ValueError):
    """This will say that amounts, currencies or their texts do not make sense."""


class UnknownCurrency(MoneyError):
    """This will say that a currency code is not in the table."""


class AmountOutOfRange(MoneyError):
    """This will say that an amount does not fit a PostgreSQL ``bigint``."""


class CurrencyMismatch(MoneyError):
    """This will say that amounts of two currencies were to be reckoned together."""


class UnreadableAmount(MoneyError):
    """This will say that a text is not an amount, or could be two different ones."""


@dataclass(frozen=True, slots=True)
class Money:
    """This will be an amount in whole minor units (cents; Rials for IRR) that fits a ``bigint``, and its currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)
        if not SMALLEST <= self.minor <= LARGEST:
            raise AmountOutOfRange(OUT_OF_RANGE)

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def to_decimal(self, unit: Unit | None = None) -> Decimal:
        """This will give the amount in whole currency units, or in Toman, with exactly the decimals of the currency."""
        return Decimal(self.minor).scaleb(-_decimals(self.currency, unit))

    def allocate(self, ratios: Sequence[int | Decimal]) -> list["Money"]:
        """This will split the amount by ``ratios`` into parts that sum to it exactly.

        Minor units that are left over go to the parts that lost most by rounding, earlier ones first.
        """
        if not any(ratios) or not all(Decimal(ratio).is_finite() and ratio >= 0 for ratio in ratios):
            raise MoneyError(UNUSABLE_RATIOS)
        weights = [Fraction(ratio) for ratio in ratios]
        whole, size = sum(weights), abs(self.minor)
        exact = [size * weight / whole for weight in weights]
        parts = [int(share) for share in exact]
        losers = sorted(range(len(parts)), key=lambda place: parts[place] - exact[place])
        for place in losers[: size - sum(parts)]:
            parts[place] += 1
        return [Money(part if self.minor >= 0 else -part, self.currency) for part in parts]

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(CURRENCY_MISMATCH, one=self.currency, other=other.currency)


def exponent(currency: str) -> int:
    """This will tell how many decimals a currency has; ``UnknownCurrency`` for a code that is not in the table."""
    if currency not in EXPONENTS:
        raise UnknownCurrency(UNKNOWN_CURRENCY, currency=currency)
    return EXPONENTS[currency]


def _decimals(currency: str, unit: Unit | None) -> int:
    if unit == TOMAN and currency != "IRR":
        raise MoneyError(UNIT_OF_RIAL, currency=currency)
    return 1 if unit == TOMAN else exponent(currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """This will add up amounts of one currency; none of them make zero."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result


def refuse_negative(money: Money | None, *, path: Path) -> Money | None:
    """This will refuse an amount below zero, and give back any other."""
    if money is not None and money.minor < 0:
        raise Invalid(NEGATIVE, path=path)
    return money


def from_decimal(amount: Decimal, currency: str, unit: Unit | None = None) -> Money:
    """This will turn an exact decimal into money and refuse what the minor unit cannot hold; nothing is rounded."""
    decimals = _decimals(currency, unit)
    scale = amount.as_tuple().exponent
    if not isinstance(scale, int):  # NaN and the infinities have a letter there
        raise UnreadableAmount(UNREADABLE_AMOUNT, text=amount)
    # Bounds before the exact arithmetic, which would spell out 1e-999999 in full.
    if scale < -40:
        raise UnreadableAmount(TOO_MANY_DECIMALS, text=amount, allowed=decimals)
    if amount and amount.adjusted() > 20:
        raise AmountOutOfRange(OUT_OF_RANGE)
    minor = Fraction(amount) * 10**decimals
    if minor.denominator != 1:
        raise UnreadableAmount(TOO_MANY_DECIMALS, text=amount, allowed=decimals)
    return Money(int(minor), currency)


# Group marks are the comma, the Arabic one that Persian keyboards give, the Persian thousands mark and the spaces of
# typesetters; a comma is never a decimal mark, in neither language of the product.
_AMOUNT: Final = re.compile(
    r"(?P<sign>[-+−]?)"
    r"(?P<whole>[0-9]{1,3}(?P<group>[,،٬ \u00a0\u202f])[0-9]{3}(?:(?P=group)[0-9]{3})*|[0-9]+)"
    r"(?:(?P<point>[.٫])(?P<fraction>[0-9]+))?"
)
_LONGEST_AMOUNT: Final = 64


def parse_money(text: str, currency: str, unit: Unit | None = None) -> Money:
    """This will read an amount as a person writes it: ``1,234.50``, ``۱۲٬۳۴۵٫۶۷``, ``-20``.

    Digits may be Persian, Arabic or ASCII. Decimals beyond the currency's must be zeros. A lone point before exactly
    three digits (``12.000``) is refused as ambiguous, unless the currency has three decimals.
    """
    decimals = _decimals(currency, unit)
    plain = plain_number(text)
    found = _AMOUNT.fullmatch(plain) if len(plain) <= _LONGEST_AMOUNT else None
    if found is None:
        raise UnreadableAmount(UNREADABLE_AMOUNT, text=text[:_LONGEST_AMOUNT])
    whole, fraction = re.sub(r"[^0-9]", "", found["whole"]), found["fraction"] or ""
    could_be_thousands = len(whole) <= 3 and not whole.startswith("0") and found["group"] is None
    if found["point"] == "." and len(fraction) == 3 and could_be_thousands and decimals != 3:
        raise UnreadableAmount(AMBIGUOUS_AMOUNT, text=text)
    if fraction[decimals:].strip("0"):
        raise UnreadableAmount(TOO_MANY_DECIMALS, text=text, allowed=decimals)
    minor = int(whole + fraction[:decimals].ljust(decimals, "0"))
    return Money(-minor if found["sign"] in {"-", "−"} else minor, currency)


# What CLDR calls otherwise than people do, or has no Persian word for.
_PERSIAN_NAMES: Final = {
    "IRR": "ریال",
    "SVC": "کولون السالوادور",
    "VED": "بولیوار دیجیتال ونزوئلا",
    "XCG": "گیلدر کارائیب",
    "ZWG": "زیگ زیمبابوه",
}


@cache
def currency_name(currency: str, locale: Locale) -> str:
    """This will name a currency beside an amount: ``دلار امریکا`` in Persian, ``$`` or ``IRR`` in English."""
    exponent(currency)
    if locale == "fa":
        return _PERSIAN_NAMES.get(currency) or get_currency_name(currency, locale="fa")
    return get_currency_symbol(currency, locale="en")


def format_money(money: Money, locale: Locale, unit: Unit | None = None) -> str:
    """This will write an amount for a person: ``$1,234.50``, ``IRR 12,345``, ``۱٬۲۳۴٫۵ تومان``.

    Toman shows its one decimal only when it is not zero. A no-break space keeps amount and unit together.
    """
    amount = money.to_decimal(unit)
    if unit == TOMAN and amount == amount.to_integral_value():
        amount = amount.to_integral_value()
    number = f"{abs(amount):,f}"
    if locale == "fa":
        number = persian_digits(number.replace(",", "٬").replace(".", "٫"))
        # The left-to-right mark keeps the sign before the number inside right-to-left text, as CLDR does.
        sign = "\u200e−" if amount < 0 else ""
        return f"{sign}{number}\u00a0{'تومان' if unit == TOMAN else currency_name(money.currency, locale)}"
    sign = "-" if amount < 0 else ""
    if unit == TOMAN:
        return f"{sign}{number}\u00a0Toman"
    name = currency_name(money.currency, locale)
    return f"{sign}{name}{'' if not name[-1].isalnum() else chr(0xA0)}{number}"
