"""What all connections share: limits, the gate, the streams that are open, and what is counted and logged."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from gatekeeper.edge.frames import GOING_AWAY, POLICY
from gatekeeper.edge.limits import Counts, Sweep
from gatekeeper.edge.sieve import Lines, Sieve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatekeeper.config import Config
    from gatekeeper.domain.model import Session
    from gatekeeper.edge.connection import ClientConnection
    from gatekeeper.edge.gate import Gate
    from gatekeeper.edge.tunnel import Tunnel

log = structlog.get_logger()

CHECK_STREAMS_EVERY = 10.0
"""Seconds between two looks at the sessions of all open streams, whatever the messages said."""


class Log(Protocol):
    """Takes note of requests."""

    def note(self, connection: ClientConnection, status: int) -> None:
        """A request was answered."""


class Serving:
    """The state of one edge.

    Args:
        config: limits, trusted proxies, cookie names, names to strip.
        gate: decides.
        sweep: looks at deadlines.
        log: takes note of requests.

    Attributes:
        connections: all connections that are no tunnels.
        tunnels: all WebSockets.
        draining: whether the gateway is about to stop.
    """

    def __init__(self, config: Config, gate: Gate, sweep: Sweep, log: Log) -> None:
        self.server = config.server
        self.limits = config.server.limits
        self.own_cookies = config.server.cookies.all
        self.lines = Lines(config.strip_set())
        self.sieve = Sieve(self.lines, self.limits.header_count)
        self.gate = gate
        self.sweep = sweep
        self.clock = sweep.clock
        self.counts = Counts(self.limits, config.server.trusted_proxies)
        self.connections: set[ClientConnection] = set()
        self.tunnels: set[Tunnel] = set()
        self.draining = False
        self.note = log.note
        self._stale: set[str] = set()
        self._watch: asyncio.Task[None] | None = None
        self._check_at = 0.0
        sweep.also(self._sweep_streams)

    @property
    def tunnels_full(self) -> bool:
        """Whether there are as many WebSockets as there may be."""
        return len(self.tunnels) >= self.limits.tunnels

    def enter(self, connection: ClientConnection, address: str) -> bool:
        """A connection was made; whether there is room for it."""
        if not self.counts.enter(address):
            return False
        self.connections.add(connection)
        self.sweep.members.add(connection)
        return True

    def leave(self, connection: ClientConnection, address: str) -> None:
        """A connection has ended."""
        self.counts.leave(address)
        self.connections.discard(connection)
        self.sweep.members.discard(connection)

    def sessions_dropped(self, session_ids: Iterable[str]) -> None:
        """Sessions have changed or ended: their open streams are looked at with the next sweep."""
        self.gate.forget(session_ids)
        self._stale.update(session_ids)

    def _sweep_streams(self, now: float) -> None:
        every = now >= self._check_at
        if not every and not self._stale:
            return
        if self._watch is not None and not self._watch.done():
            return
        stale, self._stale = self._stale, set()
        if every:
            self._check_at = now + CHECK_STREAMS_EVERY
        sessions = {session.id: session for session in self._open_sessions() if every or session.id in stale}
        if sessions:
            self._watch = asyncio.get_running_loop().create_task(self._look_at(sessions.values()))

    def _open_sessions(self) -> Iterable[Session]:
        for connection in self.connections:
            if connection.exchange is not None and connection.exchange.session is not None:
                yield connection.exchange.session
        for tunnel in self.tunnels:
            if tunnel.session is not None:
                yield tunnel.session

    async def _look_at(self, sessions: Iterable[Session]) -> None:
        for session in sessions:
            if not await self.gate.still_stands(session):
                self._end(session.id)

    def _end(self, session_id: str) -> None:
        """Close what an ended session has open."""
        for connection in list(self.connections):
            exchange = connection.exchange
            if exchange is not None and exchange.session is not None and exchange.session.id == session_id:
                exchange.cancel()
                connection.cut()
        for tunnel in list(self.tunnels):
            if tunnel.session is not None and tunnel.session.id == session_id:
                tunnel.close(POLICY, "the session has ended")

    def drain(self) -> None:
        """Let what is under way come to its end, and nothing else begin."""
        self.draining = True
        for tunnel in list(self.tunnels):
            tunnel.close(GOING_AWAY, "the gateway restarts")
        for connection in list(self.connections):
            connection.drain()
