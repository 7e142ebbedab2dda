"""Cursors: opaque, exact, and refused where they are not ours."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import Refused
from gatekeeper.store.paging import MAX_LIMIT, Page, bounded, make_page, read_cursor, write_cursor

storable = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))


@given(storable, st.integers(), st.floats(allow_nan=False, allow_infinity=False))
def test_a_cursor_names_the_place_it_was_made_for(name: str, number: int, at: float):
    cursor = write_cursor((name, number, at))
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert read_cursor(cursor, str, int, float) == (name, number, at)


def test_a_whole_number_will_do_for_a_time():
    assert read_cursor(write_cursor((5,)), float) == (5.0,)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_what_is_no_cursor_is_refused(cursor: str):
    with pytest.raises(Refused) as refused:
        read_cursor(cursor, str, float, int, str, int)
    assert (refused.value.code, refused.value.field) == ("bad-cursor", "cursor")


@pytest.mark.parametrize("key", [("a",), (1, "a"), (True,), (None,), ("a\x00b",), (1.5,)])
def test_a_cursor_of_another_kind_is_refused(key):
    with pytest.raises(Refused):
        read_cursor(write_cursor(key), str, str)
    with pytest.raises(Refused):
        read_cursor(write_cursor(key), str if key != ("a",) else int)


def test_a_page_knows_whether_more_follows():
    assert make_page([1, 2, 3], 2, str, lambda row: (row,)) == Page(["1", "2"], write_cursor((2,)))
    assert make_page([1, 2], 2, str, lambda row: (row,)) == Page(["1", "2"])
    assert make_page([], 2, str, lambda row: (row,)) == Page([])


def test_limits_are_bounded():
    assert [bounded(limit) for limit in (-1, 0, 7, 10**9)] == [1, 1, 7, MAX_LIMIT]
