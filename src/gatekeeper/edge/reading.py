"""A client's bytes become requests: the parser judges every one of them, and equal headers are sorted once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from gatekeeper.domain.headers import HOP_BY_HOP
from gatekeeper.edge.faults import MALFORMED, OVERLONG
from gatekeeper.edge.head import Request

if TYPE_CHECKING:
    from gatekeeper.edge.faults import Fault
    from gatekeeper.edge.sieve import Lines, Sieve

_MOST_TRAILERS = 64
_REQUEST_LINE = 3  # words
_PLAIN_METHODS = frozenset({b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT", b"DELETE", b"PROPFIND", b"REPORT"})


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
        fault: why nothing can be read after ``arrived``, once that is so.
        rest: what came after a request that wants to go on in another protocol, once there is one.
    """

    def __init__(self, sieve: Sieve, lines: Lines, head_bytes: int, header_count: int) -> None:
        self._sift = sieve.sift
        self._check = HttpRequestParser(_Nothing()).feed_data
        self.arrived: deque[Request] = deque()
        self.pending = 0
        self.fault: Fault | None = None
        self.rest: bytes | None = None
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
        if self.pending or data[-4:] != b"\r\n\r\n" or len(data) > self._head_bytes or not self._request.complete:
            return None
        first = data.find(b"\n") + 1
        words = data[:first].split(b" ", 3)
        if len(words) != _REQUEST_LINE or words[0] not in _PLAIN_METHODS or words[2] != b"HTTP/1.1\r\n":
            return None
        sifted = self._sift(data[first:])
        if sifted is None:
            return None
        try:
            self._check(data)
        except HttpParserError:
            return None
        return Request.plain(words[0], words[1], sifted)

    def feed(self, data: bytes) -> None:
        """Take bytes in. After a fault they count for nothing."""
        if self.fault is not None:
            return
        self.pending += len(data)
        try:
            self._feed(data)
        except HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except HttpParserError:
            self._end(OVERLONG if self._trails_on else MALFORMED)
        if self.pending > self._head_bytes or self._trails_on:
            self._end(OVERLONG)

    @property
    def _trails_on(self) -> bool:
        """Whether more trailers have come than a body may have."""
        trailers = self._request.trailers
        return trailers is not None and len(trailers) > 2 * _MOST_TRAILERS

    def _end(self, fault: Fault) -> None:
        """Read nothing more: the request at hand, which nobody gets to see, never completes."""
        self.fault = fault
        self._request = Request()

    def _upgrade(self, rest: bytes) -> None:
        """A request asks for another protocol: a WebSocket waits for the answer, anything else is not heard."""
        request = self.arrived[-1]
        if request.wants_websocket or request.method == b"CONNECT":
            self.rest = rest
            self._request = Request()
            return
        if request.has_body:
            self._resume_without_upgrade(request)
        if rest:
            self.feed(rest)

    def _resume_without_upgrade(self, request: Request) -> None:
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
            lines.append(value.rstrip(b" \t"))
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
            request.cookies = (*request.cookies, value.rstrip(b" \t"))
        elif key == b"connection":
            request.connection = (*request.connection, value)
        elif key == b"content-length":
            request.length = value.strip(b" \t").lstrip(b"0") or b"0"
        elif key == b"transfer-encoding":
            request.coding = value.strip(b" \t").lower() if request.coding is None else b""
        elif key == b"upgrade":
            request.upgrade = value
        elif key == b"expect":
            request.expectation = value.strip(b" \t").lower() if request.expectation is None else b""
        elif key == b"service-worker":
            request.service_worker = True
            request.lines += (b"\r\n" + name + b": ", value)
        elif key not in HOP_BY_HOP:
            request.stripped = (*request.stripped, (name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        request = self._request
        if self._resumed:
            self._resumed = False
            self._lines = request.trailers = []
            return
        parser = self._parser
        request.method = parser.get_method()
        request.version = parser.get_http_version()
        request.keeps_alive = parser.should_keep_alive() and not (request.version == "1.0" and request.says_close)
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
        if self._trails_on:
            raise ValueError("too many trailers")
        self._request.complete = True
        self.pending = 0

    def _measure(self, request: Request) -> int:
        """The size of a head that may be too large; one with too many headers counts as endless."""
        if len(request.lines) // 2 + len(request.stripped) + len(request.cookies) > self._header_count:
            return 1 << 31
        stripped = sum(len(name) + len(value) + 4 for name, value in request.stripped)
        cookies = sum(len(value) + 10 for value in request.cookies)
        return len(request.target) + sum(map(len, request.lines)) + stripped + cookies
