"""What contacts say when something is refused."""

from services.kit.errors import Conflict, Message, NotFound

EXTERNAL_ID_TAKEN = Message(
    "contact_external_id_taken",
    "Another contact carries this external id.",
    "مخاطب دیگری این شناسهٔ بیرونی را دارد.",
)
LINKED_MEANWHILE = Message(
    "contact_linked_meanwhile",
    "Somebody else linked this contact to this account just now.",
    "کس دیگری همین حالا این مخاطب را به این حساب پیوند داد.",
)
NOT_LINKED = Message(
    "contact_not_linked",
    "This contact does not belong to this account.",
    "این مخاطب به این حساب تعلق ندارد.",
)


def external_id_taken() -> Conflict:
    """This will say that the workspace has a contact from the same source with the same id."""
    return Conflict(EXTERNAL_ID_TAKEN, path=("input", "externalId"))


def linked_meanwhile() -> Conflict:
    """This will say that two callers linked the same two records at once."""
    return Conflict(LINKED_MEANWHILE, path=("input", "contactId"))


def not_linked() -> NotFound:
    """This will say that there is no link to remove."""
    return NotFound(NOT_LINKED, path=("input", "contactId"))
