"""Telephone numbers, in the ways people write them."""

import pytest

from services.kit.errors import Invalid
from services.kit.phone import national_digits, phone_number, region_of


@pytest.mark.parametrize(
    ("text", "zone", "number"),
    [
        ("۰۲۱ ۸۸۷۷ ۶۶۵۵", "Asia/Tehran", "+982188776655"),
        ("0912-345-67-89", "Asia/Tehran", "+989123456789"),
        ("+98 (21) 8877 6655", "UTC", "+982188776655"),
        ("0098 21 8877 6655", "Asia/Tehran", "+982188776655"),
        ("030 901820", "Europe/Berlin", "+4930901820"),
        ("+1 650 253 0000 ext 5", "UTC", "+16502530000;ext=5"),
        (" ", "UTC", None),
        (None, "UTC", None),
    ],
)
def test_a_number_is_kept_in_one_form(text: str | None, zone: str, number: str | None) -> None:
    assert phone_number(text, zone=zone, path=("phone",)) == number
    assert phone_number(number, zone="UTC", path=("phone",)) == number


@pytest.mark.parametrize("text", ["12", "call me", "021 8877 6655", "+98", "+982188776655" * 4])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        phone_number(text, zone="UTC", path=("input", "phone"))
    assert refusal.value.path == ("input", "phone")


def test_a_number_is_also_known_as_it_is_dialled_at_home() -> None:
    assert national_digits("+982188776655") == "02188776655"
    assert national_digits("+982188776655;ext=4") == "02188776655"


def test_a_zone_stands_for_its_country() -> None:
    assert (region_of("Asia/Tehran"), region_of("Europe/Oslo"), region_of("UTC")) == ("IR", "NO", None)
