"""Text as people type it in Persian and English, folded so that equal words compare equal.

``fold`` and ``fa_sort_key`` have twins in PostgreSQL, ``app.fold`` and ``app.fa_sort``. Both are written from the
tables of this file: ``sql/text.sql`` is what ``sql_twins()`` returns, and the tests hold it to that. The folding is
told in terms that Python and PostgreSQL 15 to 18 share: NFKC, a table of single characters, simple lower case, and ß.
So it tells apart what ``str.casefold`` does not only in Greek iota subscripts and nine archaic Cyrillic letters;
characters that Unicode gained after 14.0 may fold differently in a newer Python or PostgreSQL than in an older one.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from email_validator import validate_email

Ranges = tuple[tuple[int, int], ...]

ALPHABET: Final = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"

# One letter that keyboards, neighbouring languages and spelling habits write in several ways. The hamza on a carrier is
# dropped wherever it stands (رئیس is رییس, مسؤول is مسوول), because U+0654 is dropped with the other marks too.
VARIANTS: Final = {
    "ا": "آأإٱٲٳ",
    "و": "ؤ",
    "ه": "ةۀہۂۃھە",
    "ک": "كڪ",
    "ی": "يىئےۓ",
    "i": "İ",
    "σ": "ς",
}
DIGITS: Final = {chr(zero + digit): str(digit) for zero in (0x0660, 0x06F0) for digit in range(10)}
# Harakat and Koranic marks, tatweel and the high hamza, joiners, direction marks, soft hyphen, variation selectors; and
# U+11A7, a jamo of old Korean, because PostgreSQL's normalize() swallows it after some syllables and not after others.
DROPPED: Final[Ranges] = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x0610, 0x061A), (0x061C, 0x061C), (0x0640, 0x0640), (0x064B, 0x065F),
    (0x0670, 0x0670), (0x0674, 0x0674), (0x06D6, 0x06DC), (0x06DF, 0x06E4), (0x06E7, 0x06E8), (0x06EA, 0x06ED),
    (0x08D3, 0x08FF), (0x11A7, 0x11A7), (0x180E, 0x180E), (0x200D, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
)  # fmt: skip
# Controls, line separators, zero-width space and ZWNJ part words; the other spaces are spaces after NFKC.
SPACES: Final[Ranges] = ((0x0001, 0x0020), (0x007F, 0x009F), (0x1680, 0x1680), (0x200B, 0x200C), (0x2028, 0x2029))
# What PostgreSQL cannot hold parts words too, so that a folded text can always be stored and compared there.
UNSTORABLE: Final[Ranges] = ((0x0000, 0x0000), (0xD800, 0xDFFF))

# A sort key spells the Persian letters with the 39 bytes between "9" and "a", which are free once text is in lower case
# and punctuation is gone: byte order is then space, digits, Persian, Latin, the rest, and keys are half as long.
SORT_LETTERS: Final = {letter: chr(0x3A + place) for place, letter in enumerate("آاء" + ALPHABET[2:])}
# Kurdish letters stand with the Persian letter they are a form of.
KURDISH: Final = {"ڕ": "ر", "ڵ": "ل", "ۆ": "و", "ێ": "ی", "ڤ": "ف"}
ACCENTS: Final[Ranges] = ((0x0300, 0x036F),)
APOSTROPHES: Final = "'`‘’ʼ"
PUNCTUATION: Final = '!"#$%&()*+,-./:;<=>?@[\\]^_{|}~' + "،؛؟٪٫٬٭۔«»‹›“”„–—―‐‒−•·×÷"


def _characters(ranges: Ranges) -> list[str]:
    return [chr(code) for first, last in ranges for code in range(first, last + 1)]


def _ranges(characters: str) -> Ranges:
    return tuple((ord(character), ord(character)) for character in characters)


def _literal(characters: str) -> str:
    """This will quote characters for SQL, with escapes, because right-to-left text in code cannot be reviewed.

    ``%`` and ``:`` are escaped too: drivers and SQLAlchemy would take them for placeholders.
    """
    escaped = [c if c.isascii() and c.isalnum() else f"\\u{ord(c):04x}" for c in characters]
    lines = ["".join(escaped[start : start + 18]) for start in range(0, len(escaped), 18)]
    return "E'" + "'\n    '".join(lines) + "'"


def _bracket(ranges: Ranges) -> str:
    """This will spell ranges as a bracket expression of PostgreSQL's regular expressions."""
    return "[" + "".join(f"\\u{a:04x}" if a == b else f"\\u{a:04x}-\\u{b:04x}" for a, b in ranges) + "]"


@dataclass(frozen=True)
class Levelling:
    """This will say which character stands for which, which part words and which are dropped, in Python and in SQL."""

    letters: dict[str, str]
    spaces: Ranges
    dropped: Ranges

    def python(self) -> dict[int, str]:
        """This will give the table for ``str.translate``; runs of spaces are still to be shortened."""
        return str.maketrans(
            dict.fromkeys(_characters(self.spaces + UNSTORABLE), " ")
            | dict.fromkeys(_characters(self.dropped), "")
            | self.letters
        )

    def sql(self, expression: str) -> str:
        """This will spell the same in SQL, runs of spaces shortened; ``translate`` alone takes fifty times as long.

        The regular expressions go first, because the letters of a sort key are punctuation to them.
        """
        expression = f"regexp_replace({expression} COLLATE \"C\",\n  '{_bracket(self.dropped)}', '', 'g')"
        expression = f"regexp_replace({expression},\n  '{_bracket(self.spaces)}+', ' ', 'g')"
        source, target = "".join(self.letters), "".join(self.letters.values())
        return f"translate({expression},\n  {_literal(source)},\n  {_literal(target)})"


FOLDING: Final = Levelling(
    letters={variant: letter for letter, variants in VARIANTS.items() for variant in variants} | DIGITS,
    spaces=SPACES,
    dropped=DROPPED,
)
SORTING: Final = Levelling(
    letters={variant: SORT_LETTERS.get(letter, letter) for variant, letter in (FOLDING.letters | KURDISH).items()}
    | SORT_LETTERS,
    spaces=SPACES + _ranges(PUNCTUATION),
    dropped=DROPPED + ACCENTS + _ranges(APOSTROPHES),
)

_ASCII_DIGITS: Final = str.maketrans(DIGITS)
_PERSIAN_DIGITS: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_DIRECTION_MARKS: Final = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_FOLD: Final = FOLDING.python()
_SORT: Final = SORTING.python()
_ALEF_MADDA: Final = "\u0627\u0653"

_LATIN: Final = str.maketrans(
    dict(zip("ابپتثجحدذرزسصضطظعفقکگلمنوهی", "abptsjhdzrzssztzafqkglmnvhi", strict=True))
    | {"چ": "ch", "خ": "kh", "ژ": "zh", "ش": "sh", "غ": "gh", "ء": "", "’": "", "'": ""}
    | {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_WORD_INITIAL_YEH: Final = re.compile(r"(?<![^\W_])ی")
_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")
_WORD_EDGES: Final = re.compile(r"^[\W_]+|[\W_]+$")


def _single_spaced(text: str) -> str:
    return " ".join(part for part in text.split(" ") if part)


def ascii_digits(text: str) -> str:
    """This will write the Persian and Arabic digits of a text in ASCII."""
    return text.translate(_ASCII_DIGITS)


def plain_number(text: str) -> str:
    """This will ready a typed number or date for reading: ASCII digits, no direction marks, no space around it."""
    return ascii_digits(text.translate(_DIRECTION_MARKS)).strip()


def persian_digits(text: str) -> str:
    """This will write the ASCII digits of a text in Persian."""
    return text.translate(_PERSIAN_DIGITS)


def fold(text: str) -> str:
    """This will fold a text for search and uniqueness: one spelling for every way of typing the same words.

    Letter variants, digits, case, marks and invisible characters are levelled; ZWNJ and every other kind of space
    become one space, none at the ends. NUL and lone surrogates count as spaces. Folding a folded text changes nothing.
    """
    levelled = unicodedata.normalize("NFKC", text).translate(_FOLD).lower().replace("ς", "σ").replace("ß", "ss")
    # Dropping a joiner can bring a letter and its accent together, which only another normalisation composes.
    return _single_spaced(unicodedata.normalize("NFKC", levelled))


def fa_sort_key(text: str) -> str:
    """This will give a key whose code point order (``COLLATE "C"``) is the order of a Persian index.

    Digits come first, then Persian letters (آ before ا), then Latin without regard to accents, then other scripts;
    punctuation parts words and apostrophes do not count. Different texts may share a key: lists need a second column.
    """
    letters = unicodedata.normalize("NFKD", text).lower().replace(_ALEF_MADDA, "آ").replace("ß", "ss")
    return _single_spaced(letters.translate(_SORT))


def search_terms(text: str, *, limit: int = 8) -> tuple[str, ...]:
    """This will split what a person searches for into at most ``limit`` different folded words, in their order.

    Punctuation around a word is dropped, inside it stays (``ali@pars.ir``, ``gtx-pro``), a ``%`` or ``_`` unescaped.
    """
    words = (_WORD_EDGES.sub("", word) for word in fold(text).split(" "))
    return tuple(dict.fromkeys(word for word in words if word))[:limit]


def slugify(text: str, *, fallback: str = "workspace", limit: int = 48) -> str:
    """This will make an ASCII name for addresses (``a-z``, ``0-9`` and single hyphens) out of a name in any script.

    Persian is spelt letter by letter (شرکت پارس is ``shrkt-pars``); ``fallback`` stands in when nothing is left.
    """
    latin = _WORD_INITIAL_YEH.sub("y", fold(text)).translate(_LATIN)
    ascii_only = unicodedata.normalize("NFKD", latin).translate(dict.fromkeys(range(0x0300, 0x0370)))
    return _NOT_SLUG.sub("-", ascii_only).strip("-")[:limit].strip("-") or fallback


def email_key(email: str) -> str:
    """This will give the form of an e-mail address by which it is unique; ``ValueError`` when it is not an address.

    Case and compatibility forms are levelled and international domains are written in one way, without asking DNS.
    Nothing else that a mail server may tell apart is merged: dots, ``+tags`` and ß (``casefold`` makes it ss) stay.
    """
    written = unicodedata.normalize("NFKC", email).strip()
    return unicodedata.normalize("NFKC", validate_email(written, check_deliverability=False).normalized.lower())


def _function(name: str, expression: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}(value text) RETURNS text\n"
        f"LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE\nRETURN btrim({expression}, ' ');\n"
    )


def sql_twins() -> str:
    """This will write the SQL of ``app.fold`` and ``app.fa_sort``; the schema ``app`` must exist."""
    # "default" is the database's own C.UTF-8: its lower() knows all of Unicode whatever collation the argument brings.
    folded = FOLDING.sql("normalize(value, NFKC)")
    folded = f"normalize(replace(lower({folded} COLLATE \"default\"), {_literal('ß')}, 'ss'), NFKC)"
    letters = 'lower(normalize(value, NFKD) COLLATE "default")'
    letters = f"replace(replace({letters}, {_literal(_ALEF_MADDA)}, {_literal('آ')}), {_literal('ß')}, 'ss')"
    return (
        "-- Written by services.kit.text.sql_twins(): change the tables there, not here. May be run again.\n\n"
        + _function("app.fold", folded)
        + "\n"
        + _function("app.fa_sort", SORTING.sql(letters))
    )
