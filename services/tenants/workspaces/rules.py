"""Decisions about workspaces."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.kit.errors import Forbidden, Locale, Message

READ_ONLY = Message(
    "workspace_read_only",
    "This workspace is read-only since its trial ended.",
    "دورهٔ آزمایشی این فضای کاری پایان یافته و فقط خواندنی است.",
)


@dataclass(frozen=True, slots=True)
class Defaults:
    """This will hold what a new workspace starts with in a language."""

    zone: str
    currency: str


DEFAULTS: dict[Locale, Defaults] = {
    "fa": Defaults(zone="Asia/Tehran", currency="IRR"),
    "en": Defaults(zone="UTC", currency="USD"),
}


def trial_end(start: datetime, days: int) -> datetime:
    """This will tell when a trial of some days ends."""
    return start + timedelta(days=days)


def may_write(state: str, trial_ends_at: datetime, at: datetime) -> bool:
    """This will tell whether a workspace still takes changes at a moment."""
    return state == "ACTIVE" or (state == "TRIAL" and at < trial_ends_at)


def refuse_read_only(state: str, trial_ends_at: datetime, at: datetime) -> None:
    """This will refuse a change to a workspace that only reads now."""
    if not may_write(state, trial_ends_at, at):
        raise Forbidden(READ_ONLY)
