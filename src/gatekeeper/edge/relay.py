"""One request on its way to an upstream and its answer on the way back: bodies both ways, under back-pressure.

Bytes wait here only until the next write; a body is never held whole. A side that cannot take more makes the other stop
reading. What breaks after an answer has begun cuts the client's connection, so that half an answer is never taken for a
whole one.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from gatekeeper.edge.framing import CONTINUE, end_of_head, framed, last_chunk, write
from gatekeeper.edge.homeward import final_head, passing_lines, whole_answer
from gatekeeper.edge.limits import NEVER, unsent

if TYPE_CHECKING:
    from gatekeeper.edge.connection import ClientConnection
    from gatekeeper.edge.forward import Forward
    from gatekeeper.edge.head import Request
    from gatekeeper.edge.plain import PlainHead
    from gatekeeper.edge.reply import ResponseReader
    from gatekeeper.edge.upstream import UpstreamConnection

IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PROPFIND", b"REPORT"})
_GONE = "the upstream closed the connection without an answer"


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
        "_chunked_out",
        "_last_unsent",
        "_over",
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
        pool = self.forward.pool
        upstream = pool.take(self) if request.method in IDEMPOTENT else pool.take_fresh(self)
        if upstream is None:
            if not request.complete:
                self.client.hold()
        elif request.sifted is None:
            self.connected(upstream)
        else:  # it is all head: what connected() comes to, without detours
            self._upstream = upstream
            self._sent_head = self._sent_whole = True
            if request.method == b"HEAD":
                upstream.reader.expect_no_body()
            upstream.transport.write(self.forward.head + b"\r\n")

    def connected(self, upstream: UpstreamConnection) -> None:
        """Send what there is of the request."""
        if self._over:
            upstream.release_unused()
            return
        self._upstream = upstream
        request = self.request
        if request.method == b"HEAD":
            upstream.reader.expect_no_body()
        if request.expectation is not None and not request.complete and not request.body and request.version == "1.1":
            self.client.transport.write(CONTINUE)
        if not request.complete:
            self.client.go_on()
        self.pump()

    def pump(self) -> None:
        """Pass on what has come of the request."""
        upstream = self._upstream
        if upstream is None:
            return
        if self._sent_whole:
            self.request.body = []
            return
        request = self.request
        parts: list[bytes] = []
        bodyless = not request.has_body or self.forward.bodyless
        if not self._sent_head:
            self._sent_head = True
            self._sent_whole = bodyless
            parts.append(self.forward.head + end_of_head(request, bodyless=bodyless))
        if not bodyless:
            chunked = request.coding is not None
            if request.body:
                parts += framed(request.body, chunked=chunked)
                request.body = []
            if request.complete:
                self._sent_whole = True
                if chunked:
                    parts.append(last_chunk(request.trailer_lines()))
        write(upstream.transport, parts)

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
        if reader.body:
            parts += framed(reader.body, chunked=self._chunked_out)
            reader.body = []
        if reader.complete:
            if self._chunked_out:
                parts.append(last_chunk(reader.trailer_lines()))
            write(client.transport, parts)
            self._finish(upstream)
            return
        write(client.transport, parts)
        if not self.streaming:
            self.streaming = True
            if reader.streams:
                self.forward.pool.detach(upstream)
        client.deadline = NEVER if reader.streams else client.clock.now + client.limits.body_timeout

    def deliver_whole(self, upstream: UpstreamConnection, head: PlainHead, data: bytes) -> None:
        """Pass on a whole plain answer in one write."""
        client = self.client
        self.status = head.status
        if not self._sent_whole or (self.request.sifted is None and self.request.wants_websocket):
            client.closes = True
        line = client.connection_line()
        client.transport.write(whole_answer(head, data, self.forward, client.own_cookies, line))
        self._finish(upstream)

    def _head_of(self, reader: ResponseReader) -> bytes:
        """The head of the final answer as the client gets it; decides whether its body goes out in chunks."""
        client, request = self.client, self.request
        if not self._sent_whole or request.wants_websocket:
            client.closes = True
        if reader.endless:
            if request.version == "1.1":
                self._chunked_out = True
            else:
                client.closes = True
        connection = client.connection_line()
        return final_head(reader, self.forward, client.own_cookies, chunked=self._chunked_out, connection=connection)

    def _inform(self, reader: ResponseReader) -> None:
        """Pass on 1xx answers (RFC 8297), but for 100, which is the edge's own to give."""
        for status, reason, lines in reader.informational:
            if status != HTTPStatus.CONTINUE and self.request.version == "1.1" and not self.answering:
                self.client.transport.write(b"".join((b"HTTP/1.1 %d %b" % (status, reason), *lines, b"\r\n\r\n")))
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
        lines = passing_lines(reader, self.forward, self.client.own_cookies)
        head = b"".join((b"HTTP/1.1 101 Switching Protocols", *lines, b"\r\nConnection: Upgrade\r\n"))
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
