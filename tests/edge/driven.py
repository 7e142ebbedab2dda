"""A client's connection without a socket: bytes reach the edge in exactly the pieces that a test cuts them into."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from gatekeeper.edge.connection import ClientConnection
from tests.edge.conftest import House
from tests.edge.raw import PATIENCE

BREATHS = 3


class Wire(asyncio.Transport):
    """Keeps what is written, and says when the connection ends."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 4711)})
        self.written = b""
        self.paused = False
        self.ended = asyncio.Event()
        self._protocol: Any = None

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def write(self, data: Any) -> None:
        if not self.ended.is_set():
            self.written += bytes(data)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended.set()

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return self.ended.is_set()

    def close(self) -> None:
        self.ended.set()

    def abort(self) -> None:
        self.ended.set()

    def get_write_buffer_size(self) -> int:
        return 0


async def drive(house: House, pieces: Sequence[bytes], *, breathe: bool = False) -> bytes:
    """Hand pieces to a new connection, as soon as it reads; all that it writes until it ends.

    Args:
        house: the edge.
        pieces: what comes in.
        breathe: whether other things happen between two pieces, such as an answer to what has come.
    """
    connection = ClientConnection(house.edge._serving)
    wire = Wire()
    wire.set_protocol(connection)
    connection.connection_made(wire)
    async with asyncio.timeout(PATIENCE):
        for piece in pieces:
            while wire.paused and not wire.ended.is_set():  # noqa: ASYNC110 - until the edge has had its turns
                await asyncio.sleep(0)
            if wire.ended.is_set():
                break
            wire.get_protocol().data_received(piece)
            if breathe:
                for _ in range(BREATHS):
                    await asyncio.sleep(0)
        await wire.ended.wait()
    wire.get_protocol().connection_lost(None)
    return wire.written
