"""The settings as the command line needs them: complete, or one line that says what is missing."""

from typing import Final

from pydantic import SecretStr, ValidationError

from services.kit.settings import Settings, settings
from services.local.processes import LocalError

SECRET_LENGTH: Final = 32
# The two that every host names the same way are called by the name people know.
NAMES: Final = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL"}


def configured(*needed: str) -> Settings:
    """This will read the settings and insist on the fields a command cannot do without."""
    try:
        found = settings()
    except ValidationError as error:
        wrong = [f"{_variable(str(part['loc'][0]))}: {part['msg']}" for part in error.errors()]
        raise LocalError("; ".join(wrong)) from None  # the chain would print the value, which may be a secret
    missing = [_variable(name) for name in needed if not _text(getattr(found, name))]
    if missing:
        raise LocalError(
            f"{' and '.join(missing)} must be set; deploy/env.example tells how. 'ravand up' sets them itself."
        )
    if "secret_key" in needed and len(_text(found.secret_key)) < SECRET_LENGTH:
        raise LocalError(f"RAVAND_SECRET_KEY must have {SECRET_LENGTH} characters or more.")
    return found


def _variable(name: str) -> str:
    return NAMES.get(name) or (name if name.isupper() else f"RAVAND_{name.upper()}")


def _text(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
