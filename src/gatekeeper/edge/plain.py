"""Plain answers: a length, a body that came whole, nothing about the connection. Most answers are that.

What a head comes to is remembered for equal bytes, as :mod:`gatekeeper.edge.sieve` does for requests. Whether it is
well-formed is not: that the parser says, of every byte, every time.
"""

from __future__ import annotations

from itertools import islice

from gatekeeper.domain.headers import HOP_BY_HOP, NEVER_FROM_UPSTREAM

CACHE_PRIVATE = b"\r\nCache-Control: private"

_READ_HERE = frozenset({b"content-length", b"set-cookie", b"cache-control", b"content-type"})
_SPECIAL = HOP_BY_HOP | _READ_HERE | NEVER_FROM_UPSTREAM
_MOST_REMEMBERED = 4_096
_LONGEST_REMEMBERED = 64
_LONGEST_LINE_REMEMBERED = 256
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

    def __init__(self, status: int, length: int, passing: bytes, private: bytes) -> None:
        self.status = status
        self.length = length
        self.passing = passing
        self.private = private
        self.cookies: tuple[bytes, ...] = ()
        self.reserved: tuple[bytes, ...] = ()


_PASSES, _GOES_NO_FURTHER, _CACHES, _SETS_COOKIE, _RESERVED, _NOT_PLAIN = -1, -2, -3, -4, -5, -6


_KEPT = frozenset({_PASSES, _CACHES})


class _Kinds(dict[bytes, int]):
    """Of a whole line: what becomes of it; of a ``Content-Length``, the length. Fills itself, in bounds."""

    def __missing__(self, line: bytes) -> int:
        name, _, value = line.partition(b":")
        kind = _kind(name.lower(), value.strip(b" \t")) if KNOWN[name] is None else _PASSES
        if len(line) <= _LONGEST_LINE_REMEMBERED and kind != _SETS_COOKIE:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[line] = kind
        return kind


def _kind(key: bytes, value: bytes) -> int:
    if key == b"content-length":
        return int(value) if value.isdigit() and len(value) <= _LONGEST_LENGTH else _NOT_PLAIN
    if key == b"content-type":
        return _NOT_PLAIN if value.lower().startswith(b"text/event-stream") else _PASSES
    if key == b"connection":
        return _GOES_NO_FURTHER if value.lower() == b"keep-alive" else _NOT_PLAIN
    if key in NEVER_FROM_UPSTREAM:
        return _RESERVED
    kinds = {b"cache-control": _CACHES, b"set-cookie": _SETS_COOKIE, b"keep-alive": _GOES_NO_FURTHER}
    return kinds.get(key, _NOT_PLAIN)


_KINDS = _Kinds()


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


def _sift(lines: list[bytes]) -> PlainHead | None:
    first = lines[0]
    status = _PLAIN_STATUSES.get(first[9:12])
    if status is None or first[:9] != b"HTTP/1.1 ":
        return None
    kept, kinds = [first], []
    length = -1
    for line in islice(lines, 1, None):
        kind = _KINDS[line]
        if kind == _NOT_PLAIN or (kind >= 0 and length >= 0):
            return None
        if kind >= 0:
            length = kind
        if kind in _KEPT or kind >= 0:
            kept.append(line)
        kinds.append(kind)
    if length < 0:
        return None
    passing = b"\r\n".join(kept)
    head = PlainHead(status, length, passing, passing if _CACHES in kinds else passing + CACHE_PRIVATE)
    if _SETS_COOKIE in kinds or _RESERVED in kinds:
        of_kind = list(zip(kinds, islice(lines, 1, None), strict=True))
        head.cookies = tuple(b"\r\n" + line for kind, line in of_kind if kind == _SETS_COOKIE)
        head.reserved = tuple(b"\r\n" + line for kind, line in of_kind if kind == _RESERVED)
    return head
