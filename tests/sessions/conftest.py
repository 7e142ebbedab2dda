"""What the tests of the sessions share: a client, a bus that runs, and people."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from gatekeeper.domain.model import Method, OwnerFacts, Permission, Proof, Session, Strength
from gatekeeper.sessions.attempts import Attempts
from gatekeeper.sessions.bus import Bus, Message
from gatekeeper.sessions.cache import SessionCache
from gatekeeper.sessions.connection import connect
from gatekeeper.sessions.sessions import Sessions

NOW = 1_800_000_000.0

ANNA = OwnerFacts(
    user_id="6f1d1c9e-1111-4a5b-8f00-000000000001",
    username="anna@example.com",
    email="anna@example.com",
    display_name="Anna Bergström",
    groups=("staff", "press"),
    permissions=frozenset({Permission.USERS_MANAGE, Permission.AUDIT_READ}),
    password_changed_at=NOW - 5000.25,
    password_strength=Strength.MEDIUM,
    enrolled=True,
    version=3,
)


def make_session(name: str = "a" * 64, owner: OwnerFacts = ANNA, **changes: Any) -> Session:
    session = Session(
        id=name,
        owner=owner,
        created_at=NOW,
        expires_at=NOW + 43200,
        last_seen_at=NOW,
        proofs=(Proof(Method.PASSWORD, NOW - 2.5), Proof(Method.OTP, NOW)),
        csrf_secret="c" * 43,
        address="203.0.113.7",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        scope_epoch=7,
        two_factor_applies=True,
    )
    return replace(session, **changes)


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> float:
    """Wait for a condition; returns how long it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():
        assert loop.time() - began < seconds, "the condition never came"
        await asyncio.sleep(0.005)
    return loop.time() - began


@dataclass
class Node:
    """One node's view of Redis."""

    redis: Redis
    bus: Bus
    sessions: Sessions
    cache: SessionCache
    attempts: Attempts
    heard: list[Message]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def new_node() -> AsyncIterator[Callable[[str], Node]]:
    """Make nodes, each with a bus that runs."""
    tasks: list[asyncio.Task[None]] = []
    clients: list[Redis] = []

    def make(url: str, size: int = 100) -> Node:
        redis = connect(url)
        bus = Bus(redis)
        heard: list[Message] = []
        bus.subscribe(heard.append)
        sessions = Sessions(redis, bus, idle_timeout=1800)
        clients.append(redis)
        tasks.append(asyncio.create_task(bus.run()))
        return Node(redis, bus, sessions, SessionCache(sessions, bus, size=size), Attempts(redis), heard)

    yield make
    for task in tasks:
        task.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients:
        await client.aclose()


@pytest.fixture
async def node(redis_url: str, new_node: Callable[[str], Node]) -> Node:
    made = new_node(redis_url)
    await until(lambda: made.bus.trusted)
    return made


@pytest.fixture
async def other(redis_url: str, new_node: Callable[[str], Node]) -> Node:
    """A second node on the same Redis."""
    made = new_node(redis_url)
    await until(lambda: made.bus.trusted)
    return made


class OwnRedis:
    """A Redis of a test's own, to be frozen, killed and started again."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self.url = f"unix://{folder}/redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self._folder / "redis.sock"), "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [str(self._program), *options, "--save", "", "--appendonly", "yes", "--appendfsync", "always"],
            stdout=subprocess.DEVNULL,
        )

    def signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
            (self._folder / "redis.sock").unlink(missing_ok=True)


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    from gatekeeper.embedded.programs import embedded_valkey

    folder = Path(tempfile.mkdtemp(prefix="gk-redis-"))
    server = OwnRedis(embedded_valkey(), folder)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(folder)
