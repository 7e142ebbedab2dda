"""A whole gateway with the demo platform behind it, real engines under it and a clock that can be moved."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
from aiohttp import web

from gatekeeper import demo
from gatekeeper.app import Gatekeeper, open_services
from gatekeeper.cli.demo import create_accounts
from gatekeeper.config import load
from tests.e2e.node import AHEAD, Node

QUICK = {"GATEKEEPER__SERVER__LIMITS__DRAIN_TIMEOUT": "0.05s"}
"""The platform's event streams go on for ever, and so would the end of each test."""


class Clock:
    """The time, as the gateway sees it.

    Args:
        file: where processes read how far ahead it is; left out where the gateway runs in the test's own process.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._ahead = 0.0
        self._file = file
        if file is not None:
            file.write_bytes(AHEAD.pack(0.0))

    def __call__(self) -> float:
        return time.time() + self._ahead

    @property
    def file(self) -> Path:
        assert self._file is not None, "this clock is not shared"
        return self._file

    def forward(self, seconds: float) -> None:
        self._ahead += seconds
        if self._file is not None:
            with self._file.open("r+b") as file:
                file.write(AHEAD.pack(self._ahead))


@dataclass
class Gate:
    """The running gateway, and the administrator's API token. ``nodes`` are those that run in the test's process."""

    base: str
    clock: Clock
    nodes: list[Gatekeeper]
    token: str

    async def api(
        self, method: str, path: str, body: object = None, *, status: int | None = None, **headers: str
    ) -> Any:
        """Call the admin API; the answer's JSON. Fails unless it has the status, or is a success."""
        answer, data = await self._call(method, path, body, headers)
        assert answer.status == status if status is not None else answer.ok, (answer.status, data)
        return data

    async def _call(
        self, method: str, path: str, body: object, headers: dict[str, str]
    ) -> tuple[aiohttp.ClientResponse, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} | headers
        url = f"{self.base}/gatekeeper/api/v1{path}"
        async with (
            aiohttp.ClientSession() as client,
            client.request(method, url, json=body, headers=headers, allow_redirects=False) as answer,
        ):
            data = await answer.json(content_type=None) if await answer.read() else None
            return answer, data

    async def set_policy(self, name: str, policy: object) -> None:
        answer, _ = await self._call("GET", f"/policies/{name}", None, {})
        await self.api("PUT", f"/policies/{name}", policy, **{"If-Match": answer.headers["ETag"]})
        if not self.nodes:
            # Other processes learn of it by a message; from here on nothing excuses one that has not.
            await asyncio.sleep(0.1)

    async def set_two_factor(self, policy: object) -> None:
        await self.set_policy("two-factor", policy)

    async def set_password_policy(self, policy: object) -> None:
        await self.set_policy("password", policy)

    async def user_id(self, username: str) -> str:
        users = await self.api("GET", f"/users?query={username}")
        (user,) = [user for user in users["items"] if user["username"] == username]
        return str(user["id"])

    async def add_user(self, username: str, *, password: str) -> str:
        body = {"username": username, "email": username, "display_name": username.partition("@")[0].title()}
        # The policy in force is Basic unless a test raised it before.
        created = await self.api("POST", "/users", body | {"new_password": password, "must_change": False})
        return str(created["id"])


@asynccontextmanager
async def open_platform(folder: Path) -> AsyncIterator[Path]:
    """The demo platform on a Unix socket, as a platform behind the gate would run; gives the socket's path."""
    path = folder / "platform.sock"
    runner = web.AppRunner(demo.create_app(sign_out_url="/gatekeeper/logout"), handle_signals=False)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield path
    finally:
        await runner.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


ROUTE = """
[[route]]
name = "webmail"
path = "/"
upstream = "unix:{platform}"
background = ["/mail/?_action=refresh"]
"""


def write_config(
    folder: Path, *, port: int, listen: int, platform: Path, database: str, redis: str, routes: str = ROUTE
) -> Path:
    """A configuration file for a node that listens on a loopback port with the platform behind it."""
    path = folder / f"gatekeeper-{listen}.toml"
    path.write_text(
        f"""
[server]
public_url = "http://localhost:{port}"
listen = "127.0.0.1:{listen}"
internal_listen = "127.0.0.1:{free_port()}"

[storage]
data = "{folder / "data"}"
database = "{database}"
redis = "{redis}"
{routes.format(platform=platform)}"""
    )
    return path


@asynccontextmanager
async def in_turns(port: int, nodes: list[int]) -> AsyncIterator[None]:
    """A relay that leads each new connection to another node, as a balancer in front of several would."""
    turn = itertools.cycle(nodes)

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", next(turn))
        await asyncio.gather(pipe(reader, back), pipe(there, writer))
        back.close()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


@asynccontextmanager
async def open_gate(
    folder: Path,
    *,
    platform: Path,
    database: str,
    redis: str,
    clock: Clock,
    routes: str = ROUTE,
    environ: Mapping[str, str] = MappingProxyType(QUICK),
) -> AsyncIterator[Gate]:
    """A gateway of one node in this process, with the demo's accounts and a token for everything."""
    port = free_port()
    path = write_config(
        folder, port=port, listen=port, platform=platform, database=database, redis=redis, routes=routes
    )
    node = Gatekeeper(load(path, environ), clock=clock)
    await node.start()
    try:
        token = await create_accounts(node.services, clock())
        yield Gate(f"http://localhost:{port}", clock, [node], token)
    finally:
        await node.stop()


@asynccontextmanager
async def open_gates(folder: Path, *, platform: Path, database: str, redis: str, clock: Clock) -> AsyncIterator[Gate]:
    """A gateway of two processes that take turns and share only the engines; the clock must have a file."""
    port, listening = free_port(), [free_port(), free_port()]
    files = [
        write_config(folder, port=port, listen=listen, platform=platform, database=database, redis=redis)
        for listen in listening
    ]
    async with open_services(load(files[0], {}), clock=clock) as services:
        token = await create_accounts(services, clock())
    async with AsyncExitStack() as stack:
        for file in files:
            await stack.enter_async_context(Node(file, clock=clock.file, environ=QUICK))
        await stack.enter_async_context(in_turns(port, listening))
        yield Gate(f"http://localhost:{port}", clock, [], token)
