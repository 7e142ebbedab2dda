"""One request on its way to an upstream and its answer on the way back: bodies both ways, under back-pressure.

Bytes wait here only until the next write; a body is never held whole. A side that cannot take more makes the other stop
reading. What breaks after an answer has begun cuts the client's connection, so that half an answer is never taken for a
whole one.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.domain.cookies import sets_one_of
from gatekeeper.domain.headers import connection_options, folded
from gatekeeper.edge.limits import NEVER, unsent
from gatekeeper.edge.reply import Body

if TYPE_CHECKING:
    import asyncio

    from gatekeeper.edge.connection import ClientConnection
    from gatekeeper.edge.gate import Forward
    from gatekeeper.edge.head import Request
    from gatekeeper.edge.plain import PlainAnswer
    from gatekeeper.edge.reply import ResponseReader
    from gatekeeper.edge.upstream import UpstreamConnection

IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PROPFIND", b"REPORT"})
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
PRIVATE = b"\r\nCache-Control: private"
JOINED_UP_TO = 65_536
"""Bytes up to which pieces are joined into one write; above, copying costs more than it saves."""


class Exchange:
    """One request and its answer.

    Args:
        client: where it came from.
        request: its head, and its body as it comes.
        forward: the gate's decision.

    Attributes:
        answering: whether the answer's head has gone to the client.
        streaming: whether the answer stays open (an event stream, or simply not complete at its first bytes).
    """

    __slots__ = (
        "_chunked_in",
        "_chunked_out",
        "_deadline_in",
        "_last_unsent",
        "_over",
        "_sent",
        "_sent_head",
        "_sent_whole",
        "_upstream",
        "answering",
        "client",
        "forward",
        "request",
        "session",
        "status",
        "streaming",
    )

    def __init__(self, client: ClientConnection, request: Request, forward: Forward) -> None:
        self.client = client
        self.request = request
        self.forward = forward
        self.session = forward.session
        self.status = 0
        self.answering = False
        self.streaming = False
        self._upstream: UpstreamConnection | None = None
        self._over = False
        self._sent_head = False
        self._sent_whole = False
        self._chunked_out = False
        self._last_unsent = -1

    def start(self) -> None:
        """Ask for a connection; with a warm one the request goes out at once."""
        request = self.request
        fresh = request.method not in IDEMPOTENT
        upstream = self.forward.pool.take(self, fresh=fresh)
        if upstream is not None:
            if request.sifted is None:
                self.connected(upstream)
            else:
                self._send_plain(upstream)
        elif not request.complete:
            self.client.hold()

    def connected(self, upstream: UpstreamConnection) -> None:
        """Send what there is of the request."""
        if self._over:
            upstream.release_unused()
            return
        self._upstream = upstream
        request = self.request
        upstream.reader.expect(head_only=request.method == b"HEAD")
        if request.expectation is not None and not request.complete and not request.body and request.version == "1.1":
            self.client.write(CONTINUE)
        if not request.complete:
            self.client.go_on()
        self.pump()

    def _send_plain(self, upstream: UpstreamConnection) -> None:
        """Send a request that is all head, on a warm connection: what :meth:`connected` comes to, without detours."""
        self._upstream = upstream
        self._sent_head = self._sent_whole = True
        upstream.reader.expect(head_only=self.request.method == b"HEAD")
        upstream.transport.write(self.forward.head + b"\r\n")

    def pump(self) -> None:
        """Pass on what has come of the request."""
        upstream = self._upstream
        if upstream is None:
            return
        if self._sent_whole:
            self.request.body.clear()
            return
        request = self.request
        if not self._sent_head:
            self._sent_head = True
            if not request.has_body or self.forward.bodyless:
                self._sent_whole = True
                upstream.transport.write(self._head_without_body())
                return
            parts = [self._head_with_body()]
        else:
            parts = []
        body = request.body
        if body:
            if request.coding is not None:
                parts.append(b"%x\r\n" % sum(map(len, body)))
                parts += body
                parts.append(b"\r\n")
            else:
                parts += body
            request.body = []
        if request.complete:
            self._sent_whole = True
            if request.coding is not None:
                parts.append(b"0\r\n" + request.trailer_lines() + b"\r\n")
        _write(upstream.transport, parts)

    def _head_without_body(self) -> bytes:
        request = self.request
        if request.wants_websocket:
            return self.forward.head + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        length = b"Content-Length: 0\r\n\r\n" if request.length is not None else b"\r\n"
        return self.forward.head + length

    def _head_with_body(self) -> bytes:
        request = self.request
        if request.coding is not None:
            return self.forward.head + b"Transfer-Encoding: chunked\r\n\r\n"
        return b"%bContent-Length: %b\r\n\r\n" % (self.forward.head, request.length or b"0")

    def deliver(self, upstream: UpstreamConnection) -> None:
        """Pass on what has come of the answer."""
        reader = upstream.reader
        client = self.client
        if reader.informational:
            self._inform(reader)
        if not reader.head:
            return
        parts: list[bytes] = []
        if not self.answering:
            self.answering = True
            self.status = reader.status
            parts.append(self._head_of(reader))
        body = reader.body
        if body:
            if self._chunked_out:
                parts.append(b"%x\r\n" % sum(map(len, body)))
                parts += body
                parts.append(b"\r\n")
            else:
                parts += body
            reader.body = []
        if reader.complete:
            if self._chunked_out:
                parts.append(b"0\r\n" + _trailers(reader) + b"\r\n")
            if parts:
                _write(client.transport, parts)
            self._finish(upstream)
            return
        if parts:
            _write(client.transport, parts)
        if not self.streaming:
            self.streaming = True
            if reader.streams:
                self.forward.pool.detach(upstream)
        client.deadline = NEVER if reader.streams else client.clock.now + client.limits.body_timeout

    def deliver_whole(self, upstream: UpstreamConnection, answer: PlainAnswer) -> None:
        """Pass on a whole plain answer in one write."""
        client = self.client
        self.status = answer.status
        if not self._sent_whole or (self.request.upgrades and self.request.wants_websocket):
            client.closes = True
        lines = answer.lines
        if answer.cookies is not None:
            names = client.own_cookies
            lines += [line for line in answer.cookies if self.forward.own or not sets_one_of(line[11:], names)]
        if answer.reserved is not None and self.forward.own:
            lines += answer.reserved
        if self.forward.private and not answer.cache_control:
            lines.append(b"Cache-Control: private")
        line = client.connection_line()
        if line:
            lines.append(line[2:])
        lines.append(answer.rest)
        client.transport.write(b"\r\n".join(lines))
        self._finish(upstream)

    def _head_of(self, reader: ResponseReader) -> bytes:
        """The head of the final answer as the client gets it, and the framing of its body."""
        client, request = self.client, self.request
        if not self._sent_whole or request.wants_websocket:
            client.closes = True
        self._sift(reader)
        lines = reader.lines
        if self.forward.private and reader.cache_control is None:
            lines.append(PRIVATE)
        framing = reader.framing
        if framing is Body.LENGTH or (
            framing is Body.NONE and reader.length is not None and reader.status != _NO_CONTENT
        ):
            lines += (b"\r\nContent-Length: ", reader.length or b"0")
        elif framing in {Body.CHUNKED, Body.CLOSE}:
            if request.version == "1.1":
                self._chunked_out = True
                lines.append(b"\r\nTransfer-Encoding: chunked")
            else:
                client.closes = True
        return b"".join(
            (b"HTTP/1.1 %d %b" % (reader.status, reader.reason), *lines, client.connection_line(), b"\r\n\r\n")
        )

    def _sift(self, reader: ResponseReader) -> None:
        """Take out what the upstream says about this connection, and what would reach into our own pages."""
        if reader.cookies:
            names = self.client.own_cookies
            cookies = reader.cookies
            for position in range(0, len(cookies), 2):
                if self.forward.own or not sets_one_of(cookies[position + 1], names):
                    reader.lines += cookies[position : position + 2]
        if reader.reserved and self.forward.own:
            reader.lines += reader.reserved
        if reader.connection:
            named = connection_options(reader.connection) - {b"close", b"keep-alive"}
            if named:
                gone = {folded(name) for name in named}
                lines = reader.lines
                reader.lines = [
                    piece
                    for position in range(0, len(lines) - 1, 2)
                    if folded(lines[position]) not in gone
                    for piece in lines[position : position + 2]
                ]

    def _inform(self, reader: ResponseReader) -> None:
        """Pass on 1xx answers (RFC 8297), but for 100, which is the edge's own to give."""
        for status, reason, lines in reader.informational:
            if status != HTTPStatus.CONTINUE and self.request.version == "1.1" and not self.answering:
                self.client.write(b"".join((b"HTTP/1.1 %d %b" % (status, reason), *lines, b"\r\n\r\n")))
        reader.informational = []

    def _finish(self, upstream: UpstreamConnection) -> None:
        self._over = True
        self._upstream = None
        if self.client.full:
            upstream.go_on()
        if self._sent_whole:
            upstream.release()
        else:
            upstream.close()
        self.client.finished()

    def switched(self, upstream: UpstreamConnection, rest: bytes) -> None:
        """The upstream agrees to a WebSocket; to anything else that was never asked for it is malformed."""
        reader = upstream.reader
        if not self.request.wants_websocket or not reader.switched:
            self.failed(upstream, "malformed")
            return
        self._over = True
        self.status = reader.status
        self.forward.pool.detach(upstream)
        self._sift(reader)
        head = b"".join((b"HTTP/1.1 101 Switching Protocols", *reader.lines, b"\r\nConnection: Upgrade\r\n"))
        self.client.tunnel(upstream, head + b"Upgrade: websocket\r\n\r\n", rest, self.session)

    def failed(self, upstream: UpstreamConnection, reason: str) -> None:
        """The upstream's connection broke, or talks nonsense."""
        if self._over:
            return
        started = upstream.reader.head or self.answering
        nothing_came = not started and upstream.reader.pending == 0
        reused = upstream.reused
        upstream.close()
        self._upstream = None
        if reason == "closed" and reused and nothing_came and self._repeatable():
            self._sent_head = self._sent_whole = False
            self.forward.pool.connect_for(self)
            return
        self._over = True
        if self.answering:
            self.client.cut()
        else:
            self.client.refuse(502, "the upstream's answer cannot be read" if reason == "malformed" else _GONE)

    def _repeatable(self) -> bool:
        """Whether the request can go out a second time: it changes nothing twice, and nothing of it is lost."""
        return self.request.method in IDEMPOTENT and not self.request.has_body

    def refused(self, status: int, reason: str) -> None:
        """There is no connection to be had."""
        if not self._over:
            self._over = True
            self.client.refuse(status, reason)

    def cancel(self) -> None:
        """The client has gone: so does its request, at once."""
        self._over = True
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.close()
        else:
            self.forward.pool.forget(self)

    def expire(self, now: float) -> None:
        """Nothing moved for as long as it may: unless somebody reads slowly, which is no fault."""
        client = self.client
        upstream = self._upstream
        waiting = unsent(client.transport)
        if upstream is not None and not self._sent_whole:
            waiting += unsent(upstream.transport)
        if waiting and waiting != self._last_unsent:
            self._last_unsent = waiting
            client.deadline = now + client.limits.body_timeout
            return
        self.cancel()
        if self.answering:
            client.cut()
        elif not self.request.complete and upstream is not None:
            client.refuse(408, "the request's body stopped coming")
        else:
            client.refuse(504, "the upstream did not answer in time")

    def upstream_full(self) -> None:
        """The upstream reads slowly: stop reading from the client."""
        self.client.hold()

    def upstream_drained(self) -> None:
        """Go on reading from the client."""
        self.client.go_on()

    def client_full(self) -> None:
        """The client reads slowly: stop reading from the upstream."""
        if self._upstream is not None:
            self._upstream.hold()

    def client_drained(self) -> None:
        """Go on reading from the upstream."""
        upstream = self._upstream
        if upstream is not None:
            upstream.go_on()
            self.client.deadline = self.client.clock.now + self.client.limits.body_timeout


_NO_CONTENT = HTTPStatus.NO_CONTENT
_GONE = "the upstream closed the connection without an answer"


def _write(transport: asyncio.Transport, parts: list[bytes]) -> None:
    """One write, whatever there is."""
    if len(parts) == 1:
        transport.write(parts[0])
    elif sum(map(len, parts)) <= JOINED_UP_TO:
        transport.write(b"".join(parts))
    elif parts:
        transport.writelines(parts)


def _trailers(reader: ResponseReader) -> bytes:
    found = reader.trailers
    return b"".join(found[at][2:] + found[at + 1] + b"\r\n" for at in range(0, len(found), 2))
