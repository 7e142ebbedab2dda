"""How an upstream is reached: over TCP, over TLS, through a Unix socket, or inside this process."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.config import Upstream
    from gatekeeper.edge.upstream import UpstreamConnection


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
