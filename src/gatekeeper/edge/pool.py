"""The connections to one upstream: kept warm, handed out, and given up; nobody waits for one without an end."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from typing import TYPE_CHECKING

import structlog

from gatekeeper.edge.upstream import UpstreamConnection

if TYPE_CHECKING:
    from gatekeeper.config import Limits
    from gatekeeper.edge.dialling import Connect
    from gatekeeper.edge.limits import CoarseClock
    from gatekeeper.edge.upstream import Taker

log = structlog.get_logger()

FRESH_FOR = 2.0
"""Seconds of rest after which a connection is not trusted with what could not be sent again."""


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

    def take(self, taker: Taker) -> UpstreamConnection | None:
        """A warm connection now, or ``None``: then ``taker.connected`` or ``taker.refused`` is called later."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if not connection.closed:
                connection.taker = taker
                return connection
        self.connect_for(taker)
        return None

    def take_fresh(self, taker: Taker) -> UpstreamConnection | None:
        """The same, for what cannot be sent again: a connection that has rested for long will not do."""
        idle = self._idle
        while idle and idle[-1].closed:
            idle.pop()
        if idle and idle[-1].rested_at + FRESH_FOR < self._clock.now:
            self.connect_for(taker)
            return None
        return self.take(taker)

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
