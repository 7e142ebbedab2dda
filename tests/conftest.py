"""Real engines for the tests: PostgreSQL and Valkey from the wheels, and Debian's for the suites that run on both.

``GATEKEEPER_TEST_DATABASE`` (the address of a database whose user may create databases) and ``GATEKEEPER_TEST_REDIS``
(a database that the tests may flush) name other servers than the embedded ones.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from redis.asyncio import Redis

from gatekeeper.embedded import Engines
from gatekeeper.embedded.postgres import PostgresServer
from gatekeeper.embedded.programs import PostgresPrograms
from gatekeeper.embedded.valkey import ValkeyServer
from tests.databases import Databases

T = TypeVar("T")

settings.register_profile("gatekeeper", deadline=None)  # a test never asserts a time
settings.load_profile("gatekeeper")

DEBIAN_POSTGRES = PostgresPrograms(Path("/usr/lib/postgresql/15/bin"), 15)
DEBIAN_REDIS = Path("/usr/bin/redis-server")
SUITES_ON_BOTH = ("store", "sessions")
ENGINE_FIXTURES = {"postgres_url", "database_url", "redis_url"}


@dataclass(frozen=True)
class Servers:
    """The addresses of one pair of servers, and the private databases on one of them."""

    postgres_url: str
    redis_url: str
    databases: Databases


class Keeper:
    """Starts each pair of servers when a test first asks for it, and stops them all at the end of the session.

    Everything runs in one thread and on one event loop of its own, so that neither a test's loop nor Playwright's is in
    the way, and so that the engines, which end with the thread that started them, live as long as the session.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engines")
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._servers: dict[str, Servers] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end in the keeper's thread."""
        return self._thread.submit(self._runner.run, work).result()

    def servers(self, kind: str) -> Servers:
        if kind not in self._servers:
            self._servers[kind] = self.run(self._embedded() if kind == "embedded" else self._debian())
        return self._servers[kind]

    def close(self) -> None:
        for servers in self._servers.values():
            self.run(servers.databases.close())
        self.run(self._stack.aclose())
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    async def _embedded(self) -> Servers:
        database, redis = os.environ.get("GATEKEEPER_TEST_DATABASE"), os.environ.get("GATEKEEPER_TEST_REDIS")
        if database is None or redis is None:
            engines = await self._stack.enter_async_context(Engines.start(self._folder / "embedded", durable=False))
            database, redis = database or engines.database_url, redis or engines.redis_url
        return Servers(database, redis, Databases(database))

    async def _debian(self) -> Servers:
        data = self._folder / "debian"
        sockets = data / "run"
        data.mkdir(mode=0o700)
        sockets.mkdir(mode=0o700)
        postgres = PostgresServer(DEBIAN_POSTGRES, data / "pg", sockets, data / "pg.log", durable=False)
        redis = ValkeyServer(DEBIAN_REDIS, data / "redis", sockets, data / "redis.log", durable=False)
        for server in (postgres, redis):
            await server.start()
            self._stack.push_async_callback(server.stop)
        return Servers(postgres.url(), redis.url(), Databases(postgres.url()))


async def flush(url: str) -> None:
    redis = Redis.from_url(url)
    try:
        await redis.flushdb()
    finally:
        await redis.aclose()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave browsers and gigabytes out of the measured: others prove each line, and measuring doubles what it costs."""
    for item in items:
        if item.get_closest_marker("browser") or item.get_closest_marker("slow"):
            item.add_marker("no_cover")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the store's and the sessions' suites against Debian's servers too, where those are installed."""
    folder = metafunc.definition.path.relative_to(Path(__file__).parent).parts[0]
    installed = (DEBIAN_POSTGRES.folder / "postgres").exists() and DEBIAN_REDIS.exists()
    if folder in SUITES_ON_BOTH and installed and set(metafunc.fixturenames) & ENGINE_FIXTURES:
        metafunc.parametrize("engine_kind", ["embedded", "debian"], indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine_kind(request: pytest.FixtureRequest) -> str:
    """Which pair of servers a test runs on: ``embedded`` or ``debian``."""
    return str(getattr(request, "param", "embedded"))


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    folder = Path(tempfile.mkdtemp(prefix="gatekeeper-tests-"))
    keeper = Keeper(folder)
    try:
        yield keeper
    finally:
        keeper.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(keeper: Keeper, engine_kind: str) -> str:
    """The address of an empty database on a running server; its user may create others."""
    return keeper.servers(engine_kind).postgres_url


@pytest.fixture
def database_url(keeper: Keeper, engine_kind: str) -> Iterator[str]:
    """The address of a private database with the current schema and nothing in it."""
    lent = keeper.run(keeper.servers(engine_kind).databases.lend())
    yield lent.url
    keeper.run(lent.give_back())


@pytest.fixture
def redis_url(keeper: Keeper, engine_kind: str) -> str:
    """The address of an empty Valkey or Redis."""
    url = keeper.servers(engine_kind).redis_url
    keeper.run(flush(url))
    return url
