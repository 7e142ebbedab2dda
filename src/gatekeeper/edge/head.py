"""Request heads: what the parser found, sorted into what passes, what is ours to read, and what goes no further."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpRequestParser

from gatekeeper.domain.headers import HOP_BY_HOP, connection_options, folded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatekeeper.edge.sieve import Lines, Sieve, Sifted

_NEVER_TRAILERS = frozenset({b"authorization", b"contentencoding", b"contenttype", b"contentrange", b"setcookie"})
_MOST_TRAILERS = 64
_NOT_PLAIN = frozenset({b"CONNECT", b"TRACE"})
_CONNECTION_WORDS = frozenset({b"close", b"keep-alive", b"upgrade"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A request that cannot be judged at all: it is answered with ``status``, and its connection is closed."""

    status: int
    reason: str


class Request:
    """One request: its head as parsed, and of its body what has come and not been passed on.

    Attributes:
        sifted: set for a plain request, whose lines are made out of it only if somebody asks.
        stripped: names (as sent) and values of lines that claim what only a trusted proxy may say.
        connection: values of the ``Connection`` headers.
        body: pieces that wait to be passed on.
        complete: whether the whole of it has come.
    """

    method = b""
    target = b""
    version = "1.1"
    host: bytes | None = None
    hosts = 0
    cookies: tuple[bytes, ...] = ()
    stripped: tuple[tuple[bytes, bytes], ...] = ()
    connection: tuple[bytes, ...] = ()
    length: bytes | None = None
    coding: bytes | None = None
    upgrade: bytes | None = None
    expectation: bytes | None = None
    service_worker = False
    keeps_alive = True
    upgrades = False
    head_bytes = 0
    complete = False
    trailers: list[bytes] | None = None
    sifted: Sifted | None = None
    body: list[bytes]
    _lines: list[bytes] | None = None

    def __init__(self) -> None:
        self._lines = []
        self.body = []

    @classmethod
    def plain(cls, method: bytes, target: bytes, sifted: Sifted) -> Request:
        """A request without a body, whose headers were sifted."""
        request = cls.__new__(cls)
        request.method = method
        request.target = target
        request.host = sifted.host
        request.sifted = sifted
        request.cookies = sifted.cookies
        request.stripped = sifted.stripped
        request.complete = True
        return request

    @property
    def lines(self) -> list[bytes]:
        """Beginnings and values of the lines that pass, in turns."""
        lines = self._lines
        if lines is None:
            lines = self._lines = []
            if self.sifted is not None:
                for line in self.sifted.passing.split(b"\r\n")[1:]:
                    name, _, value = line.partition(b":")
                    lines += (b"\r\n" + name + b": ", value.strip(b" \t"))
        return lines

    @lines.setter
    def lines(self, lines: list[bytes]) -> None:
        self._lines = lines

    def unsift(self) -> None:
        """Make it like any other request, so that its lines can be changed."""
        self._lines = self.lines
        self.sifted = None

    @property
    def has_body(self) -> bool:
        """Whether the head announces a body."""
        return self.coding is not None or (self.length is not None and self.length.strip(b"0") != b"")

    @property
    def wants_websocket(self) -> bool:
        """Whether this is the opening handshake of a WebSocket (RFC 6455 §4.1)."""
        return (
            self.upgrades
            and self.method == b"GET"
            and self.version == "1.1"
            and not self.has_body
            and self.upgrade is not None
            and self.upgrade.strip().lower() == b"websocket"
        )

    def get(self, name: bytes) -> bytes | None:
        """The first value of a line that passes, by its name in lower case without separators."""
        lines = self.lines
        for position in range(0, len(lines), 2):
            if folded(lines[position]) == name:
                return lines[position + 1]
        return None

    def drop(self, names: Iterable[bytes]) -> None:
        """Take lines out, by names as :meth:`get` has them."""
        self.unsift()
        gone = frozenset(names)
        lines = self.lines
        self.lines = [
            piece
            for position in range(0, len(lines), 2)
            if folded(lines[position]) not in gone
            for piece in (lines[position], lines[position + 1])
        ]

    def drop_hops(self) -> None:
        """Take out the lines that ``Connection`` names (RFC 9110 §7.6.1)."""
        named = connection_options(self.connection) - _CONNECTION_WORDS
        if named:
            self.drop(folded(name) for name in named)

    def trailer_lines(self) -> bytes:
        """The trailers that pass, each with its CRLF."""
        found = self.trailers or []
        return b"".join(
            found[position][2:] + found[position + 1] + b"\r\n"
            for position in range(0, len(found), 2)
            if folded(found[position]) not in _NEVER_TRAILERS
        )


class _Nothing:
    """Asks a parser for no events: it only judges."""

    def on_message_begin(self) -> None:
        """Called by the parser, which insists."""


class RequestReader:
    """Turns a client's bytes into requests. Trailers go through the same sieve as headers.

    Args:
        sieve: sifts plain requests.
        lines: which names pass.
        head_bytes: the largest head.
        header_count: the most headers.

    Attributes:
        arrived: requests whose heads are complete, oldest first.
        pending: bytes since the last head, piece of body or chunk; above ``head_bytes`` the client sends no request.
    """

    def __init__(self, sieve: Sieve, lines: Lines, head_bytes: int, header_count: int) -> None:
        self._sift = sieve.sift
        self._check = HttpRequestParser(_Nothing()).feed_data
        self.arrived: deque[Request] = deque()
        self.pending = 0
        self._known = lines
        self._head_bytes = head_bytes
        self._header_count = header_count
        self._request = Request()
        self._request.complete = True
        self._lines = self._request.lines
        self._resumed = False
        self._parser = HttpRequestParser(self)
        self._feed = self._parser.feed_data

    def plain(self, data: bytes) -> Request | None:
        """The one plain request that these bytes are, if they are that and nothing else was begun.

        The parser sees all of it, without telling of every header; what is not plain, or not well-formed, is left to
        :meth:`feed`.
        """
        end = data.find(b"\r\n\r\n") + 4
        if end != len(data) or self.pending or end > self._head_bytes or not self._request.complete:
            return None
        first = data.find(b"\n")
        method, _, target = data[: first - 10].partition(b" ")
        if data[first - 10 : first] != b" HTTP/1.1\r" or b" " in target or method in _NOT_PLAIN:
            return None
        if not method.isalpha():  # the parser skips line ends before a request
            return None
        sifted = self._sift(data[first + 1 :])
        if sifted is None:
            return None
        try:
            self._check(data)
        except HttpParserError:
            return None
        return Request.plain(method, target, sifted)

    def feed(self, data: bytes) -> None:
        """Take bytes in.

        Raises:
            HttpParserUpgrade: the client wants to go on in another protocol; the argument is where that begins.
            HttpParserError: what came is no HTTP/1.1.
        """
        self.pending += len(data)
        self._feed(data)

    @property
    def overlong(self) -> bool:
        """Whether more came than a head, a chunk's line or trailers may take."""
        trailers = self._request.trailers
        return self.pending > self._head_bytes or (trailers is not None and len(trailers) > 2 * _MOST_TRAILERS)

    def resume_without_upgrade(self, request: Request) -> None:
        """Read the body of a request that asked for an upgrade which it does not get (``h2c`` with a body)."""
        self._request = request
        request.complete = False
        request.upgrades = False
        self._resumed = True
        self._parser = HttpRequestParser(self)
        self._feed = self._parser.feed_data
        framing = b"Transfer-Encoding: chunked" if request.coding else b"Content-Length: " + (request.length or b"0")
        self._feed(b"POST / HTTP/1.1\r\n" + framing + b"\r\n\r\n")

    def on_message_begin(self) -> None:
        if not self._resumed:
            self._request = request = Request()
            self._lines = request.lines

    def on_url(self, url: bytes) -> None:
        if not self._resumed:
            self._request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        line = self._known[name]
        if line is not None:
            lines = self._lines
            lines.append(line)
            lines.append(value)
        elif not self._resumed:
            self._read(name.lower(), name, value)

    def _read(self, key: bytes, name: bytes, value: bytes) -> None:
        request = self._request
        if request.trailers is not None:
            return
        if key == b"host":
            request.host = value.strip(b" \t")
            request.hosts += 1
        elif key == b"cookie":
            request.cookies = (*request.cookies, value)
        elif key == b"connection":
            request.connection = (*request.connection, value)
        elif key == b"content-length":
            request.length = value.strip(b" \t")
        elif key == b"transfer-encoding":
            request.coding = value.strip(b" \t").lower() if request.coding is None else b""
        elif key == b"upgrade":
            request.upgrade = value
        elif key == b"expect":
            request.expectation = value.strip(b" \t").lower()
        elif key == b"service-worker":
            request.service_worker = True
            request.lines += (b"\r\n" + name + b": ", value)
        elif key not in HOP_BY_HOP:
            request.stripped = (*request.stripped, (name, value))

    def on_headers_complete(self) -> None:
        request = self._request
        if self._resumed:
            self._resumed = False
            self._lines = request.trailers = []
            return
        parser = self._parser
        request.method = parser.get_method()
        request.version = parser.get_http_version()
        request.keeps_alive = parser.should_keep_alive()
        request.upgrades = parser.should_upgrade()
        if self.pending > self._head_bytes or len(request.lines) > 2 * self._header_count:
            request.head_bytes = self._measure(request)
        if request.has_body:
            self._lines = request.trailers = []
        self.pending = 0
        self.arrived.append(request)

    def on_body(self, body: bytes) -> None:
        self._request.body.append(body)
        self.pending = 0

    def on_chunk_header(self) -> None:
        self.pending = 0

    def on_message_complete(self) -> None:
        self._request.complete = True
        self.pending = 0

    def _measure(self, request: Request) -> int:
        """The size of a head that may be too large; one with too many headers counts as endless."""
        if len(request.lines) // 2 + len(request.stripped) + len(request.cookies) > self._header_count:
            return 1 << 31
        stripped = sum(len(name) + len(value) + 4 for name, value in request.stripped)
        cookies = sum(len(value) + 10 for value in request.cookies)
        return len(request.target) + sum(map(len, request.lines)) + stripped + cookies


def fault_of(request: Request, head_bytes: int) -> Fault | None:  # noqa: PLR0911 - a list of refusals, one a line
    """Why a request cannot be judged, if so (RFC 9112): what the parser lets pass and no proxy should.

    Args:
        request: its head.
        head_bytes: the largest head that is taken.
    """
    if request.head_bytes > head_bytes:
        return Fault(431, "the request's head is too large")
    if request.version not in {"1.1", "1.0"}:
        return Fault(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    if request.hosts != 1 or not request.host:
        return Fault(400, "a request names exactly one host")
    if request.method in {b"CONNECT", b"TRACE"}:
        return Fault(405, "this method is not for use here")
    if request.coding is not None:
        if request.version == "1.0":
            return Fault(400, "Transfer-Encoding is not part of HTTP/1.0")
        if request.coding != b"chunked":
            return Fault(400, "chunked is the only transfer coding that is taken")
        if request.length is not None:
            return Fault(400, "a body has a length or is chunked, not both")
    if request.expectation is not None and request.expectation != b"100-continue":
        return Fault(417, "100-continue is the only expectation that can be met")
    return None
