"""Telephone numbers: kept in one international form, found by any of the ways people write them."""

from typing import Final

import phonenumbers
from babel.core import get_global

from services.kit.errors import Invalid, Message, Path
from services.kit.text import ascii_digits

UNREADABLE_PHONE: Final = Message(
    "unreadable_phone",
    "“{text}” is not a telephone number; write it with its country code, like +98 21 1234 5678.",
    "«{text}» شمارهٔ تلفن نیست؛ آن را با کد کشور بنویسید، مانند ‎+98 21 1234 5678‎.",
)


def region_of(zone: str) -> str | None:
    """This will tell the country (ISO 3166) whose numbers need no country code in a time zone; None for UTC."""
    found = get_global("zone_territories").get(zone)
    return found if found in phonenumbers.SUPPORTED_REGIONS else None


def phone_number(text: str | None, *, zone: str, path: Path) -> str | None:
    """This will read a number as E.164 (``+982112345678``, ``+982112345678;ext=5``); blank is None.

    Digits may be Persian. A number without its country code is one of the country whose time zone is given.
    """
    if text is None or not text.strip():
        return None
    try:
        number = phonenumbers.parse(ascii_digits(text), region_of(zone))
    except phonenumbers.NumberParseException as error:
        raise Invalid(UNREADABLE_PHONE, path=path, text=text[:40]) from error
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise Invalid(UNREADABLE_PHONE, path=path, text=text[:40])
    written = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return f"{written};ext={number.extension}" if number.extension else written


def national_digits(number: str) -> str:
    """This will write an E.164 number as it is dialled inside its country: ``02112345678``."""
    national = phonenumbers.format_number(
        phonenumbers.parse(number.partition(";")[0]), phonenumbers.PhoneNumberFormat.NATIONAL
    )
    return "".join(filter(str.isdigit, national))
