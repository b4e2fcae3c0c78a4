"""Identifiers: UUIDv7, made in Python, so that new rows land at the end of every index."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """This will make an identifier that sorts by the moment it was made."""
    return uuid7()
