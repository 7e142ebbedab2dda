"""A whole gateway with the demo platform behind it, real engines under it, a clock that can be moved, and browsers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, async_playwright

from gatekeeper import demo
from gatekeeper.app import Gatekeeper
from gatekeeper.config import load
from gatekeeper.domain.model import Permission
from gatekeeper.flows import people, tokens
from gatekeeper.flows.acting import command_line
from gatekeeper.flows.people import Candidate
from gatekeeper.flows.services import Services
from tests.e2e.person import PASSWORD, Person

CHROMIUM = "/usr/bin/chromium"


class Clock:
    """The time, as the gateway sees it."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += seconds


@dataclass
class Gate:
    """The running gateway, and the administrator's API token."""

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


EVERYTHING = frozenset(Permission)


async def create_accounts(services: Services, now: float) -> str:
    """The accounts of the demo; a token of the administrator's that may do everything."""
    for name in ("admin", "anna", "marco", "lucia"):
        candidate = Candidate(
            username=f"{name}@example.com",
            email=f"{name}@example.com",
            display_name=f"{name.title()} Rossi",
            permissions=EVERYTHING if name == "admin" else frozenset(),
            password=PASSWORD,
        )
        user = await people.create(services, command_line(), candidate, now)
        if name == "admin":
            admin = user.id
    made = await tokens.create(services, command_line(), "tests", EVERYTHING, expires_at=None, now=now, owner_id=admin)
    return made.secret


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Path]:
    """The demo platform on a Unix socket, as a platform behind the gate would run."""
    path = tmp_path / "platform.sock"
    runner = web.AppRunner(demo.create_app(sign_out_url="/gatekeeper/logout"), handle_signals=False)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    yield path
    await runner.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_config(folder: Path, *, port: int, listen: int, platform: Path, database: str, redis: str) -> Path:
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

[[route]]
name = "webmail"
path = "/"
upstream = "unix:{platform}"
background = ["/mail/?_action=refresh"]
"""
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


@pytest.fixture(params=[1, 2], ids=["one-node", "two-nodes"])
async def gate(
    request: pytest.FixtureRequest, tmp_path: Path, platform: Path, database_url: str, redis_url: str, clock: Clock
) -> AsyncIterator[Gate]:
    """A gateway of one node, or of two that take turns, with the demo's accounts and a token that may do everything."""
    port = free_port()
    listening = [port] if request.param == 1 else [free_port() for _ in range(request.param)]
    async with AsyncExitStack() as stack:
        nodes = []
        for number in listening:
            path = write_config(
                tmp_path, port=port, listen=number, platform=platform, database=database_url, redis=redis_url
            )
            node = Gatekeeper(load(path, {}), clock=clock)
            await node.start()
            stack.push_async_callback(node.stop)
            nodes.append(node)
        token = await create_accounts(nodes[0].services, clock())
        if len(nodes) > 1:
            await stack.enter_async_context(in_turns(port, listening))
        yield Gate(f"http://localhost:{port}", clock, nodes, token)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        yield browser
        await browser.close()


@pytest.fixture
def person(gate: Gate, browser: Browser) -> Callable[..., Awaitable[Person]]:
    """Makes a person at a browser of their own (or, with ``context``, at a second tab); options are Playwright's."""

    async def make(*, context: BrowserContext | None = None, **options: Any) -> Person:
        context = context or await browser.new_context(**options)
        context.set_default_timeout(10_000)
        return Person(await context.new_page(), gate.base, gate.clock)

    return make
