"""Expected failures: a code, words in both languages, a path."""

from dataclasses import dataclass
from typing import ClassVar, Literal

Locale = Literal["fa", "en"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """This will hold one sentence in every language of the product; a missing one cannot be written."""

    key: str
    en: str
    fa: str

    def text(self, locale: Locale, **values: object) -> str:
        """This will word the sentence in a language, its placeholders filled."""
        return (self.fa if locale == "fa" else self.en).format(**values)


class AppError(Exception):
    """This will tell the caller what was wrong with the request; nothing has been changed when it is raised."""

    code: ClassVar[str] = "ERROR"

    def __init__(self, message: Message, *, path: Path = (), **values: object) -> None:
        super().__init__(message.key)
        self.message = message
        self.path = path
        self.values = values

    def text(self, locale: Locale) -> str:
        """This will word the failure in the caller's language."""
        return self.message.text(locale, **self.values)


class Invalid(AppError):
    """This will say that an input does not make sense; ``path`` points to it."""

    code = "VALIDATION"


class NotFound(AppError):
    """This will say that nothing the caller may see has this id; foreign and missing ids answer alike."""

    code = "NOT_FOUND"


class Conflict(AppError):
    """This will say that the record changed since it was read, or that another one stands in the way."""

    code = "CONFLICT"

    def __init__(
        self, message: Message, *, path: Path = (), current_version: int | None = None, **values: object
    ) -> None:
        super().__init__(message, path=path, **values)
        self.current_version = current_version


class Blocked(AppError):
    """This will say that a rule of the workspace's own process does not let this happen now."""

    code = "BLOCKED"


class Forbidden(AppError):
    """This will say that the caller's role does not allow this."""

    code = "FORBIDDEN"


class Unauthenticated(AppError):
    """This will say that the caller must log in (again)."""

    code = "UNAUTHENTICATED"


class QuotaExceeded(AppError):
    """This will say that the workspace's plan does not hold more."""

    code = "QUOTA"


class RateLimited(AppError):
    """This will say that the caller asked too often."""

    code = "RATE_LIMITED"


NOT_FOUND = Message("not_found", "Nothing was found under this id.", "چیزی با این شناسه پیدا نشد.")
STALE_VERSION = Message(
    "stale_version",
    "This record was changed meanwhile; it is now at version {current}.",
    "این رکورد در این میان تغییر کرده و اکنون در نسخهٔ {current} است.",
)
CHANGED_MEANWHILE = Message(
    "changed_meanwhile",
    "This record was changed meanwhile; read it again.",
    "این رکورد در این میان تغییر کرده است؛ دوباره آن را بخوانید.",
)
FORBIDDEN = Message("forbidden", "Your role does not allow this.", "نقش شما اجازهٔ این کار را نمی‌دهد.")
UNKEEPABLE = Message(
    "value_unkeepable",
    "A value is out of range or holds a character that no text has.",
    "مقداری بیرون از اندازهٔ مجاز است یا نویسه‌ای دارد که در هیچ متنی نیست.",
)
REQUIRED = Message("required", "This must not be empty.", "این مقدار نباید خالی باشد.")
TOO_LONG = Message(
    "too_long", "This must not be longer than {limit} characters.", "این مقدار نباید بیش از {limit} نویسه باشد."
)
UNSTORABLE = Message(
    "unstorable",
    "This contains a NUL character, which no text has.",
    "این مقدار نویسهٔ NUL دارد که در هیچ متنی نیست.",
)
ALREADY_EXISTS = Message(
    "already_exists", "One with the same value exists already.", "موردی با همین مقدار از پیش وجود دارد."
)


def required_text(value: str, *, path: Path, limit: int = 200) -> str:
    """This will trim a text and refuse it when it is empty or longer than ``limit`` characters."""
    trimmed = value.strip()
    if not trimmed:
        raise Invalid(REQUIRED, path=path)
    if len(trimmed) > limit:
        raise Invalid(TOO_LONG, path=path, limit=limit)
    if "\x00" in trimmed:  # PostgreSQL cannot hold it
        raise Invalid(UNSTORABLE, path=path)
    return trimmed


def optional_text(value: str | None, *, path: Path, limit: int = 2000) -> str | None:
    """This will trim a text, treat an empty one as absent, and refuse one longer than ``limit`` characters."""
    if value is None or not value.strip():
        return None
    return required_text(value, path=path, limit=limit)


def expect_version(current: int, expected: int) -> None:
    """This will refuse a change that was decided on an older version of the record."""
    if current != expected:
        raise Conflict(STALE_VERSION, path=("input", "expectedVersion"), current_version=current, current=current)
