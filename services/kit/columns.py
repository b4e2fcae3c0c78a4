"""Names and addresses that people enter, checked and as the columns they are kept in."""

from typing import Final

from services.kit.errors import REQUIRED, Invalid, Message, Path, optional_text, required_text
from services.kit.text import email_key, fa_sort_key, fold

BAD_EMAIL: Final = Message("bad_email", "“{text}” is not an e-mail address.", "«{text}» نشانی رایانامه نیست.")


def name_columns(value: str | None, *, path: Path, limit: int = 200) -> dict[str, str]:
    """This will give ``name``, ``name_key`` to compare by and ``name_sort`` to order by; an empty name is refused."""
    name = required_text(value or "", path=path, limit=limit)
    key = fold(name)
    if not key:
        raise Invalid(REQUIRED, path=path)
    return {"name": name, "name_key": key, "name_sort": fa_sort_key(name)}


def email_columns(value: str | None, *, path: Path) -> dict[str, str | None]:
    """This will give ``email`` as it was written and ``email_key`` to compare by; what is no address is refused."""
    email = optional_text(value, path=path, limit=254)
    if email is None:
        return {"email": None, "email_key": None}
    try:
        return {"email": email, "email_key": email_key(email)}
    except ValueError as error:
        raise Invalid(BAD_EMAIL, path=path, text=email) from error
