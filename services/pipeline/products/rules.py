"""Decisions about products."""

from services.kit.errors import Conflict, Message

NAME_TAKEN = Message(
    "product_name_taken",
    "The workspace has a product of this name already.",
    "در این فضای کاری محصولی به همین نام هست.",
)


def name_taken() -> Conflict:
    """This will say that another product has the name."""
    return Conflict(NAME_TAKEN, path=("input", "name"))
