"""An edge in this process, on uvloop as in production, before upstreams of the tests' own making."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from gatekeeper.config import Config, Limits, Listen, RouteConfig, ServerConfig, StorageConfig, Upstream
from gatekeeper.crypto.tokens import Signer, digest
from gatekeeper.domain.addresses import authority
from gatekeeper.domain.model import Method, OwnerFacts, Policies, Proof, Session
from gatekeeper.edge.server import Edge, listen_on
from gatekeeper.manners.failures import Shown

TOKEN = "a-token-of-anna"
COOKIE = f"__Host-gatekeeper={TOKEN}"
HOST = "mail.example.com"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    return {"uvloop": uvloop.new_event_loop}


def anna(**changes: Any) -> OwnerFacts:
    facts = OwnerFacts("u1", "anna@example.com", "anna@example.com", "Anna", groups=("staff",))
    return dataclasses.replace(facts, **changes)


def session_of(token: str = TOKEN, owner: OwnerFacts | None = None, **changes: Any) -> Session:
    now = time.time()
    session = Session(
        id=digest(token),
        owner=owner or anna(password_changed_at=now),
        created_at=now,
        expires_at=now + 3600,
        last_seen_at=now,
        proofs=(Proof(Method.PASSWORD, now),),
        csrf_secret="s",
        scope_epoch=0,
    )
    return dataclasses.replace(session, **changes)


class Sessions:
    """Sessions as the edge meets them: some in this node's cache, others a read away."""

    def __init__(self) -> None:
        self.cached: dict[str, Session] = {}
        self.stored: dict[str, Session] = {}
        self.touched: list[str] = []
        self.ended: set[str] = set()
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.policies = Policies()

    def add(self, session: Session, *, cached: bool = True) -> Session:
        self.stored[session.id] = session
        if cached:
            self.cached[session.id] = session
        return session

    def get(self, id: str) -> Session | None:  # noqa: A002 - the name that the cache has
        return self.cached.get(id)

    async def read(self, session_id: str, now: float) -> Session | None:
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.stored.get(session_id)

    async def touch(self, session_id: str, now: float) -> None:
        self.touched.append(session_id)


class PlainPages:
    alone_style = "'sha256-of-nothing'"

    def error(self, shown: Shown, wishes: str) -> bytes:
        return f"<h1>{shown.title}</h1><p>{shown.text}</p>{shown.action and shown.action.href} {wishes}".encode()

    def alone(self, shown: Shown, wishes: str) -> bytes:
        return b"<style></style>" + self.error(shown, wishes)

    def frame(self, login_url: str, wishes: str) -> bytes:
        return f'<a href="{login_url}" target="_top">Sign in</a> {wishes}'.encode()

    def resend(self, login_url: str, wishes: str) -> bytes:
        return f'<a href="{login_url}" target="_blank">Sign in</a> Send again {wishes}'.encode()


class House:
    """An edge and what stands around it."""

    def __init__(self, edge: Edge, sessions: Sessions, port: int) -> None:
        self.edge = edge
        self.sessions = sessions
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def send(self, raw: bytes) -> bytes:
        """Send bytes on a connection of their own; what comes back until the end, or until nothing more comes."""
        reader, writer = await self.connect()
        writer.write(raw)
        try:
            return await read_all(reader)
        finally:
            writer.close()

    async def ask(self, raw: bytes) -> Answered:
        """Send one request; its answer, parsed."""
        reader, writer = await self.connect()
        writer.write(raw)
        try:
            return await read_answer(reader, head_only=raw.startswith(b"HEAD "))
        finally:
            writer.close()


@dataclasses.dataclass
class Answered:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    raw_head: bytes

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


async def read_all(reader: asyncio.StreamReader, quiet: float = 0.4) -> bytes:
    found = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while piece := await asyncio.wait_for(reader.read(65536), quiet):
            found += piece
    return found


async def read_answer(reader: asyncio.StreamReader, *, head_only: bool = False) -> Answered:
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].decode("latin-1").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        answered = Answered(int(first.split(" ")[1]), headers, b"", head)
        if head_only or answered.status < 200 or answered.status in (204, 304):
            return answered
        if answered.get("transfer-encoding") == "chunked":
            while size := int(await reader.readuntil(b"\r\n"), 16):
                answered.body += (await reader.readexactly(size + 2))[:-2]
            while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
                answered.headers.append(tuple(line.decode().strip().split(": ", 1)))  # type: ignore[arg-type]
        elif (length := answered.get("content-length")) is not None:
            answered.body = await reader.readexactly(int(length))
        else:
            answered.body = await reader.read()
        return answered


def request(
    target: str = "/",
    *lines: str,
    method: str = "GET",
    host: str = HOST,
    cookie: str | None = COOKIE,
    body: bytes = b"",
) -> bytes:
    headers = [f"Host: {host}", *lines]
    if cookie:
        headers.append(f"Cookie: {cookie}")
    if body:
        headers.append(f"Content-Length: {len(body)}")
    return "\r\n".join([f"{method} {target} HTTP/1.1", *headers, "", ""]).encode() + body


class Recorder:
    """An upstream that keeps what it gets and answers what it is told."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.raw = b""
        self.connections = 0
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.raw += head
                self.heads.append(head)
                body = b""
                lowered = head.lower()
                if b"transfer-encoding: chunked" in lowered:
                    while size := int(await reader.readuntil(b"\r\n"), 16):
                        body += (await reader.readexactly(size + 2))[:-2]
                    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
                        self.heads[-1] += b"TRAILER " + line
                elif b"content-length: " in lowered:
                    length = int(lowered.split(b"content-length: ")[1].split(b"\r\n")[0])
                    body = await reader.readexactly(length)
                self.bodies.append(body)
                self.raw += body
                writer.write(self.answer)
                await writer.drain()
        writer.close()

    def header(self, name: str, at: int = -1) -> list[str]:
        lines = self.heads[at].decode("latin-1").split("\r\n")[1:]
        return [value.strip() for key, _, value in (line.partition(":") for line in lines) if key.lower() == name]


@pytest.fixture
async def upstream_server() -> AsyncIterator[Callable[[Talk], Awaitable[int]]]:
    """Start an upstream of the test's own; gives its port."""
    servers = []
    tasks: set[asyncio.Task[None]] = set()

    async def start(talk: Talk) -> int:
        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await talk(reader, writer)
            tasks.discard(task)

        server = await asyncio.start_server(run, "127.0.0.1", 0, limit=1 << 20)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
    for task in list(tasks):
        task.cancel()


def config_of(*routes: RouteConfig, limits: Limits | None = None, **server: Any) -> Config:
    given = {
        "public_url": f"https://{HOST}",
        "public_host": authority(HOST),
        "scheme": "https",
        "port": 443,
        "listen": Listen("127.0.0.1", 0),
        "limits": limits or Limits(),
        **server,
    }
    from gatekeeper.config import LogConfig

    return Config(
        server=ServerConfig(**given),
        storage=StorageConfig(Path("/nonexistent")),
        routes=routes,
        log=LogConfig(requests=False),
    )


def route_to(port: int, **changes: Any) -> RouteConfig:
    return RouteConfig(**{"name": "webmail", "upstream": Upstream("http", "127.0.0.1", port), **changes})


def edge_of(
    config: Config, app: Any = None, sessions: Sessions | None = None, signer: Signer | None = None
) -> tuple[Edge, Sessions]:
    """An edge that was not started, and the sessions that it knows."""
    known = sessions or Sessions()

    async def nowhere(factory: Any) -> Any:
        raise OSError("there is no app in this test")

    edge = Edge(
        config,
        cache=known,
        reader=known,
        policies=lambda: known.policies,
        sign=lambda claims: f"signed-for-{claims['aud']}",
        pages=PlainPages(),
        app=app or nowhere,
        touch=known.touch,
        is_ended=lambda session: session.id in known.ended,
        signer=signer,
    )
    return edge, known


@pytest.fixture
async def build() -> AsyncIterator[Callable[..., Awaitable[House]]]:
    """Build an edge from a configuration."""
    edges: list[Edge] = []

    async def start(
        config: Config, app: Any = None, sessions: Sessions | None = None, signer: Signer | None = None
    ) -> House:
        edge, known = edge_of(config, app, sessions, signer)
        edges.append(edge)
        listening = listen_on(config.server.listen)
        await edge.start([listening])
        return House(edge, known, listening.getsockname()[1])

    yield start
    for edge in edges:
        await edge.close()


@pytest.fixture
async def recorder(upstream_server: Any) -> Recorder:
    recorder = Recorder()
    recorder.port = await upstream_server(recorder)
    return recorder


@pytest.fixture
async def house(build: Any, recorder: Recorder) -> House:
    """An edge with one signed-in route before a recorder, and anna signed in."""
    house = await build(config_of(route_to(recorder.port, host=HOST)))
    house.sessions.add(session_of())
    return house
