"""The end of a connection whose client may still be sending: it is heard out, so that it can read its answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.edge.connection import ClientConnection

LINGER_FOR = 30.0
LINGER_BYTES = 64 * 1024 * 1024
"""How much of a refused body is taken and thrown away, so that a browser reads the answer and not a reset."""


class Lingering(asyncio.Protocol):
    """Takes a client connection's place, and throws away what still comes; the connection's deadline ends it.

    Args:
        client: whose last answer is written.
    """

    def __init__(self, client: ClientConnection) -> None:
        self._client = client
        self._taken = 0

    def data_received(self, data: bytes) -> None:
        self._taken += len(data)
        if self._taken > LINGER_BYTES:
            self._client.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.connection_lost(exc)
