"""Connections to upstreams: how they are made, kept warm, handed out and given up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from typing import TYPE_CHECKING, Protocol, cast

import structlog
from httptools import HttpParserError, HttpParserUpgrade

from gatekeeper.edge.reply import MalformedResponse, ResponseReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.config import Limits, Upstream
    from gatekeeper.edge.limits import CoarseClock
    from gatekeeper.edge.plain import PlainAnswer

log = structlog.get_logger()

FRESH_FOR = 2.0
"""Seconds of rest after which a connection is not trusted with what could not be sent again."""


class Taker(Protocol):
    """Whoever asked for a connection, and then for what comes out of it."""

    def connected(self, upstream: UpstreamConnection) -> None:
        """Here it is."""

    def refused(self, status: int, reason: str) -> None:
        """There is none to be had: 502, 503 or 504."""

    def deliver(self, upstream: UpstreamConnection) -> None:
        """The reader has something new."""

    def deliver_whole(self, upstream: UpstreamConnection, answer: PlainAnswer) -> None:
        """A whole plain answer came at once."""

    def switched(self, upstream: UpstreamConnection, rest: bytes) -> None:
        """The upstream has switched protocols; ``rest`` came after."""

    def failed(self, upstream: UpstreamConnection, reason: str) -> None:
        """It broke, or what came out of it is no answer."""

    def upstream_full(self) -> None:
        """Send no more for now."""

    def upstream_drained(self) -> None:
        """Go on sending."""


class UpstreamConnection(asyncio.Protocol):
    """One connection to an upstream: at rest in the pool, or taken by one exchange.

    Attributes:
        reused: whether it has carried an answer before, so that it may have gone stale.
        rested_at: when it was put to rest.
    """

    transport: asyncio.Transport

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.reader = ResponseReader(pool.limits.upstream_head_bytes)
        self.taker: Taker | None = None
        self.reused = False
        self.rested_at = 0.0
        self.counted = True
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        taker = self.taker
        if taker is None:
            self.close()
            return
        answer = self.reader.plain(data)
        if answer is not None:
            taker.deliver_whole(self, answer)
            return
        try:
            self.reader.feed(data)
        except HttpParserUpgrade as upgrade:
            taker.switched(self, data[upgrade.args[0] :])
        except (HttpParserError, MalformedResponse) as error:
            self._malformed(taker, error)
        else:
            taker.deliver(self)

    def _malformed(self, taker: Taker, error: Exception) -> None:
        reader = self.reader
        cause = error.__context__ if isinstance(error.__context__, MalformedResponse) else error
        if reader.complete:
            reader.surplus = True
            taker.deliver(self)
            return
        last = reader.lines[-2][2:-2].decode("ascii", "replace") if reader.lines else None
        log.warning("upstream.malformed", upstream=self._pool.name, reason=str(cause), after_header=last)
        taker.failed(self, "malformed")

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        taker, self.taker = self.taker, None
        self._pool.lost(self)
        if taker is None:
            return
        if exc is None and self.reader.end():
            taker.deliver(self)
        else:
            taker.failed(self, "closed")

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        if self.taker is not None:
            self.taker.upstream_full()

    def resume_writing(self) -> None:
        if self.taker is not None:
            self.taker.upstream_drained()

    def hold(self) -> None:
        """Stop reading for now."""
        if not self.closed and not self.transport.is_closing():
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if not self.closed and not self.transport.is_closing():
            self.transport.resume_reading()

    def release(self) -> None:
        """Give it back after an answer that was read to its end."""
        self.taker = None
        reader = self.reader
        if self.closed:
            return
        if self.transport.is_closing() or (reader.begun and not reader.keeps_alive):
            self.close()
            return
        if reader.begun and reader.needs_renewal:
            reader.renew()
        self.reused = True
        self._pool.put(self)

    def release_unused(self) -> None:
        """Give it back as it was: whoever asked for it has gone meanwhile."""
        self.taker = None
        if not self.closed:
            self._pool.put(self)

    def close(self) -> None:
        """Give it up."""
        self.taker = None
        self.closed = True
        self._pool.lost(self)
        self.transport.abort()


class Pool:
    """The connections to one upstream: the warmest first, bounded, with a bounded queue before it.

    Args:
        name: for the log.
        connect: makes one; given the protocol factory.
        limits: how many, and for how long.
        clock: the coarse time.
    """

    def __init__(self, name: str, connect: Connect, limits: Limits, clock: CoarseClock) -> None:
        self.name = name
        self.limits = limits
        self._connect = connect
        self._clock = clock
        self._idle: deque[UpstreamConnection] = deque()
        self._waiting: deque[tuple[float, Taker]] = deque()
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def take(self, taker: Taker, *, fresh: bool) -> UpstreamConnection | None:
        """A warm connection now, or ``None``: then ``taker.connected`` or ``taker.refused`` is called later.

        Args:
            taker: who asks.
            fresh: whether a connection that has rested for long will not do, since what is sent cannot be repeated.
        """
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.closed:
                continue
            if fresh and connection.rested_at + FRESH_FOR < self._clock.now:
                idle.append(connection)
                break
            connection.taker = taker
            return connection
        self.connect_for(taker)
        return None

    def connect_for(self, taker: Taker) -> None:
        """A connection that was not used before."""
        if self._open < self.limits.pool_size:
            self._open_for(taker)
        elif self._idle:
            self._idle.popleft().close()
            self._open_for(taker)
        elif len(self._waiting) < self.limits.queue:
            self._waiting.append((self._clock.now + self.limits.queue_timeout, taker))
        else:
            taker.refused(503, "too many requests wait for this upstream")

    def forget(self, taker: Taker) -> None:
        """Who waited has gone."""
        for position, (_, waiting) in enumerate(self._waiting):
            if waiting is taker:
                del self._waiting[position]
                return

    def put(self, connection: UpstreamConnection) -> None:
        """Take a connection back: for who waits, or to rest."""
        if self._closed or not connection.counted:
            connection.close()
        elif self._waiting:
            _, taker = self._waiting.popleft()
            connection.taker = taker
            taker.connected(connection)
        else:
            connection.rested_at = self._clock.now
            self._idle.append(connection)

    def detach(self, connection: UpstreamConnection) -> None:
        """A connection became a stream or a tunnel: it comes back no more and leaves its place to others."""
        if connection.counted:
            connection.counted = False
            self._left()

    def lost(self, connection: UpstreamConnection) -> None:
        """A connection is gone."""
        if connection.counted:
            connection.counted = False
            with contextlib.suppress(ValueError):
                self._idle.remove(connection)
            self._left()

    def sweep(self, now: float) -> None:
        """Close what has rested too long, and refuse who has waited too long."""
        oldest = now - self.limits.upstream_idle_timeout
        while self._idle and self._idle[0].rested_at < oldest:
            self._idle[0].close()
        while self._waiting and self._waiting[0][0] < now:
            _, taker = self._waiting.popleft()
            taker.refused(503, "no connection to the upstream became free in time")

    def close(self) -> None:
        """Close what rests; what is taken ends with its exchange."""
        self._closed = True
        while self._idle:
            self._idle[0].close()
        for task in self._tasks:
            task.cancel()

    def _left(self) -> None:
        self._open -= 1
        if self._waiting and not self._closed and self._open < self.limits.pool_size:
            _, taker = self._waiting.popleft()
            self._open_for(taker)

    def _open_for(self, taker: Taker) -> None:
        self._open += 1
        task = asyncio.get_running_loop().create_task(self._make(taker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make(self, taker: Taker) -> None:
        try:
            async with asyncio.timeout(self.limits.connect_timeout):
                connection = await self._connect(lambda: UpstreamConnection(self))
        except TimeoutError:
            log.warning("upstream.unreachable", upstream=self.name, reason="no connection in time")
            self._left()
            taker.refused(504, "the upstream took too long to connect")
        except (OSError, ssl.SSLError) as error:
            log.warning("upstream.unreachable", upstream=self.name, reason=str(error))
            self._left()
            taker.refused(502, "the upstream cannot be reached")
        except asyncio.CancelledError:
            self._left()
            raise
        else:
            connection.taker = taker
            taker.connected(connection)


class Connect(Protocol):
    """Makes one connection to an upstream."""

    async def __call__(self, factory: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        """Raises ``OSError`` where it cannot be reached, ``ssl.SSLError`` where it cannot be trusted."""


def connect_to(upstream: Upstream) -> Connect:
    """How to reach a configured upstream: TCP, TLS with the certificate verified, or a Unix socket."""
    context = None
    if upstream.scheme == "https":
        context = ssl.create_default_context(cafile=None if upstream.ca_file is None else str(upstream.ca_file))
        context.set_alpn_protocols(["http/1.1"])

    async def connect(factory: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        if upstream.socket is not None:
            _, connection = await loop.create_unix_connection(factory, upstream.socket)
        else:
            name = upstream.host if context is not None else None
            _, connection = await loop.create_connection(
                factory, upstream.host, upstream.port, ssl=context, server_hostname=name
            )
        return connection

    return connect


def connect_to_app(server: Callable[[], asyncio.BaseProtocol]) -> Connect:
    """How to reach the app: over a socket pair, so nobody but the edge can.

    Args:
        server: makes the app's side of a connection: ``aiohttp.web.AppRunner.server``.
    """

    async def connect(factory: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        theirs.settimeout(0)
        await loop.connect_accepted_socket(server, theirs)
        _, connection = await loop.create_connection(factory, sock=ours)
        return connection

    return connect
