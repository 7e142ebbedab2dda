"""Gigabytes both ways at once, the reader slow, while a WebSocket and an event stream live through it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from gatekeeper.app import open_services
from gatekeeper.cli.demo import create_accounts
from gatekeeper.config import load
from tests.e2e.gateway import ROUTE, free_port, write_config
from tests.e2e.process import Process, Visitor

pytestmark = pytest.mark.slow

SIZE = 2 * 1024**3
BOUND = 64 * 1024**2
PIECE = b"x" * (1 << 20)
PATIENCE = 10.0
"""Seconds after which something that should happen counts as not happening."""
SECOND = 1.0
"""What the rule gives to streams whose session has ended."""


async def gigabytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A platform that gives 2 GB, or takes them."""
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"GET"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()
    else:
        left = SIZE
        while left:
            piece = await reader.read(1 << 20)
            assert piece
            left -= len(piece)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    await reader.read()
    writer.close()


@pytest.fixture
async def route() -> AsyncIterator[str]:
    server = await asyncio.start_server(gigabytes, "127.0.0.1", 0, limit=1 << 20)
    port = server.sockets[0].getsockname()[1]
    yield f'[[route]]\nname = "big"\npath = "/big"\nupstream = "http://127.0.0.1:{port}"\n'
    server.close()


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def download(port: int, cookie: str, half: asyncio.Event) -> None:
    """A reader that stops for a second now and then, so that everything before it fills up; it says when it is half."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(f"GET /big/file HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    got, stops = 0, [SIZE // 4, SIZE // 2]
    while got < SIZE:
        piece = await reader.read(1 << 20)
        assert piece
        got += len(piece)
        if stops and got > stops[0]:
            stops.pop(0)
            await asyncio.sleep(1)
            if not stops:
                half.set()
    writer.close()


async def upload(port: int, cookie: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /big/file HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {cookie}\r\nContent-Length: {SIZE}\r\n\r\n"
    writer.write(head.encode())
    for _ in range(SIZE // len(PIECE)):
        writer.write(PIECE)
        await writer.drain()
    answer = await reader.readuntil(b"done")
    assert answer.startswith(b"HTTP/1.1 200")
    writer.close()


async def highest(pid: int) -> int:
    """The most memory that a process holds until this is cancelled."""
    most = 0
    try:
        while True:
            most = max(most, resident(pid))
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        return most


class Streams:
    """A person's WebSocket and event stream, both open and read all the time, as a page would."""

    def __init__(
        self, visitor: Visitor, socket: aiohttp.ClientWebSocketResponse, events: aiohttp.ClientResponse
    ) -> None:
        self._visitor = visitor
        self._socket = socket
        self._events = events
        self._echoed = asyncio.Event()
        self._ending = asyncio.gather(self._read_socket(), self._read_events())

    @classmethod
    @asynccontextmanager
    async def opened(cls, base: str, username: str) -> AsyncIterator[Streams]:
        async with Visitor() as visitor, aiohttp.ClientSession() as other:
            await visitor.signs_in(base, username)
            headers = {"Cookie": f"gatekeeper={visitor.cookie('gatekeeper')}"}
            async with (
                other.ws_connect(f"{base}/mail/live", headers=headers) as socket,
                other.get(f"{base}/mail/events", headers=headers) as events,
            ):
                assert events.status == 200
                assert await events.content.readline()
                yield cls(visitor, socket, events)

    async def live(self) -> None:
        assert not self._ending.done()
        await self._socket.send_str("still here?")
        async with asyncio.timeout(PATIENCE):
            await self._echoed.wait()

    async def end_with_their_session(self, base: str) -> None:
        """Sign the person out; both must be closed within the second."""
        await self._visitor.signs_out(base)
        async with asyncio.timeout(SECOND):
            await self._ending
        assert self._socket.close_code == 1008

    async def _read_socket(self) -> None:
        async for message in self._socket:
            if message.json() == {"type": "echo", "text": "still here?"}:
                self._echoed.set()

    async def _read_events(self) -> None:
        # A stream that is cut raises.
        with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientConnectionError)):
            await drained(self._events)


async def drained(events: aiohttp.ClientResponse) -> None:
    while await events.content.readany():
        pass


async def test_gigabytes_pass_in_bounded_memory_and_streams_end_with_their_session(
    tmp_path: Path, platform: Path, database_url: str, redis_url: str, route: str
) -> None:
    port = free_port()
    path = write_config(
        tmp_path,
        port=port,
        listen=port,
        platform=platform,
        database=database_url,
        redis=redis_url,
        routes=ROUTE + route,
    )
    base = f"http://localhost:{port}"
    async with open_services(load(path, {})) as services:
        await create_accounts(services, time.time())
    async with (
        Process(path) as gateway,
        Visitor() as marco,
        Streams.opened(base, "anna@example.com") as annas,
        Streams.opened(base, "lucia@example.com") as lucias,
    ):
        await marco.signs_in(base, "marco@example.com")
        cookie = f"gatekeeper={marco.cookie('gatekeeper')}"
        idle = resident(gateway.pid)
        watching = asyncio.create_task(highest(gateway.pid))
        half = asyncio.Event()
        flowing = asyncio.gather(download(port, cookie, half), upload(port, cookie))
        await half.wait()
        await lucias.live()
        await lucias.end_with_their_session(base)
        assert not flowing.done()
        await flowing
        watching.cancel()
        assert await watching - idle < BOUND

        await annas.live()
        await annas.end_with_their_session(base)
