"""Folding and sort keys with their SQL twins, search words, slugs and e-mail keys."""

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kit import text as kit_text
from services.kit.text import ALPHABET, email_key, fa_sort_key, fold, search_terms, slugify, sql_twins

ASSIGNED = [
    chr(code) for code in range(1, 0x110000) if not 0xD800 <= code <= 0xDFFF and unicodedata.category(chr(code)) != "Cn"
]
TABLE = sorted({chr(code) for code in kit_text.SORTING.python()}.intersection(ASSIGNED))
MARKS = [character for character in ASSIGNED if unicodedata.combining(character)]
LETTERS = list("abeiSsßẞΣσςIİıKΩاأآوؤهةیيکك한 ")
JAMO = [*map(chr, range(0x1100, 0x1113)), *map(chr, range(0x1161, 0x1176)), *map(chr, range(0x11A7, 0x11C3))]

# Persian, Latin and every other script, weighted towards what the tables and the normalisation act upon.
texts = st.text(
    st.one_of(
        st.sampled_from(TABLE),
        st.sampled_from(LETTERS),
        st.sampled_from(MARKS),
        st.sampled_from(JAMO),
        st.sampled_from(ASSIGNED),
    ),
    max_size=12,
)

Twins = Callable[[str, list[str]], list[str]]


@pytest.fixture(scope="module")
def in_sql(owner_url: str) -> Iterator[Twins]:
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:

        def answer(function: str, values: list[str]) -> list[str]:
            rows: list[tuple[Any, ...]] = connection.execute(
                f"SELECT app.{function}(value) FROM unnest(%s::text[]) WITH ORDINALITY AS t(value, n) ORDER BY n",
                (values,),
            ).fetchall()
            return [row[0] for row in rows]

        yield answer


class TestFold:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("شركت", "شرکت"),
            ("علي و عيسى", "علی و عیسی"),
            ("مدرسة", "مدرسه"),
            ("خانهٔ ما", "خانه ما"),
            ("خانۀ ما", "خانه ما"),
            ("أحمد إبراهيم آزاد", "احمد ابراهیم ازاد"),
            ("مُحَمَّد", "محمد"),
            ("ســـلام", "سلام"),
            ("می\u200cخواهم", "می خواهم"),
            ("۱۲۳۴۵۶۷۸۹۰", "1234567890"),
            ("١٢٣٤٥٦٧٨٩٠", "1234567890"),
            ("رئیس", "رییس"),
            ("مسؤول", "مسوول"),
            ("ﻻﺯﻡ", "لازم"),
            ("ACME Ｃｏ．", "acme co."),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("\ufeff  two\u00a0\t words\u200f ", "two words"),
        ],
    )
    def test_the_same_words_typed_differently_fold_alike(self, written: str, meant: str) -> None:
        assert fold(written) == fold(meant)

    def test_a_folded_persian_text_is_written_with_persian_letters_and_ascii_digits(self) -> None:
        assert fold("  شـرِكة‌ي ۱۴۰۴ Ltd. ") == "شرکه ی 1404 ltd."

    def test_different_letters_stay_different(self) -> None:
        assert len({fold(letter) for letter in ALPHABET}) == len(ALPHABET) - 1  # آ is ا

    def test_what_postgresql_cannot_hold_parts_words(self) -> None:
        assert fold("a\x00b\ud800c") == "a b c"

    def test_every_character_folds_to_a_fixed_point(self) -> None:
        assert [character for character in ASSIGNED if fold(fold(character)) != fold(character)] == []

    @given(texts)
    @settings(max_examples=400, deadline=None)
    def test_folding_twice_changes_nothing(self, written: str) -> None:
        assert fold(fold(written)) == fold(written)

    @given(st.text())
    @settings(max_examples=200, deadline=None)
    def test_any_python_text_folds_to_what_postgresql_can_hold(self, written: str) -> None:
        folded = fold(written)
        assert "\x00" not in folded
        assert folded.encode("utf-8").decode("utf-8") == folded

    def test_characters_that_casefold_alike_fold_alike_but_for_a_few_archaic_ones(self) -> None:
        different = [c for c in ASSIGNED if fold(c.casefold()) != fold(c)]
        archaic_cyrillic = set(map(chr, range(0x1C80, 0x1C89)))
        iota_subscripts = {c for c in different if "\u0345" in unicodedata.normalize("NFD", c)}
        assert set(different) == archaic_cyrillic | iota_subscripts | {"İ"}


class TestSortKey:
    def test_the_persian_alphabet_is_in_order(self) -> None:
        assert [left for left, right in pairwise(ALPHABET) if fa_sort_key(left) >= fa_sort_key(right)] == []

    def test_an_index_is_in_the_order_a_reader_expects(self) -> None:
        expected = [
            "", "۲ ستاره", "آب", "آسمان", "ابر", "اراک", "بابل", "پارس", "تهران", "چابهار", "خانهٔ ما", "خانه‌های ما",
            "ژاله", "قم", "کرج", "گرگان", "مشهد", "وزیر", "هرمز", "یزد", "Acme", "éclair", "Eclat", "Zeta", "北京",
        ]  # fmt: skip
        shuffled = random.Random(4).sample(expected, len(expected))
        assert sorted(shuffled, key=fa_sort_key) == expected

    def test_spelling_variants_share_a_key(self) -> None:
        assert fa_sort_key("كتابي") == fa_sort_key("کتابی")
        assert fa_sort_key("O’Brien") == fa_sort_key("obrien")
        assert fa_sort_key("«پارس»، تهران") == fa_sort_key("پارس تهران")

    def test_key_letters_are_free_bytes_between_digits_and_latin(self) -> None:
        assert all("9" < key < "a" for key in kit_text.SORT_LETTERS.values())
        assert len(set(kit_text.SORT_LETTERS.values())) == len(kit_text.SORT_LETTERS)


class TestSqlTwins:
    def test_the_file_is_what_the_tables_say(self) -> None:
        file = Path(kit_text.__file__).parent / "sql" / "text.sql"
        assert file.read_text(encoding="utf-8") == sql_twins(), "write sql_twins() to services/kit/sql/text.sql"

    def test_the_file_can_be_run_again(self, owner_url: str) -> None:
        with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
            connection.execute(sql_twins().encode())
            connection.execute(sql_twins().encode())
            connection.rollback()

    @pytest.mark.parametrize(("function", "python"), [("fold", fold), ("fa_sort", fa_sort_key)])
    def test_twins_agree_on_every_character(self, in_sql: Twins, function: str, python: Callable[[str], str]) -> None:
        answers = in_sql(function, ASSIGNED)
        different = [hex(ord(c)) for c, answer in zip(ASSIGNED, answers, strict=True) if answer != python(c)]
        assert different == []

    @pytest.mark.parametrize(("function", "python"), [("fold", fold), ("fa_sort", fa_sort_key)])
    def test_twins_agree_on_every_mark_after_a_letter(
        self, in_sql: Twins, function: str, python: Callable[[str], str]
    ) -> None:
        given_texts = [before + mark for mark in MARKS for before in ("ا", "e\u200d", "I", "ß", "a\u064b", "Σ")]
        different = [
            ascii(written)
            for written, answer in zip(given_texts, in_sql(function, given_texts), strict=True)
            if answer != python(written)
        ]
        assert different == []

    @given(values=st.lists(texts, min_size=1, max_size=40))
    @settings(max_examples=150, deadline=None)
    def test_twins_agree_on_mixed_texts(self, in_sql: Twins, values: list[str]) -> None:
        assert in_sql("fold", values) == [fold(value) for value in values]
        assert in_sql("fa_sort", values) == [fa_sort_key(value) for value in values]

    def test_twins_do_not_depend_on_the_collation_of_their_argument(self, owner_url: str) -> None:
        with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
            row = connection.execute("""SELECT app.fold('ÀÉ' COLLATE "C"), app.fa_sort('ÀÉ' COLLATE "C")""").fetchone()
        assert row == ("àé", "ae")

    def test_the_database_sorts_as_python_does(self, owner_url: str) -> None:
        names = ["یزد", "Acme", "آب", "پارس", "۲", "ژاله", "گرگان", "کرج", "ابر"]
        with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(
                'SELECT name FROM unnest(%s::text[]) AS given(name) ORDER BY app.fa_sort(name) COLLATE "C"', (names,)
            ).fetchall()
        assert [row[0] for row in rows] == sorted(names, key=fa_sort_key)

    def test_twins_can_be_indexed(self, owner_url: str) -> None:
        with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TEMPORARY TABLE named (name text)")
            connection.execute("CREATE UNIQUE INDEX ON named (app.fold(name))")
            connection.execute('CREATE INDEX ON named (app.fa_sort(name) COLLATE "C")')
            connection.execute("INSERT INTO named VALUES ('شركت')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO named VALUES ('شرکت')")


class TestSearchTerms:
    def test_words_are_folded_stripped_of_punctuation_and_told_once(self) -> None:
        assert search_terms("  «شركت» پارس، (شرکت) GTX-Pro ali@Pars.ir!") == ("شرکت", "پارس", "gtx-pro", "ali@pars.ir")

    def test_nothing_to_search_for_gives_no_words(self) -> None:
        assert search_terms(" \u200c ؟! ") == ()

    def test_words_are_bounded(self) -> None:
        assert search_terms("a b c d", limit=2) == ("a", "b")


class TestSlugify:
    @pytest.mark.parametrize(
        ("name", "slug"),
        [
            ("شرکت پارس", "shrkt-pars"),
            ("شركت پارس", "shrkt-pars"),
            ("یزد‌سازه ۱۴۰۴", "yzd-sazh-1404"),
            ("Müller & Søn, Ltd.", "muller-son-ltd"),
            ("北京", "workspace"),
            ("", "workspace"),
            ("-- --", "workspace"),
        ],
    )
    def test_a_name_becomes_an_address(self, name: str, slug: str) -> None:
        assert slugify(name) == slug

    @given(texts)
    @settings(max_examples=300, deadline=None)
    def test_a_slug_is_always_a_host_label(self, name: str) -> None:
        slug = slugify(name, limit=20)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
        assert len(slug) <= 20
        assert slugify(slug, limit=20) == slug


class TestEmailKey:
    @pytest.mark.parametrize(
        ("written", "key"),
        [
            (" Ali@Example.COM ", "ali@example.com"),
            ("ali.reza+crm@example.com", "ali.reza+crm@example.com"),
            ("علی@پارس.ایران", "علی@پارس.ایران"),
            ("info@xn--mgba3a4f16a.ir", "info@ایران.ir"),
            ("ａｌｉ＠example.com", "ali@example.com"),
        ],
    )
    def test_an_address_has_one_form(self, written: str, key: str) -> None:
        assert email_key(written) == key
        assert email_key(key) == key

    def test_different_mailboxes_stay_different(self) -> None:
        written = ["a.b@example.com", "ab@example.com", "ab+x@example.com", "strauß@example.com", "strauss@example.com"]
        assert len({email_key(address) for address in written}) == len(written)

    @pytest.mark.parametrize(
        "written",
        [
            "",
            "ali",
            "ali@",
            "@example.com",
            "a b@example.com",
            "ali@localhost",
            "a@b@example.com",
            "ali@ex\x00.com",
            "Ali <ali@example.com>",
        ],
    )
    def test_what_is_not_an_address_is_refused(self, written: str) -> None:
        with pytest.raises(ValueError, match=r".+"):
            email_key(written)
