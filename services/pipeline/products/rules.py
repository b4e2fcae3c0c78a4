"""Decisions about products."""

from services.kit.errors import Conflict, Invalid, Message, Path

NAME_TAKEN = Message(
    "product_name_taken",
    "The workspace has a product of this name already.",
    "در این فضای کاری محصولی به همین نام هست.",
)
NEGATIVE = Message("negative_amount", "An amount must not be less than zero.", "مبلغ نباید کمتر از صفر باشد.")


def name_taken() -> Conflict:
    """This will say that another product has the name."""
    return Conflict(NAME_TAKEN, path=("input", "name"))


def refuse_negative(minor: int, *, path: Path) -> None:
    """This will refuse an amount below zero."""
    if minor < 0:
        raise Invalid(NEGATIVE, path=path)
