"""Files as tables: what is read, and how a file that cannot be read is refused."""

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from services.imports import sheets
from services.imports.sheets import Delimiter, Encoding, Layout, read_table
from services.kit.errors import Invalid

ANY = Layout()


def workbook(fill: Callable[[Any, Any], None], *names: str) -> bytes:
    """Writes a workbook whose last sheet is filled."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    for name in names or ("Sheet1",):
        sheet = book.add_worksheet(name)
    fill(book, sheet)
    book.close()
    return target.getvalue()


def refusal(content: bytes, layout: Layout = ANY, **how: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_table(content, layout, **how)
    assert caught.value.text("fa") != caught.value.text("en")
    return caught.value


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        ("نام;شهر\nعلی;قم\n".encode(), ANY),
        ("نام;شهر\nعلی;قم\n".encode("utf-8-sig"), ANY),
        ("نام;شهر\nعلی;قم\n".encode("utf-16"), ANY),
        ("نام\tشهر\r\nعلی\tقم\r\n".encode("utf-16-be").join([b"\xfe\xff", b""]), ANY),
        ("نام|شهر\nعلی|قم\n".encode(), Layout(delimiter=Delimiter.PIPE)),
    ],
)
def test_text_is_read_in_its_encoding_and_split_at_its_mark(content: bytes, layout: Layout) -> None:
    table = read_table(content, layout)
    assert table.header == ("نام", "شهر")
    assert table.rows == ((2, ("علی", "قم")),)


def test_a_declared_encoding_is_honoured_and_another_one_refused_with_its_place() -> None:
    content = "name,city\nعلي,قم\n".encode("cp1256")
    assert read_table(content, Layout(Encoding.WINDOWS_1256)).rows == ((2, ("علي", "قم")),)
    refused = refusal(content)
    assert refused.message is sheets.WRONG_ENCODING
    assert refused.text("en").startswith("The file is not written in UTF-8: byte 11, in line 2,")


def test_rows_keep_the_numbers_a_spreadsheet_shows_and_blank_ones_are_left_out() -> None:
    table = read_table(b'a,b\n\n1,2\n , \n"x\ny",\n', ANY)
    assert table.rows == ((3, ("1", "2")), (5, ("x\ny",)))
    assert read_table(b"a,b\n1,2\n3,4\n", ANY, first=1).rows == ((2, ("1", "2")),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", sheets.EMPTY_FILE),
        (b"\n \n", sheets.EMPTY_FILE),
        (b"a,b\n1,\x00\n", sheets.NOT_TEXT),
        (b'a,b\n1,"2\n', sheets.BAD_QUOTES),
        (b"PK\x03\x04 and then nothing of an archive", sheets.UNREADABLE_WORKBOOK),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", sheets.OLD_WORKBOOK),
        (b",".join([b"x"] * 201), sheets.TOO_MANY_COLUMNS),
        (b"a\n" + b"1\n" * 200_001, sheets.TOO_MANY_ROWS),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(content: bytes, message: Any) -> None:
    assert refusal(content).message is message


def test_a_file_that_claims_to_be_a_workbook_must_be_one() -> None:
    assert refusal(b"a,b\n1,2\n", workbook=True).message is sheets.UNREADABLE_WORKBOOK


def test_a_workbook_gives_numbers_and_dates_as_they_are() -> None:
    def fill(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(1, 1, ["name", "amount", "day", "moment"])
        sheet.write_row(2, 1, ["علی", 1054.5])
        sheet.write_datetime(2, 3, datetime(2017, 3, 1), day)  # noqa: DTZ001 # a workbook knows no zones
        sheet.write_datetime(2, 4, datetime(2017, 3, 1, 9, 30), day)  # noqa: DTZ001 # as above
        sheet.write_row(4, 1, ["رضا", 0])

    table = read_table(workbook(fill, "Other", "Deals"), Layout(sheet="Deals"), workbook=True)
    assert table.sheets == ("Other", "Deals")
    assert table.header == ("name", "amount", "day", "moment")
    assert table.rows == (
        (3, ("علی", 1054.5, date(2017, 3, 1), datetime(2017, 3, 1, 9, 30))),  # noqa: DTZ001 # as above
        (5, ("رضا", 0.0)),
    )
    refused = refusal(workbook(fill, "Deals"), Layout(sheet="Leads"))
    assert refused.text("en") == "The workbook has no sheet “Leads”; it has: Deals."


def test_a_workbook_made_to_exhaust_memory_is_refused_and_the_reader_survives() -> None:
    def corners(_book: Any, sheet: Any) -> None:
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, "b")

    bomb = workbook(corners)
    assert len(bomb) < 10_000
    assert refusal(bomb).message is sheets.UNREADABLE_WORKBOOK


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (130 * 1024 * 1024))
    assert refusal(target.getvalue()).message is sheets.WORKBOOK_TOO_LARGE


@pytest.mark.parametrize("name", ["", "a\0b", "--help", "\ud800", "x" * 200_000])
def test_no_name_of_a_sheet_can_harm_the_reader(name: str) -> None:
    refused = refusal(workbook(lambda _book, sheet: sheet.write(0, 0, "a"), "Deals"), Layout(sheet=name))
    assert refused.message is sheets.UNKNOWN_SHEET
    assert len(refused.text("en")) < 200


@pytest.mark.parametrize(("place", "byte"), [(6, 0xFF), (46, 0xFF)], ids=["a version to come", "a name in no encoding"])
def test_a_workbook_with_a_damaged_directory_is_refused(place: int, byte: int) -> None:
    content = bytearray(workbook(lambda _book, sheet: sheet.write(0, 0, "a")))
    entry = content.index(b"PK\x01\x02")
    content[entry + 9] |= 0x08  # names are in UTF-8
    content[entry + place] = byte
    assert refusal(bytes(content)).message is sheets.UNREADABLE_WORKBOOK


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    assert refusal(target.getvalue()).message is sheets.UNREADABLE_WORKBOOK


@given(st.binary(max_size=400))
def test_any_bytes_are_either_a_table_or_refused(content: bytes) -> None:
    table = None
    with suppress(Invalid):
        table = read_table(content, ANY)
    assert table is None or (table.header and all(cells for _, cells in table.rows))


WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(str.strip)


@given(
    st.sampled_from(list(Delimiter)),
    st.integers(2, 6).flatmap(lambda width: st.lists(st.tuples(*[WORDS] * width), min_size=3, max_size=12)),
)
def test_the_mark_between_columns_is_found_when_no_other_mark_is_as_regular(
    mark: Delimiter, rows: list[tuple[str, ...]]
) -> None:
    plain = [[cell.translate(dict.fromkeys(map(ord, ',;\t|"'), "x")) for cell in row] for row in rows]
    text = "\n".join(mark.join(row) for row in plain)
    assert sheets.sniff(text) is mark
