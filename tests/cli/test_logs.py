"""Nothing that people type forges a line of the log or reaches a terminal as a command."""

from __future__ import annotations

import functools
import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging
import structlog
from gatekeeper.cli import logs
from gatekeeper.config import LogConfig

logs.configure(LogConfig(format={form!r}))
TYPED = "a\\x1b[31mb\\r\\nforged\\x9b2J\\u202e"
log, of_library = structlog.get_logger(), logging.getLogger("library")
log.warning("gatekeeper.said", typed=TYPED, plain="c\\x1bd")
of_library.warning("it said %s", TYPED)
try:
    raise ValueError(TYPED)
except ValueError:
    log.exception("gatekeeper.failed")
    of_library.exception("it failed with %s", TYPED)
"""


@functools.cache
def lines_of(form: str) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(form=form)], capture_output=True, check=True, timeout=60
    )
    text = ended.stderr.decode()
    assert all(character.isprintable() or character == "\n" for character in text)
    return text.removesuffix("\n").split("\n")


def test_each_line_of_a_json_log_is_an_object_whoever_wrote_it():
    entries = [json.loads(line) for line in lines_of("json")]
    assert [entry["level"] for entry in entries] == ["warning", "warning", "error", "error"]
    assert entries[0]["typed"] == "a\x1b[31mb\r\nforged\x9b2J\u202e"
    assert entries[1]["logger"] == "library"
    assert all("ValueError" in entry["exception"] for entry in entries[2:])
    assert all("timestamp" in entry for entry in entries)


def test_a_log_for_a_console_has_its_events_at_the_beginning_of_lines_and_nothing_else():
    events = [line for line in lines_of("console") if not line.startswith("    ")]
    assert len(events) == 4
    for event, said in zip(events, ("gatekeeper.said", "it said a", "gatekeeper.failed", "it failed"), strict=True):
        assert said in event
        assert not event.startswith("forged")


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_was_typed_can_still_be_read(form):
    text = "\n".join(lines_of(form))
    assert "[31mb" in text
    assert "forged" in text
