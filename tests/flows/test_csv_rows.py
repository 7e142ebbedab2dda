"""People are read out of CSV files, whatever program wrote them."""

from __future__ import annotations

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import Refused
from gatekeeper.flows.csv_rows import COLUMNS, Fault, Row, read_rows
from gatekeeper.flows.refusals import RefusedAll

PLAIN = "username,email,groups\nanna,anna@example.com,staff|board\nmarco,marco@example.com,\n"


def values(content: bytes) -> list[dict[str, str]]:
    rows = read_rows(content)
    assert all(isinstance(row, Row) for row in rows)
    return [row.values for row in rows if isinstance(row, Row)]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        b"\xef\xbb\xbf" + PLAIN.replace(",", ";").replace("\n", "\r\n").encode(),
        ("\n\n" + PLAIN.replace("\n", "\n\n")).encode(),
        PLAIN.rstrip("\n").encode(),
        PLAIN.replace("username", " UserName ").encode(),
    ],
)
def test_bom_separator_and_line_ends_make_no_difference(content):
    assert values(content) == values(PLAIN.encode())


def test_a_row_knows_its_line_in_the_file():
    content = b'username,email,display_name\n\nanna,a@example.com,"two\nlines"\nmarco,m@example.com,\n'
    assert [row.line for row in read_rows(content)] == [3, 5]


def test_a_row_with_too_many_fields_is_a_fault_of_its_own():
    first, second, third = read_rows(b"username,email\nanna,a@example.com\nb,b@example.com,x\nc,c@example.com\n")
    assert isinstance(first, Row)
    assert second == Fault(3, "There are 3 fields, but 2 columns.")
    assert isinstance(third, Row)


def test_fields_that_a_row_lacks_are_empty():
    (row,) = read_rows(b"username,email,display_name\nanna,a@example.com\n")
    assert isinstance(row, Row)
    assert (row["display_name"], row["groups"]) == ("", "")


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("username,email,permissions", "unknown-column"),
        ("username,e-mail", "unknown-column"),
        ("username", "missing-column"),
        ("username,email,email", "column-twice"),
    ],
)
def test_a_heading_that_cannot_be_is_refused(heading, code):
    with pytest.raises(RefusedAll) as refused:
        read_rows(f"{heading}\na,b\n".encode())
    assert code in {one.code for one in refused.value.refusals}
    assert {one.field for one in refused.value.refusals} == {"file"}


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "empty"), (b" \n\n", "empty"), (b"username,email\n\xff", "not-utf-8")]
)
def test_a_file_that_cannot_be_read_is_refused(content, code):
    with pytest.raises(Refused) as refused:
        read_rows(content)
    assert (refused.value.code, refused.value.field) == (code, "file")


@pytest.mark.parametrize(
    ("word", "enabled"),
    [("", True), ("TRUE", True), ("yes", True), ("1", True), ("No", False), ("0", False), ("perhaps", None)],
)
def test_whether_an_account_is_open_is_said_in_a_word(word, enabled):
    assert Row(2, {"enabled": word}).enabled is enabled


def test_groups_are_separated_within_their_column():
    assert Row(2, {"groups": " staff | board;x,,y "}).groups == ("staff", "board", "x", "y")


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@given(
    st.lists(st.lists(cells, min_size=7, max_size=7).filter(lambda row: any(cell.strip() for cell in row)), max_size=5)
)
def test_what_a_csv_writer_wrote_is_read_as_it_was(rows):
    written = io.StringIO(newline="")
    csv.writer(written).writerows([COLUMNS, *rows])
    assert [list(row.values()) for row in values(written.getvalue().encode())] == rows


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_refused(content):
    with contextlib.suppress(Refused, RefusedAll):
        read_rows(b"username,email\n" + content)
