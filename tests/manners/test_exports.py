"""The log as lines: an entry is a line, whatever is in it, and times are those of the API."""

from __future__ import annotations

import json

import pytest

from gatekeeper.manners.exports import iso, line_of
from gatekeeper.store.audit import AuditRecord


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1_800_000_000.5, "2027-01-15T08:00:00.500Z"),
        (1_800_000_000.123_456, "2027-01-15T08:00:00.123Z"),
        (-1.0, "1969-12-31T23:59:59Z"),
    ],
)
def test_an_instant_is_utc_to_the_millisecond_where_it_has_one(at, text):
    assert iso(at) == text


def test_an_entry_is_one_line_however_many_its_texts_have():
    hostile = 'a\r\nb"\\\x1b[31m é'
    record = AuditRecord(
        at=0.0, actor_id=None, actor_name=hostile, action="x", details={"reason": hostile, "deep": {"a": [1]}}, id=7
    )
    line = line_of(record)
    assert not set(line) & set("\r\n\x1b")
    assert json.loads(line) == {
        "id": "7",
        "at": "1970-01-01T00:00:00Z",
        "actor_id": None,
        "actor_name": hostile,
        "action": "x",
        "target_id": None,
        "target_name": None,
        "address": "",
        "request_id": "",
        "outcome": "done",
        "details": {"reason": hostile, "deep": {"a": [1]}},
    }
