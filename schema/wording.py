"""The commonest words of GraphQL's own errors, in Persian; English comes from the library.

No sentence of the library is quoted in a Persian one: it stands beside it, in ``extensions.detail``.
"""

import re
from typing import Final

from services.kit.errors import Locale

PERSIAN: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        # First, because it quotes the others.
        (r"Variable '\$(?P<a>\w+)' .*invalid value", "مقدار متغیر «{a}» درست نیست."),
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
        (r"Variable '\$(?P<a>\w+)' is not defined", "متغیر «{a}» تعریف نشده است."),
        (r"Variable '\$(?P<a>\w+)' is never used", "متغیر «{a}» به کار نرفته است."),
        (
            r"Argument '(?P<b>[\w.@]+)\((?P<a>\w+):\)' of type '(?P<c>[^']+)' is required",
            "آرگومان «{a}» از نوع {c} برای «{b}» الزامی است.",
        ),
        (
            r"of type '(?P<b>[^']+)' to include required field '(?P<a>\w+)'",
            "مقدار «{a}» الزامی است و در {b} داده نشده است.",
        ),
        (r"of type '(?P<b>[^']+)' not to include unknown field '(?P<a>\w+)'", "{b} فیلدی به نام «{a}» ندارد."),
        (r"of type '(?P<b>[^']+)' to be an object", "مقدار داده‌شده باید یک شیء {b} باشد."),
        (r"non-null type '(?P<b>[^']+)' not to be None", "مقدار {b} نباید تهی باشد."),
        (r"Enum '(?P<a>\w+)' cannot represent", "مقدار داده‌شده از مقدارهای {a} نیست."),
        (r"Value cannot represent an? (?P<a>\w+)", "مقدار داده‌شده از نوع {a} نیست."),
        (
            r"Variable '\$(?P<a>\w+)' of type '(?P<b>[^']+)' used in position expecting type '(?P<c>[^']+)'",
            "متغیر «{a}» از نوع {b} است، ولی جایش نوع {c} می‌خواهد.",
        ),
        (r"There can be only one [\w ]+ named '(?P<a>\$?\w+)'", "نام «{a}» بیش از یک بار آمده است."),
        (r"Fields '(?P<a>\w+)' conflict", "فیلدهای «{a}» با هم نمی‌خوانند؛ به آن‌ها نام‌های گوناگون بدهید."),
        (r"Fragment '(?P<a>\w+)' is never used", "قطعهٔ «{a}» به کار نرفته است."),
        (r"Unknown directive '(?P<a>@\w+)'", "راهنمایی به نام «{a}» وجود ندارد."),
        (r"Too many errors", "خطاها بیش از آن است که همه گفته شود."),
        (r"(?P<a>\w+) cannot represent", "مقدار داده‌شده از نوع {a} نیست."),
        (r"Value '(?P<a>[^']+)' does not exist in '(?P<b>\w+)' enum", "«{a}» از مقدارهای {b} نیست."),
        (r"Document contains more than (?P<a>\d+) tokens", "سند بیش از {a} واژه دارد."),
        (r"nested too deeply", "سند بیش از اندازه تودرتو است."),
        (r"Syntax Error", "سند خطای نگارشی دارد."),
        (r"Unknown operation named '(?P<a>\w*)'", "عملیاتی به نام «{a}» در سند نیست."),
        (r"Must provide operation name", "سند چند عملیات دارد؛ نام یکی را بدهید."),
    )
)
GENERAL: Final = "سند GraphQL معتبر نیست."


def worded(message: str, locale: Locale) -> str:
    """This will word one of GraphQL's own errors in the caller's language."""
    if locale != "fa":
        return message
    for pattern, words in PERSIAN:
        found = pattern.search(message)
        if found:
            return words.format(**found.groupdict())
    return GENERAL
