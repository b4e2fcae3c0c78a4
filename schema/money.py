"""Money as every type and input of the schema shows it."""

from typing import Any

import strawberry
from strawberry import UNSET

from schema.context import Info
from services.kit.errors import Path
from services.kit.money import Money, MoneyError, format_money, parse_money
from services.kit.tenancy import Caller


@strawberry.type(name="Money", description="An amount of money, exact.")
class MoneyType:
    """This will show a ``services.kit.money.Money``; read models make it with ``services.kit.reads.amount``."""

    currency: str = strawberry.field(description="The currency (ISO 4217).")

    @strawberry.field(
        description="The amount in whole minor units (cents; Rials for IRR), as text because it is exact."
    )
    def minor(root: strawberry.Parent[Money]) -> str:  # noqa: N805 # the value stands for the type
        """This will give the minor units as text."""
        return str(root.minor)

    @strawberry.field(description="The amount in whole units with the currency's decimals, in ASCII digits.")
    def amount(root: strawberry.Parent[Money]) -> str:  # noqa: N805 # the value stands for the type
        """This will give the amount as a decimal text."""
        return f"{root.to_decimal():f}"

    @strawberry.field(description="The amount as people write it in the caller's language.")
    def formatted(root: strawberry.Parent[Money], info: Info) -> str:  # noqa: N805 # the value stands for the type
        """This will write the amount for the caller."""
        return format_money(root, info.context.locale)


@strawberry.input(description="An amount of money to keep.")
class MoneyInput:
    """This will be an amount as a person writes it."""

    amount: str = strawberry.field(
        description="A decimal number in ASCII or Persian digits, such as 1234.50 or ۱٬۲۳۴٫۵."
    )
    currency: str | None = strawberry.field(
        default=UNSET, description="The currency (ISO 4217); the workspace's own when absent."
    )


def as_money(value: Any, caller: Caller, *path: str | int) -> Money | None:
    """This will read an optional ``MoneyInput``; null and absent are both None, a bad one is refused at its path."""
    return money_of(value, caller, path=("input", *path)) if isinstance(value, MoneyInput) else None


def money_of(value: MoneyInput, caller: Caller, *, path: Path) -> Money:
    """This will read an amount in the currency it names, or the workspace's own; a bad one is refused at its path."""
    named = value.currency if isinstance(value.currency, str) else caller.currency
    try:
        return parse_money(value.amount, named.strip().upper())
    except MoneyError as error:
        error.path = path
        raise
