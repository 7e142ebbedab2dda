from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.paths import AmbiguousPath, Target, is_plain, readings, split_target

PIECES = st.sampled_from(
    [
        b"/",
        b"//",
        b"a",
        b"mail",
        b".",
        b"..",
        b"...",
        b";",
        b";x=1",
        b"%2F",
        b"%2f",
        b"%5C",
        b"%2e",
        b"%2E%2e",
        b"%3B",
        b"%25",
        b"%252e",
        b"%00",
        b"%0a",
        b"%C3%A9",
        b"%",
        b"%4",
        b"\\",
        b"~",
        b"+",
        b":",
        b"@",
        b"=",
        b"%61",
    ]
)
PATHS = st.lists(PIECES, max_size=9).map(lambda pieces: b"/" + b"".join(pieces))


def test_a_target_is_taken_apart_without_changing_a_byte():
    assert split_target(b"/a%27b%3Ac%28d%29?x=p%27%40q+r") == (b"/a%27b%3Ac%28d%29", b"?x=p%27%40q+r", None)


def test_an_empty_query_keeps_its_question_mark():
    assert split_target(b"/asdf?") == Target(b"/asdf", b"?")


def test_a_question_mark_in_the_query_stays_there():
    assert split_target(b"/a?b?c") == Target(b"/a", b"?b?c")


def test_an_absolute_target_names_its_host():
    assert split_target(b"http://Mail.example.com:8080/a?b") == (b"/a", b"?b", b"Mail.example.com:8080")
    assert split_target(b"https://mail.example.com") == (b"/", b"", b"mail.example.com")
    assert split_target(b"http://mail.example.com?b") == (b"/", b"?b", b"mail.example.com")


@pytest.mark.parametrize("target", [b"", b"*", b"mail.example.com:443", b"a/b", b"ftp://x/", b"/a#b", b"/#", b"/a?b#c"])
def test_other_targets_are_refused(target):
    with pytest.raises(AmbiguousPath):
        split_target(target)


@pytest.mark.parametrize(
    "path", [b"/", b"/mail", b"/mail/", b"/a.b/..c/...", b"/.well-known/x", b"/a:b@c=d&e+f,g~!$'()*"]
)
def test_a_plain_path_has_one_reading(path):
    assert is_plain(path)
    assert readings(path) == (path,)


@pytest.mark.parametrize(
    "path",
    [
        b"/..",
        b"/.",
        b"/a/../b",
        b"/a/./b",
        b"/a/..",
        b"/a/%2e%2e/b",
        b"/a/%2E./b",
        b"/a/..;/b",
        b"/a/..;x=1/b",
        b"/a/%2e%2e;x/b",
        b"/a/..%3Bx/b",
        b"/a/.;/b",
        b"/a%2F..%2Fb",
        b"/a/..%2Fb",
        b"/a/..%5Cb",
        b"/a%5C..%5Cb",
        b"/a//..//b",
        b"/a/%252e%252e/b",
        b"/a/..%252Fb",
        b"/a\\b",
        b"/a%00",
        b"/a%00b",
        b"/a%0d%0ab",
        b"/a%7f",
        b"/a%1f",
        b"/a\x01",
        b"/a b",
        b"/\xc3\xa9",
        b"/a%",
        b"/a%4",
        b"/a%zz",
        b"/a%u0041",
        b"/a#b",
        b"a",
        b"",
    ],
)
def test_a_path_that_no_server_should_read_is_refused(path):
    with pytest.raises(AmbiguousPath):
        readings(path)


def test_an_encoded_slash_is_read_both_ways():
    assert set(readings(b"/mail/INBOX%2FSent")) == {b"/mail/INBOX%2FSent", b"/mail/INBOX/Sent"}


def test_an_encoded_backslash_is_read_as_a_slash_too():
    assert b"/mail/a/b" in readings(b"/mail/a%5Cb")


def test_parameters_are_read_as_part_of_a_name_and_as_none():
    found = readings(b"/public;x=1/secret")
    assert {b"/public;x=1/secret", b"/public/secret"} <= set(found)


def test_an_encoded_semicolon_begins_parameters_once_it_is_decoded():
    assert b"/public/secret" in readings(b"/public%3Bx/secret")


def test_parameters_that_hold_an_encoded_slash_are_read_in_both_orders():
    found = set(readings(b"/public;x%2Fadmin"))
    assert {b"/public", b"/public/admin"} <= found


def test_doubled_slashes_are_read_as_one_too():
    assert set(readings(b"/a//b")) == {b"/a//b", b"/a/b"}


def test_a_path_that_begins_with_two_slashes_is_read_without_them():
    assert b"/gatekeeper/login" in readings(b"//gatekeeper/login")


@given(PATHS)
def test_the_first_reading_is_the_path_as_sent(path):
    try:
        found = readings(path)
    except AmbiguousPath:
        return
    assert found[0] == path
    assert len(set(found)) == len(found)


@given(PATHS)
def test_no_reading_of_an_accepted_path_has_a_dot_segment_or_a_backslash(path):
    try:
        found = readings(path)
    except AmbiguousPath:
        return
    for reading in found:
        for segment in unquote_to_bytes(reading).split(b"/"):
            assert segment.partition(b";")[0] not in {b".", b".."}
        assert b"\\" not in reading
        assert not any(byte < 0x20 or byte == 0x7F for byte in unquote_to_bytes(reading))


@given(PATHS)
def test_every_way_of_reading_an_accepted_path_is_among_its_readings(path):
    """A server that takes the steps one by one, decoding before or after parameters, arrives at one of them."""
    try:
        found = set(readings(path))
    except AmbiguousPath:
        return

    def decode(text: bytes) -> bytes:
        return unquote_to_bytes(text).replace(b"\\", b"/")

    def bare(text: bytes) -> bytes:
        return b"/".join(segment.partition(b";")[0] for segment in text.split(b"/"))

    def merge(text: bytes) -> bytes:
        while b"//" in text:
            text = text.replace(b"//", b"/")
        return text

    assert {decode(path), bare(path), merge(path), merge(decode(path)), bare(decode(path)), decode(bare(path))} <= found
    assert {merge(bare(decode(path))), merge(decode(bare(path)))} <= found


@given(PATHS)
def test_a_plain_path_is_left_alone_by_every_way_of_reading(path):
    if is_plain(path):
        assert unquote_to_bytes(path) == path
        assert b"//" not in path
        assert b";" not in path
