"""Header lines of requests: which pass, and what the headers of a plain request come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.headers import HOP_BY_HOP, folded

if TYPE_CHECKING:
    from gatekeeper.domain.headers import StripSet

READ_HERE = frozenset({b"host", b"cookie", b"content-length", b"expect", b"service-worker"})
"""Names (lower case) that the edge reads itself and writes anew."""

_SPECIAL = HOP_BY_HOP | READ_HERE
_SPECIAL_FOLDED = frozenset(folded(name) for name in _SPECIAL)
_MOST_REMEMBERED = 4_096
_LONGEST_REMEMBERED = 64
_LARGEST_BLOCK_REMEMBERED = 2_048


class Lines(dict[bytes, bytes | None]):
    """Of a header's name as sent: the beginning of the line that passes it on, or ``None`` where it does not pass so.

    A dictionary that fills itself, in bounds, because the same few names come again and again. Names that fold to one
    of those that frame a message without being it (``Content_Length``) do not pass either.
    """

    def __init__(self, strip: StripSet) -> None:
        super().__init__()
        self._strip = strip

    def __missing__(self, name: bytes) -> bytes | None:
        special = folded(name) in _SPECIAL_FOLDED or self._strip[name]
        line = None if special else b"\r\n" + name + b": "
        if len(name) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[name] = line
        return line


class Sifted:
    """The headers of a plain request: one host, no body, nothing about the connection. Made once for equal bytes.

    Attributes:
        passing: the lines that pass, each after its CRLF, without ``Cookie``.
        host: the host.
        cookies: the values of ``Cookie`` headers.
        stripped: names and values of lines that claim what only a trusted proxy may say.
        known: whether the gate has looked at the cookies; then ``session_id`` and ``outgoing`` (``passing`` with the
            cookies that go on) are set.
    """

    __slots__ = ("cookies", "host", "known", "outgoing", "passing", "session_id", "stripped")

    def __init__(
        self, passing: bytes, host: bytes, cookies: tuple[bytes, ...], stripped: tuple[tuple[bytes, bytes], ...]
    ) -> None:
        self.passing = passing
        self.host = host
        self.cookies = cookies
        self.stripped = stripped
        self.known = False
        self.session_id: str | None = None
        self.outgoing = passing


class Sieve:
    """Sifts the headers of plain requests, and remembers what it made of equal bytes.

    Only what the headers come to is remembered, never that they are well-formed: the parser sees every byte of every
    request.

    Args:
        lines: which names pass.
        header_count: the most headers.
    """

    def __init__(self, lines: Lines, header_count: int) -> None:
        self._lines = lines
        self._header_count = header_count
        self._known: dict[bytes, Sifted | None] = {}

    def sift(self, block: bytes) -> Sifted | None:
        """What a block of header lines comes to (from after the request line to the empty line), or ``None``."""
        try:
            return self._known[block]
        except KeyError:
            pass
        sifted = self._sift(block)
        if len(block) <= _LARGEST_BLOCK_REMEMBERED:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[block] = sifted
        return sifted

    def _sift(self, block: bytes) -> Sifted | None:
        known = self._lines
        kept: list[bytes] = []
        cookies, stripped = [], []
        host: bytes | None = None
        lines = block[:-4].split(b"\r\n")
        if len(lines) > self._header_count:
            return None
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon:
                return None
            passing = known[name]
            if passing is not None:
                kept += (passing, value.strip(b" \t"))
                continue
            key = name.lower()
            if key == b"cookie":
                cookies.append(value.strip(b" \t"))
            elif key == b"host" and host is None:
                host = value.strip(b" \t")
            elif key == b"connection" and value.strip(b" \t").lower() == b"keep-alive":
                continue
            elif key in _SPECIAL:
                return None
            else:
                stripped.append((name, value.strip(b" \t")))
        return Sifted(b"".join(kept), host, tuple(cookies), tuple(stripped)) if host else None
