"""The commonest words of GraphQL's own errors, in Persian; English comes from the library."""

import re
from typing import Final

from services.kit.errors import Locale

PERSIAN: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Cannot query field '(?P<a>\w+)' on type '(?P<b>\w+)'", "نوع «{b}» فیلدی به نام «{a}» ندارد."),
        (r"Unknown argument '(?P<a>\w+)' on field '(?P<b>[\w.]+)'", "فیلد «{b}» آرگومانی به نام «{a}» ندارد."),
        (r"Unknown type '(?P<a>\w+)'", "نوعی به نام «{a}» وجود ندارد."),
        (r"Unknown fragment '(?P<a>\w+)'", "قطعه‌ای به نام «{a}» وجود ندارد."),
        (
            r"Field '(?P<a>\w+)' of type '(?P<b>[^']+)' must have a selection",
            "برای فیلد «{a}» باید زیرفیلدها را نام برد.",
        ),
        (r"Field '(?P<a>\w+)' must not have a selection", "فیلد «{a}» زیرفیلد ندارد."),
        (
            r"Field '(?P<a>[\w.]+)' argument '(?P<b>\w+)' of type '(?P<c>[^']+)' is required",
            "آرگومان «{b}» از نوع {c} برای فیلد «{a}» الزامی است.",
        ),
        (
            r"Field '(?P<a>[\w.]+)' of required type '(?P<b>[^']+)' was not provided",
            "مقدار «{a}» از نوع {b} الزامی است و داده نشده است.",
        ),
        (
            r"Variable '\$(?P<a>\w+)' of required type '(?P<b>[^']+)' was not provided",
            "متغیر «{a}» از نوع {b} الزامی است و داده نشده است.",
        ),
        (r"Variable '\$(?P<a>\w+)' .*invalid value", "مقدار متغیر «{a}» درست نیست."),
        (r"Variable '\$(?P<a>\w+)' is not defined", "متغیر «{a}» تعریف نشده است."),
        (r"Variable '\$(?P<a>\w+)' is never used", "متغیر «{a}» به کار نرفته است."),
        (r"(?P<a>\w+) cannot represent", "مقدار داده‌شده از نوع {a} نیست."),
        (r"Value '(?P<a>[^']+)' does not exist in '(?P<b>\w+)' enum", "«{a}» از مقدارهای {b} نیست."),
        (r"Syntax Error: (?P<a>.*)", "خطای نگارشی در سند: {a}"),
        (r"Unknown operation named '(?P<a>\w+)'", "عملیاتی به نام «{a}» در سند نیست."),
        (r"Must provide operation name", "سند چند عملیات دارد؛ نام یکی را بدهید."),
    )
)
GENERAL: Final = "سند GraphQL معتبر نیست: {detail}"


def worded(message: str, locale: Locale) -> str:
    """This will word one of GraphQL's own errors in the caller's language."""
    if locale != "fa":
        return message
    for pattern, words in PERSIAN:
        found = pattern.search(message)
        if found:
            return words.format(**found.groupdict())
    return GENERAL.format(detail=message)
