"""Answers of an upstream, fuzzed: both ways read them alike, cut anywhere they are the same, and one is never two."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from httptools import HttpParserError, HttpParserUpgrade

from gatekeeper.domain.cookies import CookieNames
from gatekeeper.edge.forward import Forward
from gatekeeper.edge.homeward import final_head, whole_answer
from gatekeeper.edge.reply import MalformedResponse, ResponseReader
from tests.edge.raw import is_line

HEAD_BYTES = 2_048
OURS = CookieNames(secure=True).all
_STATUS_LINE = re.compile(rb"HTTP/1\.1 [1-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?")


class Read(NamedTuple):
    """What a client gets of an answer: its head's lines in one order, its body, and how it ended."""

    lines: tuple[bytes, ...]
    body: bytes
    how: str


def answers(data: bytes) -> None:
    """The first byte says where the others are cut, and whether they answer a ``HEAD``."""
    if not data:
        return
    at, raw = data[0] >> 1, data[1:]
    head_only = bool(data[0] & 1)
    whole = read_in([raw], head_only=head_only)
    pieces = [raw[byte : byte + 1] for byte in range(len(raw))] if at == 0x7F else _halves(raw, at)
    if len(raw) < HEAD_BYTES:
        assert read_in(pieces, head_only=head_only) == whole
    reader = ResponseReader(HEAD_BYTES)
    if head_only:
        reader.expect_no_body()
    plain = reader.plain(raw)
    if plain is not None:
        head, _, body = whole_answer(plain, raw, _forward(), OURS, b"").partition(b"\r\n\r\n")
        assert Read(_in_order(head), body, "complete") == whole
        assert len(body) == plain.length


def _halves(raw: bytes, at: int) -> list[bytes]:
    place = at * len(raw) // 0x7F
    return [piece for piece in (raw[:place], raw[place:]) if piece]


def _forward() -> Forward:
    nothing: Any = None
    forward = Forward(nothing, b"", None, b"")
    forward.private = True
    return forward


def _in_order(head: bytes) -> tuple[bytes, ...]:
    """A head's lines, each by the letter, without what is optional between name and value."""
    first, *lines = head.split(b"\r\n")
    assert _STATUS_LINE.fullmatch(first), first
    assert all(map(is_line, lines)), lines
    split = [line.partition(b":") for line in lines]
    names = [name.lower() for name, _, _ in split]
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
    assert b"service-worker-allowed" not in names
    assert b"clear-site-data" not in names
    return first.rstrip(), *sorted(name.lower() + b":" + value.strip(b" \t") for name, _, value in split)


def read_in(pieces: list[bytes], *, head_only: bool) -> Read | None:
    """What comes of an answer that comes in pieces and then ends; ``None`` for one that cannot be read."""
    reader = ResponseReader(HEAD_BYTES)
    if head_only:
        reader.expect_no_body()
    how = ""
    for piece in pieces:
        try:
            reader.feed(piece)
        except HttpParserUpgrade:
            return None
        except (HttpParserError, MalformedResponse):
            if not reader.begun or not reader.complete or reader.switched:
                return None
            reader.surplus = True
    if not reader.begun or not reader.head:
        return None
    ended = reader.end()
    how = "complete" if ended and not reader.surplus else "surplus" if ended else "cut"
    head = final_head(reader, _forward(), OURS, chunked=False, connection=b"")
    body = b"".join(reader.body)
    if how == "cut":
        return None
    return Read(_in_order(head.removesuffix(b"\r\n\r\n")), body, how)
