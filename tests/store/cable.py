"""A cable between the store and its server that a test can cut, freeze and mend."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self
from urllib.parse import parse_qs, urlsplit


class Cable:
    """Listens on a port of 127.0.0.1 and passes bytes to the server behind an address."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._query = parse_qs(self._parts.query)
        self._flows = asyncio.Event()
        self._flows.set()
        self._unused = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.connections = 0

    @property
    def url(self) -> str:
        user = f"{self._parts.username}:{self._parts.password or ''}"
        return f"postgresql://{user}@127.0.0.1:{self._port}{self._parts.path}"

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def mend(self) -> None:
        """Let bytes flow (again)."""
        self._flows.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def freeze(self) -> None:
        """Pass nothing on, and close nothing: a server that has stopped, or a network that drops packets."""
        self._flows.clear()

    async def cut(self) -> None:
        """Close every connection and accept no new one: a server that has died."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def all_closed(self) -> None:
        """Wait until no connection is left at either end."""
        await self._unused.wait()
        await asyncio.sleep(0.05)  # until the client's loop has read the end, too

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        with contextlib.suppress(OSError, asyncio.CancelledError):
            self._writers |= {writer, far_writer}
            self._unused.clear()
            both = (self._pass(reader, far_writer), self._pass(far_reader, writer))
            tasks = {asyncio.ensure_future(one) for one in both}
            self._tasks |= tasks
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks -= tasks

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = int(self._query.get("port", [str(self._parts.port or 5432)])[0])
        if "host" in self._query:
            return await asyncio.open_unix_connection(f"{self._query['host'][0]}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._parts.hostname, port)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            if not self._writers:
                self._unused.set()
            writer.transport.abort()
