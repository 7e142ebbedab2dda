"""Response heads: what an upstream's answer is made of, and how its body is framed."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus

from httptools import HttpParserError, HttpResponseParser

from gatekeeper.domain.headers import NEVER_FROM_UPSTREAM
from gatekeeper.edge.plain import HEADS, KNOWN, REASON, PlainHead

_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class MalformedResponse(Exception):
    """What an upstream sent is no answer that could be passed on."""


class Body(Enum):
    """How an answer's body ends (RFC 9112 §6.3)."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"


class _Nothing:
    """Asks a parser for no events: it only judges."""

    def on_message_begin(self) -> None:
        """Called by the parser, which insists."""


class ResponseReader:
    """Turns an upstream's bytes into answers, one at a time.

    Args:
        head_bytes: the largest head.

    Attributes:
        begun: whether :meth:`feed` has seen something of the answer.
        informational: status and lines of 1xx answers that came before the final one.
        lines: beginnings and values of lines that pass, in turns.
        cookies: lines that set cookies.
        reserved: lines that only our own pages may send.
        body: pieces that wait to be passed on.
        head: whether the final answer's head has come.
        complete: whether the whole of it has.
        surplus: whether something came that belongs to no answer: the connection is not to be trusted further.
    """

    def __init__(self, head_bytes: int) -> None:
        self._head_bytes = head_bytes
        self._check = HttpResponseParser(_Nothing()).feed_data
        self._parse_anew()
        self._fresh()

    def renew(self) -> None:
        """Get ready for the next answer."""
        if self._head_only:  # the parser still waits for a body that will not come
            self._parse_anew()
        self._fresh()

    def _parse_anew(self) -> None:
        self._parser = HttpResponseParser(self)
        self._feed = self._parser.feed_data

    def _fresh(self) -> None:
        self._head_only = False
        self.begun = False
        self.head = False
        self.complete = False
        self.surplus = False
        self.pending = 0
        self.status = 0

    def expect_no_body(self) -> None:
        """The answer to come is one to a ``HEAD``."""
        self._head_only = True

    def _begin(self) -> None:
        self.begun = True
        self.informational: list[tuple[int, bytes, list[bytes]]] = []
        self.lines: list[bytes] = []
        self.trailers: list[bytes] = []
        self.body: list[bytes] = []
        self.cookies: list[bytes] = []
        self.reserved: list[bytes] = []
        self.connection: list[bytes] = []
        self.reason = b""
        self.length: bytes | None = None
        self.coding: bytes | None = None
        self.cache_control: bytes | None = None
        self.streams = False
        self.switched = False
        self.framing = Body.NONE

    def plain(self, data: bytes) -> PlainHead | None:
        """The head of the one plain answer that these bytes are, if they are that and nothing else was begun.

        It has a length, all of its body is there, and it says nothing about the connection. The parser sees all of
        it, without telling of every header; what is not plain, or not well-formed, is left to :meth:`feed`.
        """
        if self.begun or self._head_only:
            return None
        end = data.find(b"\r\n\r\n")
        if end < 0 or end > self._head_bytes:
            return None
        head = HEADS[data[:end]]
        if head is None or len(data) != end + 4 + head.length:
            return None
        try:
            self._check(data)
        except HttpParserError:
            return None
        return head

    def feed(self, data: bytes) -> None:
        """Take bytes in.

        Raises:
            HttpParserUpgrade: the upstream has switched protocols.
            HttpParserError: what came is no HTTP/1.1.
            MalformedResponse: it is, but its body could be read in two ways, or its head has no end.
        """
        if self.complete:
            self.surplus = True
            return
        if not self.begun:
            self._begin()
            if data.lstrip(b"\r\n")[:1] not in {b"H", b""}:  # the parser would take RTSP for HTTP
                raise MalformedResponse("it is not HTTP")
        self.pending += len(data)
        self._feed(data)
        if self.pending > self._head_bytes:
            raise MalformedResponse("the head is too large")

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection can carry another request after this answer."""
        if self.framing is Body.CLOSE or self.surplus or not self.complete:
            return False
        said = b",".join(self.connection).lower()
        return b"close" not in said and (self._version == "1.1" or b"keep-alive" in said)

    @property
    def endless(self) -> bool:
        """Whether the head does not say how long the body is."""
        return self.framing in {Body.CHUNKED, Body.CLOSE}

    def trailer_lines(self) -> bytes:
        """The trailers that pass, each with its CRLF."""
        found = self.trailers
        return b"".join(found[at][2:] + found[at + 1] + b"\r\n" for at in range(0, len(found), 2))

    def on_message_begin(self) -> None:
        if self.complete:
            self.surplus = True

    def on_status(self, status: bytes) -> None:
        if not self.surplus:
            self.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.surplus:
            return
        line = KNOWN[name]
        if line is not None:
            lines = self.trailers if self.head else self.lines
            lines.append(line)
            lines.append(value)
        elif not self.head:
            self._read(name.lower(), name, value)

    def _read(self, key: bytes, name: bytes, value: bytes) -> None:
        if key == b"content-length":
            self.length = value.strip(b" \t")
        elif key == b"content-type":
            self.streams = value.lstrip().lower().startswith(b"text/event-stream")
            self.lines += (b"\r\n" + name + b": ", value)
        elif key == b"set-cookie":
            self.cookies += (b"\r\n" + name + b": ", value)
        elif key == b"cache-control":
            self.cache_control = value
            self.lines += (b"\r\n" + name + b": ", value)
        elif key in NEVER_FROM_UPSTREAM:
            self.reserved += (b"\r\n" + name + b": ", value)
        elif key == b"connection":
            self.connection.append(value)
        elif key == b"transfer-encoding":
            self.coding = value.strip(b" \t").lower() if self.coding is None else b""

    def on_headers_complete(self) -> None:
        if self.surplus:
            return
        status = self._parser.get_status_code()
        self._version = self._parser.get_http_version()
        self.pending = 0
        if status < HTTPStatus.CONTINUE or not REASON.fullmatch(self.reason):
            raise MalformedResponse("the status line is malformed")
        if status < HTTPStatus.OK and status != HTTPStatus.SWITCHING_PROTOCOLS:
            self.informational.append((status, self.reason, self.lines))
            self.lines, self.reason, self.cookies, self.connection = [], b"", [], []
            self.length = self.coding = self.cache_control = None
            return
        self.status = status
        self.framing = self._framing(status)
        self.head = True
        if self._head_only:
            self.complete = True

    def _framing(self, status: int) -> Body:
        if self.coding is not None and (self.coding != b"chunked" or self._version != "1.1" or self.length is not None):
            raise MalformedResponse("the body's framing is ambiguous")
        if self._version not in {"1.1", "1.0"}:
            raise MalformedResponse("the version is not HTTP/1.1 or HTTP/1.0")
        if status == HTTPStatus.SWITCHING_PROTOCOLS:
            self.switched = True
            return Body.NONE
        if self._head_only or status in _WITHOUT_BODY:
            return Body.NONE
        if self.coding is not None:
            return Body.CHUNKED
        return Body.CLOSE if self.length is None else Body.LENGTH

    def on_body(self, body: bytes) -> None:
        if self.complete:
            self.surplus = True
            return
        self.body.append(body)
        self.pending = 0

    def on_chunk_header(self) -> None:
        self.pending = 0

    def on_message_complete(self) -> None:
        if self.head:
            self.complete = True
        self.pending = 0

    def end(self) -> bool:
        """The connection ended: whether that was the end of the answer too."""
        if self.head and self.framing is Body.CLOSE:
            self.complete = True
        return self.complete
