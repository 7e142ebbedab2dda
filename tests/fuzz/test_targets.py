"""The targets of ``make fuzz`` on the raw-bytes suite, and on what fuzzing found."""

from __future__ import annotations

import pytest

from tests.edge.raw_answers import ANSWERS
from tests.edge.raw_requests import REQUESTS
from tests.fuzz.answers import answers
from tests.fuzz.targets import heads, paths

ROWS = [row.data for family in REQUESTS.values() for row in family.values()]
FOUND_IN_HEADS = [
    b"\xffPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: 1\r\n" * 66 + b"\r\n",
    b"\xffPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: 1\r\n" * 66 + b"X:",
    b"\x80GET / HTTP/1.1\r\nHost: mail.example.com\r\n$Cookie: \t a=b \t\r\n\r\n",
]
FOUND_IN_PATHS: list[bytes] = []


@pytest.mark.parametrize("at", [0, 0x55, 0xAA, 0xFF])
def test_every_row_keeps_the_rules_of_heads(at: int) -> None:
    for row in ROWS:
        heads(bytes([at]) + row)


@pytest.mark.parametrize("at", [0, 0x56, 0xAA, 0xFF])
def test_every_answer_keeps_the_rules_of_answers(at: int) -> None:
    for row in ANSWERS.values():
        answers(bytes([at]) + row.data + row.later)


def test_every_target_keeps_the_rules_of_paths() -> None:
    for row in ROWS:
        if row.count(b" "):
            paths(row.split(b" ")[1])


def test_what_fuzzing_found_stays_mended() -> None:
    for data in FOUND_IN_HEADS:
        heads(data)
    for data in FOUND_IN_PATHS:
        paths(data)
