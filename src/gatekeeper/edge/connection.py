"""The client's side: requests in, one after the other, and whatever answers them out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from gatekeeper.domain.addresses import UNIX
from gatekeeper.edge.answers import Answer
from gatekeeper.edge.faults import SLOW
from gatekeeper.edge.forward import Forward
from gatekeeper.edge.head import Request
from gatekeeper.edge.limits import NEVER
from gatekeeper.edge.linger import LINGER_FOR, Lingering
from gatekeeper.edge.pacing import Paced
from gatekeeper.edge.peers import Peer
from gatekeeper.edge.reading import RequestReader
from gatekeeper.edge.relay import Exchange
from gatekeeper.edge.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from gatekeeper.domain.model import Session
    from gatekeeper.edge.faults import Fault
    from gatekeeper.edge.serving import Serving
    from gatekeeper.edge.upstream import UpstreamConnection

TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class ClientConnection(Paced):
    """One connection from a client.

    Args:
        serving: what all connections share.

    Attributes:
        closes: whether the connection ends with the answer under way.
        full: whether the client reads more slowly than it is written to.
        deadline: when :meth:`expire` is called.
        exchange: the request that is on its way to an upstream.
        request: the request that is being answered.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self.clock = serving.clock
        self.limits = serving.limits
        self.own_cookies = serving.own_cookies
        self._judge = serving.gate.judge
        self._reader = RequestReader(serving.sieve, serving.lines, self.limits.head_bytes, self.limits.header_count)
        self._arrived = self._reader.arrived
        self.exchange: Exchange | None = None
        self.request: Request | None = None
        self._judging: asyncio.Task[None] | None = None
        self._heading = False
        self._lingers = False
        self.closes = False
        self.full = False
        self.deadline = NEVER

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self.address = name[0] if isinstance(name, tuple) else UNIX
        self._peer = Peer(self.address, self._serving.server)
        self.deadline = self.clock.now + self.limits.head_timeout
        self._counted = self._serving.enter(self, self.address)
        if not self._counted:
            self.transport.write(TOO_MANY)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it ended
        self.deadline = NEVER
        self.left()
        if self._judging is not None:
            self._judging.cancel()
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.cancel()
            self._serving.note(self, exchange.status or 499)
        self.request = None

    def left(self) -> None:
        """Take it out of all counts."""
        if self._counted:
            self._counted = False
            self._serving.leave(self, self.address)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if self.request is None and not self._arrived:
            request = reader.plain(data)
            if request is not None:
                self._begin(request)
                return
        if reader.rest is not None:
            self._keep(data)
            return
        reader.feed(data)
        if self.request is None:
            self._next()
        elif self.exchange is not None:
            self._more(self.exchange)
        elif not self.request.complete:
            self.hold()
        if self._arrived and self.request is not None:
            self.hold()

    def _keep(self, data: bytes) -> None:
        """Bytes of a tunnel that is not open yet."""
        self._reader.rest = early = (self._reader.rest or b"") + data
        if len(early) > self.limits.head_bytes:
            self.hold()

    def _more(self, exchange: Exchange) -> None:
        """More of the body, or whatever follows it."""
        request = exchange.request
        fault = self._reader.fault
        if fault is not None and not request.complete:
            exchange.cancel()
            if exchange.answering:
                self.cut()
            else:
                self.refuse_fault(fault)
            return
        limits = self.limits
        self.deadline = self.clock.now + (limits.upstream_timeout if request.complete else limits.body_timeout)
        exchange.pump()

    def _next(self) -> None:
        """Begin with the next request, if one is there."""
        if not self._arrived:
            if self._reader.fault is not None:
                self.refuse_fault(self._reader.fault)
            elif self._reader.pending and not self._heading:
                self._heading = True
                self.deadline = self.clock.now + self.limits.head_timeout
            return
        self._heading = False
        self._begin(self._arrived.popleft())

    def _begin(self, request: Request) -> None:
        """Ask the gate, and do as it says."""
        self.request = request
        self.closes = self._serving.draining or (request.sifted is None and not request.keeps_alive)
        self.deadline = self.clock.now + self.limits.upstream_timeout
        verdict = self._judge(request, self._peer)
        if isinstance(verdict, Forward):
            self._forward(request, verdict)
        elif isinstance(verdict, Answer):
            self.answer(verdict)
        else:
            if not request.complete:
                self.hold()
            self._judging = asyncio.get_running_loop().create_task(self._await(request, verdict))

    async def _await(self, request: Request, verdict: Coroutine[object, object, Forward | Answer]) -> None:
        """Wait for a verdict that could not be given at once."""
        decided = await verdict
        self._judging = None
        if isinstance(decided, Forward):
            self._forward(request, decided)
        else:
            self.answer(decided)

    def _forward(self, request: Request, forward: Forward) -> None:
        if request.sifted is None:
            if self._reader.fault is not None and not request.complete:
                self.refuse_fault(self._reader.fault)
                return
            if request.wants_websocket and self._serving.tunnels_full:
                self.closes = True
                self.refuse(503, "too many WebSockets are open")
                return
        self.exchange = exchange = Exchange(self, request, forward)
        exchange.start()

    def answer(self, answer: Answer) -> None:
        """Give an answer of our own to the request at hand."""
        request = self.request
        self.closes = self.closes or answer.closes or (request is not None and not request.complete)
        head_only = request is not None and request.method == b"HEAD"
        line = self.connection_line()[2:]
        self.transport.write(answer.encode(head_only=head_only, connection=line + b"\r\n" if line else b""))
        self._serving.note(self, answer.status)
        self._done()

    def refuse(self, status: int, reason: str) -> None:
        """Answer with an error, and give up what was under way."""
        self.exchange = None
        request_id = self._serving.gate.ids.next().decode()
        self.answer(self._serving.gate.answers.error(status, self.request, request_id, reason))

    def refuse_fault(self, fault: Fault) -> None:
        """Answer what is no request, and close."""
        self.exchange = None
        request = self.request or Request()
        self.answer(self._serving.gate.answers.fault(fault, request, self._serving.gate.ids.next().decode()))

    def finished(self) -> None:
        """An exchange is over, and all of its answer written."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            self._serving.note(self, exchange.status)
        if self.closes or self.held or self._arrived or self._reader.fault is not None:
            self._done()
        else:
            self.request = None
            self.deadline = self.clock.now + self.limits.idle_timeout

    def _done(self) -> None:
        """One request is answered: on to the next, or to the end."""
        request, self.request = self.request, None
        if self.closes:
            whole = request is not None and request.complete
            if whole and self._reader.fault is None and not self._arrived:
                self.transport.close()
            else:
                self._linger()
            return
        self.deadline = self.clock.now + self.limits.idle_timeout
        if self._arrived or self._reader.fault is not None:
            if not self.full:
                asyncio.get_running_loop().call_soon(self._continue)
        elif self.held:
            self.go_on()

    def _continue(self) -> None:
        if self.request is None and not self.transport.is_closing() and not self._lingers:
            self._next()
            if not self._arrived:
                self.go_on()

    def _linger(self) -> None:
        """Let the client read its answer before the end, whatever it still sends."""
        self._lingers = True
        self._arrived.clear()
        self.deadline = self.clock.now + LINGER_FOR
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.transport.set_protocol(Lingering(self))
        self.go_on()

    def connection_line(self) -> bytes:
        """The ``Connection`` line of the answer at hand, with the CRLF before it."""
        if self.closes or self._serving.draining:
            self.closes = True
            return b"\r\nConnection: close"
        if self.request is not None and self.request.version == "1.0":
            return b"\r\nConnection: keep-alive"
        return b""

    def cut(self) -> None:
        """End in the middle of an answer, so that nobody takes it for a whole one."""
        self.exchange = None
        self.transport.abort()

    def tunnel(self, upstream: UpstreamConnection, head: bytes, rest: bytes, session: Session | None) -> None:
        """Go on as a two-way pipe."""
        early = self._reader.rest or b""
        self.exchange = None
        self.deadline = NEVER
        self._serving.note(self, 101)
        Tunnel.open(self._serving, self, upstream, session, head=head, early=early, rest=rest)

    def pause_writing(self) -> None:
        self.full = True
        if self.exchange is not None:
            self.exchange.client_full()

    def resume_writing(self) -> None:
        self.full = False
        if self.exchange is not None:
            self.exchange.client_drained()
        elif self.request is None and (self._arrived or self._reader.fault is not None):
            self._continue()

    def expire(self, now: float) -> None:
        """Nothing came, or went, for as long as it may."""
        if self.exchange is not None:
            self.exchange.expire(now)
        elif self._judging is not None:
            self._judging.cancel()
            self._judging = None
            self.refuse(504, "no verdict in time")
        elif self._lingers or self.transport.is_closing() or self.full:
            self.transport.abort()
        elif self._reader.pending:
            self.refuse_fault(SLOW)
        else:
            self.transport.close()

    def drain(self) -> None:
        """The gateway stops: end after the answer under way, or now where there is none."""
        self.closes = True
        if self.request is None and not self._lingers and not self._reader.pending:
            self.transport.close()
