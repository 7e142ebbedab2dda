"""Plain answers: a length, a body that came whole, nothing about the connection. Most answers are that.

What a head comes to is remembered for equal bytes, as :mod:`gatekeeper.edge.sieve` does for requests. Whether it is
well-formed is not: that the parser says, of every byte, every time.
"""

from __future__ import annotations

import re
from itertools import islice

from gatekeeper.domain.headers import HOP_BY_HOP, NEVER_FROM_UPSTREAM

CACHE_PRIVATE = b"\r\nCache-Control: private"

_READ_HERE = frozenset({b"content-length", b"set-cookie", b"cache-control", b"content-type"})
REASON = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
"""What may stand behind a status (RFC 9112 §4); the parser takes more."""
_SPECIAL = HOP_BY_HOP | _READ_HERE | NEVER_FROM_UPSTREAM
_MOST_REMEMBERED = 4_096
_LONGEST_REMEMBERED = 64
_LONGEST_LENGTH = 15
_LARGEST_HEAD_REMEMBERED = 1_024
_PLAIN_STATUSES = {b"%d" % status: status for status in range(200, 600) if status not in {204, 205, 304}}


class ResponseLines(dict[bytes, bytes | None]):
    """Of a header's name as sent: the beginning of the line that passes it on, or ``None`` where it is looked at."""

    def __missing__(self, name: bytes) -> bytes | None:
        line = None if name.lower() in _SPECIAL else b"\r\n" + name + b": "
        if len(name) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[name] = line
        return line


KNOWN = ResponseLines()


class PlainHead:
    """The head of a plain answer, ready to be passed on.

    Attributes:
        status: the HTTP status.
        length: of the body, in bytes.
        passing: the status line and the lines that pass, up to the CRLF before the empty line.
        private: the same for one person's eyes: ``Cache-Control: private``, unless it says how it may be cached.
        cookies: lines that set cookies, each after its CRLF.
        reserved: lines that only our own pages may send, likewise.
    """

    __slots__ = ("cookies", "length", "passing", "private", "reserved", "status")

    def __init__(  # noqa: PLR0917 - private
        self,
        status: int,
        length: int,
        passing: bytes,
        private: bytes,
        cookies: tuple[bytes, ...],
        reserved: tuple[bytes, ...],
    ) -> None:
        self.status = status
        self.length = length
        self.passing = passing
        self.private = private
        self.cookies = cookies
        self.reserved = reserved


class PlainHeads(dict[bytes, PlainHead | None]):
    """Of a head without its end: what it comes to, or ``None`` if it is no plain answer's. Fills itself, in bounds."""

    def __missing__(self, head: bytes) -> PlainHead | None:
        found = _sift(head.split(b"\r\n"))
        if len(head) <= _LARGEST_HEAD_REMEMBERED and (found is None or not found.cookies):
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[head] = found
        return found


HEADS = PlainHeads()


def _sift(lines: list[bytes]) -> PlainHead | None:  # noqa: C901 - each branch is one kind of line
    first = lines[0]
    status = _PLAIN_STATUSES.get(first[9:12])
    if status is None or first[:9] != b"HTTP/1.1 " or not REASON.fullmatch(first):
        return None
    kept, cookies, reserved = [first], [], []
    length, caching = -1, CACHE_PRIVATE
    for line in islice(lines, 1, None):
        name, _, value = line.partition(b":")
        if KNOWN[name] is not None:
            kept.append(line)
            continue
        key, value = name.lower(), value.strip(b" \t")
        if key == b"content-length":
            if length >= 0 or not value.isdigit() or len(value) > _LONGEST_LENGTH:
                return None
            length = int(value)
            kept.append(line)
        elif key == b"content-type":
            if value.lower().startswith(b"text/event-stream"):
                return None
            kept.append(line)
        elif key == b"cache-control":
            caching = b""
            kept.append(line)
        elif key == b"set-cookie":
            cookies.append(b"\r\n" + line)
        elif key in NEVER_FROM_UPSTREAM:
            reserved.append(b"\r\n" + line)
        elif key != b"keep-alive" and (key != b"connection" or value.lower() != b"keep-alive"):
            return None
    if length < 0:
        return None
    passing = b"\r\n".join(kept)
    return PlainHead(status, length, passing, passing + caching, tuple(cookies), tuple(reserved))
