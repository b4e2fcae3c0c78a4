"""Decisions about invitations, and what is said about them."""

from datetime import datetime
from typing import Final

from services.kit.errors import Locale, Message, Unauthenticated
from services.kit.permissions import Role

BAD_INVITATION = Message(
    "bad_invitation",
    "This invitation is used, withdrawn, expired or not valid; ask for a new one.",
    "این دعوت‌نامه استفاده‌شده، پس‌گرفته، منقضی یا نامعتبر است؛ دعوت‌نامهٔ تازه‌ای بخواهید.",
)
WRONG_PASSWORD = Message(
    "invitation_wrong_password",
    "You have an account already; give its password to accept.",
    "شما از پیش حساب دارید؛ برای پذیرفتن، گذرواژهٔ همان حساب را بدهید.",
)
ALREADY_MEMBER = Message(
    "already_member",
    "This person belongs to the workspace already.",
    "این شخص از پیش عضو فضای کاری است.",
)
NOT_OPEN = Message(
    "invitation_not_open",
    "This invitation has been accepted or withdrawn already.",
    "این دعوت‌نامه پیش‌تر پذیرفته یا پس گرفته شده است.",
)
ALREADY_INVITED = Message(
    "already_invited",
    "Somebody is inviting this person at this moment.",
    "در همین لحظه کس دیگری این شخص را دعوت می‌کند.",
)

SUBJECT = Message(
    "invitation_subject", "{inviter} invites you to {workspace}", "{inviter} شما را به {workspace} دعوت کرده است"
)
TEXT = Message(
    "invitation_text",
    """{inviter} invites you to the workspace “{workspace}” on Ravand, as {role}.

Open this link to accept:
{link}

The link works once, within {days} days. If you already have a Ravand account, its password is asked for.

If you do not know the sender, do nothing: nothing happens without the link.
""",
    """{inviter} شما را به فضای کاری «{workspace}» در روند، به عنوان {role}، دعوت کرده است.

برای پذیرفتن این پیوند را باز کنید:
{link}

این پیوند یک بار و تا {days} روز کار می‌کند. اگر از پیش در روند حساب دارید، گذرواژهٔ همان پرسیده می‌شود.

اگر فرستنده را نمی‌شناسید کاری نکنید؛ بدون این پیوند هیچ اتفاقی نمی‌افتد.
""",
)
SOMEBODY = Message("somebody", "A colleague", "یکی از همکاران")

ROLE_NAMES: Final = {
    Role.OWNER: Message("role_owner", "owner", "مالک"),
    Role.ADMIN: Message("role_admin", "administrator", "مدیر سامانه"),
    Role.MANAGER: Message("role_manager", "manager", "مدیر"),
    Role.REPRESENTATIVE: Message("role_representative", "representative", "کارشناس فروش"),
    Role.SUPPORT_AGENT: Message("role_support_agent", "support agent", "کارشناس پشتیبانی"),
    Role.VIEWER: Message("role_viewer", "viewer", "بیننده"),
}


def role_name(role: str, locale: Locale) -> str:
    """This will word a role in a language."""
    return ROLE_NAMES[Role(role)].text(locale)


def is_good(state: str, expires_at: datetime, at: datetime) -> bool:
    """This will tell whether an invitation still lets its reader in."""
    return state == "OPEN" and at < expires_at


def refuse_spent(state: str, expires_at: datetime, at: datetime) -> None:
    """This will refuse an invitation that lets nobody in any more."""
    if not is_good(state, expires_at, at):
        raise Unauthenticated(BAD_INVITATION, path=("input", "token"))
