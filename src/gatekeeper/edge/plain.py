"""Plain answers: a length, a body that came whole, nothing about the connection. Most answers are that."""

from __future__ import annotations

from itertools import islice

from gatekeeper.domain.headers import HOP_BY_HOP, NEVER_FROM_UPSTREAM

_READ_HERE = frozenset({b"content-length", b"set-cookie", b"cache-control", b"content-type"})
_SPECIAL = HOP_BY_HOP | _READ_HERE | NEVER_FROM_UPSTREAM
_MOST_REMEMBERED = 4_096
_LONGEST_REMEMBERED = 64
_LONGEST_LINE_REMEMBERED = 256
_LONGEST_LENGTH = 15
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


class PlainAnswer:
    """An answer that has a length, came whole and says nothing about the connection.

    Attributes:
        status: the HTTP status.
        length: of the body, in bytes.
        lines: the status line and the lines that pass, without ends.
        cookies: lines that set cookies.
        reserved: lines that only our own pages may send.
        cache_control: whether it says how it may be cached.
        rest: the end of the empty line, and the body.
    """

    __slots__ = ("cache_control", "cookies", "length", "lines", "reserved", "rest", "status")

    def __init__(self, status: int, lines: list[bytes]) -> None:
        self.status = status
        self.lines = lines
        self.length = -1
        self.cookies: list[bytes] | None = None
        self.reserved: list[bytes] | None = None
        self.cache_control = False
        self.rest = b""


_PASSES, _GOES_NO_FURTHER, _CACHES, _SETS_COOKIE, _RESERVED, _NOT_PLAIN = -1, -2, -3, -4, -5, -6


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


def sift(lines: list[bytes]) -> PlainAnswer | None:
    """What the lines of a head come to, if it is a plain answer's.

    Args:
        lines: the status line and all others, without ends.
    """
    first = lines[0]
    status = _PLAIN_STATUSES.get(first[9:12])
    if status is None or first[:9] != b"HTTP/1.1 ":
        return None
    answer = PlainAnswer(status, [first])
    kept, length = answer.lines, -1
    for line in islice(lines, 1, None):
        kind = _KINDS[line]
        if kind == _PASSES:
            kept.append(line)
        elif kind >= 0:
            if length >= 0:
                return None
            length = kind
            kept.append(line)
        elif kind == _NOT_PLAIN:
            return None
        elif kind != _GOES_NO_FURTHER:
            _take(answer, kind, line)
    answer.length = length
    return answer if length >= 0 else None


def _take(answer: PlainAnswer, kind: int, line: bytes) -> None:
    """Take in a line that whoever passes the answer on must know of."""
    if kind == _CACHES:
        answer.cache_control = True
        answer.lines.append(line)
    elif kind == _SETS_COOKIE:
        answer.cookies = [*(answer.cookies or ()), line]
    else:
        answer.reserved = [*(answer.reserved or ()), line]
