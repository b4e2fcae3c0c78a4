"""Decisions about accounts."""

import re
from collections.abc import Mapping
from uuid import UUID

from services.kit.errors import Conflict, Invalid, Message

FIRST_YEAR = 1000
LAST_YEAR = 2200
MOST_EMPLOYEES = 100_000_000
WEBSITE = re.compile(r"(?:https?://)?[^\s:/?#@]+\.[^\s:/?#@]+(?::[0-9]{1,5})?(?:[/?#]\S*)?", re.IGNORECASE)

NAME_TAKEN = Message(
    "account_name_taken",
    "An account with this name exists already.",
    "حسابی با این نام از پیش وجود دارد.",
)
EXTERNAL_ID_TAKEN = Message(
    "account_external_id_taken",
    "Another account carries this external id.",
    "حساب دیگری این شناسهٔ بیرونی را دارد.",
)
NOT_A_YEAR = Message(
    "not_a_year",
    "The year a company was founded lies between {first} and {last}, in the Gregorian calendar.",
    "سال تأسیس شرکت باید بین {first} و {last} میلادی باشد.",
)
NOT_A_HEADCOUNT = Message(
    "not_a_headcount", "The number of employees cannot be this.", "تعداد کارکنان نمی‌تواند این باشد."
)
NOT_A_WEBSITE = Message("not_a_website", "This is not the address of a website.", "این نشانی یک وب‌گاه نیست.")
PARENT_BELOW = Message(
    "parent_below",
    "An account cannot belong to itself or to one of its own subsidiaries.",
    "یک حساب نمی‌تواند زیرمجموعهٔ خودش یا یکی از زیرمجموعه‌هایش باشد.",
)


def name_taken() -> Conflict:
    """This will say that the workspace has an account of this name."""
    return Conflict(NAME_TAKEN, path=("input", "name"))


def external_id_taken() -> Conflict:
    """This will say that the workspace has an account from the same source with the same id."""
    return Conflict(EXTERNAL_ID_TAKEN, path=("input", "externalId"))


def founded_year(year: int | None) -> int | None:
    """This will refuse a Gregorian year in which no company of today was founded."""
    if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid(NOT_A_YEAR, path=("input", "foundedYear"), first=FIRST_YEAR, last=LAST_YEAR)
    return year


def headcount(employees: int | None) -> int | None:
    """This will refuse a number of employees that no company has."""
    if employees is not None and not 0 <= employees <= MOST_EMPLOYEES:
        raise Invalid(NOT_A_HEADCOUNT, path=("input", "employees"))
    return employees


def website(address: str | None) -> str | None:
    """This will refuse an address that a browser would not open as a website."""
    if address is not None and not WEBSITE.fullmatch(address):
        raise Invalid(NOT_A_WEBSITE, path=("input", "website"))
    return address


def refuse_circle(account_id: UUID, above: set[UUID]) -> None:
    """This will refuse a parent when the account itself is among the new parent and those above it."""
    if account_id in above:
        raise Invalid(PARENT_BELOW, path=("input", "parentId"))


def settled_parents(existing: Mapping[UUID, UUID], wanted: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """This will give every account's parent once the wanted ones hold, save those that would close a circle.

    All three map an account to its parent. Where a wanted one is refused, the account keeps the parent it had, if that
    closes no circle now. Settling the same wishes again changes nothing.
    """
    parents = {account: parent for account, parent in existing.items() if account not in wanted}
    for choice in (wanted, existing):
        for account in wanted:
            parent = choice.get(account)
            if account not in parents and parent is not None and not _leads_to(account, parent, parents):
                parents[account] = parent
    return parents


def _leads_to(account: UUID, above: UUID | None, parents: Mapping[UUID, UUID]) -> bool:
    while above is not None and above != account:
        above = parents.get(above)
    return above == account


def depth(account: UUID, parents: Mapping[UUID, UUID]) -> int:
    """This will count those above an account."""
    above = parents.get(account)
    count = 0
    while above is not None:
        above, count = parents.get(above), count + 1
    return count
