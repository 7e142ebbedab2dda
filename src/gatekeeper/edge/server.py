"""The edge as a whole: listens, serves, drains."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from gatekeeper.edge.answers import Answers, Pages
from gatekeeper.edge.certificates import Certificates
from gatekeeper.edge.connection import ClientConnection
from gatekeeper.edge.dialling import Connect, connect_to
from gatekeeper.edge.gate import Gate
from gatekeeper.edge.limits import Sweep
from gatekeeper.edge.pool import Pool
from gatekeeper.edge.requestlog import RequestLog
from gatekeeper.edge.serving import Serving
from gatekeeper.edge.ways import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from gatekeeper.config import Config, Listen
    from gatekeeper.crypto.tokens import Signer
    from gatekeeper.domain.model import Policies, Session
    from gatekeeper.edge.standing import Cache, Reader

log = structlog.get_logger()

BACKLOG = 2_048
DRAIN_LOOKS_EVERY = 0.05
IDLE_GRACE = 1.0
"""Seconds for which idle connections stay open when the gateway stops: a request may be on its way on one of them."""


class Edge:
    """The proxy.

    Args:
        config: all of it.
        cache: this node's copies of sessions.
        reader: reads sessions afresh.
        policies: those in force.
        sign: signs an assertion's claims (``crypto.keys.AssertionSigner.sign``).
        pages: writes the pages that the edge shows itself.
        app: how to reach our own pages (:func:`~gatekeeper.edge.dialling.connect_to_app`).
        touch: writes down that a session was used (``sessions.Sessions.touch``).
        is_ended: whether a session is known to have ended, whatever Redis says.
        signer: knows the doctor's questions; ``None``: they are not answered.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        config: Config,
        *,
        cache: Cache,
        reader: Reader,
        policies: Callable[[], Policies],
        sign: Callable[[Mapping[str, object]], str],
        pages: Pages,
        app: Connect,
        touch: Callable[[str, float], Coroutine[object, object, None]],
        is_ended: Callable[[Session], bool] = lambda _: False,
        signer: Signer | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        limits = config.server.limits
        self._config = config
        self._sweep = Sweep()
        self._pools: dict[object, Pool] = {}
        own = self._pool("app", app, "our own pages")
        ways = [Way(route, self._pool(route.upstream, None, route.name), sign) for route in config.routes]
        gate = Gate(
            config,
            cache,
            reader,
            policies,
            Answers(pages, config.server.prefix),
            ways=ways,
            app=own,
            touch=touch,
            is_ended=is_ended,
            signer=signer,
            now=now,
        )
        self.requests = RequestLog(enabled=config.log.requests)
        self._sweep.also(self.requests.flush)
        self._serving = Serving(config, gate, self._sweep, self.requests)
        tls = config.server.tls
        self._certificates = None if tls is None else Certificates(tls)
        if self._certificates is not None:
            self._sweep.also(self._certificates.sweep)
        self._servers: list[asyncio.Server] = []
        self._drain_timeout = limits.drain_timeout

    @property
    def open_connections(self) -> int:
        """Connections from clients, WebSockets included."""
        return self._serving.counts.total

    @property
    def open_tunnels(self) -> int:
        """WebSockets."""
        return len(self._serving.tunnels)

    @property
    def draining(self) -> bool:
        """Whether the gateway is about to stop."""
        return self._serving.draining

    def sessions_dropped(self, session_ids: Iterable[str]) -> None:
        """Sessions have changed or ended (``SessionCache.on_dropped``)."""
        self._serving.sessions_dropped(session_ids)

    async def start(self, sockets: Sequence[socket.socket] | None = None) -> list[str]:
        """Listen.

        Args:
            sockets: listening sockets to take over; ``None``: as ``server.listen`` says.

        Returns:
            The addresses, as ``host:port`` or ``unix:path``.

        Raises:
            OSError: the address is taken, or not ours.
        """
        self._sweep.start()
        loop = asyncio.get_running_loop()
        context = None if self._certificates is None else self._certificates.context
        patience = None if context is None else self._config.server.limits.head_timeout
        for listening in sockets if sockets is not None else [self._listen()]:
            listening.settimeout(0)
            make = loop.create_unix_server if listening.family == socket.AF_UNIX else loop.create_server
            server = await make(
                self._connection, sock=listening, backlog=BACKLOG, ssl=context, ssl_handshake_timeout=patience
            )
            self._servers.append(server)
        return [_name(listening) for server in self._servers for listening in server.sockets]

    async def drain(self) -> None:
        """Stop listening, and let what is under way come to its end, for as long as the configuration allows."""
        loop = asyncio.get_running_loop()
        for server in self._servers:
            server.close()
        self._serving.draining = True
        until = loop.time() + self._drain_timeout
        await asyncio.sleep(min(IDLE_GRACE, self._drain_timeout))
        self._serving.drain()
        while self._serving.counts.total and loop.time() < until:  # noqa: ASYNC110 - counts are no events
            await asyncio.sleep(DRAIN_LOOKS_EVERY)

    async def close(self) -> None:
        """End everything now."""
        for server in self._servers:
            server.close()
        for connection in list(self._serving.connections):
            connection.transport.abort()
        for tunnel in list(self._serving.tunnels):
            tunnel.near.transport.abort()
        for pool in self._pools.values():
            pool.close()
        self._sweep.stop()
        self.requests.flush(0.0)
        await asyncio.sleep(0)
        path = self._config.server.listen.path
        if path is not None:
            with contextlib.suppress(OSError):
                Path(path).unlink()  # noqa: ASYNC240 - one call, when all is over

    def _listen(self) -> socket.socket:
        server = self._config.server
        return listen_on(server.listen, shared=server.shared)

    def _connection(self) -> ClientConnection:
        return ClientConnection(self._serving)

    def _pool(self, key: object, connect: Connect | None, name: str) -> Pool:
        pool = self._pools.get(key)
        if pool is None:
            made = connect if connect is not None else connect_to(key)  # type: ignore[arg-type]
            self._pools[key] = pool = Pool(name, made, self._config.server.limits, self._sweep.clock)
            self._sweep.also(pool.sweep)
        return pool


def listen_on(listen: Listen, *, shared: bool = False) -> socket.socket:
    """A listening socket.

    Args:
        listen: where.
        shared: whether several processes listen there.

    Raises:
        OSError: the address is taken, or not ours.
    """
    if listen.path is not None:
        path = Path(listen.path)
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(path.stat().st_mode) and not _answers(path):
                path.unlink()
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        path.chmod(0o666)
    else:
        family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((listen.host, listen.port))
    listening.listen(BACKLOG)
    return listening


def _answers(path: Path) -> bool:
    """Whether somebody listens on a Unix socket: one that was left behind by a killed process is in nobody's way."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(os.fspath(path)) == 0


def _name(listening: socket.socket) -> str:
    name = listening.getsockname()
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else f"unix:{name}"
