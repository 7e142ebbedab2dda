"""Connections that can be told to stop reading, since the other side cannot take more."""

from __future__ import annotations

import asyncio


class Paced(asyncio.Protocol):
    """One connection.

    Attributes:
        held: whether it does not read for now.
    """

    transport: asyncio.Transport
    held = False

    def hold(self) -> None:
        """Stop reading for now."""
        if not self.held and not self.transport.is_closing():
            self.held = True
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if self.held and not self.transport.is_closing():
            self.held = False
            self.transport.resume_reading()

    def eof_received(self) -> bool:
        """Close: HTTP/1.1 has no use for half a connection."""
        return False
