"""Decisions about who gets in, and what is said about it."""

import unicodedata
from typing import Final

from services.kit.errors import Invalid, Message, Path

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 128
FEWEST_CHARACTERS: Final = 4

PASSWORD_TOO_SHORT = Message(
    "password_too_short",
    "A password has at least {limit} characters.",
    "گذرواژه باید دست‌کم {limit} نویسه داشته باشد.",
)
PASSWORD_TOO_LONG = Message(
    "password_too_long",
    "A password has at most {limit} characters.",
    "گذرواژه نباید بیش از {limit} نویسه داشته باشد.",
)
PASSWORD_COMMON = Message(
    "password_common",
    "This password is among the first that others would try; choose another one.",
    "این گذرواژه از نخستین‌هایی است که دیگران امتحان می‌کنند؛ گذرواژهٔ دیگری برگزینید.",
)
PASSWORD_IS_EMAIL = Message(
    "password_is_email",
    "The password must not be the e-mail address.",
    "گذرواژه نباید همان نشانی رایانامه باشد.",
)
BAD_CREDENTIALS = Message(
    "bad_credentials",
    "The e-mail and the password do not belong together.",
    "رایانامه و گذرواژه با هم نمی‌خوانند.",
)
NO_WORKSPACE = Message(
    "no_workspace",
    "No workspace is open to you at present; ask whoever manages yours.",
    "اکنون هیچ فضای کاری‌ای به روی شما باز نیست؛ از مدیر آن بپرسید.",
)
NOT_YOUR_WORKSPACE = Message(
    "not_your_workspace",
    "You do not belong to a workspace of this name.",
    "شما عضو فضای کاری‌ای به این نام نیستید.",
)
BAD_REFRESH_TOKEN = Message(
    "bad_refresh_token",
    "This refresh token is used, expired or not valid; log in again.",
    "این توکن تازه‌سازی استفاده‌شده، منقضی یا نامعتبر است؛ دوباره وارد شوید.",
)
TOKEN_UNKNOWN = Message("token_unknown", "This link is not valid.", "این پیوند معتبر نیست.")
TOKEN_USED = Message(
    "token_used",
    "This link has been used already; log in instead.",
    "این پیوند پیش‌تر استفاده شده است؛ به جای آن وارد شوید.",
)
TOKEN_EXPIRED = Message(
    "token_expired",
    "This link has expired; sign up again to get a new one.",
    "مهلت این پیوند گذشته است؛ برای دریافت پیوند تازه دوباره ثبت‌نام کنید.",
)
EMAIL_TAKEN = Message(
    "email_taken",
    "This address has an account already; log in instead.",
    "این نشانی از پیش حساب دارد؛ به جای ثبت‌نام وارد شوید.",
)

VERIFY_SUBJECT = Message("verify_subject", "Confirm your e-mail for Ravand", "تأیید رایانامه برای روند")
VERIFY_TEXT = Message(
    "verify_text",
    """Welcome to Ravand.

Open this link to confirm your e-mail address and start your free trial:
{link}

The link works once, within {hours} hours.

If you did not ask for this, do not open the link: nothing happens without it.
""",
    """به روند خوش آمدید.

برای تأیید رایانامه و آغاز دورهٔ آزمایشی رایگان این پیوند را باز کنید:
{link}

این پیوند یک بار و تا {hours} ساعت کار می‌کند.

اگر شما درخواستی نداده‌اید پیوند را باز نکنید؛ بدون آن هیچ اتفاقی نمی‌افتد.
""",
)
KNOWN_SUBJECT = Message("known_subject", "You already have a Ravand account", "شما از پیش در روند حساب دارید")
KNOWN_TEXT = Message(
    "known_text",
    """Somebody, probably you, asked to open a Ravand account for this address.

You already have an account. Log in here:
{link}

If it was not you, there is nothing to do: your account has not changed.
""",
    """کسی، شاید خود شما، برای این نشانی درخواست حساب روند داده است.

شما از پیش حساب دارید. از این پیوند وارد شوید:
{link}

اگر این درخواست از شما نبوده کاری لازم نیست؛ حسابتان تغییری نکرده است.
""",
)

# Those of the well-known lists that are long enough to be tried here, and what Persian keyboards add to them.
COMMON_PASSWORDS: Final = """
    1234567890 0123456789 12345678910 123456789a a123456789 1234567891 9876543210 0987654321 1122334455 1029384756
    1q2w3e4r5t 1qaz2wsx3edc q1w2e3r4t5 qwertyuiop qwerty1234 qwerty12345 qwerty123456 1234qwerty asdfghjkl1 asdfghjkl;
    zxcvbnm123 zaq12wsx34 password12 password123 password1234 passw0rd123 p@ssw0rd123 p@ssword123 password1! mypassword
    iloveyou12 iloveyou123 letmein123 welcome123 welcome1234 admin12345 administrator adminadmin changeme123 default123
    abcdefghij abc1234567 abcd123456 abc123456789 football123 princess123 superman123 basketball sunshine123 monkey12345
    trustno1234 secret1234 master12345 dragon12345 computer123 internet123 samsung123 google1234 javascript
    salam12345 salam123456 iran123456 persian123 tehran1234 tehran12345 mohammad123 mohammad1234 alireza123 esteghlal1
    perspolis1 perspolis123 khodaya123 yahossein1 yaali12345 ضصثقفغعهخح شسیبلاتنمک گذرواژه۱۲۳ رمزعبور۱۲۳ سلام۱۲۳۴۵۶
"""


def _levelled(text: str) -> str:
    """This will write a text so that case, width and the script of its digits do not matter."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in folded)


_COMMON: Final = frozenset(_levelled(COMMON_PASSWORDS).split())


def check_password(password: str, *, email: str, path: Path) -> None:
    """This will refuse a password that is too short or long, that others would try first, or that is the e-mail."""
    length = len(unicodedata.normalize("NFKC", password))
    if length < SHORTEST_PASSWORD:
        raise Invalid(PASSWORD_TOO_SHORT, path=path, limit=SHORTEST_PASSWORD)
    if max(length, len(password)) > LONGEST_PASSWORD:
        raise Invalid(PASSWORD_TOO_LONG, path=path, limit=LONGEST_PASSWORD)
    levelled = _levelled(password)
    if levelled in _COMMON or len(set(levelled)) < FEWEST_CHARACTERS:
        raise Invalid(PASSWORD_COMMON, path=path)
    if levelled.strip() in {_levelled(email), _levelled(email.partition("@")[0])}:
        raise Invalid(PASSWORD_IS_EMAIL, path=path)
