"""Inputs of mutations as plain values."""

from typing import Any

from strawberry import UNSET
from strawberry.utils.str_converters import to_camel_case

from schema.money import MoneyInput, as_money
from schema.scalars import as_optional_id
from services.kit.tenancy import Caller


def fields_of(input: Any, caller: Caller, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """This will give what the caller set of an input, by name: ids as UUIDs, money as Money, null as None."""
    return {
        name: _plain(name, value, caller)
        for name, value in vars(input).items()
        if value is not UNSET and name not in without
    }


def _plain(name: str, value: Any, caller: Caller) -> Any:
    if isinstance(value, MoneyInput):
        return as_money(value, caller, to_camel_case(name))
    if name.endswith("_id"):
        return as_optional_id(value, to_camel_case(name))
    return value
